"""The learner's own digit: drawn with a soft brush as MNIST's strokes are, and kept in a small file.

The file is a greyscale picture that other programs open, and `fastai-tui convolve --image` too. Pixels are floats
nowhere: 28 rows of 28 values, 0 (paper) to 255 (ink).
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from fastai_tui.engine.data.digits import SIDE, Pixels
from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.engine.home import disk_errors, home, private_dir, write_whole

BLANK: Pixels = ((0,) * SIDE,) * SIDE
INK = 255
SOLID, REACH = 0.5, 1.6  # pixels from the brush's centre: full ink so far, none from there on; MNIST's strokes are
# two to three pixels wide with soft edges
_HEADER = re.compile(rb"P5\s(?:#[^\n]*\n\s*)*28\s+28\s+255\s")


def path() -> Path:
    """Where the drawing is kept."""
    return home() / "drawing.pgm"


def read() -> Pixels | None:
    """The drawing, or None where there is none yet. Raises `DiskTrouble` where it can not be read; it stays as it
    is then."""
    place = path()
    if not os.path.lexists(place):
        return None
    with disk_errors(f"read {place}"), place.open("rb") as file:
        content = file.read(4096)
    header = _HEADER.match(content)
    values = content[header.end() :] if header else b""
    if len(values) != SIDE * SIDE:
        raise DiskTrouble(f"{place} is damaged, or no drawing of 28×28; it is kept: move it away to draw anew.")
    return tuple(tuple(values[i : i + SIDE]) for i in range(0, len(values), SIDE))


def keep(pixels: Pixels) -> None:
    """Keep the drawing, whole and at once. Raises `DiskTrouble` where what is there can not be read or written."""
    read()  # what somebody else put there is not drawn over
    place = private_dir(path().parent) / path().name
    write_whole(place, b"P5\n28 28\n255\n" + b"".join(bytes(row) for row in pixels), sync=False)


def dabbed(pixels: Pixels, row: float, column: float, *, rub: bool = False) -> Pixels:
    """The drawing with the brush set down once, its centre at (row, column): ink is added, or with `rub` taken away."""
    rows = [list(line) for line in pixels]
    for i in range(max(math.ceil(row - REACH), 0), min(math.floor(row + REACH) + 1, SIDE)):
        for j in range(max(math.ceil(column - REACH), 0), min(math.floor(column + REACH) + 1, SIDE)):
            ink = _ink(math.hypot(i - row, j - column))
            rows[i][j] = min(rows[i][j], INK - ink) if rub else max(rows[i][j], ink)
    return tuple(tuple(line) for line in rows)


def stroked(pixels: Pixels, start: tuple[float, float], end: tuple[float, float], *, rub: bool = False) -> Pixels:
    """The drawing with the brush drawn from one place to another."""
    steps = max(math.ceil(2 * math.dist(start, end)), 1)
    for step in range(steps + 1):
        row, column = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
        pixels = dabbed(pixels, row, column, rub=rub)
    return pixels


def inked(pixels: Pixels) -> int:
    """How many pixels have any ink."""
    return sum(value > 0 for row in pixels for value in row)


def _ink(distance: float) -> int:
    return round(INK * min(max((REACH - distance) / (REACH - SOLID), 0.0), 1.0))
