"""Max pooling along one axis and on a square grid: ordinary windows, adaptive ones, and when they are the same.

Plain Python, so that a first frame can show it. Windows are (start, stop), the cells start to stop − 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

Window = tuple[int, int]
Grid = Sequence[Sequence[int]]


def ordinary(size: int, kernel_size: int, stride: int) -> list[Window]:
    """The windows of `max_pool2d(x, kernel_size, stride)` along an axis of `size` cells; none where none fits."""
    return [(start, start + kernel_size) for start in range(0, size - kernel_size + 1, stride)]


def adaptive(size: int, output: int) -> list[Window]:
    """The windows of `adaptive_max_pool2d(x, output)` along an axis of `size` cells: window i goes from
    floor(i·size/output) to ceil((i + 1)·size/output), so that all cells are in one
    (PyTorch, aten/src/ATen/native/AdaptivePooling.h)."""
    return [(i * size // output, -(-(i + 1) * size // output)) for i in range(output)]


def pooled(grid: Grid, windows: Sequence[Window]) -> list[list[int]]:
    """The largest value under every window, the windows taken along both axes."""
    return [[max(cells(grid, rows, columns)) for columns in windows] for rows in windows]


def averaged(grid: Grid, size: int) -> list[list[int]]:
    """A square grid on another number of cells, `size`×`size`: the means of adaptive windows, rounded."""
    windows = adaptive(len(grid), size)
    taken = [[cells(grid, rows, columns) for columns in windows] for rows in windows]
    return [[int(sum(values) / len(values) + 0.5) for values in line] for line in taken]


def cells(grid: Grid, rows: Window, columns: Window) -> list[int]:
    """The values under a window, row by row."""
    return [value for line in grid[slice(*rows)] for value in line[slice(*columns)]]


@dataclass(frozen=True)
class Pooling:
    """Both kinds on a square grid of `size` cells: ordinary with `kernel_size` and `stride`, adaptive to `output`."""

    size: int = 28
    output: int = 14
    kernel_size: int = 3
    stride: int = 2

    @cached_property
    def ordinary(self) -> list[Window]:
        """The ordinary windows along an axis."""
        return ordinary(self.size, self.kernel_size, self.stride)

    @cached_property
    def adaptive(self) -> list[Window]:
        """The adaptive windows along an axis."""
        return adaptive(self.size, self.output)

    @property
    def agree(self) -> bool:
        """Do both take the same cells everywhere?"""
        return self.ordinary == self.adaptive

    @cached_property
    def possible(self) -> bool:
        """Is there an ordinary pooling that takes the adaptive one's cells?"""
        kernel = self.adaptive[0][1]
        stride = self.adaptive[1][0] if self.output > 1 else 1
        return ordinary(self.size, kernel, max(stride, 1)) == self.adaptive

    @property
    def sides(self) -> list[int]:
        """How long the adaptive windows are."""
        return [stop - start for start, stop in self.adaptive]

    @property
    def overlap(self) -> int:
        """Cells that two neighbouring adaptive windows share at most."""
        pairs = zip(self.adaptive, self.adaptive[1:], strict=False)
        return max((before[1] - after[0] for before, after in pairs), default=0)

    @property
    def left(self) -> int:
        """Cells along an axis that no ordinary window takes."""
        return self.size - len({cell for window in self.ordinary for cell in range(*window)})
