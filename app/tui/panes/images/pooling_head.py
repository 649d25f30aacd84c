"""What comes after pooling, drawn: shapes, what -1 stands for, what other sizes would give, one channel as a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.images.pooling_shown import Shown
from fastai_tui.engine.pooling import ordinary

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

CELL = 4  # columns of a value


def head(sheet: Sheet, shown: Shown) -> None:
    """What comes after the pooling: shapes, what -1 stands for, grids of other sizes, one channel's row."""
    lines = list(_head_lines(sheet, shown))
    if len(lines) > sheet.height:
        sheet.leave_out("the other sizes")
    for row, (words, style) in enumerate(lines[: sheet.height]):
        sheet.put(row, 0, fit(words, sheet.width).rstrip(), style)
    row = len(lines) + 1
    if row + 2 <= sheet.height:
        sheet.put(row, 0, fit("channel 0 as view leaves it:", sheet.width).rstrip(), "dim")
        _in_a_row(sheet, Area(row + 1, 0, sheet.width, sheet.height - row - 1), shown)


def _in_a_row(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A channel's values, row after row of its grid, on as many lines as there are, round the one at the cursor."""
    out = shown.pooling.output
    across, here = max(area.width // CELL, 1), shown.at[0] * shown.pooling.output + shown.at[1]
    first = parts.around(here // across, area.height, -(-(out * out) // across)) * across
    values = [value for line in shown.values["adaptive"] for value in line]
    for place, value in enumerate(values[first : first + across * area.height]):
        at = first + place
        words = "?" if shown.veiled("adaptive") else str(value)
        style: Role = "cursor" if at == here else "plain" if at // out % 2 else "accent"
        sheet.put(area.row + place // across, place % across * CELL, words.rjust(CELL), style)


def _head_lines(sheet: Sheet, shown: Shown) -> Iterator[tuple[str, Role]]:
    out, channels = shown.pooling.output, shown.channels
    flat = "?" if "flat" in shown.hidden else f"{shown.flat:,}"
    yield f"x = adaptive_max_pool2d(x, {out})", "code"
    yield f"  (bs, {channels}, {out}, {out})", "plain"
    yield "x = x.view(x.size(0), -1)", "code"
    yield f"  (bs, {flat.replace(',', '')})", "strong"
    said = f"bs stays; −1 is what is left for each image: {channels} × {out} × {out} = {flat}."
    yield from spoken(sheet, said, sheet.width, 4, "plain")
    if sheet.height >= 10:
        yield "", "plain"
        yield from _places(sheet, shown)
        yield "", "plain"
    yield from _other_sizes(shown)


def _places(sheet: Sheet, shown: Shown) -> Iterator[tuple[str, Role]]:
    """Where the output at the cursor comes to stand."""
    out, (i, j) = shown.pooling.output, shown.at
    place = i * out + j
    words = f"row {i}, column {j} of channel 0 becomes number {place}"
    if "flat" not in shown.hidden and shown.channels > 1:
        words += f", of channel 1 number {out * out + place}"
    yield from spoken(sheet, f"{words} (from 0).", sheet.width, 3, "accent")


def _other_sizes(shown: Shown) -> Iterator[tuple[str, Role]]:
    """What the linear layer would get from grids of other sizes."""
    pooling, size = shown.pooling, shown.pooling.size
    known = shown.flat
    yield "  grid  adaptive gives  ordinary gives", "dim"
    for side in (size, size + max(size // 2, 1), 2 * size):
        windows = len(ordinary(side, pooling.kernel_size, pooling.stride))
        others = f"{shown.channels * windows**2:,}" if windows else "none"
        cells = ("?", "?") if {"flat", "ordinary"} & shown.hidden else (f"{known:,}", others)
        grid = f"{side}×{side}"
        yield f"{grid:>6}{cells[0]:>16}{cells[1]:>16}", "plain"
    yield "A linear layer is made for one number.", "plain"
