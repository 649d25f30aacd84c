"""The ladder and the road as tables: a line a rung, with bars of one column, and what there is to say of one rung."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastai_tui.app import plots
from fastai_tui.app.figure import SERIES
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.ladder import rung_rows, rung_words
from fastai_tui.app.tui.sheet import Paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.panes.ladder.rung_rows import Row
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet, Style

HEADS = {"accuracy": "right", "gain": "gain", "loss": "loss", "parameters": "params", "seconds": "time"}
WIDTHS = {"accuracy": 6, "gain": 5, "loss": 5, "parameters": 6, "seconds": 6}
LEAST_FIRST = ("loss", "seconds", "parameters", "gain", "accuracy")  # what goes first where there is no room
BAR, COURSE = 10, 6  # columns that bars want, and that the course's accuracy takes
TITLED, HEADED, PLOTTED = 10, 5, 8  # rows from which there is a title, a head, and (of a plot) a plot
CURVES = len(SERIES)
EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: the rows with the cursor `at` one, the columns there are and the one of the bars, whether
    the course's accuracies stand beside, the title, and what is to be said besides."""

    rows: tuple[Row, ...]
    at: int
    columns: tuple[str, ...]
    view: str
    title: str
    course: bool = False
    hidden: frozenset[str] = field(default_factory=frozenset)
    note: str = ""
    mood: Role = "accent"
    begins: int = -1  # the row whose run has been asked for, and is not there yet
    pulse: str = ""

    def covered(self, column: str) -> bool:
        return rung_rows.covered(column, self.hidden)

    @property
    def curves(self) -> list[int]:
        """The rows whose curves are drawn: those round the cursor, as many as there are colours."""
        first = min(max(self.at - CURVES // 2, 0), max(len(self.rows) - CURVES, 0))
        near = range(first, min(first + CURVES, len(self.rows)))
        return [i for i in near if (shot := self.rows[i].shot) is not None and shot.table]

    def words(self, at: int, column: str) -> str:
        """A number of the table; ? where it is to be predicted, nothing where there is none."""
        value = rung_rows.value_of(self.rows, at, column)
        return "" if value is None else "?" if self.covered(column) else rung_words.short(column, value)


def draw(sheet: Sheet, plotter: Plotter, shown: Shown) -> None:
    """The title, the table, what there is to say of the rung at the cursor, and with room for them the curves."""
    top = 0
    if sheet.height >= TITLED:
        done = f"{sum(row.trained for row in shown.rows)}/{sum(not row.rung.closed for row in shown.rows)} trained"
        sheet.put(0, 0, fit(shown.title, max(sheet.width - len(done) - 1, 0)), "strong")
        sheet.put(0, max(sheet.width - len(done), 0), done, "dim")
        top = 1
    count = len(shown.rows)
    head = int(sheet.height >= HEADED)
    least = min(count, max(sheet.height - top - head - 3, 1))
    spare = max(sheet.height - top - head - max(least, min(count, sheet.height)), 0)
    room = max(spare, min(2, sheet.height - top - head - 1), 0)
    words = said(sheet, [*rung_words.detail(shown), (0, shown.note, shown.mood)], room)
    rows = min(count, sheet.height - top - head - len(words))
    left = sheet.height - top - head - rows - len(words)
    plotted = left > PLOTTED and bool(shown.curves) and not shown.covered("accuracy")
    _table(sheet, Area(top, 0, sheet.width, head + max(rows, 0)), shown, head=bool(head), keys=plotted)
    for i, (line, style) in enumerate(words):
        sheet.put(top + head + rows + i, 0, line, style)
    if plotted:
        _plot(sheet, Area(sheet.height - left + 1, 0, sheet.width, left - 1), plotter, shown)


def said(sheet: Sheet, entries: Iterable[tuple[int, str, Role]], room: int) -> list[tuple[str, Role]]:
    """What is said below a table, of entries (rank, words, style) in the order in which they are read: the lower its
    rank, the sooner one finds room."""
    wrapped = [(rank, spoken(sheet, words, sheet.width, 3, style)) for rank, words, style in entries if words]
    kept: set[int] = set()
    for i, (_, lines) in sorted(enumerate(wrapped), key=lambda each: each[1][0]):
        if sum(len(wrapped[j][1]) for j in kept) + len(lines) <= room:
            kept.add(i)
        elif not kept:
            wrapped[i] = (0, lines[:room])
            kept.add(i)
    if len(kept) < len(wrapped):
        sheet.leave_out("what else there is to say")
    return [line for i, (_, lines) in enumerate(wrapped) if i in kept for line in lines]


def _table(sheet: Sheet, area: Area, shown: Shown, *, head: bool, keys: bool) -> None:
    rows = area.height - head
    first = min(max(shown.at - rows // 2, 0), max(len(shown.rows) - rows, 0))
    if rows < len(shown.rows):
        sheet.leave_out("some rows")
    name = max(len(row.rung.name) for row in shown.rows) + 2 + 3 * keys
    columns, course = _columns(sheet, area.width - name, shown)
    if head:
        _put(sheet, area.row, name, [(HEADS[c], WIDTHS[c]) for c in columns], "dim", "course" if course else "")
        start = name + sum(WIDTHS[c] + 1 for c in columns) + course * (COURSE + 1)
        sheet.put(area.row, start, fit(rung_words.BARS[shown.view], max(area.width - start, 0)), "dim")
    for i in range(first, min(first + rows, len(shown.rows))):
        _line(sheet, area.row + head + i - first, shown, i, name, columns, course=course, keys=keys)


def _columns(sheet: Sheet, width: int, shown: Shown) -> tuple[list[str], bool]:
    """The columns that there is room for beside the bars, and whether there is some for the course's."""
    columns, course = list(shown.columns), shown.course

    def room() -> int:
        return width - sum(WIDTHS[c] + 1 for c in columns) - course * (COURSE + 1)

    for least in LEAST_FIRST:
        if room() < BAR and least in columns and least != shown.view:
            columns.remove(least)
            sheet.leave_out(rung_words.BARS[least])
    return columns, course and room() >= 0


def _line(
    sheet: Sheet, at: int, shown: Shown, number: int, name: int, columns: Sequence[str], *, course: bool, keys: bool
) -> None:
    row = shown.rows[number]
    dull: Style = "dim" if row.rung.closed or not row.trained else "plain"
    sheet.put(at, 0, "*" if row.differs else " ", "warn")
    sheet.put(at, 1, fit(row.rung.name, name - 2 - 3 * keys), "cursor" if number == shown.at else dull)
    if keys and number in shown.curves:
        _key(sheet, at, name - 3, number)
    cells = [(shown.words(number, c), WIDTHS[c]) for c in columns]
    then = f"{row.rung.course[0].accuracy:.0%}" if row.rung.course else "–"
    end = _put(sheet, at, name, cells, dull, then if course else "")
    width = sheet.width - end
    words = rung_words.state(row, "begins" if number == shown.begins else "", shown.pulse)
    if words:
        sheet.put(at, end, fit(words, max(width, 0)), "accent" if row.live or number == shown.begins else "dim")
    elif width > 1:
        _bar(sheet, Area(at, end, width, 1), shown, number)


def _put(sheet: Sheet, row: int, column: int, cells: Sequence[tuple[str, int]], style: Style, course: str) -> int:
    """Numbers, right-justified, the first of them followed by the course's; returns the column after them."""
    for i, (words, width) in enumerate(cells):
        sheet.put(row, column, words.rjust(width), style)
        column += width + 1
        if not i and course:
            sheet.put(row, column, course.rjust(COURSE), "dim")
            column += COURSE + 1
    return column


def _key(sheet: Sheet, row: int, column: int, number: int) -> None:
    colours = sheet.sight.depth != "none"
    mark = ("──" if sheet.sight.unicode else "--") if colours else plots.series_letter(number)
    sheet.put(row, column, mark, Paint(plots.series_colour(number), bold=True) if colours else "plain")


def _bar(sheet: Sheet, area: Area, shown: Shown, number: int) -> None:
    """The row's number as a length from zero; those below zero go to the left."""
    value = rung_rows.value_of(shown.rows, number, shown.view)
    if value is None or shown.covered(shown.view):
        sheet.put(area.row, area.column, "" if value is None else "?", "dim")
        return
    found = [rung_rows.value_of(shown.rows, i, shown.view) for i in range(len(shown.rows))]
    known = [each for each in found if each is not None]
    low, high = min(0.0, *known, 0.0), 1.0 if shown.view == "accuracy" else max(0.0, *known, 0.0)
    wide = area.width / max(high - low, 1e-12)
    zero = round(-low * wide)
    first = shown.view == "accuracy" and rung_rows.best(shown.rows) is shown.rows[number]
    style: Role = "bad" if value < 0 else "good" if first else "accent"
    if value < 0:
        cells = max(round(-value * wide), 1)
        sheet.put(area.row, area.column + zero - cells, ("█" if sheet.sight.unicode else "#") * cells, style)
    else:
        sheet.put(area.row, area.column + zero, length(value * wide, sheet.sight.unicode), style)


def length(cells: float, unicode: bool) -> str:
    """A bar of so many cells, by eighths; the smallest there is for less."""
    if not unicode:
        return "#" * round(cells)
    eighths = max(round(cells * 8), 1)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _plot(sheet: Sheet, area: Area, plotter: Plotter, shown: Shown) -> None:
    """The accuracies after each epoch of the rungs round the cursor."""
    numbers, runs = shown.curves, []
    for number in numbers:
        shot = shown.rows[number].shot
        values = [(each.epoch, dict(each.metrics).get("accuracy")) for each in (shot.table if shot else ())]
        known = [(float(epoch), value) for epoch, value in values if value is not None]
        runs.append(("", [epoch for epoch, _ in known], [value for _, value in known]))

    def make(look: Look, width: int, height: int) -> list[str]:
        title = "accuracy after each epoch"
        return plots.overlaid(runs, width=width, height=height, title=title, look=look, numbers=numbers, zoomed=True)

    data = tuple((row.shot.run, row.shot.epochs_done) for row in shown.rows if row.shot)
    plotter.show(sheet, area, make, name="rungs", view=tuple(numbers), data=data)
