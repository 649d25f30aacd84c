"""What the lab tells of images, as plain values: a set's pictures and channels, and what chance makes of a picture."""

import math
from itertools import pairwise

import msgspec

# Training images' means and deviations, red, green and blue, as courses and papers print them for CIFAR-10.
PUBLISHED = {"cifar10": ((0.4914, 0.24703), (0.48216, 0.24349), (0.44653, 0.26159))}
COLOURS = ("red", "green", "blue")


class Picture(msgspec.Struct, frozen=True):
    """One image: its row among the training images, its class from 0, and its bytes (channels, height, width), of
    which `height` and `width` say how many there are."""

    row: int
    label: int
    height: int
    width: int
    pixels: bytes

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return len(self.pixels) // (self.height * self.width)

    def planes(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Red, green and blue as rows of numbers 0…255; a grey picture's are the same three times."""
        area, wide = self.height * self.width, self.width
        starts = range(0, len(self.pixels), area)
        found = [
            tuple(tuple(self.pixels[at : at + wide]) for at in range(start, start + area, wide)) for start in starts
        ]
        return tuple(found if len(found) == len(COLOURS) else found[:1] * len(COLOURS))

    def value(self, channel: int, at: tuple[int, int]) -> int:
        """The byte of a channel at (row, column), 0…255."""
        channel = min(channel, self.channels - 1)
        return self.pixels[(channel * self.height + at[0]) * self.width + at[1]]


class Channel(msgspec.Struct, frozen=True):
    """A channel over all training images: mean and deviation in units of 0…1, and how many pixels have each of the 256
    values."""

    mean: float
    std: float
    counts: list[int]

    def normalised(self, value: float) -> float:
        """What a byte becomes for the network."""
        return (value / 255 - self.mean) / self.std


class ImageFacts(msgspec.Struct, frozen=True):
    """A set of images: its channels, how many training images each class has, and some pictures of each class, from
    its picture number `first` on."""

    name: str
    train: int
    valid: int
    classes: list[str]
    counts: list[int]
    channels: list[Channel]
    first: int
    pictures: list[list[Picture]]


class Draw(msgspec.Struct, frozen=True):
    """What an epoch (the first is 1) makes of a picture: is it flipped, how many pixels below and to the right of the
    middle does the crop lie, and the picture that comes out."""

    epoch: int
    flipped: bool
    down: int
    across: int
    picture: Picture

    @property
    def border(self) -> int:
        """How many of its pixels come from the padding."""
        high, wide = min(abs(self.down), self.picture.height), min(abs(self.across), self.picture.width)
        return high * self.picture.width + wide * self.picture.height - high * wide

    @property
    def view(self) -> tuple[bool, int, int]:
        """What makes it different from another."""
        return self.flipped, self.down, self.across


class Augmented(msgspec.Struct, frozen=True):
    """One training image, padded by `pad` on every side, and what some epochs make of it."""

    name: str
    label: str
    train: int
    original: Picture
    padded: Picture
    pad: int
    draws: list[Draw]


def alternates(draws: list[Draw]) -> bool:
    """Is every picture, of four at least, flipped the other way round than the one before?"""
    return len(draws) >= 4 and all(a.flipped != b.flipped for a, b in pairwise(draws))


def spread(counts: list[int], bins: int) -> list[float]:
    """How many pixels have values in each of so many equal parts of 0…255, as shares of the fullest part."""
    edges = [math.ceil(256 * i / bins) for i in range(bins + 1)]
    sums = [sum(counts[low:high]) / max(high - low, 1) for low, high in pairwise(edges)]
    most = max(sums, default=0) or 1
    return [found / most for found in sums]
