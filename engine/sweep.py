"""What the rate finder is asked for and what it tells: plain values, so that any process can hold them."""

import math
from typing import Any

import msgspec

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.suggestions import Suggestion

LEAST, MOST = 6, 10_000  # batches; six are fastai's least
LOWEST, HIGHEST = 1e-12, 1e6  # rates


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """How the rate rises: by the same factor after every batch, from `start` towards `end`, in so many `batches`.

    It stops early once the smoothed loss is more than `stop` times the lowest so far (0: never). The defaults are
    fastai's (`Learner.lr_find`).
    """

    start: float = 1e-7
    end: float = 10.0
    batches: int = 100
    stop: float = 4.0

    def rate(self, batch: int) -> float:
        """The rate of the batch numbered `batch`, from 0; as in fastai, `end` itself would be that of one more."""
        return self.start * (self.end / self.start) ** (batch / self.batches)

    def checked(self) -> "Sweep":
        """Itself. Raises `BadInput` for what makes no sense."""
        if not all(math.isfinite(value) for value in (self.start, self.end, self.stop)):
            raise BadInput("start, end and stop must be numbers.")
        if not LOWEST <= self.start < self.end <= HIGHEST:
            raise BadInput(
                f"The rate cannot rise from {self.start:g} to {self.end:g}; give a start from {LOWEST:g} on, below the "
                f"end, and an end of at most {HIGHEST:g}."
            )
        if not LEAST <= self.batches <= MOST:
            raise BadInput(f"batches={self.batches} is out of bounds; allowed: {LEAST} to {MOST:,}.")
        if self.stop != 0 and self.stop <= 1:
            raise BadInput(f"stop={self.stop:g} would end it at once; give a number above 1, or 0 for never.")
        return self


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A finder's points since somebody last asked, the one numbered `first` first, and what is known at its end.

    `lrs` are the last layer group's. The hashes (SHA-256) are of what training goes on with: `before`, `after`, and
    `left`, as the finder itself left it before it was put back.
    """

    first: int
    lrs: list[float]
    losses: list[float | None]
    smooth_losses: list[float | None]
    before: dict[str, str]
    device: str
    data: str
    done: bool = False
    stopped_early: bool = False
    why: str = ""
    suggestions: list[Suggestion] = []
    caution: str = ""
    after: dict[str, str] = {}
    left: dict[str, str] = {}


def number(value: float | None) -> float:
    """A loss as JSON carried it: what is no number has become null there."""
    return math.nan if value is None else value


def piece(answer: Any) -> Piece:
    """The lab's answer to `find_rate`."""
    return msgspec.convert(answer, Piece)
