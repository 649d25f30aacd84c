"""Drawing activations: the colourful dimension with its axes, and the statistics below it as bars."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import expm1
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.app import halfblocks
from fastai_tui.app.activations import BINS_TOP, STATISTICS, Seen, grid
from fastai_tui.app.text import count, fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.plotting import sparkline
from fastai_tui.app.tui.sheet import Paint

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Colour, Sheet, Style

GUTTER = 5  # columns that the labels at the left take
LEVELS = 24  # shades that are told apart: more would only send more
BRIGHT = 0.55  # of the scale: from here on the line over the column pointed at is black
TALLEST = (40, 20)  # rows of a heat map: two a bin's half, one half a bin; else as many as there are
BARS = len(STATISTICS)
LEAST_WITH_BARS = 14
NARROWEST, LOWEST = 26, 8  # of a heat map among others
NAMES = {"mean": "mean", "std": "deviation", "near_zero": "near zero"}
SHORT = {"mean": "mean", "std": "dev", "near_zero": "≤.05"}


class Cursor(NamedTuple):
    """The cell that is told about, and whether it is marked."""

    cell: int
    marked: bool


def tiles(area: Area, many: int) -> list[Area]:
    """Room for so many heat maps beside and below each other; one place alone where they would be too small."""
    best: list[Area] = []
    for across in range(1, many + 1):
        down = -(-many // across)
        wide, high = (area.width - 2 * (across - 1)) // across, area.height // down
        if wide >= NARROWEST and high >= LOWEST and (not best or wide * high > best[0].width * best[0].height):
            places = [divmod(i, across) for i in range(many)]
            best = [Area(area.row + i * high, area.column + j * (wide + 2), wide, high) for i, j in places]
    return best or [area]


def beside(area: Area) -> list[Area]:
    """Room for two: beside each other if that leaves them wide enough, else one below the other."""
    if area.width >= 2 * NARROWEST + 8:
        wide = (area.width - 2) // 2
        return [area._replace(width=wide), area._replace(column=area.column + wide + 2, width=wide)]
    high = area.height // 2
    return [area._replace(height=high), area._replace(row=area.row + high, height=area.height - high)]


def cells(area: Area) -> int:
    """How many columns of cells a heat map has there."""
    return max(area.width - GUTTER, 1)


def heat_map(
    sheet: Sheet, area: Area, seen: Seen, *, title: str, style: Style, largest: float, total: int, cursor: Cursor,
    hidden: Collection[str],
) -> None:  # fmt: skip
    """One layer: its title, the colourful dimension, the axis of batches and, with room for them, bars of the
    statistics. Nothing but the picture itself where there is little room. Without a `title` there is no line for it."""
    top = area.row + bool(title)
    if title:
        sheet.put(area.row, area.column, fit(title, area.width), style)
    room = area.below - top
    bars = BARS if room >= LEAST_WITH_BARS else 0
    axis = 1 if room >= 4 else 0
    rows = next((tall for tall in TALLEST if tall <= room - bars - axis), max(room - bars - axis, 0))
    _picture(sheet, Area(top, area.column, area.width, rows), seen, largest, cursor)
    if axis:
        axis_of(sheet, top + rows, area, seen, total)
    if bars:
        bars_of(sheet, top + rows + axis, area, seen, hidden)
    elif room > 2:
        sheet.leave_out("the statistics (v)")
    if room - rows - axis - bars >= 2:
        legend(sheet, top + rows + axis + bars + 1, area, largest)


def _picture(sheet: Sheet, area: Area, seen: Seen, largest: float, cursor: Cursor) -> None:
    if area.height <= 0:
        return
    scale = halfblocks.amount(LEVELS - 1)
    values = (grid(seen, 2 * area.height) / largest * (LEVELS - 1)).round()
    sheet.picture(area.row, area.column + GUTTER, values.tolist(), scale)
    if cursor.marked:
        _line(sheet, area, (values[::2, cursor.cell] / (LEVELS - 1)).tolist(), cursor.cell)
    for row, label in ((0, f"{BINS_TOP:g}"), (area.height // 2, f"{BINS_TOP / 2:g}"), (area.height - 1, "0")):
        if area.height >= 3 or row == 0:
            sheet.put(area.row + row, area.column, label.rjust(GUTTER - 1), "dim")


def _line(sheet: Sheet, area: Area, places: Sequence[float], cell: int) -> None:
    """A line down the column pointed at, in what is seen best there."""
    column, mark = area.column + GUTTER + cell, "│" if sheet.sight.unicode else "|"
    for i, place in enumerate(places):
        _, style = sheet.rows[area.row + i][column]
        ground = style.front if isinstance(style, Paint) else None
        colours = sheet.sight.depth != "none"
        ink = Paint(_ink(place, sheet.sight.depth), ground) if colours else Paint(reverse=True)
        sheet.put(area.row + i, column, mark, ink)


def _ink(place: float, depth: str) -> Colour:
    if depth == "truecolor":
        return (0, 0, 0) if place >= BRIGHT else (255, 255, 255)
    if depth == "256":
        return 16 if place >= BRIGHT else 231
    return 0 if place >= BRIGHT else 15


def axis_of(sheet: Sheet, row: int, area: Area, seen: Seen, total: int) -> None:
    """The first, the middle and the last batch of the window."""
    window, wide = seen.window, cells(area)
    last = min((window.first + window.count) * seen.span, total)
    middle = f"{count((window.first + window.count // 2) * seen.span)}" if wide >= 30 else ""
    first, end = f"batch {count(window.first * seen.span + 1)}", count(last)
    sheet.put(row, area.column + GUTTER, first, "dim")
    sheet.put(row, area.column + GUTTER + max(wide // 2 - len(middle) // 2, len(first) + 1), middle, "dim")
    sheet.put(row, area.column + GUTTER + max(wide - len(end), 0), end, "dim")


def bars_of(sheet: Sheet, row: int, area: Area, seen: Seen, hidden: Collection[str]) -> None:
    """The three statistics, a line of bars each."""
    for i, name in enumerate(STATISTICS):
        sheet.put(row + i, area.column, SHORT[name].rjust(GUTTER - 1), "dim")
        if name in hidden:
            sheet.put(row + i, area.column + GUTTER, fit("? (predict it first)", cells(area)), "dim")
            continue
        values = seen.statistic(name).tolist()
        ends = (0.0, 1.0) if name == "near_zero" else None
        line = sparkline(values, len(values), sheet.sight.unicode, ends)
        sheet.put(row + i, area.column + GUTTER, line, "accent" if name == "near_zero" else "plain")


def legend(sheet: Sheet, row: int, area: Area, largest: float) -> None:
    """What the colours mean; without `largest`, for layers of several sizes."""
    most = f"all {count(expm1(largest))} (log)" if largest else "all (log)"
    room = area.width - len("none") - len(most) - 2
    if room >= (len(halfblocks.VIRIDIS.characters) + 2 if sheet.sight.depth == "none" else 3):
        sheet.legend(row, area.column, halfblocks.amount(largest), "none", most, cells=min(room, 12))


def readings(seen: Seen, cell: int, total: int, hidden: Collection[str], width: int = 99) -> tuple[str, str]:
    """Which batches a cell stands for and their loss; and the layer's statistics there, in brief if need be."""
    first, last = seen.batches[cell]
    where = f"batch {count(first)}" if first == last else f"batches {count(first)}–{count(last)}"
    loss = "?" if {"loss", "smooth_loss", "train_loss"} & set(hidden) else number(float(seen.loss[cell]), 3)
    there = "  ".join(statistics(seen, cell, hidden))
    if len(there) > width:
        there = there.replace("deviation", "dev")
    if len(there) > width:
        there = there.replace("near zero", "near 0")
    return f"{where} of {count(total)}  loss {loss}", there


def statistics(seen: Seen, cell: int, hidden: Collection[str], names: Sequence[str] = STATISTICS) -> list[str]:
    """The statistics of a cell, each by its name."""
    return [f"{NAMES[name]} {value(name, seen, cell, hidden)}" for name in names]


def value(name: str, seen: Seen, cell: int, hidden: Collection[str]) -> str:
    """A statistic of a cell, `?` as long as it is to be predicted."""
    found = float(seen.statistic(name)[cell])
    return (
        "?" if name in hidden else f"{found:.3f}".lstrip("0") if name == "near_zero" and found < 1 else number(found, 3)
    )
