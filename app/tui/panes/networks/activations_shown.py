"""What of a run's activations is shown: plain values, from which the picture and its sentence are made."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.app.activations import Activations, Seen, Window, window

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot


class Shown(NamedTuple):
    """A run's snapshot and columns, the layer (from 1), the same of a run beside it, the batch pointed at (from 0;
    none: the newest), how far it is zoomed and from which batch on, the view, what is to be predicted still, and what
    helps when the run has ended early."""

    shot: Snapshot
    feed: Activations
    layer: int
    other: Snapshot | None
    beside: Activations | None
    at: int | None
    zoomed: int
    left: int
    view: str
    hidden: Collection[str]
    remedy: str = ""

    @property
    def name(self) -> str:
        """The layer's."""
        return self.feed.names[self.layer - 1]

    @property
    def total(self) -> int:
        """The batches from left to right, of the longer run: as planned while it goes on, else those that were done."""
        shots = [self.shot, *([self.other] if self.other else [])]
        return max(max(shot.step, 0 if shot.ended else shot.total, 1) for shot in shots)

    @property
    def same_layer(self) -> int:
        """The layer of the run beside that has the chosen one's name, from 1; 0 if there is none."""
        names = self.beside.names if self.beside else []
        return names.index(self.name) + 1 if self.name in names else 0

    def window(self, width: int, feed: Activations | None = None) -> Window:
        """What of a run's columns is shown in so many cells: the same batches for both runs."""
        span = (feed or self.feed).span
        return window(-(-self.total // span), width, self.zoomed, self.left // span)

    def seen(self, shown: Window, layer: int = 0, feed: Activations | None = None) -> Seen | None:
        """A layer of a run (the chosen one, of the run itself)."""
        return (feed or self.feed).seen((layer or self.layer) - 1, shown)

    def cell(self, seen: Seen) -> int:
        """The cell that is told about: the one pointed at, or the newest."""
        last = len(seen.batches) - 1
        return last if self.at is None else min(max(seen.window.cell(self.at // seen.span), 0), last)
