"""`photo-activations`: what the embedded trunk made of 2,000 + 800 photos of cats and dogs, which are not shipped.

Of each photo there are the averages and the maxima of the trunk's channels over its 7×7 places at 224 pixels, in half
precision: 2,560 numbers, from which no picture can be had back. They are all that a head needs in order to learn.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from fastai_tui.engine.data.catalogue import PHOTO_ACTIVATIONS
from fastai_tui.engine.errors import DiskTrouble

if TYPE_CHECKING:
    from numpy import ndarray

PARTS = ("train", "valid")


@dataclass(frozen=True)
class Shipped:
    """The photos' classes (n,), and their activations (n, channels) by the names `train_average`, `train_maximum` and
    the same for `valid`, in half precision."""

    name: str
    source: str
    train_labels: "ndarray"
    valid_labels: "ndarray"
    classes: tuple[str, ...]
    activations: dict[str, Tensor]

    def pooled(self, head: str) -> dict[str, Tensor]:
        """What a head of that kind takes, float32: maxima and averages for `concat`, and averages for the others."""
        kinds = ("average", "maximum") if head == "concat" else ("average",)
        return {part: torch.cat([self.activations[f"{part}_{kind}"] for kind in kinds], 1).float() for part in PARTS}


@lru_cache(maxsize=1)
def shipped() -> Shipped:
    """The activations in the package. Raises `DiskTrouble` where they are damaged."""
    from fastai_tui.engine.data.store import file_path

    path = file_path(PHOTO_ACTIVATIONS, PHOTO_ACTIVATIONS.files[0])
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DiskTrouble(f"{path} is damaged ({error}); install the program again.") from error
    train, valid = (found.pop(f"{part}_labels").numpy() for part in PARTS)
    return Shipped(PHOTO_ACTIVATIONS.name, "sample", train, valid, PHOTO_ACTIVATIONS.classes, found)
