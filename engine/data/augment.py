"""Augmentation for whole batches on the device: padding, crops and flips, for every image as chance decided for it.

What is drawn for an image depends on the seed, the epoch and the image alone, neither on its batch nor on the device:
so a resumed run goes on with the same draws. All of it is one gather: for every pixel that goes out, where it comes
from. For 256 images of 3×32×32 bytes on one thread of a CPU it takes 0.8 ms; slices of padded images, unfolded, 6 ms.

`alternating` flips are Keller Jordan's (airbench, arXiv 2404.00498): half of the images are flipped in the first epoch,
the other half in the second, and so on, so that two epochs together show each image both ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from numpy import ndarray

KINDS = ("none", "flip", "standard")
FLIPS = ("random", "alternating")
PADDINGS = ("reflect", "zero")
_CROPS, _FLIPS, _HALVES = 1, 2, 3  # streams of random numbers beside each other, and beside the permutation's


@dataclass(frozen=True)
class Draws:
    """What chance decided for some images: whether each is flipped (n,), and how many pixels its crop lies below and to
    the right of the middle, (n,) each, from −pad to pad."""

    flip: Tensor
    down: Tensor
    across: Tensor

    def __getitem__(self, piece: slice) -> "Draws":
        return Draws(self.flip[piece], self.down[piece], self.across[piece])


@dataclass(frozen=True)
class Augment:
    """How training images are varied: `flip` is none, random or alternating; crops come out of images that are padded
    by `pad` pixels on every side, by `padding`: reflect (without the edge itself) or zero (black, for raw pixels)."""

    flip: str = "random"
    pad: int = 4
    padding: str = "reflect"

    def draws(self, rows: "ndarray", items: int, seed: int, epoch: int, device: torch.device | None = None) -> Draws:
        """What is drawn in an epoch for these rows out of `items` images."""
        flip = self._flips(items, seed, epoch)[rows]
        place = stream(seed, epoch, _CROPS).integers(-self.pad, self.pad + 1, (2, items))[:, rows]
        down, across, flipped = (torch.from_numpy(part) for part in (*place, flip))
        return Draws(*(part.to(device, non_blocking=True) for part in (flipped, down, across)))

    def __call__(self, pixels: Tensor, draws: Draws) -> Tensor:
        """The images (n, channels, height, width), of any type, each as was drawn for it."""
        return moved(pixels, draws, self.padding)

    def check(self, shape: Sequence[int], name: str) -> Self:
        """This, if images of a `shape` that ends in (height, width) can be padded so. Raises `BadInput`."""
        if self.padding == "reflect" and self.pad >= min(shape[-2:]):
            raise BadInput(
                f"pad={self.pad} is too much for {name}'s images of {shape[-2]}×{shape[-1]} pixels: take at most "
                f"{min(shape[-2:]) - 1}, or padding=zero."
            )
        return self

    def _flips(self, items: int, seed: int, epoch: int) -> "ndarray":
        if self.flip == "none":
            return np.zeros(items, bool)
        if self.flip == "random":
            return stream(seed, epoch, _FLIPS).integers(0, 2, items).astype(bool)
        return stream(seed, 0, _HALVES).integers(0, 2, items).astype(bool) ^ bool(epoch % 2)


def augmentation(kind: str = "none", pad: int = 4, padding: str = "reflect", flip: str = "random") -> Augment | None:
    """What settings ask for: nothing with `none`, flips alone with `flip`, padding and crops too with `standard`."""
    if kind == "none":
        return None
    return Augment(flip, pad if kind == "standard" else 0, padding)


def moved(pixels: Tensor, draws: Draws, padding: str = "reflect") -> Tensor:
    """Images (n, channels, height, width), each shifted by its draws, then flipped from left to right if they say so:
    `out[y, x] = padded[y + down, x + across]`. What comes in from outside is reflected or zero."""
    height, width = pixels.shape[-2:]
    down = draws.down[:, None] + torch.arange(height, device=pixels.device)
    across = draws.across[:, None] + torch.arange(width, device=pixels.device)
    across = torch.where(draws.flip[:, None], across.flip(1), across)
    where = (_inside(down, height) * width)[:, :, None] + _inside(across, width)[:, None, :]
    where = where.flatten(1)[:, None].expand(-1, pixels.shape[1], -1)
    found = pixels.flatten(2).gather(2, where).view(pixels.shape)
    if padding == "reflect":
        return found
    outside = _beyond(down, height)[:, :, None] | _beyond(across, width)[:, None, :]
    return found.masked_fill_(outside[:, None], 0)


def _inside(places: Tensor, size: int) -> Tensor:
    """Places outside 0…size − 1 reflected at the first and the last; further out than that, those."""
    places = places.abs()
    return torch.where(places < size, places, 2 * (size - 1) - places).clamp_(0, size - 1)


def _beyond(places: Tensor, size: int) -> Tensor:
    return (places < 0) | (places >= size)


def stream(seed: int, epoch: int, which: int) -> np.random.Generator:
    """Random numbers of an epoch: of streams with different numbers, none says anything about another."""
    return np.random.default_rng([seed, epoch, which])
