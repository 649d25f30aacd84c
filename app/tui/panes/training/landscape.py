"""Curves as landscapes: ground up to a height, eight steps a cell; lines of fine dots and marks laid over it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from fastai_tui.app.halfblocks import RGB, Ramp, Scale, nearest_256
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.sheet import Paint, Sheet, colour_at

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Cell, Colour, Sight

# Low ground is cool and high ground warm; on dark themes darker than what stands on it, on light ones lighter
DARK = Ramp(((0, 95, 135), (40, 40, 150), (95, 0, 135), (135, 0, 95)), (4,), " .:-=")
LIGHT = Ramp(((175, 215, 255), (215, 215, 255), (255, 215, 255), (255, 215, 215)), (14,), " .:-=")
# The same of the 256, by hand: the nearest would be two or three of them, and some grey
BANDS_256 = ((24, 25, 55, 90, 89), (153, 189, 225, 224))
BARS = " ▁▂▃▄▅▆▇█"
PANEL = 34  # columns for what is beside a landscape
LOW, HIGH = 10, 30  # lines from which on there is room for more than one below, and for all of it
BANDS = 9  # between contours
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # a cell's dots in braille, row by row

Ink = Literal["point", "arrow", "tangent", "trail", "other"]
# What is laid over the ground, on dark and on light themes: true colours, and of the 16
INKS: dict[Ink, tuple[tuple[RGB, RGB], tuple[int, int]]] = {
    "point": (((255, 255, 255), (0, 0, 0)), (15, 0)),
    "arrow": (((255, 215, 95), (135, 65, 0)), (11, 5)),
    "tangent": (((135, 255, 215), (0, 95, 95)), (14, 4)),
    "trail": (((198, 198, 198), (78, 78, 78)), (7, 0)),
    "other": (((255, 175, 135), (135, 0, 95)), (13, 1)),
}


def page(sheet: Sheet, title: str, about: str, steps: str) -> tuple[Area, Area]:
    """The line above a landscape; returns the landscape's area and that of what is beside or below it, which is one
    line where there is no room for more."""
    width, height = sheet.width, sheet.height
    sheet.put(0, 0, fit(title, max(width - len(steps) - 1, 0)), "title")
    if len(title) + len(about) + len(steps) + 4 <= width:
        sheet.put(0, len(title) + 2, about, "dim")
    sheet.put(0, max(width - len(steps), 0), steps, "strong")
    if width >= 2 * PANEL + 8 and LOW <= height < HIGH:
        land = Area(1, 0, width - PANEL - 2, height - 1)
        return land, Area(1, land.right + 2, PANEL, height - 1)
    below = 1 if height < LOW else 7 if height < 24 else max(height // 3, 10)
    return Area(1, 0, width, max(height - 1 - below, 0)), Area(height - below, 0, width, below)


def ink(name: Ink, sight: Sight, back: Colour = None, *, bold: bool = False) -> Paint:
    """The style of something that is laid over the ground."""
    if sight.depth == "none":
        return Paint(bold=bold or name in ("point", "arrow"))
    true, sixteen = INKS[name]
    if sight.depth == "16":
        return Paint(sixteen[sight.light], back, bold=bold)
    colour = true[sight.light]
    return Paint(nearest_256(colour) if sight.depth == "256" else colour, back, bold=bold)


def tint(height: float, sight: Sight) -> Colour:
    """The ground's colour at a height of 0 to 1."""
    if sight.depth == "none":
        return None
    if sight.depth == "256":
        among = BANDS_256[sight.light]
        return among[min(int(height * len(among)), len(among) - 1)]
    return colour_at(Scale(LIGHT if sight.light else DARK, 0, 1, 0), height, sight)


class Landscape:
    """An area of a sheet on which x goes from `xs[0]` to `xs[1]` and heights from `ys[0]` to `ys[1]`."""

    def __init__(self, sheet: Sheet, area: Area, xs: tuple[float, float], ys: tuple[float, float]) -> None:
        self.sheet, self.area, self.xs, self.ys = sheet, area, xs, ys
        self._colours = [tint(1 - (row + 0.5) / area.height, sheet.sight) for row in range(area.height)]
        self._grounds: dict[tuple[int, int], Colour] = {}  # cells that are at least half full
        self.free: set[tuple[int, int]] = set()  # cells of a map that nothing has been laid over

    def column(self, x: float) -> float:
        """How many columns x lies from the left edge."""
        return (x - self.xs[0]) / ((self.xs[1] - self.xs[0]) or 1) * self.area.width

    def row(self, y: float) -> float:
        """How many rows the height y lies from the upper edge."""
        return self.area.height * (1 - (y - self.ys[0]) / ((self.ys[1] - self.ys[0]) or 1))

    def x(self, column: float) -> float:
        """The x of a place so many columns from the left edge."""
        return self.xs[0] + (self.xs[1] - self.xs[0]) * column / (self.area.width or 1)

    def ground(self, height: Callable[[float], float]) -> None:
        """Everything under a curve."""
        self.columns([height(self.x(column + 0.5)) for column in range(self.area.width)])

    def columns(self, heights: Sequence[float]) -> None:
        """Ground of another height in every column."""
        for column, y in enumerate(heights[: self.area.width]):
            top = min(max(self.row(y), 0.0), float(self.area.height))
            for row in range(int(top), self.area.height):
                self._earth(row, column, min(row + 1 - top, 1.0))

    def heat(self, height: Callable[[float], float]) -> None:
        """The whole area seen from above, in bands: a height of 0 to 1 for every x."""
        sight = self.sheet.sight
        for column in range(self.area.width):
            band = round(height(self.x(column + 0.5)) * (BANDS - 1))
            few = sight.depth in ("none", "16")  # then characters tell the bands apart
            colour = None if few else tint(band / (BANDS - 1), sight)
            cell = (
                DARK.characters[band * (len(DARK.characters) - 1) // (BANDS - 1)] if few else " ",
                Paint(None, colour),
            )
            for row in range(self.area.height):
                self.free.add((row, column))
                self._grounds[row, column] = colour
                self._put(row, column, cell)

    def line(self, points: Iterable[tuple[float, float]], name: Ink) -> None:
        """Fine dots along straight pieces from point to point, (x, y) each."""
        self._dots([(self.column(x) * 2, self.row(y) * 4) for x, y in points], name)

    def thread(self, points: Iterable[tuple[float, float]], name: Ink) -> None:
        """The same from mark to mark, as they stand on the ground."""
        self._dots([(self.at(x) * 2 + 1.0, self.stand(y) * 4 + 2.0) for x, y in points], name)

    def _dots(self, places: Sequence[tuple[float, float]], name: Ink) -> None:
        """Fine dots along straight pieces between places, counted in dots."""
        found: dict[tuple[int, int], int] = {}
        for (x, y), (to_x, to_y) in pairwise(places):
            count = max(math.ceil(min(max(abs(to_x - x), abs(to_y - y)), 4000)), 1)
            for i in range(count + 1):
                right, down = math.floor(x + (to_x - x) * i / count), math.floor(y + (to_y - y) * i / count)
                cell = (down // 4, right // 2)
                found[cell] = found.get(cell, 0) | DOTS[down % 4][right % 2]
        for (row, column), dots in found.items():
            self.over(row, column, chr(0x2800 + dots) if self.sheet.sight.unicode else "*", name)

    def mark(self, x: float, y: float, character: str, name: Ink, *, above: bool = False) -> None:
        """A character at a point, or (`above`) standing on the ground there."""
        self.over(self.stand(y) if above else math.floor(self.row(y)), self.at(x), character, name, bold=True)

    def stand(self, y: float) -> int:
        """The row of what stands on the ground at y."""
        return max(math.ceil(max(self.row(y), -1.0) - 0.5) - 1, 0)

    def at(self, x: float) -> int:
        """The column that x lies in."""
        return min(math.floor(self.column(x)), self.area.width - 1) if x <= self.xs[1] else self.area.width

    def arrow(self, x: float, to: float, y: float, name: Ink) -> None:
        """From one x to another, at the height of what stands on the ground at y."""
        row = self.stand(y)
        begin, end = self.at(x), min(max(math.floor(self.column(to)), 0), self.area.width - 1)
        way = 1 if end > begin else -1
        head = "▸◂"[way < 0] if self.sheet.sight.unicode else "><"[way < 0]
        for column in range(begin + way, end + way, way) if end != begin else ():
            self.over(row, column, head if column == end else "─", name, bold=column == end)

    def over(self, row: int, column: int, character: str, name: Ink, *, bold: bool = False) -> None:
        """A character in front of the ground, or of the sky, whatever is there."""
        area, sheet = self.area, self.sheet
        if not (0 <= row < area.height and 0 <= column < area.width):
            return
        self.free.discard((row, column))
        back = self._grounds.get((row, column))
        sheet.put(row + area.row, column + area.column, character, ink(name, sheet.sight, back, bold=bold))

    def _earth(self, row: int, column: int, share: float) -> None:
        """A cell of ground, filled from below to a share."""
        colour, steps = self._colours[row], round(share * 8)
        sight = self.sheet.sight
        if steps >= 4:
            self._grounds[row, column] = colour
        if sight.depth == "none":
            self._put(row, column, (("░" if sight.unicode else ":") if steps >= 4 else " ", "plain"))
        elif steps == 8 or (steps >= 4 and not sight.unicode):
            self._put(row, column, (" ", Paint(None, colour)))
        elif steps and sight.unicode:
            self._put(row, column, (BARS[steps], Paint(colour)))

    def _put(self, row: int, column: int, cell: Cell) -> None:
        row, column = row + self.area.row, column + self.area.column
        if row < self.sheet.height and column < self.sheet.width:
            self.sheet.rows[row][column] = cell


def folded(values: Sequence[float], columns: int) -> list[float]:
    """Values, one a column; where there are more than columns, the last of each span."""
    if len(values) <= columns or columns <= 0:
        return list(values)
    return [values[(i + 1) * len(values) // columns - 1] for i in range(columns)]


def num(value: float, digits: int = 4) -> str:
    """A number in a few characters: three digits that count, at most so many after the point, a minus to be seen."""
    if not math.isfinite(value) or abs(value) >= 10**6:
        return f"{value:.3g}".replace("-", "−")
    after = min(max(2 - math.floor(math.log10(abs(value))), 0), digits) if value else 0
    rounded = f"{value:.{after}f}"
    rounded = rounded.rstrip("0").rstrip(".") if "." in rounded else rounded
    return "0" if float(rounded) == 0 else rounded.replace("-", "−")
