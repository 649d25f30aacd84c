"""Receptive fields by arithmetic: which rectangle of the picture a cell of any layer depends on. Plain Python.

A layer is told by how its kernel slides; what lies between two layers (ReLU, batch norm) sees one cell and changes
nothing here. Cells and pixels are (row, column), counted from 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastai_tui.engine.convolution import output_size
from fastai_tui.engine.errors import BadInput


@dataclass(frozen=True)
class Slide:
    """How a square kernel goes over its input: its side, its step, and the zeros around the input."""

    kernel: int
    stride: int = 1
    padding: int = 0


# The convolutions of the courses' networks, by experiment and the setting `model`: what a screen needs before torch is
# there. A test compares them with the networks.
_HALVING = Slide(3, 2, 1)
NETWORKS: Mapping[tuple[str, str], tuple[Slide, ...]] = {
    ("mnist-3v7", "cnn"): (_HALVING,) * 5,
    ("mnist-3v7", "broken"): (Slide(3, 1, 1),) * 2,
    ("mnist", "cnn"): (Slide(5, 2, 2), *(_HALVING,) * 4),
    ("mnist", "cnn3x3"): (_HALVING,) * 5,
}


@dataclass(frozen=True)
class Field:
    """What one cell sees along one axis: pixels `start` to `stop` − 1. They may lie outside the picture, on its
    padding."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many pixels, those on the padding too."""
        return self.stop - self.start

    def clipped(self, pixels: int) -> "Field":
        """The part that lies on a picture (or a layer's grid) of so many pixels."""
        start = min(max(self.start, 0), pixels)
        return Field(start, max(start, min(self.stop, pixels)))


def sizes(layers: Sequence[Slide], pixels: int) -> list[int]:
    """The side of the grid before the first layer, after it, after the second …. Raises `BadInput` where a kernel does
    not fit."""
    found = [pixels]
    for layer in layers:
        found.append(output_size(found[-1], layer.kernel, layer.stride, layer.padding))
    return found


def field(layers: Sequence[Slide], index: int) -> Field:
    """What the cell `index` of the last layer would see along one axis of a picture without end.

    Backwards through the layers: the cells `start` to `stop` − 1 of a layer see those from start·stride − padding to
    (stop − 1)·stride − padding + kernel of the one before (https://distill.pub/2019/computing-receptive-fields).
    """
    found = Field(index, index + 1)
    for layer in reversed(layers):
        found = _before(layer, found)
    return found


def seen(layers: Sequence[Slide], index: int, pixels: int) -> Field:
    """What it does see of a picture of so many pixels: at every layer, padding ends the way back."""
    found = Field(index, index + 1)
    for layer, side in zip(reversed(layers), reversed(sizes(layers, pixels)[:-1]), strict=True):
        found = _before(layer, found).clipped(side)
    return found


def _before(layer: Slide, cells: Field) -> Field:
    """What some cells of a layer see of the one before; nothing, if there are none."""
    if not cells.size:
        return cells
    start = cells.start * layer.stride - layer.padding
    return Field(start, (cells.stop - 1) * layer.stride - layer.padding + layer.kernel)


def rectangle(
    layers: Sequence[Slide], cell: tuple[int, int], picture: tuple[int, int] = (28, 28)
) -> tuple[Field, Field]:
    """The rows and the columns of a picture (height, width) that `cell` of the last layer depends on, clipped to the
    picture. Raises `BadInput` for a cell that is not there."""
    check_cell(cell, (sizes(layers, picture[0])[-1], sizes(layers, picture[1])[-1]))
    rows, columns = (seen(layers, index, pixels) for index, pixels in zip(cell, picture, strict=True))
    return rows, columns


def check_cell(cell: Sequence[int], grid: Sequence[int]) -> None:
    """Raises `BadInput` for a cell outside a grid of (height, width)."""
    if len(cell) != 2 or not all(0 <= index < size for index, size in zip(cell, grid, strict=True)):
        raise BadInput(
            f"There is no cell {','.join(map(str, cell))}: the layer's grid is {grid[0]}×{grid[1]}, counted from 0,0."
        )
