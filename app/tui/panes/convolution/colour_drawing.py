"""Colour on paper: a picture and its three channels, three windows with their 27 products, and one sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from fastai_tui.app.convolution import number
from fastai_tui.app.halfblocks import signed
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import colours, parts
from fastai_tui.app.tui.sheet import Paint, Sheet, Style, colour_at
from fastai_tui.engine.colour import CHANNELS, ColourKernel, convolve_channels, windows
from fastai_tui.engine.convolution import Rows, Window

View = Literal["picture", "channel", "map", "sums"]
VIEWS: tuple[View, ...] = ("picture", "channel", "map", "sums")
COVER, CENTRE = 0.35, 0.7
BLOCK = 13  # columns for one channel's numbers: three of four columns, and a gap
SUMS = (3 * BLOCK - 1, 15)  # columns and lines for all of the arithmetic
Place = tuple[int, int]


def all_shown(width: int, height: int) -> bool:
    """Is there room for the picture and all of the arithmetic?"""
    return (width >= 36 + 2 + SUMS[0] and height >= 17) or (width >= 52 and height >= 13 + SUMS[1])


def draw(
    sheet: Sheet, picture: tuple[Rows, ...], kernel: ColourKernel, at: Place, channel: int, view: View, *, hidden: bool
) -> None:
    """Everything, as the room allows; `view` says what is enlarged."""
    page = _Page(sheet, picture, kernel, at, channel, hidden)
    width, height = sheet.width, sheet.height
    page.title()
    if width >= 110 and height >= 44:
        page.enlarged(Area(1, 0, 72, 24), view if view != "sums" else "picture")
        page.thumbnails([Area(1 + 13 * i, 74, 36, 12) for i in range(3)], "below")
        page.sums(Area(26, 0, *SUMS))
        page.enlarged(Area(27, 39, 34, 11), "map")
    elif width >= 36 + 2 + SUMS[0] and height >= 17:
        page.enlarged(Area(1, 0, 36, 12), view if view != "sums" else "picture")
        page.thumbnails([Area(13, 12 * i, 12, 4) for i in range(3)], "below")
        page.sums(Area(1, 38, *SUMS))
    elif width >= 52 and height >= 13 + SUMS[1]:
        page.enlarged(Area(1, 0, 36, 12), view if view != "sums" else "picture")
        page.thumbnails([Area(1 + 4 * i, 38, 12, 4) for i in range(3)], "right")
        page.sums(Area(14, 0, *SUMS))
    elif view == "sums" and width >= SUMS[0] and height > SUMS[1]:
        page.sums(Area(1, 0, *SUMS))
        sheet.leave_out("the picture (press v)")
    elif width >= 36 and height >= 17:
        page.enlarged(Area(1, 0, 36, 12), view if view != "sums" else "picture")
        page.thumbnails([Area(13, 12 * i, 12, 4) for i in range(3)], "inside")
        page.added_up(17)
        sheet.leave_out("the products (press v)")
    else:
        page.small(view)


class _Page:
    """One sheet and what is to be drawn on it."""

    def __init__(
        self, sheet: Sheet, picture: tuple[Rows, ...], kernel: ColourKernel, at: Place, channel: int, hidden: bool
    ) -> None:
        self.sheet, self.picture, self.kernel = sheet, picture, kernel
        self.at, self.channel, self.hidden = at, channel, hidden
        self.found: tuple[Window, ...] = windows(picture, kernel, at)

    def title(self) -> None:
        """The kernel's name, the place, the sum."""
        place = f" at ({self.at[0]},{self.at[1]}): "
        self.sheet.spans(0, 0, [(self.kernel.name, "title"), (place, "plain"), (self.total, "strong")])

    @property
    def total(self) -> str:
        """The sum of the three windows, or the mark in its place."""
        return "?" if self.hidden else number(sum(window.result for window in self.found))

    def enlarged(self, area: Area, view: View) -> None:
        """The picture, one channel or the map, over an area: a pixel for half a cell, or two cells for a pixel."""
        squares = area.width >= 2 * len(self.picture[0][0])
        factor = max(-(-len(self.picture[0][0]) // area.width), -(-len(self.picture[0]) // (2 * area.height)), 1)
        if view == "channel":
            self._channel(area, self.channel, factor, squares)
        elif view == "map":
            self._map(area, factor, squares)
        else:
            small = [colours.averaged(rows, factor) for rows in self.picture]
            colours.picture(self.sheet, area.row, area.column, small, self._marks(factor), squares=squares)

    def thumbnails(self, areas: Sequence[Area], names: Literal["below", "right", "inside"]) -> None:
        """The three channels, each in its own hue; the chosen one is told by its name."""
        for channel, area in enumerate(areas):
            self._channel(area, channel, max(len(self.picture[0][0]) // area.width, 1), squares=False)
            row = area.below if names == "below" else area.row
            self._name(row, area.right + 1 if names == "right" else area.column, channel)

    def sums(self, area: Area) -> None:
        """Patch, kernel and products of each channel, their sums, and the sum of those."""
        for channel, window in enumerate(self.found):
            column = area.column + BLOCK * channel
            rows = self.kernel.slices[channel]
            self._name(area.row, column, channel)
            parts.block(self.sheet, area.row + 1, column, window.patch, colours.hue(channel), 4)
            parts.block(self.sheet, area.row + 5, column, rows, signed(parts.largest(rows)), 4)
            parts.block(self.sheet, area.row + 9, column, window.products, signed(255), 4)
            self.sheet.put(area.row + 12, column, f"= {number(window.result)}".rjust(12), "strong")
        self.sheet.put(area.row + 4, area.column + 5, "× its slice of the kernel", "dim")
        self.sheet.put(area.row + 8, area.column + 5, "= 27 products", "dim")
        self.added_up(area.row + 13, area.column)

    def added_up(self, row: int, column: int = 0) -> None:
        """The three sums as one: `red 1 + green 2 − blue 3 = 0`."""
        for channel, window in enumerate(self.found):
            value = number(abs(window.result) if channel else window.result)
            sign = "" if not channel else " - " if window.result < 0 else " + "
            column = self.sheet.spans(row, column, [(sign, "plain"), (CHANNELS[channel][0], self._hue(channel))])
            column = self.sheet.put(row, column, f" {value}")
        self.sheet.spans(row, column, [(" = ", "plain"), (self.total, "strong")])

    def small(self, view: View) -> None:
        """What fits in a few lines: something small, and the sums beside it."""
        height = max(self.sheet.height - 1, 1)
        factor = max(-(-len(self.picture[0]) // (2 * height)), 2)
        size = -(-len(self.picture[0][0]) // factor)
        self.enlarged(Area(1, 0, size, height), view if view != "sums" else "picture")
        for channel, window in enumerate(self.found):
            after = self._name(1 + channel, size + 1, channel)
            self.sheet.put(1 + channel, max(after, size + 8), number(window.result).rjust(6))
        self.sheet.spans(4, size + 1, [(" sum   ", "plain"), (self.total.rjust(6), "strong")])
        self.sheet.leave_out("the products")
        self.sheet.leave_out("the other channels (press ])")

    def _name(self, row: int, column: int, channel: int) -> int:
        chosen = channel == self.channel
        return self.sheet.put(row, column, f"{'›' if chosen else ' '}{CHANNELS[channel]}", self._hue(channel, chosen))

    def _hue(self, channel: int, chosen: bool = True) -> Style:
        """The colour of a channel's name: lighter than the channel, so that it is read on every ground."""
        if self.sheet.sight.depth == "none" or self.sheet.sight.light:
            return "strong" if chosen else "plain"
        return Paint(colour_at(colours.hue(channel), 255, self.sheet.sight), bold=chosen)

    def _channel(self, area: Area, channel: int, factor: int, squares: bool) -> None:
        rows = colours.averaged(self.picture[channel], factor)
        values = [value for row in rows for value in row]
        # With 16 colours a hue has three looks: they are spread over what there is, or a photo would have one of them
        ends = (min(values), max(values)) if self.sheet.sight.depth == "16" else (0, 255)
        self._scalars(area, rows, colours.hue(channel, *ends), self._marks(factor), squares)

    def _map(self, area: Area, factor: int, squares: bool) -> None:
        found = _map(self.picture, self.kernel)
        scale = signed(parts.largest(found))
        cell = (self.at[0] - 1) // factor, (self.at[1] - 1) // factor
        if self.hidden:
            self.sheet.put(area.row + area.height // 2, area.column + area.width // 2, "?", "strong")
            return
        self._scalars(area, parts.strongest(found, factor), scale, {cell: 1.0}, squares)

    def _scalars(
        self, area: Area, rows: Rows, scale: colours.Scale, marks: Mapping[Place, float], squares: bool
    ) -> None:
        drawing = self.sheet.squares if squares else self.sheet.picture
        drawing(area.row, area.column, rows, scale, marks)

    def _marks(self, factor: int) -> dict[Place, float]:
        """The pixels under the window, the middle one stronger."""
        marks = {
            ((self.at[0] + i) // factor, (self.at[1] + j) // factor): COVER for i in (-1, 0, 1) for j in (-1, 0, 1)
        }
        return {**marks, (self.at[0] // factor, self.at[1] // factor): CENTRE}


@lru_cache(maxsize=16)
def _map(picture: tuple[Rows, ...], kernel: ColourKernel) -> Rows:
    return convolve_channels(picture, kernel)
