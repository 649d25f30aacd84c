"""A convolution as a product with one large matrix: most entries are tied to zero, the others to each other.

The picture is written as one column of pixels, row after row; the map comes out as one column too. (In mathematics a
doubly blocked Toeplitz matrix.) Plain Python: a row is made when somebody looks at it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fastai_tui.engine.convolution import Image, Kernel, Number, map_shape

Cell = tuple[int, int]


class Entry(NamedTuple):
    """An entry that the kernel fills: its column, the pixel that column stands for, the kernel's cell it is tied to
    (counted row by row), and that cell's weight."""

    column: int
    pixel: Cell
    tie: int
    weight: Number


@dataclass(frozen=True)
class MatrixForm:
    """The matrix of `kernel` (stride 1, no padding) on pictures of `height`×`width`. BadInput if it does not fit."""

    height: int
    width: int
    kernel: Kernel

    @property
    def output(self) -> Cell:
        """(rows, columns) of the map."""
        return map_shape([[0] * self.width] * self.height, self.kernel)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns): a row for every cell of the map, a column for every pixel."""
        rows, columns = self.output
        return rows * columns, self.height * self.width

    @property
    def entries(self) -> int:
        """How many numbers it holds."""
        rows, columns = self.shape
        return rows * columns

    @property
    def ties(self) -> int:
        """How many of them can be chosen: the kernel's weights."""
        return self.kernel.height * self.kernel.width

    @property
    def filled(self) -> int:
        """How many of them the kernel fills; all others are tied to zero."""
        return self.shape[0] * self.ties

    def number(self, cell: Cell) -> int:
        """The row that makes a cell of the map."""
        return cell[0] * self.output[1] + cell[1]

    def row(self, cell: Cell) -> tuple[Entry, ...]:
        """The entries that the kernel fills in the row of a cell of the map, from left to right."""
        return tuple(
            Entry(
                column=(cell[0] + i) * self.width + cell[1] + j,
                pixel=(cell[0] + i, cell[1] + j),
                tie=i * self.kernel.width + j,
                weight=weight,
            )
            for i, weights in enumerate(self.kernel.rows)
            for j, weight in enumerate(weights)
        )

    def product(self, cell: Cell, image: Image) -> Number:
        """A cell's row times the picture's column of pixels."""
        return sum(entry.weight * image[entry.pixel[0]][entry.pixel[1]] for entry in self.row(cell))

    def density(self, rows: int, columns: int) -> tuple[tuple[int, ...], ...]:
        """The matrix folded to `rows`×`columns`: how many filled entries each piece of it holds."""
        return _density(*self.output, self.width, self.kernel.height, self.kernel.width, self.shape, rows, columns)


@lru_cache(maxsize=8)
def _density(
    down: int, across: int, width: int, tall: int, wide: int, shape: tuple[int, int], rows: int, columns: int
) -> tuple[tuple[int, ...], ...]:
    counts = [[0] * columns for _ in range(rows)]
    offsets = [i * width + j for i in range(tall) for j in range(wide)]
    for number in range(down * across):
        line = counts[number * rows // shape[0]]
        first = number // across * width + number % across
        for offset in offsets:
            line[(first + offset) * columns // shape[1]] += 1
    return tuple(map(tuple, counts))
