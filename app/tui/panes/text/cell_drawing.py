"""One unit of a recurrent cell on paper: the text so far, a table of its stages, and the sums of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.letters import one_cell, spelt
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.text.cell_shown import LETTERS, MEANINGS, MIXES, Shown
from fastai_tui.app.tui.panes.text.states_drawing import KINDS, owner, page, remark_of, short
from fastai_tui.app.tui.sheet import Paint, colour_at
from fastai_tui.app.writing import sign

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.recurrence import Term, Weighted

SMALL = 9  # rows of a pane below which one line a stage is all
CELL = 8  # columns of a number in a list
GUTTER = 6
BARS = 29  # columns of a list from which it has bars
WIDEST = 52  # of one list
PLAIN = str.maketrans({"σ": "s", "·": "*", "−": "-"})


def draw(sheet: Sheet, shown: Shown) -> None:
    """All of it, as the room allows."""
    _head(sheet, shown)
    if sheet.height < SMALL:
        _small(sheet, shown)
        return
    row = _text(sheet, Area(1, 0, sheet.width, 2), shown)
    row = _table(sheet, Area(row + (sheet.height >= 20), 0, sheet.width, 0), shown)
    foot = _foot(sheet, shown)
    for i, (line, style) in enumerate(foot):
        sheet.put(row + i + (sheet.height >= 20), 0, line, style)
    row += len(foot) + 2 * (sheet.height >= 20)
    _lists(sheet, Area(row, 0, sheet.width, sheet.height - row), shown)


def _head(sheet: Sheet, shown: Shown) -> None:
    work = shown.work
    layer = f" layer {work.layer}" if work.layers > 1 else ""
    left = f"{KINDS[work.kind]}{layer}, unit {work.unit + 1}/{work.units}"
    sheet.put(0, 0, fit(left, sheet.width), "strong")
    right = owner(shown.who, sheet.width - len(left) - 2)
    sheet.put(0, sheet.width - len(right), right, "dim")


def _text(sheet: Sheet, area: Area, shown: Shown) -> int:
    """The text, and the unit's state so far below it; returns the row after them."""
    work, length = shown.work, len(shown.text)
    room = max(area.width - GUTTER, 1)
    first = page(work.character, length, room)
    sheet.put(area.row, 0, "reads", "dim")
    sheet.put(area.row + 1, 0, "state", "dim")
    for i, at in enumerate(range(first, min(first + room, length))):
        here = at == work.character
        style: Role = "cursor" if here else "warn" if shown.text[at] in work.unknown else "plain"
        sheet.put(area.row, GUTTER + i, one_cell(shown.text[at], here), style)
        if (at < work.character or (here and shown.done)) and not shown.secret("value"):
            colour = colour_at(halfblocks.signed(1), round(work.course[at] * 16) / 16, sheet.sight)
            depth = sheet.sight.depth
            looks = halfblocks.SIGNED.characters
            mark = looks[round((work.course[at] + 1) / 2 * (len(looks) - 1))] if depth == "none" else " "
            sheet.put(area.row + 1, GUTTER + i, mark, "plain" if depth == "none" else Paint(None, colour))
        elif at <= work.character:
            sheet.put(area.row + 1, GUTTER + i, "?", "accent" if here else "dim")
    return area.row + 2


# The table


def _table(sheet: Sheet, area: Area, shown: Shown) -> int:
    """A line a stage; what is not worked out yet is a dash. Returns the row after it."""
    plain = shown.work.kind == "rnn"
    cell = min(max((area.width - 10) // 4, 6), 10)
    name = min(max(area.width - 4 * cell, 0), 13)
    row = area.row
    if not plain:
        for i, head in enumerate(("W x+b", "U h+c", "sum", "σ/tanh")):
            _put(sheet, row, name + i * cell, head.rjust(cell), "dim")
        row += 1
    for i, stage in enumerate(shown.stages):
        style: Role = "strong" if shown.stage and stage == shown.now else "plain" if i < shown.stage else "dim"
        _put(sheet, row + i, 0, "›" if style == "strong" else " ", "accent")
        words = _plain_words(stage, shown) if plain else fit(f"{LETTERS[shown.work.kind][stage]} {stage}", name - 1)
        _put(sheet, row + i, 1, words.rstrip(), style)
        figures = _figures(stage, shown) if i < shown.stage else ["–"]
        for k, figure in enumerate(figures):
            here: Role = "accent" if style == "strong" and k == len(figures) - 1 else style
            _put(sheet, row + i, name + (5 - len(figures) + k) * cell - len(figure), figure, here)
    return row + len(shown.stages)


def _plain_words(stage: str, shown: Shown) -> str:
    """A stage of the plain cell: its formula."""
    formula = {"sum": "sum of both", "state": "h' = tanh of the sum"}.get(stage, LETTERS["rnn"][stage])
    what = {"input": f"  x: {_named(shown)}", "hidden": "  h: state before"}.get(stage, "")
    return formula + what


def _figures(stage: str, shown: Shown) -> list[str]:
    """What stands in the columns, the last one being what the stage comes to."""
    kind, result = shown.work.kind, shown.result(stage)
    if kind == "rnn":
        return [result]
    if (kind, stage) in MIXES:
        return [MIXES[kind, stage], result]
    part = shown.work.part(stage)
    numbers = (("input", part.input.total), ("hidden", part.hidden.total), ("sum", part.sum))
    return [*(shown.told(measured, value) for measured, value in numbers), result]


def _named(shown: Shown) -> str:
    return f"'{sign(shown.text[shown.work.character])}'" if shown.work.layer == 1 else f"layer {shown.work.layer - 1}"


# The stage


def _foot(sheet: Sheet, shown: Shown) -> list[tuple[str, Role]]:
    """What the stage means, and its arithmetic."""
    if not shown.stage:
        words = f"space works out the first stage. {shown.state_before()}."
        return spoken(sheet, words, sheet.width, 2, "accent")
    letter, meaning = LETTERS[shown.work.kind][shown.now], MEANINGS[shown.work.kind][shown.now]
    sums = spoken(sheet, _spelled(sheet, shown.arithmetic()), sheet.width, 2, "accent")
    if sheet.height < SMALL:
        return sums
    return [*spoken(sheet, _spelled(sheet, f"{letter}: {meaning}"), sheet.width, 2, "dim"), *sums]


def _small(sheet: Sheet, shown: Shown) -> None:
    """A few rows: the text, and the stage's arithmetic."""
    sheet.leave_out("the table of all stages, and their sums")
    row = 1
    if sheet.height >= 5:
        row = _text(sheet, Area(1, 0, sheet.width, 2), shown)
    for i, (line, style) in enumerate(_foot(sheet, shown)[-max(sheet.height - row, 1) :]):
        sheet.put(row + i, 0, line, style)


# The sums


def _lists(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The largest products of the stage's two sums, beside each other."""
    part = shown.part
    note = remark_of(shown.work.unknown, shown.work.begins) if area.height >= 5 else ""
    if note:
        lines = spoken(sheet, note, area.width, 2, "warn")
        for i, (line, style) in enumerate(lines):
            sheet.put(area.below - len(lines) + i, 0, line, style)
        area = area._replace(height=area.height - len(lines))
    if shown.stage and area.height < 3:
        sheet.leave_out("the products of the sums")
    if not shown.stage or area.height < 3:
        return
    if part is None:
        _mix(sheet, area, shown)
        return
    plain = shown.work.kind == "rnn"
    wide = min((area.width - 1) // 2, WIDEST)
    left, right = area._replace(width=wide), area._replace(column=area.column + wide + 1, width=wide)
    source = "x" if shown.work.layer == 1 else "x, the layer below"
    _list(sheet, left, f"W {source}", part.input, "input", shown)
    if not plain or shown.stage > 1:
        _list(sheet, right, "U h", part.hidden, "hidden", shown)


def _list(sheet: Sheet, area: Area, title: str, found: Weighted, name: str, shown: Shown) -> None:
    """A sum's largest products, what the others come to, the bias, and the sum."""
    sheet.put(area.row, area.column, fit(f"{title}: {found.many} products", area.width).rstrip(), "strong")
    empty = name == "hidden" and shown.begins
    rows = [] if empty else found.terms[: max(area.height - 4, 0)]
    row = area.row + 1
    if empty:
        sheet.put(row, area.column, "h is empty", "dim")
        row += 1
    top = max((abs(term.weight * term.number) for term in found.terms), default=1.0) or 1.0
    for term in rows:
        _product(sheet, Area(row, area.column, area.width, 1), term, top)
        row += 1
    others = found.total - found.bias - sum(term.weight * term.number for term in rows)
    lines = [("bias", short(found.bias)), ("sum", shown.told(name, found.total))]
    if not empty:
        lines.insert(0, (f"{found.many - len(rows)} others", "?" if shown.secret(name) else short(others)))
    for i, (words, value) in enumerate(lines[-max(area.below - row, 0) :] if area.below > row else []):
        style: Role = "accent" if words == "sum" else "dim"
        sheet.put(row + i, area.column, fit(words, area.width - CELL), style)
        sheet.put(row + i, area.column + _values(area.width), value.rjust(CELL - 1), style)


def _mix(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The products that a stage without sums of its own is made of."""
    for i, (words, numbers, product) in enumerate(shown.mix()):
        row = area.row + i
        _put(sheet, row, 0, words, "plain")
        _put(sheet, row, 9, fit(numbers, 17).rstrip(), "plain")
        told = "?" if product is None else short(product)
        sheet.put(row, 27, told.rjust(CELL - 1), "plain")
        if product is not None and area.width - 27 - 2 * CELL > 0:
            room = min(area.width - 27 - CELL, WIDEST)
            _bar(sheet, row, 27 + CELL, min(abs(product) / 2, 1.0) * room, product > 0)


def _values(width: int) -> int:
    """The column of a list's results."""
    return min(width, 21) - CELL + 1


def _product(sheet: Sheet, area: Area, term: Term, top: float) -> None:
    """A weight times a number, and with room a bar for what that is."""
    words = f"{_brief(term.weight)}·{_brief(term.number)}"
    product, at = term.weight * term.number, area.column + _values(area.width)
    _put(sheet, area.row, area.column, fit(words, max(at - area.column - 1, 0)).rstrip(), "plain")
    sheet.put(area.row, at, short(product).rjust(CELL - 1))
    if area.width >= BARS:
        room = area.width - (at - area.column) - CELL - 1
        _bar(sheet, area.row, at + CELL, abs(product) / top * room, product > 0)


def _bar(sheet: Sheet, row: int, column: int, wide: float, positive: bool) -> None:
    """In the hue of its sign."""
    colour = colour_at(halfblocks.signed(1), 0.7 if positive else -0.7, sheet.sight)
    plain = sheet.sight.depth == "none"
    block = "░" if plain and not positive else "█"
    sheet.put(row, column, block * max(round(wide), 1), "plain" if plain else Paint(colour))


def _brief(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _put(sheet: Sheet, row: int, column: int, words: str, style: Role) -> None:
    sheet.put(row, column, _spelled(sheet, words), style)


def _spelled(sheet: Sheet, words: str) -> str:
    return words if sheet.sight.unicode else words.translate(PLAIN)


# In words


def sentence(shown: Shown) -> str:
    """The picture in words."""
    work = shown.work
    where = (
        f"{KINDS[work.kind]} of {shown.who}, layer {work.layer} of {work.layers}, unit {work.unit + 1} of "
        f"{work.units}, at character {work.character + 1} of {len(shown.text)}, {spelt(shown.text[work.character])}"
    )
    state = shown.state_before().replace("h", "The hidden state h", 1)
    if not shown.stage:
        return f"{where}: nothing is worked out yet. {state}."
    done = ", ".join(f"{LETTERS[work.kind][stage]} {shown.result(stage)}" for stage in shown.stages[: shown.stage])
    meaning = MEANINGS[work.kind][shown.now]
    return (
        f"{where}, stage {shown.stage} of {len(shown.stages)}: {meaning}, {shown.arithmetic()}. "
        f"So far: {done}. {state}."
    )
