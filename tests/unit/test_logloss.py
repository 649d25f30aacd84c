"""Log-loss: what answers cost, a run at other temperatures, and its best and worst photos, against numpy."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from fastai_tui.engine import logloss
from fastai_tui.engine.data.activations import FeatureLoader, Given
from fastai_tui.engine.data.image import ImageLoader, Normalise, OnDevice
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import heated, ranked
from fastai_tui.engine.logloss import TEMPERATURES

PHOTOS, CLASSES = 60, ["cats", "dogs", "frogs"]


def test_the_numbers_that_the_lesson_tells() -> None:
    assert logloss.mean(logloss.ten(0.001)) == pytest.approx((9 * 0.10536 + 6.90776) / 10, abs=1e-5)
    assert logloss.mean(logloss.ten(0.4)) == pytest.approx(0.1865, abs=5e-5)
    assert (logloss.right(0.49), logloss.right(0.5)) == (0.9, 1.0)
    assert logloss.cost(0) == float("inf")
    assert logloss.entropy() == pytest.approx(-0.7 * np.log(0.7) - 0.3 * np.log(0.3))
    said = np.linspace(0.01, 0.99, 99)
    costs = [logloss.constant(p) for p in said]
    labels = np.repeat([1, 0], [70, 30])
    assert costs == pytest.approx([-np.log(np.where(labels, p, 1 - p)).mean() for p in said])
    assert said[int(np.argmin(costs))] == pytest.approx(0.7)


def test_temperatures_are_even_in_their_logarithm() -> None:
    assert (TEMPERATURES[0], TEMPERATURES[20]) == (0.1, pytest.approx(1))
    assert np.diff(np.log(TEMPERATURES)) == pytest.approx(np.log(10) / 20)
    assert TEMPERATURES[-1] == pytest.approx(10)


def answers(scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of an honest network, times `scale`: it is then that much too sure."""
    draw = np.random.default_rng(7)
    logits = draw.normal(0, 1.5, (PHOTOS, 3))
    honest = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = [draw.choice(3, p=row) for row in honest]
    return torch.tensor(logits * scale), torch.tensor(truth)


def by_numpy(logits: np.ndarray, truth: np.ndarray, temperature: float) -> np.ndarray:
    """What each photo costs."""
    divided = logits / temperature
    return np.log(np.exp(divided).sum(1)) - divided[np.arange(len(truth)), truth]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run called 1, whose answers are three times too sure; its loader has pictures of one colour each."""
    logits, truth = answers(3.0)
    pixels = np.arange(PHOTOS, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 4, 6), np.uint8)
    loader = ImageLoader(OnDevice(pixels, torch.device("cpu")), truth, Normalise([0.5], [0.5], torch.device("cpu")), 8)
    data = SimpleNamespace(facts=SimpleNamespace(name="dogscats", classes=CLASSES), valid=loader)
    found: Any = SimpleNamespace(
        run=SimpleNamespace(id="0001", path=Path("runs")), step=9, learn=SimpleNamespace(data=data)
    )
    for module in (ranked, heated):
        monkeypatch.setattr(module, "load", lambda ref: found)
    monkeypatch.setattr(ranked, "predictions", lambda trained: (logits.softmax(1), truth))
    monkeypatch.setattr(ranked.checkpoints, "newest_name", lambda place: "checkpoint")
    ranked._predicted.cache_clear()
    heated._curve.cache_clear()
    yield found
    ranked._predicted.cache_clear()
    heated._curve.cache_clear()


@pytest.mark.parametrize("temperature", [0.1, 1.0, 2.5, 10.0])
def test_a_run_at_a_temperature(run: Any, temperature: float) -> None:
    logits, truth = (each.numpy() for each in answers(3.0))
    found = heated.answer("1", temperature)
    assert found.loss == pytest.approx(by_numpy(logits, truth, temperature).mean(), rel=1e-9)
    assert found.accuracy == pytest.approx((logits.argmax(1) == truth).mean())
    assert found.losses == pytest.approx([by_numpy(logits, truth, t).mean() for t in TEMPERATURES])
    fine = np.exp(np.linspace(np.log(0.1), np.log(10), 4001))
    losses = [by_numpy(logits, truth, t).mean() for t in fine]
    assert found.best == pytest.approx(fine[int(np.argmin(losses))], rel=2e-3)
    assert found.best_loss == pytest.approx(min(losses), rel=1e-6)
    assert found.best > 2  # too sure by three


def test_temperatures_out_of_bounds_are_refused(run: Any) -> None:
    with pytest.raises(BadInput, match="out of bounds"):
        heated.answer("1", 0)


def test_what_the_wrong_ones_cost(run: Any) -> None:
    logits, truth = (each.numpy() for each in answers(3.0))
    costs, answered = by_numpy(logits, truth, 1), logits.argmax(1)
    found = ranked.answer("1", "wrong", count=PHOTOS)
    assert (found.wrong, found.total) == ((answered != truth).sum(), PHOTOS)
    assert found.wrong_share == pytest.approx(costs[answered != truth].sum() / costs.sum())
    likely = np.exp(-by_numpy(logits, answered, 1))
    expected = sorted(np.flatnonzero(answered != truth), key=lambda row: -likely[row])
    assert [one.index for one in found.photos] == expected
    assert [one.loss for one in found.photos] == pytest.approx(costs[expected])
    frogs = ranked.answer("1", "correct", label=2, count=PHOTOS).photos
    assert {one.index for one in frogs} == set(np.flatnonzero((answered == truth) & (truth == 2)))
    shares = np.sort(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 1)
    unsure = ranked.answer("1", "uncertain", count=1).photos[0]
    assert unsure.index == np.argmin(shares[:, -1] - shares[:, -2])


def test_a_photo_is_shown_as_the_run_has_it(run: Any) -> None:
    found = ranked.photo("1", 12)
    _, truth = answers(3.0)
    assert (found.image, found.width, found.height, found.label) == (12, 6, 4, CLASSES[int(truth[12])])
    assert found.pixels == bytes([12]) * 4 * 6 * 3
    with pytest.raises(BadInput, match="0 to 59"):
        ranked.photo("1", 60)
    run.learn.data.valid = FeatureLoader(Given({}), "valid", truth, 8)
    assert not ranked.answer("1").pixels
    with pytest.raises(BadInput, match="numbers only"):
        ranked.photo("1", 0)
