"""Averages of weights: the network ends with what the arithmetic says, and a resume goes on with the same."""

from typing import Any

import pytest
import torch
from torch import nn

from fastai_tui.engine.averaging import Averaging, Ema, Lookahead


class Fake:
    """A Learner as far as averaging looks at it: its weight grows by 1 in every step."""

    def __init__(self, total: int) -> None:
        self.model, self.step, self.total = nn.Linear(1, 1, bias=False), 0, total
        nn.init.zeros_(self.model.weight)

    def go(self, callback: Averaging, until: int) -> list[float]:
        """Weights after each step, as the callback leaves them; every step adds 1."""
        callback.learn = self  # type: ignore[assignment]
        callback.before_fit()
        found = []
        while self.step < until:
            self.step += 1
            with torch.no_grad():
                self.model.weight += 1
            callback.after_batch()  # type: ignore[attr-defined]
            found.append(self.model.weight.item())
        return found


def test_lookahead_goes_back_to_its_average_every_few_steps() -> None:
    expected, fast, slow = [], 0.0, 0.0
    for step in range(1, 13):
        fast += 1
        if step % 5 == 0:
            slow += (fast - slow) * (1 - 0.95**5 * (step / 12) ** 3)
            fast = slow
        expected.append(fast)
    expected[-1] = slow  # the last batch leaves the average
    assert Fake(12).go(Lookahead(), 12) == pytest.approx(expected)


def test_the_moving_average_is_the_network_s_at_the_end() -> None:
    mean = 0.0
    for step in range(1, 21):
        mean += (step - mean) / max(1, min(step, 0.25 * 20))
    found = Fake(20).go(Ema(0.25), 20)
    assert found[:-1] == list(range(1, 20))
    assert found[-1] == pytest.approx(mean)


@pytest.mark.parametrize("kind", [Lookahead, Ema])
def test_a_resume_goes_on_with_the_same_average(kind: Any) -> None:
    whole = Fake(20).go(kind(), 20)
    fake, first, second = Fake(20), kind(), kind()
    begun = fake.go(first, 7)
    second.restore([t.clone() for t in first.state()])
    assert begun + fake.go(second, 20) == whole


def test_running_statistics_are_averaged_and_counts_are_not() -> None:
    fake = Fake(4)
    fake.model = nn.BatchNorm1d(3)
    callback = Ema()
    callback.learn = fake  # type: ignore[assignment]
    callback.before_fit()
    assert len(callback.state()) == 4  # scale, shift, mean, variance; how many batches there were is a whole number
