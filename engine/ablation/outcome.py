"""What has become of a study's runs: which are done, which go on, which have failed; and what they measured."""

import math
from collections.abc import Iterable, Mapping

import msgspec

from fastai_tui.engine.ablation.grid import Member
from fastai_tui.engine.ablation.study import Study
from fastai_tui.engine.events import Epoch
from fastai_tui.engine.runs.run import Run, State

DONE = ("finished", "diverged")  # a run that diverges does so again: that is its result


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A member's run: `phase` is missing, going, interrupted, failed, finished or diverged. A finished one's `measures`
    are its last epoch's metrics, its validation loss as `loss`, and the `seconds` of all its epochs."""

    number: int
    cell: int
    seed: int
    run: str = ""
    phase: str = "missing"
    message: str = ""
    measures: dict[str, float] = {}


def phase(state: State | None) -> str:
    """What a study makes of a run's state; None stands for a run that is not there."""
    if state is None:
        return "missing"
    if state.live:
        return "going"
    return state.phase if state.phase in (*DONE, "failed") else "interrupted"


def outcomes(study: Study, runs: Mapping[int, Run]) -> list[Outcome]:
    """The outcome of every member, of those in `runs` (by their numbers) and of those that are not there."""
    return [outcome(member, runs.get(member.number)) for member in study.members]


def outcome(member: Member, run: Run | None) -> Outcome:
    """A member's outcome."""
    state = run.state() if run is not None else None
    now = phase(state)
    return Outcome(
        number=member.number,
        cell=member.cell,
        seed=member.job.seed,
        run=run.id if run is not None else "",
        phase=now,
        message=state.message if state is not None else "",
        measures=measured(run.epochs()) if run is not None and now == "finished" else {},
    )


def measured(epochs: list[Epoch]) -> dict[str, float]:
    """The measures of a finished run; what is no number is left out."""
    if not epochs:
        return {}
    last = epochs[-1]
    values = {**last.metrics, "loss": last.valid_loss, "seconds": math.fsum(epoch.seconds for epoch in epochs)}
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}


def to_do(found: Iterable[Outcome]) -> list[int]:
    """The numbers of the members that are not done, in order."""
    return [each.number for each in found if each.phase not in DONE]
