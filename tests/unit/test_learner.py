"""The Learner against plain PyTorch loops written out here."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from fastai_tui.engine.callback import Callback, CancelBatch, CancelEpoch, CancelFit
from fastai_tui.engine.data.batches import Data
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.job import Job
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner, assemble
from tests.unit.networks import FACTS, SETTINGS, Batches, data, learner, network

BIASES_AND_NORMS = ("0.bias", "1.weight", "1.bias", "4.bias")


class Losses(Callback):
    """Every batch's loss, rates and momentum."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.told: list[tuple[list[float], float]] = []

    def after_batch(self) -> None:
        self.losses.append(self.learn.loss.item())
        self.told.append((self.learn.lr, self.learn.momentum))


def cosine(start: float, end: float, x: float) -> float:
    return start + (end - start) * (1 - math.cos(math.pi * x)) / 2


def one_cycle(top: float, x: float) -> tuple[float, float]:
    """fastai's published definition: a quarter of warm-up, div 25, div_final 100,000, momenta .95, .85, .95."""
    if x < 0.25:
        return cosine(top / 25, top, x * 4), cosine(0.95, 0.85, x * 4)
    y = (x - 0.25) / 0.75
    return cosine(top, top / 1e5, y), cosine(0.85, 0.95, y)


def plain_loop(schedule: str, tops: list[float], epochs: int) -> tuple[list[float], list[float], nn.Sequential]:
    """(losses, validation losses, the network) of a loop as one writes it by hand, with torch's own AdamW."""
    model, sets = network(), data()
    parts = [[n for n, _ in model.named_parameters() if (n[0] == "0") == (i == 0) or len(tops) == 1] for i in (0, 1)]
    named = dict(model.named_parameters())
    groups = [
        {"params": [named[n]], "top": top, "weight_decay": 0.0 if n in BIASES_AND_NORMS else 0.1}
        for top, names in zip(tops, parts, strict=False)
        for n in names
    ]
    opt = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.99), eps=1e-5)
    losses, valid, step, total = [], [], 0, epochs * len(sets.train)
    for epoch in range(epochs):
        model.train()
        for xb, yb in sets.train.batches(epoch):
            for group in opt.param_groups:
                lr, momentum = (group["top"], 0.9) if schedule == "flat" else one_cycle(group["top"], step / total)
                group["lr"], group["betas"] = lr, (momentum, 0.99)
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            losses.append(loss.item())
            step += 1
        model.eval()
        with torch.no_grad():
            together = [F.cross_entropy(model(xb), yb, reduction="sum") for xb, yb in sets.valid.batches(0)]
        valid.append(float(sum(together)) / sets.valid.items)
    return losses, valid, model


@pytest.fixture
def doubles() -> Iterator[None]:
    """Sixteen digits, so that two orders of the same additions give the same numbers."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("schedule", ["flat", "1cycle"])
@pytest.mark.parametrize("rates", [[0.02], [0.003, 0.02]])
def test_training_is_what_a_plain_loop_does(doubles: None, schedule: str, rates: list[float]) -> None:
    lr: Value = rates[0] if len(rates) == 1 else rates
    learn, seen = learner(groups=len(rates) == 2, schedule=schedule, lr=lr), Losses()
    learn.callbacks.append(seen)
    learn.fit(3)
    losses, valid, model = plain_loop(schedule, rates, 3)
    assert seen.losses == pytest.approx(losses, rel=1e-9)
    assert learn.valid_loss == pytest.approx(valid[-1], rel=1e-9)
    for name in ("0.weight", "1.bias", "4.weight"):  # not 0.bias: the norm after it takes it away again
        torch.testing.assert_close(learn.model.get_parameter(name), model.get_parameter(name), rtol=1e-8, atol=1e-9)


def test_fit_one_cycle_has_fastai_s_rates_and_momenta_at_every_batch() -> None:
    learn, seen = learner(schedule="flat"), Losses()
    learn.callbacks.append(seen)
    learn.fit_one_cycle(4, 0.3)
    expected = [one_cycle(0.3, i / 20) for i in range(20)]
    assert [rates[0] for rates, _ in seen.told] == pytest.approx([lr for lr, _ in expected], rel=1e-9)
    assert [momentum for _, momentum in seen.told] == pytest.approx([m for _, m in expected], rel=1e-9)


class Quadratic(nn.Module):
    """A parameter for each layer group; the loss is half its squared length, so that its gradient is itself."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(1, 4, bias=False) for _ in range(3))

    def forward(self, xb: torch.Tensor) -> torch.Tensor:
        return torch.cat([part.weight.flatten() for part in self.parts])


def quadratic(wd: Value = 0.0) -> JobLearner:
    settings = {**SETTINGS, "opt": "sgd", "momentum": 0.0, "schedule": "flat", "lr": 0.1, "wd": wd}
    job, model = Job(experiment="made", builder="", settings=settings, device="cpu"), Quadratic()
    return assemble(job, model, data(), lambda preds, yb: preds.square().sum() / 2, {}, [*model.parts])


def test_differential_rates_move_groups_in_proportion() -> None:
    learn = quadratic()
    before = [p.detach().clone() for p in learn.model.parameters()]
    steps = len(learn.data.train)
    learn.fit_cycles([0.001, 0.01, 0.1], 2, momentum=0.0)
    for start, p, lr in zip(before, learn.model.parameters(), (0.001, 0.01, 0.1), strict=True):
        torch.testing.assert_close(p.detach(), start * (1 - lr) ** (2 * steps))


def test_weight_decay_per_group_shrinks_each_group_by_its_own() -> None:
    learn = quadratic(wd=[0.0, 0.5, 1.0])
    before = [p.detach().clone() for p in learn.model.parameters()]
    learn.fit(1)
    for start, p, wd in zip(before, learn.model.parameters(), (0.0, 0.5, 1.0), strict=True):
        torch.testing.assert_close(p.detach(), start * ((1 - 0.1 * wd) - 0.1) ** 5)
    middle = [p.detach().clone() for p in learn.model.parameters()]
    learn.fit_cycles(0.1, 1, wds=[2.0, 0.0, 0.0], momentum=0.0)
    for start, p, wd in zip(middle, learn.model.parameters(), (2.0, 0.0, 0.0), strict=True):
        torch.testing.assert_close(p.detach(), start * ((1 - 0.1 * wd) - 0.1) ** 5)


def test_cycles_are_restarts_of_the_length_and_growth_that_is_asked_for() -> None:
    learn, seen = learner(groups=True), Losses()
    learn.callbacks.append(seen)
    learn.fit(1)  # what was trained before does not count
    learn.fit_cycles([0.01, 0.1], 3, cycle_len=1, cycle_mult=2)
    assert learn.epoch == 8
    batches = [(i + 0.0) / (5 * length) for length in (1, 2, 4) for i in range(5 * length)]
    expected = [[cosine(0.01, 0, x), cosine(0.1, 0, x)] for x in batches]
    assert [rates for rates, _ in seen.told[5:]] == [pytest.approx(pair, abs=1e-12) for pair in expected]
    assert {momentum for _, momentum in seen.told[5:]} == {0.9}


def test_without_a_length_of_cycles_the_rate_stays_for_so_many_epochs() -> None:
    learn, seen = learner(), Losses()
    learn.callbacks.append(seen)
    learn.fit_cycles(0.03, 2)
    learn.fit_cycles(0.01, 1, cycle_len=2)
    assert learn.epoch == 4
    assert [rates for rates, _ in seen.told[:10]] == [[0.03]] * 10
    assert [rates[0] for rates, _ in seen.told[10:]] == pytest.approx([cosine(0.01, 0, i / 10) for i in range(10)])


@pytest.mark.parametrize("arguments", [{"lr": [0.1, 0.2, 0.3]}, {"lr": 0.1, "wds": [0.1]}])
def test_rates_for_other_groups_are_refused_before_anything_moves(arguments: dict) -> None:
    learn = learner(groups=True)
    with pytest.raises(ValueError, match="for 2 layer groups"):
        learn.fit_cycles(cycles=1, **arguments)
    assert learn.step == 0


def test_validation_weighs_every_item_alike_in_a_short_last_batch_too() -> None:
    learn = learner()
    loss, results = learn.validate(learn.data.valid)
    assert isinstance(learn.data.valid, Batches)
    xs, ys = learn.data.valid.xs, learn.data.valid.ys
    with torch.no_grad():
        preds = network().eval()(xs)
    assert loss == pytest.approx(F.cross_entropy(preds.double(), ys).item(), rel=1e-6)
    assert results == {"accuracy": pytest.approx((preds.argmax(1) == ys).double().mean().item(), rel=1e-6)}


def test_validation_leaves_weights_and_running_means_alone() -> None:
    learn = learner(dropout=0.5)
    before = {name: t.clone() for name, t in learn.model.state_dict().items()}
    assert learn.validate(learn.data.valid) == learn.validate(learn.data.valid)
    assert all(torch.equal(t, before[name]) for name, t in learn.model.state_dict().items())


def test_going_on_from_a_place_does_the_rest_of_the_batches() -> None:
    learn, seen = learner(), Losses()
    learn.epoch, learn.batch, learn.step = 1, 3, 8
    learn.callbacks.append(seen)
    learn.fit(3)
    assert (len(seen.losses), learn.step, learn.epoch) == (7, 15, 3)


def test_saved_weights_predict_the_same_in_another_learner(tmp_path: Path) -> None:
    learn, other = learner(), learner()
    learn.fit(1)
    learn.save(tmp_path / "weights.safetensors")
    xb = torch.randn(5, 6)
    assert not torch.equal(other.predict(xb), learn.predict(xb))
    other.load(tmp_path / "weights.safetensors")
    assert torch.equal(other.predict(xb), learn.predict(xb))
    assert other.predict(xb).dtype == torch.float32
    assert not other.predict(xb).requires_grad


def test_weights_of_another_network_are_refused_and_change_nothing(tmp_path: Path) -> None:
    learn, path = learner(), tmp_path / "weights.safetensors"
    before = {name: t.clone() for name, t in learn.model.state_dict().items()}
    save_file({name: torch.zeros_like(t) for name, t in before.items() if name != "4.bias"}, path)
    with pytest.raises(BadInput, match="another network"):
        learn.load(path)
    path.write_bytes(b"no weights at all")
    with pytest.raises(BadInput, match="no weights"):
        learn.load(path)
    with pytest.raises(BadInput, match="no weights"):
        learn.load(tmp_path)
    with pytest.raises(DataMissing, match="no weights at"):
        learn.load(tmp_path / "nothing")
    assert all(torch.equal(t, before[name]) for name, t in learn.model.state_dict().items())


class Diary(Callback):
    """Writes down which of its hooks are called, and raises at one of them."""

    def __init__(self, said: list[str], name: str = "", at: str = "", error: type[Exception] = ValueError) -> None:
        self.said, self.name, self.at, self.error, self.raised = said, name, at, error, False

    def _call(self, hook: str) -> None:
        self.said.append(self.name + hook)
        if hook == self.at and not self.raised:
            self.raised = True
            raise self.error

    def __getattr__(self, hook: str) -> object:
        if hook.startswith(("before_", "after_", "cleanup_")):
            return lambda: self._call(hook)
        raise AttributeError(hook)


BATCH = ["before_batch", "before_step", "after_batch", "cleanup_batch"]


def diary(at: str = "", error: type[Exception] = ValueError, epochs: int = 1) -> list[str]:
    said: list[str] = []
    learn = learner()
    learn.data = Data(Batches(20, 10, 1), Batches(8, 8, 2), FACTS)
    learn.callbacks.append(Diary(said, at=at, error=error))
    if issubclass(error, (CancelBatch, CancelEpoch, CancelFit)) or not at:
        learn.fit(epochs)
    else:
        with pytest.raises(error):
            learn.fit(epochs)
    return said


def test_hooks_are_called_around_every_part() -> None:
    epoch = ["before_epoch", *BATCH, *BATCH, "after_epoch", "cleanup_epoch"]
    assert diary(epochs=2) == ["before_fit", *epoch, *epoch, "after_fit", "cleanup_fit"]


def test_a_cancelled_batch_is_left_and_the_next_one_begins() -> None:
    epoch = ["before_epoch", "before_batch", "before_step", "cleanup_batch", *BATCH, "after_epoch", "cleanup_epoch"]
    assert diary("before_step", CancelBatch) == ["before_fit", *epoch, "after_fit", "cleanup_fit"]


def test_a_cancelled_epoch_is_left_and_the_next_one_begins() -> None:
    first = ["before_epoch", *BATCH[:3], "cleanup_batch", "cleanup_epoch"]
    second = ["before_epoch", *BATCH, *BATCH, "after_epoch", "cleanup_epoch"]
    assert diary("after_batch", CancelEpoch, 2) == ["before_fit", *first, *second, "after_fit", "cleanup_fit"]


@pytest.mark.parametrize("error", [CancelFit, ZeroDivisionError])
def test_what_ends_training_leaves_every_part_cleaned_up(error: type[Exception]) -> None:
    inside = ["before_epoch", "before_batch", "cleanup_batch", "cleanup_epoch"]
    assert diary("before_batch", error) == ["before_fit", *inside, "cleanup_fit"]


def test_callbacks_are_called_in_their_order_and_know_their_learner() -> None:
    said: list[str] = []
    late, early = Diary(said, "late "), Diary(said, "early ")
    late.order, early.order = 10, -10
    learn = learner()
    learn.callbacks += [late, early]
    learn.fit(1)
    assert said[:2] == ["early before_fit", "late before_fit"]
    assert late.learn is early.learn is learn


def test_a_live_change_takes_all_of_it_or_nothing() -> None:
    learn = learner(schedule="flat")
    learn.change({"lr": 0.5, "wd": 0.0})
    assert learn.plan.at(0.3)[0] == [0.5]
    assert {group["weight_decay"] for group in learn.opt.param_groups} == {0.0}
    bad: list[dict] = [
        {"bs": 3},
        {"wd": "x"},
        {"wd": [0.1, 0.2]},
        {"lr": None},
        {"lr": -1.0},
        {"lr": math.nan},
        {"lr": []},
    ]
    for values in bad:
        with pytest.raises(BadInput):
            learn.change({"lr": 0.1, **values} if "lr" not in values else {"wd": 0.2, **values})
    assert (learn.settings["lr"], learn.settings["wd"], learn.plan.at(0.3)[0]) == (0.5, 0.0, [0.5])
