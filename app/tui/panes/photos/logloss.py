"""The pane of what being wrong costs, and being sure of it: log-loss beside accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingInsidePane
from fastai_tui.app.tui.panes.common.inside_training import InsideTrainingPane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.photos import logloss_drawing
from fastai_tui.app.tui.panes.photos.logloss_shown import LEAST, MOST, SECRETS, VIEWS, Shown
from fastai_tui.engine import logloss
from fastai_tui.engine.logloss import COOLEST, DOGS, HOTTEST, Heated

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

KNOBS = {"one": "probability", "temperature": "temperature", "constant": "constant"}
USUAL = {"probability": 0.4, "temperature": 1.0, "constant": 0.5}
BOUNDS = {"probability": (LEAST, MOST), "temperature": (COOLEST, HOTTEST), "constant": (0.01, 0.99)}
NUDGE, WARMER, APART = 0.25, 1.05, 0.01  # of the log-odds, of the temperature (as a factor), of the constant


class LoglossPane(AskingInsidePane, InsideTrainingPane):
    """Each view has a number that the arrows and its knob turn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", "less", tooltip="a lower number"),
        Binding("right", "turn(1)", "more", tooltip="a higher number"),
        Binding("down", "turn(-1)", "less", show=False),
        Binding("up", "turn(1)", "more", show=False),
        Binding("home", "end(0)", "lowest", show=False),
        Binding("end", "end(1)", "highest", show=False),
        Binding("v", "view", "view", tooltip="one answer, a run at a temperature, or always the same answer"),
        Binding("f", "best", "best", tooltip="the number with the lowest loss"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", "f", "space", "u")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.view = one_of(VIEWS, self.option("view"))
        self.views = whole(scene.kept.get("views"), 2 ** len(VIEWS) - 1)
        self.heated: Heated | None = None
        self._stale = False
        self._best_wanted = False

    def on_mount(self) -> None:
        super().on_mount()
        self._show(self.view)

    # The numbers

    def value(self, name: str) -> float:
        """A knob's number, within its bounds."""
        found, (low, high) = self.knobs.get(name), BOUNDS[name]
        good = isinstance(found, (int, float)) and math.isfinite(found)
        return min(max(float(found), low), high) if good else USUAL[name]  # type: ignore[arg-type]

    def turned(self, knob: str, value: Value) -> None:
        view = next((view for view, name in KNOBS.items() if name == knob), self.view)
        self._show(view)
        super().turned(knob, value)

    def _turn(self, value: float) -> None:
        """Give the view's number another value."""
        name = KNOBS[self.view]
        low, high = BOUNDS[name]
        self.knobs[name] = min(max(value, low), high)
        self.post_message(self.Turn(name, self.knobs[name]))
        self.serve_anew()
        self.changed()

    # The lab

    @property
    def missing(self) -> bool:
        """Has the lab to be asked? Only for what the view shows."""
        known = self.heated
        there = not self._stale and known is not None and known.temperature == self.value("temperature")
        return self.view == "temperature" and not there

    def look(self) -> None:
        self._stale, self.trouble = True, ""
        self.serve_anew()

    def forget_run(self) -> None:
        self.heated, self.trouble = None, ""

    async def ask_next(self) -> None:
        """Ask what the run loses at this temperature."""
        if self.run is None:
            return
        run, temperature, self._stale = self.run.id, self.value("temperature"), False
        answer = await self.services.lab.ask("heated", topic="heated", run=run, temperature=temperature)
        if self.run is not None and self.run.id == run and self.is_attached:
            self._heard(msgspec.convert(answer, Heated))

    def _heard(self, heated: Heated) -> None:
        self.heated = heated
        if self._best_wanted:
            self.action_best()
        self.changed()

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(
            self.view,
            self.value("probability"),
            self.value("temperature"),
            self.value("constant"),
            self.heated,
            "" if self.heated else self.nothing_yet(),
            self.hidden,
        )

    def measured(self) -> Measured:
        shown = self.shown
        found: dict[str, float | str] = {
            "view": shown.view,
            "views": self.views.bit_count(),
            "probability": shown.probability,
            "one_loss": shown.costs[-1],
            "mean_loss": logloss.mean(shown.costs),
            "share": logloss.right(shown.probability),
            "temperature": shown.temperature,
            "constant": shown.constant,
            "constant_loss": logloss.constant(shown.constant),
            "entropy": logloss.entropy(),
        }
        if self.heated is not None:
            found["best_temperature"] = self.heated.best
        if (known := shown.now) is not None:
            found |= {"run_loss": known.loss, "run_accuracy": known.accuracy}
        return found

    def kept(self) -> State:
        return {"view": self.view, "views": self.views}

    def sentence(self) -> str:
        return logloss_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.logloss:cost"

    # Keys

    def _show(self, view: str) -> None:
        self.view = view
        self.views |= 1 << VIEWS.index(view)
        self.serve_anew()

    def action_view(self) -> None:
        self._show(VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)])
        self.post_message(self.Turn(KNOBS[self.view], self.value(KNOBS[self.view])))  # so that + and - turn it, too
        self.changed()

    def action_turn(self, by: int) -> None:
        value = self.value(KNOBS[self.view])
        if self.view == "one":
            odds = math.log(value / (1 - value)) + by * NUDGE
            self._turn(round(1 / (1 + math.exp(-odds)), 4))
        else:
            self._turn(round(value * WARMER**by if self.view == "temperature" else value + by * APART, 4))

    def action_end(self, which: int) -> None:
        self._turn(BOUNDS[KNOBS[self.view]][which])

    def action_best(self) -> None:
        """Where the loss is lowest; once the lab has told, if it has yet to."""
        self._best_wanted = False
        if SECRETS[self.view] in self.hidden and self.view != "one":
            self.say("Where that is is yours to predict first.")
        elif self.view == "one":
            self._turn(MOST)
        elif self.view == "constant":
            self._turn(DOGS)
        elif self.heated is not None:
            self._turn(round(self.heated.best, 3))
        elif self.run is None or self.trouble:
            self.say(self.nothing_yet())
        else:
            self._best_wanted = True

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        waits = shown.view == "temperature" and self.run is not None and not self.trouble and shown.now is None
        self.pulse.beat(waits)
        logloss_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode) if waits else "")
