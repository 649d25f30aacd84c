"""The pane of influence: how far back characters have a say in what a network expects at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.playing import one_of
from fastai_tui.app.tui.panes.text import influence_drawing
from fastai_tui.app.tui.panes.text.foreseeing import ForeseeingPane
from fastai_tui.app.tui.panes.text.influence_drawing import Shown, by_distance
from fastai_tui.app.writing import EMBEDDED
from fastai_tui.engine.expectations import Influence, farthest, mean_places, reach, shares

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

VIEWS = ("here", "mean")
MODES = ("came", "likeliest")


class InfluencePane(ForeseeingPane[Influence]):
    """The gradient of ln p at the cursor, of the character that came or of the likeliest, by every character before it;
    or its mean by distance, over many places of the text."""

    REQUEST = "influence"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "here/mean", tooltip="at the cursor, or the mean over many places"),
        Binding("m", "mode", "came/likeliest", tooltip="the probability of what came, or of the likeliest"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("e", "k", "v", "m")

    def __init__(self, scene: Scene) -> None:
        self.view, self.mode = VIEWS[0], MODES[0]
        self.recent: dict[str, tuple[tuple[str, str, str], Influence]] = {}  # the newest, by network, and of what
        super().__init__(scene)
        self.view, self.mode = one_of(VIEWS, self.option("view")), one_of(MODES, self.option("mode"))
        if "at" not in scene.kept:
            self.at = len(self.text)
            self.visited.clear()
            self.settle()

    # What is asked

    @property
    def places(self) -> list[int]:
        """Where predictions are looked at."""
        return [self.at] if self.view == "here" else mean_places(len(self.text))

    def about(self) -> Hashable:
        return self.mode, tuple(self.places)

    def arguments(self) -> dict[str, Any]:
        return {"places": self.places, "likeliest": self.mode == "likeliest"}

    def received(self, answer: object) -> Influence:
        return msgspec.convert(answer, Influence)

    # What it says of itself

    def _take(self, key: tuple[str, str, Hashable], answer: object) -> None:
        super()._take(key, answer)
        self.recent[key[0]] = (key[1], self.view, self.mode), self.answers[key]

    def _recent(self, source: str) -> Influence | None:
        """What is known of another place, until the lab has answered: else everything would flicker at every key."""
        about, found = self.recent.get(source, (None, None))
        return found if about == (self.text, self.view, self.mode) else None

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        compared = bool(self.other) and self.other != self.source
        return Shown(
            self.text,
            self.at,
            self.answer or (self._recent(self.source) if self.waits else None),
            self.of_other() or (self._recent(self.other) if compared else None),
            self.line,
            self.hidden,
            self.trouble,
            waits=self.waits,
            view=self.view,
        )

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "character": self.at + 1,
            "letter": self.letter,
            "view": self.view,
            "mode": self.mode,
            "typed": self.typed,
            "visited": len(self.visited),
            "networks": len({key[0] for key in self.answers}),
            "source": EMBEDDED if self.source == EMBEDDED else "run",
        }
        if (answer := self.answer) is not None:
            norms = by_distance(answer, self.view)
            found |= {
                "reach": reach(norms),
                "nearest": next(iter(shares(norms)), 0.0),
                "farthest": farthest(norms),
                "window": answer.window,
            }
        if (other := self.of_other()) is not None:
            found["reach_beside"] = reach(by_distance(other, self.view))
        return found

    def kept(self) -> State:
        return {**super().kept(), "view": self.view, "mode": self.mode}

    def sentence(self) -> str:
        return influence_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.influence:predictions"

    # Keys

    def action_view(self) -> None:
        self.view = VIEWS[1 - VIEWS.index(self.view)]
        self._other_question()

    def action_mode(self) -> None:
        self.mode = MODES[1 - MODES.index(self.mode)]
        self._other_question()

    def _other_question(self) -> None:
        self.trouble = ""
        self.inquire()
        self.changed()

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        influence_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))
