"""A receptive field on paper: the chain of its sizes, the patch on the digit, the layer's grid, and the words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastai_tui.app.halfblocks import grey, signed
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.convolution import fields
from fastai_tui.app.tui.sheet import Paint, Sheet
from fastai_tui.engine import receptive
from fastai_tui.engine.convolution import Rows
from fastai_tui.engine.receptive import Field, Slide

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.pictured import PicturePane

SIDE = 12  # columns for the chain of sizes and the layer's grid beside the pictures
PATCH, CORNERS = 0.4, 0.7
GAP = 2
Place = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """What is known about one cell: its layers, by arithmetic, and the lab's answer once there is one."""

    layers: Sequence[Slide]
    layer: int
    cell: Place
    pixels: int
    answer: Mapping[str, Any] | None = None

    @property
    def grid(self) -> int:
        """The side of the layer's grid."""
        return receptive.sizes(self.layers[: self.layer], self.pixels)[-1]

    def seen(self, index: int) -> Field:
        """The pixels along one axis that a cell sees, those on the padding too."""
        return receptive.field(self.layers[: self.layer], index)

    @property
    def widths(self) -> list[int]:
        """How wide a cell of each layer sees, from the first layer on."""
        return [receptive.field(self.layers[: number + 1], 0).size for number in range(len(self.layers))]

    @property
    def width(self) -> int:
        """How wide this cell sees, the padding included."""
        return self.widths[self.layer - 1]

    @property
    def box(self) -> tuple[Field, Field]:
        """The rows and the columns of the digit that it depends on."""
        rows, columns = receptive.rectangle(self.layers[: self.layer], self.cell, (self.pixels, self.pixels))
        return rows, columns

    @property
    def agree(self) -> bool | None:
        """Is the gradient nowhere but on the patch, and everywhere on it? None while nobody has answered."""
        if self.answer is None:
            return None
        rows, columns = self.box
        return all(
            (strength > 0) == (rows.start <= i < rows.stop and columns.start <= j < columns.stop)
            for i, line in enumerate(self.answer["gradient"])
            for j, strength in enumerate(line)
        )

    def where(self) -> str:
        """The patch in words."""
        rows, columns = self.box
        first = f"Cell {self.cell[0]},{self.cell[1]} of layer {self.layer} sees {self.width}×{self.width} pixels"
        if (rows.size, columns.size) == (self.width, self.width):
            return f"{first}: {self.place()}."
        return f"{first}, of which {rows.size}×{columns.size} are digit ({self.place()}), the rest padding."

    def place(self) -> str:
        """The patch's rows and columns."""
        rows, columns = self.box
        return f"rows {rows.start}–{rows.stop - 1}, columns {columns.start}–{columns.stop - 1}"

    def growth(self, full: bool = False) -> str:
        """How the width came about: the one before, and k − 1 steps of what lies between two cells of that layer."""
        before = self.widths[self.layer - 2] if self.layer > 1 else 1
        jump = 1
        for slide in self.layers[: self.layer - 1]:
            jump *= slide.stride
        kernel = self.layers[self.layer - 1].kernel
        sum_ = f"{self.width} = {before} + ({kernel} − 1)·{jump}"
        pixels = f"{jump} pixels" if jump > 1 else "1 pixel"
        if not full:
            return f"{sum_}, {pixels} a step"
        return f"{sum_}: a cell of the layer before is {pixels} from the next, and the kernel takes {kernel}."

    def agreement(self) -> str:
        """What the gradient says to that."""
        if self.answer is None:
            return "The gradient is being worked out."
        rows, columns = self.box
        if self.agree:
            return f"The gradient agrees: {rows.size * columns.size} pixels in both."
        return "The gradient is on other pixels than that."


def draw(pane: PicturePane, sheet: Sheet, found: Found, gradient: bool, hidden: bool) -> None:
    """Everything, as the room allows; `gradient` chooses what is shown where there is room for one picture only."""
    sheet.put(0, 0, f"layer {found.layer}, cell {found.cell[0]},{found.cell[1]}" + _sees(found, hidden), "title")
    below = sheet.height >= 32
    wide = sheet.width - (0 if below else SIDE)
    factor = max(-(-(found.pixels // 2) // max(sheet.height - 1, 1)), 1)
    size = -(-found.pixels // factor)
    height = min((size + 1) // 2, sheet.height - 1)
    width = size
    if below and wide >= 4 * size + GAP and sheet.height >= size + 10:  # room for squares
        width, height = 2 * size, size
    both = wide >= 2 * width + GAP
    if both or not gradient:
        _digit(pane, sheet, Area(1, 0, width, height), found, factor, hidden)
    if both or gradient:
        _gradient(pane, sheet, Area(1, width + GAP if both else 0, width, height), found, factor, hidden)
    else:
        sheet.leave_out("the gradient (press v)")
    taken = 2 * width + GAP if both else width
    if below:
        end = _side(sheet, Area(height + 2, 0, sheet.width, sheet.height - height - 2), found, hidden, across=True)
        _words(sheet, min(end + 1, sheet.height - 3), found, hidden)
    else:
        _side(sheet, Area(1, taken + 1, sheet.width - taken - 1, sheet.height - 1), found, hidden, across=False)
        _words(sheet, height + 1, found, hidden)


def _sees(found: Found, hidden: bool) -> str:
    return " sees ?" if hidden else f" sees {found.width}×{found.width}"


def _digit(pane: PicturePane, sheet: Sheet, area: Area, found: Found, factor: int, hidden: bool) -> None:
    marks = {} if hidden else _marks(found, factor)
    pane.pixels(sheet, area, parts.strongest(pane.picture.rows, factor), grey(), marks)


def _marks(found: Found, factor: int) -> dict[Place, float]:
    """The patch's pixels, its corners the strongest so that its edges are found on a bright digit too."""
    rows, columns = found.box
    marks = {(i // factor, j // factor): PATCH for i in range(rows.start, rows.stop)
             for j in range(columns.start, columns.stop)}  # fmt: skip
    corners = {
        (i // factor, j // factor) for i in (rows.start, rows.stop - 1) for j in (columns.start, columns.stop - 1)
    }
    return {**marks, **dict.fromkeys(corners, CORNERS)}


def _gradient(pane: PicturePane, sheet: Sheet, area: Area, found: Found, factor: int, hidden: bool) -> None:
    if hidden or found.answer is None:
        word = "?" if hidden else "asking the lab …"
        sheet.put(area.row + area.height // 2, area.column + max((area.width - len(word)) // 2, 0), word, "dim")
        return
    # A root, because a corner of the patch has one path where the middle has hundreds
    strengths: Rows = tuple(tuple(value**0.5 for value in row) for row in found.answer["gradient"])
    pane.pixels(sheet, area, parts.strongest(strengths, factor), signed(1), {})


def _side(sheet: Sheet, area: Area, found: Found, hidden: bool, *, across: bool) -> int:
    """The chain of sizes and, beside or below it, the layer's grid with the cell; returns the row after them."""
    if area.width < 9:
        sheet.leave_out("the chain of sizes")
        return area.row
    lines = _chain(found, hidden)
    for i, line in enumerate(lines[: area.height]):
        at = i == found.layer
        sheet.put(area.row + i, area.column, line[: area.width], "cursor" if at else "dim" if i == 0 else "plain")
    if across:
        room = Area(area.row, area.column + 16, area.width - 16, area.height - 4)
    else:
        room = Area(area.row + len(lines) + 1, area.column, area.width, min(area.height, 14) - len(lines) - 1)
    return max(area.row + len(lines), room.row + _grid(sheet, room, found))


def _chain(found: Found, hidden: bool) -> list[str]:
    """Each layer with what it sees; the narrow form leaves its grid to the picture of it."""
    sizes = [("?" if hidden else f"{width}×{width}") for width in found.widths]
    return ["layer sees", *(f"{number} {size:>7} " for number, size in enumerate(sizes, 1))]


def _grid(sheet: Sheet, area: Area, found: Found) -> int:
    """The layer's cells: squares if they fit, else half blocks, else four to a character; returns their lines."""
    side = found.grid
    if area.height < 1:
        sheet.leave_out("the layer's grid")
        return 0
    kinds = [[fields.PIXEL if (i + j) % 2 else fields.OTHER for j in range(side)] for i in range(side)]
    for form in fields.forms(sheet):
        if fields.fits(form, (side, side), area.width, area.height):
            view = fields.part(form, (side, side), area.width, area.height, found.cell)
            fields.draw(sheet, area.row, area.column, kinds, view, {found.cell: 1.0})
            return view.height
    return _quarters(sheet, area, found)


def _quarters(sheet: Sheet, area: Area, found: Found) -> int:
    """Four cells to a character; returns the lines they took."""
    side = (found.grid + 1) // 2
    if side > area.width or side > area.height:
        sheet.leave_out("the layer's grid")
        return 0
    for row in range(side):
        sheet.put(area.row + row, area.column, ("░" if sheet.sight.unicode else ".") * side, "dim")
    look = "▘▝▖▗"[found.cell[0] % 2 * 2 + found.cell[1] % 2] if sheet.sight.unicode else "#"
    mark = sheet.sight.mark16 if sheet.sight.depth == "16" else sheet.sight.mark
    style = Paint(reverse=True) if sheet.sight.depth == "none" else Paint(mark)
    sheet.put(area.row + found.cell[0] // 2, area.column + found.cell[1] // 2, look, style)
    return side


def _words(sheet: Sheet, row: int, found: Found, hidden: bool) -> None:
    """How the width grows, where the patch is, and whether both ways agree."""
    if hidden:
        sentences = ["Predict how wide this layer sees."]
    else:
        sentences = [found.agreement(), found.growth(), f"On the digit: {found.place()}."]
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, max(sheet.width, 12))]
    room = max(sheet.height - row, 0)
    sheet.put_lines(row, 0, lines[:room])
    if len(lines) > room:
        sheet.leave_out("some of the words")
