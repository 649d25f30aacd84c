"""Runs beside each other: what differs between them, and what they came to. Pure functions over snapshots."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from fastai_tui.app.axes import Limits, limits
from fastai_tui.app.sentences import phase
from fastai_tui.app.text import duration, number, plural

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.engine.runs.gap import Gap

RESULTS = ("train_loss", "valid_loss", "accuracy")
ABOVE = 2  # times the largest loss at a beginning, up to which the axis reaches


def conditions(shot: Snapshot) -> dict[str, str]:
    """Everything that was chosen for a run, and what was turned while it ran."""
    return {
        "experiment": shot.experiment,
        **dict(shot.settings),
        "epochs": str(shot.epochs),
        "seed": str(shot.seed),
        "data": shot.data.partition(",")[0],
        **({"turned": "; ".join(shot.changes)} if shot.changes else {}),
    }


def differences(shots: Sequence[Snapshot]) -> list[str]:
    """The names of what is not the same in all of them, in the order in which settings are listed."""
    found = [conditions(shot) for shot in shots]
    names = dict.fromkeys(name for one in found for name in one)
    return [name for name in names if len({one.get(name, "") for one in found}) > 1]


def apart(shot: Snapshot, names: Sequence[str]) -> str:
    """What sets one run apart: `lr=0.02 bs=64`."""
    chosen = conditions(shot)
    return " ".join(f"{name}={chosen.get(name, '-')}" for name in names)


def results(shot: Snapshot, hidden: Collection[str]) -> dict[str, str]:
    """A run's last epoch, in words; `?` for what is still to be predicted, nothing for what is not there."""
    if not shot.table:
        return dict.fromkeys(RESULTS, "")
    row = shot.table[-1]
    values: Mapping[str, float | None] = {
        "train_loss": row.train_loss,
        "valid_loss": row.valid_loss,
        "accuracy": dict(row.metrics).get("accuracy"),
    }
    return {name: "?" if name in hidden else _brief(value) for name, value in values.items()}


def table(shots: Sequence[Snapshot], hidden: Collection[str], brief: bool = False) -> list[tuple[str, ...]]:
    """A header and a line a run: number, what sets it apart (`brief`: the values alone, under their names), epochs,
    results, how long it took, and how it ended."""
    names = differences(shots)
    differing = ", ".join(names) if brief else "differs in" if names else ""
    lines: list[tuple[str, ...]] = [("run", differing, "epochs", "train", "valid", "accuracy", "time", "")]
    for shot in shots:
        took = duration(shot.elapsed) if not shot.live else f"{duration(shot.elapsed)} …"
        found = results(shot, hidden)
        done = f"{shot.epochs_done}/{shot.epochs}"
        end = "" if shot.phase == "finished" else phase(shot)
        own = ", ".join(conditions(shot).get(name, "-") for name in names) if brief else apart(shot, names)
        lines.append((short(shot.run), own, done, *(found[name] for name in RESULTS), took, end))
    return lines


def gap_in_words(gap: Gap, *, brief: bool, secret: bool) -> str:
    """How far runs lie apart: `Of the 93 batches that they share, no loss differs by one bit.`"""
    apart = "?" if secret else number(gap.largest)
    if brief:
        words = "no bit differs" if not gap.largest and not secret else f"losses differ by up to {apart}"
        return f"{plural(gap.batches, 'batch')}: {words}"
    words = "no loss differs by one bit" if not gap.largest and not secret else f"the losses differ by up to {apart}"
    return f"In the {plural(gap.batches, 'batch')} that they share, {words}."


def short(run: str) -> str:
    """A run's number."""
    return run.partition("-")[0] or run


def _brief(value: float | None) -> str:
    return "" if value is None else number(value)


Curves = list[tuple[str, Sequence[float], Sequence[float]]]


def cut(curves: Curves) -> tuple[Curves, Limits | None]:
    """Curves of losses for one plot, and its limits where one of them explodes: cut off there, for it would press all
    the others flat. Without an explosion they stay as they are, and the limits are what holds them all (None)."""
    most = max((loss for _, _, losses in curves for loss in losses if math.isfinite(loss)), default=0.0)
    top = ABOVE * max((losses[0] for _, _, losses in curves if losses and math.isfinite(losses[0])), default=math.inf)
    if not 0 < top < most:
        return curves, None
    bounds = limits([top])
    return [(name, steps, [min(loss, bounds[1]) for loss in losses]) for name, steps, losses in curves], bounds
