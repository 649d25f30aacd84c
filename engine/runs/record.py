"""A run's record, from the files of its folder: what `engine.reading` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.engine.events import Changed, Epoch, RunEnded, RunStarted
from fastai_tui.engine.recorded import Inside, Record, guess_of
from fastai_tui.engine.runs.steps import CHUNK

if TYPE_CHECKING:
    import numpy as np

    from fastai_tui.engine.runs.run import Run


def record_of(run: Run) -> Record:
    """Everything that tells how a run went, or goes. Raises `DiskTrouble` for a damaged folder."""
    losses, rates = _batches(run)  # first: what is read after them is at least as new
    spec, log = run.spec, run.log()
    started = next((event for event in log if isinstance(event, RunStarted)), None)
    settings = dict(spec.job.settings)
    for event in log:
        if isinstance(event, Changed):
            settings |= {name: value for name, value in event.settings.items() if name in settings}
    broken = _first_broken(losses)
    whole = broken - 1 if broken else len(losses)
    return Record(
        losses=losses[:whole],
        rates=rates[: max(whole, broken)],
        total=spec.total_batches or len(losses),
        epochs=[event for event in log if isinstance(event, Epoch)],
        inside=_inside(run, whole),
        settings=settings,
        choices=spec.job.choices,
        guess=guess_of(started.data if started else None),
        broken=broken,
        ended=any(isinstance(event, RunEnded) and event.reason == "finished" for event in log),
    )


def _batches(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Every batch's loss, and the rate of the last layer group."""
    import numpy as np

    steps = run.steps()
    count = len(steps)
    losses, rates = np.zeros(count), np.zeros(count)
    for start in range(0, count, CHUNK):
        rows = steps.read(start, min(start + CHUNK, count))
        losses[start : start + len(rows)], rates[start : start + len(rows)] = rows["loss"], rows["lr"][:, -1]
    return losses, rates


def _first_broken(losses: np.ndarray) -> int:
    """The first batch whose loss is no number, or 0."""
    import numpy as np

    broken = np.flatnonzero(~np.isfinite(losses))
    return int(broken[0]) + 1 if len(broken) else 0


def _inside(run: Run, batches: int) -> Inside | None:
    """The layers' near-zero shares over the first so many batches."""
    reader = run.activation_columns()
    if reader is None:
        return None
    span, first, columns = reader.read()
    shares = columns["layers"]["near_zero"][: max(batches // span, 0)].astype(float)
    return Inside(tuple(reader.names), shares, span) if len(shares) and not first else None
