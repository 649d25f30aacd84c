"""What a network says of an image in several views, and of all images: plain values, free of torch."""

from collections.abc import Sequence

import msgspec

Channels = list[list[list[int]]]  # (channels, height, width), 0…255
KINDS = ("crops", "flip", "random")
SHIFTS = COUNTS = (1, 8)  # pixels that crops may be moved by, and how many random views there may be


class Look(msgspec.Struct, frozen=True):
    """One view: its name, its weight in the average, its pixels, and the classes' probabilities."""

    name: str
    weight: float
    pixels: Channels
    probabilities: list[float]


class Viewed(msgspec.Struct, frozen=True):
    """Validation image `index` out of `images`, of class `truth`, in all views, the first of which is the original."""

    run: str
    step: int
    data: str
    index: int
    images: int
    classes: list[str]
    truth: int
    views: list[Look]

    def average(self, first: int) -> list[float]:
        """The weighted mean of the first views' probabilities."""
        taken = self.views[:first]
        weights = [view.weight for view in taken]
        columns = zip(*(view.probabilities for view in taken), strict=True)
        return [sum(w * p for w, p in zip(weights, column, strict=True)) / sum(weights) for column in columns]

    def answer(self, first: int) -> int:
        """The class that the first views' average gives the most."""
        return likeliest(self.average(first))


class Score(msgspec.Struct, frozen=True):
    """The share of images that are right, and the mean −ln p of the true class (nats)."""

    accuracy: float
    loss: float


class Scores(msgspec.Struct, frozen=True):
    """The first `seen` of `total` validation images: how good the average of the first 1, 2, … views is, and each view
    alone. The lists have the images that the average of all answers differently from the original: put right, spoiled,
    or wrong both times."""

    run: str
    step: int
    seen: int
    total: int
    averages: list[Score]
    alone: list[Score]
    fixed: list[int]
    spoiled: list[int]
    otherwise: list[int]

    @property
    def done(self) -> bool:
        """Is that all of them?"""
        return self.seen == self.total

    @property
    def changed(self) -> list[int]:
        """The images whose answer is another, in their order."""
        return sorted([*self.fixed, *self.spoiled, *self.otherwise])

    @property
    def best(self) -> int:
        """How many views have the lowest loss."""
        return 1 + min(range(len(self.averages)), key=lambda i: self.averages[i].loss)


def likeliest(probabilities: Sequence[float]) -> int:
    """The class with the greatest probability; the first of several."""
    return max(range(len(probabilities)), key=lambda i: (probabilities[i], -i))
