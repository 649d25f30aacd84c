"""Pictures in colour as cells: true colours, the nearest of 256 or of 16, or brightness as characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.app.halfblocks import GREY, RGB, Ramp, Scale, grey, nearest_256
from fastai_tui.app.tui.sheet import Paint, Sheet, mixed
from fastai_tui.engine.convolution import Rows

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Cell, Colour, Sight

Place = tuple[int, int]
Look: TypeAlias = "tuple[Colour, bool]"
# A channel from none of it to all of it; blue is lightened, for the pure one is nearly black to the eye.
HUES: tuple[Ramp, ...] = (
    Ramp(((0, 0, 0), (255, 50, 50)), (0, 1, 9), GREY.characters),
    Ramp(((0, 0, 0), (50, 235, 50)), (0, 2, 10), GREY.characters),
    Ramp(((0, 0, 0), (80, 110, 255)), (0, 4, 12), GREY.characters),
)
# xterm's own, without its greys: what they are set to is not known, but most terminals are near it
_COLOURS: dict[int, RGB] = {
    1: (205, 0, 0), 2: (0, 205, 0), 3: (205, 205, 0), 4: (0, 0, 238), 5: (205, 0, 205), 6: (0, 205, 205),
    9: (255, 0, 0), 10: (0, 255, 0), 11: (255, 255, 0), 12: (92, 92, 255), 13: (255, 0, 255), 14: (0, 255, 255),
}  # fmt: skip
STRONG = 100  # from a colour's weakest part to its strongest: the cat's nose is, its fur is not
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def hue(channel: int, low: float = 0, high: float = 255) -> Scale:
    """The scale of one channel's values in its own colour."""
    return Scale(HUES[channel], low, high, low)


def luminance(colour: RGB) -> float:
    """How bright a colour is to the eye, 0 to 255."""
    return sum(share * part for share, part in zip(_LUMA, colour, strict=True))


@lru_cache(maxsize=32)
def averaged(rows: Rows, factor: int) -> Rows:
    """A channel shrunk, a square of pixels becoming their mean."""
    if factor == 1:
        return rows
    tops, lefts = range(0, len(rows), factor), range(0, len(rows[0]), factor)
    return tuple(
        tuple(_mean([value for row in rows[i : i + factor] for value in row[j : j + factor]]) for j in lefts)
        for i in tops
    )


def picture(
    sheet: Sheet, row: int, column: int, channels: Sequence[Rows], marks: Mapping[Place, float], *, squares: bool
) -> None:
    """The three channels as one picture in colour, two pixels a cell, or (`squares`) two cells a pixel; `marks` as in
    `Sheet.picture`."""
    pixels = [[_rgb(colour) for colour in zip(*rows, strict=True)] for rows in zip(*channels, strict=True)]
    looks = _looks(pixels, marks, sheet.sight)
    step = 1 if squares else 2
    for i in range(0, len(pixels), step):
        for j, up in enumerate(pixels[i]):
            below = i if squares or i + 1 == len(pixels) else i + 1
            cell = _cell(looks[i][j], looks[below][j], (up, pixels[below][j]), sheet.sight)
            for at in (column + 2 * j, column + 2 * j + 1) if squares else (column + j,):
                if 0 <= row + i // step < sheet.height and 0 <= at < sheet.width:
                    sheet.rows[row + i // step][at] = cell


def _mean(values: list[float]) -> int:
    return round(sum(values) / len(values))


def _rgb(colour: tuple[float, ...]) -> RGB:
    red, green, blue = (int(part) for part in colour)
    return red, green, blue


def _cell(up: Look, down: Look, pixels: tuple[RGB, RGB], sight: Sight) -> Cell:
    """A cell of two pixels, one above the other, each with its colour and whether it is marked."""
    if sight.depth == "none":
        characters, scale = GREY.characters, grey()
        look = characters[round(scale.place(max(map(luminance, pixels))) * (len(characters) - 1))]
        return look, Paint(reverse=True) if up[1] or down[1] else "plain"
    if up[0] == down[0] or not sight.unicode:
        return " ", Paint(None, up[0])
    return "▀", Paint(up[0], down[0])


def _looks(pixels: Sequence[Sequence[RGB]], marks: Mapping[Place, float], sight: Sight) -> list[list[Look]]:
    """Each pixel's colour in what the terminal can show, with its mark."""
    steps = _quarters(pixels) if sight.depth == "16" else ()
    return [
        [_look(colour, marks.get((i, j), 0.0), sight, steps) for j, colour in enumerate(line)]
        for i, line in enumerate(pixels)
    ]


def _look(colour: RGB, cover: float, sight: Sight, steps: Sequence[float]) -> Look:
    if sight.depth == "16":
        if cover:
            return (sight.mark16 if luminance(colour) >= steps[1] else sight.mark16 - 8), True
        return _of_16(colour, steps), False
    found = mixed(colour, sight.mark, cover) if cover else colour
    return nearest_256(found) if sight.depth == "256" else found, bool(cover)


def _quarters(pixels: Sequence[Sequence[RGB]]) -> tuple[float, float, float]:
    """The brightnesses that part the picture's pixels into quarters: four greys then show its shapes, where the nearest
    of 16 would make most of a photo the same grey."""
    found = sorted(luminance(colour) for line in pixels for colour in line)
    first, middle, last = (found[len(found) * part // 4] for part in (1, 2, 3))
    return first, middle, last


@lru_cache(maxsize=4096)
def _of_16(colour: RGB, steps: tuple[float, float, float]) -> int:
    """A strong colour as the nearest of the terminal's own; else a grey for its brightness."""
    if max(colour) - min(colour) > STRONG:
        return min(_COLOURS, key=lambda i: sum((a - b) ** 2 for a, b in zip(_COLOURS[i], colour, strict=True)))
    return (0, 8, 7, 15)[sum(luminance(colour) >= step for step in steps)]
