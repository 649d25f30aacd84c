"""A figure that is drawn on: the only module that knows plotext.

Every plot has a figure of its own, sees thinned and finite numbers only, and has axis limits that are rounded, so that
they seldom change while a run is watched (each change redraws, and resends, the whole plot).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from fastai_tui.app.axes import LARGEST, Limits, ends, limits, power_of_ten, thinned, ticks
from fastai_tui.app.text import Look

# Of the sixteen colours that every terminal has, those that can be told from white paper too (bright cyan cannot);
# −1 is the text's own.
SMOOTH, VALID, RATE, RAW = 6, 3, 5, -1
PLANNED, DIM = 8, "2"  # what is yet to come: dim, in the text's own colour
SERIES = (6, 3, 1, 2, 5, 12)


@dataclass(frozen=True)
class Points:
    """A series: x and y, and how it is drawn. A gap is a y that is not finite."""

    x: Sequence[float]
    y: Sequence[float]
    label: str = ""
    colour: int = SMOOTH
    line: bool = True


class Canvas:
    """A private figure of exactly `width` × `height` characters. Without `axes` the curves have all of it."""

    def __init__(
        self,
        width: int,
        height: int,
        look: Look,
        series: Sequence[Points],
        total: float,
        y: Limits | None = None,
        margin: int = 0,
        axes: bool = True,
    ) -> None:
        self.width, self.height, self.look = width, height, look
        self.x = (0.0, _end(chain.from_iterable(s.x for s in series), total))
        self.y = y or limits(chain.from_iterable(s.y for s in series))
        self.fits = width >= 16 and height >= 4 if axes else width >= 2 and height >= 1
        if self.fits:
            self.figure = _figure(width, height)
            self.figure.xlim(*self.x)
            self.figure.ylim(*self.y)
            self._axes(margin) if axes else self._no_axes()

    def _no_axes(self) -> None:
        self.figure.xaxes(False, False)
        self.figure.yaxes(False, False)
        self.figure.xticks([], [])
        self.figure.yticks([], [])

    def _axes(self, margin: int) -> None:
        figure = self.figure
        figure.xticks(*ticks(*self.x, max(2, self.width // 10)))
        places, labels = ticks(*self.y, max(2, self.height // 3 + 1))
        figure.yticks(places, [label.rjust(margin) for label in labels])
        figure.xaxes(True, False)
        figure.yaxes(True, False)

    def decades(self, first: float) -> None:
        """Label the x axis with powers of ten: it is logarithmic and begins at `first`."""
        if self.fits:
            low, high = math.ceil(math.log10(first) - 1e-9), math.floor(math.log10(first) + self.x[1] + 1e-9)
            powers = range(low, high + 1, max(-(-(high - low) * 8 // max(self.width - 8, 1)), 1))
            self.figure.xticks([power - math.log10(first) for power in powers], [power_of_ten(p) for p in powers])

    def free(self, x: float, y: float, taken: set[tuple[int, int]]) -> tuple[float, float]:
        """The place, or one above it where none of those `taken` is; it is taken then."""
        cell = (self.y[1] - self.y[0]) / max(self.height - 2, 1)
        column, row = round(x / self.x[1] * self.width), round((y - self.y[0]) / cell)
        while any((at, row) in taken for at in (column - 1, column, column + 1)):
            row, y = row + 1, y + cell
        taken.add((column, row))
        return min(max(x, 0.0), self.x[1]), min(y, self.y[1])

    def line(self, points: Points, marker: str = "") -> None:
        """Join the points."""
        x, y = thinned(points.x, points.y, self.width, self.x[1])
        if self.fits and len(x):
            draw = self.figure.plot if len(x) > 1 else self.figure.scatter
            draw(
                x.tolist(),
                y.tolist(),
                marker=marker or ("braille" if self.look.unicode else "*"),
                color=_name(points.colour),
            )

    def points(self, points: Points, marker: str = "o") -> None:
        """Draw each point as a character."""
        x, y = thinned(points.x, points.y, self.width, self.x[1])
        if self.fits and len(x):
            self.figure.scatter(x.tolist(), y.tolist(), marker=marker, color=_name(points.colour))

    def band(self, steps: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> None:
        """Fill what lies between `lows` and `highs`: in every column, from its lowest to its highest."""
        import numpy as np

        if not self.fits or not len(steps):
            return
        places, edges = np.asarray(steps, np.float64), np.array([lows, highs], np.float64)
        whole = np.isfinite(edges).all(0)
        places, edges = places[whole], np.clip(edges[:, whole], -LARGEST, LARGEST)
        if not len(places):
            return
        column = np.clip(places / self.x[1] * self.width, 0, self.width).astype(int)
        first = np.flatnonzero(np.diff(column, prepend=-1))
        low, high = np.minimum.reduceat(edges[0], first), np.maximum.reduceat(edges[1], first)
        middle = np.add.reduceat(places, first) / np.diff(first, append=len(places))
        levels = 2 + ((high - low) / ((self.y[1] - self.y[0]) / self.height)).astype(int)
        xs = np.repeat(middle, levels)
        rank = np.arange(levels.sum()) - np.repeat(np.cumsum(levels) - levels, levels)
        ys = np.repeat(low, levels) + rank * np.repeat((high - low) / (levels - 1), levels)
        self.figure.scatter(xs.tolist(), ys.tolist(), marker="·" if self.look.unicode else ".", color=_name(RAW))

    def lines(self) -> list[str]:
        """What has been drawn."""
        if not self.fits:
            return [" " * self.width] * max(self.height, 0)
        self.figure.build()
        matrix = self.figure.monitor.matrix
        rows = zip(matrix.marker[::-1], matrix.fullground[::-1], strict=True)
        return [self._line(markers, colours) for markers, colours in rows]

    def _line(self, markers: list[str], colours: list[Any]) -> str:
        line, now = "", ""
        for marker, colour in zip(markers, colours, strict=True):
            style = sgr(colour) if self.look.colours and marker != " " else now
            if style != now:
                bare = "0;" if DIM in (style, now) else ""  # a colour takes another's place, but not what is dim
                line, now = line + ("\x1b[m" if not style else f"\x1b[{bare}{style}m"), style
            line += marker
        line += "\x1b[m" if now else ""
        return self.look.spell(line)


def _figure(width: int, height: int) -> Any:
    from plotext._figure import _figure_class  # the public functions all draw on one global figure

    figure = _figure_class()
    figure._limit_size(False, False)  # we know the size; plotext would ask its own terminal
    figure.plot_size(width, height)
    figure.clear_color()
    return figure


def _name(colour: int) -> int | str:
    return "default" if colour == RAW else colour  # what plotext calls it


def sgr(colour: object) -> str:
    """The SGR style of one of the sixteen colours."""
    if colour == PLANNED:
        return DIM
    return str(30 + colour if colour < 8 else 82 + colour) if isinstance(colour, int) and colour != RAW else ""


def _end(x: Iterable[float], total: float) -> float:
    """Where the x axis ends: at the last step there will be, or else at a round number beyond the last there is."""
    last = ends(x)[1]
    return float(max(total, last, 1)) if total else max(limits([last])[1], 1.0)
