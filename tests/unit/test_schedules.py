"""Schedules against closed forms, written here a second time, with exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine import schedules

SETTINGS = {"schedule": "1cycle", "lr": 0.06, "momentum": 0.9, "cycles": 1, "cycle_len": 1, "cycle_mult": 1}


def half_cosine(start: float, end: float, x: float) -> float:
    return start + (end - start) * (1 - math.cos(math.pi * x)) / 2


def sgdr_place(epoch: Fraction, settings: dict) -> Fraction:
    """The share of its cycle that is done after so many epochs."""
    length, start = Fraction(settings["cycle_len"]), Fraction(0)
    while epoch >= start + length:
        start, length = start + length, length * settings["cycle_mult"]
    return (epoch - start) / length


def tabled(settings: dict, step: int, total: int, epochs: int) -> tuple[float, float]:
    """The rate and the momentum before the batch after `step`, with exact fractions, so that no edge is rounded."""
    name, top, x = settings["schedule"], settings["lr"], Fraction(step, total)
    warm = Fraction(str(settings["warm_up"]))
    if name == "1cycle":
        if x < warm:
            return half_cosine(top / 25, top, float(x / warm)), half_cosine(0.95, 0.85, float(x / warm))
        y = float((x - warm) / (1 - warm))
        return half_cosine(top, top / 1e5, y), half_cosine(0.85, 0.95, y)
    if x < warm:
        return top / 25 + (top - top / 25) * float(x / warm), 0.9
    y = (x - warm) / (1 - warm)
    if name == "sgdr":  # the warm-up is a part of the first cycle
        first, epoch = settings["cycle_len"], x * epochs
        y = (epoch - warm * epochs) / (first - warm * epochs) if epoch < first else sgdr_place(epoch, settings)
        return half_cosine(top, 0.0, float(y)), 0.9
    falls = {
        "flat": top,
        "linear": top * (1 - float(y)),
        "cosine": half_cosine(top, 0.0, float(y)),
        "step": top / settings["drop_by"] ** fallen(y, settings),
    }
    return falls[name], 0.9


def fallen(y: Fraction, settings: dict) -> int:
    """How often a rate that falls in steps has fallen."""
    first, drops = Fraction(settings["drop_from"]), settings["drops"]
    if first == 0 or drops == 0:
        return math.floor(y * (drops + 1))
    return 0 if y < first else math.floor((y - first) * drops / (1 - first)) + 1


CASES = [
    {"schedule": "flat"},
    {"schedule": "flat", "warm_up": 0.1},
    {"schedule": "linear"},
    {"schedule": "linear", "warm_up": 0.3},
    {"schedule": "cosine"},
    {"schedule": "cosine", "warm_up": 0.05},
    {"schedule": "step"},
    {"schedule": "step", "drops": 6, "drop_by": 2.0},
    {"schedule": "step", "drops": 0},
    {"schedule": "step", "drops": 4, "warm_up": 0.2},
    {"schedule": "step", "drops": 1, "drop_from": 0.6667},
    {"schedule": "step", "drops": 3, "drop_from": 0.25, "warm_up": 0.1},
    {"schedule": "step", "drops": 0, "drop_from": 0.5},
    {"schedule": "1cycle", "warm_up": 0.25},
    {"schedule": "1cycle", "warm_up": 0.1},
    {"schedule": "1cycle", "warm_up": 0.0},
    {"schedule": "1cycle", "warm_up": 0.9},
]
SGDR = [
    {"schedule": "sgdr", "cycles": cycles, "cycle_len": length, "cycle_mult": mult, "warm_up": warm_up}
    for mult in (1, 2, 3)
    for cycles, length, warm_up in ((1, 1, 0.0), (3, 1, 0.0), (4, 3, 0.0), (3, 2, 0.01), (7, 1, 0.0))
]


@pytest.mark.parametrize("case", [*CASES, *SGDR], ids=lambda case: "-".join(str(value) for value in case.values()))
@pytest.mark.parametrize("batches", [1, 7, 49, 118])
def test_every_schedule_is_its_table_at_every_step(case: dict, batches: int) -> None:
    settings = {**SETTINGS, "drops": 2, "drop_by": 10.0, "drop_from": 0.0, "warm_up": 0.0, **case}
    epochs = sum(settings["cycle_len"] * settings["cycle_mult"] ** i for i in range(settings["cycles"]))
    if settings["schedule"] != "sgdr":
        epochs = 7
    batches = 1 + batches // 10 if epochs > 200 else batches
    total = epochs * batches
    plan = schedules.plan(settings, groups=1)
    told = [plan.at(step / total) for step in range(total)]
    table = [tabled(settings, step, total, epochs) for step in range(total)]
    np.testing.assert_allclose([rate for (rate,), _ in told], [rate for rate, _ in table], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose([momentum for _, momentum in told], [momentum for _, momentum in table], rtol=1e-9)


@pytest.mark.parametrize("mult", [1, 2, 3])
def test_restarts_are_at_the_top_on_the_first_batch_of_an_epoch_and_nowhere_else(mult: int) -> None:
    for cycles, length, batches in ((5, 1, 118), (3, 7, 49), (4, 3, 13), (2, 11, 938)):
        epochs = schedules.cycle_epochs(cycles, length, mult)
        rate, total = schedules.restarts(0.1, cycles=cycles, cycle_len=length, cycle_mult=mult), epochs * batches
        tops = [step for step in range(total) if rate(step / total) == 0.1]
        ends = schedules.cycle_ends(cycles, length, mult)
        assert tops == [0, *(end * batches for end in ends[:-1])]
        assert ends[-1] == epochs


@pytest.mark.parametrize("drops", [1, 2, 6, 9])
def test_steps_fall_on_the_batch_that_they_should(drops: int) -> None:
    for pieces in (1, 7, 13, 49, 107):
        total = pieces * (drops + 1)
        rate = schedules.step(1.0, drops=drops, by=2.0)
        assert [rate(step / total) for step in range(total)] == [0.5 ** (step // pieces) for step in range(total)]


def test_an_old_run_s_settings_mean_what_they_meant() -> None:
    for name in ("flat", "linear", "cosine", "1cycle", "sgdr"):
        old = {**SETTINGS, "schedule": name}
        new = {**old, "warm_up": schedules.own_warm_up(name), "drops": 2, "drop_by": 10.0, "drop_from": 0.0}
        assert [schedules.plan(old).at(i / 50) for i in range(51)] == [
            schedules.plan(new).at(i / 50) for i in range(51)
        ]


def test_a_warm_up_that_outlasts_the_first_cycle_is_refused() -> None:
    settings = {**SETTINGS, "schedule": "sgdr", "cycles": 3, "cycle_mult": 2, "warm_up": 0.15}
    with pytest.raises(ValueError, match="longer than the first cycle"):
        schedules.plan(settings)
    assert schedules.plan(settings | {"warm_up": 0.1}).at(0.1)[0] == pytest.approx([0.06])


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


@given(st.floats(0, 1), st.floats(1e-6, 10))
def test_no_rate_leaves_its_bounds(x: float, top: float) -> None:
    assert top / 1e5 * 0.999 <= schedules.one_cycle(top)(x) <= top * 1.001
    assert -1e-9 <= schedules.restarts(top, cycles=3, cycle_len=2, cycle_mult=3)(x) <= top * 1.001
    assert 0.8499 <= schedules.one_cycle_momentum()(x) <= 0.9501


def test_rates_per_layer_group_must_be_as_many_as_the_groups() -> None:
    plan = schedules.plan(SETTINGS | {"schedule": "flat", "lr": [0.1, 0.2]}, groups=2)
    assert plan.at(0.3) == ([0.1, 0.2], 0.9)
    with pytest.raises(ValueError, match="2 numbers for 3 layer groups"):
        schedules.plan(SETTINGS | {"lr": [0.1, 0.2]}, groups=3)
