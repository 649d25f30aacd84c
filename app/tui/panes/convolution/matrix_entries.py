"""A small matrix of a convolution with every entry: what is tied together has one letter and one hue."""

from __future__ import annotations

import string
import textwrap

from fastai_tui.app.convolution import number
from fastai_tui.app.halfblocks import RGB, grey, nearest_256
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.convolution.matrix_whole import written_out
from fastai_tui.app.tui.sheet import Paint, Sheet, Sight, Style
from fastai_tui.engine.convolution import Image, Kernel, Rows, window
from fastai_tui.engine.matrix_form import MatrixForm

LETTERS = string.ascii_letters
# A hue for each weight, told apart by lightness too (after Paul Tol's "muted", brightened for dark grounds)
HUES: tuple[RGB, ...] = (
    (235, 120, 130), (240, 170, 60), (235, 225, 110), (125, 205, 110), (80, 200, 190), (110, 185, 245),
    (150, 140, 250), (215, 130, 225), (205, 205, 215),
)  # fmt: skip
HUES_16 = (9, 1, 11, 10, 14, 12, 4, 13, 15)
ZERO = "·"
GUTTER = 3  # columns for the rows' numbers
Cell = tuple[int, int]


def draw(sheet: Sheet, image: Image, kernel: Kernel, corner: Cell, cell: Cell, hidden: bool) -> None:
    """The matrix for the pixels under 3×3 cells of the map from `corner` on; `cell` is the cursor's."""
    form = _form(image, kernel, corner)
    local = cell[0] - corner[0], cell[1] - corner[1]
    crop = _crop(image, form, corner)
    results = [[window(crop, kernel, _centre(kernel, (i, j))).result for j in range(form.output[1])]
               for i in range(form.output[0])]  # fmt: skip
    words = _words(form, crop, corner, local, hidden, sheet.width)
    top = 2 if sheet.height > form.shape[0] + 2 else 1
    sheet.put(0, 0, f"row {form.number(local)} of {form.shape[0]} makes cell {cell[0]},{cell[1]}", "title")
    room = sheet.width - GUTTER - 1 - max(parts.widest(tuple(map(tuple, results))), 4)
    wide = _entry_width(form, room)
    if top == 2:
        _pixels(sheet, crop, wide, cell=local, form=form)
    shown = _shown_rows(sheet.height - top - min(len(words), max(sheet.height // 4, 0)), form.number(local), form)
    for line, row in enumerate(shown):
        _row(sheet, top + line, form, divmod(row, form.output[1]), local, wide)
        _result(sheet, top + line, results, divmod(row, form.output[1]), local, GUTTER + wide * form.shape[1], hidden)
    if len(shown) < form.shape[0]:
        sheet.leave_out("some of the rows")
    end = _write(sheet, top + len(shown), words, form)
    if sheet.height - end > len(image) // 2 and sheet.width >= len(image[0]):
        _picture(sheet, end + 1, image, form, corner, local)


def hue(tie: int, sight: Sight) -> int | RGB:
    """The colour of everything that is tied to one weight."""
    if sight.depth == "16":
        return HUES_16[tie % len(HUES_16)]
    colour = HUES[tie % len(HUES)]
    return nearest_256(colour) if sight.depth == "256" else colour


def entry_style(tie: int, lit: bool, sight: Sight) -> Style:
    """A filled entry's look: its hue, as the ground where its row is lit."""
    if sight.depth == "none":
        return Paint(bold=lit, reverse=lit)
    dark = 0 if sight.depth == "16" else 16 if sight.depth == "256" else (0, 0, 0)
    if lit:
        return Paint(dark, hue(tie, sight))
    return Paint(None, None, bold=True) if sight.light else Paint(hue(tie, sight))


def _form(image: Image, kernel: Kernel, corner: Cell) -> MatrixForm:
    height = min(kernel.height + 2, len(image) - corner[0])
    return MatrixForm(height, min(kernel.width + 2, len(image[0]) - corner[1]), kernel)


def _crop(image: Image, form: MatrixForm, corner: Cell) -> Rows:
    return tuple(tuple(image[corner[0] + row][corner[1] : corner[1] + form.width]) for row in range(form.height))


def _centre(kernel: Kernel, cell: Cell) -> Cell:
    return cell[0] + kernel.centre[0], cell[1] + kernel.centre[1]


def _entry_width(form: MatrixForm, room: int) -> int:
    """Columns for an entry: enough for pixels and weights if they fit, else one, for letters."""
    least = parts.widest(form.kernel.rows)
    return next((wide for wide in (4, 3, 2) if wide > least - 1 and wide * form.shape[1] <= room), 1)


def _pixels(sheet: Sheet, crop: Rows, wide: int, *, cell: Cell, form: MatrixForm) -> None:
    """The pixels as one line over the columns, in their shades, with their values where there is room."""
    flat = [value for row in crop for value in row]
    sheet.put(1, 0, "px", "dim")
    for column, value in enumerate(flat):
        words = number(value).rjust(wide) if wide == 4 else " " * wide
        if sheet.sight.depth == "none" and wide < 4:
            scale = grey()
            words = scale.ramp.characters[round(scale.place(value) * (len(scale.ramp.characters) - 1))].rjust(wide)
        sheet.put(1, GUTTER + column * wide, words, parts.tint(grey(), value, sheet.sight))
    sheet.put(1, GUTTER + len(flat) * wide + 1, "sum", "dim")


def _shown_rows(room: int, row: int, form: MatrixForm) -> range:
    count = min(max(room, 1), form.shape[0])
    first = parts.around(row, count, form.shape[0])
    return range(first, first + count)


def _row(sheet: Sheet, line: int, form: MatrixForm, cell: Cell, cursor: Cell, wide: int) -> None:
    lit = cell == cursor
    sheet.put(line, 0, f"{'›' if lit else ' '}{form.number(cell)}"[:GUTTER], "mark" if lit else "dim")
    zero = ZERO if wide == 1 else "0"
    for column in range(form.shape[1]):
        sheet.put(line, GUTTER + column * wide, zero.rjust(wide), "shade" if lit else "dim")
    for entry in form.row(cell):
        words = LETTERS[entry.tie] if wide == 1 else number(entry.weight).rjust(wide)
        sheet.put(line, GUTTER + entry.column * wide, words, entry_style(entry.tie, lit, sheet.sight))


def _result(
    sheet: Sheet, line: int, results: list[list[int | float]], cell: Cell, cursor: Cell, column: int, hidden: bool
) -> None:
    words = "?" if hidden else number(results[cell[0]][cell[1]])
    sheet.put(line, column, f"={words}", "strong" if cell == cursor else "dim")


def _words(form: MatrixForm, crop: Rows, corner: Cell, cell: Cell, hidden: bool, width: int) -> list[str]:
    """The row in words. A line that begins with `|` is about a row of the kernel (`_write` colours it)."""
    found = window(crop, form.kernel, _centre(form.kernel, cell))
    row = form.row(cell)
    across = form.kernel.width
    groups = [row[i : i + across] for i in range(0, len(row), across)]
    ranges = ", ".join(_span(group[0].column, group[-1].column) for group in groups)
    lines = textwrap.wrap(f"Filled: columns {ranges}; all else is zero.", max(width, 12))
    for group in groups:
        pixels = " ".join(f"({entry.pixel[0] + corner[0]},{entry.pixel[1] + corner[1]})" for entry in group)
        lines.append(f"|{group[0].tie}|{pixels}")
    last = "the window's sum is the same" + ("" if hidden else f": {number(found.result)}")
    return [*lines, *written_out(found, width, hidden), *textwrap.wrap(last, max(width, 12))]


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _write(sheet: Sheet, row: int, words: list[str], form: MatrixForm) -> int:
    """The words below the matrix, as many as fit: with each row of the kernel its letters in their hues;
    returns the row after them."""
    room = max(sheet.height - row, 0)
    if len(words) > room:
        sheet.leave_out("some of the row's arithmetic")
    for line in words[:room]:
        if line.startswith("|"):
            _, first, pixels = line.split("|")
            _weights(sheet, row, form.kernel, int(first), pixels)
        else:
            sheet.put(row, 0, line)
        row += 1
    return row


def _picture(sheet: Sheet, row: int, image: Image, form: MatrixForm, corner: Cell, cell: Cell) -> None:
    """The picture with the pixels that the columns stand for, and among them those under the window."""
    marks = {(corner[0] + i, corner[1] + j): 0.25 for i in range(form.height) for j in range(form.width)}
    marks |= {(corner[0] + entry.pixel[0], corner[1] + entry.pixel[1]): 0.6 for entry in form.row(cell)}
    sheet.picture(row, 0, image, grey(), marks)


def _weights(sheet: Sheet, row: int, kernel: Kernel, first: int, pixels: str) -> None:
    column = 0
    for i, weight in enumerate(kernel.rows[first // kernel.width]):
        column = sheet.put(row, column, LETTERS[first + i], entry_style(first + i, True, sheet.sight))
        column = sheet.put(row, column, f"={number(weight)} ".ljust(4))
    sheet.put(row, column, f"× {pixels}", "dim")
