"""The pane of the whole ladder: every network of the chapter, with what its newest run has come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fastai_tui.app.tui.panes.common.described import SETTLE
from fastai_tui.app.tui.panes.ladder import rung_rows
from fastai_tui.app.tui.panes.ladder.rungs import RungsPane
from fastai_tui.lessons import rungs

if TYPE_CHECKING:
    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.rungs import Rung

RISING = ("linear", "conv", "norm")


class LadderPane(RungsPane):
    """Arrows choose a rung, space trains it."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("accuracy", "loss", "parameters", "seconds")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._settling: Timer | None = None

    def rungs_on(self, data: str) -> tuple[Rung, ...]:
        return rungs.ladder()

    def title(self) -> str:
        return f"The ladder on {self.data}" if self.data else "The ladder"

    def on_mount(self) -> None:
        super().on_mount()
        self._inquire()

    def action_move(self, by: int) -> None:
        super().action_move(by)
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(SETTLE, self._inquire)  # the lab computes on the cores that a run trains on

    def _inquire(self) -> None:
        """Find out how many parameters the network at the cursor has, if no run tells."""
        job, row = self.jobs[self.at], self.rows[self.at]
        if job is not None and not row.parameters:
            name = row.rung.name
            self.ask_lab("describe", lambda answer: self._describe(name, answer), job=job)

    def _describe(self, name: str, answer: Any) -> None:
        self.described[name] = int(answer["parameters"])

    def measured(self) -> Measured:
        rows = self.rows
        by_name = {row.rung.name: row for row in rows}
        rising = [by_name[name].accuracy if by_name[name].trained else None for name in RISING]
        known = [value for value in rising if value is not None]
        best = rung_rows.best(rows)
        found: dict[str, float | str | None] = {
            "best": best.rung.name if best else None,
            "rung_parameters": rows[self.at].parameters or None,
            "order": int(len(known) == len(RISING) and known[0] < known[1] < known[2]),
            "deep_gain": rung_rows.rise(by_name["deep"], by_name["norm"]),
            "skip_gain": rung_rows.rise(by_name["skips"], by_name["deep"]),
        }
        return self.common(rows, "rung") | {name: value for name, value in found.items() if value is not None}

    def code(self) -> str:
        return self.scene.step.code or "lessons.experiments.cifar10:network"
