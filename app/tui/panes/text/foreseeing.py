"""A pane that asks what networks make of the learner's text, and keeps the answers, so that two can be compared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType

from fastai_tui.app import writing
from fastai_tui.app.tui.panes.common import text_rows
from fastai_tui.app.tui.panes.common.letters import named
from fastai_tui.app.tui.panes.text.reading import ReadingPane
from fastai_tui.engine.manner import Manner

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from fastai_tui.app.tui.services import Scene

Answer = TypeVar("Answer")


class ForeseeingPane(ReadingPane, Generic[Answer]):
    """The cursor stands before what is foreseen, so that its last place is after the text. A subclass says what is
    asked (`REQUEST`, `arguments`, `about`) and what the answer is (`received`)."""

    REQUEST: ClassVar[str] = ""
    MOST_KEPT: ClassVar[int] = 500  # answers
    TEXT: ClassVar[str] = "the return value of a function is the same as the value of its last expression."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "line(1)", "line below", show=False),
        Binding("up", "line(-1)", "line above", show=False),
    ]

    def __init__(self, scene: Scene) -> None:
        self.answers: dict[tuple[str, str, Hashable], Answer] = {}
        self.last, self.other = "", ""  # the network that reads, and the one that did so before it
        self.waits, self._asked = False, ""
        super().__init__(scene)
        if not self.given:
            self.given = self.TEXT
            self.text = self.text or self.given
            self.settle()

    # What a subclass says

    def arguments(self) -> dict[str, Any]:
        """What is asked besides network and text."""
        return {}

    def about(self) -> Hashable:
        """What the answer depends on besides network and text."""
        return None

    def received(self, answer: object) -> Answer:
        """The lab's answer. Raises `msgspec.ValidationError` for nonsense."""
        raise NotImplementedError

    # Which place

    def settle(self) -> None:
        self.at = min(max(self.at, 0), len(self.text))
        self.visited.add(self.at)

    @property
    def letter(self) -> str:
        """What came at the cursor, as a word; none after the text."""
        return named(self.text[self.at]) if self.at < len(self.text) else ""

    # Answers

    @property
    def waiting(self) -> bool:
        return self.answer is None and not self.trouble

    def key(self, source: str = "") -> tuple[str, str, Hashable]:
        """What an answer that is looked for is kept by."""
        return source or self.source, self.text, self.about()

    @property
    def answer(self) -> Answer | None:
        """What is known of the network that reads now."""
        return self.answers.get(self.key())

    def of_other(self) -> Answer | None:
        """The same of the network that was looked at before."""
        return self.answers.get(self.key(self.other)) if self.other and self.other != self.source else None

    def inquire(self) -> None:
        if self.source != self.last:
            self.last, self.other = self.source, self.last
        wanted = next((key for key in (self.key(), self.key(self.other or "")) if key not in self.answers), None)
        if wanted is None or not self.is_attached or (self.trouble and wanted[0] == self.source):
            self.waits = False
            return
        self._ask(wanted[0])

    def _ask(self, source: str) -> None:
        self.waits, self._asked = source == self.source, source
        key = self.key(source)
        self.ask_lab(self.REQUEST, partial(self._take, key), source=source, text=self.text, **self.arguments())

    def _take(self, key: tuple[str, str, Hashable], answer: object) -> None:
        while len(self.answers) >= self.MOST_KEPT:
            del self.answers[next(iter(self.answers))]
        self.answers[key] = self.received(answer)
        self.waits = False
        self.inquire()
        self.catch_up()

    def refused(self, sentence: str) -> None:
        self.waits = False
        if self._asked and self._asked == self.other != self.source:  # it is gone: there is nothing to compare with
            self.other = ""
            self.redraw()
            return
        super().refused(sentence)

    # What the screen tells it

    def look(self) -> None:
        """The run has got on: what it foresaw is known no longer, but shown until there is news."""
        if self.run is None:
            return
        mine, now = self.run.id, self.key()
        self.answers = {key: found for key, found in self.answers.items() if key[0] != mine or key == now}
        self.trouble = ""
        if self.source == mine and self.is_attached:
            self._ask(mine)

    # Keys

    def take(self, text: str) -> None:
        """The cursor goes after a new text: what is foreseen there comes of all of it."""
        if text != self.text:
            self.at = len(text)
        super().take(text)

    def command(self) -> Sequence[str]:
        return writing.arguments(self.source, self.text[: self.at], 1, Manner(greedy=True))

    def action_go(self, by: int) -> None:
        self.trouble = ""
        super().action_go(by)

    def action_line(self, by: int) -> None:
        self.action_go(text_rows.moved(self.text, self.size.width, self.at, by) - self.at)
