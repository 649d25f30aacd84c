"""Runs that recorded their activations, though nothing was trained: statistics that rise and collapse."""

import msgspec
import numpy as np

from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.settings import Value
from tests.unit.canned_runs import BEGUN, DATA, SETTINGS, epoch_of, rows

NAMES = ["conv1", "conv2", "conv3"]
VALUES = 4096  # that a layer gives in a batch


def stats_of(first: int, count: int, layers: int = len(NAMES)) -> np.ndarray:
    """(count, layers, 44): what layers give whose values spread and collapse every 30 batches, the deeper the more."""
    step = np.arange(first, first + count)[:, None]
    depth = np.arange(1, layers + 1)[None, :]
    spread = 0.3 + depth * 0.5 * ((step % 30) / 30)
    edges = np.linspace(0, 10, 41)
    tail = np.exp(-edges / spread[..., None])
    made = np.zeros((count, layers, 44))
    made[..., 0], made[..., 1] = spread / 2, spread
    made[..., 2], made[..., 3] = 1 - 0.7 * spread / (1 + spread), VALUES
    made[..., 4:] = np.round(VALUES * 0.6 * (tail[..., :-1] - tail[..., 1:]))
    return made


def record(stats: np.ndarray, names: list[str], *, total: int = 0, end: str = "finished", **settings: Value) -> Run:
    """A run of so many batches with these statistics (batches, layers, 44); it has ended, unless `end` is empty."""
    done = len(stats)
    total = total or done
    chosen: dict[str, Value] = {**SETTINGS, "activations": "on", **settings}  # type: ignore[dict-item]
    run = RunStore().create(Job(experiment="mnist", builder="nowhere:build", settings=chosen, epochs=1), "", [])
    made = msgspec.structs.replace(run.spec, created=BEGUN, device="cpu", layers=names, total_batches=total)
    write_whole(run.path / "run.json", spec.encode(made))
    writer = RunWriter(run.path, 1, len(names))
    started = events.RunStarted(
        time=BEGUN,
        run=run.id,
        experiment="mnist",
        settings=chosen,
        seed=42,
        epochs=1,
        device="cpu",
        data=DATA,
        parameters=7010,
        batches_per_epoch=total,
        versions={"torch": "2.15.0"},
    )
    writer.emit(started)
    _flush(writer, 1, stats, total)
    if end:
        writer.emit(epoch_of(0, total))
        at = {"time": BEGUN + done * 0.02, "step": done, "epoch": 0}
        writer.last_words(events.RunEnded(**at, reason=end, message=end.capitalize() + ".", seconds=6.1))
    return run


def recorded(done: int, *, total: int = 0, **settings: Value) -> Run:
    """A run of three layers after `done` of `total` batches; one that is not complete has not ended."""
    return record(stats_of(1, done), NAMES, total=total, end="" if total > done else "finished", **settings)


def go_on(run: Run, first: int, count: int, scale: float = 1.0) -> None:
    """Record the batches `first`, … too, their means `scale` times as large."""
    stats = stats_of(first, count)
    stats[..., 0] *= scale
    _flush(RunWriter(run.path, 1, len(NAMES)), first, stats, run.spec.total_batches)


def _flush(writer: RunWriter, first: int, stats: np.ndarray, total: int) -> None:
    made = rows(first, len(stats), max(total, 1), max(total, 1))
    writer.flush(first, {field: made[field] for field in made.dtype.names or ()}, stats)
