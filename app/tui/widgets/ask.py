"""The line that asks: the next question or goal, or what has just happened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.tasks import Task

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

READ_FOR, SAID_FOR = 1.0, 12.0  # a sentence stays this long at least, and at most


class AskLine(Canvas):
    """Draws a `Task`; a sentence said lies over it until the next key after a while."""

    def __init__(self) -> None:
        super().__init__(id="ask")
        self.asks = Task("done", "")
        self.said = ""
        self.mood: Role = "accent"
        self._said_at = 0.0

    def on_mount(self) -> None:
        self.set_interval(SAID_FOR / 4, self.hush)

    def show(self, task: Task) -> None:
        """Ask something else. Over an open question nothing is said any more: the line tells the keys."""
        if task != self.asks:
            self.asks = task
            if task.kind == "answer":
                self.said = ""
            self.redraw()

    def say(self, sentence: str, mood: Role = "accent") -> None:
        """Say something instead, for a while, or until `say("")`."""
        self._said_at = time.monotonic()
        if (sentence, mood) != (self.said, self.mood):
            self.said, self.mood = sentence, mood
            self.redraw()

    def hush(self, at_least: float = SAID_FOR) -> None:
        """Take a sentence away that has been there for so many seconds."""
        if time.monotonic() - self._said_at > at_least:
            self.say("")

    def draw(self, sheet: Sheet) -> None:
        if self.said:
            if self.mood == "good":  # a bar across the screen: something has been reached
                sheet.fill(0, 0, sheet.width, 1, "cursor")
            sheet.put(0, 1, fit(self.said, sheet.width - 2), "cursor" if self.mood == "good" else self.mood)
            return
        mark, style, words = self._words()
        count = f" {self.asks.number}/{self.asks.of}" if self.asks.number and self.asks.of > 1 else ""
        if len(words) + len(count) + 4 > sheet.width:  # the words come first
            count = ""
        at = sheet.put(0, 1, f"{mark}{count} ", style)
        sheet.put(0, at, fit(words, sheet.width - at - 1), "strong")

    def _words(self) -> tuple[str, Role, str]:
        match self.asks.kind:
            case "question":
                return "?", "accent", f"enter: predict · {self.asks.words}"
            case "answer":
                return "?", "accent", "enter: this is my prediction · esc: back to the text"
            case "goal":
                return "◎", "accent", self.asks.words
            case "read":
                return "›", "accent", self.asks.words
        return "✓", "good", self.asks.words
