"""The whole matrix of a convolution, folded to fit, with the cursor's row lit, and that row laid out as a picture."""

from __future__ import annotations

import textwrap

from fastai_tui.app.convolution import number, total
from fastai_tui.app.halfblocks import grey, signed
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.sheet import Sheet, Style
from fastai_tui.engine.convolution import Image, Number, Window, window
from fastai_tui.engine.matrix_form import MatrixForm

COUNTS = 14  # columns for the counts beside the matrix
ROW_LIT, ENTRY_LIT = 0.45, 1.0
Cell = tuple[int, int]


def draw(sheet: Sheet, image: Image, form: MatrixForm, cell: Cell, hidden: bool) -> None:
    """The matrix, its counts, the row of `cell`, and that row times the pixels (`hidden` leaves the result out)."""
    title = f"row {form.number(cell)} of {form.shape[0]} makes cell {cell[0]},{cell[1]}"
    sheet.put(0, 0, title, "title")
    words = _words(image, form, cell, hidden, sheet.width)
    below = min(len(words), max(sheet.height - 8, 1 if sheet.height > 4 else 0))
    room = max(sheet.height - 1 - below, 1)
    beside = form.width if sheet.width >= 70 and room >= (form.height + 1) // 2 else 0
    down, width = _matrix(sheet, form, cell, room, sheet.width - COUNTS - 1 - (beside + 2 if beside else 0))
    _counts(sheet, form, width + 1, room, (down, width))
    if beside:
        _as_picture(sheet, form, cell, width + COUNTS + 2)
    else:
        sheet.leave_out("the row as a picture")
    end = max((down + 1) // 2, (form.height + 1) // 2 if beside else 0) + 2
    sheet.put_lines(min(sheet.height - below, end), 0, words[:below])
    if below < len(words):
        sheet.leave_out("the row's product")


def _matrix(sheet: Sheet, form: MatrixForm, cell: Cell, height: int, width: int) -> Cell:
    """The folded matrix, as large as there is room for with square pieces; returns how many (rows, columns) of them."""
    rows, columns = form.shape
    down = min(2 * height, rows)
    across = min(max(round(down * columns / rows), 1), max(width, 1), columns)
    down = min(down, max(round(across * rows / columns), 1))
    density = form.density(down, across)
    line = form.number(cell) * down // rows
    marks = {(line, column): ROW_LIT for column in range(across)}
    marks |= {(line, entry.column * across // columns): ENTRY_LIT for entry in form.row(cell)}
    sheet.picture(1, 0, density, grey(0, max(map(max, density))), marks)
    return down, across


def _counts(sheet: Sheet, form: MatrixForm, column: int, room: int, folded: Cell) -> None:
    rows, columns = form.shape
    piece = f"{rows / folded[0]:.0f}×{columns / folded[1]:.0f}"
    share = 100 * (1 - form.filled / form.entries)
    lines: list[tuple[str, Style]] = [
        (f"{rows}×{columns}", "strong"),
        (f"{form.entries:,}", "plain"),
        ("entries", "dim"),
        (f"{form.filled:,}", "plain"),
        ("filled, by", "dim"),
        (f"{form.ties} weights", "strong"),
        (f"{share:.1f} % are", "plain"),
        ("always zero", "dim"),
        (f"a dot: {piece}", "dim"),
    ]
    if room < len(lines):
        sheet.leave_out("some of the counts")
    for row, (words, style) in enumerate(lines[:room]):
        sheet.put(1 + row, column, words, style)


def _as_picture(sheet: Sheet, form: MatrixForm, cell: Cell, column: int) -> None:
    """The row's entries put back where their pixels are: the kernel, lying where the window is."""
    laid: list[list[Number]] = [[0] * form.width for _ in range(form.height)]
    for entry in form.row(cell):
        laid[entry.pixel[0]][entry.pixel[1]] = entry.weight
    sheet.put(0, column, f"the row as {form.height}×{form.width}"[: form.width], "dim")
    marks = {entry.pixel: ROW_LIT for entry in form.row(cell) if not entry.weight}
    sheet.picture(1, column, laid, signed(parts.largest(form.kernel.rows)), marks)


def _words(image: Image, form: MatrixForm, cell: Cell, hidden: bool, width: int) -> list[str]:
    """The row in words: its columns, its product with the pixels, and what the window says."""
    row = form.row(cell)
    groups = [row[i : i + form.kernel.width] for i in range(0, len(row), form.kernel.width)]
    columns = ", ".join(" ".join(str(entry.column) for entry in group) for group in groups)
    found = _window(image, form, cell)
    product = written_out(found, width, hidden)
    last = "The window's sum is the same." if hidden else f"The window's sum is the same: {number(found.result)}."
    if product_differs(form.product(cell, image), found.result):
        last = f"The window's sum is {number(found.result)}: they differ."
    wide = max(width, 12)
    return [*textwrap.wrap(f"Filled: columns {columns}.", wide), *product, *textwrap.wrap(last, wide)]


def product_differs(product: Number, result: Number) -> bool:
    """Are the row's product and the window's sum more apart than rounding explains?"""
    return abs(product - result) > 1e-9 * max(abs(product), abs(result), 1)


def written_out(found: Window, width: int, hidden: bool) -> list[str]:
    """`row · pixels = 0 − 3 …  = 762`, in lines of at most `width`."""
    lines = total(found, width)
    if hidden:
        lines[-1] = lines[-1][: -len(number(found.result))] + "?"
    return [lines[0].replace("sum =", "row·pixels =", 1) if len(lines[0]) + 7 <= width else lines[0], *lines[1:]]


def _window(image: Image, form: MatrixForm, cell: Cell) -> Window:
    return window(image, form.kernel, (cell[0] + form.kernel.centre[0], cell[1] + form.kernel.centre[1]))
