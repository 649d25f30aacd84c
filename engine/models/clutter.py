"""The network of `digit-clutter`: five convolutions, the last of which makes a map for each class (chapter `cam`)."""

from torch import Tensor, nn

from fastai_tui.engine.models.heads import CamHead

WIDTHS = (16, 32, 64, 64)
STRIDES = (2, 2, 2, 1)  # a grid of 8×8 is left of a canvas of 64×64
SMALLEST = 16  # pixels across, of which a grid of 2×2 is left


class ClutterNet(nn.Module):
    """Four convolutions with batch norm, and a head that has a map for each class and averages it.

    `parts` are its layer groups: the first convolution, those between, and the head.
    """

    def __init__(self, classes: int = 10, channels: int = 1) -> None:
        super().__init__()
        layers = []
        for number, (width, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
            layers.append(_layer(channels, width, stride, 3 if number else 5))
            channels = width
        self.trunk = nn.Sequential(*layers)
        self.head = CamHead(channels, classes)
        self.parts: list[nn.Module] = [self.trunk[0], self.trunk[1:], self.head]

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, 1, 64, 64) → the logarithms of the classes' probabilities (batch, classes)."""
        found: Tensor = self.head(self.trunk(xb))
        return found

    def maps(self, xb: Tensor) -> Tensor:
        """A map for each class, (batch, classes, 8, 8), whose averages are the scores."""
        found: Tensor = self.head.conv(self.trunk(xb))
        return found


def _layer(ni: int, nf: int, stride: int, ks: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(ni, nf, ks, stride, ks // 2, bias=False), nn.BatchNorm2d(nf), nn.ReLU(inplace=True))
