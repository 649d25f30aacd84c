"""The Recorder against fastai's formulas, and with a clock that the test turns."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from fastai_tui.engine import events, recorder
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.interpret.stats import ActivationStats
from fastai_tui.engine.recorder import Recorder
from tests.unit.networks import learner


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


class Sink:
    """Keeps what a Recorder hands over."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: list[dict[str, np.ndarray]] = []
        self.firsts: list[int] = []
        self.stats: list[np.ndarray] = []
        self.events: list[Any] = []

    def now(self) -> float:
        return self.clock.now

    def emit(self, event: events.AnyEvent) -> None:
        self.events.append(event)

    def flush(self, first_step: int, batches: dict[str, np.ndarray], stats: np.ndarray | None) -> None:
        if batches:
            self.firsts.append(first_step)
            self.rows.append(batches)
        if stats is not None:
            self.stats.append(stats)

    def all(self, name: str) -> list[float]:
        return [float(x) for rows in self.rows for x in rows[name].ravel()]


class Ticking(Callback):
    """Every batch takes `seconds`; every loss is written down; the loss of the batch `bad` becomes `worst`."""

    def __init__(self, clock: Clock, seconds: float, bad: int = -1, worst: float = math.nan) -> None:
        self.clock, self.seconds, self.bad, self.worst = clock, seconds, bad, worst
        self.losses: list[float] = []

    def after_batch(self) -> None:
        self.clock.now += self.seconds
        if self.learn.step == self.bad:
            self.learn.loss = torch.tensor(self.worst)
        self.losses.append(self.learn.loss.item())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(recorder, "time", made)
    return made


def recorded(clock: Clock, seconds: float, *, bad: int = -1, worst: float = math.nan) -> tuple[Sink, Ticking, Recorder]:
    sink, ticking, learn = Sink(clock), Ticking(clock, seconds, bad, worst), learner()
    kept = Recorder(sink)
    learn.callbacks += [kept, ticking]
    learn.fit(3)
    return sink, ticking, kept


def test_smooth_losses_are_fastai_s(clock: Clock) -> None:
    sink, ticking, _ = recorded(clock, 0.02)
    average, expected = 0.0, []
    for i, loss in enumerate(ticking.losses, 1):  # fastai.learner.AvgSmoothLoss, and its debiasing
        average = loss + 0.98 * (average - loss)
        expected.append(average / (1 - 0.98**i))
    assert sink.all("smooth_loss") == pytest.approx(expected, rel=1e-5)
    assert sink.all("loss") == pytest.approx(ticking.losses, rel=1e-6)


def test_every_batch_is_written_once_at_its_step_with_its_rates(clock: Clock) -> None:
    sink, _, _ = recorded(clock, 0.02)
    steps = [first + i for first, rows in zip(sink.firsts, sink.rows, strict=True) for i in range(len(rows["loss"]))]
    assert steps == list(range(1, 16))
    assert sink.all("epoch") == [0.0] * 5 + [1.0] * 5 + [2.0] * 5
    plan = learner().plan
    assert sink.all("lr") == pytest.approx([plan.at(i / 15)[0][0] for i in range(15)])
    assert sink.all("momentum") == pytest.approx([plan.at(i / 15)[1] for i in range(15)])
    assert sink.all("time") == pytest.approx([100 + 0.02 * i for i in range(1, 16)])


def test_numbers_are_fetched_at_most_once_in_an_interval(clock: Clock) -> None:
    sink, _, _ = recorded(clock, 0.02)
    assert [len(rows["loss"]) for rows in sink.rows] == [3, 2] * 3  # 0.05 s are over after the third; an epoch's rest


def test_the_speed_is_items_by_seconds(clock: Clock) -> None:
    sink, _, _ = recorded(clock, 0.02)
    assert sink.all("samples_per_second") == pytest.approx([10 / 0.02] * 15, rel=1e-6)


def test_the_speed_is_that_of_all_processes_that_train_together(clock: Clock) -> None:
    sink, learn = Sink(clock), learner()
    learn.processes = 4
    learn.callbacks += [Recorder(sink), Ticking(clock, 0.02)]
    learn.fit(1)
    assert sink.all("samples_per_second") == pytest.approx([4 * 10 / 0.02] * 5, rel=1e-6)


def test_epochs_tell_the_smoothed_loss_the_validation_and_their_seconds(clock: Clock) -> None:
    sink, _, kept = recorded(clock, 0.02)
    assert [(e.epoch, e.step) for e in sink.events] == [(0, 5), (1, 10), (2, 15)]
    last = sink.events[-1]
    assert last.seconds == pytest.approx(0.1)
    assert last.train_loss == sink.all("smooth_loss")[-1]
    loss, results = kept.learn.validate(kept.learn.data.valid)
    assert (last.valid_loss, last.metrics) == (loss, results)


@pytest.mark.parametrize("worst", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_ends_training_and_is_written(clock: Clock, worst: float) -> None:
    sink, _, kept = recorded(clock, 1.0, bad=7, worst=worst)
    assert kept.diverged
    assert kept.learn.step == 7
    assert len(sink.all("loss")) == 7
    assert not math.isfinite(sink.all("loss")[-1])


def test_a_bad_loss_still_unwritten_when_training_ends_is_no_error(clock: Clock) -> None:
    class Stop(Callback):
        order = 99

        def after_batch(self) -> None:
            raise ZeroDivisionError

    sink, learn = Sink(clock), learner()
    kept = Recorder(sink)
    learn.callbacks += [Ticking(clock, 0.0, bad=1), kept, Stop()]
    with pytest.raises(ZeroDivisionError):
        learn.fit(1)
    assert kept.diverged
    assert len(sink.all("loss")) == 1


def test_the_moving_average_goes_on_from_its_state(clock: Clock) -> None:
    sink, _, kept = recorded(clock, 0.02)
    again = Recorder(Sink(clock))
    again.restore(kept.state())
    assert (again.smooth_loss, again.count) == (kept.smooth_loss, 15)
    assert again.smooth_loss == pytest.approx(sink.all("smooth_loss")[-1])


def test_activations_have_a_column_for_every_batch(clock: Clock) -> None:
    learn, sink = learner(), Sink(clock)
    stats = ActivationStats(learn.model)
    learn.callbacks += [Recorder(sink, stats), Ticking(clock, 0.02)]
    learn.fit(1)
    assert stats.names == ["0", "4"]
    assert np.concatenate(sink.stats).shape == (5, 2, 44)
    assert np.concatenate(sink.stats)[:, :, 3].tolist() == [[120.0, 30.0]] * 5
