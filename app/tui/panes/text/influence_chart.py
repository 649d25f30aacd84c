"""Influence by distance as a chart of cells: bars on a logarithmic scale, and what is read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.halfblocks import amount
from fastai_tui.app.tui.panes.common import text_rows
from fastai_tui.engine.expectations import reach, strength

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sheet

DECADES = 4.0  # powers of ten from the strongest influence to what is shown as none
LOG = amount(1)
LABEL = 9  # columns of the axis
FIELD = 4  # columns of a bar at the most


def columns(norms: Sequence[float], width: int) -> list[tuple[int, float]]:
    """Bars by distance for so many columns, as (cells, influence): several cells wide while there is room, or each the
    strongest of several distances where there is not."""
    if not norms or width <= 0:
        return []
    each = -(-len(norms) // width)
    cells = min(max(width // len(norms), 1), FIELD)
    return [(cells, max(norms[i : i + each])) for i in range(0, len(norms), each)]


def column_of(distance: int, count: int, width: int) -> int:
    """The last column of a distance's bar, from 0."""
    each = -(-count // width)
    return (distance - 1) // each * min(max(width // count, 1), FIELD) + (min(max(width // count, 1), FIELD) - 1)


def draw(sheet: Sheet, area: Area, name: str, norms: Sequence[float], count: int, window: int) -> None:
    """Bars for `count` distances, with the window's end and how far most of it reaches."""
    if not any(norms) or area.width < LABEL + FIELD:
        return
    rows, strongest, column = area.height - 1, max(norms), LABEL
    for cells, norm in columns(norms[:count], area.width - LABEL):
        for cell in range(cells - (cells > 2)):
            text_rows.bar(sheet, area.row, column + cell, rows, LOG, strength(norm, strongest, DECADES))
        column += cells
    _labels(sheet, area, rows, name)
    _axis(sheet, area, count, reach(norms), window)


def _labels(sheet: Sheet, area: Area, rows: int, name: str) -> None:
    """The powers of ten at the left."""
    for row, power in ((0, 0), (rows // 2, int(DECADES) // 2)):
        words = "1" if not power else f"1/{10**power:,}"
        sheet.put(area.row + row, 0, f"{words:>{LABEL - 1}}", "dim")
    if rows >= 2:
        sheet.put(area.row + rows - 1, 0, f"{f'1/{10 ** int(DECADES):,}':>{LABEL - 1}}", "dim")
    if name:
        sheet.put(area.row, max(area.width - len(name), LABEL), name, "accent")


def _axis(sheet: Sheet, area: Area, count: int, most: int, window: int) -> None:
    """Distances below the bars: the first, the last, and the one that holds most; and where the window ends."""
    row, wide = area.below - 1, area.width - LABEL
    sheet.put(row, 0, f"{'back':>{LABEL - 1}}", "dim")
    sheet.put(row, LABEL, "1", "dim")
    said = f"{'▲' if sheet.sight.unicode else '^'}{most}: 90 %"
    at = min(LABEL + column_of(min(most, count), count, wide), area.width - len(said))
    last = str(count)
    end = LABEL + column_of(count, count, wide) + 1 - len(last)
    if end > at + len(said):
        sheet.put(row, end, last, "dim")
    sheet.put(row, at, said, "good")
    if window and window < count:
        _window(sheet, area, LABEL + column_of(window, count, wide) + 1, window)


def _window(sheet: Sheet, area: Area, edge: int, window: int) -> None:
    for up in range(area.height - 1):
        sheet.put(area.row + up, edge, "│", "warn")
    said = f" the window ends: {window}"
    if edge + 1 + len(said) <= area.width:
        sheet.put(area.row + (area.height - 1) // 2, edge + 1, said, "warn")
