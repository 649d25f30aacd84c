"""A run's network as its checkpoints keep it, ready to be asked: on the CPU, so that a training GPU is left alone."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec
import torch
from torch import Tensor

from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.threads import threads
from fastai_tui.engine.training import JobLearner

When = Literal["newest", "first"]


@dataclass(frozen=True)
class Trained:
    """A Learner with the weights that `run` had at `step`."""

    run: Run
    step: int
    learn: JobLearner

    @property
    def valid(self) -> ImageLoader:
        """The validation images. Raises `BadInput` for a run on something else."""
        loader = self.learn.data.valid
        if not isinstance(loader, ImageLoader):
            if self.run.spec.job.settings.get("precompute") == "on":
                raise BadInput(
                    f"{self.run.id} learned from precomputed activations, and no picture passed through its network: "
                    "take a run with precompute=off."
                )
            raise BadInput(f"{self.run.id} was not trained on images; take a run of mnist or mnist-3v7.")
        return loader


def ready() -> None:
    """Nothing: once this is answered, torch is loaded. A lab request."""


def load(ref: str, when: str = "newest") -> Trained:
    """The network of the run that `ref` means: as it is now, though it may still train, or `first`, before training.

    Raises `BadInput` for a run or moment that there is not, `DataMissing` before its first checkpoint, `RunFailed` for
    one whose weights have become infinite.
    """
    if when not in ("newest", "first"):
        raise BadInput(f"There is no moment called {when!r}; there are newest and first.")
    run = RunStore().find(ref)
    found = (checkpoints.newest if when == "newest" else checkpoints.first)(run.path / "checkpoints")
    if found is None:
        raise DataMissing(f"{run.id} has no checkpoint yet: wait until it has begun to train.")
    state, _ = found
    learn = learner(run.spec.job)
    checkpoints.restore_model(learn, state)
    if not all(bool(p.isfinite().all()) for p in learn.model.parameters()):
        raise RunFailed(f"The weights of {run.id} are no numbers any more, because it diverged: look at another run.")
    return Trained(run, state["place"]["step"], learn)


def learner(job: Job) -> JobLearner:
    """The Learner of a job, on the CPU. It is built once: its weights are whatever was last loaded into it."""
    torch.set_num_threads(threads())
    settings = {**job.settings, "loader": "resident"} | ({"begin": ""} if "begin" in job.settings else {})
    here = msgspec.structs.replace(job, device="cpu", settings=settings)
    return _built(msgspec.json.encode(here))


@lru_cache(maxsize=2)  # the newest run and one to compare it with; full MNIST takes 55 MB
def _built(job: bytes) -> JobLearner:
    built: JobLearner = build(msgspec.json.decode(job, type=Job))
    return built


def probabilities(preds: Tensor) -> Tensor | None:
    """The classes' probabilities, (n, classes), from logits (n, classes), or (n, 1) for "class 1"; None for outputs of
    another shape, which are no classes."""
    if preds.ndim != 2:
        return None
    if preds.shape[1] > 1:
        return preds.softmax(1)
    yes = preds.sigmoid()
    return torch.cat([1 - yes, yes], 1)


def predictions(found: Trained) -> tuple[Tensor, Tensor] | None:
    """Every validation item's probabilities (n, classes), and its class (n,); None for outputs that are no classes."""
    every, truth = [], []
    for xb, yb in found.learn.data.valid.batches(0):
        likely = probabilities(found.learn.predict(xb))
        if likely is None:
            return None
        every.append(likely)
        truth.append(yb)
    return torch.cat(every), torch.cat(truth)


def as_pixels(rows: Any) -> Tensor:
    """A grey picture given by value, uint8 (1, 1, height, width). Raises `BadInput` for anything else."""
    try:
        picture = torch.tensor(rows, dtype=torch.int64)
    except (ValueError, TypeError, RuntimeError):
        raise BadInput("A picture is rows of whole numbers from 0 to 255, all equally long.") from None
    if picture.ndim != 2 or not picture.numel() or picture.min() < 0 or picture.max() > 255:
        raise BadInput("A picture is rows of whole numbers from 0 to 255, all equally long.")
    return picture.to(torch.uint8)[None, None]
