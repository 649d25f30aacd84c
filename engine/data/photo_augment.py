"""Photos for a network: resized on the device as whole batches, and varied as chance decided for each of them.

A photo comes as the square out of its middle, larger than the network's pictures, so that crops and zooms have
something to move in. Flips, rotation, zoom, crop and tilt are one projective map for each photo and one look-up for all
of them, in which every pixel that goes out is interpolated once; light and contrast follow. What is drawn depends on
the seed, the epoch and the photo alone, as `augment.Augment`'s, and no knob changes what is drawn for another one.

`basic`, `side-on` and `top-down` are fast.ai 0.7's `transforms_basic`, `transforms_side_on` and `transforms_top_down`
(up to 10° either way, up to 1.1 times larger, light and contrast .05; never flipped, flips from left to right, or all
eight ways to lay a photo down), and tilting (`warp`) is fastai 1's.
"""

from dataclasses import dataclass, fields, replace
from math import pi
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.data.augment import stream
from fastai_tui.engine.data.photos import KINDS
from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy import ndarray

_PHOTOS = 4  # the stream of random numbers, beside those of `augment`
LAID = {"basic": (0, 1), "side-on": (4, 2), "top-down": (1, 8)}  # every so many-th of `Draws.turn`, and how many
KNOBS = ("rotate", "zoom", "warp", "light", "contrast")  # settings with its numbers
ROTATED = 0.75  # the share of photos that is rotated (fast.ai 0.7's RandomRotate)
SHRINK = 1.5  # a photo more times larger than what is wanted is shrunk first, lest single pixels stand for many


@dataclass(frozen=True)
class Draws:
    """What chance decided for some photos, (n,) each, or (n, 2) for across and down.

    `turn` is one of the eight ways to lay a photo down: turned by 90° anticlockwise `turn % 4` times, after it was
    flipped from left to right if `turn` is 4 or more. `angle` is the rotation in degrees, anticlockwise; `zoom` how
    many times larger things become; `at` where the piece lies that is then seen, from −1 (left, top) to 1; `tilt` how
    much the photo leans back to the right and to the bottom, as a share of its distance; `light` what is added, in
    units of 0…1, and `contrast` what distances from the mean are multiplied by.
    """

    turn: Tensor
    angle: Tensor
    zoom: Tensor
    at: Tensor
    tilt: Tensor
    light: Tensor
    contrast: Tensor

    def __getitem__(self, piece: slice) -> "Draws":
        return Draws(*(getattr(self, field.name)[piece] for field in fields(self)))

    def to(self, device: torch.device | None) -> "Draws":
        """The same on a device."""
        return Draws(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


@dataclass(frozen=True)
class PhotoAugment:
    """How photos become pictures of `size` pixels down and across: `kind` is `none` (resized alone), `basic` (never
    flipped, for letters and digits), `side-on` (flipped from left to right or not) or `top-down` (laid down in any of
    eight ways), all but the first also rotated by up to `rotate` degrees, enlarged up to `zoom` times, tilted by up to
    `warp`, and with other light and contrast."""

    kind: str = "side-on"
    size: int = 224
    rotate: float = 10.0
    zoom: float = 1.1
    warp: float = 0.0
    light: float = 0.05
    contrast: float = 0.05

    def draws(self, rows: "ndarray", items: int, seed: int, epoch: int, device: torch.device | None = None) -> Draws:
        """What is drawn in an epoch for these rows out of `items` photos."""
        found = stream(seed, epoch, _PHOTOS).random((10, items))[:, rows]
        if self.kind == "none":
            return still(len(rows)).to(device)
        apart, ways = LAID[self.kind]
        turn = apart * (found[0] * ways).astype(int)
        both = 2 * found - 1  # −1…1
        angle = self.rotate * both[1] * (found[2] < ROTATED)
        zoom, at, tilt = 1 + (self.zoom - 1) * found[3], both[4:6].T, self.warp * both[6:8].T
        stretch = 1 + self.contrast * np.abs(both[9])
        contrast = np.where(both[9] < 0, 1 / stretch, stretch)
        parts = (angle, zoom, at, tilt, self.light * both[8], contrast)
        return Draws(torch.from_numpy(turn), *(torch.from_numpy(part).float() for part in parts)).to(device)

    def __call__(self, pixels: Tensor, draws: Draws) -> Tensor:
        """The photos (n, channels, side, side) as (n, channels, size, size), float32 of 0…255, each as was drawn."""
        if self.kind == "none":
            return resized(pixels, self.size)
        return lit(seen(pixels, draws, self.size), draws)

    def check(self, shape: "Sequence[int]", name: str) -> Self:
        """This, if photos of that shape are squares. Raises `BadInput`."""
        if shape[-1] != shape[-2]:
            raise BadInput(f"{name} has pictures of {shape[-1]}×{shape[-2]} pixels; photos are varied as squares.")
        return self


def photo_augmentation(
    kind: str = "side-on",
    size: int = 224,
    rotate: float = 10.0,
    zoom: float = 1.1,
    warp: float = 0.0,
    light: float = 0.05,
    contrast: float = 0.05,
) -> PhotoAugment:
    """What settings ask for. Raises `BadInput` for a kind that there is not."""
    if kind not in KINDS:
        raise BadInput(f"There is no augmentation {kind!r} of photos; there are {', '.join(KINDS)}.")
    return PhotoAugment(kind, size, rotate, zoom, warp, light, contrast)


def of_settings(settings: "Mapping[str, object]", kind: str = "") -> PhotoAugment:
    """What a run's settings ask for, or another `kind` with the same numbers. Raises `BadInput`."""
    numbers = {name: float(settings[name]) for name in KNOBS}  # type: ignore[arg-type]
    return photo_augmentation(kind or str(settings["augment"]), int(settings["size"]), **numbers)  # type: ignore[call-overload]


def at_test_time(settings: "Mapping[str, object]", *, of_digits: bool) -> PhotoAugment:
    """What a run's views at test time are drawn from: what its training varies, or where that is nothing, what suits
    the pictures."""
    usual = "basic" if of_digits else "side-on"
    return of_settings(settings, usual if settings["augment"] == "none" else "")


@dataclass(frozen=True)
class PhotoView:
    """A view at test time (`tta.View`): each photo as training might have shown it, in the epoch that has the draw's
    number; or as it is, if there is nothing to draw."""

    name: str
    augment: PhotoAugment
    seed: int = 0
    number: int = 0
    weight: float = 1.0

    def of(self, pixels: Tensor, rows: "ndarray", items: int) -> Tensor:
        """As `tta.View` says: of (n, channels, size, size)."""
        return self.augment(pixels, self.augment.draws(rows, items, self.seed, self.number, pixels.device))


def photo_views(augment: PhotoAugment, seed: int = 0, count: int = 4) -> list[PhotoView]:
    """Each photo as it is, and `count` times as training might show it (fast.ai's TTA, with four)."""
    plain = PhotoView("original", replace(augment, kind="none"))
    return [plain, *(PhotoView(f"augmented {i + 1}", augment, seed, i) for i in range(count))]


def still(count: int) -> Draws:
    """What changes nothing, for so many photos."""
    nothing, one, pair = torch.zeros(count), torch.ones(count), torch.zeros(count, 2)
    return Draws(torch.zeros(count, dtype=torch.long), nothing, one, pair, pair, nothing, one)


def resized(pixels: Tensor, size: int) -> Tensor:
    """Photos (n, channels, side, side), of any type, as float32 (n, channels, size, size): shrunk without aliasing."""
    pixels = pixels.float()
    if pixels.shape[-1] == size:
        return pixels
    return F.interpolate(pixels, (size, size), mode="bilinear", antialias=True)


def seen(pixels: Tensor, draws: Draws, size: int) -> Tensor:
    """Photos laid down, rotated, enlarged, cropped and tilted, as float32 (n, channels, size, size). What comes in from
    outside is the photo's reflection at its edge."""
    side = pixels.shape[-1]
    pixels = resized(pixels, round(SHRINK * size)) if side > SHRINK * size else pixels.float()
    places = _places(draws, size)
    return F.grid_sample(pixels, places, mode="bilinear", padding_mode="reflection", align_corners=False)


def lit(pixels: Tensor, draws: Draws) -> Tensor:
    """Photos with other contrast around each one's mean, and other light (fast.ai 0.7's `lighting`); 0…255 stays."""
    mean = pixels.mean((1, 2, 3), keepdim=True)
    contrast, light = (part.view(-1, 1, 1, 1) for part in (draws.contrast, 255 * draws.light))
    return ((pixels - mean) * contrast + mean + light).clamp_(0, 255)


def _places(draws: Draws, size: int) -> Tensor:
    """Where each pixel that goes out comes from: (n, size, size, 2), across and down, −1…1 from edge to edge."""
    line = (torch.arange(size, device=draws.zoom.device) * 2 + 1) / size - 1
    down, across = torch.meshgrid(line, line, indexing="ij")
    out = torch.stack([across, down, torch.ones_like(down)], -1).view(-1, 3)
    found = out @ _maps(draws).transpose(1, 2)
    return (found[..., :2] / found[..., 2:]).view(-1, size, size, 2)


def _maps(draws: Draws) -> Tensor:
    """Matrices (n, 3, 3) from a place in the picture that is made to the place in the photo, in the order in which a
    photo is seen: tilted, of that a piece, rotated, and laid down."""
    rows = torch.zeros(len(draws.zoom), 3, 3, device=draws.zoom.device)
    tilted, piece, rotated, laid = (rows.clone() for _ in range(4))
    for made in (tilted, piece, rotated, laid):
        made[:, (0, 1, 2), (0, 1, 2)] = 1
    tilted[:, 2, :2] = draws.tilt
    piece[:, (0, 1), (0, 1)] = 1 / draws.zoom[:, None]
    piece[:, :2, 2] = (1 - 1 / draws.zoom)[:, None] * draws.at
    quarter, flipped = draws.turn % 4, draws.turn >= 4
    _rotate(rotated, draws.angle * (pi / 180))
    _rotate(laid, quarter * (pi / 2))
    laid[:, 0] *= torch.where(flipped, -1.0, 1.0)[:, None]  # flipped first, so looked up last
    return laid @ rotated @ piece @ tilted


def _rotate(rows: Tensor, angle: Tensor) -> None:
    """Make matrices look where a photo's pixel was before it was rotated anticlockwise by an angle in radians. (The
    second axis points down.)"""
    cos, sin = angle.cos(), angle.sin()
    rows[:, 0, 0], rows[:, 0, 1], rows[:, 1, 0], rows[:, 1, 1] = cos, -sin, sin, cos
