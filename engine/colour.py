"""Colour pictures as three channels, and what a kernel with a slice for each of them makes of one. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from fastai_tui.engine.convolution import KERNELS, Image, Kernel, Number, Rows, Window, plain_map, window
from fastai_tui.engine.errors import BadInput

CHANNELS = ("red", "green", "blue")
CAT = "chelsea-36x24.ppm"
_HEADER = re.compile(rb"P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s")
_NOTHING: Rows = ((0, 0, 0),) * 3
_MEAN: Rows = ((1, 1, 1),) * 3
_LESS: Rows = ((-1, -1, -1),) * 3


@dataclass(frozen=True)
class ColourKernel:
    """A kernel for pictures of several channels: one slice of weights for each, all of the same size."""

    name: str
    slices: tuple[Rows, ...]
    about: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return len(self.slices), len(self.slices[0]), len(self.slices[0][0])

    @property
    def largest(self) -> Number:
        """The furthest from nought that a sum over pixels of 0…255 can come, one way or the other."""
        weights = [weight for rows in self.slices for row in rows for weight in row]
        return 255 * max(sum(w for w in weights if w > 0), -sum(w for w in weights if w < 0))


def in_every_channel(kernel: Kernel, about: str = "") -> ColourKernel:
    """A grey picture's kernel, the same in each of the three channels."""
    return ColourKernel(kernel.name or "own kernel", (kernel.rows,) * 3, about)


COLOUR_KERNELS: tuple[ColourKernel, ...] = (
    in_every_channel(Kernel("top_edge", KERNELS["top_edge"]), "light below dark, in any colour"),
    in_every_channel(Kernel("left_edge", KERNELS["left_edge"]), "light right of dark, in any colour"),
    ColourKernel("red_edge", (KERNELS["top_edge"], _NOTHING, _NOTHING), "a top edge in red alone"),
    ColourKernel("red_not_green", (_MEAN, _LESS, _NOTHING), "patches with more red than green"),
    ColourKernel("green_to_red", (KERNELS["left_edge"], KERNELS["right_edge"], _NOTHING), "green turning to red"),
    ColourKernel("blue_sky", (_LESS, _NOTHING, _MEAN), "patches with more blue than red"),
)


def windows(
    channels: Sequence[Image], kernel: ColourKernel, at: tuple[int, int], stride: int = 1, padding: int = 0
) -> tuple[Window, ...]:
    """A window for each channel; the map's cell is the sum of their results. BadInput as for `convolution.window`."""
    _check_channels(channels, kernel)
    return tuple(
        window(channel, Kernel(None, rows), at, stride, padding)
        for channel, rows in zip(channels, kernel.slices, strict=True)
    )


def convolve_channels(channels: Sequence[Image], kernel: ColourKernel) -> Rows:
    """The map of a picture of several channels: the maps of the channels, added up."""
    _check_channels(channels, kernel)
    maps = [plain_map(image, Kernel(None, rows)) for image, rows in zip(channels, kernel.slices, strict=True)]
    return tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*maps, strict=True))


def _check_channels(channels: Sequence[Image], kernel: ColourKernel) -> None:
    if len(channels) != len(kernel.slices):
        raise BadInput(
            f"The picture has {len(channels)} channels and the kernel {len(kernel.slices)} slices: "
            "give the kernel a slice for each channel."
        )


@lru_cache(maxsize=1)
def cat() -> tuple[Rows, ...]:
    """The embedded photo of a cat, 36 pixels wide and 24 high, as red, green and blue of 0…255."""
    return read_ppm((files("fastai_tui.assets") / "data" / CAT).read_bytes())


def read_ppm(content: bytes) -> tuple[Rows, ...]:
    """The three channels of a PPM file (`P6`, one byte a value). Raises `BadInput`."""
    header = _HEADER.match(content)
    if header is None:
        raise BadInput("The picture is no PPM file of one byte a value: install fastai-tui again.")
    width, height, pixels = int(header[1]), int(header[2]), content[header.end() :]
    if len(pixels) != 3 * width * height:
        raise BadInput("The picture is cut short: install fastai-tui again.")
    return tuple(
        tuple(tuple(pixels[3 * width * row + channel : 3 * width * (row + 1) : 3]) for row in range(height))
        for channel in range(3)
    )
