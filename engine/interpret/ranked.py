"""The validation photos that a run's network is most sure of, rightly or wrongly, and those it cannot decide."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine import tta
from fastai_tui.engine.data.activations import Computed, FeatureLoader
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.trained import Trained, load, predictions
from fastai_tui.engine.photo_facts import OnePhoto
from fastai_tui.engine.ranked import KINDS, Photo, Ranked
from fastai_tui.engine.runs import checkpoints

MOST = 200  # photos in an answer


def answer(run: str, kind: str = "wrong", label: int = -1, count: int = 12) -> Ranked:
    """The first `count` validation photos of a kind of `ranked.KINDS`, of the class `label` or of all (−1). Works
    without pixels, too. A lab request.

    Raises what `trained.load` raises, and `BadInput` for a kind that there is not and outputs that are no classes.
    """
    if kind not in KINDS:
        raise BadInput(f"There is no order called {kind!r}: take {', '.join(KINDS)}.")
    found = load(run)
    likely, truth = predicted(found)
    costs = likely.double().gather(1, truth[:, None])[:, 0].clamp_min(tta.LEAST).log().abs()  # of 1 nought, not −0
    rows = ordered(likely, truth, kind, label)
    missed = likely.argmax(1) != truth
    shown = rows[: min(max(count, 0), MOST)]
    accuracy, loss = tta.score(likely, truth)
    return Ranked(
        run=found.run.id,
        step=found.step,
        data=found.learn.data.facts.name,
        classes=list(found.learn.data.facts.classes or ()),
        kind=kind,
        total=len(truth),
        matching=len(rows),
        accuracy=accuracy,
        loss=loss,
        share=float(costs[shown].sum() / costs.sum().clamp_min(tta.LEAST)),
        wrong=int(missed.sum()),
        wrong_share=float(costs[missed].sum() / costs.sum().clamp_min(tta.LEAST)),
        pixels=_pictures(found) is not None,
        photos=[Photo(row, int(truth[row]), likely[row].tolist(), float(costs[row])) for row in shown.tolist()],
    )


def photo(run: str, row: int) -> OnePhoto:
    """A validation photo as the run has it before it is brought to its network's size. A lab request.

    Raises `BadInput` for a run on numbers alone and for a row that there is not, and what `trained.load` raises.
    """
    found = load(run)
    loader = _pictures(found)
    if loader is None:
        raise BadInput(f"{found.run.id} has numbers only: train on photos, and they are shown here.")
    if not 0 <= row < loader.items:
        raise BadInput(f"{found.run.id} has the validation photos 0 to {loader.items - 1:,}; {row} is none of them.")
    pixels = loader.pixels.gather(loader.pixels.order(np.array([row])))[0]
    height, width = pixels.shape[1:]
    colours = pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous()
    classes, label = found.learn.data.facts.classes, int(loader.labels[row])
    name = classes[label] if classes else str(label)
    return OnePhoto(row, name, width, height, (width, height), colours.cpu().numpy().tobytes())


def _pictures(found: Trained) -> ImageLoader | None:
    """A run's validation photos; none where it has their activations alone."""
    valid = found.learn.data.valid
    if isinstance(valid, FeatureLoader) and isinstance(valid.activations, Computed):
        return valid.activations.loaders[-1]
    return valid if isinstance(valid, ImageLoader) else None


def ordered(likely: Tensor, truth: Tensor, kind: str, label: int = -1) -> Tensor:
    """The rows of a kind, the most typical first, of probabilities (n, classes) and classes (n,)."""
    sure, answers = likely.max(1)
    if kind == "uncertain":
        best = likely.topk(2, 1).values
        belongs, value = torch.ones_like(truth, dtype=torch.bool), best[:, 1] - best[:, 0]
    else:
        belongs, value = (answers == truth) == (kind == "correct"), sure
    if label >= 0:
        belongs = belongs & (truth == label)
    rows = torch.nonzero(belongs).flatten()
    return rows[value[rows].argsort(descending=True, stable=True)]


def predicted(found: Trained) -> tuple[Tensor, Tensor]:
    """Every validation item's probabilities (n, classes), and its class (n,); remembered for the newest weights."""
    return _predicted(Weights(found))


class Weights:
    """A run's network as it is now: what is remembered of it holds as long as its weights are the same."""

    def __init__(self, found: Trained) -> None:
        self.found = found
        self.key = f"{found.run.path} {checkpoints.newest_name(found.run.path / 'checkpoints')}"

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weights) and self.key == other.key


@lru_cache(maxsize=2)
def _predicted(weights: Weights) -> tuple[Tensor, Tensor]:
    every = predictions(weights.found)
    if every is None or every[0].shape[1] < 2:
        raise BadInput(f"{weights.found.run.id} does not answer with the probabilities of classes: take another run.")
    return every
