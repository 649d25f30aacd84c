"""Where windows fall, against PyTorch and against windows laid by hand."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine.geometry import Geometry

GRIDS = st.builds(Geometry, st.integers(1, 40), st.integers(1, 12), st.integers(0, 6), st.integers(1, 9))


def by_hand(grid: Geometry) -> list[list[int]]:
    """The positions under each window that lies wholly on the padded axis."""
    places = range(0, grid.size + 2 * grid.padding - grid.kernel_size + 1, grid.stride)
    return [[start + i for i in range(grid.kernel_size)] for start in places]


@given(GRIDS)
def test_the_output_is_as_large_as_conv2ds(grid: Geometry) -> None:
    if grid.trouble:
        assert grid.kernel_size > grid.size + 2 * grid.padding
        assert grid.output == 0
        return
    image, kernel = torch.zeros(1, 1, grid.size, grid.size), torch.zeros(1, 1, grid.kernel_size, grid.kernel_size)
    assert F.conv2d(image, kernel, stride=grid.stride, padding=grid.padding).shape[2:] == (grid.output, grid.output)


@given(GRIDS)
def test_windows_and_what_none_of_them_reaches(grid: Geometry) -> None:
    windows = [] if grid.trouble else by_hand(grid)
    assert [list(grid.covered(index)) for index in range(grid.output)] == windows
    reached = {position for window in windows for position in window}
    assert set(grid.unreached) == set(range(grid.padded)) - reached
    if windows:
        assert grid.leftover == grid.padded - 1 - windows[-1][-1]


@given(st.integers(1, 12), st.integers(12, 40))
def test_same_keeps_the_size_at_stride_one(kernel: int, size: int) -> None:
    before, after = Geometry(size, kernel).same
    padded = F.pad(torch.zeros(1, 1, size), (before, after))
    assert F.conv1d(padded, torch.zeros(1, 1, kernel)).shape[-1] == size
    assert (before == after) is (kernel % 2 == 1)


@pytest.mark.parametrize(("padding", "output"), [(1, 27), (2, 29)])
def test_an_even_kernel_misses_by_one_either_way(padding: int, output: int) -> None:
    grid = Geometry(28, 4)
    assert grid.even
    assert grid.with_padding(padding) == output


def test_a_kernel_that_is_too_large_is_a_sentence_with_a_way_out() -> None:
    assert "take a smaller kernel, or a padding of at least 1" in Geometry(5, 7).trouble
    assert Geometry(5, 7, 1).trouble == ""
