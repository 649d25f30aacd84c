"""How long a run will take: before it starts, by the last one like it; while it runs, by its own pace."""

from typing import TYPE_CHECKING

from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

if TYPE_CHECKING:
    import numpy as np

RECENT = 400  # batches that the pace is read off: enough to hold a validation, few enough to follow a busy machine
A_PAUSE, A_PAUSE_TIMES = 1.0, 20  # seconds, and usual gaps: a longer gap between batches was no work
ALIKE = ("model", "bs", "norm", "loader", "activations")  # the settings that an epoch's cost depends on


def remaining(run: Run) -> float | None:
    """Seconds that a live run still needs at its recent pace; None before there is one."""
    spec, steps = run.spec, run.steps()
    done = len(steps)
    rows = steps.read(max(0, done - RECENT), done)
    found = _pace(rows["time"], rows["epoch"])
    if found is None or not spec.total_batches:
        return None
    batch, between = found
    ends = max(0, spec.job.epochs - done * spec.job.epochs // spec.total_batches)
    return max(0.0, (spec.total_batches - done) * batch + ends * between)


def _pace(times: "np.ndarray", epochs: "np.ndarray") -> tuple[float, float] | None:
    """Seconds for a batch, and those that an epoch's end costs besides; None if too little is known.

    A step back in time, or a long gap within an epoch, is no work: the run was paused, or away and resumed.
    """
    import numpy as np

    gaps, same = np.diff(times), np.diff(epochs) == 0
    inside, ends = gaps[same & (gaps >= 0)], gaps[~same & (gaps >= 0)]
    if not len(inside):
        return None
    batch = float(inside[inside <= A_PAUSE + A_PAUSE_TIMES * np.median(inside)].mean())
    return batch, max(0.0, float(ends.min()) - batch) if len(ends) else 0.0


def before(job: Job, store: RunStore) -> tuple[float, str] | None:
    """(seconds, the run it is read off) for a job that has not started; None if nothing like it ever ran here."""
    for run in reversed(store.runs()):
        spec = run.spec
        if spec.job.experiment == job.experiment and _key(spec.job) == _key(job):
            epochs = run.epochs()
            if epochs:
                return sum(e.seconds for e in epochs) / len(epochs) * job.epochs, run.id
    return None


def _key(job: Job) -> list[object]:
    return [job.data, job.device, *(job.settings.get(name) for name in ALIKE)]
