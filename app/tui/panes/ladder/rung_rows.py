"""Rungs and the runs that belong to them: which one is shown, and what it has come to. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.snapshots import setting_in_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.rungs import Rung

_ACCURACIES = ("accuracy", "gain", "rung_accuracy", "step_accuracy", "order", "small")
_BESTS = ("best", "best_accuracy", "best_gain", "deep_gain", "skip_gain", "total_gain")
TELLING = frozenset({*_ACCURACIES, *_BESTS})  # each gives accuracies away, or is given away by them
UNTOLD = ("preset",)  # what it stands for is in the other settings


@dataclass(frozen=True)
class Row:
    """A rung, its run as it is now (None where there is none), what of its settings differs from what would be trained
    here, and how many parameters it has (0: nobody knows yet)."""

    rung: Rung
    shot: Snapshot | None = None
    differs: tuple[str, ...] = ()
    described: int = 0

    @property
    def accuracy(self) -> float | None:
        """After its newest epoch; over several views where it was trained to look so."""
        return self._metric("accuracy") if self.one_view is None else self._metric("tta_accuracy")

    @property
    def one_view(self) -> float | None:
        """The accuracy with one view of each image, where that is not the same."""
        several = self.rung.key.get("tta", "off") != "off" and self._metric("tta_accuracy") is not None
        return self._metric("accuracy") if several else None

    @property
    def loss(self) -> float | None:
        """The validation loss, with as many views."""
        if self.one_view is not None:
            return self._metric("tta_loss")
        last = self.shot.table[-1].valid_loss if self.shot and self.shot.table else None
        return last if last is not None and math.isfinite(last) else None

    @property
    def failure(self) -> str:
        """Why its run has come to nothing, in a sentence."""
        return self.shot.message if self.shot is not None and self.shot.phase == "failed" else ""

    @property
    def parameters(self) -> int:
        return (self.shot.parameters if self.shot else 0) or self.described

    @property
    def seconds(self) -> float | None:
        """What its epochs took, all together."""
        rows = self.shot.table if self.shot else ()
        return sum(row.seconds for row in rows) if rows else None

    @property
    def trained(self) -> bool:
        """Is its run over, with an accuracy in the end?"""
        return self.shot is not None and self.shot.phase == "finished" and self.accuracy is not None

    @property
    def live(self) -> bool:
        return self.shot is not None and (self.shot.live or self.shot.phase == "new")

    def _metric(self, name: str) -> float | None:
        return metric(self.shot, name)


def metric(shot: Snapshot | None, name: str) -> float | None:
    """A number of a run's newest epoch."""
    found = dict(shot.table[-1].metrics).get(name) if shot and shot.table else None
    return found if found is not None and math.isfinite(found) else None


def belonging(rungs: Sequence[Rung], asked: Sequence[Job | None], jobs: Mapping[str, Job]) -> list[list[str]]:
    """The runs that belong to each rung, of all `jobs` by the runs' ids, the oldest first: those that were trained as
    it is `asked` for here go before others, newer ones before older ones."""
    found = []
    for rung, job in zip(rungs, asked, strict=True):
        own = [run for run in reversed([*jobs]) if rung.fits(jobs[run].settings)]
        other = {run for run in own if job is None or differences(jobs[run], job)}
        found.append(sorted(own, key=other.__contains__))
    return found


def differences(one: Job, other: Job) -> tuple[str, ...]:
    """What a job has another way than the other: settings, its length, its data."""
    settings: dict[str, Value] = {name: value for name, value in one.settings.items() if name not in UNTOLD}
    words = [
        f"{name}={setting_in_words(value)}" for name, value in settings.items() if other.settings.get(name) != value
    ]
    words += [f"{one.epochs} epochs"] if one.epochs != other.epochs else []
    return (*words, *([f"on {one.data}"] if one.data != other.data else []))


def best_of(shots: Sequence[Snapshot]) -> Snapshot | None:
    """The one to be shown, of runs in the order of `belonging`: one that goes on, or is finished; or else one that has
    come to an epoch's end, or the first."""
    ranks = (
        lambda shot: not shot.ended or shot.phase == "finished",
        lambda shot: bool(shot.table),
        lambda shot: True,
    )
    return next((shot for rank in ranks for shot in shots if rank(shot)), None)


def before(rows: Sequence[Row], at: int) -> Row | None:
    """The row that one is compared with: the one before it, but for those that are closed."""
    return next((rows[i] for i in range(at - 1, -1, -1) if not rows[i].rung.closed), None)


def gain(rows: Sequence[Row], at: int) -> float | None:
    """How much more accuracy a row has than the one it is compared with, once both are trained."""
    earlier, row = before(rows, at), rows[at]
    return rise(row, earlier) if earlier is not None and not row.rung.closed else None


def rise(row: Row, earlier: Row) -> float | None:
    """How much more accuracy the first has, once both are trained."""
    if not (row.trained and earlier.trained) or row.accuracy is None or earlier.accuracy is None:
        return None
    return round(row.accuracy - earlier.accuracy, 6)


def named(rows: Sequence[Row], name: str) -> Row:
    """The row of that name."""
    return next(row for row in rows if row.rung.name == name)


def best(rows: Sequence[Row]) -> Row | None:
    """The trained one with the highest accuracy; the first of several."""
    trained = [row for row in rows if row.trained]
    return max(trained, key=lambda row: row.accuracy or 0.0) if trained else None


def added(rows: Sequence[Row]) -> int:
    """How many steps have been gone without a gap: every row up to there is trained, the first one included."""
    there = [row for row in rows if not row.rung.closed]
    done = next((i for i, row in enumerate(there) if not row.trained), len(there))
    return max(done - 1, 0)


def value_of(rows: Sequence[Row], at: int, column: str) -> float | None:
    """A row's number in one of the columns."""
    if column == "gain":
        return gain(rows, at)
    found: float | None = getattr(rows[at], column)
    return found or None if column == "parameters" else found


def covered(column: str, hidden: Collection[str]) -> bool:
    """Is a column's number to be predicted first?"""
    wanted = TELLING if column in TELLING else {column, f"rung_{column}", f"step_{column}"}
    return bool(wanted & set(hidden))
