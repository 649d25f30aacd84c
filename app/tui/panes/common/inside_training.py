"""A pane that looks inside the network of a run, and trains one where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.once import Once
from fastai_tui.app.tui.panes.common.inside import InsidePane

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.runs.run import Run


class InsideTrainingPane(InsidePane):
    """Space trains the step's run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "train", "train", tooltip="train the step's run"),
        Binding("u", "stop", "stop", tooltip="stop the run"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._once = Once()

    @property
    def trains(self) -> bool:
        """Is a run under way?"""
        return self.shot is not None and (self.shot.live or self.shot.phase == "new")

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.trains, self.run
        super().follow(run, shot, runs)
        if (self.trains, self.run) != before:
            self._once.forget()
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "train":
            return not self.trains
        if action == "stop":
            return self.shot is not None and self.shot.live
        return super().check_action(action, parameters)

    def action_train(self) -> None:
        if self._once.first("train"):
            self.post_message(self.Train())

    def action_stop(self) -> None:
        if self._once.first("stop"):
            self.post_message(self.Steer("stop"))

    def nothing_yet(self) -> str:
        if self.run is None:
            return "No network has been trained yet: space trains the one of this step, which takes seconds."
        return super().nothing_yet()
