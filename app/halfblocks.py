"""Numbers as coloured cells: two pixels a character, one above the other, as lines of text. Pure functions.

A scale puts a value on a ramp, from 0 to 1; a ramp says what that looks like in true colours, 256, 16, or in plain
characters where there are no colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from fastai_tui.app.terminal import Depth

RGB: TypeAlias = tuple[int, int, int]
Grid: TypeAlias = "Sequence[Sequence[float]] | np.ndarray"
RESET = "\x1b[m"
_CUBE = (0, 95, 135, 175, 215, 255)  # xterm's 6×6×6 colours, from number 16 on; greys from 232 on


@dataclass(frozen=True)
class Ramp:
    """Looks from low to high, evenly spaced: true colours (mixed between the stops), numbers of the 16, characters,
    and numbers of the 256 where those nearest to the true colours are not what is wanted."""

    stops: tuple[RGB, ...]
    sixteen: tuple[int, ...]
    characters: str
    many: tuple[int, ...] = ()


GREY = Ramp(((0, 0, 0), (255, 255, 255)), (0, 8, 7, 15), " .:-=+*#%@")
# Blue and orange are told apart by every kind of colour blindness; nothing is black, the strongest is the brightest.
SIGNED = Ramp(
    ((180, 225, 255), (40, 130, 240), (15, 50, 130), (0, 0, 0), (130, 50, 0), (240, 130, 20), (255, 230, 150)),
    (14, 12, 4, 0, 1, 9, 11),
    "%=~- .+*#",
)
# How much: viridis (Nathaniel Smith and Stéfan van der Walt, CC0), every eighth of it. It gets lighter all the way, for
# the colour-blind too; its darkest is no ground's colour. Sixteen colours do the same from blue on.
VIRIDIS = Ramp(
    (
        (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99),
        (170, 220, 50), (253, 231, 37),
    ),
    (4, 12, 12, 6, 10, 11, 15, 15),  # most is shown in the middle of it
    " .:-=+*#%@",
    (53, 54, 55, 25, 31, 36, 42, 149, 185, 191, 227),  # of the cube, for the nearest ones go up and down in lightness
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Which values a ramp's ends stand for, and the one (`rest`) that means nothing is there."""

    ramp: Ramp
    low: float
    high: float
    rest: float

    def place(self, value: float) -> float:
        """Where on the ramp a value is, 0 to 1; what lies beyond the ends is drawn as the end."""
        span = self.high - self.low
        return min(max((value - self.low) / span, 0.0), 1.0) if span > 0 else 0.0


def grey(low: float = 0, high: float = 255) -> Scale:
    """Black to white."""
    return Scale(GREY, low, high, low)


def signed(largest: float) -> Scale:
    """Two hues, blue below nought and orange above it, equally strong at −largest and largest."""
    return Scale(SIGNED, -(largest or 1), largest or 1, 0)


def amount(largest: float) -> Scale:
    """From nothing to `largest`, as viridis has it."""
    return Scale(VIRIDIS, 0, largest or 1, 0)


def lines(grid: Grid, scale: Scale, depth: Depth) -> list[str]:
    """The grid as half as many lines, a character for two pixels; without colours, for the stronger of the two."""
    rows = [list(row) for row in grid]
    pairs = [(rows[i], rows[i + 1] if i + 1 < len(rows) else None) for i in range(0, len(rows), 2)]
    if depth == "none":
        return ["".join(_character(up, down, scale) for up, down in _zip(*pair, scale)) for pair in pairs]
    return [_coloured(*pair, scale, depth) for pair in pairs]


def legend(scale: Scale, depth: Depth, low: str, high: str, cells: int = 9) -> str:
    """The scale as a line: the low end's words, its looks from low to high, the high end's words."""
    steps = [scale.low + (scale.high - scale.low) * i / (2 * cells) for i in range(2 * cells + 1)]
    if depth == "none":
        return f"{low} [{scale.ramp.characters}] {high}"
    return f"{low} {lines([steps, steps], scale, depth)[0]} {high}"


def shrink(image: np.ndarray, columns: int, rows: int, how: Literal["mean", "strongest"]) -> np.ndarray:
    """The image in at most so many columns and rows of pixels, a square of pixels becoming one.

    `mean` is what the eye sees from further away; `strongest`, the value furthest from nought, keeps thin edges.
    """
    import numpy as np

    height, width = image.shape
    factor = max(-(-width // max(columns, 1)), -(-height // max(rows, 1)), 1)
    if factor == 1:
        return image
    tops, lefts = np.arange(0, height, factor), np.arange(0, width, factor)
    if how == "mean":
        total = np.add.reduceat(np.add.reduceat(image.astype(np.float64), tops, axis=0), lefts, axis=1)
        return total / np.outer(np.diff(tops, append=height), np.diff(lefts, append=width))
    high = np.maximum.reduceat(np.maximum.reduceat(image, tops, axis=0), lefts, axis=1)
    low = np.minimum.reduceat(np.minimum.reduceat(image, tops, axis=0), lefts, axis=1)
    return np.where(-low > high, low, high)


def rgb(ramp: Ramp, place: float) -> RGB:
    """The ramp's true colour at `place` (0 to 1), mixed from the two stops beside it."""
    exact = place * (len(ramp.stops) - 1)
    left = min(int(exact), len(ramp.stops) - 2)
    red, green, blue = (
        round(a + (b - a) * (exact - left)) for a, b in zip(ramp.stops[left], ramp.stops[left + 1], strict=True)
    )
    return red, green, blue


@lru_cache(maxsize=4096)
def nearest_256(colour: RGB) -> int:
    """The number, 16 to 255, of the xterm colour nearest to `colour` (0 to 15 are the user's own)."""
    levels = [min(range(6), key=lambda i: abs(_CUBE[i] - part)) for part in colour]
    cube = 16 + 36 * levels[0] + 6 * levels[1] + levels[2]
    step = min(max(round((sum(colour) / 3 - 8) / 10), 0), 23)
    as_cube, as_grey = [_CUBE[i] for i in levels], [8 + 10 * step] * 3
    return cube if _distance(as_cube, colour) <= _distance(as_grey, colour) else 232 + step


def of_256(ramp: Ramp, place: float) -> int:
    """The number of the ramp's xterm colour at `place`."""
    return ramp.many[_step(len(ramp.many), place)] if ramp.many else nearest_256(rgb(ramp, place))


def sgr(ramp: Ramp, place: float, depth: Depth, *, behind: bool = False) -> str:
    """The code that sets the text's colour, or (`behind`) the background's, to the ramp's at `place`; 16 colours or
    more."""
    if depth == "16":
        number = ramp.sixteen[_step(len(ramp.sixteen), place)]
        return str(number % 8 + (90 if number > 7 else 30) + (10 if behind else 0))
    colour = rgb(ramp, place)
    start = "48" if behind else "38"
    return f"{start};5;{of_256(ramp, place)}" if depth == "256" else f"{start};2;{colour[0]};{colour[1]};{colour[2]}"


def _coloured(upper: list[float], lower: list[float] | None, scale: Scale, depth: Depth) -> str:
    line, now = "", ""
    for up, down in _zip(upper, lower, scale):
        front = sgr(scale.ramp, scale.place(up), depth)
        back = sgr(scale.ramp, scale.place(down), depth, behind=True) if lower is not None else "49"
        same = back == sgr(scale.ramp, scale.place(up), depth, behind=True)
        codes = back if same else f"{front};{back}"
        line += (f"\x1b[{codes}m" if codes != now else "") + (" " if same else "▀")
        now = codes
    return line + RESET


def _character(up: float, down: float, scale: Scale) -> str:
    looks, stronger = scale.ramp.characters, max(up, down, key=lambda value: abs(value - scale.rest))
    return looks[_step(len(looks), scale.place(stronger))]


def _zip(upper: list[float], lower: list[float] | None, scale: Scale) -> zip[tuple[float, float]]:
    return zip(upper, lower if lower is not None else [scale.rest] * len(upper), strict=True)


def _step(count: int, place: float) -> int:
    """Which of `count` evenly spaced looks is nearest to `place`."""
    return round(place * (count - 1))


def _distance(a: Sequence[int], b: Sequence[int]) -> int:
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
