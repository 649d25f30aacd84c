"""What answers cost by log-loss, minus the logarithm of the probability that the truth was given: plain, no torch."""

from collections.abc import Sequence
from math import inf, log

import msgspec

OTHERS, SURE = 9, 0.9  # answers beside the tenth, and the probability that each gives its truth
DOGS = 0.7  # the share of dogs among photos that nobody looks at
COOLEST, HOTTEST = 0.1, 10.0  # temperatures
STEPS = 40  # temperatures of a curve lie so many steps apart, evenly in their logarithm; 1 is in the middle
TEMPERATURES = tuple(COOLEST * (HOTTEST / COOLEST) ** (i / STEPS) for i in range(STEPS + 1))


class Heated(msgspec.Struct, frozen=True):
    """A run's validation photos, their logits divided by `temperature`: the mean `loss` in nats, the `accuracy`, and
    how `sure` it is, the largest probability's mean. `losses` are those at `TEMPERATURES`, `best` is the temperature
    with the lowest, `best_loss`."""

    run: str
    data: str
    photos: int
    temperature: float
    loss: float
    accuracy: float
    sure: float
    losses: list[float]
    best: float
    best_loss: float


def cost(probability: float) -> float:
    """The log-loss of one answer, in nats: without end where the truth was held to be impossible."""
    return -log(probability) if probability > 0 else inf


def ten(probability: float) -> list[float]:
    """What each of ten answers costs: nine good ones, and one that gives its truth that probability."""
    return [cost(SURE)] * OTHERS + [cost(probability)]


def right(probability: float) -> float:
    """The share of the ten that are right: of two classes, the one with at least a half is answered."""
    return (OTHERS + (probability >= 0.5)) / (OTHERS + 1)


def mean(costs: Sequence[float]) -> float:
    """The log-loss of several answers."""
    return sum(costs) / len(costs)


def constant(probability: float, share: float = DOGS) -> float:
    """The mean log-loss of saying of every photo that it is a dog with that probability, where a `share` of them is."""
    return share * cost(probability) + (1 - share) * cost(1 - probability)


def entropy(share: float = DOGS) -> float:
    """The lowest that can be: it is reached by saying that share."""
    return constant(share, share)
