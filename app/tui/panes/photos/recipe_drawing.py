"""The recipe as a checklist: a row a line, with what its run came to, and what there is to say below."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastai_tui.app import plots
from fastai_tui.app.text import fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.ladder import rung_drawing
from fastai_tui.app.tui.panes.ladder.rung_rows import covered
from fastai_tui.app.tui.panes.photos import recipe_words
from fastai_tui.app.tui.sheet import Paint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.rate_finding import Finding
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.panes.photos.recipe_rows import Row
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet

TITLED, APART, PLOTTED = 10, 4, 8  # rows from which there is a title, (spare) an empty row, and (left) a plot
NAME = 4  # columns before a line's name: its mark and its number
RIGHT, LOSS, BAR = 7, 7, 10  # columns of the accuracy and the log-loss, and the fewest that bars want
WORDS = 28  # columns of the longest name


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: the rows with the cursor `at` one, the newest run's numbers and the best accuracy, and
    what is to be said besides. `begins` is the row whose run was asked for and is not there yet, `finds` the one whose
    finder is at `finding`; -1 for none."""

    rows: tuple[Row, ...]
    at: int
    data: str
    accuracy: float | None = None
    loss: float | None = None
    best: float | None = None
    begins: int = -1
    finds: int = -1
    finding: Finding | None = None
    hidden: frozenset[str] = field(default_factory=frozenset)
    note: str = ""
    mood: Role = "accent"
    command: Sequence[str] = ()
    pulse: str = ""

    def covered(self, what: str) -> bool:
        """Is it to be predicted first?"""
        return covered(what, self.hidden)


def draw(sheet: Sheet, plotter: Plotter, shown: Shown) -> None:
    """The title, the list, below it what there is to say, and with room for it the accuracies."""
    top = _title(sheet, shown) if sheet.height >= TITLED else 0
    count, room = len(shown.rows), sheet.height - top
    apart = int(room > count + APART)
    words = rung_drawing.said(sheet, recipe_words.detail(shown), max(room - count - apart, min(2, room - 1), 0))
    rows = min(count, room - len(words))
    first = min(max(shown.at - rows // 2, 0), count - rows)
    if rows < count:
        sheet.leave_out("some lines")
    plotted = [row for row in shown.rows if row.shot is not None and row.shot.table]
    left = room - rows - len(words) - 2 * apart
    keys = left >= PLOTTED and bool(plotted) and not shown.covered("accuracy")
    for i, row in enumerate(shown.rows[first : first + rows]):
        _line(sheet, top + i, shown, row, keys=keys)
    for i, (line, style) in enumerate(words):
        sheet.put(top + rows + apart + i, 0, line, style)
    if keys:
        _plot(sheet, Area(sheet.height - left, 0, sheet.width, left), plotter, plotted)


def _plot(sheet: Sheet, area: Area, plotter: Plotter, rows: Sequence[Row]) -> None:
    """The accuracies after each epoch, each line's after those of the line before."""
    runs, done = [], 0
    for row in rows:
        assert row.shot is not None
        values = [(done + each.epoch, dict(each.metrics).get("accuracy")) for each in row.shot.table]
        known = [(float(epoch), value) for epoch, value in values if value is not None]
        runs.append(("", [epoch for epoch, _ in known], [value for _, value in known]))
        done += row.shot.epochs_done

    def make(look: Look, width: int, height: int) -> list[str]:
        title, numbers = "accuracy after each epoch, line by line", [row.number - 1 for row in rows]
        return plots.overlaid(runs, width=width, height=height, title=title, look=look, numbers=numbers)

    data = tuple((row.shot.run, row.shot.epochs_done) for row in rows if row.shot)
    plotter.show(sheet, area, make, name="recipe", view=tuple(row.number for row in rows), data=data)


def _title(sheet: Sheet, shown: Shown) -> int:
    done = f"{sum(row.done for row in shown.rows)}/{len(shown.rows)}"
    sheet.put(0, 0, fit(f"Recipe: {recipe_words.title(shown.data)}", max(sheet.width - len(done) - 1, 0)), "strong")
    sheet.put(0, max(sheet.width - len(done), 0), done, "dim")
    return 1


def _line(sheet: Sheet, at: int, shown: Shown, row: Row, *, keys: bool) -> None:
    here = row.number - 1
    sign, style = _mark(row, sheet.sight.unicode)
    sheet.put(at, 0, sign, style)
    sheet.put(at, 2, f"{row.number}", "dim")
    if keys and row.shot is not None:
        _key(sheet, at, here)
    finds, curve = here == shown.finds, shown.finding
    finding = f"{len(curve.rates)}/{curve.sweep.batches}" if finds and curve else ""
    words = recipe_words.state(row, here == shown.begins or (finds and not curve), finding, shown.pulse)
    end = _numbers(sheet, at, shown, row) if not words else _state(sheet, at, words, row)
    name = fit(row.line.name, max(end - NAME - 1, 0)).rstrip()
    sheet.put(at, NAME, name, "cursor" if here == shown.at else "plain" if row.done else "dim")


def _key(sheet: Sheet, at: int, number: int) -> None:
    """Which curve is the line's: its number in the curve's colour, or the letter that draws it."""
    if sheet.sight.depth == "none":
        sheet.put(at, 3, plots.series_letter(number))
    else:
        sheet.put(at, 2, f"{number + 1}", Paint(plots.series_colour(number), bold=True))


def _mark(row: Row, unicode: bool) -> tuple[str, Role]:
    if row.done:
        return "✓" if unicode else "x", "good"
    return ("✗" if unicode else "!", "bad") if row.failure else ("·" if unicode else "-", "dim")


def _state(sheet: Sheet, at: int, words: str, row: Row) -> int:
    """What goes on in the line, at its end; returns the column where it begins."""
    column = max(min(sheet.width, NAME + WORDS + 1 + RIGHT + LOSS) - len(words), 0)
    sheet.put(at, column, fit(words, sheet.width - column), "bad" if row.failure and not row.live else "accent")
    return column


def _numbers(sheet: Sheet, at: int, shown: Shown, row: Row) -> int:
    """What its run came to, as far as there is room; returns the column where that begins."""
    end = min(sheet.width, NAME + WORDS + 1 + RIGHT + LOSS)
    if row.accuracy is None:
        return end
    right = "?" if shown.covered("accuracy") else f"{row.accuracy:.1%}"
    loss = "?" if shown.covered("loss") else number(row.loss)[:5] if row.loss is not None else ""
    wide = sheet.width >= NAME + WORDS + 1 + RIGHT + LOSS
    cells = f"{right:>{RIGHT - 1}} {loss:>{LOSS - 1}}" if wide else f"{right:>{RIGHT - 1}}"
    begin = max(end - len(cells), 0)
    sheet.put(at, begin, fit(cells, sheet.width - begin), "plain")
    if not wide:
        sheet.leave_out("the log-losses")
    spare = sheet.width - end - 2
    if spare >= BAR and not shown.covered("accuracy"):
        best = shown.best is not None and row.accuracy == shown.best
        bar = rung_drawing.length(row.accuracy * spare, sheet.sight.unicode)
        sheet.put(at, end + 2, bar, "good" if best else "accent")
    return begin
