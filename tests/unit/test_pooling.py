"""Pooling's windows and values are PyTorch's."""

import itertools
import math
import random

import pytest
import torch
from torch.nn import functional as F

from fastai_tui.engine.pooling import Pooling, adaptive, averaged, ordinary, pooled


def picture(size: int, seed: int = 1) -> list[list[int]]:
    draw = random.Random(seed)
    return [[draw.randrange(256) for _ in range(size)] for _ in range(size)]


def as_tensor(grid: list[list[int]]) -> torch.Tensor:
    return torch.tensor(grid, dtype=torch.float32)[None, None]


@pytest.mark.parametrize("size", range(1, 33))
def test_adaptive_pooling_is_pytorchs(size: int) -> None:
    grid = picture(size)
    for output in range(1, size + 1):
        expected = F.adaptive_max_pool2d(as_tensor(grid), output)[0, 0].int().tolist()
        assert pooled(grid, adaptive(size, output)) == expected


@pytest.mark.parametrize("size", [1, 2, 5, 7, 12, 28, 32])
def test_ordinary_pooling_is_pytorchs(size: int) -> None:
    grid = picture(size)
    for kernel, stride in itertools.product(range(1, size + 1), range(1, size + 2)):
        expected = F.max_pool2d(as_tensor(grid), kernel, stride)[0, 0].int().tolist()
        assert pooled(grid, ordinary(size, kernel, stride)) == expected
    assert ordinary(size, size + 1, 1) == []


def test_averaging_is_pytorchs_adaptive_average() -> None:
    grid = picture(28)
    for size in range(1, 33):
        expected = F.adaptive_avg_pool2d(as_tensor(grid), size)[0, 0].double()
        ours = torch.tensor(averaged(grid, size)).double()
        assert (ours - expected).abs().max() <= 0.5 + 1e-4


def test_where_the_size_is_a_multiple_the_kernel_and_stride_are_the_quotient() -> None:
    for output in (1, 2, 4, 7, 14, 28):
        step = 28 // output
        assert Pooling(28, output, step, step).agree
        assert Pooling(28, output, step, step).overlap == 0


def test_whether_they_can_agree_is_what_trying_all_kernels_and_strides_says() -> None:
    for size in range(1, 15):
        for output in range(1, size + 1):
            tried = any(
                Pooling(size, output, kernel, stride).agree
                for kernel, stride in itertools.product(range(1, size + 1), range(1, size + 1))
            )
            assert Pooling(size, output).possible == tried


def test_sides_overlap_and_what_is_left_out() -> None:
    pooling = Pooling(8, 3, 3, 4)
    assert pooling.adaptive == [(0, 3), (2, 6), (5, 8)]
    assert (pooling.sides, pooling.overlap) == ([3, 4, 3], 1)
    assert pooling.ordinary == [(0, 3), (4, 7)]
    assert pooling.left == 2  # row 3, between two windows, and row 7
    assert Pooling(5, 2, 6, 1).left == 5


def test_all_cells_are_in_an_adaptive_window() -> None:
    for size in range(1, 33):
        for output in range(1, size + 1):
            windows = adaptive(size, output)
            assert {cell for window in windows for cell in range(*window)} == set(range(size))
            assert max(stop - start for start, stop in windows) <= math.ceil(size / output) + 1
