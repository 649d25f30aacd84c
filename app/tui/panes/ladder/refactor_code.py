"""The difference between two codes as lines of cells: in one column or side by side, wrapped to the width there is."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.app.tui.highlighting import Pieces, coloured, cut, tightened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.lessons.refactoring import Pair, Refactoring

LEAST = 3  # lines that are worth folding
TIGHT = 60  # columns of code below which its indentation is halved


class Half(NamedTuple):
    """A line of code on one side: its sign and its pieces."""

    sign: str
    pieces: Pieces


Row = list[tuple[Half | None, Half | None]]  # a row of the difference, in as many lines as it needs


def put_line(sheet: Sheet, row: int, area: Area, left: Half | None, right: Half | None, split: bool) -> None:
    """Put one line of both sides on a row."""
    half = half_of(area.width, split)
    for column, side in ((area.column, left), (area.column + half + 2, right)):
        if side is not None:
            column = sheet.put(row, column, f"{side.sign} ", _style(side.sign) or "plain")
            sheet.spans(row, column, side.pieces)
    if split:
        sheet.put(row, area.column + half, "│", "dim")


@lru_cache(maxsize=32)
def rows_of(code: Refactoring, split: bool, width: int, folded: bool = False) -> list[Row]:
    """The rows of a difference, each in as many lines as it needs in that width; `folded` leaves out what is the same
    but for a line beside each change."""
    room = max(half_of(width, split) - 2, 8)
    texts = [_prepared(text, room) for text in (code.before, code.after)]
    pairs: Sequence[Pair] = code.pairs if split else code.unified.pairs
    rows = [_row(pair, texts, room, split) for pair in pairs]
    return _folded(rows, [pair.same for pair in pairs]) if folded else rows


def _folded(rows: list[Row], same: list[bool]) -> list[Row]:
    """A line instead of three or more that are the same and not beside a change."""
    found: list[Row] = []
    far = [all(same[max(i - 1, 0) : i + 2]) for i in range(len(same))]
    for is_far, group in groupby(range(len(rows)), lambda i: far[i]):
        numbers = list(group)
        if is_far and len(numbers) >= LEAST:
            found.append([(Half("", [(f"… {len(numbers)} lines are the same", "dim")]), None)])
        else:
            found += [rows[i] for i in numbers]
    return found


def changes(rows: Sequence[Row]) -> tuple[int, ...]:
    """The rows at which changes begin."""
    changed = [any(half is not None and half.sign in ("-", "+") for half in row[0]) for row in rows]
    return tuple(i for i, now in enumerate(changed) if now and not (i and changed[i - 1]))


def _row(pair: Pair, texts: list[list[Pieces]], room: int, split: bool) -> Row:
    sides: list[list[Half]] = []
    for at, text, sign in zip((pair.before, pair.after), texts, "-+", strict=True):
        sides.append([] if at is None else _halves(text[at], " " if pair.same else sign, room))
    left, right = sides if split else (sides[0] or sides[1], [])
    lines = max(len(left), len(right))
    padded = [[*side, *[None] * (lines - len(side))] for side in (left, right)]
    return list(zip(*padded, strict=True))


def _halves(line: Pieces, sign: str, room: int) -> list[Half]:
    style = _style(sign)
    pieces: Pieces = [("".join(words for words, _ in line), style)] if style else line
    indent = next((len(words) - len(words.lstrip()) for words, _ in line), 0)
    parts = cut(pieces, room, indent + 4)
    return [Half(sign if i == 0 or sign == " " else "·", part) for i, part in enumerate(parts)]


def _style(sign: str) -> Style | None:
    return {"-": "bad", "+": "good", "·": "dim"}.get(sign)  # type: ignore[return-value]


def _prepared(text: Sequence[str], room: int) -> list[Pieces]:
    """In our roles; with half of its indentation where there is little room."""
    lines = coloured("\n".join(text))
    return lines if room >= TIGHT else [tightened(line) for line in lines]


def half_of(width: int, split: bool) -> int:
    """Columns of one side."""
    return max((width - 2) // 2, 1) if split else width
