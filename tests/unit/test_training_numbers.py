"""What the chapters `stability` and `learning-rate` state and can be computed at once, by torch and plain arithmetic.

What they say of whole runs is trained anew in tests/e2e/test_lesson_runs.py.
"""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.unit.test_chapter_numbers import answer, parameters, question, said, step


def net(first: int = 5, norm: bool = False) -> list[nn.Module]:
    channels = [1, 8, 16, 32, 64, 10]
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(channels)):
        layers.append(nn.Conv2d(a, b, first if i == 0 else 3, stride=2))
        layers += [nn.BatchNorm2d(b)] if norm else []
    return layers


def test_the_first_layer() -> None:
    assert answer("stability", "ten", "parameters") == parameters(net()[0]) == 208
    assert parameters(net(first=3)[0]) == 80
    assert (parameters(*net(first=3)), parameters(*net())) == (30_154, 30_282)
    assert "30,154 to 30,282" in said("stability", "ten")


def test_updates() -> None:
    assert answer("stability", "batches", "updates") == 4000 // 512
    assert 4000 // 64 == 62
    assert (15 * 62, 17 * 7, 17 * 62) == (930, 119, 1054)
    assert "1,054" in said("stability", "batches")
    assert math.sqrt(512 / 64) == pytest.approx(2.8, abs=0.05)
    assert "930 batches" in said("stability", "inside")


def one_cycle(total: int, top: float) -> list[tuple[float, float]]:
    """torch's own 1cycle: rate and momentum before every batch."""
    opt = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=top, betas=(0.95, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, top, total_steps=total, pct_start=0.25)
    found = []
    for _ in range(total):
        found.append((opt.param_groups[0]["lr"], opt.param_groups[0]["betas"][0]))
        opt.step()
        schedule.step()
    return found


def test_one_cycle() -> None:
    plan = one_cycle(119, 0.06)
    rates = [rate for rate, _ in plan]
    asked = question("stability", "schedule", "peak")
    assert isinstance(asked.answer, float)
    assert abs(rates.index(max(rates)) + 1 - asked.answer) <= asked.tolerance
    assert rates[0] == pytest.approx(0.06 / 25) == pytest.approx(0.0024)
    momenta = [momentum for _, momentum in plan]
    assert min(momenta) == pytest.approx(momenta[rates.index(max(rates))], abs=1e-3) == pytest.approx(0.85, abs=1e-3)


def landscape(w: torch.Tensor) -> torch.Tensor:
    """The momentum pane's curve, typed in from its definition."""
    dips = ((-1.1, 0.75, 0.5), (1.0, 1.6, 0.7), (3.3, 2.6, 0.75))
    return 0.25 * w**2 + 1.4 - sum(depth * torch.exp(-(((w - at) / width) ** 2)) for at, depth, width in dips)


def rolled(momentum: float, rate: float = 0.02) -> float:
    """Where torch's SGD brings a weight that begins at the left edge in 400 steps, or the first place out of sight."""
    w = nn.Parameter(torch.tensor(-2.6, dtype=torch.float64))
    opt = torch.optim.SGD([w], lr=rate, momentum=momentum)
    for _ in range(400):
        opt.zero_grad()
        landscape(w).backward()
        opt.step()
        if abs(w.item()) > 2.8:
            break
    return w.item()


def test_momentum() -> None:
    assert answer("stability", "momentum", "tenfold") == pytest.approx(1 / (1 - 0.9))
    assert pytest.approx((20, 100)) == (1 / (1 - 0.95), 1 / (1 - 0.99))
    assert rolled(0) == pytest.approx(-1.01, abs=0.02)  # the shallow dip
    assert rolled(0.9) == pytest.approx(0.93, abs=0.02)  # the deep one
    assert rolled(0.99) > 2.8
    (rate,) = [knob.default for knob in step("stability", "momentum").knobs if knob.name == "rate"]
    assert rate == 0.02


def test_batch_norm() -> None:
    norm, xb = nn.BatchNorm1d(1), torch.randn(64, 1) * 3 + 2
    out = norm(xb)
    assert answer("stability", "idea", "deviation") == pytest.approx(out.std(correction=0).item(), abs=1e-3)
    torch.testing.assert_close(norm(xb + 5), out, atol=1e-4, rtol=0)
    assert answer("stability", "norm", "parameters") == 260
    assert parameters(*net(norm=True)) - parameters(*net()) == 260
    assert parameters(*net(norm=True)) == 30_542


def test_running_averages() -> None:
    norm, found = nn.BatchNorm1d(1), []
    for _ in range(22):
        norm(torch.tensor([[0.0], [2.0]]))  # mean 1
        found.append(norm.running_mean.item())  # type: ignore[union-attr,operator]
    assert answer("stability", "averages", "tenth") == pytest.approx(found[0])
    assert found[9] == pytest.approx(0.65, abs=0.005)
    assert found[20] < 0.9 < found[21]
    assert ".65, after 22 .9" in said("stability", "averages")


def walked(slope: Callable[[float], float], w: float, rate: float, near: float = 0.02) -> int:
    """Steps of plain gradient descent until w is near 0."""
    count = 0
    while abs(w) >= near and count < 10_000:
        w, count = w - rate * slope(w), count + 1
    return count


def test_descent() -> None:
    assert answer("learning-rate", "descent", "half") == -2 - 0.5 * (2 * -2)
    assert walked(lambda w: 2 * w, -2, 0.125) == 17
    assert walked(lambda w: 2 * w, -2, 0.015625) / 17 == pytest.approx(9, abs=0.5)
    bound = answer("learning-rate", "descent", "bound")
    assert isinstance(bound, float)
    assert abs(1 - 2 * bound) == 1
    assert abs(1 - 2 * 0.99 * bound) < 1


def test_annealing() -> None:
    assert answer("learning-rate", "anneal", "steps") == pytest.approx(0.01 / 10 / 10)
    opt = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 100)
    rates = []
    for _ in range(100):
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        cosine.step()
    assert answer("learning-rate", "anneal", "shape") == "half-way"
    assert rates[50] == pytest.approx(0.5)
    assert rates[25] > 0.75  # it stays high for longer
    assert rates[75] < 0.25  # and ends more gently


def test_restarts() -> None:
    assert answer("learning-rate", "restarts", "epochs") == 1 + 2 + 4
    opt = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, 1, T_mult=2)
    tops = []
    for epoch in range(8):
        schedule.step(epoch)
        tops += [epoch] if opt.param_groups[0]["lr"] == 1.0 else []
    assert tops == [0, 1, 3, 7]  # the third cycle is over after seven epochs


def test_layer_groups() -> None:
    asked = answer("learning-rate", "groups", "left")
    assert asked == parameters(nn.Conv2d(64, 10, 3), nn.BatchNorm2d(10))
    assert "5,790 of 30,542" in said("learning-rate", "groups")


def decayed(kind: type[torch.optim.Adam], decay: float) -> tuple[float, float]:
    """Two weights under 200 batches: one is pulled to 3 with 2 to either side, the other pulled .1 to either side."""
    large, small = (nn.Parameter(torch.tensor(v, dtype=torch.float64)) for v in (0.5, 2.5))
    opt = kind([large, small], lr=0.05, betas=(0.9, 0.99), eps=1e-5, weight_decay=decay)
    for batch in range(200):
        side = 1 if batch % 2 else -1
        large.grad = (large - 3 + 2 * side).detach()
        small.grad = torch.tensor(0.1 * side, dtype=torch.float64)
        opt.step()
    return large.item(), small.item()


def test_weight_decay() -> None:
    asked = question("learning-rate", "decay", "small")
    decoupled, coupled = decayed(torch.optim.AdamW, 0.03), decayed(torch.optim.Adam, 0.03)
    assert isinstance(asked.answer, float)
    assert abs(asked.answer - decoupled[1]) < asked.tolerance
    assert decoupled[1] == pytest.approx(1.92, abs=0.005)
    assert coupled[1] == pytest.approx(0.11, abs=0.005)
    assert coupled[0] > decoupled[0]  # the weight that the data want keeps more
    assert pytest.approx(1.85, abs=0.005) == 2.5 * (1 - 0.05 * 0.03) ** 200
