"""The runs that the recipe's lines may be ticked off for: all those of its experiments, wherever they were started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.tui.panes.ladder.rung_runs import MOST, RungRuns
from fastai_tui.lessons import recipe

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.engine.runs.store import RunStore


class RecipeRuns(RungRuns):
    """Reads the runs' folders rather than the chapter's list: long runs are started in a terminal of their own."""

    def __init__(self, store: RunStore) -> None:
        super().__init__(store)
        self._place = store

    def look(self) -> None:
        """Find out which runs there are, and what they were asked to do."""
        names = [path.name for path in self._place.folders()]
        self.listed = tuple(name for name in names if name.partition("-")[2] in recipe.EXPERIMENTS)[-MOST:]
        self.learn()

    def of(self, data: str) -> tuple[Snapshot, ...]:
        """What is known of the runs on these data, the oldest first."""
        return tuple(self.shots[run] for run in self._on(data) if run in self.shots)

    def unread(self, data: str, followed: str) -> list[str]:
        """Of those the ones that have to be read: unknown, or still going and not `followed` by others."""
        shots = self.shots
        return [run for run in self._on(data) if run not in shots or (not shots[run].ended and run != followed)]

    def _on(self, data: str) -> list[str]:
        return [run for run, job in self.known().items() if job.data == data]
