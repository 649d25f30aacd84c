"""What is drawn of two networks side by side: what each comes to, the difference between their code, and what they
write. The curves are `plots.paired`'s."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastai_tui.app import plots
from fastai_tui.app.sentences import phase
from fastai_tui.app.text import count, fit, number, plural
from fastai_tui.app.tui.highlighting import Pieces, cut
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.ladder import refactor_images
from fastai_tui.app.tui.panes.ladder.refactor_code import Row, changes, put_line, rows_of
from fastai_tui.app.tui.panes.ladder.refactor_runs import Side
from fastai_tui.app.tui.sheet import Paint

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.lessons.refactoring import Refactoring

VIEWS = ("code", "curves", "text")
SPLIT = 96  # columns from which code stands side by side, unless the learner wants it otherwise
LOSSES = frozenset({"loss", "valid_loss", "better"})  # what gives the second network's loss away
HIDDEN = "? (predict it first)"


@dataclass(frozen=True)
class Shown:
    """Everything that is drawn."""

    code: Refactoring
    about: str
    before: Side
    after: Side
    view: str = "code"
    views: tuple[str, ...] = VIEWS
    split: bool | None = None  # side by side; None: where there is room
    top: int = -1  # the first row of the difference that is shown; −1: a little above the first change
    whole: bool = False  # also what is the same, where that has no room
    ago: int = 0  # samples back from the newest
    axis: str = "characters"
    hidden: frozenset[str] = frozenset()
    note: str = ""
    mood: Role = "accent"

    def is_split(self, width: int) -> bool:
        """Does code stand side by side?"""
        return width >= SPLIT if self.split is None else self.split

    def rows(self, area: Area) -> list[Row]:
        """The rows of the difference as they are drawn in an area."""
        split = self.is_split(area.width)
        rows = rows_of(self.code, split, area.width)
        if self.whole or sum(map(len, rows)) <= area.height:
            return rows
        return rows_of(self.code, split, area.width, folded=True)

    def first(self, area: Area) -> int:
        """The row to begin with: never so late that room stays empty."""
        rows, left = self.rows(area), area.height
        last = len(rows)
        while last > 0 and left >= len(rows[last - 1]):
            last -= 1
            left -= len(rows[last])
        top = self.top if self.top >= 0 else next(iter(changes(rows)), 0) - 2
        return max(min(top, last, len(rows) - 1), 0)

    @property
    def of_images(self) -> bool:
        """Do the two see pictures?"""
        return "accuracy" in self.views

    @property
    def known(self) -> tuple[Side, Side]:
        """Both, without the losses that are still to be predicted."""
        before = masked(self.before) if "loss_before" in self.hidden else self.before
        return before, masked(self.after) if LOSSES & self.hidden else self.after


def masked(side: Side) -> Side:
    """A side without its losses."""
    if side.shot is None:
        return side
    curve = replace(side.shot.curve, smooth=(), steps=())
    table = tuple(replace(row, valid_loss=None) for row in side.shot.table)
    return replace(side, shot=replace(side.shot, curve=curve, table=table))


def frame(sheet: Sheet, shown: Shown) -> Area:
    """The head and the last lines; returns what is left for the view."""
    area = Area(0, 0, sheet.width, sheet.height)
    taken = _head(sheet, area, shown)
    most = max(min(area.height // 6, 3), 1)
    lines = spoken(sheet, shown.note, area.width, most, shown.mood) if area.height - taken > 6 else []
    for i, (line, style) in enumerate(lines):
        sheet.put(area.height - len(lines) + i, 0, line, style)
    return Area(taken, 0, area.width, max(area.height - taken - len(lines), 0))


def _head(sheet: Sheet, area: Area, shown: Shown) -> int:
    """Names, views, and a line of results for each; returns the rows taken."""
    tabs = " ".join(shown.views)
    sheet.put(0, 0, fit(f"{shown.before.name} → {shown.after.name}", max(area.width - len(tabs) - 1, 0)), "strong")
    column = max(area.width - len(tabs), 0)
    for view in shown.views:
        column = sheet.put(0, column, view, "cursor" if view == shown.view else "dim") + 1
    if area.height < 10:
        sheet.leave_out("parameters and losses")
        return 1
    wide = max(len(shown.before.name), len(shown.after.name))
    for row, (side, lines) in enumerate(zip(shown.known, (shown.code.before, shown.code.after), strict=True)):
        column = _mark(sheet, 1 + row, 0, row)
        column = sheet.put(1 + row, column, f"{side.name:<{wide}} ", "strong")
        room = max(area.width - column, 0)
        forms = [" · ".join(_facts(side, len(lines), shown, second=bool(row), form=form)) for form in range(4)]
        sheet.put(1 + row, column, fit(next((words for words in forms if len(words) <= room), forms[-1]), room))
    return 3


def _mark(sheet: Sheet, row: int, column: int, which: int) -> int:
    """How its curve looks."""
    if sheet.sight.depth == "none":
        return sheet.put(row, column, f"{plots.series_letter(which)}  ")
    return sheet.put(row, column, "── " if sheet.sight.unicode else "-- ", Paint(plots.series_colour(which), bold=True))


def _facts(side: Side, lines: int, shown: Shown, *, second: bool, form: int) -> list[str]:
    """What it comes to: in full, in short, as short as can be, or without saying that it is not trained."""
    unit, own, untrained = (
        ("parameters", " nats", "not trained yet"),
        ("par.", " nats", "not trained"),
        ("par.", "", "untrained"),
        ("par.", "", ""),
    )[form]
    parameters = count(side.parameters) if side.parameters else "…"
    if ("parameters" if second else "parameters_before") in shown.hidden:
        parameters = "?"
    hides = LOSSES if second else {"loss_before"}
    loss = "?" if hides & shown.hidden else number(side.loss) if side.loss is not None else ""
    state = untrained if side.shot is None else phase(side.shot) if side.shot.phase != "finished" else ""
    told = "? lines" if second and {"added", "removed"} & shown.hidden else plural(lines, "line")
    facts = [told if form == 0 else "", f"{parameters} {unit}", f"{loss}{own}" if loss else "", state]
    if shown.of_images:
        facts.insert(2, refactor_images.right(side, shown.hidden, second=second, brief=form > 1))
        facts.append(refactor_images.lasts(side, shown.hidden, second=second) if form < 2 else "")
    return [fact for fact in facts if fact]


# The difference between their code


def draw_code(sheet: Sheet, area: Area, shown: Shown) -> None:
    """What the second network is, how many lines differ, and the difference, from its row `top` on."""
    if {"added", "removed"} & shown.hidden:
        shown = replace(shown, code=_alone(shown.code), split=False)
        sheet.put(area.row, area.column, fit(f"{shown.before.name}; {shown.after.name}: {HIDDEN}", area.width), "dim")
        body = area._replace(row=area.row + 1, height=area.height - 1)
    else:
        body = _summary(sheet, area, shown)
    split, row = shown.is_split(area.width), body.row
    for group in shown.rows(body)[shown.first(body) :]:
        for left, right in group:
            if row < body.below:
                put_line(sheet, row, body, left, right, split)
            row += 1


def body_of(area: Area, shown: Shown) -> Area:
    """Where the code stands."""
    taken = (0 if area.height < 4 else 1) + len(_about(area, shown))
    return Area(area.row + taken, area.column, area.width, area.height - taken)


def _about(area: Area, shown: Shown) -> list[str]:
    if area.height < 12:
        return []
    return textwrap.wrap(shown.about, max(area.width, 1), max_lines=3, placeholder=" …")


def _summary(sheet: Sheet, area: Area, shown: Shown) -> Area:
    """What it is, and how many lines differ; returns what is left."""
    body, code = body_of(area, shown), shown.code
    row = sheet.put_lines(area.row, area.column, _about(area, shown), "emphasis")
    if row < body.row:
        column = sheet.put(row, area.column, f"+{code.added}", "good")
        column = sheet.put(row, column, f" −{code.removed}", "bad")
        column = sheet.put(row, column, " lines", "dim")
        rows, first = shown.rows(body), shown.first(body)
        place = f"row {first + 1} of {len(rows)}" if sum(map(len, rows)) > body.height else ""
        sheet.put(row, max(area.width - len(place), column + 1), place, "dim")
    return body


def _alone(code: Refactoring) -> Refactoring:
    """The first text by itself."""
    pairs = tuple(pair._replace(after=None, same=True) for pair in code.pairs if pair.before is not None)
    return code._replace(pairs=pairs)


# What each writes


def draw_text(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A sample of each, beside each other where there is room."""
    beside = area.width >= 70
    half = (area.width - 2) // 2
    rows = area.height // 2
    for which, side in enumerate(shown.known):
        at = Area(area.row, area.column + which * (half + 2), half, area.height) if beside else (
            Area(area.row + which * rows, area.column, area.width, area.height - rows if which else rows)
        )  # fmt: skip
        _sample(sheet, at, side, which, shown.ago)


def _sample(sheet: Sheet, area: Area, side: Side, which: int, ago: int) -> None:
    if area.height < 1:
        sheet.leave_out("one of the texts")
        return
    column = _mark(sheet, area.row, area.column, which)
    column = sheet.put(area.row, column, f"{side.name} ", "strong")
    if not side.written:
        sheet.put(area.row, column, fit("has written nothing yet", max(area.column + area.width - column, 0)), "dim")
        return
    sample = side.written[max(len(side.written) - 1 - ago, 0)]
    loss = side.loss_at(sample.step)
    when = f"after {count(sample.step)} batches" if sample.step else "before training"
    words = f"{when}, {number(loss)} nats" if loss is not None else when
    sheet.put(area.row, column, fit(words, max(area.column + area.width - column, 0)), "dim")
    row = area.row + 1
    for line in _written(sample.prompt, sample.text, area.width):
        if row >= area.below:
            sheet.leave_out("the end of a text")
            return
        sheet.spans(row, area.column, line)
        row += 1


def _written(prompt: str, text: str, width: int) -> list[Pieces]:
    """The prompt, and what came after it, in lines."""
    lines: list[Pieces] = [[]]
    styled: Pieces = [(prompt, "dim"), (text, "plain")]
    for words, style in styled:
        for i, part in enumerate(words.split("\n")):
            if i:
                lines.append([])
            lines[-1].append(("".join(c if c.isprintable() else "�" for c in part), style))
    return [part for line in lines for part in cut(line, max(width, 2))]


# In words


def sentence(shown: Shown) -> str:
    """The picture in words."""
    code, (before, after) = shown.code, shown.known
    parts = [f"From {before.name} to {after.name}."]
    if not {"added", "removed"} & shown.hidden:
        parts.append(f"{plural(code.added, 'line')} come and {plural(code.removed, 'line')} go. {shown.about}")
    for side, hides in ((before, {"loss_before"}), (after, LOSSES)):
        if side.shot is None:
            parts.append(f"{side.name} has not been trained yet.")
        elif side.loss is None:
            why = "its loss is to be predicted first" if hides & shown.hidden else "no epoch is over yet"
            parts.append(f"{side.name}: {why}.")
        else:
            parts.append(f"{side.name}: validation loss {number(side.loss)} after {count(side.shot.step)} batches.")
        if shown.view == "text" and side.written:
            sample = side.written[max(len(side.written) - 1 - shown.ago, 0)]
            parts.append(f"{side.name} writes: {' '.join((sample.prompt + sample.text).split())}")
    if shown.of_images:
        parts.append(refactor_images.told(*shown.known, shown.hidden))
    return " ".join(parts)


def curves(shown: Shown) -> list[tuple[str, list[float], tuple[float, ...], list[tuple[float, float]]]]:
    """What `plots.paired` draws: of each that is trained its name, places, smoothed losses and validation losses."""
    found = []
    for side in shown.known:
        if side.shot is not None:
            rows = [row for row in side.shot.table if row.valid_loss is not None]
            places = side.places([row.step for row in rows], shown.axis)
            valid = [(place, row.valid_loss or 0.0) for place, row in zip(places, rows, strict=True)]
            found.append(("", side.places(side.shot.curve.steps, shown.axis), side.shot.curve.smooth, valid))
    return found


def drawn(shown: Shown, side: Side) -> bool:
    """Has it anything to draw in this view?"""
    if side.shot is None:
        return False
    if shown.view == "accuracy":
        covered = side.name == shown.after.name and refactor_images.ACCURACIES & shown.hidden
        return bool(side.accuracies) and not covered
    return bool(side.shot.curve.steps) or side.loss is not None


def accuracy(shown: Shown, look: Look, width: int, height: int) -> list[str]:
    """Both accuracies on the same axes."""
    return refactor_images.plot(shown.known, shown.axis, shown.hidden, look, width, height)


def plot(shown: Shown, look: Look, width: int, height: int) -> list[str]:
    """Both losses on the same axes."""
    numbers = [i for i, side in enumerate(shown.known) if side.shot is not None]
    end = max((side.end(shown.axis) for side in shown.known), default=0.0)
    each, unit = {"characters": (1e6, "million characters read"), "epochs": (1.0, "epochs")}.get(
        shown.axis, (1.0, "seconds of training")
    )
    title = f"loss over {unit}"
    legend = "o: validation" if look.colours else "A, B: validation"
    title += f" ({legend})" if len(title) + len(legend) + 3 <= width else ""
    runs = [
        (name, [at / each for at in places], smooth, [(at / each, loss) for at, loss in valid])
        for name, places, smooth, valid in curves(shown)
    ]
    return plots.paired(runs, width=width, height=height, title=title, total=end / each, look=look, numbers=numbers)
