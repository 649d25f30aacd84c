"""Kernels against PyTorch's own convolution, a loop written out, and the numbers that the course prints."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from fastai_tui.engine.convolution import KERNELS, Kernel, convolve, map_shape, output_size, parse_kernel, place, window
from fastai_tui.engine.data import idx, store
from fastai_tui.engine.errors import BadInput

WHOLE = st.integers(-9, 9)
FRACTION = st.floats(-4, 4, allow_nan=False, width=32)


@st.composite
def problems(draw: st.DrawFn, cell: st.SearchStrategy[float] = WHOLE) -> tuple[np.ndarray, Kernel, int, int]:
    """An image of bytes, a kernel that fits on it, a stride and a padding."""
    height, width, tall, wide = (draw(st.integers(1, top)) for top in (12, 12, 7, 7))
    stride, padding = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    assume(tall <= height + 2 * padding and wide <= width + 2 * padding)
    image = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 256, (height, width), dtype=np.uint8)
    rows = draw(st.lists(st.lists(cell, min_size=wide, max_size=wide), min_size=tall, max_size=tall))
    return image, Kernel(None, tuple(tuple(row) for row in rows)), stride, padding


def by_torch(image: np.ndarray, kernel: Kernel, stride: int, padding: int) -> np.ndarray:
    xb, weight = (torch.tensor(np.asarray(part, dtype=np.float64))[None, None] for part in (image, kernel.rows))
    return F.conv2d(xb, weight, stride=stride, padding=padding)[0, 0].numpy()


def by_loop(image: np.ndarray, kernel: Kernel, stride: int, padding: int) -> list[list[float]]:
    padded = [[0.0] * (image.shape[1] + 2 * padding) for _ in range(image.shape[0] + 2 * padding)]
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            padded[row + padding][column + padding] = float(image[row][column])
    found = []
    for top in range(0, len(padded) - kernel.height + 1, stride):
        found.append([])
        for left in range(0, len(padded[0]) - kernel.width + 1, stride):
            total = 0.0
            for i in range(kernel.height):
                for j in range(kernel.width):
                    total += padded[top + i][left + j] * kernel.rows[i][j]
            found[-1].append(total)
    return found


@given(problems())
@settings(deadline=None, max_examples=150)
def test_the_map_is_conv2ds_and_the_loops_for_any_kernel_stride_and_padding(
    problem: tuple[np.ndarray, Kernel, int, int],
) -> None:
    found = convolve(*problem)
    assert found.dtype == np.int64
    assert np.array_equal(found, by_torch(*problem))
    assert np.array_equal(found, by_loop(*problem))


@given(problems(FRACTION))
@settings(deadline=None, max_examples=50)
def test_kernels_with_fractions_give_conv2ds_map(problem: tuple[np.ndarray, Kernel, int, int]) -> None:
    np.testing.assert_allclose(convolve(*problem), by_torch(*problem), rtol=1e-9, atol=1e-9)


@given(problems(), st.data())
@settings(deadline=None, max_examples=100)
def test_every_window_sums_to_its_cell_of_the_map(
    problem: tuple[np.ndarray, Kernel, int, int], data: st.DataObject
) -> None:
    image, kernel, stride, padding = problem
    reference = by_torch(*problem)
    index = tuple(data.draw(st.integers(0, size - 1)) for size in reference.shape)
    found = window(image, kernel, place(index, kernel, stride, padding), stride, padding)
    assert found.result == reference[index]
    assert type(found.result) is int
    assert sum(map(sum, found.products)) == found.result
    assert [len(row) for row in found.patch] == [kernel.width] * kernel.height


@given(problems(), st.integers(-20, 40), st.integers(-20, 40))
@settings(deadline=None, max_examples=150)
def test_a_place_off_the_grid_is_refused_with_the_nearest_one_that_works(
    problem: tuple[np.ndarray, Kernel, int, int], row: int, column: int
) -> None:
    image, kernel, stride, padding = problem
    shape = map_shape(image, kernel, stride, padding)
    places = {place((i, j), kernel, stride, padding) for i in range(shape[0]) for j in range(shape[1])}
    if (row, column) in places:
        assert window(image, kernel, (row, column), stride, padding).at == (row, column)
        return
    with pytest.raises(BadInput) as refused:
        window(image, kernel, (row, column), stride, padding)
    named = tuple(int(part) for part in str(refused.value).rstrip(".").rsplit(" ", 1)[1].split(","))
    assert named in places
    distance = abs(named[0] - row) + abs(named[1] - column)
    assert distance == min(abs(i - row) + abs(j - column) for i, j in places)


def test_the_centre_is_fastbooks_and_a_list_of_lists_is_an_image_too() -> None:
    image = [[10 * row + column for column in range(6)] for row in range(6)]
    row, column = 3, 2
    found = window(image, parse_kernel("top_edge"), (row, column))
    assert [list(cells) for cells in found.patch] == [
        line[column - 1 : column + 2] for line in image[row - 1 : row + 2]
    ]
    even = window(image, parse_kernel("1,1;1,1"), (row, column))
    assert even.patch == ((21, 22), (31, 32))


@pytest.mark.parametrize(("at", "result"), [((1, 1), 0), ((5, 7), 762), ((8, 18), -29)])
def test_the_courses_numbers_on_digit_12_of_the_embedded_sample(at: tuple[int, int], result: int) -> None:
    pixels, label = store.image("mnist-sample:1502")
    assert label == 3
    assert window(pixels, parse_kernel("top_edge"), at).result == result
    assert convolve(pixels, parse_kernel("top_edge"))[at[0] - 1, at[1] - 1] == result


@pytest.mark.real_data
def test_the_courses_numbers_on_the_real_training_digit_12(test_data: Path) -> None:
    digit = idx.read(test_data / "mnist" / "train-images-idx3-ubyte.gz")[12]
    kernel = parse_kernel("top_edge")
    assert [window(digit, kernel, at).result for at in ((1, 1), (5, 7), (8, 18))] == [0, 762, -29]


def test_the_six_kernels_on_a_batch_of_digits_give_conv2ds_64_by_6_by_26_by_26() -> None:
    digits = store.images("mnist-sample").train_images[:64]
    kernels = [parse_kernel(name) for name in KERNELS]
    weights = torch.tensor([kernel.rows for kernel in kernels], dtype=torch.float64)[:, None]
    reference = F.conv2d(torch.tensor(digits, dtype=torch.float64)[:, None], weights)
    assert reference.shape == (64, 6, 26, 26)
    for digit, maps in zip(digits, reference, strict=True):
        for kernel, expected in zip(kernels, maps, strict=True):
            assert np.array_equal(convolve(digit, kernel), expected)


def test_the_named_kernels_are_the_courses() -> None:
    table = {
        "top_edge": "-1,-1,-1;0,0,0;1,1,1",
        "bottom_edge": "0,0,0;1,1,1;-1,-1,-1",
        "left_edge": "-1,1,0;-1,1,0;-1,1,0",
        "right_edge": "0,1,-1;0,1,-1;0,1,-1",
        "diag1_edge": "0,-1,1;-1,1,0;1,0,0",
        "diag2_edge": "1,-1,0;0,1,-1;0,0,1",
    }
    assert set(KERNELS) == set(table)
    for name, cells in table.items():
        assert parse_kernel(name).rows == parse_kernel(cells).rows
        assert (parse_kernel(name).name, parse_kernel(cells).name) == (name, None)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((28, 3, 1, 0), 26), ((28, 3, 2, 1), 14), ((7, 3, 2, 1), 4), ((28, 5, 2, 2), 14), ((32, 7, 1, 1), 28)],
)
def test_output_sizes_by_the_formula(size: tuple[int, int, int, int], expected: int) -> None:
    assert output_size(*size) == expected


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(0, 4))
@settings(deadline=None)
def test_an_output_size_is_the_length_of_pytorchs(n: int, ks: int, stride: int, padding: int) -> None:
    if ks > n + 2 * padding:
        with pytest.raises(BadInput, match=str(ks)):
            output_size(n, ks, stride, padding)
        return
    assert output_size(n, ks, stride, padding) == F.conv1d(
        torch.zeros(1, 1, n), torch.zeros(1, 1, ks), stride=stride, padding=padding
    ).size(-1)


def test_no_sum_wraps_round_in_eight_or_sixteen_bits() -> None:
    white = np.full((3, 3), 255, dtype=np.uint8)
    kernel = parse_kernel(";".join(["1000000000,1000000000,1000000000"] * 3))
    assert window(white, kernel, (1, 1)).result == convolve(white, kernel)[0, 0] == 9 * 255 * 10**9


def test_a_kernel_larger_than_the_padded_image_is_refused_with_both_sizes_and_the_padding_it_needs() -> None:
    image, kernel = np.zeros((2, 4), dtype=np.uint8), parse_kernel(";".join(["1,1,1,1,1"] * 5))
    for call in (lambda padding: convolve(image, kernel, 1, padding), lambda p: window(image, kernel, (0, 0), 1, p)):
        with pytest.raises(BadInput, match=r"5×5.*2×4.*padding of at least 2"):
            call(0)
    assert convolve(image, kernel, 1, 2).shape == (2, 4)


@pytest.mark.parametrize(
    ("stride", "padding", "named"), [(0, 0, "stride"), (-1, 0, "stride"), (513, 0, "stride"), (1, -1, "padding")]
)
def test_strides_and_paddings_out_of_bounds_are_refused(stride: int, padding: int, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        convolve(np.zeros((5, 5), dtype=np.uint8), parse_kernel("top_edge"), stride, padding)


@given(st.lists(st.lists(st.one_of(st.integers(-(10**9), 10**9), FRACTION), min_size=3, max_size=3), min_size=1))
@settings(deadline=None)
def test_what_is_written_is_what_is_read(rows: list[list[float]]) -> None:
    assume(len(rows) <= 31)
    text = " ; ".join(" , ".join(repr(cell) for cell in row) for row in rows)
    read = parse_kernel(text).rows
    assert [list(row) for row in read] == rows
    assert [[type(cell) for cell in row] for row in read] == [[type(cell) for cell in row] for row in rows]


def test_a_minus_from_a_page_of_mathematics_is_a_minus() -> None:
    assert parse_kernel("−1,0,−.5").rows == ((-1, 0, -0.5),)


@given(st.text(alphabet="0123456789,;.-+eE naif_x−\0\n", max_size=30))
@example("")
@example("top_edge,")
@example("1,2;3")
@example("nan")
@example("1e400")
@example(",".join(["1"] * 32))
@example(";".join(["1"] * 32))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_kernel_or_is_refused_in_one_sentence(text: str) -> None:
    kernel, refusal = None, ""
    try:
        kernel = parse_kernel(text)
    except BadInput as refused:
        refusal = str(refused)
    if kernel is None:
        assert refusal.endswith(".")
        assert refusal.isprintable()
    else:
        assert {len(row) for row in kernel.rows} == {kernel.width}
        assert all(abs(cell) <= 10**9 for row in kernel.rows for cell in row)
