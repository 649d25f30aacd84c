"""The arithmetic of batch norm for one channel: its four stages, and its running averages. Pure, without torch.

Source: Ioffe & Szegedy (arXiv 1502.03167); the averages move as PyTorch's `BatchNorm2d` moves them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

STAGES = 4  # raw, minus the mean, divided by the deviation, times gamma plus beta
NEAR = 0.1  # of the raw deviation: what counts as given back


@dataclass(frozen=True)
class Moments:
    """A batch's mean and variance (biased: divided by `count`) of one channel, or a running average of them."""

    mean: float
    variance: float
    count: int = 0

    @property
    def deviation(self) -> float:
        """The root of the variance."""
        return math.sqrt(max(self.variance, 0.0))

    @property
    def unbiased(self) -> float:
        """The variance with one number less in the divisor, which running averages take."""
        return self.variance * self.count / (self.count - 1) if self.count > 1 else self.variance

    def shifted(self, by: float) -> Moments:
        """Of the same numbers with `by` added to each."""
        return replace(self, mean=self.mean + by)


@dataclass(frozen=True)
class Norm:
    """What a batch norm layer does to one channel: (x − mean) / √(variance + eps) · gamma + beta."""

    mean: float
    variance: float
    eps: float = 1e-5
    gamma: float = 1.0
    beta: float = 0.0

    @property
    def divisor(self) -> float:
        """√(variance + eps)."""
        return math.sqrt(max(self.variance, 0.0) + self.eps)

    def stages(self, x: float) -> tuple[float, float, float, float]:
        """A number at each stage."""
        centred = x - self.mean
        divided = centred / self.divisor
        return x, centred, divided, divided * self.gamma + self.beta

    def moments(self, of: Moments) -> tuple[Moments, ...]:
        """The mean and the variance at each stage, of numbers that begin with these."""
        means = self.stages(of.mean)
        scales = (1.0, 1.0, 1 / self.divisor, self.gamma / self.divisor)
        return tuple(Moments(mean, of.variance * s * s, of.count) for mean, s in zip(means, scales, strict=True))


def running(start: Moments, fed: Sequence[Moments], momentum: float) -> list[Moments]:
    """The running averages before the first batch that is fed, and after each."""
    found = [start]
    for batch in fed:
        mean = (1 - momentum) * found[-1].mean + momentum * batch.mean
        variance = (1 - momentum) * found[-1].variance + momentum * batch.unbiased
        found.append(Moments(mean, variance))
    return found


@dataclass(frozen=True)
class Channel:
    """All that is known of one channel of a batch: some of its numbers with their image, row and column, the histogram
    between `low` and `high`, and what its norm layer holds."""

    number: int
    channels: int
    layer: str
    norm: str
    shape: tuple[int, ...]
    batch: Moments
    numbers: tuple[float, ...]
    where: tuple[tuple[int, ...], ...]
    low: float
    high: float
    histogram: tuple[int, ...]
    gamma: float
    beta: float
    running: Moments

    def shifted(self, by: float) -> Channel:
        """The same with `by` added to every number, as if the layers before had changed."""
        numbers = tuple(x + by for x in self.numbers)
        return replace(
            self, numbers=numbers, low=self.low + by, high=self.high + by, batch=self.batch.shifted(by)
        )  # fmt: skip


def channel(answer: dict[str, Any], number: int) -> Channel:
    """Channel `number` (from 1) of the last batch in the lab's answer."""
    i, about = number - 1, answer["layers"][answer["layer"] - 1]
    return Channel(
        number=number,
        channels=len(answer["numbers"]),
        layer=about["name"],
        norm=about["norm"],
        shape=tuple(about["shape"]),
        batch=Moments(answer["means"][-1][i], answer["variances"][-1][i], answer["counts"][-1]),
        numbers=tuple(answer["numbers"][i]),
        where=tuple(tuple(place) for place in answer["where"][i]),
        low=answer["low"][i],
        high=answer["high"][i],
        histogram=tuple(answer["histogram"][i]),
        gamma=answer["gamma"][i],
        beta=answer["beta"][i],
        running=Moments(answer["running_mean"][i], answer["running_var"][i]),
    )


def undone(raw: Moments, out: Moments) -> bool:
    """Have gamma and beta given the raw numbers back, nearly?"""
    near = NEAR * raw.deviation
    return abs(out.mean - raw.mean) <= near and abs(out.deviation - raw.deviation) <= near
