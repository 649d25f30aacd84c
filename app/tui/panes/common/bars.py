"""Bars in eighths of a cell, upright and lying; what there is is never nothing to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet, Style

UP, RIGHT = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"


def upright(sheet: Sheet, top: int, column: int, high: int, share: float, style: Style) -> None:
    """A bar in one column of `high` rows, from the lowest of them up."""
    filled = _eighths(share, high)
    for row in range(high):
        here = min(max(filled - 8 * (high - 1 - row), 0), 8)
        if here:
            sheet.put(top + row, column, UP[here] if sheet.sight.unicode else "#" if here > 3 else ".", style)


def lying(sheet: Sheet, row: int, column: int, width: int, share: float, style: Style) -> None:
    """A bar in one row of `width` columns, from the left."""
    filled = _eighths(share, width)
    for at in range(width):
        here = min(max(filled - 8 * at, 0), 8)
        if here:
            sheet.put(row, column + at, RIGHT[here] if sheet.sight.unicode else "#" if here > 3 else "|", style)


def _eighths(share: float, cells: int) -> int:
    return max(round(min(share, 1.0) * cells * 8), 1) if share > 0 else 0
