"""Test-time augmentation looked at: an image's views with what the network says of each, and what averaging does.

A validation set in six views is six epochs of it, so it is looked at in pieces, which are remembered.
"""

import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine import tta
from fastai_tui.engine.data.augment import PADDINGS, Augment, augmentation
from fastai_tui.engine.data.catalogue import COLOUR_DIGITS
from fastai_tui.engine.data.photo_augment import PhotoAugment, at_test_time, photo_views
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.trained import Trained, load
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.viewed import COUNTS, KINDS, SHIFTS, Look, Score, Scores, Viewed

PIECE, SMALL, FEWEST = 256, 32, 16  # images at a time, of so many pixels across; of larger ones fewer, down to so many
BUDGET = 0.6  # seconds of an answer about all images, so that another question does not wait for long
REMEMBERED = 6  # networks × kinds of views; 4 MB for 10,000 images in nine views
SHOWN = 64  # pixels across that are told
USUAL = Augment()  # what random views are drawn from where training varied nothing
Key = tuple[str, str, str, int, int]


def answer(run: str, image: int = 0, kind: str = "crops", shift: int = 1, count: int = 4) -> Viewed:
    """What the newest weights of a run say of validation image `image` (from 0; one too far is the last) in each view.
    `kind`: the image and its reflection (flip), both moved by `shift` pixels too (crops), or the image and `count` more
    as training might show it (random). A lab request.

    Raises what `trained.load` raises, and `BadInput` for views that there are not and for other networks' outputs.
    """
    looked = _Looked(load(run), kind, shift, count)
    valid, facts = looked.found.valid, looked.found.learn.data.facts
    at = min(max(image, 0), valid.items - 1)
    likely = looked.piece(at // looked.at_once)[:, at % looked.at_once]
    pictures = tta.shown(valid, looked.views, np.array([at]))
    return Viewed(
        run=looked.found.run.id,
        step=looked.found.step,
        data=facts.name,
        index=at,
        images=valid.items,
        classes=list(facts.classes or ()),
        truth=int(valid.labels[at]),
        views=[
            Look(view.name, view.weight, _small(picture[0]).tolist(), each.tolist())
            for view, picture, each in zip(looked.views, pictures, likely, strict=True)
        ],
    )


def scores(run: str, kind: str = "crops", shift: int = 1, count: int = 4) -> Scores:
    """How good the averages are, over as many validation images as there has been time for: asked again, over more of
    them. A lab request; arguments and errors as of `answer`."""
    looked = _Looked(load(run), kind, shift, count)
    end, pieces = time.monotonic() + BUDGET, -(-looked.found.valid.items // looked.at_once)
    have = [looked.piece(0)]
    while len(have) < pieces and (time.monotonic() < end or looked.knows(len(have))):
        have.append(looked.piece(len(have)))
    return _scored(looked.found, tta.Views(tuple(looked.views), torch.cat(have, 1), _truth(looked.found, have)))


def _small(pixels: Tensor) -> Tensor:
    """A large picture with fewer pixels, as no more are shown; whole numbers of 0…255."""
    if max(pixels.shape[-2:]) > SHOWN:
        scale = SHOWN / max(pixels.shape[-2:])
        size = [max(round(side * scale), 1) for side in pixels.shape[-2:]]
        pixels = F.interpolate(pixels[None].float(), size, mode="bilinear", antialias=True)[0]
    return pixels.round().clamp(0, 255).to(torch.uint8) if pixels.is_floating_point() else pixels


def _truth(found: Trained, pieces: list[Tensor]) -> Tensor:
    return found.valid.labels[: sum(piece.shape[1] for piece in pieces)]


def _scored(found: Trained, seen: tta.Views) -> Scores:
    before, after = seen.probabilities[0].argmax(1), seen.average.argmax(1)
    other, was, now = before != after, before == seen.truth, after == seen.truth
    fixed, spoiled, wrong = (
        torch.nonzero(which).flatten().tolist() for which in (~was & now, was & ~now, other & ~was & ~now)
    )
    firsts = range(1, len(seen.views) + 1)
    return Scores(
        run=found.run.id,
        step=found.step,
        seen=len(seen.truth),
        total=found.valid.items,
        averages=[Score(*tta.score(seen.mean(first), seen.truth)) for first in firsts],
        alone=[Score(*each) for each in seen.scores()],
        fixed=fixed,
        spoiled=spoiled,
        otherwise=wrong,
    )


def _views(found: Trained, kind: str, shift: int, count: int) -> Sequence[tta.View]:
    """The views that are asked for. Raises `BadInput`."""
    if kind not in KINDS:
        raise BadInput(f"There are no views called {kind!r}: take {', '.join(KINDS)}.")
    shift, count = (min(max(n, low), high) for n, (low, high) in ((shift, SHIFTS), (count, COUNTS)))
    settings = found.run.spec.job.settings
    if isinstance(found.valid.augment, PhotoAugment) and "warp" in settings:
        return _of_photos(found, kind, count)
    padding = str(settings.get("padding", PADDINGS[0]))
    if kind == "flip":
        return tta.flip_views()
    if kind == "crops":
        return tta.crop_views(shift, padding)
    pad, flip = int(settings.get("pad", USUAL.pad)), str(settings.get("flip", USUAL.flip))  # type: ignore[arg-type]
    own = augmentation(str(settings.get("augment", "none")), pad, padding, flip)
    return tta.random_views(own or USUAL, found.run.spec.job.seed, count)


def _of_photos(found: Trained, kind: str, count: int) -> Sequence[tta.View]:
    """Each photo as it is, and as training might have shown it."""
    if kind != "random":
        raise BadInput("Photos are seen as they are, and as training varies them: take kind=random.")
    of_digits = found.learn.data.facts.name == COLOUR_DIGITS.name
    job = found.run.spec.job
    return photo_views(at_test_time(job.settings, of_digits=of_digits), job.seed, count)


class _Looked:
    """A network and a kind of views, with the pieces of the validation set that it has looked at so."""

    def __init__(self, found: Trained, kind: str, shift: int, count: int) -> None:
        self.found, self.views = found, _views(found, kind, shift, count)
        across = int(found.run.spec.job.settings.get("size", SMALL))  # type: ignore[arg-type]
        self.at_once = min(max(PIECE * SMALL**2 // max(across, 1) ** 2, FEWEST), PIECE)
        weights = checkpoints.newest_name(found.run.path / "checkpoints")
        self._pieces = _remembered((str(found.run.path), weights, kind, shift, count))

    def knows(self, number: int) -> bool:
        """Has that piece been looked at?"""
        return number in self._pieces

    def piece(self, number: int) -> Tensor:
        """The probabilities (views, n, classes) of a piece's images."""
        if number not in self._pieces:
            valid = self.found.valid
            rows = np.arange(number * self.at_once, min((number + 1) * self.at_once, valid.items))
            self._pieces[number] = tta.piece(self._predict, valid, self.views, rows)
        return self._pieces[number]

    def _predict(self, xb: Tensor) -> Tensor:
        preds = self.found.learn.predict(xb)
        if preds.ndim != 2 or preds.shape[1] < 2:
            raise BadInput(
                f"{self.found.run.id} does not answer with the probabilities of several classes: take a run of cifar10."
            )
        return preds


@lru_cache(REMEMBERED)
def _remembered(key: Key) -> dict[int, Tensor]:
    """The pieces by their number, empty at first."""
    return {}
