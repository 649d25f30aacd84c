"""A kernel's work in words and drawings: one window with its arithmetic, and a picture beside the map of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.text import plain
from fastai_tui.engine.convolution import Kernel, Number, Window, place

if TYPE_CHECKING:
    import numpy as np

    from fastai_tui.app.terminal import Depth

GAP = "   "
SIDE_BY_SIDE = 60  # columns; below it, halves of a terminal are too narrow to recognise a digit in


def number(value: Number) -> str:
    """A result as people read it: whole numbers whole, fractions to six digits."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def arithmetic(window: Window, kernel: Kernel, width: int) -> list[str]:
    """The patch, the kernel and their products, side by side if `width` allows, and the sum written out."""
    blocks = [
        ["patch", *grid(window.patch)],
        ["kernel", *grid(kernel.rows)],
        ["products", *grid(window.products)],
    ]
    return [*beside(blocks, width), "", *total(window, width)]


def grid(rows: Iterable[Sequence[Number]]) -> list[str]:
    """Numbers in columns, flush right."""
    words = [[number(value) for value in row] for row in rows]
    widest = max(len(word) for row in words for word in row)
    return [" ".join(word.rjust(widest) for word in row) for row in words]


def total(window: Window, width: int) -> list[str]:
    """`sum = 0 − 3 + 12 … = 762`, in lines of at most `width`, broken between the terms."""
    terms = [value for row in window.products for value in row]
    words = [number(terms[0]), *(f"{'-' if value < 0 else '+'} {number(abs(value))}" for value in terms[1:])]
    lines, line = [], "sum ="
    for word in [*words, f"= {number(window.result)}"]:
        if len(line) + 1 + len(word) > max(width, 20):
            lines.append(line)
            line = "     "
        line = f"{line} {word}"
    return [*lines, line]


def beside(blocks: list[list[str]], width: int) -> list[str]:
    """Blocks of lines next to one another, or below one another where `width` is too small."""
    widths = [max(_cells(line) for line in block) for block in blocks]
    if sum(widths) + len(GAP) * (len(blocks) - 1) > width:
        return [line for i, block in enumerate(blocks) for line in ([""] if i else []) + block]
    tallest = max(len(block) for block in blocks)
    padded = [
        [line + " " * (w - _cells(line)) for line in block] + [" " * w] * (tallest - len(block))
        for block, w in zip(blocks, widths, strict=True)
    ]
    return [GAP.join(row).rstrip(" ") for row in zip(*padded, strict=True)]


def drawing(pixels: np.ndarray, found: np.ndarray, depth: Depth, width: int, height: int) -> list[str]:
    """The picture and its map as coloured cells, made to fit in `width` columns and, side by side, in `height` lines;
    below them the map's scale."""
    both = pixels.shape[1] + len(GAP) + found.shape[1]
    columns = (width - len(GAP)) // 2 if both > width >= SIDE_BY_SIDE else width
    rows = 2 * max(height - 1, 1)
    picture = halfblocks.shrink(pixels, columns, rows, "mean")
    small = halfblocks.shrink(found, columns, rows, "strongest")
    largest = max(abs(found.min().item()), abs(found.max().item()))
    scale = halfblocks.signed(largest)
    left = ["picture", *halfblocks.lines(picture.tolist(), halfblocks.grey(), depth)]
    right = ["map", *halfblocks.lines(small.tolist(), scale, depth)]
    key = halfblocks.legend(scale, depth, number(-largest), number(largest), cells=6)
    return [*beside([left, right], width), "", f"the map's scale: {key}"]


def sentence(found: np.ndarray, kernel: Kernel, stride: int, padding: int) -> str:
    """The map in words: its size, its extremes with their places (those that `--at` takes), and its balance."""
    size = f"The map is {found.shape[0]}×{found.shape[1]}"
    low, high = found.min().item(), found.max().item()
    if low == high:
        return f"{size}; it is {number(low)} everywhere."
    ends = [
        f"{number(value)} at {_where(divmod(int(index), found.shape[1]), found.shape, kernel, stride, padding)}"
        for value, index in ((low, found.argmin()), (high, found.argmax()))
    ]
    shares = [f"{(part.mean().item()):.0%}" for part in (found > 0, found < 0, found == 0)]
    return (
        f"{size}; it goes from {ends[0]} to {ends[1]}; "
        f"{shares[0]} of it is above nought, {shares[1]} below and {shares[2]} nought."
    )


def numbers(found: np.ndarray) -> Iterator[str]:
    """The map's rows as plain numbers in columns."""
    words = [number(value) for value in (found.min().item(), found.max().item())]
    widest = max(len(word) for word in words)
    if found.dtype.kind == "f":
        widest = max(len(number(value)) for row in found for value in row.tolist())
    for row in found:
        yield " ".join(number(value).rjust(widest) for value in row.tolist())


def _cells(line: str) -> int:
    return len(plain(line))  # digits, letters and half blocks: a column each


def _where(index: tuple[int, int], shape: tuple[int, ...], kernel: Kernel, stride: int, padding: int) -> str:
    row, column = place(index, kernel, stride, padding)
    down = ("top", "middle", "bottom")[3 * index[0] // shape[0]]
    across = ("left", "centre", "right")[3 * index[1] // shape[1]]
    return f"{row},{column} ({down} {across})"
