"""What a rate finder's pane keeps for as long as the app is open: its curve, or that of each network it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training import finder_rungs
from fastai_tui.app.tui.panes.training.finder_rungs import KNOB, Found, Rungs

if TYPE_CHECKING:
    from fastai_tui.app.rate_finding import Finding
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.sweep import Sweep


class KeptCurvesPane(Pane):
    """`finding` is the curve in front, and `asked` what it was found with. In a step with a knob `model` each network
    has a curve of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "rung(1)", "network", tooltip="the next network, with its own curve"),
        Binding("K", "rung(-1)", "network before", show=False),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.rungs = Rungs()
        self.finding: Finding | None = None
        self.asked: tuple[Job, Sweep] | None = None
        left = self.services.memory.get(self.place)
        if names := finder_rungs.rungs_of(scene.step):
            self.rungs = finder_rungs.recalled(left, names)
            self.recall()
        elif left is not None:
            self.finding, self.asked = left

    @property
    def place(self) -> tuple[str, str]:
        """Where its curves are left when the learner leaves the step."""
        return self.scene.chapter, self.scene.step.id

    @property
    def rung(self) -> str:
        """The network in front, where several are compared."""
        return str(self.knobs.get(KNOB, next(iter(self.rungs.names), "")))

    def action_rung(self, by: int) -> None:
        self.post_message(self.Turn(KNOB, self.rungs.after(self.rung, by)))

    def recall(self) -> None:
        """Take the curve of the network in front, if it was found."""
        self.finding, self.asked = self.rungs.curves.get(self.rung) or (None, None)

    def remember(self) -> None:
        """Leave the curve where it is found again."""
        if self.finding is None or self.asked is None:
            return
        if self.rungs.names:
            self.rungs.curves[self.rung] = Found(self.finding, self.asked)
        self.services.memory[self.place] = dict(self.rungs.curves) if self.rungs.names else (self.finding, self.asked)

    def forget(self) -> None:
        """Forget the curve in front."""
        self.finding, self.asked = None, None
        self.rungs.curves.pop(self.rung, None)
        self.services.memory.pop(self.place, None)
        if self.rungs.curves:
            self.services.memory[self.place] = dict(self.rungs.curves)
