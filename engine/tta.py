"""Test-time augmentation: a network's predictions for several views of each image, and their average.

Views are cut out of the raw pixels, as in training, and normalised like all others. What is averaged are probabilities,
as fast.ai does it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.data.augment import Augment, Draws, moved
from fastai_tui.engine.data.image import ImageLoader

if TYPE_CHECKING:
    from numpy import ndarray

LEAST = 1e-15  # what a probability of 0 counts as in a log-loss, so that it stays finite


class View(Protocol):
    """A way of looking at every image: its name, its weight in the average, and what is then seen."""

    @property
    def name(self) -> str: ...
    @property
    def weight(self) -> float: ...

    def of(self, pixels: Tensor, rows: "ndarray", items: int) -> Tensor:
        """The raw images (n, channels, height, width) of these rows, out of `items`, as they are seen."""
        ...


class Moving(ABC):
    """A view that moves and flips images; what comes in from outside is padded."""

    name: str
    weight: float
    padding: str

    @abstractmethod
    def draws(self, rows: "ndarray", items: int, device: torch.device) -> Draws:
        """How the images of these rows, out of `items`, are moved and flipped."""

    def of(self, pixels: Tensor, rows: "ndarray", items: int) -> Tensor:
        """As `View` says."""
        return moved(pixels, self.draws(rows, items, pixels.device), self.padding)


@dataclass(frozen=True)
class Fixed(Moving):
    """The same move for every image: `down` and `across` pixels from the middle, then flipped or not."""

    name: str
    flip: bool = False
    down: int = 0
    across: int = 0
    weight: float = 1.0
    padding: str = "reflect"

    def draws(self, rows: "ndarray", items: int, device: torch.device) -> Draws:
        """As `Moving` says."""
        count = len(rows)
        places = (torch.full((count,), by, device=device) for by in (self.down, self.across))
        return Draws(torch.full((count,), self.flip, device=device), *places)


@dataclass(frozen=True)
class Drawn(Moving):
    """Each image as training might have shown it: `number` is the draw's, in the place of an epoch's."""

    name: str
    augment: Augment
    seed: int
    number: int
    weight: float = 1.0

    @property
    def padding(self) -> str:  # type: ignore[override]
        """The augmentation's own."""
        return self.augment.padding

    def draws(self, rows: "ndarray", items: int, device: torch.device) -> Draws:
        """As `Moving` says."""
        return self.augment.draws(rows, items, self.seed, self.number, device)


ORIGINAL = Fixed("original")


def flip_views() -> list[Moving]:
    """Each image as it is, and flipped."""
    return [ORIGINAL, Fixed("flipped", flip=True)]


def crop_views(shift: int = 1, padding: str = "reflect") -> list[Moving]:
    """Each image as it is, moved up to the left and down to the right by `shift` pixels, and all three flipped. The
    moved ones have half the weight (Keller Jordan's airbench, arXiv 2404.00498)."""
    moves = [
        Fixed("original", padding=padding),
        Fixed(f"−{shift}, −{shift}", down=-shift, across=-shift, weight=0.5, padding=padding),
        Fixed(f"+{shift}, +{shift}", down=shift, across=shift, weight=0.5, padding=padding),
    ]
    return [*moves, *(replace(view, name=f"{view.name}, flipped", flip=True) for view in moves)]


def random_views(augment: Augment, seed: int = 0, count: int = 4) -> list[Moving]:
    """Each image as it is, and `count` times as training might show it (fast.ai's TTA, with four)."""
    return [ORIGINAL, *(Drawn(f"augmented {i + 1}", augment, seed, i) for i in range(count))]


@dataclass(frozen=True)
class Views:
    """Probabilities (views, n, classes) for every view and image, and the images' classes (n,)."""

    views: tuple[View, ...]
    probabilities: Tensor
    truth: Tensor

    @cached_property
    def average(self) -> Tensor:
        """The views' weighted mean: (n, classes)."""
        return self.mean(len(self.views))

    def mean(self, first: int) -> Tensor:
        """The weighted mean of the first so many views: (n, classes)."""
        weights = torch.tensor([view.weight for view in self.views[:first]], dtype=self.probabilities.dtype)
        return torch.tensordot(weights.to(self.probabilities.device) / weights.sum(), self.probabilities[:first], 1)

    def scores(self) -> list[tuple[float, float]]:
        """Accuracy and log-loss (nats) of each view alone."""
        return [score(each, self.truth) for each in self.probabilities]


def score(probabilities: Tensor, truth: Tensor) -> tuple[float, float]:
    """Accuracy, and the mean negative logarithm (nats) of what the true class was given."""
    given = probabilities.double().gather(1, truth[:, None]).clamp_min(LEAST)
    return float((probabilities.argmax(1) == truth).double().mean()), float(-given.log().mean())


def look(predict: Callable[[Tensor], Tensor], loader: ImageLoader, views: Sequence[View]) -> Views:
    """The predictions for all of a loader's images, in their order, in each of the views. `predict` gives logits
    (n, classes) for normalised images (n, channels, height, width), from a network in evaluation mode."""
    starts = range(0, loader.items, loader.bs)
    every = [piece(predict, loader, views, np.arange(at, min(at + loader.bs, loader.items))) for at in starts]
    return Views(tuple(views), torch.cat(every, 1), loader.labels)


@torch.no_grad()
def piece(predict: Callable[[Tensor], Tensor], loader: ImageLoader, views: Sequence[View], rows: "ndarray") -> Tensor:
    """The probabilities (views, n, classes) of a loader's images of these rows, in each of the views."""
    seen = [predict(loader.normalise(images)) for images in shown(loader, views, rows)]
    return torch.stack(seen).float().softmax(-1)


def shown(loader: ImageLoader, views: Sequence[View], rows: "ndarray") -> Iterator[Tensor]:
    """The raw pixels (n, channels, height, width) of these rows, as each of the views has them."""
    pixels = loader.pixels.gather(loader.pixels.order(rows))
    for view in views:
        yield view.of(pixels, rows, loader.items)
