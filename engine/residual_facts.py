"""What residual blocks add to what passes them: plain values, free of torch; `interpret.residuals` measures them."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from fastai_tui.engine.image_views import Picture


class Block(msgspec.Struct, frozen=True):
    """One block: the shape (channels, height, width) of what leaves it, the length of what passes by and of what is
    added to that, each the mean over the images. A block that is off adds nothing. `reshapes`: what passes by goes
    through a convolution of its own."""

    shape: list[int]
    passing: float
    added: float
    reshapes: bool = False

    @property
    def ratio(self) -> float:
        """What is added, as a share of what passes."""
        return self.added / self.passing if self.passing else 0.0


class One(msgspec.Struct, frozen=True):
    """One of the images: the answer that it gets, with its probability, and its own blocks. The picture's row is that
    among the validation images."""

    picture: Picture
    prediction: int
    probability: float
    blocks: list[Block]


class Residuals(msgspec.Struct, frozen=True):
    """A network with the blocks `off` (from 0) taken out: its blocks over `images` validation images, and how many of
    these it gets right. `run` is nothing for a fresh network. `one` is one of the images, where it was asked for."""

    run: str
    step: int
    model: str
    data: str
    classes: list[str]
    off: list[int]
    blocks: list[Block]
    images: int
    right: int
    one: One | None = None

    @property
    def accuracy(self) -> float:
        """The share of the images that it gets right."""
        return self.right / self.images


def smallest(blocks: Sequence[Block], off: Collection[int] = ()) -> int | None:
    """The block, from 0, that adds the smallest share; those that are off do not count."""
    return min((i for i in range(len(blocks)) if i not in off), key=lambda i: blocks[i].ratio, default=None)


def largest(blocks: Sequence[Block], off: Collection[int] = ()) -> int | None:
    """The same for the largest share."""
    return max((i for i in range(len(blocks)) if i not in off), key=lambda i: blocks[i].ratio, default=None)


def worst(alone: Mapping[int, float]) -> int:
    """Of the accuracies with one block off each, the block, from 0, whose is the lowest."""
    return min(alone, key=lambda i: (alone[i], i))
