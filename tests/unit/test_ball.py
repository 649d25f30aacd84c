"""Momentum: the ball rolls as torch's SGD and our own do, averages slopes, and is stuck, finds the dip or flies out."""

import statistics
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine import ball, descent, optim
from fastai_tui.engine.ball import Ball
from fastai_tui.engine.descent import LANDSCAPE


def torch_places(make: Callable[..., Any], rate: float, momentum: float, off: list[float]) -> list[float]:
    """Where an optimiser takes a weight on the landscape, its gradient off by so much at every step."""
    w = torch.tensor([LANDSCAPE.start], dtype=torch.float64, requires_grad=True)
    opt, places = make([w], lr=rate, momentum=momentum), []
    for noise in off:
        hollows = [dip.depth * torch.exp(-(((w - dip.place) / dip.width) ** 2)) for dip in LANDSCAPE.dips]
        loss = LANDSCAPE.steepness * w**2 - torch.stack(hollows).sum() + noise * w
        opt.zero_grad()
        loss.sum().backward()
        opt.step()
        places.append(w.item())
    return places


@pytest.mark.parametrize("make", [torch.optim.SGD, optim.SGD])
@settings(deadline=None, max_examples=25)
@given(st.floats(0.001, 0.1), st.floats(0, 0.99), st.floats(0, 3))
def test_it_rolls_as_sgd_does(make: Callable[..., Any], rate: float, momentum: float, noise: float) -> None:
    off = [ball.noise(noise, step) for step in range(8)]
    now, places = Ball(LANDSCAPE.start), []
    for each in off:
        now = ball.roll(LANDSCAPE, now, rate, momentum, each)
        places.append(now.place)
    assert places == pytest.approx(torch_places(make, rate, momentum, off), rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.floats(0, 0.99))
def test_the_velocity_is_an_average_of_the_slopes(off: list[float], momentum: float) -> None:
    now, slopes = Ball(0.0), []
    for each in off:
        now = ball.roll(LANDSCAPE, now, 1e-3, momentum, each)
        slopes.append(now.slope)
    weights = [(1 - momentum) * momentum**age for age in reversed(range(len(slopes)))]
    expected = sum(weight * slope for weight, slope in zip(weights, slopes, strict=True))
    assert ball.average(now.velocity, momentum) == pytest.approx(expected, abs=1e-9)
    assert sum(weights) == pytest.approx(1 - momentum ** len(slopes))


def test_noise_is_normal_and_always_the_same() -> None:
    found = [ball.noise(2.0, step) for step in range(4000)]
    assert statistics.mean(found) == pytest.approx(0, abs=0.1)
    assert statistics.stdev(found) == pytest.approx(2, rel=0.05)
    within = sum(abs(value) < 2 for value in found) / len(found)
    assert within == pytest.approx(0.683, abs=0.02)
    assert found[7] == ball.noise(2.0, 7) != ball.noise(2.0, 7, seed=1)
    assert ball.noise(0.0, 7) == 0


def test_averaging_makes_noise_smaller_by_what_theory_says() -> None:
    """The average's variance is (1 − momentum) / (1 + momentum) of the slopes'."""
    momentum, velocity, averages = 0.9, 0.0, []
    for step in range(20000):
        velocity = momentum * velocity + ball.noise(1.0, step)
        averages.append(ball.average(velocity, momentum))
    assert statistics.variance(averages[100:]) == pytest.approx(0.1 / 1.9, rel=0.1)


def rolled(rate: float, momentum: float, steps: int = 400) -> list[float]:
    now = Ball(LANDSCAPE.start)
    places = [now.place]
    while len(places) <= steps and LANDSCAPE.holds(now.place) and ball.settled(LANDSCAPE, places) is None:
        now = ball.roll(LANDSCAPE, now, rate, momentum)
        places.append(now.place)
    return places


@pytest.mark.parametrize(("momentum", "dip"), [(0.0, 0), (0.5, 0), (0.8, 0), (0.9, 1), (0.95, 1), (0.98, 1)])
def test_which_dip_it_comes_to_rest_in(momentum: float, dip: int) -> None:
    places = rolled(0.02, momentum)
    bottom = descent.bottoms(LANDSCAPE)[dip]
    assert ball.settled(LANDSCAPE, places) == bottom
    longer = rolled_on(places, 0.02, momentum, 600)
    assert longer == pytest.approx(bottom, abs=0.05)  # it does stay
    assert (max(places) > ball.crest(LANDSCAPE)) == bool(dip)


def rolled_on(places: list[float], rate: float, momentum: float, steps: int) -> float:
    now = Ball(places[-1], (places[-2] - places[-1]) / rate)
    for _ in range(steps):
        now = ball.roll(LANDSCAPE, now, rate, momentum)
    return now.place


def test_with_too_much_it_flies_over_the_rim() -> None:
    places = rolled(0.02, 0.99)
    assert places[-1] > LANDSCAPE.high
    assert len(places) == 30


def test_the_rim_is_lower_than_the_start_and_the_crest_lies_between_the_dips() -> None:
    shallow, deep = descent.bottoms(LANDSCAPE)
    crest = ball.crest(LANDSCAPE)
    assert shallow < crest < deep
    assert LANDSCAPE.slope(crest) == pytest.approx(0, abs=0.01)
    assert LANDSCAPE.curvature(crest) < 0
    rim = max(LANDSCAPE.loss(deep + i / 1000 * (LANDSCAPE.high - deep)) for i in range(1001))
    assert LANDSCAPE.loss(LANDSCAPE.high) < rim < LANDSCAPE.loss(LANDSCAPE.start)
    assert LANDSCAPE.loss(deep) < LANDSCAPE.loss(shallow) < LANDSCAPE.loss(crest) < rim


def test_overshoots_count_passes_over_bottoms() -> None:
    shallow, deep = descent.bottoms(LANDSCAPE)
    assert ball.overshoots(LANDSCAPE, [shallow - 1, shallow - 0.1]) == 0
    assert ball.overshoots(LANDSCAPE, [shallow - 0.1, shallow + 0.1, shallow - 0.1]) == 2
    assert ball.overshoots(LANDSCAPE, [shallow - 1, deep + 1]) == 2


def test_settled_takes_a_while() -> None:
    deep = descent.lowest(LANDSCAPE)
    assert ball.settled(LANDSCAPE, [deep] * (ball.STILL - 1)) is None
    assert ball.settled(LANDSCAPE, [deep + 0.1, deep] * ball.STILL) == deep
    assert ball.settled(LANDSCAPE, [*[deep] * ball.STILL, deep + 1]) is None
