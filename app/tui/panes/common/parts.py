"""Parts of drawings that several panes share: numbers on the shade they stand for, tables of them, and a gauge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from fastai_tui.app import halfblocks
from fastai_tui.app.convolution import number
from fastai_tui.app.halfblocks import Scale
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.sheet import Paint, Sheet, Sight, Style, colour_at
from fastai_tui.engine.convolution import Number, Rows

Numbers: TypeAlias = Sequence[Sequence[Number | None]]
HEADING = 3  # cells for a row's number in front of a table
_LIGHT_OF_16 = (7, 9, 10, 11, 12, 13, 14, 15)
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@lru_cache(maxsize=8192)
def tint(scale: Scale, value: float, sight: Sight) -> Style:
    """The look of a number on the shade it stands for, black or white, whichever is read better; without colours,
    plain."""
    if sight.depth == "none":
        return "plain"
    back = colour_at(scale, value, sight)
    if sight.depth == "16":
        return Paint(0 if back in _LIGHT_OF_16 else 15, back)
    red, green, blue = halfblocks.rgb(scale.ramp, scale.place(value))
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 110
    if sight.depth == "256":
        return Paint(16 if light else 231, back)
    return Paint(_BLACK if light else _WHITE, back)


def block(
    sheet: Sheet, row: int, column: int, rows: Numbers, scale: Scale, cell: int, cursor: tuple[int, int] | None = None
) -> None:
    """Numbers in cells of one width, flush right, each on its shade; the one at `cursor` in the cursor's look; where
    there is none yet (None) a dot, or at the cursor a question mark."""
    for i, line in enumerate(rows):
        for j, value in enumerate(line):
            here = (i, j) == cursor
            words = number(value) if value is not None else "?" if here else "·"
            look: Style = "cursor" if here else "dim" if value is None else tint(scale, value, sheet.sight)
            sheet.put(row + i, column + j * cell, words.rjust(cell), look)


def widest(rows: Numbers) -> int:
    """Characters of the longest of the numbers."""
    return max((len(number(value)) for row in rows for value in row if value is not None), default=1)


def around(centre: int, count: int, total: int) -> int:
    """The first of `count` of `total` things so that the one at `centre` is in the middle, or nearly."""
    return min(max(centre - count // 2, 0), max(total - count, 0))


def excerpt(
    sheet: Sheet, area: Area, rows: Numbers, at: tuple[int, int], scale: Scale, origin: tuple[int, int] = (0, 0)
) -> bool:
    """As many of the numbers round `at` as there is room for, with the numbers of their rows and columns (`origin` is
    the first's); was there room for all of them?"""
    cell = max(widest(rows), 3) + 1
    columns = min(max((area.width - HEADING) // cell, 1), len(rows[0]))
    height = min(max(area.height - 1, 1), len(rows))
    top, left = around(at[0], height, len(rows)), around(at[1], columns, len(rows[0]))
    for j in range(left, left + columns):
        style: Style = "strong" if j == at[1] else "dim"
        sheet.put(area.row, area.column + HEADING + (j - left) * cell, f"{j + origin[1]:{cell}}", style)
    for i in range(top, top + height):
        sheet.put(area.row + 1 + i - top, area.column, f"{i + origin[0]:2}", "strong" if i == at[0] else "dim")
    inside = [row[left : left + columns] for row in rows[top : top + height]]
    block(sheet, area.row + 1, area.column + HEADING, inside, scale, cell, (at[0] - top, at[1] - left))
    return columns == len(rows[0]) and height == len(rows)


def excerpt_size(rows: Numbers) -> tuple[int, int]:
    """(columns, rows) of cells that all of the numbers would take."""
    return HEADING + (max(widest(rows), 3) + 1) * len(rows[0]), 1 + len(rows)


def gauge(sheet: Sheet, area: Area, value: Number | None, low: float, high: float) -> None:
    """A scale from `low` at the foot to `high` at the top with nought between, and a bar from nought to the value."""
    pixels = 2 * area.height
    labels = max(len(number(end)) for end in (low, high, 0))
    filled = _bar(pixels, value, low, high)
    grid = [[filled[pixels - 1 - i]] * 3 for i in range(pixels)]
    sheet.picture(area.row, area.column + labels + 1, grid, halfblocks.signed(1))
    nought = area.height - 1 - min(_nought(pixels, low, high) // 2, area.height - 1)
    places = {0: high, area.height - 1: low, nought: 0}
    for row, end in places.items():
        sheet.put(area.row + row, area.column, number(end).rjust(labels), "dim")


def gauge_across(sheet: Sheet, area: Area, value: Number | None, low: float, high: float) -> None:
    """The same lying on its side, `low` at the left: a line of bar, and one of numbers under it."""
    filled = _bar(area.width, value, low, high)
    sheet.picture(area.row, area.column, [filled, filled], halfblocks.signed(1))
    words = number(low), number(high)
    sheet.put(area.row + 1, area.column, words[0], "dim")
    sheet.put(area.row + 1, area.column + area.width - len(words[1]), words[1], "dim")
    nought = area.column + _nought(area.width, low, high)
    if len(words[0]) + 1 < nought - area.column < area.width - len(words[1]) - 2:
        sheet.put(area.row + 1, nought, "0", "dim")


def strongest(rows: Rows, factor: int) -> Rows:
    """The numbers shrunk, a square of them becoming the one furthest from nought, which keeps thin edges
    (`halfblocks.shrink` without numpy, for a first frame)."""
    if factor == 1:
        return rows
    return tuple(
        tuple(
            max((v for row in rows[i : i + factor] for v in row[j : j + factor]), key=lambda value: (abs(value), value))
            for j in range(0, len(rows[0]), factor)
        )
        for i in range(0, len(rows), factor)
    )


def largest(rows: Sequence[Sequence[float]]) -> float:
    """The greatest distance from nought."""
    return max(abs(value) for row in rows for value in row)


def _nought(pixels: int, low: float, high: float) -> int:
    """The pixel, from the low end, on which nought lies."""
    span = high - low
    return min(round(-low / span * pixels), pixels - 1) if span > 0 else 0


def _bar(pixels: int, value: Number | None, low: float, high: float) -> list[float]:
    """The pixels from the low end to the high one: 0, or the look (of 1) of a bar that grows from nought."""
    bar = [0.0] * pixels
    if not value or high <= low or not pixels:
        return bar
    look = 0.6 if value > 0 else -0.6
    nought = -low / (high - low) * pixels
    end = (min(max(value, low), high) - low) / (high - low) * pixels
    first, last = sorted((nought, end))
    for i in range(min(int(first), pixels - 1), min(max(round(last), int(first) + 1), pixels)):
        bar[i] = look
    return bar
