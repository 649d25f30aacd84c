"""The table of a study: a row for every combination, and below it a strip with every seed's result and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app import ablation
from fastai_tui.app.text import duration, fit
from fastai_tui.engine.ablation.findings import judged_by

if TYPE_CHECKING:
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.panes.ladder.ablation_drawing import Shown
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.ablation.table import CellResult, Spread

STRIPS = 10  # rows of a page from which strips are worth theirs
MARGIN = 2  # columns before a strip
COLUMNS = {"accuracy": 16, "loss": 16, "seconds": 9}  # how wide a measure is


def rows_needed(shown: Shown) -> int:
    """Rows that the whole table takes, with strips if there is something in them."""
    many = len(shown.books.rows)
    return 1 + many * (2 if _striped(shown) else 1) + (1 if _striped(shown) else 0)


def _striped(shown: Shown) -> bool:
    return shown.means_told and any(row.measures for row in shown.books.rows)


def draw(sheet: Sheet, area: Area, shown: Shown) -> None:
    """As much of it as finds room, the row at the cursor in any case."""
    rows = shown.books.rows
    striped = _striped(shown) and area.height >= min(rows_needed(shown), STRIPS)
    high = 2 if striped else 1
    room = max((area.height - 1 - (1 if striped else 0)) // high, 1)
    first = min(max(shown.row - room + 1, 0), max(len(rows) - room, 0))
    names = _measures(shown, area.width)
    broad = area.width - sum(COLUMNS.get(name, 16) for name in names) - 6
    _heading(sheet, area, broad, names)
    ends = _ends(shown) if striped else None
    for i, row in enumerate(rows[first : first + room]):
        at = area.row + 1 + i * high
        _row(sheet, at, shown, row, broad, names, here=first + i == shown.row)
        if ends:
            _strip(sheet, at + 1, area.width, shown, row, ends)
    if ends:
        below = area.row + 1 + high * len(rows[first : first + room])
        low, top = (f"{value:.4g}" for value in ends)
        sheet.put(below, MARGIN, low, "dim")
        sheet.put(below, area.width - len(top), top, "dim")
        words = f"{judged_by(rows)}: ● a seed, │ their mean"
        if area.width - MARGIN - len(low) - len(top) >= len(words) + 4:
            sheet.put(below, (area.width - len(words)) // 2, words, "dim")
    if len(rows) > room:
        sheet.leave_out("more combinations")


def _measures(shown: Shown, width: int) -> list[str]:
    """The columns there is room for, the one that cells are judged by first."""
    judged = judged_by(shown.books.rows) or "accuracy"
    label = max((len(shown.books.label(row.cell)) for row in shown.books.rows), default=4)
    found, left = [judged], width - 6 - COLUMNS.get(judged, 16) - min(label + 2, 30)
    for name in ("loss", "seconds"):
        if name != judged and left >= COLUMNS[name]:
            found.append(name)
            left -= COLUMNS[name]
    return found


def _heading(sheet: Sheet, area: Area, broad: int, names: list[str]) -> None:
    column = sheet.put(area.row, area.column, " " * max(broad, 0), "dim")
    column = sheet.put(area.row, column, "  runs", "dim")
    for name in names:
        column = sheet.put(area.row, column, name.rjust(COLUMNS.get(name, 16)), "dim")


def _row(sheet: Sheet, at: int, shown: Shown, row: CellResult, broad: int, names: list[str], *, here: bool) -> None:
    books = shown.books
    label = books.label(row.cell)
    guessed = label == shown.guess
    mark = ("●" if shown.sure else "○") if guessed else " "
    room = max(broad - 2, 1)
    words = label if len(label) <= room else ablation.cell_name(books.study, row.cell)
    best = books.lead is not None and books.lead.best == row.cell and books.lead.gap > 0 and shown.told
    style: Role = "cursor" if here else "good" if best else "plain"
    column = sheet.put(at, 0, f"{mark} ", "accent")
    words = fit(words, min(len(words), room))
    sheet.put(at, column, words, style)
    column += room
    done = row.finished + row.diverged
    column = sheet.put(at, column, f"{done}/{row.asked}".rjust(6), "plain" if done < row.asked else "dim")
    for name in names:
        text = _value(name, row.measures.get(name), shown)
        if row.diverged and not row.measures:
            text = "diverged"
        column = sheet.put(at, column, text.rjust(COLUMNS.get(name, 16)), "strong" if best else "plain")


def _value(name: str, found: Spread | None, shown: Shown) -> str:
    """Mean and deviation."""
    if found is None:
        return ""
    if name == "seconds":
        return duration(found.mean)
    if not shown.means_told:
        return "?"
    deviation = "" if found.deviation is None else f" ±{found.deviation:.4f}" if shown.spread_told else " ±?"
    return f"{found.mean:.4f}{deviation}"


def _ends(shown: Shown) -> tuple[float, float]:
    """The strips' ends: all seeds' results are between them."""
    judged = judged_by(shown.books.rows)
    values = [value for row in shown.books.rows for value in shown.books.values(row.cell, judged)]
    low, top = min(values), max(values)
    return (low, top) if top > low else (low - 0.01, top + 0.01)


def _strip(sheet: Sheet, at: int, width: int, shown: Shown, row: CellResult, ends: tuple[float, float]) -> None:
    """Every seed's result in its place, and their mean."""
    judged = judged_by(shown.books.rows)
    wide = width - MARGIN
    sheet.put(at, MARGIN, ("·" if sheet.sight.unicode else ".") * wide, "dim")

    def place(value: float) -> int:
        return MARGIN + round((value - ends[0]) / (ends[1] - ends[0]) * (wide - 1))

    seeds = {place(value) for value in shown.books.values(row.cell, judged)} if shown.spread_told else set()
    for column in seeds:
        sheet.put(at, column, "●", "accent")
    if judged in row.measures:
        mean = place(row.measures[judged].mean)
        sheet.put(at, mean, "┼" if mean in seeds else "│", "strong")
