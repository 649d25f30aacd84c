"""What `cam` shows: what was predicted, the map's numbers, and the photo with the map laid over it. Pure functions.

numpy takes 140 ms to import: import this module where an answer is shown, not before.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fastai_tui.app.convolution import beside
from fastai_tui.app.photo_picture import MARK, cells, laid, lines, outline, resized, scaled, size, spread
from fastai_tui.app.text import fit, printable
from fastai_tui.engine import heat
from fastai_tui.engine.framing import Box

if TYPE_CHECKING:
    from fastai_tui.app.terminal import Depth
    from fastai_tui.app.text import Look
    from fastai_tui.engine.looking import Looked, Seen

MOST_NAMED = 3  # classes in a sentence
AROUND = 5  # lines of a terminal that a picture leaves for what stands above and below it
LEAST = 4  # rows of a picture
WIDEST = 960  # pixels of a picture that is sent as such
LEGEND = 24  # cells
GAP, BESIDE = 3, 8  # cells between two pictures (as `beside` has it); rows that are enough for them to share the width
KINDS = {"cam": "class activation map", "grad-cam": "Grad-CAM"}


def words(found: Looked, columns: int, look: Look) -> list[str]:
    """The prediction, and the map as numbers, its largest one set off."""
    label = f", labelled {printable(found.label)}" if found.label is not None else ""
    title = f"{printable(found.image)}{label}: {likely(found, found.first)}"
    of = f"of {printable(found.of)}" if found.of else "of all classes, each as likely as it is"
    rows, across = len(found.first.map), len(found.first.map[0])
    about = f"{KINDS[found.kind]} {of} ({printable(found.network)}), {rows}×{across}, of {_part(found)}:"
    first, *others = _wrapped(title, columns, look)
    return [look.paint(first, "1"), *others, *_wrapped(about, columns, look), *numbers(found.first, columns, look)]


def numbers(seen: Seen, columns: int, look: Look) -> list[str]:
    """The map's rows of numbers."""
    largest = max(max(row) for row in seen.map)
    written = [[_number(value, largest) for value in row] for row in seen.map]
    wide = max(len(word) for row in written for word in row)
    if len(written[0]) * (wide + 1) > columns:
        return _wrapped("(Its numbers are too many for this terminal; --json has them.)", columns, look)
    hot = [[seen.peak is not None and value == largest for value in row] for row in seen.map]
    return [
        " ".join(look.paint(word.rjust(wide), "1;7" if there else "") for word, there in zip(*row, strict=True))
        for row in zip(written, hot, strict=True)
    ]


def _number(value: float, largest: float) -> str:
    """A number with as many decimals as the largest needs for three digits that count."""
    decimals = 2 - math.floor(math.log10(largest)) if largest > 0 else 1
    return f"{value:.1e}" if decimals > 5 else f"{value:.{max(decimals, 0)}f}"


def likely(found: Looked, seen: Seen) -> str:
    """`cats 0.9981, dogs 0.0019`: the likeliest classes."""
    ranked = found.ranked(seen)
    named = ", ".join(f"{printable(name)} {share:.4f}" for name, share in ranked[:MOST_NAMED])
    more = len(ranked) - MOST_NAMED
    return named + (f" and {more:,} less likely" if more > 0 else "")


def pictures(found: Looked, columns: int, rows: int, depth: Depth, *, unicode: bool = True) -> list[str]:
    """The photo with its map, beside the photo as it is, or what was cut out of it, where there is room for both."""
    parts, high = list(_parts(found)), max(rows - AROUND, LEAST)
    shared = (columns - GAP) / (2 * sum(whole.width / whole.height for _, _, whole in parts))
    if found.zoomed and shared >= BESIDE:
        high = min(high, int(shared))
    drawn: list[list[str]] = []
    for photo, seen, whole in parts:
        wide, tall = size(whole.width, whole.height, columns, high)
        pixels = scaled(photo, wide, tall)
        heat_there = _heat(found, seen, whole, (2 * tall, wide))
        marks = _cut(found, seen, heat_there.shape)
        if not found.zoomed and 2 * wide + GAP <= columns:
            drawn.append(lines(cells(pixels, depth, unicode=unicode)))
        drawn.append(lines(cells(pixels, depth, heat_there, marks=marks, unicode=unicode)))
    return ["", *beside(drawn, columns), _legend(depth, unicode=unicode)]


def images(found: Looked, columns: int, rows: int, cell: tuple[int, int]) -> Iterator[tuple[int, np.ndarray]]:
    """The same for terminals that show pixels: how many columns wide, and uint8 (height, width, 3). `cell` is a cell's
    (width, height) in pixels."""
    for photo, seen, whole in _parts(found):
        wide, _ = size(whole.width * 2 * cell[0], whole.height * cell[1], columns, max(rows - AROUND, LEAST))
        across = min(wide * cell[0], WIDEST)
        pixels = resized(photo, across, max(round(across * whole.height / whole.width), 1))
        drawn, edge = laid(pixels, _heat(found, seen, whole, pixels.shape[:2])), _cut(found, seen, pixels.shape)
        if edge is not None:
            drawn[edge] = MARK
        yield wide, drawn


def closing(found: Looked, columns: int, look: Look, *, drawn: bool) -> list[str]:
    """What became of the prediction when the hottest region was looked at again; what digits in a picture mean."""
    said = []
    if found.zoomed:
        box = found.zoomed.box
        where = f"{box.width:.0f}×{box.height:.0f} pixels at {box.left:.0f},{box.top:.0f}"
        said += _wrapped(f"Cut out and looked at again, {where}: {likely(found, found.zoomed)}.", columns, look)
    elif found.first.hottest is None:
        said += _wrapped("The map is the same everywhere: nothing of the photo speaks for it.", columns, look)
    if drawn and not look.colours:
        digits = "Digits are the map in tenths of its largest value, from 5 on."
        said += _wrapped(digits, columns, look)
    return said


def _parts(found: Looked) -> Iterator[tuple[np.ndarray, Seen, Box]]:
    """The photo, and what was cut out of it: pixels, what was seen, and which part of the photo they are."""
    wide, high = found.shown
    photo = np.frombuffer(found.pixels, np.uint8).reshape(high, wide, 3)
    yield photo, found.first, Box(0, 0, found.width, found.height)
    if found.zoomed:
        box, factor = found.zoomed.box, wide / found.width
        left, top, right, bottom = (round(edge * factor) for edge in box.bounds())
        yield photo[top : max(bottom, top + 1), left : max(right, left + 1)], found.zoomed, box


def _heat(found: Looked, seen: Seen, part: Box, shape: tuple[int, ...]) -> np.ndarray:
    """The map, 0…1, where it belongs in a picture of `part`."""
    box = seen.box
    frame = (box.left - part.left, box.top - part.top, box.right - part.left, box.bottom - part.top)
    return spread(heat.scaled(np.asarray(seen.map)), frame, (part.width, part.height), (shape[0], shape[1]), seen.field)


def _cut(found: Looked, seen: Seen, shape: tuple[int, ...]) -> np.ndarray | None:
    """The edge of what is cut out of the photo, if it is and this is all of it."""
    if found.zoomed is None or seen is not found.first:
        return None
    return outline(found.zoomed.box.bounds(), (found.width, found.height), (shape[0], shape[1]))


def _part(found: Looked) -> str:
    """Which part of the photo the network saw."""
    box = found.first.box
    if (box.width, box.height) == (found.width, found.height):
        return f"all {found.width}×{found.height} pixels"
    return f"the middle {box.width:.0f}×{box.height:.0f} of {found.width}×{found.height} pixels"


def _legend(depth: Depth, *, unicode: bool) -> str:
    if depth == "none":
        return ""
    grey = np.full((2, LEGEND, 3), 110, np.uint8)
    strip = cells(grey, depth, np.tile(np.linspace(0, 1, LEGEND), (2, 1)), unicode=unicode)
    return f"cold {lines(strip)[0]} hot"


def _wrapped(said: str, columns: int, look: Look) -> list[str]:
    return [fit(line, columns).rstrip() for line in textwrap.wrap(look.spell(said), columns, break_on_hyphens=False)]
