"""The matrix of a convolution against PyTorch: its unfolded windows, its convolution, and its own products."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine.convolution import KERNELS, Kernel
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.matrix_form import MatrixForm


@st.composite
def forms(draw: st.DrawFn) -> MatrixForm:
    tall, wide = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cells = st.integers(-9, 9)
    rows = draw(st.lists(st.lists(cells, min_size=wide, max_size=wide), min_size=tall, max_size=tall))
    size = draw(st.integers(tall, 9)), draw(st.integers(wide, 9))
    return MatrixForm(*size, Kernel(None, tuple(map(tuple, rows))))


def by_torch(form: MatrixForm) -> torch.Tensor:
    """The same matrix, as what conv2d makes of each picture with a single 1."""
    pixels = form.height * form.width
    ones = torch.eye(pixels, dtype=torch.float64).view(pixels, 1, form.height, form.width)
    kernel = torch.tensor(form.kernel.rows, dtype=torch.float64)[None, None]
    return F.conv2d(ones, kernel).view(pixels, -1).T


@settings(deadline=None)
@given(forms())
def test_every_entry_is_conv2ds(form: MatrixForm) -> None:
    dense = torch.zeros(form.shape, dtype=torch.float64)
    for number in range(form.shape[0]):
        cell = divmod(number, form.output[1])
        assert form.number(cell) == number
        for entry in form.row(cell):
            assert divmod(entry.column, form.width) == entry.pixel
            assert form.kernel.rows[entry.tie // form.kernel.width][entry.tie % form.kernel.width] == entry.weight
            dense[number, entry.column] += entry.weight
    assert torch.equal(dense, by_torch(form))


@settings(deadline=None)
@given(forms(), st.integers(0, 2**32 - 1))
def test_a_row_times_the_pixels_is_the_maps_cell(form: MatrixForm, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (form.height, form.width))
    kernel = torch.tensor(form.kernel.rows, dtype=torch.float64)[None, None]
    expected = F.conv2d(torch.tensor(image, dtype=torch.float64)[None, None], kernel)[0, 0]
    for i in range(form.output[0]):
        for j in range(form.output[1]):
            assert form.product((i, j), image.tolist()) == expected[i, j]


@settings(deadline=None)
@given(forms(), st.integers(1, 12), st.integers(1, 12))
def test_the_folded_matrix_counts_every_filled_entry_in_its_place(form: MatrixForm, rows: int, columns: int) -> None:
    filled = MatrixForm(form.height, form.width, Kernel(None, ((1,) * form.kernel.width,) * form.kernel.height))
    expected = np.zeros((rows, columns), dtype=int)
    for row, column in torch.nonzero(by_torch(filled)).tolist():
        expected[row * rows // form.shape[0], column * columns // form.shape[1]] += 1
    assert np.array_equal(form.density(rows, columns), expected)


def test_the_numbers_of_a_digit_and_a_3x3_kernel() -> None:
    form = MatrixForm(28, 28, Kernel("top_edge", KERNELS["top_edge"]))
    assert form.shape == (676, 784)
    assert (form.entries, form.filled, form.ties) == (529_984, 6_084, 9)
    assert form.filled == int((by_torch(MatrixForm(28, 28, Kernel(None, ((1, 1, 1),) * 3))) != 0).sum())


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInput, match="smaller kernel"):
        _ = MatrixForm(2, 2, Kernel(None, ((1, 1, 1),))).shape
