"""One window's arithmetic, drawn: patch × kernel = products, their sum, and how much that is for this kernel."""

from __future__ import annotations

from typing import NamedTuple

from fastai_tui.app.convolution import number, total
from fastai_tui.app.halfblocks import Scale, grey, signed
from fastai_tui.app.tui.layout import Area, Frame, Need
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.sheet import Sheet, Style
from fastai_tui.engine.convolution import Kernel, Rows, Window
from fastai_tui.lessons import kernels

# Room for the arithmetic: all of it beside the picture; the gauge beside and the blocks below; or all of it below
NEEDS = (Need(40, 0), Need(11, 4), Need(0, 6))
HIDDEN = "?"
WRITTEN = 2  # lines that a sum of nine written out takes at most where it is narrow


class Sum(NamedTuple):
    """What is to be drawn: a window, its kernel, and whether the sum may be shown yet."""

    window: Window
    kernel: Kernel
    hidden: bool = False

    @property
    def word(self) -> str:
        """The sum, or the mark in its place."""
        return HIDDEN if self.hidden else number(self.window.result)

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.kernel.name or "own kernel"


def draw(sheet: Sheet, frame: Frame | None, sum_: Sum, notes: list[str]) -> Area:
    """The arithmetic in the room that the frame leaves (without one, on all of the sheet), `notes` with its name;
    returns the room that is left under it."""
    if frame is None:
        sheet.leave_out("the picture")
        return _under(sheet, Area(0, 0, sheet.width, sheet.height), sum_, notes)
    if frame.need == 0:
        return _column(sheet, frame.beside, sum_, notes)
    if frame.need == 1:
        _side(sheet, frame.beside, sum_, notes)
        blocks(sheet, frame.below, sum_)
        under = frame.below.row + sum_.kernel.height + 1
        row = _written(sheet, frame.below, under + (frame.below.below - under > WRITTEN), sum_)
        return _rest(frame.below, row)
    return _under(sheet, frame.below, sum_, notes)


def blocks(sheet: Sheet, area: Area, sum_: Sum) -> int:
    """Patch × kernel = products, each with its heading, side by side; returns the columns they took."""
    window, kernel = sum_.window, sum_.kernel
    trio: list[tuple[str, Rows, Scale]] = [
        ("patch", window.patch, grey()),
        ("kernel", kernel.rows, signed(parts.largest(kernel.rows))),
        ("products", window.products, signed(255 * parts.largest(kernel.rows))),
    ]
    cells = [parts.widest(rows) + 1 for _, rows, _ in trio]
    cells[0] = max(cells[0], 4)  # a patch of noughts is as wide as one of 255s: nothing jumps under the cursor
    cells[2] = max(cells[2], 5)
    taken = sum(cell * kernel.width for cell in cells)
    gap = min(max((area.width - taken) // 2, 0), 3)
    column = area.column
    for i, ((title, rows, scale), cell) in enumerate(zip(trio, cells, strict=True)):
        if column + cell * kernel.width > area.right or kernel.height >= area.height:
            sheet.leave_out(f"the {title}")
            continue
        sheet.put(area.row, column + 1, title[: cell * kernel.width], "dim")
        parts.block(sheet, area.row + 1, column, rows, scale, cell)
        column += cell * kernel.width
        if i < 2:
            sheet.put(area.row + 1 + kernel.height // 2, column, "×="[i].rjust(gap // 2 + 1)[:gap], "dim")
            column += gap
    return column - area.column


def _title(sum_: Sum) -> list[tuple[str, Style]]:
    row, column = sum_.window.at
    return [(sum_.name, "title"), (f" at ({row},{column}): ", "plain"), (sum_.word, "strong")]


def _side(sheet: Sheet, area: Area, sum_: Sum, notes: list[str]) -> None:
    """Beside the picture: the name, the place, the sum, and the gauge under them."""
    row = sheet.put_lines(area.row, area.column, [sum_.name[: area.width]], "title")
    row = sheet.put_lines(row, area.column, [f"at ({sum_.window.at[0]},{sum_.window.at[1]})"])
    sheet.spans(row, area.column, [("sum ", "plain"), (sum_.word, "strong")])
    row = sheet.put_lines(row + 1, area.column, [note[: area.width] for note in notes], "dim")
    if row + 3 <= area.below:
        low, high = kernels.reach(sum_.kernel)
        room = Area(row + 1, area.column, area.width, area.below - row - 1)
        parts.gauge(sheet, room, None if sum_.hidden else sum_.window.result, low, high)


def _column(sheet: Sheet, area: Area, sum_: Sum, notes: list[str]) -> Area:
    """All of it in a column: title, what the kernel looks for, blocks, the sum written out, the gauge."""
    sheet.spans(area.row, area.column, _title(sum_))
    about = [kernels.ABOUT[sum_.kernel.name]] if sum_.kernel.name in kernels.ABOUT else []
    row = sheet.put_lines(area.row + 1, area.column, [*about, *notes], "dim") + 1
    blocks(sheet, Area(row, area.column, area.width, area.below - row), sum_)
    row = _written(sheet, area, row + sum_.kernel.height + 2, sum_) + 1
    if row + 2 <= area.below:
        _gauge_across(sheet, Area(row, area.column, area.width, 2), sum_)
    return _rest(area, row + 3)


def _under(sheet: Sheet, area: Area, sum_: Sum, notes: list[str]) -> Area:
    """All of it under the picture: blocks with the title to their right (or else above them), then the gauge."""
    room = area
    if area.width < 56:
        sheet.spans(area.row, area.column, _title(sum_))
        room = Area(area.row + 1, area.column, area.width, area.height - 1)
    right = blocks(sheet, room, sum_) + 2
    if room is area:
        sheet.put(area.row, right, sum_.name[: area.width - right], "title")
        sheet.put(area.row + 1, right, f"at ({sum_.window.at[0]},{sum_.window.at[1]})")
        sheet.spans(area.row + 2, right, [("sum ", "plain"), (sum_.word, "strong")])
        sheet.put(area.row + 3, right, notes[0][: area.width - right], "dim")
    row = room.row + sum_.kernel.height + 1
    if row < area.below:
        _gauge_across(sheet, Area(row, area.column, area.width, 2), sum_)
    return _rest(area, _written(sheet, area, row + 3, sum_) + 1)


def _rest(area: Area, row: int) -> Area:
    return Area(row, area.column, area.width, max(area.below - row, 0))


def _written(sheet: Sheet, area: Area, row: int, sum_: Sum) -> int:
    """The sum written out, where there is room for it; returns the row after it."""
    lines = _written_out(sum_, area.width)
    return sheet.put_lines(row, area.column, lines) if row + len(lines) <= area.below else row


def _written_out(sum_: Sum, width: int) -> list[str]:
    window = sum_.window
    lines = total(window, width)
    if sum_.hidden:
        lines[-1] = lines[-1][: -len(number(window.result))] + HIDDEN
    return lines


def _gauge_across(sheet: Sheet, area: Area, sum_: Sum) -> None:
    low, high = kernels.reach(sum_.kernel)
    width = min(area.width, 60)
    value = None if sum_.hidden else sum_.window.result
    parts.gauge_across(sheet, Area(area.row, area.column, width, area.height), value, low, high)
