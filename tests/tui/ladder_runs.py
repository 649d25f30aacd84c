"""Runs of images that were never trained: folders as a run's process would have left them."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.lessons.experiments import order
from tests.unit.canned_runs import BEGUN

PARAMETERS = {"linear": 123_330, "conv": 37_490}


def ladder_run(
    model: str,
    accuracy: float,
    loss: float,
    *,
    seconds: float = 2.0,
    per_epoch: int = 40,
    epochs: int = 3,
    settings: Mapping[str, Any] | None = None,
    data: str = "colour-digits",
    metrics: Mapping[str, float] | None = None,
    done: int | None = None,
    reason: Any = "finished",
) -> Run:
    """A run of `cifar10`; the rest as `image_run`."""
    asked = {"model": model, "preset": "quick", **(settings or {})}
    job = msgspec.structs.replace(order("cifar10", asked, epochs=epochs, data="colour-digits"), data=data)
    parameters = PARAMETERS.get(model, 100_000)
    return image_run(
        job, accuracy, loss, seconds=seconds, per_epoch=per_epoch, metrics=metrics, done=done, reason=reason,
        parameters=parameters,
    )  # fmt: skip


def image_run(
    job: Job,
    accuracy: float,
    loss: float,
    *,
    seconds: float = 2.0,
    per_epoch: int = 40,
    metrics: Mapping[str, float] | None = None,
    done: int | None = None,
    reason: Any = "finished",
    message: str = "",
    parameters: int = 100_000,
) -> Run:
    """A run that ends with this accuracy, these other `metrics` and this validation loss, for a `reason`, after all
    epochs or as many as are `done`; every epoch before was .1 worse."""
    epochs = job.epochs
    done = epochs if done is None else done
    run = RunStore().create(job, "", ["fastai-tui", "train", job.experiment])
    total = epochs * per_epoch
    planned = msgspec.structs.replace(run.spec, created=BEGUN, device="cpu", total_batches=total, groups=2)
    write_whole(run.path / "run.json", spec.encode(planned))
    writer = RunWriter(run.path, 2, 0)
    writer.emit(
        events.RunStarted(
            time=BEGUN,
            run=run.id,
            experiment=job.experiment,
            settings=job.settings,
            seed=42,
            epochs=epochs,
            device="cpu",
            data=events.DataFacts(name=job.data, source="sample", train=4000, valid=1000, classes=["0", "1"]),
            parameters=parameters,
            batches_per_epoch=per_epoch,
            versions={"python": "3.11.2", "torch": "2.15.0"},
        )
    )
    for number in range(done):
        at = {"time": BEGUN + number, "step": (number + 1) * per_epoch, "epoch": number}
        behind = 0.1 * (done - 1 - number)
        measured = {"accuracy": accuracy - behind, **(metrics or {})}
        writer.emit(
            events.Epoch(
                **at, train_loss=loss + behind, valid_loss=loss + behind, metrics=measured, seconds=seconds + number
            )
        )
    writer.flush(1, _rows(done * per_epoch, loss) if done else {})
    last = {"time": BEGUN + 9, "step": done * per_epoch, "epoch": max(done - 1, 0)}
    writer.last_words(events.RunEnded(**last, reason=reason, message=message or f"{reason.capitalize()}.", seconds=6.1))
    return run


def _rows(count: int, loss: float) -> dict[str, np.ndarray]:
    made = np.zeros(count, row_type(2))
    made["smooth_loss"] = [loss + 2 * math.exp(-step / 20) for step in range(1, count + 1)]
    made["loss"], made["lr"], made["momentum"] = made["smooth_loss"], 0.005, 0.9
    made["time"], made["samples_per_second"] = BEGUN + np.arange(count) * 0.02, 4_000
    return {field: made[field] for field in made.dtype.names or ()}
