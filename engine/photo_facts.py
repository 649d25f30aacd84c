"""A set of photos in numbers, as plain values: how many there are of each class, and how large they are. No torch."""

from collections.abc import Sequence
from statistics import median

import msgspec


class PhotoFacts(msgspec.Struct, frozen=True):
    """The set `name` has `train` and `valid` photos of `classes`, of which `counts` are each one's to train on (empty
    where that is not known). `widths` and `heights` are the photos' in pixels (empty where they are not known), those
    of `unread` files left out. `here`: they are on this machine. `first_held` is the first row that is held out where
    a fifth of so many photos is, drawn with seed 42."""

    name: str
    train: int
    valid: int
    classes: list[str]
    counts: list[int]
    widths: list[int]
    heights: list[int]
    unread: int
    here: bool
    first_held: int

    @property
    def photos(self) -> int:
        """All of them."""
        return self.train + self.valid

    @property
    def ratio(self) -> float:
        """How many times as large the largest class is as the smallest."""
        return max(self.counts) / max(min(self.counts), 1) if self.counts else 1.0

    @property
    def middle(self) -> tuple[float, float]:
        """The median width and the median height."""
        return (median(self.widths), median(self.heights)) if self.widths else (0.0, 0.0)

    def small(self, size: int) -> float:
        """The share of photos whose shorter side has fewer pixels than `size`."""
        return _share([min(pair) < size for pair in zip(self.widths, self.heights, strict=True)])

    @property
    def square(self) -> float:
        """The share that is as wide as it is high."""
        return _share([wide == high for wide, high in zip(self.widths, self.heights, strict=True)])

    @property
    def kept(self) -> float:
        """The share of a photo that lies in the largest square in its middle, the median over all photos."""
        pairs = zip(self.widths, self.heights, strict=True)
        return median(min(pair) / max(pair) for pair in pairs) if self.widths else 1.0


class OnePhoto(msgspec.Struct, frozen=True):
    """One photo: its number, label ("" where it has none) and size, and red, green and blue of it reduced to (width,
    height) `shown`."""

    image: int
    label: str
    width: int
    height: int
    shown: tuple[int, int]
    pixels: bytes


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
