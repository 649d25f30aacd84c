"""A recurrent layer's states and gates on a text, as a heat map: units down, characters across."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit, number, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.letters import one_cell, spelt
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.plotting import sparkline
from fastai_tui.app.writing import read_as_unknown, sign
from fastai_tui.engine.recurrence import GATES, VIEWS, Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.halfblocks import Scale
    from fastai_tui.app.tui.sheet import Role, Sheet

GUTTER = 5  # columns for the units' numbers
WIDEST = 2  # cells of a character where the text is short
LEVELS = 16  # shades from nought to the end of a scale: more would only send more
CELL_END = 2.0  # of the scale of a cell state, which may count far beyond it
SMALL = 9  # rows of a pane below which the map is all that is shown
NARROWEST, LOWEST = 38, 12  # of a view among others
NAMES = {
    "state": "hidden state", "cell": "cell state", "reset": "reset gate", "update": "update gate",
    "input": "input gate", "forget": "forget gate", "output": "output gate", "candidate": "candidate",
}  # fmt: skip
KINDS = {"rnn": "plain cell", "gru": "GRU", "lstm": "LSTM"}


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: which `view` of the `layer` that has read `text`, the character `at` and the `unit` (both
    from 0) under the cursor, the units in their `order`, and whether all views are shown where there is room."""

    text: str
    layer: Layer
    view: str
    at: int
    unit: int
    order: Sequence[int]
    who: str
    together: bool = True
    hidden: frozenset[str] = frozenset()

    @property
    def value(self) -> float:
        """Under the cursor."""
        return self.layer.views[self.view].at(self.unit, self.at)

    @property
    def mean(self) -> float:
        """Over all units at the cursor's character."""
        return self.layer.views[self.view].means[self.at]

    @property
    def rank(self) -> int:
        """How many characters have a mean as large as the cursor's, or larger."""
        means = self.layer.views[self.view].means
        return sum(mean >= means[self.at] for mean in means)

    def told(self, name: str, value: float) -> str:
        """A number, unless it is the learner's to predict."""
        return "?" if name in self.hidden else short(value)


def draw(sheet: Sheet, shown: Shown) -> bool:
    """What it is, the map (or all of them), and what is under the cursor. Returns whether there is room for all."""
    low = sheet.height < SMALL
    head = 0 if low else _head(sheet, shown)
    foot = _foot(sheet, shown)
    area = Area(head, 0, sheet.width, max(sheet.height - head - len(foot), 0))
    places = tiles(area, len(shown.layer.views))
    if places and shown.together:
        for view, place in zip(shown.layer.views, places, strict=True):
            _title(sheet, place, view, shown)
            _map(sheet, place._replace(row=place.row + 1, height=place.height - 1), view, shown)
    else:
        _map(sheet, area, shown.view, shown)
    for i, (line, style) in enumerate(foot):
        sheet.put(area.below + i, 0, line, style)
    return bool(places)


def tiles(area: Area, many: int) -> list[Area]:
    """Room for so many maps beside and below each other, the widest that there is; none where they were too small."""
    for across in range(1, many + 1):
        down = -(-many // across)
        wide, high = (area.width - 2 * (across - 1)) // across, area.height // down
        if many > 1 and wide >= NARROWEST and high >= LOWEST:
            places = [divmod(i, across) for i in range(many)]
            return [Area(area.row + i * high, area.column + j * (wide + 2), wide, high - 1) for i, j in places]
    return []


def _head(sheet: Sheet, shown: Shown) -> int:
    """Whose layer it is, and the scale of colours; returns the rows taken."""
    layer = shown.layer
    which = f" layer {layer.layer}/{layer.layers}" if layer.layers > 1 else ""
    left = f"{NAMES[shown.view]}{which}"
    sheet.put(0, 0, fit(left, sheet.width), "strong")
    right = owner(shown.who, sheet.width - len(left) - 2)
    sheet.put(0, sheet.width - len(right), right, "dim")
    if sheet.height < 14:
        sheet.leave_out("what the colours mean")
        return 1
    low, high = ("0 shut", "1 open") if shown.view in GATES else _ends(shown.view)
    sheet.legend(1, 0, scale_of(shown.view), low, high, cells=max(min(sheet.width - len(low) - len(high) - 3, 16), 2))
    return 2


def owner(who: str, room: int) -> str:
    """Whose network it is, and after how many batches as far as there is room for that."""
    return who if len(who) <= room else fit(who.partition(" after ")[0], max(room, 0)).rstrip()


def _ends(view: str) -> tuple[str, str]:
    """What the ends of a scale with two hues stand for."""
    return (f"≤ −{CELL_END:g}", f"≥ {CELL_END:g}") if view == "cell" else ("−1", "1")


def scale_of(view: str) -> Scale:
    """One hue for gates, two for what has a sign."""
    return halfblocks.amount(1) if view in GATES else halfblocks.signed(CELL_END if view == "cell" else 1)


def _title(sheet: Sheet, area: Area, view: str, shown: Shown) -> None:
    value = shown.layer.views[view].at(shown.unit, shown.at)
    words = shown.told("value", value) if view == shown.view else short(value)
    line = fit(f"{NAMES[view]} {words}", area.width)
    sheet.put(area.row, area.column, line.rstrip(), "cursor" if view == shown.view else "strong")


# The map


def page(at: int, length: int, room: int) -> int:
    """The first of `room` places out of `length` that are shown with the cursor on `at`, which stays off the edges; the
    window moves in strides, so that little changes on the screen."""
    stride = max(room // 2, 1)
    return min(max(at // stride * stride - room // 4, 0), max(length - room, 0))


def _map(sheet: Sheet, area: Area, view: str, shown: Shown) -> None:
    """The characters, the units' values below them, and their means."""
    gutter = GUTTER if area.width > 4 * GUTTER else 0
    wide = min(max((area.width - gutter) // max(shown.layer.length, 1), 1), WIDEST)
    room = max((area.width - gutter) // wide, 1)
    first = page(shown.at, shown.layer.length, room)
    columns = range(first, min(first + room, shown.layer.length))
    means = 1 if area.height >= 5 else 0
    left = area.column + gutter
    _characters(sheet, area.row, left, columns, wide, shown)
    body = Area(area.row + 1, left, area.width - gutter, area.height - 1 - means)
    _units(sheet, body, columns, wide, view, shown)
    if means:
        _means(sheet, min(body.below, body.row + (len(shown.order) + 1) // 2), area.column, left, columns, wide, view,
               shown)  # fmt: skip


def _characters(sheet: Sheet, row: int, left: int, columns: range, wide: int, shown: Shown) -> None:
    """The text; every other window of a network that begins anew with each is shaded."""
    starts = shown.layer.begins
    for i, at in enumerate(columns):
        window = sum(start <= at for start in starts)
        style: Role = "warn" if shown.text[at] in shown.layer.unknown else "plain" if window % 2 else "shade"
        here: Role = "cursor" if at == shown.at else style
        sheet.put(row, left + i * wide, one_cell(shown.text[at], at == shown.at).ljust(wide), style)
        sheet.paint(row, left + i * wide, 1, here)


def _units(sheet: Sheet, area: Area, columns: range, wide: int, view: str, shown: Shown) -> None:
    if area.height <= 0:
        return
    units, found, scale = list(shown.order), shown.layer.views[view], scale_of(view)
    at = units.index(shown.unit)
    first = page(at // 2, -(-len(units) // 2), area.height) * 2
    rows = units[first : first + 2 * area.height]
    step = max(abs(scale.high), abs(scale.low)) / LEVELS

    def pixel(unit: int, character: int) -> float:
        return min(max(round(found.at(unit, character) / step), -LEVELS), LEVELS) * step

    grid = [[value for c in columns for value in [pixel(unit, c)] * wide] for unit in rows]
    marks = {(at - first, (shown.at - columns.start) * wide + i): 1.0 for i in range(wide)}
    sheet.picture(area.row, area.column, grid, scale, marks)
    if area.column < GUTTER:
        return
    for row in {0, (len(rows) - 1) // 2}:
        sheet.put(area.row + row, area.column - GUTTER, f"{rows[2 * row] + 1:>4}", "dim")
    sheet.put(area.row + (at - first) // 2, area.column - GUTTER, f"{shown.unit + 1:>4}", "cursor")


def _means(sheet: Sheet, row: int, label: int, left: int, columns: range, wide: int, view: str, shown: Shown) -> None:
    """The mean over all units at each character, as bars."""
    if left - label >= GUTTER:
        sheet.put(row, label, "mean" if view in GATES else "size", "dim")
    if {"mean", "rank"} & shown.hidden:
        sheet.put(row, left + (shown.at - columns.start) * wide, "?", "mark")
        return
    every = shown.layer.views[view].means
    means = [mean for c in columns for mean in [every[c]] * wide]
    ends = (min(every), max(every))  # they lie close together: from nought on the bars were all alike
    sheet.put(row, left, sparkline(means, len(means), sheet.sight.unicode, ends), "accent")
    sheet.paint(row, left + (shown.at - columns.start) * wide, wide, "mark")


# What is under the cursor


def _foot(sheet: Sheet, shown: Shown) -> list[tuple[str, Role]]:
    """The value under the cursor, the mean, the other views there, and what is out of the ordinary."""
    lines: list[tuple[str, Role]] = [(fit(_here(shown), sheet.width), "plain")]
    if sheet.height < 4:
        return []
    if sheet.height >= SMALL:
        lines.append((fit(_over_all(shown), sheet.width), "plain"))
        if len(shown.layer.views) > 1:
            lines.append((_others(shown, sheet.width), "dim"))
    note = remark(shown)
    if note and sheet.height >= SMALL:
        lines += spoken(sheet, note, sheet.width, 2 if sheet.height >= 16 else 1, "warn")
    return lines


def _here(shown: Shown) -> str:
    layer = shown.layer
    where = f"{sign(shown.text[shown.at])} {shown.at + 1}/{layer.length}  unit {shown.unit + 1}/{layer.units}"
    return f"{where}  {shown.view} {shown.told('value', shown.value)}"


def _over_all(shown: Shown) -> str:
    if "mean" in shown.hidden:
        return "mean of the units: ? (predict it first)"
    what = "mean" if shown.view in GATES else "mean size"
    rank = "?" if "rank" in shown.hidden else shown.rank
    return f"{what} {short(shown.mean)}, rank {rank} of {shown.layer.length}"


def _others(shown: Shown, width: int) -> str:
    """The other views' values there, as many as there is room for."""
    line = ""
    for view in shown.layer.views:
        word = f"{view} {short(shown.layer.views[view].at(shown.unit, shown.at))}"
        if view != shown.view and len(line) + 2 + len(word) <= width:
            line += ("  " if line else "") + word
    return line


def remark(shown: Shown) -> str:
    """What is to be said of the text."""
    layer = shown.layer
    some = f"The first {layer.told:,} units are told of." if layer.told < layer.units else ""
    return f"{remark_of(layer.unknown, layer.begins)} {some}".strip()


def remark_of(unknown: str, begins: Sequence[int]) -> str:
    """What is to be said of characters without a number, and of windows."""
    anew = f"The state begins anew every {plural(begins[1], 'character')}." if len(begins) > 1 else ""
    return f"{read_as_unknown(unknown)} {anew}".strip()


def short(value: float) -> str:
    """A number in at most six characters below 1,000: three decimals, or as many as there is room for."""
    words = f"{value:.{3 if abs(value) < 9.9995 else 2 if abs(value) < 99.995 else 1}f}"
    return words.replace("-0.000", "0.000").replace("-", "−")


def sentence(shown: Shown) -> str:
    """The picture in words."""
    layer = shown.layer
    whose = f"the {NAMES[shown.view]} of layer {layer.layer} of {layer.layers} of {shown.who}"
    value = "is yours to predict" if "value" in shown.hidden else f"is {number(shown.value, 3)}"
    said = [
        f"{KINDS[layer.kind]}, {plural(layer.units, 'unit')}: {whose}, on {shown.text!r}.",
        f"At character {shown.at + 1}, {spelt(shown.text[shown.at])}, unit {shown.unit + 1} {value};",
    ]
    if "mean" in shown.hidden:
        said.append("the mean over all units is yours to predict.")
    else:
        what = "mean" if shown.view in GATES else "mean size"
        said.append(f"the {what} over all units is {number(shown.mean, 3)}{_extremes(shown)}.")
    return " ".join([*said, remark(shown)]).strip()


def _extremes(shown: Shown) -> str:
    """Where the mean is largest and smallest."""
    if "rank" in shown.hidden:
        return ""
    means = shown.layer.views[shown.view].means
    most, least = (means.index(pick(means)) for pick in (max, min))
    return (
        f"; it is largest at character {most + 1}, {spelt(shown.text[most])}, with {number(means[most], 3)}, and "
        f"smallest at character {least + 1}, {spelt(shown.text[least])}, with {number(means[least], 3)}"
    )


def fitting(view: str, kind: str) -> str:
    """The view that is asked for, or for want of it a gate for a gate, else the state."""
    there = VIEWS[kind]
    return view if view in there else next((v for v in there if v in GATES and view in GATES), "state")
