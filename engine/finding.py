"""A finding: something that goes wrong in a run, in plain words, with its evidence and what to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.engine import remedies

if TYPE_CHECKING:
    from fastai_tui.engine.settings import Value


@dataclass(frozen=True)
class Evidence:
    """Where a sign is seen: in the batches `first` to `last` (from 1) of `what` (loss, near_zero or valid_loss, the
    `layer`'s, where it is one's), whose value there is `value`."""

    what: str
    first: int
    last: int
    value: float
    layer: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that goes wrong. `seen` is what is seen, `why` its cause, and `remedies` what to try, the most
    promising first, each as settings (and `epochs`) that differ from the run's."""

    code: str
    verdict: str
    seen: str
    why: str
    remedies: tuple[Mapping[str, Value], ...]
    evidence: tuple[Evidence, ...]

    @property
    def advice(self) -> str:
        """What to try, in a sentence."""
        return remedies.in_words(self.remedies)

    @property
    def message(self) -> str:
        """All of it in a few sentences, as a run's warning tells it."""
        return " ".join(part for part in (self.seen, self.why, self.advice) if part)


def nats(value: float) -> str:
    """A loss in words: three digits."""
    return f"{value:.3g}" if value < 1 else f"{value:.2f}" if value < 1000 else f"{value:.3g}"
