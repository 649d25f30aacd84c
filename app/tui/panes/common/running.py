"""What all panes around a run of the step's own have in common: its job, and the keys that start and steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.once import Once
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Value


class RunPane(Pane):
    """Trains with the knobs' values; `ours` is the newest run's snapshot, `job` what space would train next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "train", "train", tooltip="train, with what the knobs say"),
        Binding("space", "steer('pause')", "pause", tooltip="pause the run"),
        Binding("space", "steer('resume')", "go on", tooltip="go on with the run"),
        Binding("p", "steer('resume_ended')", "continue", tooltip="go on with this run from its last checkpoint"),
        Binding("u", "steer('stop')", "stop", tooltip="stop the run"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "p", "u")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.plotter = Plotter(self)
        self.job: Job | None = None
        self.trouble = ""  # why nothing can be trained with these settings
        self.once = Once()

    def on_mount(self) -> None:
        super().on_mount()
        self.order()

    def turned(self, knob: str, value: Value) -> None:
        self.order()
        self.changed()

    def order(self) -> None:
        """Make the job anew."""
        try:
            self.job, self.trouble = orders.job_of(self.scene.step, self.knobs), ""
        except FastaiTuiError as error:
            self.job, self.trouble = None, str(error)

    @property
    def ours(self) -> Snapshot | None:
        """The run's snapshot, if it is one of this step's experiment."""
        run = self.scene.step.run
        return self.shot if self.shot is not None and run and self.shot.experiment == run.experiment else None

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = (self.shot.run, self.shot.phase, bool(self.shot.step)) if self.shot else None
        super().follow(run, shot, runs)
        if before != ((shot.run, shot.phase, bool(shot.step)) if shot else None):
            self.once.forget()
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        shot = self.ours
        live = shot is not None and (shot.live or shot.phase == "new")
        if action == "train":
            return not live
        if action == "steer":
            phase = shot.phase if shot else ""
            if parameters[0] == "resume_ended":
                return shot is not None and bool(shot.step) and shot.ended and phase != "finished"
            wanted = {"pause": ("running",), "resume": ("paused",), "stop": ("running", "paused", "queued")}
            return live and phase in wanted.get(str(parameters[0]), ())
        return True

    def action_train(self) -> None:
        if self.trouble:
            self.say(self.trouble)
        elif self.once.first("train"):
            self.post_message(self.Train())
            self.redraw()

    def action_steer(self, do: str) -> None:
        if self.once.first(do):
            self.post_message(self.Steer(do.removesuffix("_ended")))
            if do == "stop":
                self.say("Stopping: the run writes a checkpoint first.")

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()
