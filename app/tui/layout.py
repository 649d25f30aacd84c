"""Where things go on a sheet: the picture first, as large as leaves room for what belongs beside and below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Area(NamedTuple):
    """A rectangle of cells."""

    row: int
    column: int
    width: int
    height: int

    @property
    def below(self) -> int:
        """The first row under it."""
        return self.row + self.height

    @property
    def right(self) -> int:
        """The first column after it."""
        return self.column + self.width

    def holds(self, column: int, row: int) -> bool:
        """Is that cell in it?"""
        return self.row <= row < self.below and self.column <= column < self.right


class Need(NamedTuple):
    """Room that must be left: columns to the right of the picture, rows under it."""

    beside: int = 0
    below: int = 0


class Frame(NamedTuple):
    """A picture's place and what is left; `size` and `need` say which of those asked for it was."""

    picture: Area
    beside: Area
    below: Area
    size: int
    need: int


GAP = 1


def arrange(width: int, height: int, sizes: Sequence[tuple[int, int]], needs: Sequence[Need]) -> Frame | None:
    """The first of the sizes (rows, columns of cells) that fits with one of the needs, earlier sizes going before
    earlier needs; None where none does.

    What is beside is as high as the sheet, unless rows are needed below: then it ends with the picture.
    """
    for i, (rows, columns) in enumerate(sizes):
        for j, need in enumerate(needs):
            gap = min(GAP, max(width - columns - need.beside, 0))
            if rows + need.below <= height and columns + need.beside <= width:
                tall = rows if need.below else height
                beside = Area(0, columns + gap, width - columns - gap, tall)
                return Frame(Area(0, 0, columns, rows), beside, Area(rows, 0, width, height - rows), i, j)
    return None
