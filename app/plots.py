"""Curves as lines of text, each kind a function; `figure.py` draws them."""

import math
from collections.abc import Sequence

from fastai_tui.app import text
from fastai_tui.app.axes import Limits, close
from fastai_tui.app.figure import PLANNED, RATE, RAW, SERIES, SMOOTH, VALID, Canvas, Points, sgr
from fastai_tui.app.text import Look, fit


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
    margin: int = 0,
) -> list[str]:
    """The loss of every batch as a band from its lowest to its highest, the smoothed loss as a line over it, and the
    validation losses, given as (step, loss), as points. `total` is the last step that there will be, `margin` how many
    columns the numbers beside the axis take, so that plots can stand exactly below each other."""
    look = look or Look()
    band = Points([*steps, *steps], [*lows, *highs], "batch", RAW, line=False)
    line = Points(steps, smooth, "smoothed", SMOOTH)
    points = Points([step for step, _ in valid], [value for _, value in valid], "validation", VALID, line=False)
    canvas = Canvas(width, height - 1, look, [band, line, points], total, margin=margin)
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
    canvas = Canvas(width, height - 1, look, [line, dots], total)
    canvas.points(dots, "·" if look.unicode else ".")
    canvas.line(line)
    return _labelled("learning rate", [dots] if ahead else [], canvas.lines(), width, height, look)


def schedule_curve(
    name: str,
    planned: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    used: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    *,
    width: int,
    height: int,
    total: float,
    look: Look | None = None,
    zoomed: bool = False,
    margin: int = 0,
) -> list[str]:
    """What is `planned` for each layer group, given as (name, steps, values), dim; over it what has been `used`, as
    (steps, values). Groups have colours of their own if there are several; `margin` as for `loss_curve`."""
    look = look or Look()
    several = len(planned) > 1
    ahead = [
        Points(x, y, label, series_colour(n) if several else PLANNED if used else RATE)
        for n, (label, x, y) in enumerate(planned)
    ]
    done = [Points(x, y, "used", series_colour(n) if several else RATE) for n, (x, y) in enumerate(used)]
    both = [*ahead, *done]
    limit = close([value for points in both for value in points.y]) if zoomed else None
    canvas = Canvas(width, height - 1, look, both, total, limit, margin)
    for points in ahead:
        if done:  # thinly, so that what was used stands out
            canvas.points(points, "·" if look.unicode else ".")
        else:
            canvas.line(points)
    for points in done:
        canvas.line(points)
    named = [points for points in ahead if points.label]
    if done and not several:
        named = [done[0], Points((), (), "planned", PLANNED, line=False)]
    return _labelled(name, named, canvas.lines(), width, height, look)


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
    canvas = Canvas(width, height - 1, look, [points], total, close(points.y))
    canvas.line(points)
    canvas.points(points)
    return _labelled(f"{name} after each epoch", [], canvas.lines(), width, height, look)


def finder_curve(
    rates: Sequence[float],
    losses: Sequence[float],
    smooth: Sequence[float],
    marks: Sequence[tuple[str, float, float]],
    *,
    between: Limits,
    y: Limits,
    width: int,
    height: int,
    look: Look | None = None,
    margin: int = 0,
) -> list[str]:
    """The loss and the smoothed loss, cut off at the limits `y`, over the learning rate on a logarithmic axis between
    two rates. `marks` are characters at places, as (character, rate, loss); what would hide another goes above."""
    look = look or Look()
    x, total = [math.log10(rate / between[0]) for rate in rates], math.log10(between[1] / between[0])
    dots = Points(x, [min(max(loss, y[0]), y[1]) for loss in losses], "batch", RAW, line=False)
    line = Points(x, [min(max(loss, y[0]), y[1]) for loss in smooth], "smoothed", SMOOTH)
    canvas = Canvas(width, height - 1, look, [line], total, y, margin)
    canvas.decades(between[0])
    canvas.points(dots, "·" if look.unicode else ".")
    canvas.line(line)
    taken = set[tuple[int, int]]()
    for number, (character, rate, loss) in enumerate(marks):
        place = canvas.free(math.log10(rate / between[0]), min(loss, y[1]), taken)
        canvas.points(Points([place[0]], [place[1]], "", series_colour(number + 1)), character)
    return _labelled("loss", [dots, line], canvas.lines(), width, height, look)


def finder_curves(
    curves: Sequence[tuple[int, Sequence[float], Sequence[float], tuple[float, float] | None]],
    *,
    between: Limits,
    y: Limits,
    width: int,
    height: int,
    look: Look | None = None,
) -> list[str]:
    """Several smoothed losses over the rate, as `finder_curve` has them, given as (number of its look, rates, losses,
    what is marked on it as (rate, loss))."""
    look = look or Look()
    series = [
        Points([math.log10(at / between[0]) for at in rates], [min(max(loss, y[0]), y[1]) for loss in losses], "",
               series_colour(number))
        for number, rates, losses, _ in curves
    ]  # fmt: skip
    canvas = Canvas(width, height - 1, look, series, math.log10(between[1] / between[0]), y)
    canvas.decades(between[0])
    for (number, *_), points in zip(curves, series, strict=True):
        canvas.line(points, marker="" if look.colours else series_letter(number))
    marked = [(number, mark) for number, _, _, mark in curves if mark is not None]
    for number, (rate, loss) in marked:
        place = Points([math.log10(rate / between[0])], [min(loss, y[1])], "", series_colour(number), line=False)
        canvas.points(place, "o" if look.colours else series_letter(number).upper())
    title = "smoothed loss over the rate"
    title += ("   o: valley" if look.colours else "   capital: valley") if marked else ""
    return _labelled(title, [], canvas.lines(), width, height, look)


def overlaid(
    runs: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    *,
    width: int,
    height: int,
    title: str = "loss",
    look: Look | None = None,
    numbers: Sequence[int] | None = None,
    zoomed: bool = False,
    total: float = 0,
    limit: Limits | None = None,
    margin: int = 0,
) -> list[str]:
    """Several runs' curves, given as (name, steps, values), in one plot; without colours each has a character.

    `numbers` says which colour and character is whose, so that a run keeps its own when others go; `zoomed` is for
    values that differ little, far from zero, `total` the last step that there will be, and `limit` what the axis of
    values holds, where that is known; `margin` as for `loss_curve`. Runs without a name are told apart elsewhere.
    """
    look = look or Look()
    whose = numbers if numbers is not None else range(len(runs))
    series = [Points(x, y, name, series_colour(n)) for n, (name, x, y) in zip(whose, runs, strict=True)]
    limit = close([value for points in series for value in points.y]) if zoomed else limit
    canvas = Canvas(width, height - 1, look, series, total, limit, margin)
    for n, points in zip(whose, series, strict=True):
        canvas.line(points, marker="" if look.colours or (len(series) == 1 and numbers is None) else series_letter(n))
    named = [points for points in series if points.label]
    return _labelled(title, named, canvas.lines(), width, height, look, letters=True)


def paired(
    runs: Sequence[tuple[str, Sequence[float], Sequence[float], Sequence[tuple[float, float]]]],
    *,
    width: int,
    height: int,
    title: str,
    total: float,
    look: Look | None = None,
    numbers: Sequence[int] | None = None,
) -> list[str]:
    """Two runs (or one) on the same axes, given as (name, places, smoothed losses, validation losses as (place, loss)):
    lines, and points as large as letters. The axis holds the points and how the lines end, for what is before that
    would press them together; `numbers` as for `overlaid`."""
    look = look or Look()
    whose = numbers if numbers is not None else range(len(runs))
    ends = [loss for _, _, smooth, _ in runs for loss in smooth[len(smooth) // 2 :]]
    limit = close([loss for *_, valid in runs for _, loss in valid] + ends)
    lines = [
        Points(x, [min(loss, limit[1]) for loss in smooth], name, series_colour(n))
        for n, (name, x, smooth, _) in zip(whose, runs, strict=True)
    ]
    canvas = Canvas(width, height - 1, look, lines, total, limit)
    for n, line in zip(whose, lines, strict=True):
        canvas.line(line, marker="" if look.colours else series_letter(n))
    for n, (_, _, _, valid) in zip(whose, runs, strict=True):
        points = Points([x for x, _ in valid], [loss for _, loss in valid], "", series_colour(n), line=False)
        canvas.points(points, "o" if look.colours else series_letter(n).upper())
    named = [line for line in lines if line.label]
    return _labelled(title, named, canvas.lines(), width, height, look, letters=True)


def bare(
    curves: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    *,
    width: int,
    height: int,
    title: str,
    limit: Limits,
    look: Look | None = None,
) -> list[str]:
    """Curves, given as (name, columns from 0, values), below a title and without axes, which whoever has several
    plots below each other draws once: a value of column 3 is in the column of cells of that number."""
    look = look or Look()
    series = [Points(x, y, name, series_colour(n)) for n, (name, x, y) in enumerate(curves)]
    canvas = Canvas(width, height - 1, look, series, max(width - 1, 1), limit, axes=False)
    for n, points in enumerate(series):
        canvas.line(points, marker="" if look.colours or len(series) == 1 else series_letter(n))
    named = [points for points in series if points.label]
    return _labelled(title, named, canvas.lines(), width, height, look, letters=True)


def series_colour(number: int) -> int:
    """The colour (of the sixteen) of the series of that number."""
    return SERIES[number % len(SERIES)]


def series_letter(number: int) -> str:
    """The character that it is drawn with where there are no colours."""
    return "abcdefghijklmnopqrstuvwxyz"[number % 26]


def column_of(step: float, total: float, width: int, margin: int) -> int:
    """The column of a plot of that width and margin in which a batch is drawn."""
    return margin + 1 + round(min(max(step / max(total, 1), 0.0), 1.0) * (width - margin - 2))


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
    return f"{look.paint(mark, sgr(points.colour))} {points.label}"
