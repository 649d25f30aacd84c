"""A run's activations as front ends show them: read as they come, folded to a width, and told in words. No drawing.

numpy is imported late: the first frame of an app does without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from fastai_tui.app.text import number
from fastai_tui.engine.runs.activations import folded
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import CHUNK

if TYPE_CHECKING:
    import numpy as np

PIECE = 512  # columns read at a time: a megabyte of five layers
FEWEST = 8  # columns of a file that a zoomed picture shows at least
BINS_TOP = 10.0  # where the last bin ends
MOST_KEPT = 64  # windows, and layers in them, that are remembered
STATISTICS = ("mean", "std", "near_zero")


@dataclass(frozen=True)
class Window:
    """Which of a run's columns are shown in how many columns of cells: `count` from `first` on, in `width` cells.

    Where there are more columns than cells, neighbours share a cell; where there are fewer, a column has several.
    """

    first: int
    count: int
    width: int

    def start(self, cell: int) -> int:
        """The first column in a cell."""
        return self.first + cell * self.count // self.width

    def stop(self, cell: int) -> int:
        """The column after the last in a cell."""
        return max(self.start(cell) + 1, self.start(cell + 1))

    def cell(self, column: int) -> int:
        """The (last) cell in which a column is."""
        return ((column - self.first + 1) * self.width - 1) // max(self.count, 1)

    def starts(self, there: int) -> list[int]:
        """The first columns of the cells that hold something of the `there` columns that there are."""
        return [start for start in map(self.start, range(self.width)) if start < there]


def window(total: int, width: int, zoom: int = 1, first: int = 0) -> Window:
    """Of `total` columns the share that a zoom shows, from `first` on as far as that is possible."""
    count = max(-(-total // max(zoom, 1)), min(FEWEST, total), 1)
    return Window(min(max(first, 0), max(total - count, 0)), count, max(width, 1))


@dataclass
class _Kept:
    """What has been read: `count` columns of `span` batches each, and the mean loss of each."""

    columns: np.ndarray
    losses: np.ndarray
    span: int = 1
    count: int = 0

    def add(self, columns: np.ndarray, losses: np.ndarray) -> None:
        """Keep some more; the room doubles when it is full."""
        import numpy as np

        end = self.count + len(columns)
        if end > len(self.columns):
            more = max(end, 2 * self.count) - self.count
            self.columns = np.concatenate([self.columns[: self.count], np.zeros(more, self.columns.dtype)])
            self.losses = np.concatenate([self.losses[: self.count], np.zeros(more)])
        self.columns[self.count : end], self.losses[self.count : end] = columns, losses
        self.count = end


@dataclass(frozen=True)
class Seen:
    """A layer of a run in a window. Of every cell that holds something (n of them): its batches (first, last), mean,
    deviation, near-zero share, loss, and `counts` (n, 40) as they were in one batch on average. `values` is how many
    values the layer gives in a batch, `batches` how many the run has planned, `done` how many have been read."""

    name: str
    window: Window
    span: int
    batches: tuple[tuple[int, int], ...]
    mean: np.ndarray
    std: np.ndarray
    near_zero: np.ndarray
    loss: np.ndarray
    counts: np.ndarray
    values: float
    done: int

    def statistic(self, name: str) -> np.ndarray:
        """The mean, std or near_zero of every cell."""
        found: np.ndarray = getattr(self, name)
        return found


@dataclass
class Activations:
    """A run's columns in memory. `follow` is called beside the event loop; everything else costs no reading. `reads`
    counts how often it was looked at."""

    run: Run
    names: list[str] = field(default_factory=list)
    reads: int = 0
    _kept: _Kept | None = None
    _next: _Kept | None = None  # what replaces `_kept` once it is complete
    _folded: dict[Window, tuple[int, np.ndarray, np.ndarray]] = field(default_factory=dict)  # with the count then
    _seen: dict[tuple[int, Window], Seen] = field(default_factory=dict)  # of the count now

    @property
    def count(self) -> int:
        """How many columns are known."""
        return self._kept.count if self._kept else 0

    @property
    def span(self) -> int:
        """How many batches a column covers."""
        return self._kept.span if self._kept else 1

    def follow(self) -> bool:
        """Read what is new, at most a bounded piece; is there more to read? Raises `DiskTrouble`.

        The last column known is read again: when it is another, or gone, the run was resumed, or the file has merged
        its columns, and all is read anew.
        """
        self.reads += 1
        reader = self.run.activation_columns()
        if reader is None:
            return False
        self.names = reader.names
        kept = self._next or self._kept
        known = kept.count if kept else 0
        span, _, columns = reader.read(max(known - 1, 0) * (kept.span if kept else 1), PIECE + 1)
        if known and kept and not _goes_on(kept, span, columns):
            self._next = self._empty(reader.type, span)
            return True
        if kept is None or not known:
            kept = self._next = self._empty(reader.type, span)
        more = self._add(kept, columns[1 if known else 0 :])
        if self._next is not None and not more:
            self._kept, self._next, self._folded, self._seen = self._next, None, {}, {}
        return more

    @staticmethod
    def _empty(kind: np.dtype, span: int) -> _Kept:
        import numpy as np

        return _Kept(np.zeros(0, kind), np.zeros(0), span)

    def _add(self, kept: _Kept, columns: np.ndarray) -> bool:
        """Keep the columns whose losses are there too, so many that there is little to read; are there more?"""
        import numpy as np

        steps = self.run.steps()
        ready = min(len(columns), max(len(steps) // kept.span - kept.count, 0))
        taken = min(ready, max(CHUNK // kept.span, 1))
        if taken:
            rows = steps.read(kept.count * kept.span, (kept.count + taken) * kept.span)["loss"].astype(np.float64)
            taken = len(rows) // kept.span
            kept.add(columns[:taken], rows[: taken * kept.span].reshape(taken, kept.span).mean(1))
        return taken > 0 and (taken < ready or len(columns) >= PIECE)

    def values(self, layer: int) -> float:
        """How many values the layer (from 0) gives in a batch; 0 while nothing is known."""
        return float(self._kept.columns["layers"]["values"][0, layer]) / self.span if self._kept and self.count else 0.0

    def seen(self, layer: int, shown: Window) -> Seen | None:
        """The layer (from 0) as it is in the window; None while nothing is known, or there is no such layer."""
        kept = self._kept
        if kept is None or not kept.count or not 0 <= layer < len(self.names):
            return None
        found = self._seen.get((layer, shown))
        if found is None or found.done != kept.count * kept.span:
            if len(self._seen) >= MOST_KEPT:
                self._seen = {}
            found = self._seen[layer, shown] = self._see(kept, layer, shown)
        return found

    def _see(self, kept: _Kept, layer: int, shown: Window) -> Seen:
        import numpy as np

        columns, losses = self._fold(kept, shown)
        starts = [shown.start(cell) for cell in range(len(columns))]
        stops = [min(shown.stop(cell), kept.count) for cell in range(len(columns))]
        each = (np.array(stops) - np.array(starts)) * kept.span
        one = columns["layers"][:, layer]
        return Seen(
            name=self.names[layer],
            window=shown,
            span=kept.span,
            batches=tuple((start * kept.span + 1, stop * kept.span) for start, stop in zip(starts, stops, strict=True)),
            mean=one["mean"],
            std=one["std"],
            near_zero=one["near_zero"],
            loss=losses,
            counts=one["hist"] / each[:, None],
            values=self.values(layer),
            done=kept.count * kept.span,
        )

    def _fold(self, kept: _Kept, shown: Window) -> tuple[np.ndarray, np.ndarray]:
        """The window's columns and losses, a cell each. Only the cells that were not complete the last time are folded
        anew."""
        import numpy as np

        count, columns, losses = self._folded.get(shown, (0, kept.columns[:0], kept.losses[:0]))
        if count == kept.count:
            return columns, losses
        whole = sum(shown.stop(cell) <= count for cell in range(len(columns)))
        more = _fold(kept.columns[: kept.count], kept.losses[: kept.count], shown, whole)
        columns, losses = np.concatenate([columns[:whole], more[0]]), np.concatenate([losses[:whole], more[1]])
        if len(self._folded) >= MOST_KEPT:
            self._folded = {}
        self._folded[shown] = kept.count, columns, losses
        return columns, losses


def _goes_on(kept: _Kept, span: int, columns: np.ndarray) -> bool:
    last: bool = len(columns) > 0 and columns[0].tobytes() == kept.columns[kept.count - 1].tobytes()
    return span == kept.span and last


def _fold(columns: np.ndarray, losses: np.ndarray, shown: Window, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """The window's cells from `cell` on."""
    import numpy as np

    starts = np.array(shown.starts(len(columns))[cell:], np.int64)
    if shown.count <= shown.width or not len(starts):
        return columns[starts], losses[starts]
    first, end = starts[0], min(shown.first + shown.count, len(columns))
    sizes = np.diff(starts, append=end)
    return folded(columns[first:end], starts - first), np.add.reduceat(losses[first:end], starts - first) / sizes


def grid(seen: Seen, rows: int) -> np.ndarray:
    """The colourful dimension: (rows, n), the lowest bin last: log(1 + count), each count as in one batch on average.
    Where there are fewer rows than bins, a row shows the average of its bins."""
    import numpy as np

    bins = seen.counts.shape[1]
    starts = np.arange(rows) * bins // rows
    sizes = np.diff(starts, append=bins)
    binned = np.add.reduceat(seen.counts, starts, axis=1) / sizes if rows <= bins else seen.counts[:, starts]
    return np.log1p(binned).T[::-1]


def brightest(values: float) -> float:
    """The end of the scale: all values of a batch in one bin."""
    return math.log1p(max(values, 1.0))


def course(name: str, values: Sequence[float], batches: Sequence[tuple[int, int]]) -> str:
    """How a statistic goes over the batches, in words: where it begins and ends, and its turning points between, as far
    as they are large against the whole range."""
    finite = [(value, at) for value, at in zip(values, batches, strict=True) if math.isfinite(value)]
    if not finite:
        return f"The {name} is no number."
    places = turns([value for value, _ in finite])
    told = [f"begins at {_brief(finite[0][0])}"]
    for before, after in pairwise(places):
        verb = "rises" if finite[after][0] > finite[before][0] else "falls"
        told.append(f"{verb} to {_brief(finite[after][0])} at batch {finite[after][1][1]:,}")
    if len(places) < 2:
        told.append("and stays about there")
    if len(told) > MOST_TURNS + 1:
        low, high = min(finite), max(finite)
        told = [
            *told[:2],
            f"turns {len(places) - 2} times between {_brief(low[0])} and {_brief(high[0])}",
            f"ends at {_brief(finite[-1][0])}",
        ]
    return f"The {name} {', '.join(told)}."


MOST_TURNS = 5  # that are told one by one
SWING = 0.4  # of the whole range: what counts as a turn
STILL = 0.02  # a range smaller than this is none


def turns(values: Sequence[float]) -> list[int]:
    """The places of the first value, of every turning point from which it goes back by a good part of the whole range,
    and of the last value."""
    least = max(SWING * (max(values) - min(values)), STILL)
    places, low, high, way = [0], 0, 0, 0
    for i, value in enumerate(values):
        high = i if value > values[high] else high
        low = i if value < values[low] else low
        if way >= 0 and values[high] - value >= least:
            places, way, high, low = _with(places, high, values, least), -1, i, i
        elif way <= 0 and value - values[low] >= least:
            places, way, high, low = _with(places, low, values, least), 1, i, i
    last = len(values) - 1
    if abs(values[last] - values[places[-1]]) >= STILL and last > places[-1]:
        places.append(last)
    return places


def _with(places: list[int], turn: int, values: Sequence[float], least: float) -> list[int]:
    """A turning point more, unless it is where the last one was."""
    far = turn > places[-1] and abs(values[turn] - values[places[-1]]) >= least / 2
    return [*places, turn] if far else places


def _brief(value: float) -> str:
    return number(value if abs(value) >= 0.005 else 0.0, 2 if abs(value) < 10 else 3)
