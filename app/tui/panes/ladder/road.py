"""The pane of what twelve years changed: one small network, and in every row one more of the steps found since."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fastai_tui.app.tui.panes.ladder import rung_rows
from fastai_tui.app.tui.panes.ladder.rung_words import POINT
from fastai_tui.app.tui.panes.ladder.rungs import RungsPane
from fastai_tui.lessons import rungs

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.rungs import Rung


class RoadPane(RungsPane):
    """Arrows choose a step, space trains the network with that one and all before it."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("accuracy", "gain", "loss", "seconds")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._moved = "at" in scene.kept

    def rungs_on(self, data: str) -> tuple[Rung, ...]:
        return rungs.road(data)

    def title(self) -> str:
        return f"The road on {self.data}" if self.data else "The road"

    def action_move(self, by: int) -> None:
        self._moved = True
        super().action_move(by)

    def _looked(self) -> None:
        """As long as nobody chooses, the cursor waits at the next step that is to be trained."""
        missing = self.untrained()
        if not self._moved and missing and self._awaited.row < 0:
            self.at = missing[0]
        super()._looked()

    def measured(self) -> Measured:
        rows = self.rows
        gains = {rows[i].rung.name: value for i in range(len(rows)) if (value := rung_rows.gain(rows, i)) is not None}
        last = next((row for row in reversed(rows) if row.trained), rows[0])
        best = max(gains, key=lambda name: gains[name]) if gains else None
        found: dict[str, float | str | None] = {
            "added": rung_rows.added(rows),
            "whole": int(all(row.trained or row.rung.closed for row in rows)),
            "best": best,
            "best_gain": gains[best] if best else None,
            "total_gain": rung_rows.rise(last, rows[0]) if last is not rows[0] else None,
            "small": sum(abs(value) < POINT for value in gains.values()),
        }
        return self.common(rows, "step") | {name: value for name, value in found.items() if value is not None}

    def code(self) -> str:
        return self.scene.step.code or "engine.models.cifar10_fast:FastNet"
