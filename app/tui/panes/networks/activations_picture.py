"""Activations as a picture: what of them is shown where, on a sheet of any size, and the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.activations import STATISTICS, brightest, course, window
from fastai_tui.app.sentences import phase
from fastai_tui.app.text import count, fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import comparing
from fastai_tui.app.tui.panes.common.run_picture import masked, mood, said, spoken
from fastai_tui.app.tui.panes.networks import activations_curves as curves
from fastai_tui.app.tui.panes.networks import activations_drawing as drawing
from fastai_tui.app.tui.panes.networks.activations_curves import CURVE, ROWS
from fastai_tui.app.tui.panes.networks.activations_drawing import NAMES, Cursor
from fastai_tui.app.tui.plotting import HEAT_BEAT, Plotter
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.app.activations import Seen
    from fastai_tui.app.tui.panes.networks.activations_shown import Shown
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.engine.runs.run import Run

IN_WORDS = {**NAMES, "near_zero": "near-zero share"}
VIEWS = ("colours", "stats", "one")
WIDE, TALL = 64, 27  # columns or rows from which a layer's colours and curves have room together


def recorded(run: Run) -> bool:
    """Has it recorded its layers, at one batch at least? One that can not be read has not."""
    try:
        return bool(run.spec.layers) and len(run.steps()) > 0
    except FastaiTuiError:
        return False


def distance(run: Run, other: Run) -> int:
    """How many settings tell two runs apart. One that differs by its seed alone is the farthest: there is little to
    compare."""
    jobs = (run.spec.job, other.spec.job)
    chosen = [{**job.settings, "epochs": job.epochs, "data": job.data} for job in jobs]
    return sum(chosen[0].get(name) != value for name, value in chosen[1].items()) or len(chosen[1]) + 1


def roomy(width: int, height: int) -> bool:
    """Is there room for a layer's colours and its curves together?"""
    return (width >= WIDE and height >= ROWS + 3) or height >= TALL


def _frame(width: int, height: int) -> tuple[Area, int, int]:
    """Where the picture is, below the line that names it, and how many lines of readings and notes stand below."""
    readings = 2 if height >= 9 else 1 if height >= 4 else 0
    notes = 1 if height >= 18 else 0
    head = 1 if height >= 3 else 0
    return Area(head, 0, width, max(height - head - readings - notes, 0)), readings, notes


def first_width(shown: Shown, width: int, height: int) -> int:
    """How many cells the chosen layer's heat map, or its curves without one, are wide on a sheet of that size."""
    area = _frame(width, height)[0]
    if shown.view == "stats":
        places = curves.places(area)
        return drawing.cells(places[0] if places else area)
    found = _places(shown, area)
    return drawing.cells(found[0][1] if found else area)


def _places(shown: Shown, area: Area) -> list[tuple[int, Area]]:
    """The heat maps: (layer, or 0 for the run beside, where); the chosen layer's first."""
    if shown.view == "stats":
        return []
    if shown.beside is not None:
        first, second = drawing.beside(_colours(area) if shown.view == "one" and roomy(*area[2:]) else area)
        return [(shown.layer, first), (0, second)]
    if shown.view == "one" and roomy(area.width, area.height + 3):
        return [(shown.layer, _colours(area))]
    tiles = drawing.tiles(area, len(shown.feed.names)) if shown.view == "colours" else [area]
    if len(tiles) < len(shown.feed.names):
        return [(shown.layer, area)]
    made = [(i + 1, tile) for i, tile in enumerate(tiles)]
    return sorted(made, key=lambda place: place[0] != shown.layer)


def _colours(area: Area) -> Area:
    """The heat map's part of a room that it shares with the curves."""
    if area.width >= WIDE:
        return area._replace(width=area.width * 3 // 5)
    return area._replace(height=area.height - 3 * max(area.height // 6, CURVE) - 1)


def _curves(area: Area, shown: Shown) -> Area:
    """The curves' part: all of it in their own view, none where there are colours alone."""
    if shown.view == "stats":
        return area
    if shown.view != "one" or not roomy(area.width, area.height + 3):
        return Area(area.row, area.column, 0, 0)
    heat = _colours(area)
    if area.width >= WIDE:
        return Area(area.row, heat.right + 1, area.width - heat.width - 1, area.height)
    return Area(heat.below, area.column, area.width, area.below - heat.below)


def draw(sheet: Sheet, shown: Shown, plotter: Plotter) -> None:
    """Everything."""
    area, readings, notes = _frame(sheet.width, sheet.height)
    if area.row:
        _head(sheet, shown)
    places = _places(shown, area)
    for layer, place in places:
        _heat(sheet, place, shown, layer, plotter, titled=len(places) > 1)
    if len(places) > 2:
        _explain(sheet, area, [place for _, place in places])
    curves.draw(sheet, _curves(area, shown), shown, plotter)
    told = _told(shown, sheet.width, sheet.height)
    for i, line in enumerate(told[-readings:] if readings == 1 else told[:readings]):
        sheet.put(area.below + i, 0, fit(line, sheet.width))
    if notes and (beside := _told_beside(shown, sheet.width, sheet.height)):
        sheet.put(sheet.height - 1, 0, fit(beside, sheet.width))
    elif notes:
        note = said(masked(shown.shot, shown.hidden), shown.remedy)
        for line, style in spoken(sheet, note, sheet.width, 1, mood(shown.shot)):
            sheet.put(sheet.height - 1, 0, line, style)


def _head(sheet: Sheet, shown: Shown) -> None:
    """The layer at the left, the run and how far it is at the right."""
    shot = shown.shot
    short = comparing.short(shot.run)
    done = phase(shot) if shot.ended else f"{phase(shot)} {count(shot.step)}/{count(shot.total)}"
    right = f"{short} {done}" if sheet.width >= 36 else short
    left = f"{shown.name}, layer {shown.layer} of {len(shown.feed.names)}"
    sheet.put(0, 0, fit(left, max(sheet.width - len(right) - 1, 0)), "strong")
    sheet.put(0, sheet.width - len(right), right, mood(shot))


def _told(shown: Shown, width: int, height: int) -> tuple[str, str]:
    """The readings of the chosen layer."""
    seen = shown.seen(shown.window(first_width(shown, width, height)))
    if seen is None or not seen.batches:
        return "", ""
    return drawing.readings(seen, shown.cell(seen), shown.shot.total or shown.total, shown.hidden, width)


def _told_beside(shown: Shown, width: int, height: int) -> str:
    """The readings of the run beside, at the same batch."""
    number = shown.same_layer
    if shown.beside is None or shown.other is None or not number:
        return ""
    seen = shown.seen(shown.window(first_width(shown, width, height), shown.beside), number, shown.beside)
    if seen is None or not seen.batches:
        return ""
    name = comparing.short(shown.other.run)
    return f"{name} {drawing.readings(seen, shown.cell(seen), 0, shown.hidden, width - len(name) - 1)[1]}"


def _heat(sheet: Sheet, area: Area, shown: Shown, layer: int, plotter: Plotter, *, titled: bool) -> None:
    """One heat map; layer 0 is the run beside."""
    feed = shown.feed if layer or shown.beside is None else shown.beside
    number = layer or shown.same_layer
    title, style = _title(shown, layer) if titled else ("", "strong")
    seen = shown.seen(shown.window(drawing.cells(area), feed), number, feed) if number else None
    if seen is None or not seen.batches:
        words = f"has no layer {shown.name}" if not number else "nothing there"
        sheet.put(area.row, area.column, fit(title, area.width), "strong")
        sheet.put(area.row + 1, area.column, fit(words, area.width), "dim")
        return
    cursor = Cursor(shown.cell(seen), shown.at is not None)
    largest = _largest(shown, number)
    if titled:
        near = drawing.statistics(seen, cursor.cell, shown.hidden, ("near_zero",))[0]
        title = f"{title}  {near}" if len(title) + len(near) + 2 <= area.width else title

    def paint(picture: Sheet) -> None:
        drawing.heat_map(
            picture, Area(0, 0, picture.width, picture.height), seen, title=title, style=style, largest=largest,
            total=shown.total, cursor=cursor, hidden=shown.hidden,
        )  # fmt: skip

    view = (feed.run.id, number, seen.window, seen.span, cursor.marked and cursor.cell, title[:8], style,
            shown.total, largest, frozenset(shown.hidden))  # fmt: skip
    plotter.keep(sheet, area, paint, name=f"heat{layer}", view=view, data=seen.done, beat=HEAT_BEAT)
    if area.height < drawing.LEAST_WITH_BARS + titled:
        sheet.leave_out("the statistics over time (v)")


def _explain(sheet: Sheet, area: Area, places: list[Area]) -> None:
    """What the colours mean, where a place is left."""
    last = max(places)
    column = last.right + 2
    if column + last.width <= area.right:
        drawing.legend(sheet, last.row + 1, last._replace(column=column), 0)


def _title(shown: Shown, layer: int) -> tuple[str, Style]:
    """What names a heat map among others."""
    if shown.other is None or shown.beside is None:
        return shown.feed.names[layer - 1], "cursor" if layer == shown.layer else "strong"
    names = comparing.differences([shown.shot, shown.other])
    shot = shown.shot if layer else shown.other
    return f"{comparing.short(shot.run)} {comparing.apart(shot, names)}", "strong"


def _largest(shown: Shown, layer: int) -> float:
    """The end of the scale of colours, for both runs."""
    if shown.beside is None or not shown.same_layer:
        return brightest(shown.feed.values(layer - 1))
    values = [shown.feed.values(shown.layer - 1), shown.beside.values(shown.same_layer - 1)]
    return brightest(max(values))


def sentence(shown: Shown, seen: Seen, cell: int) -> str:
    """The picture in words: where the cursor is, and how the layer got there."""
    where, there = drawing.readings(seen, cell, shown.shot.total, shown.hidden)
    whole = shown.seen(window(-(-shown.total // seen.span), 60))
    told = [f"{shown.name}, layer {shown.layer} of {len(shown.feed.names)} of {shown.shot.run}: at {where}; {there}."]
    if whole is not None:
        told += [
            course(IN_WORDS[name], whole.statistic(name).tolist(), whole.batches)
            for name in STATISTICS
            if name not in shown.hidden
        ]
    if shown.other is not None and shown.beside is not None and (number := shown.same_layer):
        beside = shown.beside.seen(number - 1, shown.window(seen.window.width, shown.beside))
        if beside is not None and beside.batches:
            at = drawing.statistics(beside, min(cell, len(beside.batches) - 1), shown.hidden)
            told.append(f"Beside it {_title(shown, 0)[0]}: {', '.join(at)}.")
    return " ".join(told)
