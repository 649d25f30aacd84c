"""The search: type, and see what the lessons and the glossary have on it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import fit, plural, width
from fastai_tui.app.tui.finding import MOST, Entry, Hit, Index, marked, words_of
from fastai_tui.app.tui.screens.page import Page, Row, wrapped
from fastai_tui.app.tui.widgets.field import Field

if TYPE_CHECKING:
    from textual.widget import Widget

    from fastai_tui.app.tui.sheet import Sheet, Style

__all__ = ["Index", "SearchScreen"]
ADVICE = (
    "Type what you look for: a term, or words from a title, a text or a question. "
    "Enter opens what is chosen, the arrow keys choose."
)


class SearchScreen(Page):
    """Posts `Page.Open` for a step or a chapter and `Page.Term` for a term, and closes itself."""

    KEYS = "Search"
    AUTO_FOCUS = "#field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "rows('move', -1)", "the one before", show=False),
        Binding("down", "rows('move', 1)", "the next", show=False),
        Binding("pageup", "rows('page', -1)", "a screenful up", show=False),
        Binding("pagedown", "rows('page', 1)", "a screenful down", show=False),
        Binding("enter", "pick", "open", priority=True),
    ]

    def __init__(self, index: Index) -> None:
        super().__init__()
        self.index = index
        self.words: list[str] = []
        self.hits: list[Hit] = []
        self.field = Field("a word or two")
        self.lines.can_focus = False

    def above(self) -> Sequence[Widget]:
        return [self.field]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.hits) if action == "pick" else True

    def heading(self) -> tuple[str, str]:
        count = f"{MOST} or more" if len(self.hits) >= MOST else plural(len(self.hits), "place")
        return "Search", count if self.words else ""

    def rows(self, room: int) -> list[Row]:
        if not self.words:
            return [Row([(line, "dim")]) for line in wrapped(ADVICE, room)]
        if not self.hits:
            words = f"Nothing has {' and '.join(self.words)} in it: try fewer words, or the beginning of one."
            return [Row([(line, "warn")]) for line in wrapped(words, room)]
        return [row for hit in self.hits for row in self._of_hit(hit, room)]

    def mark(self, sheet: Sheet, at: int, row: Row) -> None:
        """Only the title of what is chosen stands out: what was searched for has to be seen in the text."""
        if row.pieces[0][0].strip():
            super().mark(sheet, at, row)

    def picked(self, pick: Hashable) -> None:
        if not isinstance(pick, Entry):
            return
        message = self.Term(pick.title) if pick.kind == "term" else self.Open(pick.chapter, pick.step)
        app = self.app
        if self.leave():
            app.post_message(message)

    def on_input_changed(self, event: Field.Changed) -> None:
        self.words = words_of(event.value)
        self.hits = self.index.search(event.value)
        self.lines.pick = None
        self.lines.renew(top=True)
        self.query_one("#title").redraw()  # type: ignore[attr-defined]

    def action_pick(self) -> None:
        self.lines.action_pick()

    def action_rows(self, action: str, way: int) -> None:
        """Move in what was found, while the field keeps the keyboard."""
        (self.lines.action_move if action == "move" else self.lines.action_page)(way)

    def _of_hit(self, hit: Hit, room: int) -> list[Row]:
        entry = hit.entry
        where = entry.where if width(entry.title) + width(entry.where) + 2 <= room else ""
        gap = " " * max(room - width(entry.title) - width(where), 0)
        title = [*self._marked(fit(entry.title, min(width(entry.title), room)), "strong"), (gap + where, "dim")]
        text = fit(hit.snippet, max(room - 2, 1)).rstrip()
        return [Row(title, entry), Row([("  ", "plain"), *self._marked(text, "plain")], entry)]

    def _marked(self, text: str, style: Style) -> list[tuple[str, Style]]:
        return [(piece, "warn" if found else style) for piece, found in marked(text, self.words)]
