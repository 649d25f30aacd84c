"""How far getting a data set is: in words, and as lines below a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import duration, fit
from fastai_tui.app.tui.panes.common.run_picture import bar, spoken

if TYPE_CHECKING:
    from fastai_tui.app.getting import Getting
    from fastai_tui.app.tui.sheet import Role, Sheet

MEGA = 1e6
MOST = 8  # lines of a message below the picture


def stage(getting: Getting) -> str:
    """How far it is."""
    progress = getting.progress
    if progress is None:
        return "its server is asked"
    if getting.unpacks:
        return "it is verified and unpacked"
    return f"{share(getting):.0%}" if progress.total else f"{progress.done / MEGA:.1f} MB"


def share(getting: Getting) -> float:
    """How much of it has arrived, 0 to 1."""
    progress = getting.progress
    return progress.done / progress.total if progress and progress.total else 0.0


def on_its_way(getting: Getting | None, name: str) -> str:
    """What becomes of getting the set `name`, in a sentence; "" where nobody gets it."""
    if getting is None:
        return ""
    return getting.trouble or f"{name} is on its way: {stage(getting)}."


def below(sheet: Sheet, getting: Getting | None, name: str) -> list[tuple[str, Role]]:
    """Lines below the picture: how far getting it is, or what stood in the way."""
    if getting is None or (getting.ended and not getting.trouble):
        return []
    if getting.ended:
        low = sheet.height < MOST + 2
        words = f"{name} was not fetched. {getting.trouble.rpartition('. ')[2]}" if low else getting.trouble
        most = sheet.height if low else min(MOST, sheet.height // 2)
        return spoken(sheet, words, sheet.width, most, "plain" if getting.stopped else "bad")
    return [(_progress(getting, name, sheet.width), "accent")]


def _progress(getting: Getting, name: str, width: int) -> str:
    """The words of the progress bar, as many as there is room for."""
    progress = getting.progress
    if progress is None or getting.unpacks or not progress.total:
        return f"{name}: {stage(getting)} …"
    left = duration((progress.total - progress.done) / progress.speed, tenths=False) if progress.speed else ""
    parts = [
        f"{share(getting):.0%}",
        f" of {progress.total / MEGA:.0f} MB",
        f", {progress.speed / MEGA:.1f} MB/s",
        f", {left} left" if left else "",
    ]
    words = parts[0]
    for part in parts[1:]:
        if len(words) + len(part) <= width - 12:
            words += part
    return words


def put(sheet: Sheet, page: Sheet, lines: list[tuple[str, Role]], getting: Getting | None) -> None:
    """The page, and below it the lines; while something arrives, a bar."""
    for row, cells in enumerate(page.rows):
        sheet.rows[row] = cells
    for words in page.left_out:
        sheet.leave_out(words)
    arrives = getting is not None and not getting.ended and not getting.unpacks and share(getting) > 0
    for i, (words, style) in enumerate(lines):
        if arrives and getting is not None:
            bar(sheet, page.height + i, 0, sheet.width, share(getting), words)
        else:
            sheet.put(page.height + i, 0, fit(words, sheet.width), style)
