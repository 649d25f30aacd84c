"""How the doctor's runs are drawn: the chosen one's plot with the evidence marked, what is said of it, and the list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from fastai_tui.app import plots, sentences
from fastai_tui.app.text import Look, fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import LEAST, LOSSES, WIDE, masked, mood, spoken
from fastai_tui.app.tui.panes.training import doctor_cases
from fastai_tui.app.tui.panes.training.doctor_cases import Case
from fastai_tui.app.tui.panes.training.doctor_words import (
    Line,
    Shown,
    apart,
    cells_of,
    judgement,
    told,
    values_of,
    varied,
)
from fastai_tui.app.tui.sheet import Paint

if TYPE_CHECKING:
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.finding import Evidence

MARGIN = 5  # columns of the numbers beside the axis
LISTED = 6  # rows that the list takes at the most
ROOMY = 9  # rows below which a plot shows little: before that, reasons and the list give way


class Picture:
    """Draws what is shown with a canvas's plotter."""

    def __init__(self, plotter: Plotter) -> None:
        self.plotter = plotter
        self.crowded = False  # whether there was no room for words and plot at once

    def draw(self, sheet: Sheet, shown: Shown) -> None:
        """All of it, as far as there is room; what there is no room for is left out and named."""
        case, whole = shown.case, Area(0, 0, sheet.width, sheet.height)
        if case is None:
            self._waiting(sheet, shown)
            return
        self.crowded = False
        _title(sheet, shown, case)
        body = whole._replace(row=1, height=max(sheet.height - 1, 0))
        if sheet.width >= WIDE:
            self._beside(sheet, body, shown, case)
        else:
            self._below(sheet, body, shown, case)

    def _waiting(self, sheet: Sheet, shown: Shown) -> None:
        if not shown.runs:
            words = "There is no run to read yet: train some in the steps before this one, then come back."
        elif shown.run in shown.broken:
            words = f"{shown.run} can not be opened; r lists the runs and tells why."
        else:
            words = f"{shown.run} is being read."
        for i, (line, style) in enumerate(spoken(sheet, words, sheet.width, max(sheet.height, 1), "plain")):
            sheet.put(i, 0, line, style)

    def _beside(self, sheet: Sheet, area: Area, shown: Shown, case: Case) -> None:
        """A wide sheet: the plot left, what is said right of it, the list below both."""
        listed = min(len(shown.runs), LISTED, max(area.height // 4, 1)) + 1
        tall = area.height - listed
        left = area.width * 11 // 20
        plot = area._replace(width=left, height=tall)
        right = Area(area.row, left + 2, area.width - left - 2, tall)
        if tall < LEAST + 1:
            self._below(sheet, area, shown, case)
            return
        self._plots(sheet, plot, shown, case)
        _say(sheet, right, told(shown, case, right.width))
        _list(sheet, area._replace(row=area.row + tall, height=listed), shown)

    def _below(self, sheet: Sheet, area: Area, shown: Shown, case: Case) -> None:
        """A narrow one: the plot, what is said, and the list, below each other."""
        lines = told(shown, case, area.width)
        if area.height - len(lines) < ROOMY:
            lines = told(shown, case, area.width, brief=True)
        room = area.height - min(len(lines), area.height)
        several = len(shown.runs) > 1
        listed = min(len(shown.runs), LISTED) + 1 if several else 0
        if room - listed < ROOMY:
            listed = 2 if several and room >= LEAST + 3 else 0
        tall = room - listed
        if tall < LEAST + 1:
            self.crowded = True
            if shown.view in ("loss", "layers"):
                self._plot_alone(sheet, shown, case)
                return
            listed, tall = (2 if several and room >= 2 else 0), 0
            sheet.leave_out("the plot: v")
        if tall:
            self._plots(sheet, area._replace(height=tall), shown, case)
        _say(sheet, Area(area.row + tall, area.column, area.width, area.height - tall - listed), lines)
        if listed:
            _list(sheet, Area(area.below - listed, area.column, area.width, listed), shown)
        elif several:
            sheet.leave_out("the list of runs")
        if len(lines) < len(told(shown, case, area.width)):
            sheet.leave_out("why (s says it)")

    def _plot_alone(self, sheet: Sheet, shown: Shown, case: Case) -> None:
        """The plot and nothing else, where there is no room for more."""
        sheet.fill(0, 0, sheet.width, 1, "plain")
        sheet.leave_out("what is said of it: v")
        self._plots(sheet, Area(0, 0, sheet.width, sheet.height), shown, case)

    def _plots(self, sheet: Sheet, area: Area, shown: Shown, case: Case) -> None:
        kinds = _kinds(shown, case)
        if len(kinds) > 1 and area.height < 2 * (LEAST + 2):
            kinds = kinds[:1]
        tall = area.height // len(kinds)
        for i, kind in enumerate(kinds):
            self._plot(sheet, area._replace(row=area.row + i * tall, height=tall), kind, shown, case)

    def _plot(self, sheet: Sheet, area: Area, kind: str, shown: Shown, case: Case) -> None:
        if kind == "loss" and LOSSES & set(shown.hidden):
            sheet.put(area.row, area.column, fit("loss: ? (predict it first)", area.width), "dim")
            return
        layer = next((e.layer for e in shown.evidence if e.layer), "") if kind == "near_zero" else ""
        total = doctor_cases.losses(case.shot)[1]

        def make(look: Look, width: int, height: int) -> list[str]:
            return (
                _loss(case, shown.hidden, look, width, height)
                if kind == "loss"
                else _near_zero(case, layer, look, width, height)
            )

        place = area._replace(height=area.height - 1)
        self.plotter.show(
            sheet, place, make, name=kind, view=(shown.run, layer, frozenset(shown.hidden)), data=case.shot.step
        )
        wanted = ("near_zero",) if kind == "near_zero" else ("loss", "valid_loss")
        for evidence in shown.evidence:
            if evidence.what in wanted:
                _mark(sheet, place, evidence, total)


def _kinds(shown: Shown, case: Case) -> list[str]:
    """The plots to draw, the most telling first."""
    if case.record.inside is None:
        return ["loss"]
    if shown.view in ("loss", "layers"):
        return ["loss"] if shown.view == "loss" else ["near_zero"]
    first = shown.evidence[0].what if shown.evidence else "loss"
    return ["near_zero", "loss"] if first == "near_zero" else ["loss", "near_zero"]


def _loss(case: Case, hidden: Collection[str], look: Look, width: int, height: int) -> list[str]:
    shot = masked(case.shot, hidden)
    curve, (valid, total) = shot.curve, doctor_cases.losses(shot)
    return plots.loss_curve(
        curve.steps,
        curve.lows,
        curve.highs,
        curve.smooth,
        valid,
        width=width,
        height=height,
        total=total,
        look=look,
        margin=MARGIN,
    )


def _near_zero(case: Case, layer: str, look: Look, width: int, height: int) -> list[str]:
    found = doctor_cases.shares(case, layer)
    named = [(name if not layer else "", x, y) for name, x, y in found]
    title = f"near zero in {layer}" if layer else "near zero" if width >= 44 else "≈ 0"
    return plots.overlaid(
        named,
        width=width,
        height=height,
        title=look.spell(title),
        look=look,
        total=doctor_cases.losses(case.shot)[1],
        limit=(0.0, 1.0),
        margin=MARGIN,
    )


def _mark(sheet: Sheet, area: Area, evidence: Evidence, total: float) -> None:
    """A bracket under the batches of the evidence, and the curve in them in the colour of what is bad."""
    first, last = (plots.column_of(step, total, area.width, MARGIN) for step in (evidence.first, evidence.last))
    bracket = "▲" if last - first < 2 else f"└{'─' * (last - first - 1)}┘"
    sheet.put(area.below, area.column + first, bracket, "bad")
    span = f"batch {evidence.first:,}" + (f" to {evidence.last:,}" if evidence.last > evidence.first else "")
    after = area.column + first + len(bracket) + 1
    if after + len(span) <= area.right:
        sheet.put(area.below, after, span, "bad")
    elif first + len(span) + 4 <= area.width:
        sheet.put(area.below, area.column + first + 2, f" {span} ", "bad")
    for row in range(area.row + 1, area.below - 2):
        for column in range(area.column + first, min(area.column + last + 1, area.right)):
            if 0 <= row < sheet.height and column < sheet.width:
                character, style = sheet.rows[row][column]
                if character != " " and isinstance(style, Paint):
                    sheet.rows[row][column] = (character, "bad")


def _title(sheet: Sheet, shown: Shown, case: Case) -> None:
    """Which run it is, and what it came to."""
    shot = case.shot
    accuracy = dict(shot.table[-1].metrics).get("accuracy") if shot.table else None
    end = sentences.phase(shot) if accuracy is None or shot.live else f"accuracy {number(accuracy)}"
    if accuracy is not None and "accuracy" in shown.hidden:
        end = "accuracy ?"
    room = max(sheet.width - len(end) - 1, 0)
    long = f"{shot.run}  {apart(shown, case)}"
    sheet.put(0, 0, fit(long if len(long) <= room else values_of(shown, case), room), "strong")
    sheet.put(0, max(sheet.width - len(end), 0), fit(end, min(len(end), sheet.width)), mood(shot))


def _say(sheet: Sheet, area: Area, lines: Sequence[Line]) -> None:
    if len(lines) > area.height:
        sheet.leave_out("part of the reading")
    for i, (line, style) in enumerate(lines[: max(area.height, 0)]):
        sheet.put(area.row + i, area.column, fit(line, min(len(line), area.width)), style)


def _list(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A line a run: its number, what sets it apart, and what was said of it."""
    rows = max(area.height - 1, 1)
    first = min(max(shown.at - rows // 2, 0), max(len(shown.runs) - rows, 0))
    if rows < len(shown.runs):
        sheet.leave_out("some runs")
    cells = [("run", *varied(shown)), *(cells_of(shown, run) for run in shown.runs)]
    widths = [max(len(line[i]) for line in cells if i < len(line)) for i in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(wide) for cell, wide in zip(line, widths, strict=False)).rstrip() for line in cells]
    sheet.put(area.row, area.column, fit(lines[0], area.width), "dim")
    for i in range(first, min(first + rows, len(shown.runs))):
        end = judgement(shown, shown.runs[i])
        room = max(area.width - len(end) - 1, 0)
        line = f"{fit(lines[i + 1], room).ljust(room)} {end}"
        sheet.put(area.row + 1 + i - first, area.column, fit(line, area.width), "cursor" if i == shown.at else "plain")
