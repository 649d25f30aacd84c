"""Weight decay on two weights: one that the data want large, one that they do not care about. Plain Python.

Coupled: wd·w is added to the gradient (`torch.optim.Adam`), so that Adam divides it by the gradient's size, too.
Decoupled: the weight itself is multiplied by 1 − rate·wd (`torch.optim.AdamW`, arXiv 1711.05101).
"""

from math import sqrt
from typing import Literal, NamedTuple

Opt = Literal["sgd", "adam"]
Mode = Literal["coupled", "decoupled"]
MOMENTUM, SQUARE_MOMENTUM, EPS = 0.9, 0.99, 1e-5  # Adam's, as fastai has them

WANTED = 3.0  # what the data want the first weight to be
PULLS = (2.0, 0.1)  # how far two batches, which take turns, pull each weight to either side
START = (0.5, 2.5)


class Weight(NamedTuple):
    """A weight with Adam's memory of its gradients (their average, and their squares' average) and of its steps."""

    value: float
    mean: float = 0.0
    square: float = 0.0
    steps: int = 0


def gradients(large: float, small: float, batch: int) -> tuple[float, float]:
    """A batch's gradient of ½·(large − 3)², which a batch sees 2 to one side; of `small` the loss does not depend."""
    side = 1 if batch % 2 else -1
    return large - WANTED + side * PULLS[0], side * PULLS[1]


def loss(large: float) -> float:
    """What the data say of a first weight, whatever the second: over both batches, without what decay adds."""
    return (large - WANTED) ** 2 / 2


def step(weight: Weight, gradient: float, rate: float, wd: float, opt: Opt, mode: Mode) -> Weight:
    """One step of one weight."""
    value = weight.value
    if mode == "coupled":
        gradient += wd * value  # as if it were a part of the loss, ½·wd·w²
    else:
        value -= rate * wd * value  # apart from the gradient
    if opt == "sgd":
        return Weight(value - rate * gradient, steps=weight.steps + 1)
    mean = MOMENTUM * weight.mean + (1 - MOMENTUM) * gradient
    square = SQUARE_MOMENTUM * weight.square + (1 - SQUARE_MOMENTUM) * gradient**2
    steps = weight.steps + 1
    move = mean / (1 - MOMENTUM**steps) / (size(square, steps) + EPS)
    return Weight(value - rate * move, mean, square, steps)


def size(square: float, steps: int) -> float:
    """How large the gradients have been, by which Adam divides: the root of their squares' average."""
    return sqrt(square / (1 - SQUARE_MOMENTUM**steps)) if steps else 0.0


def path(steps: int, rate: float, wd: float, opt: Opt, mode: Mode) -> list[tuple[Weight, Weight]]:
    """Both weights at the start and after each of so many batches."""
    large, small = Weight(START[0]), Weight(START[1])
    found = [(large, small)]
    for batch in range(steps):
        first, second = gradients(large.value, small.value, batch)
        large, small = step(large, first, rate, wd, opt, mode), step(small, second, rate, wd, opt, mode)
        found.append((large, small))
    return found
