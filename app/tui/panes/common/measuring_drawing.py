"""What panes in which something is measured draw alike: how far it has got, and what was measured before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.panes.common.run_picture import spoken

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet

ROOMY = 12  # rows from which there are empty lines between the parts


def head(sheet: Sheet, title: str, stage: str, trouble: str, most: int) -> int:
    """The title, and below it how far it has got, in so many lines at most; or the trouble, and nothing has room below
    that. Returns the row after them."""
    sheet.put(0, 0, fit(title, sheet.width), "dim")
    if trouble:
        lines = spoken(sheet, trouble, sheet.width, max(sheet.height - 1, 0), "bad")
    else:
        lines = spoken(sheet, stage, sheet.width, 1 if sheet.height < ROOMY else most, "strong")
    for row, (line, style) in enumerate(lines, 1):
        sheet.put(row, 0, line, style)
    return sheet.height if trouble else 1 + len(lines)


def table(sheet: Sheet, row: int, header: str, rows: Sequence[tuple[str, bool]]) -> None:
    """A line for each thing that was measured, the one of now marked; the newest where there is no room for all."""
    room = sheet.height - row - 1
    if room < 1:
        sheet.leave_out("what was measured before")
        return
    sheet.put(row, 0, fit(header, sheet.width), "dim")
    if len(rows) > room:
        sheet.leave_out("some of what was measured before")
    for i, (words, now) in enumerate(rows[-room:], 1):
        sheet.put(row + i, 0, fit(words, sheet.width), "accent" if now else "plain")
