"""The embedded trunk's channels one by one, over the photos whose activations are shipped: the lab's part."""

from functools import lru_cache

import numpy as np
import torch

from fastai_tui.engine.backbones import EMBEDDED, MEAN, STD
from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.data.photo_activations import shipped
from fastai_tui.engine.data.photos import read_photo
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.features import Feature
from fastai_tui.engine.framing import centre
from fastai_tui.engine.interpret.cam import shown
from fastai_tui.engine.looking import CAT_FILE
from fastai_tui.engine.models.backbones import trunk

POOLS = ("average", "maximum")
SIZE = 224  # pixels of the pictures that the activations were computed from


def answer(channel: int = 0, pool: str = "average") -> Feature:
    """One channel's numbers. A lab request. Raises `BadInput` for a channel or a pooling that there is not."""
    found = shipped()
    if pool not in POOLS:
        raise BadInput(f"There is no pooling {pool!r}; there are {' and '.join(POOLS)}.")
    values, others = (found.activations[f"{part}_{pool}"] for part in ("train", "valid"))
    if not 0 <= channel < values.shape[1]:
        raise BadInput(f"The channels are 0 to {values.shape[1] - 1}; there is no {channel}.")
    scores = _scores(pool)
    higher = np.flatnonzero(scores > scores[channel])
    after = higher[higher > channel]
    following = after if len(after) else higher
    return Feature(
        channel=channel,
        channels=values.shape[1],
        pool=pool,
        classes=list(found.classes),
        values=values[:, channel].float().tolist(),
        labels=found.train_labels.tolist(),
        valid_values=others[:, channel].float().tolist(),
        valid_labels=found.valid_labels.tolist(),
        cat=_cat(pool)[channel],
        better=int(following[0]) if len(following) else channel,
        best=int(scores.argmax()),
    )


def separations(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each column of `values` (photos, channels) the largest share of photos that one threshold gets right, class 1
    being said on its better side."""
    rows = np.ascontiguousarray(values.T, np.float32)  # of halves numpy sorts ten times as slowly
    order = rows.argsort(axis=1)
    ordered, count = np.take_along_axis(rows, order, axis=1), len(values)
    ones_below = labels.astype(np.int64)[order].cumsum(axis=1)
    right = np.arange(1, count + 1) - ones_below + ones_below[:, -1:] - ones_below
    cuts = np.hstack([ordered[:, 1:] > ordered[:, :-1], np.ones((len(rows), 1), bool)])  # equal values stay together
    best: np.ndarray = np.where(cuts, np.maximum(right, count - right) / count, 0).max(axis=1)
    return best


@lru_cache(maxsize=2)
def _scores(pool: str) -> np.ndarray:
    found = shipped()
    return separations(found.activations[f"train_{pool}"].numpy(), found.train_labels)


@lru_cache(maxsize=2)
@torch.inference_mode()
def _cat(pool: str) -> list[float]:
    """The embedded cat's number in each channel."""
    photo = read_photo(CAT_FILE)
    pixels = shown(photo, centre(*photo.size), SIZE)
    maps = trunk(EMBEDDED).eval()(Normalise(MEAN, STD, torch.device("cpu"))(pixels))
    pooled: list[float] = (maps.mean((2, 3)) if pool == "average" else maps.amax((2, 3)))[0].tolist()
    return pooled
