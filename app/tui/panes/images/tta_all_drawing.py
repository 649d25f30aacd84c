"""All images in several views on paper: what each view adds to the average, line by line and as curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.images.tta_shown import KIND_NAMES, Shown, progress, short

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.viewed import Scores

LEAST = 7  # rows of a plot
SUMMARY = 3  # lines of what is said about all images in a few words


def summary(sheet: Sheet, area: Area, shown: Shown) -> None:
    """In three lines."""
    scores = shown.scores
    if scores is None:
        sheet.put(area.row, area.column, fit("All images are still to be looked at.", area.width), "dim")
        return
    for i, line in enumerate(_told(shown, scores)[: area.height]):
        sheet.put(area.row + i, area.column, fit(line, area.width), "dim" if i == 0 else "plain")


def _told(shown: Shown, scores: Scores) -> list[str]:
    first, last = scores.averages[0], scores.averages[-1]
    count = len(scores.averages)
    if not shown.all_told:
        return [
            f"{progress(scores)}: alone → mean of {count}",
            "right ? → ?, log-loss ? → ?",
            "yours to predict first",
        ]
    return [
        f"{progress(scores)}: alone → mean of {count}",
        f"right {first.accuracy:.1%} → {last.accuracy:.1%}, loss {number(first.loss, 3)} → {number(last.loss, 3)}",
        f"all {count}: {len(scores.fixed)} put right, {len(scores.spoiled)} spoiled",
    ]


def draw(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter, pulse: str) -> None:
    """Line by line what each view adds, and two curves where there is room."""
    scores = shown.scores
    if scores is None:
        sheet.put(area.row, area.column, fit(f"{pulse} all images are looked at", area.width), "dim")
        return
    sign = "" if scores.done else f"{pulse} "
    sheet.put(area.row, area.column, fit(f"{sign}{progress(scores)}, {KIND_NAMES[shown.kind]}", area.width), "strong")
    if not shown.all_told:
        said = "What averaging does to all of them is yours to predict first."
        for i, (line, style) in enumerate(spoken(sheet, said, area.width, max(area.height - 1, 0), "dim")):
            sheet.put(area.row + 1 + i, area.column, line, style)
        return
    rows = _table(sheet, Area(area.row + 1, area.column, area.width, area.height - 2), shown, scores)
    row = area.row + 1 + rows
    sheet.put(row, area.column, fit(_told(shown, scores)[2], area.width), "plain")
    _plots(sheet, Area(row + 1, area.column, area.width, area.below - row - 1), shown, plotter)


def _table(sheet: Sheet, area: Area, shown: Shown, scores: Scores) -> int:
    """A line for every view: right and log-loss of the average up to it, and right on its own; returns the lines."""
    names = [short(view.name) for view in shown.one.views] if shown.one else [""] * len(scores.averages)
    wide = max(area.width - 24, 3)
    sheet.put(area.row, area.column, fit("view", wide) + "   mean    loss   alone", "dim")
    rows = max(min(area.height - 1, len(scores.averages)), 0)
    top = parts.around(shown.taken - 1, rows, len(scores.averages))
    for i in range(top, top + rows):
        mean, alone = scores.averages[i], scores.alone[i]
        look: Role = "cursor" if i == shown.taken - 1 else "plain"
        sheet.put(area.row + 1 + i - top, area.column, fit(f"{i + 1} {names[i]}", wide), look)
        words = f"{mean.accuracy:7.1%} {number(mean.loss, 3):>7} {alone.accuracy:7.1%}"
        best: Role = "good" if i + 1 == scores.best else "plain"
        sheet.put(area.row + 1 + i - top, area.column + wide, words, best)
    if rows < len(scores.averages):
        sheet.leave_out(f"{len(scores.averages) - rows} of the views")
    return 1 + rows


def _plots(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    """Accuracy and log-loss over the number of views averaged."""
    scores = shown.scores
    if scores is None or area.height < LEAST or len(scores.averages) < 2:
        if area.height < LEAST:
            sheet.leave_out("the curves")
        return
    both = area.height >= 2 * LEAST
    high = area.height // 2 if both else area.height
    kinds = (("accuracy", "right"), ("loss", "log-loss")) if both else (("loss", "log-loss"),)
    for i, (kind, words) in enumerate(kinds):
        values = tuple(getattr(score, kind) for score in scores.averages)
        place = Area(area.row + i * high, area.column, area.width, high)
        _plot(sheet, place, plotter, kind, f"{words}, by number of views", values)


def _plot(sheet: Sheet, area: Area, plotter: Plotter, kind: str, title: str, values: tuple[float, ...]) -> None:
    def make(look: Look, width: int, height: int) -> list[str]:
        from fastai_tui.app import plots

        steps = [float(i) for i in range(1, len(values) + 1)]
        return plots.overlaid([("", steps, values)], width=width, height=height, title=title, look=look, zoomed=True)

    plotter.show(sheet, area, make, name=kind, view=(kind, len(values)), data=values)
