"""What a Learner is fed with: loaders of batches, whose place is a pair of numbers, and the facts about the data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from torch import Tensor

from fastai_tui.engine.events import DataFacts


class Loader(Protocol):
    """Batches of inputs and targets. The order of an epoch depends on the seed and the epoch's number alone, so that
    training can go on from any batch."""

    items: int
    bs: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch, from the one numbered `start` on, on the device where training happens."""
        ...

    def shared(self, number: int, count: int) -> Self:
        """The same with an equal share of every batch's rows: that of process `number` of `count`, which divides
        them evenly."""
        ...


class Nothing:
    """No batches at all, for a process that has nothing to validate."""

    items = bs = 0

    def __len__(self) -> int:
        return 0

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """None."""
        return iter(())

    def shared(self, number: int, count: int) -> Self:
        """As little."""
        return self


@dataclass(frozen=True)
class Share:
    """An equal part of the rows of a batch: that of process `number` of `count`."""

    number: int = 0
    count: int = 1

    def of(self, first: int, rows: int) -> slice:
        """Of the rows from `first` on, so many."""
        part = rows // self.count
        return slice(first + self.number * part, first + (self.number + 1) * part)


ALL = Share()


@dataclass(frozen=True)
class Data:
    """A training set, a validation set, and what is known about them."""

    train: Loader
    valid: Loader
    facts: DataFacts
