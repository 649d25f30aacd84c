"""Activations as curves: mean, deviation and near-zero share of a layer over the batches, on one axis of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app import plots
from fastai_tui.app.activations import STATISTICS, Activations
from fastai_tui.app.axes import limits
from fastai_tui.app.text import Look, fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import comparing
from fastai_tui.app.tui.panes.networks import activations_drawing as drawing
from fastai_tui.app.tui.panes.networks.activations_drawing import GUTTER, NAMES, SHORT
from fastai_tui.app.tui.plotting import Plotter

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.networks.activations_shown import Shown
    from fastai_tui.app.tui.sheet import Sheet

CURVE = 4  # rows that a curve needs, of which its title is one
ROWS = len(STATISTICS) * CURVE + 1  # that all of them need below each other, with their axis


def places(area: Area) -> list[Area]:
    """Where the curves stand, above each other as far as that is possible, else beside each other; each column of
    them has a row below it for its axis. Empty where there is no room for a curve."""
    room = area._replace(height=area.height - 1)
    across = 3 if area.height < ROWS and area.width >= 3 * drawing.NARROWEST else 1
    down = min(max(room.height // CURVE, 0), len(STATISTICS)) if across == 1 else int(room.height >= CURVE)
    wide = (room.width - across + 1) // across
    edges = [room.row + room.height * i // max(down, 1) for i in range(down + 1)]
    return [
        Area(edges[i], room.column + j * (wide + 1), wide, edges[i + 1] - edges[i])
        for i in range(down)
        for j in range(across)
    ]


def draw(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    """The statistics as curves, as many as find room; as bars where there is none for a curve."""
    if not area.width or not area.height:
        return
    found = places(area)
    if not found:
        seen = shown.seen(shown.window(drawing.cells(area)))
        if seen is not None:
            drawing.bars_of(sheet, area.row, area, seen, shown.hidden)
        return
    groups = _groups(len(found), shown)
    for name in STATISTICS:
        if not any(name in group for group in groups):
            sheet.leave_out(f"the {NAMES[name]}")
    for place, group in zip(found, groups, strict=True):
        _curve(sheet, place, group, shown, plotter)
        if place.below == area.below - 1:
            _axis(sheet, place, shown)


def _groups(room: int, shown: Shown) -> list[tuple[str, ...]]:
    """Which statistics share a plot, where there is room for so many. A second run needs its colour to itself."""
    if room >= len(STATISTICS):
        return [(name,) for name in STATISTICS]
    if room < 2:
        return [("near_zero",)]
    return [("std",) if shown.beside is not None else ("mean", "std"), ("near_zero",)]


def _curve(sheet: Sheet, area: Area, group: tuple[str, ...], shown: Shown, plotter: Plotter) -> None:
    """One plot: the statistics of a group, or one of them for both runs."""
    title = f"{NAMES[group[0]]} of {shown.name}" if len(group) == 1 else shown.name
    place = area._replace(column=area.column + GUTTER, width=drawing.cells(area))
    if hidden := [name for name in group if name in shown.hidden]:
        sheet.put(place.row, place.column, fit(title, place.width), "strong")
        sheet.put(place.row + 1, place.column, fit(f"{NAMES[hidden[0]]}: ? (predict it first)", place.width), "dim")
        return
    curves = lines_of(shown, place.width, group)
    if len(group) == 1:
        room = place.width - sum(len(name) + 4 for name, _, _ in curves if name)
        title = next((t for t in (title, NAMES[group[0]]) if len(t) <= room), SHORT[group[0]])
    limit = (0.0, 1.0) if group == ("near_zero",) else limits(value for _, _, ys in curves for value in ys)

    def make(look: Look, width: int, height: int) -> list[str]:
        return plots.bare(curves, width=width, height=height, title=title, limit=limit, look=look)

    done = (shown.feed.count, shown.feed.span, shown.beside and shown.beside.count)
    view = (shown.shot.run, shown.other and shown.other.run, shown.layer, shown.window(place.width), group)
    plotter.show(sheet, place, make, name=group[-1], view=view, data=done)
    for row, value in ((place.row + 1, limit[1]), (place.below - 1, limit[0])):
        sheet.put(row, area.column, label(value).rjust(GUTTER - 1), "dim")
    _point(sheet, place, shown)


def _point(sheet: Sheet, place: Area, shown: Shown) -> None:
    """A line at the batch pointed at, where no curve is."""
    seen = shown.seen(shown.window(place.width)) if shown.at is not None else None
    if seen is None or not seen.batches:
        return
    column = place.column + shown.cell(seen)
    for row in range(place.row + 1, min(place.below, sheet.height)):
        if column < sheet.width and sheet.rows[row][column][0] in " \u2800":
            sheet.put(row, column, "│" if sheet.sight.unicode else "|", "mark")


def _axis(sheet: Sheet, place: Area, shown: Shown) -> None:
    seen = shown.seen(shown.window(drawing.cells(place)))
    if seen is not None:
        drawing.axis_of(sheet, place.below, place, seen, shown.total)


def label(value: float) -> str:
    """A number beside an axis, in four characters: `0.5`, `-12`, `3e5`, `-2e9`."""
    words = f"{value:.3g}"
    return words if len(words) < GUTTER else f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


Line = tuple[str, list[float], list[float]]


def lines_of(shown: Shown, width: int, group: tuple[str, ...]) -> list[Line]:
    """What a plot of so many cells shows: name, cells (from 0), values."""
    found = [
        (NAMES[name] if len(group) > 1 else "", *_series(shown, width, name, shown.feed, shown.layer)) for name in group
    ]
    if shown.beside is None or shown.other is None or not (number := shown.same_layer):
        return found
    own, other = comparing.short(shown.shot.run), comparing.short(shown.other.run)
    return [(own, *found[0][1:]), (other, *_series(shown, width, group[0], shown.beside, number))]


def _series(shown: Shown, width: int, name: str, feed: Activations, layer: int) -> tuple[list[float], list[float]]:
    """The cells, and the statistic in each. A batch that has several cells is one point, in their middle."""
    seen = feed.seen(layer - 1, shown.window(width, feed))
    if seen is None:
        return [], []
    cells = dict[tuple[int, int], list[int]]()
    for cell, batches in enumerate(seen.batches):
        cells.setdefault(batches, []).append(cell)
    values = seen.statistic(name).tolist()
    return [(own[0] + own[-1]) / 2 for own in cells.values()], [values[own[0]] for own in cells.values()]
