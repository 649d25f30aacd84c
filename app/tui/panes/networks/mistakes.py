"""The pane of what a network gets wrong: the most confident mistakes first, one by one or all together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.inside import InsidePane
from fastai_tui.app.tui.panes.networks import mistakes_drawing as drawing
from fastai_tui.app.tui.panes.networks import mistakes_images
from fastai_tui.app.tui.panes.networks.mistakes_drawing import VIEWS, Mistakes

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MIXED = frozenset({"mixed", "mixed_truth", "mixed_prediction"})
MOST = 100  # mistakes that are asked for; their pixels take 300 kB


class MistakesPane(InsidePane):
    """The arrows go through the mistakes, v from one to all of them and to the confusion matrix."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "move(1)", "mistake", tooltip="choose a mistake"),
        Binding("left", "move(-1)", "mistake", tooltip="choose a mistake"),
        Binding("down", "row(1)", "mistake", tooltip="choose a mistake"),
        Binding("up", "row(-1)", "mistake", tooltip="choose a mistake"),
        Binding("home", "move(-999)", "the most confident mistake", show=False),
        Binding("end", "move(999)", "the least confident one", show=False),
        Binding("v", "view", "one, all, matrix", tooltip="one of them, all of them, the confusion matrix"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        at, seen, view = (scene.kept.get(name) for name in ("at", "seen", "view"))
        self.at = at if isinstance(at, int) and 0 <= at < MOST else 0
        self.seen = {n for n in seen if isinstance(n, int) and n >= 0} if isinstance(seen, list) else set()
        self.view = view if isinstance(view, str) and view in VIEWS else VIEWS[0]
        self.known: Mistakes | None = None
        self.columns = 1

    # What it says of itself

    def measured(self) -> Measured:
        found: dict[str, float | str] = {"seen": len(self.seen), "view": self.view}
        if self.known is None:
            return found
        found |= {"wrong": self.known.wrong, "total": self.known.total}
        one = self.known.one(self.at)
        if not self.known.of_digits and (most := mistakes_images.mixed(self.known)) is not None:
            found |= {"mixed": most.images, "mixed_truth": most.truth, "mixed_prediction": most.prediction}
        return found | ({"truth": one.truth, "prediction": one.prediction} if one else {})

    def kept(self) -> State:
        seen: list[int | float | str] = [*sorted(self.seen)[:1000]]
        return {"at": self.at, "seen": seen, "view": self.view}

    def sentence(self) -> str:
        if self.known is None:
            return self.nothing_yet()
        return drawing.in_words(self.known, self.at, hidden="wrong" in self.hidden)

    def command(self) -> Sequence[str]:
        return ("show", self.run.id) if self.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.mistakes:answer"

    # Asking

    def forget_run(self) -> None:
        self.known, self.trouble = None, ""

    def look(self) -> None:
        if self.run is not None and self.is_mounted:
            self.ask_lab("mistakes", self._take, run=self.run.id, most=MOST)

    def _take(self, answer: dict[str, Any]) -> None:
        if self.run is not None and answer["run"] == self.run.id:
            self.known = drawing.mistakes(answer)
            self._go(self.at)

    # Keys

    def _go(self, to: int) -> None:
        """Look at another mistake."""
        if self.known is not None:
            self.at = min(max(to, 0), max(len(self.known.shown) - 1, 0))
            if one := self.known.one(self.at):
                self.seen.add(one.index)
        elif self.run is not None:  # it is gone to once the lab has told
            self.at = min(max(to, 0), MOST - 1)

    def action_move(self, by: int) -> None:
        self._go(self.at + by)
        self.changed()

    def action_row(self, by: int) -> None:
        self.action_move(by * self.columns)

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.changed()

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        if self.known is None:
            self.draw_nothing(sheet)
        else:
            self.pulse.beat(False)
            hidden, covered = "wrong" in self.hidden, bool(MIXED & self.hidden)
            self.columns = drawing.draw(sheet, self.known, self.at, self.view, hidden=hidden, covered=covered)
