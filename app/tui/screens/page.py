"""A page: a heading, lines that scroll or can be chosen from, a sentence when there is one to say, and the key line."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from fastai_tui.app.text import fit, width
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.widgets.keyline import KeyLine
from fastai_tui.app.tui.widgets.rows import Row, Rows, wrapped

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

    from fastai_tui.app.tui.sheet import Role, Sheet


class Head(Canvas):
    """The top line."""

    def __init__(self, page: Page) -> None:
        super().__init__(id="title")
        self.page = page

    def draw(self, sheet: Sheet) -> None:
        sheet.fill(0, 0, sheet.width, 1, "shade")
        left, right = self.page.heading()
        at = sheet.put(0, 1, fit(left, max(sheet.width - 2, 0)).rstrip(), "shade") if left else 1
        if right and at + width(right) + 2 < sheet.width:
            sheet.put(0, sheet.width - width(right) - 1, right, "shade")


class Note(Canvas):
    """A sentence above the key line, which is not there while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(id="note")
        self.sentence, self.mood = "", "accent"
        self.styles.height = 0

    def say(self, sentence: str, mood: Role = "accent") -> None:
        """Say something, or with "" nothing any more."""
        self.sentence, self.mood = sentence, mood
        self.styles.height = len(wrapped(sentence, max(self.app.size.width - 2, 1))[:4])
        self.redraw()

    def draw(self, sheet: Sheet) -> None:
        sheet.put_lines(0, 1, wrapped(self.sentence, max(sheet.width - 2, 1)), self.mood)  # type: ignore[arg-type]


class Page(Screen[None]):
    """A full screen of lines; a subclass says what they are (`heading`, `rows`) and what choosing does (`picked`)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]
    AUTO_FOCUS = "#rows"
    OPENS = True  # does choosing open something, or only change it?
    DEFAULT_CSS = """
    Page { layout: vertical; overflow: hidden; }
    Page Canvas { width: 100%; height: 1fr; }
    Page #title, Page #keys { height: 1; }
    """

    class Open(Message):
        """The learner wants to go to a step (the first or where they were, if `step` is "")."""

        def __init__(self, chapter: str, step: str = "") -> None:
            super().__init__()
            self.chapter, self.step = chapter, step

    class Term(Message):
        """The learner wants to know what a term of the glossary means."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__()
        self.lines = Rows(self)
        self.note = Note()

    def compose(self) -> ComposeResult:
        yield Head(self)
        yield from self.above()
        yield self.lines
        yield self.note
        yield KeyLine()

    def above(self) -> Sequence[Widget]:
        """What stands between the heading and the lines."""
        return ()

    @property
    def reading(self) -> bool:
        """Is this a text to be read from its beginning, rather than a list?"""
        return False

    def heading(self) -> tuple[str, str]:
        """The top line: what this is, and something on the right."""
        raise NotImplementedError

    def rows(self, room: int) -> list[Row]:
        """The lines, wrapped to `room` cells."""
        raise NotImplementedError

    def picked(self, pick: Hashable) -> None:
        """Enter was pressed on something."""

    def moved(self, pick: Hashable) -> None:
        """Something else is chosen."""

    def stepped(self) -> bool:
        """An arrow key was pressed in the list: has the page acted on it itself?"""
        return False

    def mark(self, sheet: Sheet, at: int, row: Row) -> None:
        """Make the chosen row at line `at` of the list stand out."""
        sheet.fill(at, 1, sheet.width - 3, 1, "cursor")
        sheet.spans(at, 1, [(words, "cursor") for words, _ in row.pieces])

    def say(self, sentence: str, mood: Role = "accent") -> None:
        """Say something in the line above the keys."""
        self.note.say(sentence, mood)

    def on_rows_picked(self, message: Rows.Picked) -> None:
        self.picked(message.pick)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self.moved(message.pick)

    def leave(self) -> bool:
        """Close this page; False if it is closed already: a quick second key may come while it is on its way out, and
        Textual would close whatever is on top."""
        if self.app.screen is not self:
            return False
        self.dismiss()
        return True

    def action_back(self) -> None:
        self.leave()


class Overlay(Page):
    """A page that covers only the lower part of the screen that it is laid over, as much as its lines need."""

    def on_mount(self) -> None:
        self.styles.background = "transparent"
        self.styles.align_vertical = "bottom"
        self._fit()

    def on_resize(self, event: events.Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        across, down = self.app.size
        need = len(self.rows(max(across - 3, 1)))
        self.lines.styles.height = max(min(need, down - 2 - len(wrapped(self.note.sentence, across - 2)[:4])), 1)

    def say(self, sentence: str, mood: Role = "accent") -> None:
        super().say(sentence, mood)
        self._fit()
