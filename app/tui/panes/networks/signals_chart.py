"""Sizes layer by layer as bars on a logarithmic scale, beside those of another network; a cross is no number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.halfblocks import amount
from fastai_tui.app.tui.panes.common import text_rows

if TYPE_CHECKING:
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.signal_sizes import Sizes

LABEL = 6  # columns of the axis
FIELD = 4  # columns of a layer at the most
LEAST = 2  # rows of a chart: bars, and the layers' numbers
SHARE = amount(1)


@dataclass(frozen=True)
class Decades:
    """The powers of ten at a chart's foot and top."""

    low: int
    high: int

    def share(self, size: float) -> float:
        """How much of the height a size takes; nought takes none."""
        return (math.log10(size) - self.low) / (self.high - self.low) if size > 0 else 0.0


def decades(*shown: Sizes) -> Decades:
    """The powers of ten around all the sizes: at least two, with 1 among them."""
    logs = [math.log10(size) for sizes in shown for size in sizes if size]
    low, high = math.floor(min(logs, default=0) - 0.2), math.ceil(max(logs, default=0) + 0.05)
    return Decades(min(low, -1), max(high, 1))


def window(layers: int, width: int, at: int) -> range:
    """The layers that there are columns for, the one at the cursor among them."""
    shown = min(layers, max(width, 1))
    first = min(max(at - shown // 2, 0), layers - shown)
    return range(first, first + shown)


def draw(sheet: Sheet, area: Area, sizes: Sizes, beside: Sizes, at: int) -> None:
    """The bars of `sizes`, those of another network `beside` them where there are columns for both, and an axis with
    the layers' numbers. The cursor is at the layer `at`, from 0."""
    rows, wide = area.height - 1, area.width - LABEL
    if rows < 1 or wide < 1:
        return
    ends, shown = decades(sizes, beside), window(len(sizes), wide, at)
    if len(shown) < len(sizes):
        sheet.leave_out("some of the layers")
    each = min(wide // len(shown), FIELD)
    if beside and each == 1:
        sheet.leave_out("the bars before")
    _scale(sheet, area._replace(height=rows), ends, each * len(shown))
    for place, layer in enumerate(shown):
        column = area.column + LABEL + place * each
        if beside and each > 1 and layer < len(beside):
            _beside(sheet, area.row, column + max(each - 2, 1), rows, ends, beside[layer])
        for cell in range(max(each - 2, 1)):
            _bar(sheet, area.row, column + cell, rows, ends, sizes[layer])
    _axis(sheet, area, shown, each, at)


def _bar(sheet: Sheet, row: int, column: int, rows: int, ends: Decades, size: float | None) -> None:
    if size is None:
        sheet.fill(row, column, 1, rows, "bad", "×")
    else:
        text_rows.bar(sheet, row, column, rows, SHARE, ends.share(size), "accent")


def _beside(sheet: Sheet, row: int, column: int, rows: int, ends: Decades, size: float | None) -> None:
    """Whole cells that colours do not have to tell from the others."""
    high = rows if size is None else max(round(ends.share(size) * rows), int(size > 0))
    sheet.fill(row + rows - high, column, 1, high, "plain", "×" if size is None else "░")


def _scale(sheet: Sheet, area: Area, ends: Decades, width: int) -> None:
    """The powers of ten, and a line at the size 1."""
    one = area.below - 1 - round(ends.share(1.0) * area.height - 0.5)
    if area.height > LEAST and area.row < one < area.below - 1:
        sheet.put(one, area.column, "1".rjust(LABEL - 1), "dim")
        sheet.put(one, area.column + LABEL, "·" * width, "dim")
    sheet.put(area.row, area.column, power(ends.high).rjust(LABEL - 1), "dim")
    if area.height > 1:
        sheet.put(area.below - 1, area.column, power(ends.low).rjust(LABEL - 1), "dim")


def _axis(sheet: Sheet, area: Area, shown: range, each: int, at: int) -> None:
    """The first layer's number, the last one's, and the cursor's under its mark."""
    row, start = area.below - 1, area.column + LABEL
    sheet.put(row, area.column, "layer".rjust(LABEL - 1), "dim")
    last, mark = str(shown.stop), f"{'▲' if sheet.sight.unicode else '^'}{at + 1}"
    column = start + (at - shown.start) * each
    column = min(column, area.right - len(mark))
    sheet.put(row, start, str(shown.start + 1), "dim")
    end = start + len(shown) * each - len(last)
    if end > start + 2:
        sheet.put(row, end, last, "dim")
    for near in (column - 1, column + len(mark)):
        if start <= near < area.right:
            sheet.put(row, near, " ")
    sheet.put(row, column, mark, "strong")


def power(of: int) -> str:
    """A power of ten in five columns."""
    return f"{10**of:g}" if -2 <= of <= 4 else f"1e{of}"
