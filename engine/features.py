"""One activation as a feature: how well a single number, cut at a threshold, tells two classes apart. Free of torch."""

from collections.abc import Sequence

import msgspec


class Feature(msgspec.Struct, frozen=True):
    """One channel's numbers, `pool`ed (average or maximum) over each photo: for the photos to learn from and their
    classes, for the others, and for the embedded `cat`. `better` is the next channel that tells the classes apart
    better than this one does (itself, where none does), and `best` the one that does it best of all `channels`."""

    channel: int
    channels: int
    pool: str
    classes: list[str]
    values: list[float]
    labels: list[int]
    valid_values: list[float]
    valid_labels: list[int]
    cat: float
    better: int
    best: int

    @property
    def low(self) -> float:
        """The smallest value that is seen, the cat's included."""
        return min(*self.values, self.cat)

    @property
    def high(self) -> float:
        """The largest."""
        return max(*self.values, self.cat)


def above(values: Sequence[float], labels: Sequence[int], threshold: float) -> int:
    """The class (0 or 1) that is to be answered above the threshold, so that more of these photos are right."""
    right = sum((value > threshold) == (label == 1) for value, label in zip(values, labels, strict=True))
    return int(2 * right >= len(values))


def accuracy(values: Sequence[float], labels: Sequence[int], threshold: float, answer: int) -> float:
    """The share of photos that are right, when `answer` (0 or 1) is said of values above the threshold and the other
    class of all others."""
    right = sum((value > threshold) == (label == answer) for value, label in zip(values, labels, strict=True))
    return right / len(values) if values else 0.0


def best_threshold(values: Sequence[float], labels: Sequence[int]) -> tuple[float, float]:
    """The threshold at which most photos are right, halfway between two values, and their share; the lowest such."""
    pairs = sorted(zip(values, labels, strict=True))
    ones, count = sum(label for _, label in pairs), len(pairs)
    best, place, below = max(ones, count - ones), pairs[-1][0], 0
    for i, (value, label) in enumerate(pairs[:-1], 1):
        below += label
        right = (i - below) + (ones - below)  # where class 1 is said above
        if pairs[i][0] > value and max(right, count - right) > best:
            best, place = max(right, count - right), (value + pairs[i][0]) / 2
    return place, best / count


def histogram(values: Sequence[float], low: float, high: float, bins: int) -> list[int]:
    """How many values are in each of `bins` equal parts of low…high."""
    found = [0] * bins
    for value in values:
        found[place(value, low, high, bins)] += 1
    return found


def place(value: float, low: float, high: float, bins: int) -> int:
    """The part of low…high that a value is in, 0 to bins − 1."""
    return min(max(int((value - low) / (high - low) * bins), 0), bins - 1) if high > low else 0
