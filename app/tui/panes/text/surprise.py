"""The pane of surprise: how many nats every character of a text costs a network, and what it had expected instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.early import once_told
from fastai_tui.app.tui.panes.common.letters import named
from fastai_tui.app.tui.panes.common.playing import whole
from fastai_tui.app.tui.panes.text import surprise_drawing
from fastai_tui.app.tui.panes.text.foreseeing import ForeseeingPane
from fastai_tui.app.tui.panes.text.surprise_drawing import Shown
from fastai_tui.app.writing import EMBEDDED
from fastai_tui.engine.expectations import Surprise, surprising

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured

TOP, MOST_TOP = 20, 30  # likeliest characters that are asked for


class SurprisePane(ForeseeingPane[Surprise]):
    """At the cursor stands what was expected before the character came; after the text, what is expected next."""

    REQUEST = "surprise"
    MOST_KEPT = 20  # of half a megabyte
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "worst", "most surprising", tooltip="to the character that surprises the most; again: the next"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("f", "e", "k")

    hunt = 0  # which of the most surprising the cursor was sent to

    def arguments(self) -> dict[str, int]:
        return {"top": whole(self.option("top", TOP), MOST_TOP, 1)}

    def received(self, answer: object) -> Surprise:
        return msgspec.convert(answer, Surprise)

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(
            self.text, self.at, self.answer, self.of_other(), self.line, self.hidden, self.trouble, waits=self.waits
        )

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "character": self.at + 1,
            "letter": self.letter,
            "typed": self.typed,
            "visited": len(self.visited),
            "networks": len({key[0] for key in self.answers}),
            "source": EMBEDDED if self.source == EMBEDDED else "run",
        }
        answer = self.answer
        if answer is None:
            return found
        expected = answer.expected(self.at)
        found |= {"entropy": expected.entropy, "likeliest": expected.top[0].p, "guess": named(expected.top[0].text)}
        if answer.characters:
            found |= {"mean": answer.mean, "worst": answer.worst + 1}
        if self.at < len(answer.characters):
            found |= {"nats": answer.characters[self.at].nats, "rank": answer.characters[self.at].rank}
        return found

    def sentence(self) -> str:
        return surprise_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.surprise:expectations"

    @once_told
    def action_worst(self) -> None:
        """To the most surprising character, or from there to the one that is next in surprise."""
        answer = self.answer
        if answer is None or not answer.characters:
            return
        if {"worst", "nats"} & self.hidden:
            self.post_message(self.Said("Where it is surprised the most is yours to predict first."))
            return
        order = surprising(answer)
        self.hunt %= len(order)
        self.hunt = (self.hunt + 1) % len(order) if order[self.hunt] == self.at else 0
        self.action_go(order[self.hunt] - self.at)

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        surprise_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))
