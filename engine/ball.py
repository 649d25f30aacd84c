"""Momentum: a ball on a curve, which keeps some of its velocity at every step. Plain Python.

The convention is PyTorch's (`torch.optim.SGD`) and our own (`engine/optim.py`): the velocity gathers slopes, and the
rate comes in only where the ball moves.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import NamedTuple

from fastai_tui.engine.descent import Curve, bottoms


class Ball(NamedTuple):
    """Where it is, its velocity (which points uphill, as slopes do), and the slope that it was told last."""

    place: float
    velocity: float = 0.0
    slope: float = 0.0


def roll(curve: Curve, ball: Ball, rate: float, momentum: float, noise: float = 0.0) -> Ball:
    """One step of gradient descent with momentum; `noise` is what this batch's slope is off by."""
    slope = curve.slope(ball.place) + noise
    velocity = momentum * ball.velocity + slope
    return Ball(ball.place - rate * velocity, velocity, slope)


def average(velocity: float, momentum: float) -> float:
    """The velocity as what it is of the slopes: their average, each counting `momentum` times as much as the next."""
    return velocity * (1 - momentum)


def noise(size: float, step: int, seed: int = 0) -> float:
    """What the slope is off by at a step: normally distributed, `size` its deviation, the same whenever it is asked."""
    return size * Random(f"{seed}/{step}").gauss(0, 1) if size else 0.0


@lru_cache(maxsize=4)
def crest(curve: Curve) -> float:
    """The top of the hump between the first dip and the next."""
    first, second = bottoms(curve)[:2]
    return max((first + (second - first) * i / 1000 for i in range(1001)), key=curve.loss)


def overshoots(curve: Curve, places: Sequence[float]) -> int:
    """How often the ball has run past the bottom of a dip."""
    return sum((then - bottom) * (now - bottom) < 0 for bottom in bottoms(curve) for then, now in pairwise(places))


def settled(curve: Curve, places: Sequence[float]) -> float | None:
    """The bottom that the ball has kept to for a while, if it has."""
    lately = places[-STILL:]
    near = (bottom for bottom in bottoms(curve) if all(abs(place - bottom) < CLOSE for place in lately))
    return next(near, None) if len(lately) == STILL else None


STILL, CLOSE = 20, 0.2  # for so many steps no further from a bottom than a third of the narrower dip
