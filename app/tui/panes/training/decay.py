"""The pane of weight decay: two weights under the same batches, once with coupled and once with decoupled decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.playing import PlayingPane
from fastai_tui.app.tui.panes.training import decay_drawing
from fastai_tui.app.tui.panes.training.decay_drawing import Decay

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.decay import Mode, Opt
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

RATE, WD = 0.05, 0.03
LONGEST = 200  # batches


class DecayPane(PlayingPane):
    """Both ways are computed anew from the start, with the knobs as they stand, up to the batch `self.steps`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "undo", "back", show=False),
        Binding("right", "step", "step", show=False),
        Binding("home", "begin", "to the start", show=False),
        Binding("end", "finish", "to the last step", show=False),
    ]

    WALKED = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        steps = self.option("steps")
        self.steps = steps if type(steps) is int and 0 <= steps <= LONGEST else 0

    @property
    def decay(self) -> Decay:
        """Everything that is drawn."""
        opt: Opt = "sgd" if self.knobs.get("opt") == "sgd" else "adam"
        mode: Mode = "coupled" if self.knobs.get("mode") == "coupled" else "decoupled"
        rate, wd = self.knob("rate", RATE, 0.0, 1.0), self.knob("wd", WD, 0.0, 1.0)
        return Decay(self.steps, rate, wd, opt, mode, self.hidden)

    # What it says of itself

    def measured(self) -> Measured:
        decay = self.decay
        large, small = decay.ends[decay.mode]
        found: dict[str, float | str] = {
            "steps": self.steps,
            "large": large.value,
            "small": small.value,
            "mode": decay.mode,
            "opt": decay.opt,
            "wd": decay.wd,
            "rate": decay.rate,
        }
        return found if decay.secret else {**found, "apart": decay.apart}  # nobody has seen what is not shown

    def kept(self) -> State:
        return {"steps": self.steps}

    def sentence(self) -> str:
        return decay_drawing.sentence(self.decay)

    def code(self) -> str:
        return self.scene.step.code or "engine.decay:step"

    # Steps

    @property
    def begun(self) -> bool:
        return self.steps > 0

    @property
    def over(self) -> bool:
        return self.steps >= LONGEST

    def ended(self) -> str:
        return f"{LONGEST} batches are all: u goes back, z begins anew; the knobs work on."

    def advance(self) -> None:
        self.steps += 1

    def retreat(self) -> None:
        self.steps -= 1

    def restart(self) -> None:
        self.steps = 0

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        decay_drawing.draw(sheet, self.decay)
