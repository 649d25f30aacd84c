"""Schedules against closed forms, written here a second time, in numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine import schedules

SETTINGS = {"schedule": "1cycle", "lr": 0.06, "momentum": 0.9, "cycles": 1, "cycle_len": 1, "cycle_mult": 1}


def one_cycle_table(batches: int, top: float) -> tuple[np.ndarray, np.ndarray]:
    """Rates and momenta before every batch: a quarter of the way up, three quarters down, each half a cosine."""
    x = np.arange(batches) / batches
    up = x < 0.25
    rising, falling = x / 0.25, (x - 0.25) / 0.75
    rate = np.where(
        up,
        top / 25 + (top - top / 25) * (1 - np.cos(np.pi * rising)) / 2,
        top / 1e5 + (top - top / 1e5) * (1 + np.cos(np.pi * falling)) / 2,
    )
    momentum = np.where(
        up, 0.85 + 0.10 * (1 + np.cos(np.pi * rising)) / 2, 0.85 + 0.10 * (1 - np.cos(np.pi * falling)) / 2
    )
    return rate, momentum


@pytest.mark.parametrize(("batches", "top"), [(117, 0.06), (585, 0.1), (386, 0.01), (1, 0.5), (3, 1e-3), (1000, 100.0)])
def test_one_cycle_is_the_published_one_at_every_batch(batches: int, top: float) -> None:
    plan = schedules.plan(SETTINGS | {"lr": top})
    told = [plan.at(step / batches) for step in range(batches)]
    rates, momenta = one_cycle_table(batches, top)
    np.testing.assert_allclose([rate for (rate,), _ in told], rates, rtol=1e-6)
    np.testing.assert_allclose([momentum for _, momentum in told], momenta, rtol=1e-6)


def test_one_cycle_takes_its_shape_from_its_arguments() -> None:
    rate = schedules.one_cycle(2.0, warm_up=0.5, div=4, div_final=8)
    assert [rate(x) for x in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx([0.5, 1.25, 2.0, 1.125, 0.25])


def test_the_other_shapes_pass_through_the_points_they_must() -> None:
    assert [schedules.flat(3.0)(x) for x in (0, 0.3, 1)] == [3, 3, 3]
    assert [schedules.linear(1.0, 0.0)(x) for x in (0, 0.25, 1)] == [1, 0.75, 0]
    assert [schedules.cosine(2.0, 0.0)(x) for x in (0, 1 / 3, 0.5, 1)] == pytest.approx([2, 1.5, 1, 0])


@pytest.mark.parametrize(("name", "half"), [("flat", 0.06), ("linear", 0.03), ("cosine", 0.03), ("sgdr", 0.03)])
def test_a_plan_is_what_its_name_says(name: str, half: float) -> None:
    (rate,), momentum = schedules.plan(SETTINGS | {"schedule": name, "momentum": 0.8}).at(0.5)
    assert (rate, momentum) == pytest.approx((half, 0.8))


def test_restarts_begin_again_at_the_top_after_1_2_and_4_epochs() -> None:
    rate = schedules.restarts(1.0, cycles=3, cycle_len=1, cycle_mult=2)
    assert schedules.cycle_epochs(3, 1, 2) == 7
    cycles = ((0, 1), (1, 2), (3, 4))
    places = [(e - start) / length for start, length in cycles for e in np.arange(start, start + length, 0.25)]
    expected = [(1 + np.cos(np.pi * place)) / 2 for place in places]
    # a restart may be hit from below by a rounding of the share: those places are compared just after it
    told = [rate((e + 1e-9) / 7) for e in np.arange(0, 7, 0.25)]
    assert told == pytest.approx(expected, abs=1e-6)


@given(st.floats(0, 1), st.floats(1e-6, 10))
def test_no_rate_leaves_its_bounds(x: float, top: float) -> None:
    assert top / 1e5 * 0.999 <= schedules.one_cycle(top)(x) <= top * 1.001
    assert -1e-9 <= schedules.restarts(top, cycles=3, cycle_len=2, cycle_mult=3)(x) <= top * 1.001
    assert 0.8499 <= schedules.one_cycle_momentum()(x) <= 0.9501


def test_rates_per_layer_group_must_be_as_many_as_the_groups() -> None:
    plan = schedules.plan(SETTINGS | {"schedule": "flat", "lr": [0.1, 0.2]}, groups=2)
    assert plan.at(0.3) == ([0.1, 0.2], 0.9)
    with pytest.raises(ValueError, match="2 rates for 3 layer groups"):
        schedules.plan(SETTINGS | {"lr": [0.1, 0.2]}, groups=3)
