"""A line while it is typed, as it looks where it has the pane to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.halfblocks import amount
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import text_rows
from fastai_tui.app.tui.panes.common.text_rows import Shaded

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.typed import Typed
    from fastai_tui.app.tui.sheet import Sheet

ANY = "type a text; enter: done; ctrl+u: anew"


def draw(sheet: Sheet, line: Typed, words: str) -> int:
    """What it is for, in `words`, and below it the line around the cursor; returns the rows taken."""
    head = int(sheet.height > 1)
    if head:
        sheet.put(0, 0, fit(words, sheet.width), "accent")
    shaded = Shaded(line.text, (), amount(1), line.at, dict.fromkeys(range(len(line.text)), "field"))
    return head + text_rows.draw(sheet, Area(head, 0, sheet.width, max(sheet.height - head, 1)), shaded, best=0)
