"""Runs on text that were never trained: folders as a run's process would have left them, what they wrote included."""

import math

import msgspec
import numpy as np

from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.runs import spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.lessons.experiments import order
from tests.unit.canned_runs import BEGUN

ITEMS, VALID, PARAMETERS = 8192, 1024, 31_234
PROMPT = "class bases:\n"
TEXTS = ("xq zz\n~w ee", "the an the so", "the string of\nthe argument is", "a method of the class")


def text_run(
    model: str, loss: float = 2.0, *, epochs: int = 3, per_epoch: int = 40, done: int = 3, seconds: float = 2.0
) -> Run:
    """A finished run of `char-lm` (lost, if not all of its epochs are `done`) whose last validation loss is `loss`."""
    job = order("char-lm", {"model": model, "preset": "quick"}, epochs=epochs, data="pydocs")
    run = RunStore().create(job, "", ["fastai-tui", "train", "char-lm"])
    total = epochs * per_epoch
    planned = msgspec.structs.replace(run.spec, created=BEGUN, device="cpu", total_batches=total, groups=3)
    write_whole(run.path / "run.json", spec.encode(planned))
    writer = RunWriter(run.path, 3, 0)
    writer.emit(_started(run, per_epoch))
    for number in range(done):
        at = {"time": BEGUN + number, "step": (number + 1) * per_epoch, "epoch": number}
        writer.emit(events.Sample(**at, prompt=PROMPT, text=TEXTS[(number + 1) % 4], temperature=1.0))
        writer.emit(_epoch(at, loss + 0.3 * (done - 1 - number), seconds))
    writer.flush(1, _rows(done * per_epoch, loss) if done else {})
    if done == epochs:
        last = {"time": BEGUN + 9, "step": total, "epoch": epochs - 1}
        writer.last_words(events.RunEnded(**last, reason="finished", message="Finished.", seconds=6.1))
    return run


def _started(run: Run, per_epoch: int) -> events.RunStarted:
    job = run.spec.job
    facts = events.DataFacts(name="pydocs", source="sample", train=ITEMS, valid=VALID, vocabulary=60)
    return events.RunStarted(
        time=BEGUN,
        run=run.id,
        experiment="char-lm",
        settings=job.settings,
        seed=42,
        epochs=job.epochs,
        device="cpu",
        data=facts,
        parameters=PARAMETERS,
        batches_per_epoch=per_epoch,
        versions={"python": "3.11.2", "torch": "2.15.0"},
    )


def _epoch(at: dict[str, float], loss: float, seconds: float) -> events.Epoch:
    return events.Epoch(**at, train_loss=loss, valid_loss=loss, metrics={"accuracy": 0.4}, seconds=seconds)


def _rows(count: int, loss: float) -> dict[str, np.ndarray]:
    made = np.zeros(count, row_type(3))
    made["smooth_loss"] = [loss + 2 * math.exp(-step / 20) for step in range(1, count + 1)]
    made["loss"], made["lr"], made["momentum"] = made["smooth_loss"], 0.005, 0.9
    made["time"], made["samples_per_second"] = BEGUN + np.arange(count) * 0.02, 40_000
    return {field: made[field] for field in made.dtype.names or ()}
