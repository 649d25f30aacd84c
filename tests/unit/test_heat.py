"""Class activation maps as numbers, and parts of photos, against torch and against hand-made ones."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from fastai_tui.engine import heat
from fastai_tui.engine.framing import Box, centre, sides, square, whole

RANDOM = np.random.default_rng(5)
CHANNELS = RANDOM.normal(size=(3, 7, 7))


def test_the_map_is_targets_formula() -> None:
    likely = np.array([0.7, 0.2, 0.1])
    found = heat.summed(CHANNELS, likely)
    for row in range(7):
        for column in range(7):
            values = [p * max(float(CHANNELS[k, row, column]), 0.0) for k, p in enumerate(likely)]
            assert found[row, column] == pytest.approx(sum(values), abs=1e-12)


def test_a_class_has_its_own_channel_and_two_have_a_difference() -> None:
    relu = torch.from_numpy(CHANNELS).relu().numpy()
    np.testing.assert_array_equal(heat.of_class(CHANNELS, 1), relu[1])
    np.testing.assert_allclose(heat.difference(CHANNELS, 0, 2), relu[0] - relu[2])


def test_scaling_goes_from_the_smallest_to_the_largest() -> None:
    found = heat.scaled(np.array([[2.0, 4.0], [3.0, 6.0]]))
    np.testing.assert_allclose(found, [[0, 0.5], [0.25, 1]])
    np.testing.assert_array_equal(heat.scaled(np.full((2, 3), 7.0)), np.zeros((2, 3)))
    np.testing.assert_allclose(heat.signed(np.array([[-4.0, 2.0]])), [[-1, 0.5]])
    np.testing.assert_array_equal(heat.signed(np.zeros((1, 2))), np.zeros((1, 2)))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 40), st.integers(1, 40))
def test_enlarging_is_torchs_bilinear(rows: int, columns: int, height: int, width: int) -> None:
    small = np.random.default_rng([rows, columns]).normal(size=(rows, columns))
    wanted = F.interpolate(torch.from_numpy(small)[None, None], (height, width), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(heat.enlarged(small, height, width), wanted[0, 0].numpy(), atol=1e-9)


def test_the_peak_is_the_middle_of_the_hottest_cell() -> None:
    small = np.zeros((7, 5))
    small[6, 1] = 1
    assert heat.peak(small) == (pytest.approx(1.5 / 5), pytest.approx(6.5 / 7))


def test_the_hottest_region_hangs_together_with_the_peak() -> None:
    small = np.zeros((8, 8))
    small[1:3, 1:3] = 0.9
    small[1, 1] = 1
    small[6, 6] = 0.95  # as hot, but somewhere else
    box = heat.hottest(small)
    assert box is not None
    assert box.left == pytest.approx(1 / 8, abs=1 / 16)
    assert box.right == pytest.approx(3 / 8, abs=1 / 16)
    assert (box.top, box.bottom) == (box.left, box.right)
    assert heat.hottest(np.ones((3, 3))) is None


def test_a_region_may_reach_the_edges() -> None:
    small = np.zeros((4, 4))
    small[:, 0] = 1
    box = heat.hottest(small)
    assert box is not None
    assert (box.left, box.top, box.bottom) == (0, 0, 1)
    assert box.right == pytest.approx(1 / 4, abs=1 / 32)


def test_the_square_in_the_middle_is_what_resizing_and_cropping_leave() -> None:
    assert centre(300, 200) == Box(50, 0, 250, 200)
    assert centre(200, 300) == Box(0, 50, 200, 250)
    assert whole(3, 2) == Box(0, 0, 3, 2)
    # torchvision: the shorter side to 224, then the middle 224 pixels; 336 are left of the longer, 56 before
    assert centre(300, 200).left / 300 == pytest.approx(56 / 336)


def test_places_in_a_box_are_places_in_the_photo() -> None:
    box = Box(50, 0, 250, 200)
    assert box.place(0.5, 0.25) == (150, 50)
    assert box.part(Box(0.5, 0, 1, 0.5)) == Box(150, 0, 250, 100)
    assert box.has(50, 0)
    assert not box.has(49, 100)


@given(*(st.floats(0, 400, allow_nan=False) for _ in range(4)), st.floats(1, 400), st.floats(1, 400), st.floats(0, 500))
def test_a_square_stays_in_the_photo(
    x: float, y: float, x2: float, y2: float, width: float, height: float, least: float
) -> None:
    low, high = (min(x, width), min(y, height)), (min(x2, width), min(y2, height))
    box = Box(min(low[0], high[0]), min(low[1], high[1]), max(low[0], high[0]), max(low[1], high[1]))
    found = square(box, width, height, least)
    assert found.width == pytest.approx(found.height)
    assert found.width == pytest.approx(min(max(box.width, box.height, least), width, height))
    assert -1e-9 <= found.left <= found.right <= width + 1e-9
    assert -1e-9 <= found.top <= found.bottom <= height + 1e-9
    if max(box.width, box.height) <= min(width, height):
        assert found.left <= box.left + 1e-9
        assert found.right >= box.right - 1e-9


def test_pictures_keep_their_proportions_in_whole_strides() -> None:
    assert sides(Box(0, 0, 200, 200), 224) == (224, 224)
    assert sides(Box(0, 0, 300, 200), 224) == (224, 320)  # 336 is not
    assert sides(Box(0, 0, 200, 300), 128) == (192, 128)
    assert sides(Box(0, 0, 201, 200), 100) == (100, 100)
    assert sides(Box(0, 0, 10_000, 10), 224) == (224, 4 * 224)
