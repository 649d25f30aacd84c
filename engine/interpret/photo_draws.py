"""What augmentation makes of one photo: the lab's part. It is what a run would draw for it in its epochs."""

from dataclasses import fields
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.data.decoding import decoded
from fastai_tui.engine.data.photo_augment import Draws, PhotoAugment, photo_augmentation, resized
from fastai_tui.engine.data.photos import side_for
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.photo_facts import Chosen, chosen
from fastai_tui.engine.photo_draws import PhotoDraw, PhotoDraws

SIDE, LARGEST = 112, 224  # pixels of a picture that is handed on: a terminal shows no more
MOST_EPOCHS = 64


def answer(
    data: str = "",
    image: int = 0,
    seed: int = 42,
    epochs: int = 1,
    augment: str = "side-on",
    rotate: float = 10.0,
    zoom: float = 1.1,
    warp: float = 0.0,
    light: float = 0.05,
    contrast: float = 0.05,
    side: int = SIDE,
) -> PhotoDraws:
    """What the first `epochs` epochs of a run with this seed would make of a photo to train on, in pictures of `side`
    pixels. A lab request. Raises `BadInput` and as `photo_facts.photo`."""
    if image < 0 or not 0 <= epochs <= MOST_EPOCHS or not 1 <= side <= LARGEST:
        raise BadInput(f"Photos have numbers from 0 on, and {MOST_EPOCHS} epochs are the most that are drawn at once.")
    how = photo_augmentation(augment, side, rotate, zoom, warp, light, contrast)
    found = chosen(data, image)
    pixels = _square(found)
    return PhotoDraws(
        name=found.name,
        label=found.label,
        image=found.image,
        photos=found.photos,
        here=found.here,
        side=side,
        original=_bytes(resized(pixels, side)[0]),
        draws=_drawn(pixels, how, found, seed, epochs) if epochs else [],
    )


def _drawn(pixels: Tensor, how: PhotoAugment, found: Chosen, seed: int, epochs: int) -> list[PhotoDraw]:
    row = np.array([found.image])
    every = [how.draws(row, found.photos, seed, epoch) for epoch in range(epochs)]
    draws = Draws(*(torch.cat([getattr(one, field.name) for one in every]) for field in fields(Draws)))
    made = how(pixels.expand(epochs, -1, -1, -1), draws)
    return [
        PhotoDraw(
            epoch=i + 1,
            turn=int(draws.turn[i]),
            angle=float(draws.angle[i]),
            larger=float(draws.zoom[i]),
            at=(float(draws.at[i, 0]), float(draws.at[i, 1])),
            tilt=(float(draws.tilt[i, 0]), float(draws.tilt[i, 1])),
            light=float(draws.light[i]),
            contrast=float(draws.contrast[i]),
            pixels=_bytes(made[i]),
        )
        for i in range(epochs)
    ]


@lru_cache(maxsize=1)
def _square(found: Chosen) -> Tensor:
    """The square out of its middle, as training keeps it: uint8 (1, 3, side, side)."""
    return torch.tensor(decoded(found.content, found.path, found.where, side_for(LARGEST)))[None]


def _bytes(picture: Tensor) -> bytes:
    """A picture (3, side, side) of 0…255, pixel by pixel."""
    return picture.round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy().tobytes()
