"""A study on paper: the settings to choose from, the table with every seed's result, the curves, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app import ablation
from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import bar, spoken
from fastai_tui.app.tui.panes.ladder import ablation_table, ablation_words
from fastai_tui.engine.ablation.grid import shown as value_words

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.panes.ladder.ablation_plan import Plan
    from fastai_tui.app.tui.panes.ladder.ablation_reading import Books
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet

VIEWS = ("plan", "table", "curves", "findings")
LOW, PLOT, TALLEST = 8, 9, 18  # rows of a pane with a head of its own; rows that a plot needs, and takes at most
FINDINGS = 4  # rows that findings below a plot need
MOST_CURVES = 8


@dataclass(frozen=True)
class Shown:
    """All that is to be seen. `books` are those of a study, or of what is only planned; `started` says which. `guess`
    is a cell in words; `sure`: it will lead by more than chance. `row` is the cursor's in the table, or the first line
    of the findings; `refused` why the plan cannot be run, `trouble` what stood in the way."""

    plan: Plan
    books: Books
    started: bool = False
    begins: bool = False
    view: str = "plan"
    row: int = 0
    guess: str = ""
    sure: bool = False
    hidden: frozenset[str] = frozenset()
    refused: str = ""
    trouble: str = ""

    @property
    def means_told(self) -> bool:
        """May means be shown, and what they are made of?"""
        return not self.hidden & {"best", "gap", "predicted_right", "accuracy"}

    @property
    def spread_told(self) -> bool:
        return "spread" not in self.hidden

    @property
    def told(self) -> bool:
        """May it be said what the study shows?"""
        return self.means_told and not self.hidden & {"spread", "clear", "needed", "real"}


def draw(sheet: Sheet, shown: Shown, plotter: Plotter, pulse: str) -> None:
    """The head, and the view below it."""
    taken = _head(sheet, shown, pulse)
    page = Area(taken, 0, sheet.width, max(sheet.height - taken, 0))
    {"plan": _plan, "table": _table, "curves": _curves, "findings": _findings}[shown.view](sheet, page, shown, plotter)


def _head(sheet: Sheet, shown: Shown, pulse: str) -> int:
    """What is studied, and how far it is; returns the rows taken."""
    width, stage = sheet.width, ablation_words.stage(shown, pulse)
    if sheet.height < LOW:
        after = sheet.put(0, 0, fit(stage[0], min(len(stage[0]), width)), stage[1])
        sheet.put(0, after + 2, fit(ablation_words.title(shown, width - after - 2), max(width - after - 2, 0)), "dim")
        return 1
    sheet.put(0, 0, fit(ablation_words.title(shown, width), width), "strong")
    if shown.books.running:
        words = f"{shown.books.done} of {plural(shown.books.total, 'run')}"
        bar(sheet, 1, 0, width, shown.books.done / max(shown.books.total, 1), words)
    else:
        lines = spoken(sheet, stage[0], width, 3 if sheet.height >= 14 else 1, stage[1])
        for i, (line, style) in enumerate(lines):
            sheet.put(1 + i, 0, line, style)
        return 2 + len(lines) if sheet.height >= 14 else 1 + len(lines)
    sheet.put(2, 0, fit(f"{pulse} {'; '.join(shown.books.now) or 'the next run begins'}", width), "accent")
    return 4 if sheet.height >= 14 else 3


# The plan


def _plan(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    """A line for each setting with what is chosen of it; the one at the cursor with all its values."""
    plan = shown.plan
    broad = max((len(offer.name) for offer in plan.offers), default=0) + 1
    laid = [_laid(shown, i, area.width - broad - 1) for i in range(len(plan.offers))]
    first = _first([len(lines) for lines in laid], plan.row, area.height)
    row = area.row
    for i in range(first, len(plan.offers)):
        here = i == plan.row
        if row >= area.below:
            sheet.leave_out("more settings")
            return
        vary = len(plan.chosen[i]) > 1
        sheet.put(row, 0, fit(plan.offers[i].name, broad), "cursor" if here else "strong" if vary else "dim")
        for line in laid[i]:
            column = broad + 1
            for words, style in line:
                if row < area.below:
                    column = sheet.put(row, column, words, style)
            row += 1
    if area.below - row >= 3:
        said = "e takes a value in or out, [ and ] a seed, space runs it."
        for i, (words, style) in enumerate(spoken(sheet, said, area.width, 2, "dim"), 1):
            sheet.put(row + i, 0, words, style)


OWN = "each its own"  # what a setting's line says when the networks differ in it and nobody chose


def _laid(shown: Shown, i: int, room: int) -> list[list[tuple[str, Role]]]:
    """A setting's values in lines; what no run will have only at the cursor."""
    plan, here = shown.plan, i == shown.plan.row
    chosen, taken = plan.chosen[i], plan.taken(i)
    if len(taken) > len(chosen) and not here:
        return [[(OWN, "dim")]]
    lines: list[list[tuple[str, Role]]] = [[]]
    used = 0
    for j, value in enumerate(plan.offers[i].values if here else taken):
        has = value in taken
        words = f"{'✓' if has else '·'} {value_words(value)}" if here else value_words(value)
        if used and used + len(words) > room:
            lines.append([])
            used = 0
        at = here and j == plan.at
        style: Role = "cursor" if at else "good" if has and here else "plain" if has and len(chosen) > 1 else "dim"
        lines[-1] += [(words, style), ("  ", "plain")]
        used += len(words) + 2
    return lines if here else lines[:1]


def _first(heights: list[int], at: int, room: int) -> int:
    """The first line that is shown, so that the one at the cursor is."""
    first = 0
    while first < at and sum(heights[first : at + 1]) > room:
        first += 1
    return first


# The table, and below it what there is room for


def _table(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    last = ablation_words.verdict(shown)
    most = 3 if area.height >= 12 else max(area.height - 1 - len(shown.books.rows), 1)
    lines = spoken(sheet, last[0], area.width, most, last[1]) if last[0] else []
    spare = area.height - len(lines) - ablation_table.rows_needed(shown)
    plot = min(spare - 1, TALLEST) if spare - 1 >= PLOT and shown.books.curves else 0
    room = area.height - len(lines) - (plot + 1 if plot else 0)
    needed = min(ablation_table.rows_needed(shown), room)
    ablation_table.draw(sheet, area._replace(height=room), shown)
    row = area.row + needed
    for i, (line, style) in enumerate(lines):
        sheet.put(row + i, 0, line, style)
    row += len(lines)
    if plot:
        _curves(sheet, Area(row + 1, 0, area.width, plot), shown, plotter)
        row += 1 + plot
        if area.below - row > FINDINGS and shown.told and shown.books.conclusions:
            _findings(sheet, Area(row + 1, 0, area.width, area.below - row - 1), shown, plotter, first=0)


def _curves(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    """Every cell's mean curve."""
    books = shown.books
    if not shown.means_told:
        sheet.put(area.row, 0, fit("The curves are yours to predict first.", area.width), "dim")
    elif not books.curves:
        sheet.put(area.row, 0, fit("No run has finished yet.", area.width), "dim")
    elif area.height < 4:
        sheet.leave_out("the curves")
    else:
        cells = [*books.curves][:MOST_CURVES]
        if len(cells) < len(books.curves):
            sheet.leave_out("more curves")

        def make(look: Look, width: int, height: int) -> list[str]:
            from fastai_tui.app import plots

            named = [(ablation.cell_name(books.study, cell), *books.curves[cell]) for cell in cells]
            title = "smoothed loss, epochs"
            return plots.overlaid(named, width=width, height=height, title=title, look=look, numbers=cells, zoomed=True)

        data = tuple((cell, tuple(books.curves[cell][1])) for cell in cells)
        plotter.show(sheet, area, make, name="study", view=(books.study.name, tuple(cells)), data=data)


def _findings(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter, first: int | None = None) -> None:
    """What the study shows, sentence by sentence."""
    if not shown.told:
        sheet.put(area.row, 0, fit("What it shows is yours to predict first.", area.width), "dim")
        return
    lines = ablation_words.findings_lines(shown, area.width)
    first = min(shown.row, max(len(lines) - area.height, 0)) if first is None else first
    for i, (line, style) in enumerate(lines[first : first + area.height]):
        sheet.put(area.row + i, 0, line, style)
    if first + area.height < len(lines):
        sheet.leave_out("more findings")
