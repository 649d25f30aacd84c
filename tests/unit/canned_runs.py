"""Runs that were never trained: folders as a run's process would have left them, and the snapshots of such."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import numpy as np

from fastai_tui.app.curves import Folding
from fastai_tui.app.snapshots import Row, Snapshot
from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import lock, spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.writer import RunWriter

DATA = events.DataFacts(name="mnist-sample", source="sample", train=4500, valid=500)
SETTINGS = {"model": "cnn", "bs": 64, "lr": 0.06, "schedule": "1cycle", "wd": 0.01}
BEGUN = 1_700_000_000.0


def loss_at(step: int) -> float:
    """A loss as runs have it: it falls, and is noisy (the same noise each time)."""
    return 0.06 + 2.3 * math.exp(-step / 60) * (1 + 0.2 * math.sin(step * 12.9898) * math.cos(step * 78.233))


def smooth_at(step: int) -> float:
    """Its smooth trend."""
    return 0.06 + 2.3 * math.exp(-step / 60)


def rate_at(step: int, total: int) -> float:
    """A rate that rises and falls."""
    return 0.06 * math.sin(math.pi * (step - 0.5) / total)


def rows(first: int, count: int, total: int, per_epoch: int) -> np.ndarray:
    """The rows of the steps `first`, … as they stand in the file `steps`."""
    made = np.zeros(count, row_type(1))
    steps = range(first, first + count)
    made["time"] = [BEGUN + step * 0.02 for step in steps]
    made["loss"] = [loss_at(step) for step in steps]
    made["smooth_loss"] = [smooth_at(step) for step in steps]
    made["lr"][:, 0] = [rate_at(step, total) for step in steps]
    made["momentum"], made["samples_per_second"] = 0.9, 3200.0
    made["epoch"] = [(step - 1) // per_epoch for step in steps]
    return made


def epoch_of(number: int, per_epoch: int) -> events.Epoch:
    """How the epoch `number` (from 0) went."""
    return events.Epoch(
        time=BEGUN + number,
        step=(number + 1) * per_epoch,
        epoch=number,
        train_loss=0.4 / (number + 1),
        valid_loss=0.3 / (number + 1),
        metrics={"accuracy": 1 - 0.09 / (number + 1)},
        seconds=2.1,
    )


def make_run(
    done: int, *, end: str = "", epochs: int = 3, per_epoch: int = 118, name: str = "", message: str = ""
) -> Run:
    """A run folder after `done` batches; `end` is the reason of its last event, or empty for none."""
    job = Job(experiment="mnist", builder="nowhere:build", settings=SETTINGS, epochs=epochs)
    run = RunStore().create(job, name, ["fastai-tui", "train", "mnist"])
    total = epochs * per_epoch
    write_whole(
        run.path / "run.json",
        spec.encode(msgspec.structs.replace(run.spec, created=BEGUN, device="cpu", total_batches=total)),
    )
    writer = RunWriter(run.path, 1, 0)
    writer.emit(
        events.RunStarted(
            time=BEGUN,
            run=run.id,
            experiment="mnist",
            settings=SETTINGS,
            seed=42,
            epochs=epochs,
            device="cpu",
            data=DATA,
            parameters=7010,
            batches_per_epoch=per_epoch,
            versions={"python": "3.11.2", "torch": "2.15.0"},
        )
    )
    for number in range(done // per_epoch):
        writer.emit(epoch_of(number, per_epoch))
    made = rows(1, done, total, per_epoch)
    writer.flush(1, {field: made[field] for field in made.dtype.names or ()} if done else {})
    if end:
        at = {"time": BEGUN + done * 0.02, "step": done, "epoch": min(done // per_epoch, epochs - 1)}
        writer.last_words(events.RunEnded(**at, reason=end, message=message or end.capitalize() + ".", seconds=6.1))
    return run


@contextmanager
def alive(run: Run, phase: str = "running") -> Iterator[lock.Lock]:
    """While entered, this process holds the run's lock: readers see a live run."""
    held = lock.Lock(run.path / "lock")
    held.acquire()
    held.say(phase=phase)
    try:
        yield held
    finally:
        held.release()


def snapshot(done: int, *, epochs: int = 3, per_epoch: int = 118, **changes: object) -> Snapshot:
    """The snapshot of such a run while it trains."""
    folding, total = Folding(), epochs * per_epoch
    folding.add(rows(1, done, total, per_epoch))
    ended = [epoch_of(number, per_epoch) for number in range(done // per_epoch)]
    table = [Row(e.epoch + 1, e.step, e.train_loss, e.valid_loss, tuple(e.metrics.items()), e.seconds) for e in ended]
    shot = Snapshot(
        run="0002-mnist",
        experiment="mnist",
        phase="running",
        live=True,
        device="cpu",
        data="mnist-sample, the embedded sample: 4,500 to train on, 500 to validate",
        step=done,
        total=total,
        epochs=epochs,
        batches_per_epoch=per_epoch,
        left=(total - done) * 0.02,
        elapsed=done * 0.02,
        speed=3200.0,
        smooth_loss=smooth_at(done),
        lr=(rate_at(done, total),),
        curve=folding.curve(),
        table=tuple(table),
        settings=tuple((key, str(value)) for key, value in SETTINGS.items()),
        seed=42,
        parameters=7010,
        versions=(("python", "3.11.2"), ("torch", "2.15.0")),
        command=("fastai-tui", "train", "mnist"),
    )
    return Snapshot(**{**vars(shot), **changes})


def wait_until(condition: object, within: float = 60.0) -> None:
    """Return once `condition()` holds; fail if it never does."""
    assert callable(condition)
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
