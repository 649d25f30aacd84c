"""What a Learner is fed with: loaders of batches, whose place is a pair of numbers, and the facts about the data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from fastai_tui.engine.events import DataFacts


class Loader(Protocol):
    """Batches of inputs and targets. The order of an epoch depends on the seed and the epoch's number alone, so that
    training can go on from any batch."""

    items: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch, from the one numbered `start` on, on the device where training happens."""
        ...


@dataclass(frozen=True)
class Data:
    """A training set, a validation set, and what is known about them."""

    train: Loader
    valid: Loader
    facts: DataFacts
