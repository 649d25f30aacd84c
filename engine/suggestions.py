"""Which learning rate a finder's curve suggests: minimum, steep, valley and slide, as fastai 2.8 defines them.

All four look at the smoothed losses without the first tenth and the last five points. Sources:
`fastai.callback.schedule` (https://docs.fast.ai/callback.schedule.html); slide is due to ESRI's arcgis (`lr_find`).
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

NAMES = ("minimum", "steep", "valley", "slide")
CUT = 5  # points at the end that do not count: there the loss explodes
WINDOW, ALIKE = 15, 0.005  # slide's: points of its stretch, and how alike the slopes at its ends are
ENOUGH = 2  # points that have a slope


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A rate, or None and `why` there is none; `loss` is how high the smoothed curve is there.

    `at` is the point of the curve that it was read from, which fastai marks: minimum suggests a tenth of it.
    """

    name: str
    rate: float | None
    loss: float | None
    at: float | None
    why: str


def suggest(rates: Sequence[float], losses: Sequence[float], batches: int) -> list[Suggestion]:
    """All four, in the order of `NAMES`, for the smoothed `losses` at these `rates`; `batches` is how many there
    should have been."""
    xs, ys = counted(rates, losses, batches)
    found = []
    for name in NAMES:
        place = None if len(ys) < ENOUGH or not _falls(ys) else _PLACES[name](xs, ys)
        if place is None:
            found.append(Suggestion(name=name, rate=None, loss=None, at=None, why=_no_reason(name, ys)))
            continue
        at = xs[place]
        rate = at / 10 if name == "minimum" else at
        found.append(Suggestion(name=name, rate=rate, loss=height(rates, losses, rate), at=at, why=_reason(name, at)))
    return found


def counted(rates: Sequence[float], losses: Sequence[float], batches: int) -> tuple[list[float], list[float]]:
    """The points that count: neither the first tenth of `batches` nor the last five, and none from the first loss on
    that is no number. A finder that ended at such a loss would have had more of them, so there the five are cut from
    what would have been."""
    broken = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), None)
    end = len(losses) - CUT if broken is None else min(broken, batches - CUT)
    part = slice(batches // 10, max(end, 0))
    return list(rates[part]), list(losses[part])


def height(rates: Sequence[float], losses: Sequence[float], rate: float) -> float | None:
    """How high the curve is at a rate, on a straight line (of the rate's logarithm) between the points beside it."""
    points = [(math.log(x), y) for x, y in zip(rates, losses, strict=True) if math.isfinite(y)]
    if not points:
        return None
    xs, x = [place for place, _ in points], math.log(rate)
    right = min(max(bisect_left(xs, x), 1), len(points) - 1)
    if len(points) == 1 or not xs[0] <= x <= xs[-1]:
        return points[0 if x <= xs[0] else -1][1]
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def caution(losses: Sequence[float], *, stopped_early: bool) -> str:
    """What the curve's end means for the suggestions, or nothing: it may not have gone far enough."""
    if stopped_early or len(losses) < ENOUGH or not all(map(math.isfinite, losses)):
        return ""
    lowest = min(range(len(losses)), key=losses.__getitem__)
    falls = lowest >= len(losses) - CUT
    return "The smoothed loss still falls at the highest rate: raise end to see where it turns." if falls else ""


def _falls(ys: Sequence[float]) -> bool:
    return any(later < earlier for earlier, later in pairwise(ys))


def _minimum(xs: Sequence[float], ys: Sequence[float]) -> int:
    """Where the loss is lowest."""
    return min(range(len(ys)), key=ys.__getitem__)


def _steep(xs: Sequence[float], ys: Sequence[float]) -> int:
    """Where the step to the next point falls most for its width on the rates' logarithmic axis."""
    slopes = [(ys[i + 1] - ys[i]) / math.log(xs[i + 1] / xs[i]) for i in range(len(ys) - 1)]
    return min(range(len(slopes)), key=slopes.__getitem__)


def _valley(xs: Sequence[float], ys: Sequence[float]) -> int:
    """The middle of the valley: of the longest series of points, not all of them neighbours, each lower than the one
    before. fastai takes the valley to begin as far before its end as the series was long when it first was longer than
    any other, so before points are looked at that may make it longer still; its numbers come from just that."""
    lengths = [1] * len(ys)
    first = last = 0
    for i in range(1, len(ys)):
        for j in range(i):
            if ys[i] < ys[j] and lengths[i] <= lengths[j]:
                lengths[i] = lengths[j] + 1
            if lengths[i] > lengths[last]:
                first, last = i - lengths[i], i
    third = (last - first) / 3
    return max(first + int(third) + int(third / 2), 0)


def _slide(xs: Sequence[float], ys: Sequence[float]) -> int | None:
    """A stretch slides from the right end of the curve to the left until the slopes (a point, not a unit of the axis,
    apart) at both of its ends are alike; its left end."""
    slopes = _slopes(ys)
    left = place = len(ys) - 1 - WINDOW
    if left < 0:
        return None
    while left >= 0 and abs(slopes[left + WINDOW] - slopes[left]) > ALIKE:
        place, left = left, left - 1
    return place


def _slopes(ys: Sequence[float]) -> list[float]:
    """Half the difference of a point's neighbours; at the ends the whole one to the only neighbour."""
    last = len(ys) - 1
    return [(ys[min(i + 1, last)] - ys[max(i - 1, 0)]) / (2 if 0 < i < last else 1) for i in range(len(ys))]


_PLACES: dict[str, Callable[[Sequence[float], Sequence[float]], int | None]] = {
    "minimum": _minimum,
    "steep": _steep,
    "valley": _valley,
    "slide": _slide,
}


def _reason(name: str, at: float) -> str:
    return {
        "minimum": f"a tenth of {at:.2g}, where the loss is lowest",
        "steep": "where the loss falls fastest",
        "valley": "in the middle of the longest fall",
        "slide": "from the right, where the slope evens out",
    }[name]


def _no_reason(name: str, ys: Sequence[float]) -> str:
    """Why there is no suggestion."""
    least = WINDOW + 1 if name == "slide" else ENOUGH
    if len(ys) < least:
        many = "1 point counts" if len(ys) == 1 else f"{len(ys) or 'no'} points count"
        return f"{many}, it takes {least}: more batches"
    return "the loss never falls: try a smaller start"
