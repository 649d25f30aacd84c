"""What goes on between the layers of a run, over the whole screen: the other side of the run's own page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.networks.activations_view import ActivationsView
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.runs.store import RunStore

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.runs.run import Run

MOST_OTHERS = 50  # runs that may be laid beside: the newest


def steering_keys() -> list[Binding]:
    """The keys that steer the run, which its screen answers."""
    return [
        Binding("space", "screen.steer('pause')", "pause"),
        Binding("space", "screen.steer('resume')", "go on"),
        Binding("u", "screen.steer('stop')", "stop"),
        Binding("c", "screen.steer('continue')", "continue"),
    ]


class InsideView(ActivationsView):
    """Shows a run's activations; `say` is told what stands in the way of a second run."""

    KEYS = "Its activations"
    BINDINGS: ClassVar[list[BindingType]] = [*steering_keys()]
    REMEDY = "c continues it."

    def __init__(self, run: Run, say: Callable[[str], None]) -> None:
        super().__init__(id="inside")
        self.run, self.plotter, self.hidden = run, Plotter(self), frozenset()
        self.shot: Snapshot | None = None
        self.begin()
        self._say = say

    def show(self, shot: Snapshot) -> None:
        """Show a newer snapshot."""
        before, self.shot = self.shot, shot
        if before is not None and self.went_on(before, shot):
            self.another_run()
        self.redraw()
        self.news()

    def subject(self) -> Snapshot | None:
        return self.shot

    def others(self) -> list[Run]:
        assert self.run is not None
        experiment, folder = self.run.spec.job.experiment, self.run.path.parent
        alike = [run for run in RunStore(folder).runs() if run.spec.job.experiment == experiment]
        return alike[::-1][:MOST_OTHERS]

    def tell(self, sentence: str) -> None:
        self._say(sentence)

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()

    def draw(self, sheet: Sheet) -> None:
        if self.shot is not None:
            self.lay_out(sheet, self.shot)
