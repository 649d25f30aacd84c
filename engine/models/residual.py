"""The full residual block, with two convolutions, in its two orders (chapter `cifar10`): networks for colour images.

Sources: He et al., "Deep residual learning" (arXiv 1512.03385) and "Identity mappings" (arXiv 1603.05027).
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.models.batch_norm import Norm
from fastai_tui.engine.models.cifar10 import CHANNELS, CLASSES

WIDTHS = (16, 32, 64, 128)
BEFORE = Norm("before")


def conv3(ni: int, nf: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    """A 3×3 convolution that keeps the grid, or halves it."""
    return nn.Conv2d(ni, nf, 3, stride, padding=1, bias=bias)


class Block(nn.Module):
    """Convolution, norm, ReLU, convolution, norm, and what came in; then ReLU. Where the shape changes, what came in
    passes a 1×1 convolution."""

    def __init__(self, ni: int, nf: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv3(ni, nf, stride, bias=not norm), conv3(nf, nf, bias=not norm)
        self.norm1, self.norm2 = norm.layer(nf), norm.layer(nf)
        self.short = nn.Identity() if ni == nf and stride == 1 else nn.Conv2d(ni, nf, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The sum is cut off at zero: nothing passes all blocks unchanged."""
        residual = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.short(x) + self.norm2(self.conv2(residual)))


class PreactBlock(Block):
    """Norm and ReLU before each convolution: what passes by is only ever added to."""

    def __init__(self, ni: int, nf: int, stride: int, norm: Norm) -> None:
        super().__init__(ni, nf, stride, norm)
        self.norm1 = norm.layer(ni)

    def forward(self, x: Tensor) -> Tensor:
        """The sum goes on as it is."""
        ready = F.relu(self.norm1(x))
        residual = F.relu(self.norm2(self.conv1(ready)))
        return self.short(x) + self.conv2(residual)


class ResNet(nn.Module):
    """Groups of `depth` blocks; the first of each group but one has stride 2: 32, 16, 8, 4 pixels across."""

    block: type[Block] = Block

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = BEFORE,
        depth: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.first = nn.Sequential(conv3(channels, widths[0], bias=not norm), norm.layer(widths[0]), nn.ReLU())
        self.layers = nn.ModuleList(
            self.block(nf if i else ni, nf, stride if i == 0 else 1, norm)
            for (ni, nf), stride in zip(pairwise((widths[0], *widths)), (1, *[2] * (len(widths) - 1)), strict=True)
            for i in range(depth)
        )
        self.last: nn.Module = nn.Identity()
        self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(widths[-1], classes))

    def forward(self, xb: Tensor) -> Tensor:
        """Block by block, then the mean of what is left of the grid."""
        x = self.first(xb)
        for block in self.layers:
            x = block(x)
        return self.out(F.adaptive_avg_pool2d(self.last(x), 1).flatten(1))


class PreactResNet(ResNet):
    """The same of pre-activation blocks, with a norm and a ReLU at the end, which no block gives any more."""

    block = PreactBlock

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = BEFORE,
        depth: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(widths, classes, channels, norm, depth, dropout)
        self.first = nn.Sequential(conv3(channels, widths[0]))
        self.last = nn.Sequential(norm.layer(widths[-1]), nn.ReLU())
