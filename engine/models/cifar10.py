"""The ladder of the chapter `cifar10`: seven networks for small colour images, each the one before with one idea more,
and one that cannot learn.

Each takes (batch, channels, height, width) and gives (batch, classes). Those that convolve take images of any size.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.models.batch_norm import Norm

CHANNELS, CLASSES, PIXELS = 3, 10, 32 * 32
BY_HAND = Norm()


class UnlistedNet(nn.Module):
    """A plain list of linear layers. A module knows only of modules: it finds no weights here, and none can be
    trained."""

    def __init__(self, sizes: Sequence[int] = (CHANNELS * PIXELS, 40, CLASSES)) -> None:
        super().__init__()
        self.layers = [nn.Linear(ni, no) for ni, no in pairwise(sizes)]

    def forward(self, xb: Tensor) -> Tensor:
        """Every pixel is a number of its own; where it lies does not matter."""
        x = xb.flatten(1)
        for layer in self.layers:
            logits = layer(x)
            x = F.relu(logits)
        return logits


class LinearNet(nn.Module):
    """A list of linear layers. It must be a `ModuleList`: the weights of a plain list are not found."""

    def __init__(self, sizes: Sequence[int] = (CHANNELS * PIXELS, 40, CLASSES)) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(ni, no) for ni, no in pairwise(sizes))

    def forward(self, xb: Tensor) -> Tensor:
        """Every pixel is a number of its own; where it lies does not matter."""
        x = xb.flatten(1)
        for layer in self.layers:
            logits = layer(x)
            x = F.relu(logits)
        return logits


class ConvNet(nn.Module):
    """Convolutions of stride 2: 15, 7, 3 pixels across. Pooling is told its output's size, so any input will do."""

    def __init__(self, widths: Sequence[int] = (CHANNELS, 20, 40, 80), classes: int = CLASSES) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(ni, nf, kernel_size=3, stride=2) for ni, nf in pairwise(widths))
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.out = nn.Linear(widths[-1], classes)

    def forward(self, xb: Tensor) -> Tensor:
        """The grid shrinks as its channels grow."""
        x = xb
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.out(self.pool(x).flatten(1))


class ConvLayer(nn.Module):
    """A layer of one's own is a module like any network. With padding no pixel is lost: 16, 8, 4 across."""

    def __init__(self, ni: int, nf: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(ni, nf, kernel_size=3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """The layer's own ReLU belongs to it."""
        return F.relu(self.conv(x))


class LayerNet(nn.Module):
    """The same of such layers. What has no weights can be a function instead of a module, as the pooling is here."""

    def __init__(self, widths: Sequence[int] = (CHANNELS, 20, 40, 80), classes: int = CLASSES) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ConvLayer(ni, nf) for ni, nf in pairwise(widths))
        self.out = nn.Linear(widths[-1], classes)

    def forward(self, xb: Tensor) -> Tensor:
        """Layer by layer."""
        x = xb
        for layer in self.layers:
            x = layer(x)
        return self.out(F.adaptive_max_pool2d(x, 1).flatten(1))


class NormLayer(nn.Module):
    """Convolution, ReLU, norm. The norm's adder takes the place of the convolution's bias."""

    def __init__(self, ni: int, nf: int, stride: int = 2, ks: int = 3, padding: int = 1, norm: Norm = BY_HAND) -> None:
        super().__init__()
        self.conv = nn.Conv2d(ni, nf, ks, stride, padding, bias=not norm)
        self.norm, self.order = norm.layer(nf), norm.order

    def forward(self, x: Tensor) -> Tensor:
        """In the order that is asked for."""
        x = self.conv(x)
        return F.relu(self.norm(x)) if self.order == "before" else self.norm(F.relu(x))


class NormNet(nn.Module):
    """Batch norm, four layers, and before them a richer start: 5×5 and stride 1."""

    def __init__(
        self,
        widths: Sequence[int] = (10, 20, 40, 80, 160),
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = BY_HAND,
    ) -> None:
        super().__init__()
        self.first: nn.Module = nn.Conv2d(channels, widths[0], kernel_size=5, padding=2)
        self.layers = nn.ModuleList(NormLayer(ni, nf, norm=norm) for ni, nf in pairwise(widths))
        self.out: nn.Module = nn.Linear(widths[-1], classes)

    def forward(self, xb: Tensor) -> Tensor:
        """Layer by layer."""
        x = self.first(xb)
        for layer in self.layers:
            x = layer(x)
        return self.out(F.adaptive_max_pool2d(x, 1).flatten(1))


class DeepNet(NormNet):
    """Twice as deep: after every layer of stride 2 another one of stride 1, which keeps the grid (`depth` − 1 of
    them)."""

    def __init__(
        self,
        widths: Sequence[int] = (10, 20, 40, 80, 160),
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = BY_HAND,
        depth: int = 2,
    ) -> None:
        super().__init__(widths, classes, channels, norm)
        self.layers = nn.ModuleList(
            nn.Sequential(NormLayer(ni, nf, norm=norm), *(self.between(nf, norm) for _ in range(depth - 1)))
            for ni, nf in pairwise(widths)
        )

    def between(self, nf: int, norm: Norm) -> nn.Module:
        """A layer that keeps its input's shape."""
        return NormLayer(nf, nf, stride=1, norm=norm)


class SkipLayer(NormLayer):
    """x + f(x): the layer learns what is still missing, the residual, and the rest passes by."""

    def forward(self, x: Tensor) -> Tensor:
        """Input and output must have the same shape."""
        return x + super().forward(x)


class SkipNet(DeepNet):
    """Three times as deep, with skips: only the layers of stride 2, which change the shape, have none."""

    def __init__(
        self,
        widths: Sequence[int] = (10, 20, 40, 80, 160),
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = BY_HAND,
        depth: int = 3,
    ) -> None:
        super().__init__(widths, classes, channels, norm, depth)

    def between(self, nf: int, norm: Norm) -> nn.Module:
        """A layer that adds to its input."""
        return SkipLayer(nf, nf, stride=1, norm=norm)


class WideNet(SkipNet):
    """Wider, with 7×7 for a start (28 pixels of 32 are left by padding 1), and dropout before the last layer."""

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 64, 128, 256),
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = BY_HAND,
        depth: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(widths, classes, channels, norm, depth)
        self.first = NormLayer(channels, widths[0], stride=1, ks=7, norm=norm)
        self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(widths[-1], classes))
