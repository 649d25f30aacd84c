"""What a run's network gets wrong: of its validation images, the most confident mistakes first."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.data import store
from fastai_tui.engine.data.catalogue import DATA_SETS
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.events import DataFacts
from fastai_tui.engine.interpret.trained import Trained, load, predictions


def answer(run: str, most: int = 100, when: str = "newest") -> dict[str, Any]:
    """The validation images that a run's network gets wrong, `most` of them with their pixels, and the confusion matrix
    (a row for each true class, a column for each predicted one). A lab request.

    A mistake's `reference` is its NAME:INDEX, or nothing where the data set has no name for its validation images.
    Raises what `trained.load` raises, and `BadInput` for a network whose outputs are no classes.
    """
    found = load(run, when)
    likely, truth = _predicted(found)
    sure, answers = likely.max(1)
    wrong = torch.nonzero(answers != truth).flatten()
    shown = wrong[sure[wrong].argsort(descending=True, stable=True)][: max(most, 0)]
    classes = likely.shape[1]
    return {
        "run": found.run.id,
        "step": found.step,
        "data": found.learn.data.facts.name,
        "classes": list(found.learn.data.facts.classes or ()),
        "total": len(truth),
        "wrong": len(wrong),
        "confusion": torch.bincount(truth * classes + answers, minlength=classes**2).reshape(classes, -1).tolist(),
        "mistakes": [
            {
                "index": row,
                "reference": name,
                "pixels": picture,
                "truth": int(truth[row]),
                "prediction": int(answers[row]),
                "probability": float(sure[row]),
                "probabilities": likely[row].tolist(),
            }
            for row, name, picture in zip(shown.tolist(), *pictures(found, shown), strict=True)
        ],
    }


def _predicted(found: Trained) -> tuple[Tensor, Tensor]:
    """Every validation image's probabilities (n, classes), and its class (n,)."""
    _ = found.valid  # refuses a run on something else
    if (every := predictions(found)) is None:
        raise BadInput(
            f"{found.run.id} answers each image with a grid of numbers, and none of them is a class: take a run "
            "with model=cnn or model=linear."
        )
    return every


def pictures(found: Trained, rows: Tensor) -> tuple[list[str], list[Any]]:
    """The names and the pixels of validation images; grey ones as (height, width), others as (3, height, width)."""
    pixels = found.valid.pixels
    images = pixels.gather(pixels.order(rows.numpy()))
    grey = images[:, 0] if images.shape[1] == 1 else images
    names = _references(found.learn.data.facts)
    return [names[row] if names else "" for row in rows.tolist()], grey.tolist()


def _references(facts: DataFacts) -> list[str]:
    """The NAME:INDEX of every validation image: only the embedded sample has a number for them."""
    entry = DATA_SETS.get(facts.name)
    if entry is None or not entry.embedded:
        return []
    _, labels = store.rows(facts.name)
    _, valid = store.split(labels)
    used = [entry.classes.index(name) for name in facts.classes or ()]
    return [f"{facts.name}:{row}" for row in valid[np.isin(labels[valid], used)].tolist()]
