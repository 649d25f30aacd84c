"""What a run has recorded of itself, as plain numbers: what its automatic reading is read from. Free of torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastai_tui.engine.events import DataFacts, Epoch
from fastai_tui.engine.settings import Value

if TYPE_CHECKING:
    import numpy as np

NORM = re.compile(r"(^|[._])(norm|bn|batch_?norm|layer_?norm)\d*$", re.IGNORECASE)  # below zero is not dead there


@dataclass(frozen=True)
class Inside:
    """The share of values ≤ 0.05 of every recorded layer: (columns, layers); a column stands for `span` batches.

    It is the same before a ReLU and after it, so either may be recorded."""

    layers: tuple[str, ...]
    near_zero: np.ndarray
    span: int = 1

    def last_batch(self, column: int) -> int:
        """The last batch (from 1) of a column."""
        return (column + 1) * self.span

    def first_batch(self, column: int) -> int:
        """The first batch (from 1) of a column."""
        return column * self.span + 1

    def hidden(self) -> list[int]:
        """The layers that a ReLU may silence: all but the norms and the last, whose numbers are the answer; of a layer
        and its ReLU, which have the same share, the first."""
        import numpy as np

        found: list[int] = []
        for i, name in enumerate(self.layers[:-1]):
            again = found and np.allclose(self.near_zero[:, found[-1]], self.near_zero[:, i], atol=1e-6, equal_nan=True)
            if not NORM.search(name) and not again:
                found.append(i)
        return found

    def window(self) -> int:
        """How many columns the end of the run is: its last tenth."""
        return max(len(self.near_zero) // 10, min(5, len(self.near_zero)))


@dataclass(frozen=True)
class Record:
    """A run so far: a loss and a rate for every batch (up to the first loss that was no number: that of the batch
    `broken`, or 0), its epochs, and what happened `inside`, where that is recorded.

    `guess` is the loss of answering without looking (ln of the number of classes), None where that is not known;
    `total` how many batches there will be, `ended` whether it came to its end before them; `choices` what the settings
    that are choices can be.
    """

    losses: np.ndarray
    rates: np.ndarray
    total: int
    epochs: Sequence[Epoch] = ()
    inside: Inside | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    guess: float | None = None
    broken: int = 0
    ended: bool = False

    @property
    def batches(self) -> int:
        """How many are done."""
        return len(self.losses)

    @property
    def over(self) -> bool:
        """Has it come to its end, by itself and not because somebody stopped it?"""
        return self.ended or self.batches >= self.total or bool(self.broken)

    @property
    def level(self) -> float:
        """The loss of a network that knows nothing: that of guessing, or else the first batch's."""
        return self.guess if self.guess is not None else float(self.losses[0])

    @property
    def tail(self) -> float:
        """The loss at the end: the median of the last tenth."""
        import numpy as np

        return float(np.median(self.losses[-max(self.batches // 10, 5) :]))

    def quarters(self) -> list[float]:
        """The median loss of each quarter of the run."""
        import numpy as np

        return [float(np.median(part)) for part in np.array_split(self.losses, 4)]

    def leap(self) -> tuple[int, float]:
        """The batch at which the loss was highest in the run's first quarter, and that loss."""
        head = self.losses[: max(self.batches // 4, 5)]
        at = int(head.argmax())
        return at + 1, float(head[at])

    def lowest(self) -> tuple[int, float]:
        """The end of the window (a twentieth of the run) with the lowest median loss, and that loss."""
        import numpy as np

        width = max(self.batches // 20, 5)
        starts = range(0, max(self.batches - width, 0) + 1, max(width // 2, 1))
        found = [(float(np.median(self.losses[at : at + width])), at + width) for at in starts]
        loss, at = min(found)
        return min(at, self.batches), loss


def guess_of(data: DataFacts | None) -> float | None:
    """What answering without looking costs, in nats: every class, or every token, as likely as any other."""
    kinds = (data.vocabulary or len(data.classes or ())) if data else 0
    return math.log(kinds) if kinds > 1 else None
