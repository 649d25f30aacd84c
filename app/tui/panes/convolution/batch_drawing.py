"""A batch on paper: the three shapes, what each number in them means, one map large and many small."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from fastai_tui.app.halfblocks import Scale, grey, signed
from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.sheet import Sheet, Style
from fastai_tui.engine.convolution import Kernel, Rows, map_shape, plain_map
from fastai_tui.lessons import kernels

GAP = 2
FACTORS = (2, 3, 4, 5)  # by how much the small maps are shrunk; smaller ones are not recognised
CHOSEN = 0.3  # how strongly the chosen small map is tinted
FEWEST = 2  # images in a contact sheet
LOW = 10  # lines of a sheet below which only the map itself is drawn
Shape = tuple[int, int, int, int]
WHY = "The second numbers must match: a kernel has a slice for every channel, and a grey picture has one."


@dataclass(frozen=True)
class Stack:
    """The batch: the digits' names, and kernels of one size."""

    names: tuple[str, ...]
    kernels: tuple[Kernel, ...]

    @property
    def input(self) -> Shape:
        """(images, channels, rows, columns)."""
        rows = pictures.load(self.names[0]).rows
        return len(self.names), 1, len(rows), len(rows[0])

    @property
    def weights(self) -> Shape:
        """(kernels, channels, rows, columns)."""
        return len(self.kernels), 1, self.kernels[0].height, self.kernels[0].width

    @property
    def output(self) -> Shape:
        """(images, kernels, rows, columns)."""
        rows, columns = map_shape(pictures.load(self.names[0]).rows, self.kernels[0])
        return len(self.names), len(self.kernels), rows, columns

    def map(self, image: int, channel: int) -> Rows:
        """One result, by our own arithmetic."""
        return _map(pictures.load(self.names[image]).rows, self.kernels[channel])


@dataclass(frozen=True)
class Called:
    """What the real conv2d came to: its times in seconds, and for which images its maps were compared with ours."""

    times: Mapping[str, float] | None = None
    compared: Mapping[int, bool] = field(default_factory=dict)

    def short(self, wide: bool) -> str:
        """In one line."""
        assert self.times is not None
        whole, loops = (_time(self.times[name]) for name in ("batch", "python"))
        agree = all(self.compared.values())
        if wide:
            words = "The maps agree." if agree else "The maps differ!"
            return f"conv2d {whole}, Python loops {loops}: {_factor(self.times)} times as long. {words}"
        if not agree:
            return "conv2d's maps differ from these!"
        return f"conv2d {whole}, loops {loops}: {_factor(self.times)}× ✓"

    def agreement(self) -> str:
        """Do both ways give the same numbers?"""
        if not self.compared:
            return ""
        if not all(self.compared.values()):
            return "conv2d's maps differ from these!"
        count = len(self.compared)
        return f"conv2d gives the same maps ({count} image{'s' if count > 1 else ''} compared)."

    def sentence(self) -> str:
        """In full."""
        if not self.times:
            return "The lab has not answered yet."
        loops = f"the same in Python loops would take {_time(self.times['python'])}"
        ones = f"one call for each map takes {_time(self.times['one_by_one'])}"
        return (
            f"Measured now, here: one conv2d for all takes {_time(self.times['batch'])}, {ones} and {loops}, "
            f"{_factor(self.times)} times as long. {self.agreement()}"
        )


class Sheets(NamedTuple):
    """How the small maps are laid out: for several images (a column each, a row for each kernel), or of one image only
    all kernels, in tiles."""

    area: Area
    factor: int
    several: bool
    gap: int


def draw(sheet: Sheet, stack: Stack, image: int, channel: int, called: Called, *, hidden: bool) -> None:
    """Everything, as the room allows; `hidden` leaves out the output's shape."""
    top = _shapes(sheet, stack, hidden)
    sheet.spans(top, 0, _title(stack, image, channel))
    notes = _notes(sheet, called)
    sheet.put_lines(sheet.height - len(notes), 0, notes)
    room = Area(top + 1, 0, sheet.width, max(sheet.height - len(notes) - top - 1, 0))
    if room.height < 1:
        sheet.leave_out("the maps")
        return
    taken = _enlarged(sheet, room, stack, image, channel)
    if sheet.height < LOW:
        words = textwrap.wrap(called.sentence(), max(room.width - taken.width - GAP, 12))
        sheet.put_lines(room.row, taken.width + GAP, words[: room.height])
        sheet.leave_out("the other maps")
        return
    digit = pictures.load(stack.names[image]).rows
    beside = Area(room.row, taken.width + GAP, room.width - taken.width - GAP, room.height)
    after = beside._replace(column=beside.column + len(digit[0]) + GAP, width=beside.width - len(digit[0]) - GAP)
    lines = max(taken.height, len(digit) // 2) + 1
    below = Area(room.row + lines, 0, room.width, room.height - lines)
    plan, shown = _plan(stack, beside, after if room.height >= len(digit) // 2 else None, below)
    if shown:
        sheet.picture(room.row, beside.column, digit, grey())
    else:
        sheet.leave_out("the digit itself")
    if plan is None:
        sheet.leave_out("the small maps")
    else:
        _small_maps(sheet, plan, stack, image, channel)


def _enlarged(sheet: Sheet, room: Area, stack: Stack, image: int, channel: int) -> Area:
    """The chosen map, as large as there is room for; returns where it lies."""
    rows, columns = stack.output[2:]
    found, scale = stack.map(image, channel), _scale(stack.kernels[channel])
    if room.width >= 2 * columns + GAP + stack.input[3] and room.height >= rows + 14:
        sheet.squares(room.row, 0, found, scale)
        return room._replace(width=2 * columns, height=rows)
    factor = max(-(-rows // (2 * room.height)), 1)
    sheet.picture(room.row, 0, parts.strongest(found, factor), scale)
    return room._replace(width=-(-columns // factor), height=(-(-rows // factor) + 1) // 2)


def _plan(stack: Stack, beside: Area, after: Area | None, below: Area) -> tuple[Sheets | None, bool]:
    """Where the small maps go, and whether the digit is drawn beside the map: `after` it, or `below` both, there is
    less room for them than `beside` the map without it."""
    fits = after is not None and after.width >= -GAP
    digit = [area for area in (below, after) if fits and area is not None]
    for several in (True, False):
        for area in [*digit, beside]:
            for gap in (1, 0):
                if factor := _factor_for(area, stack, several, gap):
                    return Sheets(area, factor, several, gap), area is not beside
    return None, fits


def _factor_for(area: Area, stack: Stack, several: bool, gap: int) -> int:
    """By how much small maps must be shrunk to fit on an area; 0 where they do not."""
    count = len(stack.kernels)
    for factor in FACTORS:
        wide = -(-stack.output[2] // factor)
        across, down = (area.width + gap) // (wide + gap), area.height // ((wide + 1) // 2)
        if (several and down >= count and across >= FEWEST) or (not several and across * down >= count):
            return factor
    return 0


def _shapes(sheet: Sheet, stack: Stack, hidden: bool) -> int:
    """The three shapes, each with what its numbers mean; returns the row after them."""
    images, channels, rows, columns = stack.input
    count, _, tall, wide = stack.weights
    _, _, down, across = stack.output
    lines: list[tuple[str, tuple[int, ...], str]] = [
        ("images", stack.input, f"{images} digits, {channels} channel, {rows} rows, {columns} columns"),
        ("kernels", stack.weights, f"{count} kernels, {channels} channel, {tall} rows, {wide} columns"),
        ("output", stack.output, f"{images} digits, {count} maps, {down} rows, {across} columns"),
    ]
    if sheet.height < LOW:
        words = " with ".join("×".join(map(str, shape)) for _, shape, _ in lines[:2])
        sheet.put(0, 0, f"{words} → {'?' if hidden else '×'.join(map(str, stack.output))}", "strong")
        return 1
    if hidden:
        lines[2] = "output", (), "yours to predict"
    for row, (name, shape, words) in enumerate(lines):
        column = sheet.spans(row, 0, [(f"{name:8}", "dim"), ("×".join(map(str, shape)) or "?", "strong")])
        sheet.put(row, max(column + 1, 20), _cut(words, sheet.width - max(column + 1, 20)))
    return sheet.put_lines(3, 0, textwrap.wrap(WHY, sheet.width), "dim") if sheet.height >= 24 else 3


def _cut(words: str, room: int) -> str:
    """As many of the parts between commas as there is room for."""
    shown = words.split(", ")
    while shown and len(", ".join(shown)) > room:
        shown.pop()
    return ", ".join(shown)


def _title(stack: Stack, image: int, channel: int) -> list[tuple[str, Style]]:
    label = pictures.load(stack.names[image]).label
    kernel = stack.kernels[channel].name or "own kernel"
    what = f" {kernel} on a {label}" if label else f" {kernel} on your drawing"
    return [(f"output[{image}, {channel}]", "title"), (what, "plain")]


def _notes(sheet: Sheet, called: Called) -> list[str]:
    """What conv2d came to, in as many lines as the height bears; until that is known, why there is an axis of one."""
    if sheet.height < LOW:
        return []
    if sheet.height >= 24:
        return textwrap.wrap(called.sentence(), max(sheet.width, 12))
    if not called.times:
        return [WHY if sheet.width >= len(WHY) else "The 1s must match: one slice a channel."]
    return [called.short(sheet.width >= 70)]


def _small_maps(sheet: Sheet, plan: Sheets, stack: Stack, image: int, channel: int) -> None:
    """The small maps, those around the chosen one, which is tinted."""
    wide = -(-stack.output[2] // plan.factor)
    tall = (wide + 1) // 2
    across = (plan.area.width + plan.gap) // (wide + plan.gap)
    for row, column, i, j in _places(plan, stack, image, across):
        small = _small(pictures.load(stack.names[i]).rows, stack.kernels[j], plan.factor)
        chosen = (i, j) == (image, channel)
        marks = _chosen(len(small), sheet.sight.depth == "16") if chosen else {}
        at = plan.area.row + row * tall, plan.area.column + column * (wide + plan.gap)
        sheet.picture(*at, small, signed(parts.largest(small)), marks)


def _chosen(side: int, corners: bool) -> dict[tuple[int, int], float]:
    """The marks of the chosen map: a tint, or its corners where marks hide what they lie on."""
    last = side - 1
    if corners:
        return dict.fromkeys(((0, 0), (0, last), (last, 0), (last, last)), 1.0)
    return {(i, j): CHOSEN for i in range(side) for j in range(side)}


def _places(plan: Sheets, stack: Stack, image: int, across: int) -> Iterator[tuple[int, int, int, int]]:
    """The small maps as (row, column, image, kernel)."""
    count = len(stack.kernels)
    if not plan.several:
        yield from ((*divmod(j, across), image, j) for j in range(count))
        return
    across = min(across, len(stack.names))
    first = parts.around(image, across, len(stack.names))
    yield from ((j, i - first, i, j) for i in range(first, first + across) for j in range(count))


def _scale(kernel: Kernel) -> Scale:
    """The same for every image, so that maps can be compared: what the kernel could come to."""
    low, high = kernels.reach(kernel)
    return signed(max(-low, high))


def _time(seconds: float) -> str:
    """To two digits: more of them would be chance."""
    return f"{_rounded(seconds):g} s" if seconds >= 1 else f"{_rounded(1000 * seconds):g} ms"


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _factor(times: Mapping[str, float]) -> str:
    return f"{_rounded(times['python'] / max(times['batch'], 1e-9)):,.0f}"


@lru_cache(maxsize=256)
def _map(rows: Rows, kernel: Kernel) -> Rows:
    return plain_map(rows, kernel)


@lru_cache(maxsize=2048)
def _small(rows: Rows, kernel: Kernel, factor: int) -> Rows:
    """A map shrunk, a square of it becoming its mean: what the eye sees from further away."""
    found = plain_map(rows, kernel)
    return tuple(
        tuple(
            _mean([v for row in found[i : i + factor] for v in row[j : j + factor]])
            for j in range(0, len(found[0]), factor)
        )
        for i in range(0, len(found), factor)
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
