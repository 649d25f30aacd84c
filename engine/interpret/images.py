"""A set's images class by class with its channels' statistics, and what augmentation makes of one of them: the lab's
part."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.data.augment import Augment, augmentation
from fastai_tui.engine.data.image import moments, value_counts
from fastai_tui.engine.data.store import ImageSet, images, resolve
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.image_views import Augmented, Channel, Draw, ImageFacts, Picture

DATA = ("cifar10", "colour-digits")
MOST, MOST_EPOCHS, LARGEST = 24, 64, 128  # pictures of a class and epochs in an answer; pixels of a side


def facts(data: str = "", first: int = 0, count: int = 8) -> ImageFacts:
    """The set called `data` (or the first of `DATA` that is here), with `count` pictures of each class from number
    `first` on; behind a class's last comes its first. A lab request. Raises as `store.images`, and `BadInput`."""
    if first < 0 or not 1 <= count <= MOST:
        raise BadInput(f"Pictures {first} to {first + count} cannot be had: ask for 1 to {MOST}, from 0 on.")
    found = _opened(resolve(data, DATA))
    rows = _rows_of(found.name)
    chosen = [of[(first + np.arange(min(count, len(of)))) % len(of)] if len(of) else of for of in rows]
    return ImageFacts(
        name=found.name,
        train=len(found.train_images),
        valid=len(found.valid_images),
        classes=list(found.classes),
        counts=[len(of) for of in rows],
        channels=_channels(found.name),
        first=first,
        pictures=[[_picture(found, int(row)) for row in of] for of in chosen],
    )


def augmented(
    data: str = "",
    image: int = 0,
    seed: int = 42,
    epochs: int = 1,
    augment: str = "standard",
    flip: str = "random",
    pad: int = 4,
    padding: str = "reflect",
    size: int = 0,
) -> Augmented:
    """What the first `epochs` epochs of a run with this seed would make of a training image, which is scaled to `size`
    before (0: as it is); behind the last image comes the first. A lab request. Raises `BadInput` and as
    `store.images`."""
    if image < 0 or not 0 <= epochs <= MOST_EPOCHS:
        raise BadInput(f"Images have numbers from 0 on, and {MOST_EPOCHS} epochs are the most that are drawn at once.")
    found = _opened(resolve(data, DATA))
    image %= len(found.train_images)
    original = _scaled(_pixels(found, image), size)
    how = augmentation(augment, pad, padding, flip)
    how = how and how.check(original.shape, "this picture" if size else found.name)
    label, around = int(found.train_labels[image]), how.pad if how else 0
    return Augmented(
        name=found.name,
        label=found.classes[label],
        train=len(found.train_images),
        original=_as_picture(image, label, original),
        padded=_as_picture(image, label, _padded(original, around, padding)),
        pad=around,
        draws=[_draw(found, image, original, how, seed, epoch) for epoch in range(epochs)],
    )


def _draw(found: ImageSet, image: int, original: Tensor, how: Augment | None, seed: int, epoch: int) -> Draw:
    label = int(found.train_labels[image])
    if how is None:
        return Draw(epoch + 1, False, 0, 0, _as_picture(image, label, original))
    drawn = how.draws(np.array([image]), len(found.train_images), seed, epoch)
    picture = _as_picture(image, label, how(original[None], drawn)[0])
    return Draw(epoch + 1, bool(drawn.flip[0]), int(drawn.down[0]), int(drawn.across[0]), picture)


def _scaled(pixels: Tensor, size: int) -> Tensor:
    """The picture (channels, height, width) with sides of `size`. Raises `BadInput`."""
    if size == 0 or tuple(pixels.shape[-2:]) == (size, size):
        return pixels
    if not 1 <= size <= LARGEST:
        raise BadInput(f"size={size} is out of bounds: give 1 to {LARGEST}, or 0 for pictures as they are.")
    large = F.interpolate(pixels[None].float(), (size, size), mode="bilinear", antialias=True, align_corners=False)
    return large[0].round().clamp(0, 255).to(torch.uint8)


def _padded(pixels: Tensor, pad: int, padding: str) -> Tensor:
    if not pad:
        return pixels
    sides = (pad,) * 4
    whole = F.pad(pixels[None].float(), sides, mode="reflect") if padding == "reflect" else F.pad(pixels[None], sides)
    return whole[0].to(torch.uint8)


@lru_cache(maxsize=1)
def _opened(name: str) -> ImageSet:
    return images(name)


@lru_cache(maxsize=1)
def _rows_of(name: str) -> list[np.ndarray]:
    """The rows of each class's training images."""
    found = _opened(name)
    return [np.flatnonzero(found.train_labels == label) for label in range(len(found.classes))]


@lru_cache(maxsize=1)
def _channels(name: str) -> list[Channel]:
    pixels = _opened(name).train_images
    pixels = pixels if pixels.ndim == 4 else pixels[:, None]
    counts = value_counts(pixels)
    return [Channel(*each) for each in zip(*moments(counts), counts.tolist(), strict=True)]


def _pixels(found: ImageSet, row: int) -> Tensor:
    """An image as (channels, height, width)."""
    pixels = torch.tensor(found.train_images[row])
    return pixels if pixels.ndim == 3 else pixels[None]


def _picture(found: ImageSet, row: int) -> Picture:
    return _as_picture(row, int(found.train_labels[row]), _pixels(found, row))


def _as_picture(row: int, label: int, pixels: Tensor) -> Picture:
    _, height, width = pixels.shape
    return Picture(row, label, height, width, pixels.contiguous().numpy().tobytes())
