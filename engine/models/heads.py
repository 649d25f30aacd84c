"""New heads for old trunks: what makes of a trunk's last maps what the new classes need, and the network of both.

What a head computes first has nothing to learn, the pooling: `pooled` does that much, and can be kept for each photo;
`answer` does the rest. Both together are what the head does.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models.backbones import Trunk

HEADS = ("concat", "linear", "cam")


class Head(nn.Module):
    """From maps (batch, channels, height, width) to classes (batch, classes)."""

    def pooled(self, maps: Tensor) -> Tensor:
        """All that the head needs of the maps, (batch, features)."""
        raise NotImplementedError

    def answer(self, pooled: Tensor) -> Tensor:
        """The rest."""
        raise NotImplementedError

    def forward(self, maps: Tensor) -> Tensor:
        """All of it."""
        return self.answer(self.pooled(maps))


class LinearHead(Head):
    """The average of each map, and one linear layer: how ResNets end."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.out = _linear(channels, classes)

    def pooled(self, maps: Tensor) -> Tensor:
        """(batch, channels)."""
        return self.pool(maps)

    def answer(self, pooled: Tensor) -> Tensor:
        """Logits."""
        return self.out(pooled)


class ConcatPool(nn.Module):
    """The average of each map and the largest of each, side by side: (batch, 2 · channels)."""

    def __init__(self) -> None:
        super().__init__()
        self.average, self.largest = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)

    def forward(self, maps: Tensor) -> Tensor:
        """The averages first."""
        return torch.cat([self.average(maps), self.largest(maps)], 1).flatten(1)


class ConcatHead(Head):
    """fast.ai's usual head: both poolings, then norm, dropout and a linear layer, with a ReLU between the two of these
    threes. The first leaves half as much out as the last. Without `hidden` units there is one such three."""

    def __init__(self, channels: int, classes: int, dropout: float = 0.5, hidden: int = 512) -> None:
        super().__init__()
        self.pool = ConcatPool()
        first = [*_three(2 * channels, hidden, dropout / 2), nn.ReLU(inplace=True)] if hidden else []
        self.layers = nn.Sequential(*first, *_three(hidden or 2 * channels, classes, dropout))

    def pooled(self, maps: Tensor) -> Tensor:
        """(batch, 2 · channels)."""
        return self.pool(maps)

    def answer(self, pooled: Tensor) -> Tensor:
        """Logits."""
        return self.layers(pooled)


class CamHead(Head):
    """A convolution that makes a map of each class, their averages, and log-softmax (Zhou et al., arXiv 1512.04150).
    The averages are the scores, so a map's places say how much each of them adds.

    The outputs are logarithms of probabilities. Cross-entropy of them is the negative log likelihood, for log-softmax
    leaves them as they are.
    """

    def __init__(self, channels: int, classes: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, classes, kernel, padding=kernel // 2)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.log = nn.LogSoftmax(1)

    def forward(self, maps: Tensor) -> Tensor:
        """The maps of the classes are what `conv` makes, (batch, classes, height, width)."""
        return self.log(self.pool(self.conv(maps)))

    def pooled(self, maps: Tensor) -> Tensor:
        """(batch, channels · kernel²): for each of the kernel's cells the average of what it is multiplied by. A
        convolution's average is the same products of averages."""
        side, (height, width) = self.conv.kernel_size[0], maps.shape[2:]
        around = F.pad(maps, [side // 2] * 4)
        means = [around[:, :, i : i + height, j : j + width].mean((2, 3)) for i in range(side) for j in range(side)]
        return torch.stack(means, 2).flatten(1)

    def answer(self, pooled: Tensor) -> Tensor:
        """Log-probabilities."""
        return self.log(F.linear(pooled, self.conv.weight.flatten(1), self.conv.bias))


class Pretrained(nn.Module):
    """A trunk with a new head. `parts` are its layer groups: early layers, late ones, and the head."""

    def __init__(self, trunk: Trunk, head: Head) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head

    @property
    def parts(self) -> list[nn.Module]:
        """The layer groups, the earliest first."""
        return [*self.trunk.parts, self.head]

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, 3, height, width), normalised by ImageNet's mean and deviation → (batch, classes)."""
        return self.head(self.trunk(xb))


def head(kind: str, channels: int, classes: int, *, dropout: float = 0.5, hidden: int = 512, kernel: int = 3) -> Head:
    """A head of a kind in `HEADS`, on so many channels; `dropout` and `hidden` are for concat, `kernel` for cam. Raises
    `BadInput`."""
    if kind == "concat":
        return ConcatHead(channels, classes, dropout, hidden)
    if kind == "linear":
        return LinearHead(channels, classes)
    if kind != "cam":
        raise BadInput(f"There is no head called {kind!r}; there are {', '.join(HEADS)}.")
    if kernel % 2 == 0 or kernel < 1:
        raise BadInput(f"A kernel of {kernel}×{kernel} has no middle: give cam an odd one, 3 as in the lesson.")
    return CamHead(channels, classes, kernel)


def _three(ni: int, nf: int, dropout: float) -> list[nn.Module]:
    return [nn.BatchNorm1d(ni), nn.Dropout(dropout), _linear(ni, nf)]


def _linear(ni: int, nf: int) -> nn.Linear:
    """A linear layer that begins as fast.ai's do (He et al., arXiv 1502.01852)."""
    made = nn.Linear(ni, nf)
    nn.init.kaiming_normal_(made.weight)
    nn.init.zeros_(made.bias)
    return made
