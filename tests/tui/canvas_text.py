"""What a pane draws, without an app around it, and the numbers that can be read off it."""

import re
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from fastai_tui.app.tui.panes import pane_class
from fastai_tui.app.tui.sheet import Sheet, Sight
from tests.tui.host import scene

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (118, 34), (100, 54)]
DEPTHS = ("truecolor", "256", "16", "none")
BLOCKS = "▀▄█"


def sights(sizes: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], str]]:
    """Every size, and every depth of colour at the first one: what is played in an app takes too long for all pairs."""
    return [(sizes[0], depth) for depth in DEPTHS] + list(zip(sizes[1:], cycle(DEPTHS), strict=False))


def sheet_of(kind: str, size: tuple[int, int], sight: Sight | None = None, **where: Any) -> Sheet:
    """The sheet that a pane of that kind draws at first."""
    sheet = Sheet(*size, sight or Sight())
    pane_class(kind)(scene(kind, **where)).draw(sheet)
    return sheet


def integers(line: str) -> list[int]:
    """The whole numbers in a line, from left to right."""
    return [int(word) for word in re.findall(r"(?<![\w.])-?\d+", line.translate({ord(block): " " for block in BLOCKS}))]


def after(text: str, heading: str, count: int) -> list[str]:
    """The lines after the one that holds `heading`."""
    lines = text.split("\n")
    row = next(i for i, line in enumerate(lines) if heading in line)
    return lines[row + 1 : row + 1 + count]
