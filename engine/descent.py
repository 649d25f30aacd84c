"""Gradient descent on a curve: from where one stands, a step against the slope. Plain Python.

The curves are parabolas with dips pressed into them, so that loss, slope and curvature are known in closed form.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp


@dataclass(frozen=True)
class Dip:
    """A hollow: `depth`·exp(−((w − place) / width)²) taken away from a curve."""

    place: float
    depth: float
    width: float


@dataclass(frozen=True)
class Curve:
    """The loss of one weight w: steepness·w² + base − its dips. Weights of `low` … `high` and losses up to `top` are in
    sight."""

    name: str
    steepness: float
    dips: tuple[Dip, ...] = ()
    base: float = 0.0
    low: float = -2.5
    high: float = 2.5
    top: float = 6.25
    start: float = -2.0

    def loss(self, w: float) -> float:
        """How bad the weight is."""
        return self.steepness * w * w + self.base - sum(hollow for _, _, hollow in self._hollows(w))

    def slope(self, w: float) -> float:
        """The loss's derivative."""
        return 2 * self.steepness * w + sum(2 * x / dip.width * hollow for dip, x, hollow in self._hollows(w))

    def curvature(self, w: float) -> float:
        """The slope's derivative: how quickly it gets steeper."""
        return 2 * self.steepness + sum((2 - 4 * x * x) / dip.width**2 * hollow for dip, x, hollow in self._hollows(w))

    def _hollows(self, w: float) -> Iterator[tuple[Dip, float, float]]:
        for dip in self.dips:
            x = (w - dip.place) / dip.width
            yield dip, x, dip.depth * exp(-x * x)

    def holds(self, w: float) -> bool:
        """Is w in sight?"""
        return self.low <= w <= self.high


def step(curve: Curve, w: float, rate: float) -> float:
    """One step of gradient descent: against the slope, and the further the steeper it is."""
    return w - rate * curve.slope(w)


def arrived(curve: Curve, w: float, rate: float) -> bool:
    """Does w lie at the bottom of a dip and stay there, as far as an eye can see?"""
    near = any(abs(w - bottom) < NEAR for bottom in bottoms(curve))
    return near and abs(step(curve, w, rate) - w) < NEAR


def bound(curve: Curve, w: float) -> float:
    """The rate from which on the steps leave a minimum w instead of coming nearer: 2 / curvature.

    Near w the slope is curvature·(distance), so that a step multiplies the distance by 1 − rate·curvature.
    """
    return 2 / curve.curvature(w)


NEAR = 0.02  # a 250th of what is in sight: less than half a character
SCAN = 1000  # places that are looked at for a change of the slope's sign; the narrowest dip is 100 of them wide


@lru_cache(maxsize=16)
def bottoms(curve: Curve) -> tuple[float, ...]:
    """The minima in sight, from left to right."""
    places = [curve.low + (curve.high - curve.low) * i / SCAN for i in range(SCAN + 1)]
    return tuple(
        _root(curve, left, right) for left, right in pairwise(places) if curve.slope(left) < 0 <= curve.slope(right)
    )


def lowest(curve: Curve) -> float:
    """Where in sight the loss is lowest."""
    return min(bottoms(curve), key=curve.loss)


def nearest(curve: Curve, w: float) -> float:
    """The minimum next to w."""
    return min(bottoms(curve), key=lambda bottom: abs(bottom - w))


def _root(curve: Curve, left: float, right: float) -> float:
    for _ in range(60):
        middle = (left + right) / 2
        left, right = (middle, right) if curve.slope(middle) < 0 else (left, middle)
    return right


BOWL = Curve("bowl", 1.0)
DIPS = Curve("dips", 0.12, (Dip(-1.2, 2.4, 0.3), Dip(1.1, 1.7, 0.75)), base=2.6, top=3.6)
NARROW = Curve("narrow", 8.0, start=-0.75)
CURVES = (BOWL, DIPS, NARROW)
# A shallow dip, a deep one behind it, and a rim, lower than the start, behind which it goes down for good
LANDSCAPE = Curve(
    "landscape", 0.25, (Dip(-1.1, 0.75, 0.5), Dip(1.0, 1.6, 0.7), Dip(3.3, 2.6, 0.75)), 1.4, -2.8, 2.8, 3.6, -2.6
)
