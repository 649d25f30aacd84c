"""Schedules in plain numbers, against closed forms and places worked out by hand."""

import math

import numpy as np
import pytest

from fastai_tui.app import planning
from fastai_tui.app.planning import PLACES, planned
from fastai_tui.app.text import Look, width

ONE = {"schedule": "1cycle", "lr": 0.06, "momentum": 0.9}
RESTARTS = {"schedule": "sgdr", "lr": 0.01, "momentum": 0.9, "cycles": 3, "cycle_len": 1, "cycle_mult": 2}


def half_cosine(start: float, end: float, x: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * x)) / 2


def test_one_cycle_has_its_top_at_a_quarter_and_momentum_goes_the_other_way() -> None:
    plan = planned(ONE, 2, 100)
    assert plan is not None
    assert (plan.total, plan.steps, plan.peaks, plan.peak) == (200, tuple(range(1, 201)), (51,), 51)
    assert plan.top == pytest.approx(0.06)
    x = np.arange(200) / 200
    up = x < 0.25
    rising = 0.06 + (0.06 / 25 - 0.06) * (1 + np.cos(np.pi * x / 0.25)) / 2
    falling = 0.06e-5 + (0.06 - 0.06e-5) * (1 + np.cos(np.pi * (x - 0.25) / 0.75)) / 2
    np.testing.assert_allclose(plan.rates, [np.where(up, rising, falling)], rtol=1e-9)
    low = np.where(up, 0.85 + 0.1 * (1 + np.cos(np.pi * x / 0.25)) / 2, 0.9 - 0.05 * np.cos(np.pi * (x - 0.25) / 0.75))
    np.testing.assert_allclose(plan.momenta, low, rtol=1e-9)
    assert plan.at(126) == ([pytest.approx(half_cosine(0.06, 0.06e-5, 0.5))], pytest.approx(0.9))
    assert [plan.epoch(step) for step in (1, 100, 101, 200)] == [1, 1, 2, 2]


@pytest.mark.parametrize("per_epoch", [3, 7, 118, 500, 938, 10_001])
def test_restarts_are_where_cycles_begin(per_epoch: int) -> None:
    plan = planned(RESTARTS, 7, per_epoch)
    assert plan is not None
    assert plan.cycles == (1, 2, 4)
    assert plan.peaks == (1, per_epoch + 1, 3 * per_epoch + 1)
    assert plan.top == 0.01
    assert len(plan.steps) == min(7 * per_epoch, PLACES)
    assert (plan.steps[0], plan.steps[-1]) == (1, 7 * per_epoch)


@pytest.mark.parametrize(
    ("settings", "peaks", "words"),
    [
        ({"schedule": "flat"}, (1,), "0.1 all along"),
        ({"schedule": "linear"}, (1,), "from 0.1, the highest, to 0.001"),
        ({"schedule": "cosine"}, (1,), "from 0.1, the highest, to 2.47e-05"),
        ({"schedule": "step"}, (1, 35, 68), "from 0.1, the highest, to 0.001"),
        ({"schedule": "flat", "warm_up": 0.5}, (51,), "from 0.004, highest 0.1 at batch 51, to 0.1"),
    ],
)
def test_other_schedules_turn_where_they_should(
    settings: dict[str, object], peaks: tuple[int, ...], words: str
) -> None:
    """Three equal pieces of 100 batches: the second begins with the first batch of which 33⅓ are done."""
    plan = planned({"lr": 0.1, "momentum": 0.9, **settings}, 1, 100)
    assert plan is not None
    assert plan.peaks == peaks
    assert planning.rate_facts(plan) == words
    assert planning.momentum_facts(plan) == "0.9 all along"


def test_a_long_plans_top_is_exact_though_it_is_looked_at_here_and_there() -> None:
    plan = planned(ONE, 40, 1000)
    assert plan is not None
    assert (plan.peak, plan.top) == (10_001, pytest.approx(0.06))


def test_layer_groups_are_told_apart_only_where_they_differ() -> None:
    same, apart = planned({**ONE, "lr": [0.1, 0.1]}, 1, 40), planned({**ONE, "lr": [0.001, 0.1]}, 1, 40)
    assert same is not None
    assert apart is not None
    assert (len(same.rates), len(apart.rates)) == (1, 2)
    np.testing.assert_allclose(np.array(apart.rates[0]) * 100, apart.rates[1])
    assert apart.top == pytest.approx(0.1)
    assert [name for name, _ in planning.facts(apart)] == ["rate 1", "rate 2", "momentum"]
    assert "highest 0.001 at batch 11" in planning.rate_facts(apart, 0)


@pytest.mark.parametrize(
    "settings", [{}, {"lr": 0.1}, {"lr": "x", "schedule": "flat"}, {"lr": 1, "schedule": "odd"}, {**RESTARTS, "lr": {}}]
)
def test_settings_that_plan_nothing_known_give_no_plan(settings: dict[str, object]) -> None:
    assert planned(settings, 1, 10) is None
    assert planned(ONE, 0, 10) is None


def test_words_for_cycles() -> None:
    said = []
    for cycles, mult in ((3, 2), (2, 1), (1, 1), (12, 1)):
        settings = {**RESTARTS, "cycles": cycles, "cycle_mult": mult}
        plan = planned(settings, sum(mult**i for i in range(cycles)), 10)
        assert plan is not None
        said.append(planning.cycle_facts(plan))
    assert said[0] == "3 of 1, 2 and 4 epochs, from batches 1, 11 and 31"
    assert said[1] == "2 of 1 epoch each, from batches 1 and 11"
    assert said[2] == "1 of 1 epoch, from batch 1"
    assert said[3] == "12 of 1 epoch each, from batches 1, 11, 21, 31, 41, 51, 61 and 71 …"


@pytest.mark.parametrize("look", [Look(), Look(colours=True), Look(unicode=False)])
@pytest.mark.parametrize("columns", [20, 60, 100])
def test_a_plan_as_lines_is_two_plots_of_the_width_asked_for(look: Look, columns: int) -> None:
    plan = planned(RESTARTS, 7, 20)
    assert plan is not None
    lines = planning.pictured(plan, columns, look)
    assert {width(line) for line in lines} == {columns}
    assert [line.split()[0] for line in lines if "learning" in line or "momentum" in line]
    assert len(lines) == planning.RATE_ROWS + planning.MOMENTUM_ROWS


def test_rate_and_momentum_stand_exactly_below_each_other() -> None:
    plan = planned(ONE, 1, 100)
    assert plan is not None
    lines = planning.pictured(plan, 60, Look())
    axes = [line for line in lines if "└" in line]
    assert len(axes) == 2
    assert axes[0] == axes[1]
