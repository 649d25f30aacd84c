"""A study as its files tell it: how far it is, what its runs have measured, and what that shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from fastai_tui.app import ablation, studying
from fastai_tui.engine.ablation.findings import Finding, findings
from fastai_tui.engine.ablation.lead import Lead, lead
from fastai_tui.engine.ablation.outcome import DONE, Outcome, outcomes, to_do
from fastai_tui.engine.ablation.report import conclusions
from fastai_tui.engine.ablation.study import found
from fastai_tui.engine.ablation.table import CellResult, table
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.store import RunStore

if TYPE_CHECKING:
    from fastai_tui.app.ablation import Points
    from fastai_tui.app.curves import Curve
    from fastai_tui.engine.ablation.study import Study, StudyStore
    from fastai_tui.engine.runs.run import Run


@dataclass(frozen=True)
class Books:
    """A study, what has become of its runs, whether a process runs it, what trains `now` (a line each), and the mean
    curve of every cell that has one."""

    study: Study
    found: tuple[Outcome, ...] = ()
    running: bool = False
    now: tuple[str, ...] = ()
    curves: Mapping[int, Points] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.found)

    @property
    def done(self) -> int:
        """Runs that have ended with a result."""
        return sum(each.phase in DONE for each in self.found)

    @property
    def whole(self) -> bool:
        """Is there nothing left to run?"""
        return bool(self.found) and not to_do(self.found)

    @property
    def failed(self) -> str:
        """What stood in the way of the first run that has failed."""
        return next((each.message or "A run has failed." for each in self.found if each.phase == "failed"), "")

    @cached_property
    def rows(self) -> tuple[CellResult, ...]:
        """The table."""
        return tuple(table(self.found))

    @cached_property
    def lead(self) -> Lead | None:
        """Which cell is the best, once all has been run."""
        return lead(self.rows) if self.whole else None

    @cached_property
    def findings(self) -> list[Finding]:
        return findings(self.study.factors, self.study.cells, self.rows)

    @cached_property
    def conclusions(self) -> list[str]:
        return conclusions(self.study, self.found)

    def label(self, cell: int) -> str:
        """A cell in words: `norm=after`."""
        return self.study.label(cell)

    def values(self, cell: int, measure: str) -> list[float]:
        """What the cell's runs have measured."""
        return [each.measures[measure] for each in self.found if each.cell == cell and measure in each.measures]


class Reader:
    """Reads studies. A run that has finished is read once."""

    def __init__(self, studies: StudyStore, runs: RunStore) -> None:
        self.studies, self.runs = studies, runs
        self._curves: dict[str, Curve] = {}

    def read(self, name: str) -> Books:
        """The study as it is now. Raises `BadInput` if it is gone, `DiskTrouble`."""
        study = self.studies.find(name)
        running = studying.holder(name, self.studies) is not None
        runs = found(study, RunStore(self.runs.place).runs())
        known = outcomes(study, runs)
        going = {each.number for each in known if each.phase == "going"}
        now = [
            f"{study.label(m.cell)}, seed {m.job.seed}: {ablation.progress(runs[m.number])}"
            for m in study.members
            if m.number in going
        ]
        curves = ablation.cell_curves(study, runs, known, self._curve)
        return Books(study, tuple(known), running, tuple(now), curves)

    def _curve(self, run: Run) -> Curve:
        if run.id not in self._curves:
            self._curves[run.id] = ablation.curve_of(run)
        return self._curves[run.id]

    def names(self, experiment: str) -> list[str]:
        """The studies of an experiment, the oldest first."""
        return [name for name in self.studies.names() if self._of(name) == experiment]

    def _of(self, name: str) -> str:
        try:
            return self.studies.find(name).experiment
        except FastaiTuiError:  # damaged, or removed meanwhile: nothing to be shown
            return ""


def drafted(study: Study) -> Books:
    """A study that is only planned: every run is missing."""
    every = [
        Outcome(number=number, cell=cell, seed=seed)
        for number, (seed, cell) in enumerate(
            ((seed, cell) for seed in study.seeds for cell in range(len(study.cells))), start=1
        )
    ]
    return Books(study, tuple(every))
