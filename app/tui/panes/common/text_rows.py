"""A text as rows of cells, folded to a width, with a value for each of its characters: as the shade behind it, and as a
bar over it where there is room. Without colours the bars alone tell, so that there is always room for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.text import char_width
from fastai_tui.app.tui.panes.common.colours import luminance
from fastai_tui.app.tui.sheet import Paint, Role, Sheet, colour_at
from fastai_tui.app.writing import sign

if TYPE_CHECKING:
    from fastai_tui.app.halfblocks import Scale
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sight, Style

EIGHTHS = " ▁▂▃▄▅▆▇█"
HIGH = (8, 6, 5, 4, 3, 2, 1, 0)  # rows of bars over a line of text, the best first
DARK = 120.0  # luminance below which what stands on a colour is white
ON_BLACK = (4, 12)  # of the 16 colours those that white is read on


@dataclass(frozen=True)
class Shaded:
    """A text, its characters' values on a `scale` (None: it has none), a style for those that are to look otherwise,
    and where the cursor is, which may be after the last one."""

    text: str
    values: Sequence[float | None]
    scale: Scale
    at: int = -1
    styles: Mapping[int, Role] = field(default_factory=dict)


def seen(character: str) -> str:
    """A character as one that takes cells of its own."""
    return character if char_width(character) > 0 else sign(character) if character == "\n" else "?"


@lru_cache(maxsize=64)
def folded(text: str, width: int) -> tuple[tuple[int, int], ...]:
    """The text's lines, as (first, after the last) character: broken at line ends, after the last space that leaves a
    line half full, or else where it is full. There is a place for a cursor after the last one."""
    lines, first, wide = [], 0, 0
    word, in_word = 0, 0  # where the word that goes on began, and its cells
    for at, character in enumerate(text + " "):
        cells = char_width(seen(character))
        if at > first and (wide + cells > max(width, 1) or text[at - 1] == "\n"):
            carried = word > first and text[at - 1] != "\n" and wide - in_word > width // 2
            begin = word if carried else at
            lines.append((first, begin))
            first, wide = begin, in_word if carried else 0
        wide, in_word = wide + cells, in_word + cells
        if character in " \n":
            word, in_word = at + 1, 0
    return (*lines, (first, len(text) + 1))


def moved(text: str, width: int, at: int, lines: int) -> int:
    """The place so many lines below a place (above, if negative), or as near to it as there is text."""
    found = folded(text, width)
    row = next((i for i, (first, last) in enumerate(found) if first <= at < last), len(found) - 1)
    first, last = found[min(max(row + lines, 0), len(found) - 1)]
    return min(first + at - found[row][0], last - 1)


def bars(sight: Sight, rows: int, lines: int, best: int = HIGH[0]) -> int:
    """How many rows of bars so many lines can each have in so many rows; where colours can not tell, at least one."""
    least = 1 if best and sight.depth == "none" and rows >= 2 else 0
    most = best if sight.unicode else 1  # a ramp of ASCII characters says it in one
    return next((high for high in HIGH if high <= most and lines * (1 + high) <= rows), least) or least


def draw(sheet: Sheet, area: Area, shaded: Shaded, best: int = HIGH[0]) -> int:
    """The lines around the cursor that there is room for; returns the rows taken."""
    lines = folded(shaded.text, area.width)
    high = bars(sheet.sight, area.height, len(lines), best)
    room = max(area.height // (1 + high), 0)
    first = first_line(lines, shaded.at, room)
    for i, (begin, end) in enumerate(lines[first : first + room]):
        _line(sheet, area._replace(row=area.row + i * (1 + high)), high, shaded, range(begin, end))
    return min(room, len(lines)) * (1 + high)


def first_line(lines: Sequence[tuple[int, int]], at: int, room: int) -> int:
    """The first line that is shown, so that the cursor's is in the middle, as far as there is text around it."""
    row = next((i for i, (begin, end) in enumerate(lines) if begin <= at < end), 0)
    return min(max(row - room // 2, 0), max(len(lines) - room, 0))


def _line(sheet: Sheet, area: Area, high: int, shaded: Shaded, places: range) -> None:
    column = area.column
    for place in places:
        character = seen(shaded.text[place]) if place < len(shaded.text) else " "
        value = shaded.values[place] if place < len(shaded.values) else None
        wide = char_width(character)
        style = _style(shaded, place, value, sheet.sight)
        if place < len(shaded.text) or place == shaded.at:
            sheet.put(area.row + high, column, character, style)
        if value is not None:
            for cell in range(wide):
                bar(sheet, area.row, column + cell, high, shaded.scale, value)
        column += wide


def _style(shaded: Shaded, place: int, value: float | None, sight: Sight) -> Style:
    if place == shaded.at:
        return "cursor"
    if place in shaded.styles:
        return shaded.styles[place]
    return "plain" if value is None or sight.depth == "none" else behind(shaded.scale, value, sight)


def behind(scale: Scale, value: float, sight: Sight) -> Paint:
    """A value's colour with a legible character on it."""
    back = colour_at(scale, value, sight)
    if sight.depth == "16":
        return Paint(15 if back in ON_BLACK else 0, back)
    light = luminance(halfblocks.rgb(scale.ramp, scale.place(value))) > DARK
    return Paint((0, 0, 0) if light else (255, 255, 255), back)


def bar(sheet: Sheet, row: int, column: int, rows: int, scale: Scale, value: float, style: Style | None = None) -> None:
    """A bar in a column of so many rows, from their foot, which is seen however little the value is; in a single row of
    ASCII, a character of the scale's ramp. It has the scale's colours, or the `style` given."""
    share, sight = scale.place(value), sheet.sight
    style = style or (Paint(colour_at(scale, value, sight)) if sight.depth != "none" else "plain")
    looks = EIGHTHS if sight.unicode else scale.ramp.characters if rows == 1 else " #"
    steps = len(looks) - 1
    parts = max(round(share * rows * steps), int(share > 0))
    for up in range(rows):
        part = min(max(parts - steps * up, 0), steps)
        if part:
            sheet.put(row + rows - 1 - up, column, looks[part], style)
