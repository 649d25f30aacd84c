"""The arithmetic of axes: limits and ticks that are round, and curves thinned to the columns that they have."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LARGEST, SMALLEST = 1e300, 1e-300  # beyond these, differences and steps of an axis leave what floats can hold
Limits = tuple[float, float]


def thinned(x: Sequence[float], y: Sequence[float], columns: int, end: float) -> "tuple[np.ndarray, np.ndarray]":
    """The finite points, and of those that share one of the `columns` between 0 and `end`, the lowest and highest only.
    A column's points do not depend on what comes after it, so that a curve that grows keeps its shape."""
    import numpy as np

    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    finite = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[finite], np.clip(ys[finite], -LARGEST, LARGEST)
    if len(xs) <= columns:
        return xs, ys
    edges = np.flatnonzero(np.diff((xs / end * columns).astype(int)))
    parts = np.split(np.arange(len(xs)), edges + 1)
    kept = np.concatenate([np.unique(part[[ys[part].argmin(), ys[part].argmax()]]) for part in parts])
    return xs[kept], ys[kept]


def limits(values: Iterable[float]) -> Limits:
    """Rounded limits of an axis that holds all finite `values`; from zero up, where they are not negative."""
    low, high = ends(values)
    low = min(low, 0.0)
    high = high if high > 0 else 0.0
    if high - low < SMALLEST:
        return low, low + 1.0
    step = nice((high - low) / 5)
    return math.floor(low / step) * step, math.ceil(high / step * (1 - 1e-12)) * step


def ends(values: Iterable[float]) -> Limits:
    """The lowest and the highest finite value; 0 and 1 where there is none."""
    import numpy as np

    found = np.fromiter(values, np.float64)
    found = found[np.isfinite(found)]
    if not len(found):
        return 0.0, 1.0
    found = np.clip(found, -LARGEST, LARGEST)
    return float(found.min()), float(found.max())


def close(values: Iterable[float]) -> Limits:
    """Rounded limits just around `values`, for what differs little and is far from zero, as accuracies do: nine tenths
    and more of a share show .99 and .98 apart. The limits of shares stay within 0 and 1."""
    low, high = ends(values)
    step = nice(max((high - low) / 3, abs(low) / 100, abs(high) / 100, 1e-3))
    bottom, top = min(math.floor(low / step) * step, low), max(math.ceil(high / step) * step, high)  # 3 · .1 is not .3
    if high == low:  # a level line, in the middle
        bottom, top = bottom - step, top + step
    return (max(bottom, 0.0), min(top, 1.0)) if low >= 0 and high <= 1 else (bottom, top)


def nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 … (and of 0.5, 0.2 …) that is not less."""
    unit = 10.0 ** math.floor(math.log10(step))
    return next(unit * n for n in (1, 2, 5, 10, 20) if unit * n >= step * (1 - 1e-9))


def ticks(lowest: float, highest: float, most: int) -> tuple[list[float], list[str]]:
    """Round places on an axis, at most so many (but at least its two ends), and their labels."""
    step = nice(max((highest - lowest) / max(most - 1, 1), SMALLEST))
    first, last = math.ceil(lowest / step - 1e-9), math.floor(highest / step + 1e-9)
    places = [i * step for i in range(first, last + 1)]
    if len(places) < 2 or len(places) > most + 1:
        places = [lowest, highest]
    return places, [_tick(place, step) for place in places]


def power_of_ten(power: int) -> str:
    """Ten to a power, as an axis has room for it: `1e-7`, `0.01`, `10`."""
    return f"{10.0**power:g}" if -3 < power < 5 else f"1e{power}"


def _tick(place: float, step: float) -> str:
    if place and (abs(place) >= 1e6 or step < 1e-4):
        return f"{place:.3g}"
    return f"{place:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
