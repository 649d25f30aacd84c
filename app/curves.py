"""Folding: a run's batches as at most a few hundred spans, kept up to date by reading only what is new.

A span's batches do not depend on how far the run is, so that a curve keeps its shape while it grows; when there are too
many spans, neighbours are merged and each covers twice as many batches. A million batches need no more than a thousand.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.engine.runs.steps import CHUNK, StepReader

if TYPE_CHECKING:
    import numpy as np

SPANS = 1024  # twice what the widest screen shows


@dataclass(frozen=True)
class Curve:
    """A run's batches, thinned. Of each span: its middle step, the lowest and highest finite loss, and at its end the
    smoothed loss, the rate (of the last layer group), the momentum and the `earlier` layer groups' rates, a row for
    each group; what is not known is NaN.

    `first` is the first batch's loss; `lowest` the lowest smoothed loss, after the batch `lowest_step`.
    """

    steps: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    smooth: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    first: float = math.nan
    lowest: float = math.nan
    lowest_step: int = 0
    momenta: tuple[float, ...] = ()
    earlier: tuple[tuple[float, ...], ...] = ()


class Folding:
    """The spans of a run; `follow` brings them up to date."""

    def __init__(self, spans: int = SPANS) -> None:
        import numpy as np

        self.spans, self.span, self.done = spans, 1, 0
        self.values = np.full((5, spans), np.nan)  # lows, highs, smooth, rates, momenta; then the earlier groups' rates
        self.first, self.lowest, self.lowest_step = math.nan, math.nan, 0

    def follow(self, reader: StepReader) -> None:
        """Take in the rows that have come since the last time."""
        while self.done < len(reader):
            rows = reader.read(self.done, min(len(reader), self.done + CHUNK))
            if not len(rows):
                return
            self.add(rows)

    def add(self, rows: "np.ndarray") -> None:
        """Take in the next `rows` (`engine.runs.steps.row_type`)."""
        import numpy as np

        if not self.done:
            self.first = float(rows["loss"][0])
            earlier = np.full((rows["lr"].shape[1] - 1, self.spans), np.nan)
            self.values = np.concatenate([self.values, earlier])
        while self.done + len(rows) > self.span * self.spans:
            self._merge()
        place = np.arange(self.done, self.done + len(rows)) // self.span
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        loss = rows["loss"].astype(np.float64)
        loss[~np.isfinite(loss)] = np.nan
        at = place[starts]
        self.values[0, at] = np.fmin(self.values[0, at], np.fmin.reduceat(loss, starts))
        self.values[1, at] = np.fmax(self.values[1, at], np.fmax.reduceat(loss, starts))
        ends = np.append(starts[1:], len(rows)) - 1
        self.values[2, at], self.values[3, at] = rows["smooth_loss"][ends], rows["lr"][ends, -1]
        self.values[4, at], self.values[5:, at] = rows["momentum"][ends], rows["lr"][ends, :-1].T
        self._keep_lowest(rows["smooth_loss"])
        self.done += len(rows)

    def _keep_lowest(self, smooth: "np.ndarray") -> None:
        import numpy as np

        finite = np.where(np.isfinite(smooth), smooth, np.inf)
        i = int(finite.argmin())
        if not self.lowest <= finite[i] < np.inf and finite[i] < np.inf:
            self.lowest, self.lowest_step = float(finite[i]), self.done + i + 1

    def _merge(self) -> None:
        import numpy as np

        left, right = self.values[:, ::2].copy(), self.values[:, 1::2].copy()
        half = self.spans // 2
        self.values[0, :half], self.values[1, :half] = np.fmin(left[0], right[0]), np.fmax(left[1], right[1])
        self.values[2:, :half] = np.where(np.isnan(right[2:]), left[2:], right[2:])
        self.values[:, half:] = np.nan
        self.span *= 2

    def curve(self) -> Curve:
        """What has been taken in so far."""
        import numpy as np

        count = -(-self.done // self.span)
        starts = np.arange(count) * self.span
        middles = (starts + 1 + np.minimum(starts + self.span, self.done)) / 2
        lows, highs, smooth, rates, momenta, *earlier = (tuple(row[:count].tolist()) for row in self.values)
        steps, lowest = tuple(middles.tolist()), (self.first, self.lowest, self.lowest_step)
        return Curve(steps, lows, highs, smooth, rates, *lowest, momenta, tuple(earlier))
