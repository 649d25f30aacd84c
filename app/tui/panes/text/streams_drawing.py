"""A batch of a text as cells: where its rows lie in the text, the text around them, their numbers and targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastai_tui.app.text import char_width, fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import typed_drawing
from fastai_tui.app.tui.panes.common.letters import one_cell
from fastai_tui.app.tui.panes.common.run_picture import instead, spoken
from fastai_tui.app.tui.panes.text.streams_shown import Shown, sentence
from fastai_tui.app.writing import read_as_unknown, sign

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.text_batch import Folded, FoldedRow

__all__ = ["draw", "sentence"]
LOW, SPARE, MEDIUM = 9, 12, 14  # rows from which on a pane has room for a row's numbers, for figures, for the strip
NUMBERED = 5  # lines that the row's numbers and targets take
BACK = 3  # characters before a stream's part that stay in view
DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))  # of a braille cell, by column


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """What there is, the rows, the row under the cursor in numbers, and what an epoch comes to."""
    if shown.line is not None:
        _typing(sheet, shown)
        return
    if shown.folded is None:
        words = f"{pulse} The lab cuts the text up; the first time it starts PyTorch." if shown.waits else shown.trouble
        instead(sheet, words, "bad" if shown.trouble else "plain")
        return
    head, foot = list(_head(sheet, shown)), list(_foot(sheet, shown))
    for i, (words, style) in enumerate(head):
        sheet.put(i, 0, fit(words, sheet.width), style)
    if sheet.height >= MEDIUM:
        _strip(sheet, len(head), shown)
    top = len(head) + (sheet.height >= MEDIUM)
    for i, (words, style) in enumerate(foot):
        sheet.put(sheet.height - len(foot) + i, 0, fit(words, sheet.width), style)
    _body(sheet, Area(top, 0, sheet.width, sheet.height - len(foot) - top), shown)


def _body(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The rows under a ruler, the chosen one's numbers, and with room to spare those of all of them."""
    numbered = NUMBERED if sheet.height >= LOW else 0
    ruled = int(sheet.height >= MEDIUM)
    rows = min(max(area.height - numbered - ruled, 0), len(shown.batch.rows))
    spare = area.height - numbered - ruled - rows
    gap, whole = int(spare > 0), spare > rows + 2
    _rows(sheet, area._replace(height=rows + ruled), shown, ruled)
    row = area.row + ruled + rows + gap
    if numbered:
        _numbers(sheet, area._replace(row=row, height=NUMBERED), shown)
    else:
        sheet.leave_out("the row's numbers")
    if whole:
        _matrix(sheet, area._replace(row=row + NUMBERED + 1, height=rows + 1), shown)


def _head(sheet: Sheet, shown: Shown) -> Iterator[tuple[str, Role]]:
    if sheet.height >= MEDIUM:
        yield f"{shown.batch.data}: {shown.batch.tokens:,} characters", "dim"
    if sheet.height > LOW:
        yield shown.cut, "strong"
    else:
        sheet.leave_out("how the text is cut")
    yield shown.which, "plain" if sheet.height > LOW else "strong"


def _foot(sheet: Sheet, shown: Shown) -> Iterator[tuple[str, Role]]:
    unknown = read_as_unknown(shown.batch.unknown)
    if unknown and sheet.height >= LOW:
        yield from spoken(sheet, unknown, sheet.width, 2 if sheet.height >= MEDIUM else 1, "warn")
    if sheet.height < LOW:
        yield shown.pair, "plain"
    elif sheet.height < SPARE:
        sheet.leave_out("what an epoch comes to")
    else:
        forms = shown.figures
        yield next((words for words in forms if len(words) <= sheet.width), forms[-1]), "dim"


def _typing(sheet: Sheet, shown: Shown) -> None:
    """The text as it is typed."""
    assert shown.line is not None
    rows = typed_drawing.draw(sheet, shown.line, "type a text to be cut up; enter: done")
    if sheet.height > rows + 1:
        sheet.put(sheet.height - 1, 0, fit("an empty one: the data's own again", sheet.width), "dim")


# Where the rows lie in the whole text


def _strip(sheet: Sheet, row: int, shown: Shown) -> None:
    """The text from its first character to its last on one line, a dot where a row of the batch begins."""
    folded, width = shown.batch, max(sheet.width - 2, 1)
    places = [min(r.start * width * 2 // max(folded.tokens, 1), width * 2 - 1) for r in folded.rows]
    cells: dict[int, int] = {}
    for at in places:
        cells[at // 2] = cells.get(at // 2, 0x2800) | DOTS[at % 2][1] | DOTS[at % 2][2]
    unicode = sheet.sight.unicode
    sheet.put(row, 0, "▕" if unicode else "[", "dim")
    sheet.put(row, width + 1, "▏" if unicode else "]", "dim")
    for cell, dots in cells.items():
        sheet.put(row, 1 + cell, chr(dots) if unicode else ":", "plain")
    here = places[shown.at_row] // 2
    sheet.paint(row, 1 + here, 1, "cursor")


# The rows


def in_view(shown: Shown, count: int) -> range:
    """The rows that are in view where there is room for so many, the chosen one among them."""
    rows = len(shown.batch.rows)
    count = min(count, rows)
    first = min(shown.at_row // count * count, rows - count) if count > 0 else 0
    return range(first, first + max(count, 0))


def _rows(sheet: Sheet, area: Area, shown: Shown, ruled: int) -> None:
    rows = shown.batch.rows
    last = rows[-1] if shown.batch.view == "streams" else max(rows, key=lambda row: row.start)
    wide = len(_label(shown.batch, len(rows) - 1, last)) + 1
    if wide > area.width // 3:
        wide = 0
        sheet.leave_out("the rows' numbers")
    if ruled:
        _ruler(sheet, Area(area.row, wide, area.width - wide, 1), shown)
    for at, i in enumerate(in_view(shown, area.height - ruled), area.row + ruled):
        here = i == shown.at_row
        label = _label(shown.batch, i, rows[i]).rjust(wide - 1)
        sheet.put(at, 0, label if wide else "", "strong" if here else "dim")
        _row(sheet, Area(at, wide, area.width - wide, 1), shown, rows[i], here)


def _ruler(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A tick wherever a batch begins in its streams, with its number; for windows, wherever one begins in the text."""
    folded, left = shown.batch, left_of(shown, area.width)
    tick, line = ("┬", "─") if sheet.sight.unicode else ("+", "-")
    if folded.view != "streams":
        ticks = (tick if (left + i) % folded.stride == 0 else line for i in range(area.width))
        sheet.put(area.row, area.column, "".join(ticks), "dim")
        sheet.paint(area.row, area.column - left, min(folded.length, area.width + left), "strong")
        return
    sheet.put(area.row, area.column, line * area.width, "dim")
    for number, place in folded.cuts:
        at = place - folded.first - left
        here = number == folded.batch
        words = tick if number == folded.batches else f"{tick}{number + 1}"
        if 0 <= at < area.width:
            sheet.put(area.row, area.column + at, words[: area.width - at], "strong" if here else "dim")


def _label(folded: Folded, number: int, row: FoldedRow) -> str:
    return f"{number + 1}" if folded.view == "streams" else f"{row.start + 1:,}"


def _row(sheet: Sheet, area: Area, shown: Shown, row: FoldedRow, here: bool) -> None:
    """The text around a row's part: what the network has read, its part, the character after it, what is to come."""
    folded, answered = shown.batch, {i for i, answer in enumerate(shown.answers) if answer}
    left = left_of(shown, area.width)
    for i in range(area.width):
        at = left + i  # from the part's first character
        letter = _letter(row, at)
        style = _style(folded, row, at)
        if here and at == shown.at:
            style = "cursor"
        elif here and shown.at in answered and at == shown.at + 1:
            style = "mark"
            letter = "?" if "target" in shown.hidden else letter
        elif at == folded.length and "target" in shown.hidden:
            letter = "?"
        sheet.put(area.row, area.column + i, letter, style)


def _letter(row: FoldedRow, at: int) -> str:
    """The character so many places after the row's first, as one cell."""
    text = row.before if at < 0 else row.text if at < len(row.text) else row.after
    at = len(row.before) + at if at < 0 else at if at < len(row.text) else at - len(row.text)
    return one_cell(text[at]) if 0 <= at < len(text) else " "


def _style(folded: Folded, row: FoldedRow, at: int) -> Role:
    """Strong on a ground what is given, marked the one after it, plain what was read, dim the rest."""
    if 0 <= at < folded.length:
        return "field"
    if at == folded.length:
        return "accent"
    place = folded.first + at  # in its stream
    return "plain" if folded.view == "streams" and 0 <= place < folded.first else "dim"


def left_of(shown: Shown, width: int) -> int:
    """The first character in view, from the first of the row's part. The text of streams stands still while the window
    moves over it, as far as that goes; that of windows has them in its middle."""
    folded = shown.batch
    spare = width - folded.length - 1
    if spare < 0:
        return min(max(shown.at - width // 2, 0), -spare)
    if folded.view != "streams":
        return -(spare // 2)
    return -min(folded.first % max(width // 2, 1) + BACK, spare)


# The row under the cursor


def _numbers(sheet: Sheet, area: Area, shown: Shown) -> None:
    """What the network is given, as characters and numbers, and below it what it is to say."""
    row, answers = shown.line_of, shown.answers
    most = max([*row.numbers, *(answer[0] for answer in answers if answer)])
    wide = len(str(most)) + 1
    count = max((area.width - 3) // wide, 1)
    first = min(max(shown.at - count // 2, 0), max(len(row.numbers) - count, 0))
    lines: list[tuple[str, list[str], str]] = [
        ("xb", [sign(letter) for letter in row.text], "cursor"),
        ("", [shown.told("token", str(number)) for number in row.numbers], "cursor"),
        ("yb", [_answer(shown, answer, 1) for answer in answers], "mark"),
        ("", [_answer(shown, answer, 0) for answer in answers], "mark"),
    ]
    for i, (name, cells, look) in enumerate(lines):
        sheet.put(area.row + i, 0, name, "dim")
        for j, cell in enumerate(cells[first : first + count]):
            here = first + j == shown.at
            there = cell != "·"
            usual: Role = "accent" if look == "mark" else "strong"
            style: Role = look if here and there else usual if there and name else "dim"  # type: ignore[assignment]
            sheet.put(area.row + i, 3 + j * wide, (cell if char_width(cell[0]) == 1 else "?").rjust(wide - 1), style)
    if len(row.numbers) > count:
        sheet.leave_out("some of the row's numbers")
    sheet.put(area.row + 4, 0, fit(shown.pair, area.width), "plain")


def _matrix(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The whole batch as the network gets it: a row of numbers for each row."""
    folded = shown.batch
    wide = len(str(max(number for row in folded.rows for number in row.numbers))) + 1
    count = max((area.width - 3) // wide, 1)
    first = min(max(shown.at - count // 2, 0), max(folded.length - count, 0))
    size = f"{folded.streams} × {shown.told('length', str(folded.length))}"
    sheet.put(area.row, 0, fit(f"xb, {size}", area.width), "dim")
    for at, i in enumerate(in_view(shown, area.height - 1), area.row + 1):
        for j, number in enumerate(folded.rows[i].numbers[first : first + count]):
            here = (i, first + j) == (shown.at_row, shown.at)
            style: Role = "cursor" if here else "plain" if i == shown.at_row else "dim"
            sheet.put(at, 3 + j * wide, shown.told("token", str(number)).rjust(wide - 1), style)


def _answer(shown: Shown, answer: tuple[int, str] | None, part: int) -> str:
    if answer is None:
        return "·"
    return "?" if "target" in shown.hidden else str(answer[0]) if part == 0 else sign(answer[1])
