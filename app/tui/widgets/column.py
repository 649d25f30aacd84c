"""The left column: shows one content, scrolled to where the reader is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.tui import pages
from fastai_tui.app.tui.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from fastai_tui.app.tui.sheet import Sheet


class Column(Canvas, can_focus=True):
    """Draws a `pages.Content`. While it asks a question it has the focus, and takes the keys that answer it."""

    def __init__(self) -> None:
        super().__init__(id="column")
        self.content: pages.Content = pages.Prose("")
        self.top = 0
        self.asked: list[tuple[bool, str]] = []

    def tasks(self, asked: Sequence[tuple[bool, str]]) -> None:
        """What the step asks, shown under its text where there is room: whether it is done, and its words."""
        if [*asked] != self.asked:
            self.asked = [*asked]
            self.redraw()

    def show(self, content: pages.Content) -> None:
        """Show something else, from its beginning; the same question with another answer stays where it is."""
        if not (isinstance(content, pages.Asking) and isinstance(self.content, pages.Asking)):
            self.top = 0
        self.content = content
        if isinstance(content, pages.Hinting):
            self.top = self._end
        self.redraw()

    @property
    def more(self) -> bool:
        """Is there text below what is seen?"""
        return self.top < self._end

    def scroll_page(self, direction: int) -> bool:
        """Go a screenful up or down; False where there is nothing more that way."""
        top = min(max(self.top + direction * max(self.size.height - 1, 1), 0), self._end)
        moved, self.top = top != self.top, top
        self.redraw()
        return moved

    def draw(self, sheet: Sheet) -> None:
        margin = 1 if sheet.width > 12 else 0
        self.top = min(self.top, self._end)
        for row, pieces in enumerate(self._lines[self.top : self.top + sheet.height]):
            sheet.spans(row, margin, pieces)
        if self.more:
            sheet.put(sheet.height - 1, sheet.width - 2, "▼", "accent")
        if self.top:
            sheet.put(0, sheet.width - 2, "▲", "accent")
        self._draw_list(sheet, margin)

    def _draw_list(self, sheet: Sheet, margin: int) -> None:
        lines = pages.todo(self.asked, self.size.width - 2) if self.asked else []
        top = len(self._lines) + 2
        if isinstance(self.content, pages.Prose) and lines and top + len(lines) <= sheet.height:
            for row, pieces in enumerate(lines, top):
                sheet.spans(row, margin, pieces)

    @property
    def _lines(self) -> list[pages.Pieces]:
        return pages.lines(self.content, self.size.width - 2)

    @property
    def _end(self) -> int:
        return max(len(self._lines) - max(self.size.height, 1), 0)

    def on_key(self, event: events.Key) -> None:
        if isinstance(self.content, pages.Asking) and self.content.takes(event.key, event.character):
            event.stop()
            event.prevent_default()
            self.show(self.content.press(event.key, event.character))
