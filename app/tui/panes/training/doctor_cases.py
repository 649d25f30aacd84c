"""The runs that a doctor sees: each with its reading, what the learner said of it, and a remedy for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.engine.reading import EARLY, VERDICTS, Reading, read
from fastai_tui.engine.runs.record import record_of
from fastai_tui.lessons.schema import Run as Order

if TYPE_CHECKING:
    from fastai_tui.engine.finding import Finding
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.recorded import Record
    from fastai_tui.engine.runs.run import Run

# In the order of the keys, the commonest first
WORDS = ("healthy", "sick", "dead", "diverged", "plateau", "over-fitting", "slow")
MEANINGS = {
    "healthy": "learns as it should",
    "sick": "learns, much near zero",
    "dead": "layers give nothing",
    "diverged": "thrown off",
    "plateau": "stands still",
    "over-fitting": "learns by heart",
    "slow": "not done yet",
}
assert set(WORDS) == set(VERDICTS)


@dataclass(frozen=True)
class Case:
    """A run: its snapshot, its job, what it recorded and what that says."""

    shot: Snapshot
    job: Job
    record: Record
    reading: Reading

    @property
    def ready(self) -> bool:
        """Can it be judged: is it over, and long enough?"""
        return self.shot.ended and self.reading.verdict != EARLY


def case_of(run: Run) -> Case:
    """A run, read from its folder. Raises `DiskTrouble` for one that can not be opened."""
    shot, record = Watcher(run).snapshot(), record_of(run)
    return Case(shot, run.spec.job, record, read(record))


def right(case: Case, said: str) -> bool:
    """Does one of the reading's findings earn the word?"""
    return said in case.reading.verdicts()


def remedies(finding: Finding | None) -> Sequence[Mapping[str, Any]]:
    """What a finding proposes."""
    return finding.remedies if finding is not None else ()


def order_of(job: Job, remedy: Mapping[str, Any]) -> Order:
    """The run once more, with a remedy."""
    settings = {name: value for name, value in {**job.settings, **remedy}.items() if name != "epochs"}
    epochs = None if settings.get("schedule") == "sgdr" else int(remedy.get("epochs", job.epochs))
    return Order(
        experiment=job.experiment, set=_chosen(job.experiment, settings), epochs=epochs, seed=job.seed, data=job.data
    )


def _chosen(experiment: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not the experiment's defaults."""
    from fastai_tui.lessons.experiments import experiment as known

    usual = known(experiment).schema.fill({})
    return {name: value for name, value in settings.items() if name in usual and usual[name] != value}


def follows(job: Job, patient: Job, remedy: Mapping[str, Any]) -> bool:
    """Is a job the patient's with the remedy, whatever its seed?"""
    wanted = order_of(patient, remedy)
    mine = order_of(job, {})
    return (mine.experiment, mine.set, mine.data) == (wanted.experiment, wanted.set, wanted.data) and (
        wanted.epochs is None or mine.epochs == wanted.epochs
    )


def losses(shot: Snapshot) -> tuple[list[tuple[float, float]], float]:
    """The validation losses as (batch, loss), and the last batch that the axis shows."""
    valid = [(float(row.step), row.valid_loss) for row in shot.table if row.valid_loss is not None]
    return valid, float(max(shot.total, shot.step, 1))


def shares(case: Case, only: str = "") -> list[tuple[str, list[float], list[float]]]:
    """The near-zero shares of the hidden layers (or of one), as (name, batches, shares)."""
    inside = case.record.inside
    if inside is None:
        return []
    batches = [float(inside.last_batch(i)) for i in range(len(inside.near_zero))]
    chosen = [i for i in inside.hidden() if not only or inside.layers[i] == only]
    return [(inside.layers[i], batches, inside.near_zero[:, i].tolist()) for i in chosen]


def cured(cases: Mapping[str, Case], treated: Iterable[tuple[str, str, Mapping[str, Any]]]) -> bool:
    """Has a run that was started after a remedy was prescribed, and does what it says, come out healthy? `treated` are
    (patient, newest run at that time, remedy)."""
    for patient, newest, remedy in treated:
        if patient not in cases:
            continue
        for run, case in cases.items():
            later, well = number(run) > number(newest), case.shot.ended and case.reading.verdict == "healthy"
            if later and well and follows(case.job, cases[patient].job, remedy):
                return True
    return False


def number(run: str) -> float:
    """A run's number, by which runs are in order."""
    digits = run.partition("-")[0]
    return int(digits) if digits.isdecimal() else math.inf
