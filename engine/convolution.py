"""Kernels slid over a greyscale picture: one window with its arithmetic (plain Python, quick enough for a first
frame), and the whole map. Places are always (row, column) of the pixel under the kernel's centre, counted from 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

Number: TypeAlias = int | float
Rows: TypeAlias = tuple[tuple[Number, ...], ...]
Image: TypeAlias = "Sequence[Sequence[Number]] | np.ndarray"

MOST_CELLS_ACROSS = 31
LARGEST_CELL = 10**9  # keeps integer sums far inside 64 bits: 255 · 31² · 10⁹ is 2.5e14
MOST_STRIDE = MOST_PADDING = 512

# TARGETS of the chapter: fastbook, chapter 13, "The Magic of Convolutions"
KERNELS: dict[str, Rows] = {
    "top_edge": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "bottom_edge": ((0, 0, 0), (1, 1, 1), (-1, -1, -1)),
    "left_edge": ((-1, 1, 0), (-1, 1, 0), (-1, 1, 0)),
    "right_edge": ((0, 1, -1), (0, 1, -1), (0, 1, -1)),
    "diag1_edge": ((0, -1, 1), (-1, 1, 0), (1, 0, 0)),
    "diag2_edge": ((1, -1, 0), (0, 1, -1), (0, 0, 1)),
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Kernel:
    """A rectangle of weights, rows top to bottom; `name` is None for one the user wrote."""

    name: str | None
    rows: Rows

    @property
    def height(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @property
    def centre(self) -> tuple[int, int]:
        """The cell that lies on the pixel a place names: (height // 2, width // 2), the lower right of the middle
        four (or of the middle two) where a side is even."""
        return self.height // 2, self.width // 2


@dataclass(frozen=True)
class Window:
    """One place of the kernel: what it covers, cell by cell, and what comes of it."""

    at: tuple[int, int]
    patch: Rows
    products: Rows
    result: Number


def parse_kernel(text: str) -> Kernel:
    """A kernel from one of KERNELS' names, or from its cells: commas between cells, semicolons between rows."""
    name = text.strip()
    if name in KERNELS:
        return Kernel(name, KERNELS[name])
    if not any(mark in name for mark in ",;") and not _NUMBER.fullmatch(_ascii_minus(name)):
        raise BadInput(
            f"There is no kernel named {_shorten(name)}: take one of {', '.join(KERNELS)}, "
            'or write its cells as in "1,0,-1;2,0,-2;1,0,-1".'
        )
    rows = tuple(tuple(_cell(cell) for cell in row.split(",")) for row in name.split(";"))
    _check_rectangle(rows)
    return Kernel(None, rows)


def output_size(n: int, ks: int, stride: int = 1, padding: int = 0) -> int:
    """Places of a kernel `ks` long on `n` pixels: ⌊(n + 2·padding − ks) / stride⌋ + 1, at least 1, else BadInput."""
    if not 1 <= stride <= MOST_STRIDE:
        raise BadInput(f"A stride of {stride} does not work: take 1 to {MOST_STRIDE} pixels.")
    if not 0 <= padding <= MOST_PADDING:
        raise BadInput(f"A padding of {padding} does not work: take 0 to {MOST_PADDING} pixels.")
    if ks > n + 2 * padding:
        raise BadInput(
            f"The kernel is {ks} long but the image only {n}{f' + 2·{padding}' if padding else ''}: "
            f"take a smaller kernel, or a padding of at least {(ks - n + 1) // 2}."
        )
    return (n + 2 * padding - ks) // stride + 1


def map_shape(image: Image, kernel: Kernel, stride: int = 1, padding: int = 0) -> tuple[int, int]:
    """(rows, columns) of the map; BadInput, with both sizes, where the kernel does not fit."""
    height, width = len(image), len(image[0])
    if kernel.height > height + 2 * padding or kernel.width > width + 2 * padding:
        output_size(1, 1, stride, padding)  # a stride or padding out of bounds is the better thing to say
        short = max(kernel.height - height, kernel.width - width)
        raise BadInput(
            f"The kernel is {kernel.height}×{kernel.width} but the image only {height}×{width}"
            f"{f' with a padding of {padding}' if padding else ''}: take a smaller kernel, "
            f"or a padding of at least {(short + 1) // 2}."
        )
    return output_size(height, kernel.height, stride, padding), output_size(width, kernel.width, stride, padding)


def place(index: tuple[int, int], kernel: Kernel, stride: int = 1, padding: int = 0) -> tuple[int, int]:
    """The place (centre's pixel) of a cell of the map; outside the picture where padding pushes it there."""
    row, column = kernel.centre
    return index[0] * stride - padding + row, index[1] * stride - padding + column


def window(image: Image, kernel: Kernel, at: tuple[int, int], stride: int = 1, padding: int = 0) -> Window:
    """The kernel with its centre on pixel `at`, as in `im[row-1:row+2, col-1:col+2] * kernel` (fastbook).

    Beyond the picture's edge lie `padding` zeros. BadInput where `at` is no place of this stride and padding.
    """
    _check_place(at, map_shape(image, kernel, stride, padding), kernel, stride, padding)
    top, left = at[0] - kernel.centre[0], at[1] - kernel.centre[1]
    patch = tuple(tuple(_pixel(image, top + i, left + j) for j in range(kernel.width)) for i in range(kernel.height))
    products = tuple(
        tuple(pixel * weight for pixel, weight in zip(pixels, weights, strict=True))
        for pixels, weights in zip(patch, kernel.rows, strict=True)
    )
    return Window(at, patch, products, sum(sum(row) for row in products))


def convolve(image: Image, kernel: Kernel, stride: int = 1, padding: int = 0) -> np.ndarray:
    """The whole map, `map_shape` large: what `torch.nn.functional.conv2d` gives (the kernel is not turned round).

    Whole numbers stay whole (int64); as soon as the picture or the kernel has a fraction, it is float64.
    """
    import numpy as np

    rows, columns = map_shape(image, kernel, stride, padding)
    pixels = np.asarray(image)
    weights = np.asarray(kernel.rows)
    whole = pixels.dtype.kind in "biu" and weights.dtype.kind in "iu"
    padded = np.pad(pixels, padding)
    total = np.zeros((rows, columns), dtype=np.int64 if whole else np.float64)
    for (i, j), weight in np.ndenumerate(weights):
        under = padded[i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride]
        total += under.astype(total.dtype) * weight  # widened first: numpy 1 would compute uint8 · 1000 in 16 bits
    return total


def plain_map(image: Image, kernel: Kernel) -> Rows:
    """The whole map (stride 1, no padding) in plain Python: 26×26 places in about a millisecond, where importing numpy
    takes 140. Raises `BadInput` where the kernel does not fit."""
    rows, columns = map_shape(image, kernel)
    total = [[0] * columns for _ in range(rows)]
    for i, weights in enumerate(kernel.rows):
        for j, weight in enumerate(weights):
            if weight:
                for row, line in enumerate(total):
                    under = image[row + i][j : j + columns]
                    total[row] = [value + pixel * weight for value, pixel in zip(line, under, strict=True)]
    return tuple(tuple(line) for line in total)


def _pixel(image: Image, row: int, column: int) -> Number:
    if not (0 <= row < len(image) and 0 <= column < len(image[0])):
        return 0
    value = image[row][column]
    return value.item() if hasattr(value, "item") else value  # numpy's uint8 would wrap round


def _check_place(at: tuple[int, int], shape: tuple[int, int], kernel: Kernel, stride: int, padding: int) -> None:
    first, last = place((0, 0), kernel, stride, padding), place((shape[0] - 1, shape[1] - 1), kernel, stride, padding)
    nearest = _nearest(at[0], first[0], last[0], stride), _nearest(at[1], first[1], last[1], stride)
    if nearest == at:
        return
    inside = all(first[axis] <= at[axis] <= last[axis] for axis in (0, 1))
    why = (
        f"is between two steps of stride {stride}"
        if inside
        else f"is outside the kernel's places, rows {first[0]} to {last[0]} and columns {first[1]} to {last[1]}"
    )
    raise BadInput(f"The place {at[0]},{at[1]} {why}: the nearest one is {nearest[0]},{nearest[1]}.")


def _nearest(wanted: int, first: int, last: int, stride: int) -> int:
    """The member of first, first + stride … last that is nearest to `wanted`."""
    steps = (wanted - first + stride // 2) // stride
    return first + min(max(steps, 0), (last - first) // stride) * stride


def _cell(text: str) -> Number:
    cell = _ascii_minus(text.strip())
    if not _NUMBER.fullmatch(cell):
        what = f"{_shorten(text)} is no number" if cell else "a cell is empty"
        raise BadInput(f'In the kernel {what}: write numbers with commas between, as in "1,0,-1;2,0,-2;1,0,-1".')
    if abs(float(cell)) > LARGEST_CELL:
        raise BadInput(f"The kernel's cell {_shorten(text)} is too large: cells go up to {LARGEST_CELL:,} either way.")
    return int(cell) if cell.lstrip("+-").isdigit() else float(cell)


def _check_rectangle(rows: Rows) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise BadInput(
                f"The kernel's row {number} has {_cells(len(row))} but row 1 has {len(rows[0])}: "
                "give every row as many."
            )
    if max(len(rows), len(rows[0])) > MOST_CELLS_ACROSS:
        raise BadInput(
            f"A kernel of {len(rows)}×{len(rows[0])} is too large: "
            f"it may be {MOST_CELLS_ACROSS}×{MOST_CELLS_ACROSS} at most."
        )


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def _ascii_minus(text: str) -> str:
    """A minus pasted from a page of mathematics is a minus too."""
    return text.replace("−", "-")


def _shorten(text: str, most: int = 30) -> str:
    """The user's own words in quotes, without control characters, short enough for a sentence."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text.strip())
    return f'"{clean if len(clean) <= most else clean[: most - 1] + "…"}"'
