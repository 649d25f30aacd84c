"""Batch norm by hand: every channel is brought to mean 0 and deviation 1, then scaled and shifted as is learnt.

Normalising alone would be undone by the next step of the layers before it; a multiplier and an adder for every channel
give that freedom back cheaply. Three ways to say what a channel's mean and variance are, the simplest first; source:
Ioffe & Szegedy (arXiv 1502.03167).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

EPS, MOMENTUM = 1e-5, 0.1  # torch's


class BatchNormByHand(nn.Module):
    """Normalises by the batch at hand, always: in evaluation, too, an image's answer depends on its neighbours'."""

    def __init__(self, channels: int, eps: float = EPS) -> None:
        super().__init__()
        self.eps = eps  # what a channel without any contrast is divided by
        self.mult = nn.Parameter(torch.ones(channels))
        self.add = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) → the same, in float32."""
        x = x.float()
        mean, var = self.statistics(x)
        scale = self.mult / (var + self.eps).sqrt()
        return x * _grid(scale) + _grid(self.add - mean * scale)  # (x − mean) · scale + add, with half the passes

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Each channel's mean and variance (divided by n), over the images and their pixels."""
        var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        return mean, var


class LastBatchNorm(BatchNormByHand):
    """The lesson's simple form: evaluation normalises by what the last batch of training happened to have."""

    def __init__(self, channels: int, eps: float = EPS) -> None:
        super().__init__(channels, eps)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The batch's in training, the kept ones in evaluation."""
        if not self.training:
            return self.mean, self.var
        mean, var = super().statistics(x)
        self.keep(mean.detach(), var.detach(), x.numel() // x.shape[1])
        return mean, var

    def keep(self, mean: Tensor, var: Tensor, count: int) -> None:
        """Keep what a batch of so many numbers a channel had."""
        self.mean, self.var = mean, var


class RunningBatchNorm(LastBatchNorm):
    """The exercise: evaluation normalises by running averages over training, as `nn.BatchNorm2d` does."""

    def keep(self, mean: Tensor, var: Tensor, count: int) -> None:
        """Move the averages a tenth of the way, to the variance that has n − 1 in its divisor."""
        self.mean.lerp_(mean, MOMENTUM)
        self.var.lerp_(var * (count / max(count - 1, 1)), MOMENTUM)


def _grid(numbers: Tensor) -> Tensor:
    return numbers[:, None, None]


KINDS: dict[str, Callable[[int], nn.Module]] = {
    "running": RunningBatchNorm,
    "last": LastBatchNorm,
    "batch": BatchNormByHand,
    "torch": nn.BatchNorm2d,
}
ORDERS = ("after", "before", "none")


@dataclass(frozen=True)
class Norm:
    """Where in a layer the norm stands (`after` its ReLU, as the course has it, `before` it, or `none`), and whose
    `statistics` it takes: a name of `KINDS`, `torch` for `nn.BatchNorm2d` itself, which is the fastest."""

    order: str = "after"
    statistics: str = "running"

    def __bool__(self) -> bool:
        return self.order != "none"

    def layer(self, channels: int) -> nn.Module:
        """A norm for so many channels, or what does nothing."""
        return KINDS[self.statistics](channels) if self else nn.Identity()
