"""Photos in cells, two pixels a cell, and a heat map laid over them: pure functions from arrays to cells.

A photo is uint8 (height, width, 3). Heat is (height, width) of 0…1, or of −1…1 for the difference of two classes; NaN
is where the network has not looked. What is hot is in colour, and the rest of the photo is nearly grey: so it can be
told apart in 256 colours and in 16, and by the colour-blind, for the hotter it is the lighter the colour is.

numpy takes 140 ms to import: import this module where a photo is drawn, not before a first frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fastai_tui.app import photo_colours
from fastai_tui.app.halfblocks import RESET, RGB
from fastai_tui.engine.framing import WHOLE, Box

if TYPE_CHECKING:
    from fastai_tui.app.terminal import Depth

Colour: TypeAlias = int | RGB | None
Cell: TypeAlias = tuple[str, Colour, Colour]  # a character, its colour, and the background's
Frame: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom in a photo's pixels


@dataclass(frozen=True)
class Look:
    """How heat looks: true colours from little of it to all of it (for −1…1, also for what is below nought), and in 16
    colours, for some heat and for more, the colours of dark, middle and light places."""

    hot: tuple[RGB, ...]
    hot16: tuple[tuple[int, int, int], tuple[int, int, int]]
    cold: tuple[RGB, ...] = ()
    cold16: tuple[tuple[int, int, int], tuple[int, int, int]] = ((0, 0, 0), (0, 0, 0))


# inferno (Nathaniel Smith and Stéfan van der Walt, CC0) without its ends: one is as dark as a photo, one nearly white
HEAT = Look(
    ((136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10), (249, 201, 50), (250, 228, 85)),
    ((0, 1, 9), (0, 3, 11)),
)
# Orange and blue, as `halfblocks.SIGNED`, told apart by every kind of colour blindness
DIFFERENCE = Look(
    ((150, 70, 0), (240, 120, 0), (255, 160, 20), (255, 195, 60)),
    ((0, 1, 9), (0, 3, 11)),
    ((0, 50, 170), (10, 100, 250), (40, 150, 255), (90, 190, 255)),
    ((0, 4, 12), (0, 6, 14)),
)
COVER, RISE = 0.66, 0.8  # the colour's share where heat is 1, and the power of the heat by which it rises to that
GREY, DIM, UNSEEN = 0.8, 0.72, 0.4  # of a photo with heat on it: how grey, how light where it is cold, and where unseen
SOME, MORE = 0.3, 0.6  # heat from which on there is a colour with 16 of them, and another one
DARK, LIGHT = 0.2, 0.5  # of what is hot, so much is darker than the middle one of three tones, and than the light one
TENTHS, BELOW = 0.5, "abcde"  # heat from which on a digit says it, where there are no colours; and for −0.5 to −1
MARK, MARK_256, MARK_16, MARK_NONE = (95, 255, 95), 83, 10, "X"  # what is marked, as `Sight.mark`
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def size(width: float, height: float, columns: int, rows: int) -> tuple[int, int]:
    """(columns, rows) of the cells that a photo takes: as large as the room allows, its sides' ratio kept; a cell is
    twice as high as it is wide."""
    scale = min(columns / width, 2 * rows / height)
    return min(max(round(width * scale), 1), columns), min(max(round(height * scale / 2), 1), rows)


def scaled(photo: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """The photo as the pixels of so many cells, uint8 (2·rows, columns, 3): each the mean of what it stands for."""
    return resized(photo, columns, 2 * rows)


def resized(photo: np.ndarray, width: int, height: int) -> np.ndarray:
    """The photo in another size, uint8 (height, width, 3), antialiased."""
    from PIL import Image

    small = photo.shape[0] < height or photo.shape[1] < width
    how = Image.Resampling.NEAREST if small and max(photo.shape[:2]) <= 64 else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(photo).resize((width, height), how))


def spread(
    heat: np.ndarray,
    seen: Frame,
    photo: tuple[float, float],
    shape: tuple[int, int],
    field: Box = WHOLE,
    *,
    smooth: bool = True,
) -> np.ndarray:
    """A small map enlarged to where it belongs: `seen` in a photo of (width, height), which is drawn with `shape`
    (height, width) pixels; NaN outside. The map's cells have its `field` among them, in shares of `seen`."""
    from fastai_tui.engine.heat import enlarged, nearest

    across, down = shape[1] / photo[0], shape[0] / photo[1]
    left, right = _ends(seen[0] * across, seen[2] * across, shape[1])
    top, bottom = _ends(seen[1] * down, seen[3] * down, shape[0])
    found = np.full(shape, np.nan)
    found[top:bottom, left:right] = (enlarged if smooth else nearest)(heat, bottom - top, right - left, field)
    return found


def outline(box: Frame, photo: tuple[float, float], shape: tuple[int, int]) -> np.ndarray:
    """The pixels on the edge of a part of a photo of (width, height), which is drawn with `shape` (height, width)
    pixels: marks for `cells`."""
    across, down = shape[1] / photo[0], shape[0] / photo[1]
    left, right = _ends(box[0] * across, box[2] * across, shape[1])
    top, bottom = _ends(box[1] * down, box[3] * down, shape[0])
    found = np.zeros(shape, bool)
    found[top:bottom, left:right] = True
    found[top + 1 : bottom - 1, left + 1 : right - 1] = False
    return found


def laid(pixels: np.ndarray, heat: np.ndarray, look: Look = HEAT) -> np.ndarray:
    """The pixels (height, width, 3) under the heat (height, width), uint8: a blend."""
    there = np.nan_to_num(heat)
    strength = np.abs(there).clip(0, 1)[..., None]
    grey = (pixels @ np.asarray(_LUMA))[..., None]
    ground = (GREY * grey + (1 - GREY) * pixels) * np.where(
        np.isnan(heat)[..., None], UNSEEN, DIM + (1 - DIM) * strength
    )
    colour = _ramp(look.hot, strength[..., 0])
    if look.cold:
        colour = np.where(there[..., None] < 0, _ramp(look.cold, strength[..., 0]), colour)
    share = COVER * strength**RISE
    return (ground * (1 - share) + colour * share).round().clip(0, 255).astype(np.uint8)


def cells(
    pixels: np.ndarray,
    depth: Depth,
    heat: np.ndarray | None = None,
    look: Look = HEAT,
    *,
    marks: np.ndarray | None = None,
    unicode: bool = True,
) -> list[list[Cell]]:
    """The pixels (2·rows, columns, 3) as rows of cells, with heat (2·rows, columns) laid over them, and those that are
    true in `marks` (the same) in the mark's colour.

    Without colours a cell is a character, the lighter the more ink; where it is hot, it is the heat in tenths, from 5
    to 9, and where it is as far below nought a letter from a to e.
    """
    marks = np.zeros(pixels.shape[:2], bool) if marks is None else marks
    if depth == "none":
        return _written(pixels, heat, marks)
    if depth == "16":
        found = photo_colours.of_16(pixels) if heat is None else _of_16(pixels, heat, look)
    else:
        seen = pixels if heat is None else laid(pixels, heat, look)
        found = photo_colours.of_256(seen) if depth == "256" else seen.copy()
    found[marks] = {"16": MARK_16, "256": MARK_256, "truecolor": MARK}[depth]
    if not unicode:
        return [[(" ", None, _plain(value)) for value in row] for row in found[::2].tolist()]
    pairs = zip(found[::2].tolist(), found[1::2].tolist(), strict=True)
    return [[_half(_plain(upper), _plain(lower)) for upper, lower in zip(*rows, strict=True)] for rows in pairs]


def lines(drawn: Sequence[Sequence[Cell]]) -> list[str]:
    """Cells as lines of text with the codes that colour them."""
    return [_line(row) for row in drawn]


def _line(row: Sequence[Cell]) -> str:
    line, now = "", ""
    for character, front, back in row:
        codes = ";".join(code for code in (_code(front, 38), _code(back, 48)) if code)
        line += (f"\x1b[{codes}m" if codes != now else "") + character
        now = codes
    return line + (RESET if now else "")


def _code(colour: Colour, kind: int) -> str:
    """The code that sets the text's colour (`kind` 38) or the background's (48)."""
    if colour is None:
        return ""
    if not isinstance(colour, int):
        return f"{kind};2;{colour[0]};{colour[1]};{colour[2]}"
    if colour > 15:
        return f"{kind};5;{colour}"
    return str(colour % 8 + (90 if colour > 7 else 30) + kind - 38)


def _half(upper: Colour, lower: Colour) -> Cell:
    return (" ", None, lower) if upper == lower else ("▀", upper, lower)


def _plain(value: int | list[int]) -> Colour:
    return value if isinstance(value, int) else (value[0], value[1], value[2])


def _written(pixels: np.ndarray, heat: np.ndarray | None, marks: np.ndarray) -> list[list[Cell]]:
    light = photo_colours.lightness(pixels)
    shades = photo_colours.characters((light[::2] + light[1::2]) / 2)
    drawn = [[photo_colours.CHARACTERS[shade] for shade in row] for row in shades.tolist()]
    if heat is not None:
        hot = np.nan_to_num((heat[::2] + heat[1::2]) / 2)
        for row, column in zip(*np.nonzero(np.abs(hot) >= TENTHS), strict=True):
            tenths = min(int(10 * abs(hot[row, column])), 9)
            drawn[row][column] = str(tenths) if hot[row, column] > 0 else BELOW[tenths - 5]
    for row, column in zip(*np.nonzero(marks[::2] | marks[1::2]), strict=True):
        drawn[row][column] = MARK_NONE
    return [[(character, None, None) for character in row] for row in drawn]


def _of_16(pixels: np.ndarray, heat: np.ndarray, look: Look) -> np.ndarray:
    """Greys where it is cold; dark, middle and light of a colour where it is hot, so that the photo shows through."""
    light, there = photo_colours.lightness(pixels), np.nan_to_num(heat)
    found = photo_colours.grey_16(light)
    found[np.isnan(heat) & (found > 7)] -= 8
    tone = photo_colours.tones(light, np.abs(there) >= SOME, (DARK, LIGHT))
    for colours, signed in ((look.hot16, there), (look.cold16, -there if look.cold else there * 0)):
        for bound, three in zip((SOME, MORE), colours, strict=True):
            hot = signed >= bound
            found[hot] = np.asarray(three)[tone[hot]]
    return found


def _ramp(stops: tuple[RGB, ...], place: np.ndarray) -> np.ndarray:
    """Colours (height, width, 3) at places 0…1 between the stops."""
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(place, at, part) for part in np.asarray(stops).T], axis=-1)


def _ends(low: float, high: float, most: int) -> tuple[int, int]:
    """The pixels from `low` to `high`, at least one, within `most`."""
    first = min(max(round(low), 0), most - 1)
    return first, min(max(round(high), first + 1), most)
