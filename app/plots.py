"""Curves as lines of text: the only module that knows plotext.

Every plot has a figure of its own, sees thinned and finite numbers only, and has axis limits that are rounded, so that
they seldom change while a run is watched (each change redraws, and resends, the whole plot).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from fastai_tui.app import text
from fastai_tui.app.text import Look, fit

if TYPE_CHECKING:
    import numpy as np

LARGEST, SMALLEST = 1e300, 1e-300  # beyond these, differences and steps of an axis leave what floats can hold
# Of the sixteen colours that every terminal has, those that can be told from white paper too (bright cyan cannot);
# −1 is the text's own.
SMOOTH, VALID, RATE, RAW = 6, 3, 5, -1
SERIES = (6, 3, 1, 2, 5, 12)
Limits = tuple[float, float]


@dataclass(frozen=True)
class Points:
    """A series: x and y, and how it is drawn. A gap is a y that is not finite."""

    x: Sequence[float]
    y: Sequence[float]
    label: str = ""
    colour: int = SMOOTH
    line: bool = True


def loss_curve(
    steps: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    smooth: Sequence[float],
    valid: Sequence[tuple[float, float]] = (),
    *,
    width: int,
    height: int,
    total: float = 0,
    look: Look | None = None,
) -> list[str]:
    """The loss of every batch as a band from its lowest to its highest, the smoothed loss as a line over it, and the
    validation losses, given as (step, loss), as points. `total` is the last step that there will be."""
    look = look or Look()
    band = Points([*steps, *steps], [*lows, *highs], "batch", RAW, line=False)
    line = Points(steps, smooth, "smoothed", SMOOTH)
    points = Points([step for step, _ in valid], [value for _, value in valid], "validation", VALID, line=False)
    canvas = _Canvas(width, height - 1, look, [band, line, points], total)
    canvas.band(steps, lows, highs)
    canvas.line(line)
    canvas.points(points)
    return _labelled("loss", [band, line, *([points] if valid else [])], canvas.lines(), width, height, look)


def rate_curve(
    steps: Sequence[float],
    rates: Sequence[float],
    *,
    width: int,
    height: int,
    ahead: Sequence[tuple[float, float]] = (),
    total: float = 0,
    look: Look | None = None,
) -> list[str]:
    """The learning rate at every batch; what is planned, `ahead` as (step, rate), is dotted."""
    look = look or Look()
    line = Points(steps, rates, "", RATE)
    dots = Points([step for step, _ in ahead], [rate for _, rate in ahead], "planned", RAW, line=False)
    canvas = _Canvas(width, height - 1, look, [line, dots], total)
    canvas.points(dots, "·" if look.unicode else ".")
    canvas.line(line)
    return _labelled("learning rate", [dots] if ahead else [], canvas.lines(), width, height, look)


def metric_curve(
    name: str,
    values: Sequence[tuple[float, float]],
    *,
    width: int,
    height: int,
    total: float = 0,
    look: Look | None = None,
) -> list[str]:
    """A metric, given as (epoch, value), on an axis that shows small differences; `total` is the last epoch."""
    look = look or Look()
    points = Points([x for x, _ in values], [y for _, y in values], "", SMOOTH)
    canvas = _Canvas(width, height - 1, look, [points], total, close(points.y))
    canvas.line(points)
    canvas.points(points)
    return _labelled(f"{name} after each epoch", [], canvas.lines(), width, height, look)


def overlaid(
    runs: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    *,
    width: int,
    height: int,
    title: str = "loss",
    look: Look | None = None,
    numbers: Sequence[int] | None = None,
    zoomed: bool = False,
) -> list[str]:
    """Several runs' curves, given as (name, steps, values), in one plot; without colours each has a character.

    `numbers` says which colour and character is whose, so that a run keeps its own when others go; `zoomed` is for
    values that differ little, far from zero. Runs without a name are told apart elsewhere.
    """
    look = look or Look()
    whose = numbers if numbers is not None else range(len(runs))
    series = [Points(x, y, name, series_colour(n)) for n, (name, x, y) in zip(whose, runs, strict=True)]
    limit = close([value for points in series for value in points.y]) if zoomed else None
    canvas = _Canvas(width, height - 1, look, series, 0, limit)
    for n, points in zip(whose, series, strict=True):
        canvas.line(points, marker="" if look.colours or (len(series) == 1 and numbers is None) else series_letter(n))
    named = [points for points in series if points.label]
    return _labelled(title, named, canvas.lines(), width, height, look, letters=True)


def series_colour(number: int) -> int:
    """The colour (of the sixteen) of the series of that number."""
    return SERIES[number % len(SERIES)]


def series_letter(number: int) -> str:
    """The character that it is drawn with where there are no colours."""
    return "abcdefghijklmnopqrstuvwxyz"[number % 26]


def thinned(x: Sequence[float], y: Sequence[float], columns: int, end: float) -> "tuple[np.ndarray, np.ndarray]":
    """The finite points, and of those that share one of the `columns` between 0 and `end`, the lowest and highest only.
    A column's points do not depend on what comes after it, so that a curve that grows keeps its shape."""
    import numpy as np

    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    finite = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[finite], np.clip(ys[finite], -LARGEST, LARGEST)
    if len(xs) <= columns:
        return xs, ys
    edges = np.flatnonzero(np.diff((xs / end * columns).astype(int)))
    parts = np.split(np.arange(len(xs)), edges + 1)
    kept = np.concatenate([np.unique(part[[ys[part].argmin(), ys[part].argmax()]]) for part in parts])
    return xs[kept], ys[kept]


def limits(values: Iterable[float]) -> Limits:
    """Rounded limits of an axis that holds all finite `values`; from zero up, where they are not negative."""
    low, high = ends(values)
    low = min(low, 0.0)
    high = high if high > 0 else 0.0
    if high - low < SMALLEST:
        return low, low + 1.0
    step = nice((high - low) / 5)
    return math.floor(low / step) * step, math.ceil(high / step * (1 - 1e-12)) * step


def ends(values: Iterable[float]) -> Limits:
    """The lowest and the highest finite value; 0 and 1 where there is none."""
    import numpy as np

    found = np.fromiter(values, np.float64)
    found = found[np.isfinite(found)]
    if not len(found):
        return 0.0, 1.0
    found = np.clip(found, -LARGEST, LARGEST)
    return float(found.min()), float(found.max())


def close(values: Iterable[float]) -> Limits:
    """Rounded limits just around `values`, for what differs little and is far from zero, as accuracies do: nine tenths
    and more of a share show .99 and .98 apart. The limits of shares stay within 0 and 1."""
    low, high = ends(values)
    step = nice(max((high - low) / 3, abs(low) / 100, abs(high) / 100, 1e-3))
    bottom, top = min(math.floor(low / step) * step, low), max(math.ceil(high / step) * step, high)  # 3 · .1 is not .3
    if top <= bottom:
        bottom, top = bottom - step, top + step
    return (max(bottom, 0.0), min(top, 1.0)) if low >= 0 and high <= 1 else (bottom, top)


def nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 … (and of 0.5, 0.2 …) that is not less."""
    unit = 10.0 ** math.floor(math.log10(step))
    return next(unit * n for n in (1, 2, 5, 10, 20) if unit * n >= step * (1 - 1e-9))


def ticks(lowest: float, highest: float, most: int) -> tuple[list[float], list[str]]:
    """Round places on an axis, at most so many (but at least its two ends), and their labels."""
    step = nice(max((highest - lowest) / max(most - 1, 1), SMALLEST))
    first, last = math.ceil(lowest / step - 1e-9), math.floor(highest / step + 1e-9)
    places = [i * step for i in range(first, last + 1)]
    if len(places) < 2 or len(places) > most + 1:
        places = [lowest, highest]
    return places, [_tick(place, step) for place in places]


def _tick(place: float, step: float) -> str:
    if place and (abs(place) >= 1e6 or step < 1e-4):
        return f"{place:.3g}"
    return f"{place:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


class _Canvas:
    """A private figure of exactly `width` × `height` characters."""

    def __init__(
        self, width: int, height: int, look: Look, series: Sequence[Points], total: float, y: Limits | None = None
    ) -> None:
        self.width, self.height, self.look = width, height, look
        self.x = (0.0, _end(chain.from_iterable(s.x for s in series), total))
        self.y = y or limits(chain.from_iterable(s.y for s in series))
        self.fits = width >= 16 and height >= 4
        if self.fits:
            self.figure = _figure(width, height)
            self._axes()

    def _axes(self) -> None:
        figure = self.figure
        figure.xlim(*self.x)
        figure.ylim(*self.y)
        figure.xticks(*ticks(*self.x, max(2, self.width // 10)))
        figure.yticks(*ticks(*self.y, max(2, self.height // 3 + 1)))
        figure.xaxes(True, False)
        figure.yaxes(True, False)

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
            style = _sgr(colour) if self.look.colours and marker != " " else now
            if style != now:
                line, now = line + ("\x1b[m" if not style else f"\x1b[{style}m"), style
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


def _sgr(colour: object) -> str:
    """The SGR style of one of the sixteen colours."""
    return str(30 + colour if colour < 8 else 82 + colour) if isinstance(colour, int) and colour != RAW else ""


def _end(x: Iterable[float], total: float) -> float:
    """Where the x axis ends: at the last step there will be, or else at a round number beyond the last there is."""
    last = ends(x)[1]
    return float(max(total, last, 1)) if total else max(limits([last])[1], 1.0)


def _labelled(
    title: str, series: Sequence[Points], lines: list[str], width: int, height: int, look: Look, letters: bool = False
) -> list[str]:
    """The plot under a line that names what is drawn, closer together where there is little room."""
    marks = [_mark(i, points, look, letters and len(series) > 1) for i, points in enumerate(series)]
    named = [gap.join([look.paint(title, "1"), *marks]) for gap in ("   ", " ")]
    line = named[0] if text.width(named[0]) <= width else named[1]
    return [fit(line, width), *lines][: max(height, 0)]


def _mark(index: int, points: Points, look: Look, letters: bool) -> str:
    if letters and not look.colours:
        mark = series_letter(index)
    elif points.line:
        mark = "──" if look.unicode else "**"
    else:
        mark = "o" if points.colour == VALID else "·" if look.unicode else "."
    return f"{look.paint(mark, _sgr(points.colour))} {points.label}"
