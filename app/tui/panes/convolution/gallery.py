"""Small multiples: several maps of one picture on one scale, as large as so many fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastai_tui.app.convolution import number
from fastai_tui.app.halfblocks import Scale
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.sheet import Sheet
from fastai_tui.engine.convolution import Rows

ENOUGH = 6  # maps at once; of more, the rows scroll
FACTORS = (1, 2, 3)  # a square of so many cells of the map becomes one


class Grid(NamedTuple):
    """So many maps a row and rows of them, each shrunk by a factor to `wide` × `tall` cells, its title among them."""

    factor: int
    columns: int
    rows: int
    wide: int
    tall: int

    @property
    def room(self) -> int:
        """How many maps there is room for."""
        return self.columns * self.rows


def fit(width: int, height: int, maps: Sequence[Rows]) -> Grid:
    """The largest maps of which enough fit; where none are small enough, the smallest."""
    across, down = max(len(found[0]) for found in maps), max(len(found) for found in maps)
    grid = Grid(1, 1, 1, 1, 1)
    for factor in FACTORS:
        wide, tall = -(-across // factor), -(-down // (2 * factor)) + 1
        grid = Grid(factor, max(width // wide, 1), max(height // tall, 1), wide, tall)
        if grid.room >= min(len(maps), ENOUGH):
            break
    return grid


def first_row(grid: Grid, chosen: int, count: int) -> int:
    """The row at the top, so that the chosen map is to be seen."""
    rows = -(-count // grid.columns)
    return parts.around(chosen // grid.columns, grid.rows, rows)


def draw(
    sheet: Sheet, area: Area, maps: Sequence[Rows], names: Sequence[str], chosen: int, scale: Scale
) -> list[tuple[Area, int]]:
    """Draw as many maps as fit, the chosen one among them with its title lit; returns where which one stands."""
    grid = fit(area.width, area.height, maps)
    top = first_row(grid, chosen, len(maps)) * grid.columns
    gap = min((area.width - grid.columns * grid.wide) // max(grid.columns - 1, 1), 3)
    spots = []
    for index in range(top, min(top + grid.room, len(maps))):
        down, across = divmod(index - top, grid.columns)
        row, column = area.row + down * grid.tall, area.column + across * (grid.wide + gap)
        title = names[index] if len(names[index]) < grid.wide else names[index].removesuffix("_edge")
        sheet.put(row, column, title[: grid.wide].ljust(len(title)), "cursor" if index == chosen else "dim")
        sheet.picture(row + 1, column, parts.strongest(maps[index], grid.factor), scale)
        spots.append((Area(row, column, grid.wide, grid.tall), index))
    return spots


def legend(sheet: Sheet, row: int, column: int, scale: Scale, *, named: bool = True) -> None:
    """The scale of the maps, its ends `named` or only signs."""
    end = number(scale.high) if named else ""
    sheet.legend(row, column, scale, f"-{end}", end or "+")
