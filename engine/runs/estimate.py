"""How long a run will take: before it starts, by the last one like it; while it runs, by its own pace."""

from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

RECENT = 400  # batches that the pace is read off: enough to hold a validation, few enough to follow a busy machine
ALIKE = ("model", "bs", "norm", "loader", "activations")  # the settings that an epoch's cost depends on


def remaining(run: Run) -> float | None:
    """Seconds that a live run still needs at its recent pace; None before there is one."""
    spec, steps = run.spec, run.steps()
    done = len(steps)
    rows = steps.read(max(0, done - RECENT), done)
    if len(rows) < 2 or not spec.total_batches:
        return None
    pace = float(rows["time"][-1] - rows["time"][0]) / (len(rows) - 1)
    return max(0.0, (spec.total_batches - done) * pace)


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
