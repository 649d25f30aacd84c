"""Gradient descent on curves: slopes and curvatures are autograd's, steps torch's, the bound is where it must be."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fastai_tui.engine import descent
from fastai_tui.engine.descent import BOWL, CURVES, DIPS, LANDSCAPE, NARROW, Curve

ALL = st.sampled_from([*CURVES, LANDSCAPE])
WEIGHTS = st.floats(-3, 3)
PARABOLAS = st.sampled_from([BOWL, NARROW])


def torch_loss(curve: Curve, w: torch.Tensor) -> torch.Tensor:
    hollows = [dip.depth * torch.exp(-(((w - dip.place) / dip.width) ** 2)) for dip in curve.dips]
    return curve.steepness * w**2 + curve.base - sum(hollows, torch.zeros(()))


@settings(deadline=None)
@given(ALL, WEIGHTS)
def test_loss_slope_and_curvature_are_autograds(curve: Curve, at: float) -> None:
    w = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    loss = torch_loss(curve, w)
    (slope,) = torch.autograd.grad(loss, w, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, w)
    found = (curve.loss(at), curve.slope(at), curve.curvature(at))
    assert found == pytest.approx((loss.item(), slope.item(), curvature.item()), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(ALL, WEIGHTS, st.floats(0.001, 0.3))
def test_steps_are_torchs(curve: Curve, start: float, rate: float) -> None:
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    opt = torch.optim.SGD([w], lr=rate)
    mine = start
    for _ in range(5):
        opt.zero_grad()
        torch_loss(curve, w).backward()
        opt.step()
        mine = descent.step(curve, mine, rate)
        assume(abs(mine) < 100)
        assert mine == pytest.approx(w.item(), rel=1e-9, abs=1e-9)


@given(PARABOLAS, st.floats(0.1, 2), st.floats(0.01, 3))
def test_below_the_bound_every_step_comes_nearer_and_above_it_none(curve: Curve, start: float, share: float) -> None:
    assume(abs(share - 1) > 1e-6)
    after = descent.step(curve, start, share * descent.bound(curve, 0.0))
    assert (abs(after) < abs(start)) == (share < 1)


@pytest.mark.parametrize(("curve", "bound"), [(BOWL, 1.0), (NARROW, 0.125)])
def test_at_the_bound_it_goes_to_and_fro_for_ever(curve: Curve, bound: float) -> None:
    assert descent.bound(curve, 0.0) == bound
    first = descent.step(curve, curve.start, bound)
    assert (first, descent.step(curve, first, bound)) == (-curve.start, curve.start)
    assert descent.step(curve, curve.start, bound / 2) == 0


@pytest.mark.parametrize(("curve", "count"), [(BOWL, 1), (NARROW, 1), (DIPS, 2), (LANDSCAPE, 2)])
def test_bottoms_are_all_the_minima_in_sight(curve: Curve, count: int) -> None:
    found = descent.bottoms(curve)
    assert len(found) == count
    for bottom in found:
        assert abs(curve.slope(bottom)) < 1e-9
        assert curve.curvature(bottom) > 0
    places = torch.linspace(curve.low, curve.high, 20001, dtype=torch.float64)
    losses = torch_loss(curve, places)
    lowest = places[losses.argmin()].item() if curve is not LANDSCAPE else descent.lowest(curve)
    assert descent.lowest(curve) == pytest.approx(lowest, abs=1e-3)
    dips = ((losses[1:-1] < losses[:-2]) & (losses[1:-1] <= losses[2:])).sum().item()
    assert dips == count


def test_the_deep_dip_is_the_narrow_one() -> None:
    narrow, wide = descent.bottoms(DIPS)
    assert DIPS.loss(narrow) < DIPS.loss(wide)
    assert descent.bound(DIPS, narrow) < descent.bound(DIPS, wide) / 5
    assert (descent.nearest(DIPS, -1.0), descent.nearest(DIPS, 0.9)) == (narrow, wide)


def walk(curve: Curve, rate: float) -> tuple[int, float]:
    """Steps until it arrives or leaves, and where that is."""
    w, steps = curve.start, 0
    while steps < 200 and curve.holds(w) and not descent.arrived(curve, w, rate):
        w, steps = descent.step(curve, w, rate), steps + 1
    return steps, w


@pytest.mark.parametrize(
    ("curve", "rate", "end"),
    [
        (DIPS, 0.03125, -1.195), (DIPS, 0.125, 1.058), (DIPS, 0.25, 1.058), (BOWL, 0.125, 0.0), (NARROW, 0.03125, 0.0)
    ],
)  # fmt: skip
def test_larger_rates_leave_the_narrow_dip_for_the_wide_one(curve: Curve, rate: float, end: float) -> None:
    steps, w = walk(curve, rate)
    assert steps < 60
    assert w == pytest.approx(end, abs=descent.NEAR)


def test_landing_on_a_bottom_that_does_not_hold_is_no_arrival() -> None:
    narrow = descent.bottoms(DIPS)[0]
    assert not descent.arrived(DIPS, narrow + 0.015, 0.125)
    assert descent.arrived(DIPS, narrow + 0.015, 0.01)
    assert not descent.arrived(BOWL, 0.5, 0.125)


def test_too_large_a_rate_leaves() -> None:
    assert walk(BOWL, 2.0) == (1, 6.0)
    assert not DIPS.holds(walk(DIPS, 0.5)[1])
