"""Writes a long run without training it: `python -m fastai_tui.app.bench.long_run HOME` prints its folder. With a
number of seconds after HOME (and one of batches) it is written in that time, as a live run that others can watch."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.settings import Value

if TYPE_CHECKING:
    import numpy as np

BATCHES, PER_EPOCH, CHUNK, PIECE = 1_000_000, 100, 10_000, 1_000
SETTINGS: dict[str, Value] = {"bs": 512, "lr": 0.06, "schedule": "1cycle", "norm": "batch", "activations": "on"}
LAYERS = [f"conv{i}" for i in range(1, 6)]
BEGAN = 1_700_000_000.0
SECONDS = 0.02  # a batch takes


def write(home: Path, batches: int = BATCHES) -> Run:
    """A finished run of so many batches (whole chunks) with statistics of five layers, as a real one is written."""
    from fastai_tui.engine.runs.writer import RunWriter

    run = _made(home, batches)
    writer = RunWriter(run.path, 1, len(LAYERS))
    writer.emit(_started(run))
    stats = _stats(CHUNK)
    for first in range(1, batches, CHUNK):
        for step in range(first - 1 + PER_EPOCH, first + CHUNK, PER_EPOCH):
            writer.emit(_epoch(step))
        writer.flush(first, _rows(first, batches, CHUNK), stats)
    writer.last_words(_ended(batches))
    return run


def replay(home: Path, seconds: float, batches: int = BATCHES) -> None:
    """Write such a run while it counts as live, in pieces at a steady pace."""
    from fastai_tui.engine.runs.lock import Lock
    from fastai_tui.engine.runs.writer import RunWriter

    run = _made(home, batches)
    held = Lock(run.path / "lock")
    held.acquire()
    writer = RunWriter(run.path, 1, len(LAYERS))
    writer.emit(_started(run))
    held.say(phase="running")
    print(run.path, flush=True)
    stats, began = _stats(PIECE), time.monotonic()
    for first in range(1, batches, PIECE):
        for step in range(first - 1 + PER_EPOCH, first + PIECE, PER_EPOCH):
            writer.emit(_epoch(step))
        writer.flush(first, _rows(first, batches, PIECE), stats)
        time.sleep(max(began + seconds * (first + PIECE) / batches - time.monotonic(), 0.0))
    writer.last_words(_ended(batches))
    held.release()


def _made(home: Path, batches: int) -> Run:
    epochs = batches // PER_EPOCH
    job = Job(
        experiment="mnist", builder="fastai_tui.lessons.experiments.mnist:build", settings=SETTINGS, epochs=epochs
    )
    run = RunStore(home / "runs").create(job, "", ["fastai-tui", "train", "mnist"])
    whole = msgspec.structs.replace(run.spec, layers=LAYERS, device="cpu", total_batches=batches)
    write_whole(run.path / "run.json", spec.encode(whole))
    return run


def _started(run: Run) -> events.RunStarted:
    return events.RunStarted(
        time=BEGAN,
        run=run.id,
        experiment="mnist",
        settings=run.spec.job.settings,
        seed=42,
        epochs=run.spec.job.epochs,
        device="cpu",
        data=events.DataFacts(name="mnist", source="full", train=PER_EPOCH * 512, valid=10_000),
        parameters=27_000,
        batches_per_epoch=PER_EPOCH,
        versions=run.spec.versions,
    )


def _epoch(step: int) -> events.Epoch:
    loss = 2.3 / (1 + step / 5_000)
    return events.Epoch(
        time=_time(step),
        step=step,
        epoch=step // PER_EPOCH - 1,
        train_loss=loss,
        valid_loss=loss * 1.1,
        metrics={"accuracy": 1 - loss / 3},
        seconds=PER_EPOCH * SECONDS,
    )


def _ended(batches: int) -> events.RunEnded:
    return events.RunEnded(
        time=_time(batches),
        step=batches,
        epoch=batches // PER_EPOCH - 1,
        reason="finished",
        message="Finished.",
        seconds=batches * SECONDS,
    )


def _rows(first: int, batches: int, count: int) -> "dict[str, np.ndarray]":
    """A noisy loss that falls, and a rate that does too."""
    import numpy as np

    steps = np.arange(first, first + count)
    falling = 2.3 / (1 + steps / 5_000)
    return {
        "time": BEGAN + steps * SECONDS,
        "epoch": (steps - 1) // PER_EPOCH,
        "momentum": np.full(count, 0.9),
        "lr": (0.06 * (1 - steps / batches))[:, None],
        "loss": falling * np.random.default_rng(first).lognormal(0, 0.3, count),
        "smooth_loss": falling,
        "samples_per_second": np.full(count, 512 / SECONDS),
    }


def _stats(count: int) -> "np.ndarray":
    """Statistics of so many batches: mean, deviation, near-zero share, number of values, then the counts of 40 bins."""
    import numpy as np

    stats = np.zeros((count, len(LAYERS), 44))
    stats[:, :, :4] = 0.5, 1.0, 0.6, 40_000
    stats[:, :, 4:] = 40_000 / 2 ** np.arange(1, 41)
    return stats


def _time(step: int) -> float:
    return BEGAN + step * SECONDS


if __name__ == "__main__":
    if len(sys.argv) > 2:
        replay(Path(sys.argv[1]), float(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        print(write(Path(sys.argv[1])).path)
