"""Grids of cells of a few kinds (pixel, padding, visited …), drawn as large as the room allows: two columns a cell,
half a line a cell, and where even that is too large, the part around what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fastai_tui.app.halfblocks import Ramp, Scale
from fastai_tui.app.tui.sheet import Paint, Sheet

# What a cell can be. The order is that of brightness, which marks laid over them in 16 colours need.
PADDING, EMPTY, UNREACHED, PIXEL, OTHER, VISITED = range(6)
Kinds = Sequence[Sequence[int]]
Form = Literal["square", "half", "letter"]

_RAMP = Ramp(
    ((30, 50, 105), (42, 44, 52), (150, 45, 55), (88, 92, 104), (106, 110, 122), (45, 150, 150)),
    (4, 8, 1, 7, 7, 6),
    "0.x::#",
)
KINDS = Scale(_RAMP, 0, len(_RAMP.stops) - 1, EMPTY)
_LETTERS = {PADDING: "0", UNREACHED: "×"}


@dataclass(frozen=True)
class View:
    """How a grid of `rows`×`columns` is drawn: in which form, from which cell on, how many of them."""

    form: Form
    top: int
    left: int
    rows: int
    columns: int
    whole: bool

    @property
    def width(self) -> int:
        """Columns of the sheet that it takes."""
        return self.columns * (2 if self.form == "square" else 1)

    @property
    def height(self) -> int:
        """Lines of the sheet that it takes."""
        return (self.rows + 1) // 2 if self.form == "half" else self.rows


def forms(sheet: Sheet) -> tuple[Form, ...]:
    """The forms this terminal can show, the largest first."""
    return ("square", "letter") if sheet.sight.depth == "none" or not sheet.sight.unicode else ("square", "half")


def fits(form: Form, side: tuple[int, int], width: int, height: int) -> bool:
    """Is there room for a whole grid of (rows, columns)?"""
    view = View(form, 0, 0, *side, whole=True)
    return view.width <= width and view.height <= height


def part(form: Form, side: tuple[int, int], width: int, height: int, about: tuple[int, int]) -> View:
    """As much of a grid as fits, with the cell `about` in it."""
    room = (height * 2 if form == "half" else height, width // 2 if form == "square" else width)
    shown = [max(min(has, space), 0) for has, space in zip(side, room, strict=True)]
    top, left = (min(max(at - space // 2, 0), has - space) for at, space, has in zip(about, shown, side, strict=True))
    return View(form, top, left, shown[0], shown[1], whole=tuple(shown) == tuple(side))


def draw(sheet: Sheet, row: int, column: int, kinds: Kinds, view: View, marks: Mapping[tuple[int, int], float]) -> None:
    """The part of a grid that `view` shows; `marks` as in `Sheet.picture`, counted in the whole grid."""
    cells = [line[view.left : view.left + view.columns] for line in kinds[view.top : view.top + view.rows]]
    shown = {(i - view.top, j - view.left): cover for (i, j), cover in marks.items()}
    if view.form == "half":
        sheet.picture(row, column, cells, KINDS, shown)
    elif view.form == "square":
        sheet.squares(row, column, cells, KINDS, shown)
        _letter(sheet, row, column, cells)
    else:
        _letters(sheet, row, column, cells, shown)


def _letter(sheet: Sheet, row: int, column: int, cells: Kinds) -> None:
    """What a cell is, on its colour: colours alone would not tell everybody."""
    if sheet.sight.depth == "none":
        return
    for i, line in enumerate(cells):
        for j, kind in enumerate(line):
            at = column + 2 * j + 1
            if kind in _LETTERS and 0 <= row + i < sheet.height and 0 <= at < sheet.width:
                style = sheet.rows[row + i][at][1]
                if isinstance(style, Paint):
                    light = 7 if sheet.sight.depth == "16" else 252 if sheet.sight.depth == "256" else (205, 210, 220)
                    sheet.put(row + i, at, _LETTERS[kind], Paint(light, style.back))


def _letters(sheet: Sheet, row: int, column: int, cells: Kinds, marks: Mapping[tuple[int, int], float]) -> None:
    for i, line in enumerate(cells):
        for j, kind in enumerate(line):
            look = _RAMP.characters[kind]
            sheet.put(row + i, column + j, look, Paint(reverse=True) if (i, j) in marks else "plain")
