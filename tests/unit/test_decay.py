"""Weight decay on two weights: every step is torch's, with SGD, Adam and AdamW."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine import decay, optim
from fastai_tui.engine.decay import Mode, Opt

STEPS = 60
ADAM: dict[str, Any] = {"betas": (0.9, 0.99), "eps": 1e-5}


def torch_path(opt: Opt, mode: Mode, rate: float, wd: float) -> list[tuple[float, float]]:
    """The same two weights under the same two batches, by autograd and a real optimiser."""
    w = torch.tensor(decay.START, dtype=torch.float64, requires_grad=True)
    optimiser: torch.optim.Optimizer
    if opt == "adam":
        kind = torch.optim.Adam if mode == "coupled" else torch.optim.AdamW
        optimiser = kind([w], lr=rate, weight_decay=wd, **ADAM)
    elif mode == "coupled":
        optimiser = torch.optim.SGD([w], lr=rate, weight_decay=wd)
    else:
        optimiser = optim.SGD([{"params": [w], "weight_decay": wd}], lr=rate, momentum=0.0)
    path = [(w[0].item(), w[1].item())]
    for batch in range(STEPS):
        side = 1 if batch % 2 else -1
        optimiser.zero_grad()
        (0.5 * (w[0] - (3 - side * 2)) ** 2 + side * 0.1 * w[1]).backward()
        optimiser.step()
        path.append((w[0].item(), w[1].item()))
    return path


@pytest.mark.parametrize("opt", ["sgd", "adam"])
@pytest.mark.parametrize("mode", ["coupled", "decoupled"])
@settings(deadline=None, max_examples=15)
@given(st.floats(0.001, 0.5), st.floats(0, 1))
def test_every_step_is_torchs(opt: Opt, mode: Mode, rate: float, wd: float) -> None:
    mine = decay.path(STEPS, rate, wd, opt, mode)
    values = [(large.value, small.value) for large, small in mine]
    for ours, theirs in zip(values, torch_path(opt, mode, rate, wd), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@given(st.floats(0.001, 0.5), st.floats(0, 1))
def test_with_plain_sgd_both_are_the_same(rate: float, wd: float) -> None:
    ends = [decay.path(STEPS, rate, wd, "sgd", mode)[-1] for mode in ("coupled", "decoupled")]
    for one, other in zip(*ends, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9, abs=1e-9)


@given(st.floats(0.001, 0.2))
def test_without_decay_both_are_the_same_with_adam_too(rate: float) -> None:
    assert decay.path(STEPS, rate, 0.0, "adam", "coupled") == decay.path(STEPS, rate, 0.0, "adam", "decoupled")


def test_adam_divides_coupled_decay_by_the_gradients_size() -> None:
    """`small` shrinks about ten times as fast (its gradients are of size .1), `large` half as fast (size 2)."""
    rate, wd, steps = 0.05, 0.001, 200
    free, coupled, decoupled = (
        decay.path(steps, rate, each, "adam", mode)[-1]
        for each, mode in ((0.0, "coupled"), (wd, "coupled"), (wd, "decoupled"))
    )
    large, small = ((with_ - without) for with_, without in zip(
        *[[weight.value for weight in end] for end in (coupled, free)], strict=True
    ))  # fmt: skip
    large_apart, small_apart = (end.value - without.value for end, without in zip(decoupled, free, strict=True))
    assert small / small_apart == pytest.approx(10, rel=0.1)
    assert large / large_apart == pytest.approx(0.5, rel=0.1)
    sizes = [decay.size(weight.square, weight.steps) for weight in coupled]
    assert sizes == pytest.approx([2.1, 0.1], rel=0.05)


def test_the_loss_is_the_batches_average_and_a_valley() -> None:
    for large in (0.0, 1.3, 3.0):
        w = torch.tensor([large, 7.0], requires_grad=True, dtype=torch.float64)
        both = sum(0.5 * (w[0] - want) ** 2 for want in (1.0, 5.0)) / 2 - 2.0  # 2 is what no weight can mend
        (gradient,) = torch.autograd.grad(both, w)
        assert decay.loss(large) == pytest.approx(both.item())
        mean = [sum(each) / 2 for each in zip(*(decay.gradients(large, 7.0, batch) for batch in (0, 1)), strict=True)]
        assert mean == pytest.approx(gradient.tolist())


def test_before_the_first_step_there_is_no_size() -> None:
    assert decay.size(0.0, 0) == 0
    assert [weight.value for weight in decay.path(0, 0.1, 0.1, "adam", "coupled")[0]] == list(decay.START)
