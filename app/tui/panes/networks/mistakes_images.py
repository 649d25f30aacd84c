"""What the pane of mistakes draws of pictures that are no grey digits: colours, and classes with names."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import colours, inside, parts
from fastai_tui.app.tui.panes.common.run_picture import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.panes.networks.mistakes_drawing import Mistake, Mistakes
    from fastai_tui.app.tui.sheet import Role, Sheet, Style
    from fastai_tui.engine.convolution import Rows

FACTORS = (1, 2, 3, 4, 6, 8)  # a square of so many pixels becomes one
ENOUGH = 4  # pictures at once, so that they need not be smaller
BARS = 14  # columns from which probabilities have bars
BELOW = 9  # rows from which the other mistakes stand under the chosen one
LEAST = 3  # columns of a class's name


class Mixed(NamedTuple):
    """The most frequent confusion."""

    images: int
    truth: str
    prediction: str


def mixed(known: Mistakes) -> Mixed | None:
    """The most frequent confusion, if there is any."""
    found = [
        Mixed(count, known.classes[i], known.classes[j])
        for i, row in enumerate(known.confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return max(found, key=lambda one: one.images, default=None)


def named(word: str) -> str:
    """`a cat`, `an airplane`."""
    return f"{'an' if word[:1].lower() in 'aeiou' and word else 'a'} {word}"


def draw(sheet: Sheet, area: Area, known: Mistakes, at: int, view: str, *, hidden: bool, covered: bool) -> int:
    """Draw a view of them; returns how many stand in a row. `hidden` is how many there are, `covered` which classes are
    taken for which."""
    one = known.one(at)
    if view == "matrix":
        _matrix(sheet, area, known, one, hidden or covered)
        return 1
    if one is None:
        return 1
    if view == "all" and not hidden:
        return gallery(sheet, area, known, at)
    return _one(sheet, area, known, at, hidden)


# Pictures


@lru_cache(maxsize=1024)
def small(channels: tuple[Rows, ...], factor: int) -> tuple[Rows, ...]:
    """A picture's channels (one where it is grey), shrunk."""
    return tuple(colours.averaged(rows, factor) for rows in channels)


def put(sheet: Sheet, row: int, column: int, channels: tuple[Rows, ...], factor: int = 1, *, squares: bool) -> None:
    """A picture in its colours, or in grey."""
    shrunk = small(channels, factor)
    if len(shrunk) == 3:
        colours.picture(sheet, row, column, shrunk, {}, squares=squares)
    else:
        (sheet.squares if squares else sheet.picture)(row, column, shrunk[0], halfblocks.grey())


def size(channels: tuple[Rows, ...], factor: int, *, squares: bool = False) -> tuple[int, int]:
    """The (columns, rows) of cells that it takes."""
    wide, tall = -(-len(channels[0][0]) // factor), -(-len(channels[0]) // factor)
    return (2 * wide, tall) if squares else (wide, -(-tall // 2))


# One of them


def _one(sheet: Sheet, area: Area, known: Mistakes, at: int, hidden: bool) -> int:
    """A line that says what it is, the picture as large as fits, the probabilities beside it, and below it others."""
    one = known.shown[at]
    _words(sheet, area, known, one, at, hidden)
    room = Area(area.row + 1, area.column, area.width, area.height - 1)
    if room.height < 1:
        sheet.leave_out("the picture")
        return 1
    squares, factor = _fitting(one.channels, room)
    wide, tall = size(one.channels, factor, squares=squares)
    put(sheet, room.row, room.column, one.channels, factor, squares=squares)
    beside = Area(room.row, wide + 1, room.width - wide - 1, min(max(tall, 1), room.height))
    _likely(sheet, beside, known.classes, one)
    below = Area(room.row + tall + 1, room.column, room.width, room.height - tall - 1)
    if below.height >= BELOW and not hidden:
        return gallery(sheet, below, known, at)
    return 1


def _words(sheet: Sheet, area: Area, known: Mistakes, one: Mistake, at: int, hidden: bool) -> None:
    """`3/100 cat → automobile 98.7%`, and whose picture it is where there is room."""
    place, sure = f"{at + 1}/{'?' if hidden else len(known.shown)} ", f" {one.sure:.1%}"
    arrow = " taken for " if area.width >= 56 else "→"
    room = area.width - len(place) - len(arrow) - len(sure)
    truth, prediction = cut((one.truth, one.prediction), room)
    pieces: list[tuple[str, Style]] = [
        (place, "dim"), (truth, "good"), (arrow, "dim"), (prediction, "bad"), (sure, "strong"),
    ]  # fmt: skip
    column = sheet.spans(area.row, area.column, pieces)
    if column + 2 + len(one.name) <= area.right:
        sheet.put(area.row, area.right - len(one.name), one.name, "dim")


def cut(names: Sequence[str], room: int) -> list[str]:
    """Names that have so much room together: the longer ones lose letters first."""
    most = max(map(len, names), default=0)
    while most > 1 and sum(min(len(name), most) for name in names) > room:
        most -= 1
    return [name[:most] for name in names]


def _fitting(channels: tuple[Rows, ...], area: Area) -> tuple[bool, int]:
    """In squares, or shrunk as little as has to be."""
    wide, tall = size(channels, 1, squares=True)
    if wide + BARS < area.width and tall + BELOW < area.height:
        return True, 1
    for factor in FACTORS:
        wide, tall = size(channels, factor)
        if tall <= area.height and wide + LEAST + 5 <= area.width:
            return False, factor
    return False, FACTORS[-1]


def _likely(sheet: Sheet, area: Area, classes: Sequence[str], one: Mistake) -> None:
    """The probabilities: bars with names, or where it is narrow beginnings of names with whole per cents."""
    if area.width >= BARS:
        inside.probabilities(sheet, area, classes, one.likely)
        return
    if area.width < LEAST + 4:
        sheet.leave_out("the probabilities")
        return
    shown = inside.ranked(one.likely, max(area.height - 1, 0))
    sheet.put(area.row, area.column, "%".rjust(area.width), "dim")
    for i, which in enumerate(shown):
        name = classes[which]
        look: Role = "good" if name == one.truth else "bad" if name == one.prediction else "plain"
        sheet.put(area.row + 1 + i, area.column, f"{name[: area.width - 4]:<{area.width - 4}}", look)
        sheet.put(area.row + 1 + i, area.right - 4, f"{100 * one.likely[which]:4.0f}", look)
    if len(shown) < len(one.likely):
        sheet.leave_out(f"{len(one.likely) - len(shown)} of the probabilities")


# All of them


def gallery(sheet: Sheet, area: Area, known: Mistakes, at: int) -> int:
    """As many as fit under `cat→dog 98%`, shrunk; returns how many stand in a row."""
    channels = known.shown[0].channels
    wanted = min(len(known.shown), ENOUGH)
    factor = next((f for f in FACTORS if _room(area, channels, f) >= wanted), FACTORS[-1])
    wide, tall = size(channels, factor)
    columns, rows = max((area.width + 1) // (wide + 1), 1), max(area.height // (tall + 1), 1)
    top = parts.around(at // columns, rows, -(-len(known.shown) // columns))
    shown = known.shown[top * columns : (top + rows) * columns]
    for i, one in enumerate(shown):
        down, across = divmod(i, columns)
        row, column = area.row + down * (tall + 1), area.column + across * (wide + 1)
        sheet.put(row, column, _title(one, wide), "cursor" if top * columns + i == at else "dim")
        put(sheet, row + 1, column, one.channels, factor, squares=False)
    if len(shown) < len(known.shown):
        sheet.leave_out(f"{len(known.shown) - len(shown)} of the mistakes (the arrows bring them)")
    return columns


def _room(area: Area, channels: tuple[Rows, ...], factor: int) -> int:
    wide, tall = size(channels, factor)
    return (area.width + 1) // (wide + 1) * (area.height // (tall + 1))


def _title(one: Mistake, width: int) -> str:
    """`cat→dog 98%`, in so much room."""
    sure = f" {one.sure:.0%}" if width >= 12 else ""
    truth, prediction = cut((one.truth, one.prediction), width - len(sure) - 1)
    return fit(f"{truth}→{prediction}{sure}", width)


# The confusion matrix


def _matrix(sheet: Sheet, area: Area, known: Mistakes, one: Mistake | None, covered: bool) -> None:
    """A row for each class there is, a column for each that it was taken for: how many, or, where they have no room,
    how many per cent of the row. The chosen mistake's cell is lit, and below it is said what is mixed up most."""
    count, names = len(known.classes), known.classes
    digits = max((len(str(n)) for row in known.confusion for n in row), default=1)
    label = min(max(map(len, names), default=1), max(area.width - 3 * count - 1, 4))
    whole = count * (digits + 1) <= area.width - label - 1
    cell = min(digits + 2, (area.width - label - 1) // count) if whole else 3
    columns = min(count, max((area.width - label - 1) // cell, 1))
    said = _said(sheet, known, area.width) if not covered and area.height >= count + 4 else []
    rows = min(count, max(area.height - 2 - len(said), 0))
    at = (names.index(one.truth), names.index(one.prediction)) if one else (0, 0)
    top, left = parts.around(at[0], rows, count), parts.around(at[1], columns, count)
    unit = "" if whole else "  (in % of its row)"
    sheet.put(area.row, area.column, fit(f"is a ↓  taken for →{unit}", area.width), "dim")
    for j in range(left, left + columns):
        sheet.put(area.row + 1, area.column + label + 1 + (j - left) * cell, names[j][: cell - 1].rjust(cell), "strong")
    for i in range(top, top + rows):
        row = area.row + 2 + i - top
        sheet.put(row, area.column, fit(names[i], label).rjust(label), "strong")
        for j in range(left, left + columns):
            words = "?" if covered else _share(known.confusion[i], j, whole)
            look = _look(sheet, known, i, j, (i, j) == at and one is not None, covered)
            sheet.put(row, area.column + label + 1 + (j - left) * cell, words.rjust(cell), look)
    for i, (line, style) in enumerate(said):
        sheet.put(area.row + 3 + rows + i if area.height > rows + 2 + len(said) else area.below - len(said) + i,
                  area.column, line, style)  # fmt: skip
    if rows < count or columns < count:
        sheet.leave_out(f"{count - rows} rows and {count - columns} columns of the matrix")


def _share(row: Sequence[int], j: int, whole: bool) -> str:
    """How many, or how many per cent of the row."""
    if whole:
        return str(row[j])
    total = sum(row)
    return f"{100 * row[j] / total:.0f}" if total else "-"


def _look(sheet: Sheet, known: Mistakes, i: int, j: int, chosen: bool, covered: bool) -> Style:
    """Right ones in the colour of good, wrong ones on a shade that tells how many."""
    count, most = known.confusion[i][j], mixed(known)
    if chosen or i == j:
        return "cursor" if chosen else "good"
    if covered or not count or most is None:
        return "dim"
    return parts.tint(halfblocks.grey(0, most.images), count, sheet.sight)


def _said(sheet: Sheet, known: Mistakes, width: int) -> list[tuple[str, Role]]:
    """What is mixed up most, in words."""
    most = mixed(known)
    if most is None:
        return []
    words = f"Most often {named(most.truth)} is taken for {named(most.prediction)}: {most.images:,} times."
    return spoken(sheet, words, width, 2, "plain")
