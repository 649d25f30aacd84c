"""The end of the chapter `cifar10`: a small network that learns CIFAR-10 to 94 % in a few epochs on a GPU.

Its ideas, each of which can be left out to see what it buys, are those of today's records (Page, "How to train your
ResNet"; Jordan, "94% on CIFAR-10 in 3.29 seconds", arXiv 2404.00498): a first layer that whitens patches, GELU, groups
of two convolutions with pooling between, convolutions that begin with the identity, logits that begin small.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.models.batch_norm import Norm
from fastai_tui.engine.models.cifar10 import CHANNELS, CLASSES

PATCH = 2  # pixels across
WIDTHS = (64, 256, 256)
SCALE = 1 / 9
TORCH_BEFORE = Norm("before", "torch")
ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU}
EPS = 5e-4  # added to the variances along the main axes, so that directions of noise are not blown up


class Group(nn.Module):
    """Two convolutions, each with its norm and its activation; the grid halves between the first and its norm. With
    `skip` the second adds to the first's."""

    def __init__(self, ni: int, nf: int, norm: Norm, activation: type[nn.Module], *, skip: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(n, nf, 3, padding=1, bias=not norm) for n in (ni, nf))
        self.pool, self.norm1, self.norm2 = nn.MaxPool2d(2), norm.layer(nf), norm.layer(nf)
        self.activation1, self.activation2, self.skip = activation(), activation(), skip

    def forward(self, x: Tensor) -> Tensor:
        """(batch, ni, n, n) → (batch, nf, n/2, n/2)."""
        first = self.activation1(self.norm1(self.pool(self.conv1(x))))
        second = self.activation2(self.norm2(self.conv2(first)))
        return first + second if self.skip else second


class FastNet(nn.Module):
    """A first layer of 2×2 patches, three groups, the maximum over the grid, and a scaled linear layer: 31, 15, 7, 3
    pixels across.

    `identity` lets every convolution begin by handing on as many channels as it is given, unchanged.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        classes: int = CLASSES,
        channels: int = CHANNELS,
        norm: Norm = TORCH_BEFORE,
        *,
        activation: str = "gelu",
        scale: float = SCALE,
        skip: bool = False,
        identity: bool = True,
    ) -> None:
        super().__init__()
        act, patch = ACTIVATIONS[activation], 2 * channels * PATCH**2
        self.first = nn.Sequential(nn.Conv2d(channels, patch, PATCH), act())
        self.layers = nn.ModuleList(Group(ni, nf, norm, act, skip=skip) for ni, nf in pairwise((patch, *widths)))
        self.out, self.scale = nn.Linear(widths[-1], classes, bias=False), scale
        if identity:
            for group in self.layers:
                _begin_with_identity(group)

    def forward(self, xb: Tensor) -> Tensor:
        """Group by group."""
        x = self.first(xb)
        for group in self.layers:
            x = group(x)
        return self.scale * self.out(F.adaptive_max_pool2d(x, 1).flatten(1))

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Have the first layer whiten the patches of normalised `images` (n, channels, height, width), for good: its
        kernels are the patches' main axes and their negatives, each divided by the deviation along it, so that its
        outputs are uncorrelated and equally large. Only its bias still learns."""
        conv = self.first[0]
        assert isinstance(conv, nn.Conv2d)
        kernels = whitening(images).to(conv.weight)
        conv.weight.copy_(torch.cat([kernels, -kernels]))
        conv.weight.requires_grad_(False)


def whitening(images: Tensor, eps: float = EPS) -> Tensor:
    """The main axes of the patches of `images`, (c·PATCH², c, PATCH, PATCH), the largest variance first, each divided
    by √(its variance + `eps`)."""
    patches = F.unfold(images.cpu(), PATCH).transpose(1, 2).flatten(0, 1).double()
    variances, axes = np.linalg.eigh(torch.cov(patches.T).numpy())
    kernels = axes / np.sqrt(np.maximum(variances, 0) + eps)  # an axis a column
    return torch.from_numpy(kernels.T[::-1].copy()).view(-1, images.shape[1], PATCH, PATCH)


@torch.no_grad()
def _begin_with_identity(group: nn.Module) -> None:
    for module in group.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.dirac_(module.weight[: module.in_channels])
