"""One network evaluated by three statistics, against the same by torch's plain functions."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine import lab
from fastai_tui.engine.data.image import permutation
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import evaluation
from fastai_tui.engine.models.batch_norm import KINDS, BatchNormByHand, RunningBatchNorm
from fastai_tui.engine.models.cifar10 import SkipNet
from fastai_tui.engine.normed import Row
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.viewed import Score
from tests.unit.norm_run import CLASSES, TRAIN, VALID, Norm, home_with_runs, images, kept, logits, normalised, state_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with_runs(tmp_path_factory.mktemp("trained"))


@pytest.fixture(autouse=True)
def run(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))
    return RunStore().find("1")


def batch_s_own(state: dict[str, Tensor]) -> Norm:
    return lambda name, x: F.batch_norm(x, None, None, state[f"{name}.mult"], state[f"{name}.add"], training=True)


def scored(found: Tensor, truth: np.ndarray) -> Score:
    classes = torch.tensor(truth).long()
    right = float((found.argmax(1) == classes).double().mean())
    given = found.softmax(1)[range(len(classes)), classes].double()
    return Score(right, float(-given.clamp_min(1e-15).log().mean()))


def close(told: Score, expected: Score) -> bool:
    return (
        abs(told.accuracy - expected.accuracy) <= 1.1 / VALID and abs(told.loss - expected.loss) < 1e-3 * expected.loss
    )


def in_order(by_class: bool) -> np.ndarray:
    """The validation images' rows, mixed or class by class."""
    mixed = permutation(VALID, 0, 0)
    return mixed[np.argsort(images().valid_labels[mixed], kind="stable")] if by_class else mixed


def training(bs: int, number: int, by_class: bool = False) -> Tensor:
    """A batch of training."""
    rows = permutation(TRAIN, 0, number)
    if by_class:
        labels = images().train_labels
        rows = np.array([row for row in rows if labels[row] == number % CLASSES])
    return normalised(images().train_images[rows[:bs]])


def left_behind(state: dict[str, Tensor], batches: list[Tensor]) -> dict[str, Tensor]:
    """What the first batch has, moved a tenth of the way to what each other one has."""
    left: dict[str, Tensor] = {}

    def norm(name: str, x: Tensor) -> Tensor:
        mean, var, count = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0), x[:, 0].numel()
        if f"{name}.mean" in left:
            left[f"{name}.mean"] += 0.1 * (mean - left[f"{name}.mean"])
            left[f"{name}.var"] += 0.1 * (var * count / (count - 1) - left[f"{name}.var"])
        else:
            left[f"{name}.mean"], left[f"{name}.var"] = mean, var
        return batch_s_own(state)(name, x)

    for xb in batches:
        logits(state, xb, norm)
    return state | left


@pytest.mark.parametrize(("size", "by_class"), [(1, False), (7, False), (256, False), (8, True), (128, True)])
def test_each_batch_s_own_is_what_torch_s_functions_give(run: Run, size: int, by_class: bool) -> None:
    rows, state = in_order(by_class), state_of(run)
    xb = normalised(images().valid_images[rows])
    expected = torch.cat([logits(state, piece, batch_s_own(state)) for piece in xb.split(size)])
    found = evaluation.answer(run.id, size, by_class)
    assert close(found.batch, scored(expected, images().valid_labels[rows]))
    assert (found.size, found.by_class, found.images, found.own_bs, found.bs) == (size, by_class, VALID, 32, 32)


def test_what_the_run_has_kept_is_what_it_was_evaluated_with(run: Run) -> None:
    for name, statistics in (("1", "running"), ("2", "last"), ("4", "running")):
        last = RunStore().find(name).epochs()[-1]
        told = evaluation.answer(name).score(statistics)
        assert told.accuracy == pytest.approx(last.metrics["accuracy"], abs=1.1 / VALID)
        assert told.loss == pytest.approx(last.valid_loss, rel=1e-3)


@pytest.mark.parametrize(("bs", "draw", "by_class"), [(4, 0, False), (64, 3, False), (32, 12, True), (1, 1, False)])
def test_the_last_batch_s_numbers_are_those_of_a_batch_of_training(
    run: Run, bs: int, draw: int, by_class: bool
) -> None:
    state, rows = state_of(run), in_order(by_class)
    left = left_behind(state, [training(bs, draw, by_class)])
    expected = logits(state, normalised(images().valid_images[rows]), kept(left))
    found = evaluation.answer(run.id, 256, by_class, bs, draw)
    assert close(found.last, scored(expected, images().valid_labels[rows]))
    assert (found.bs, found.draw) == (bs, draw)


@pytest.mark.parametrize(("bs", "by_class"), [(4, False), (32, True)])
def test_running_averages_go_over_batches_of_training(run: Run, bs: int, by_class: bool) -> None:
    state, rows = state_of(run), in_order(by_class)
    left = left_behind(state, [training(bs, number, by_class) for number in range(evaluation.BATCHES)])
    expected = logits(state, normalised(images().valid_images[rows]), kept(left))
    found = evaluation.answer(run.id, 256, by_class, bs)
    assert close(found.running, scored(expected, images().valid_labels[rows]))


def test_the_weights_are_the_same_whatever_the_run_kept(run: Run) -> None:
    first, second = (evaluation.answer(name, 16, bs=8) for name in ("1", "2"))
    assert (first.batch, first.last, first.running) == (second.batch, second.last, second.running)


def test_what_training_left_behind_does_not_depend_on_the_batches_of_evaluation(run: Run) -> None:
    rows = [evaluation.answer(run.id, size) for size in (1, 16, 256)]
    assert len({(row.last, row.running) for row in rows}) == 1
    assert len({row.batch for row in rows}) == 3


def test_every_kind_of_norm_becomes_every_other() -> None:
    net = SkipNet().eval()
    xb = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, RunningBatchNorm):
                for part in (module.mult, module.add, module.mean, module.var):
                    part.copy_(torch.rand(len(part)) + 0.5)
        expected = net(xb)
        torch_s = evaluation.with_statistics(net, "torch")
        assert sum(type(module) is nn.BatchNorm2d for module in torch_s.modules()) == 12
        back = evaluation.with_statistics(_set(torch_s, net), "running")
        assert torch.allclose(back(xb), expected, atol=1e-5)
        own = evaluation.with_statistics(net, "batch")
        assert torch.allclose(own(xb), net.train()(xb), atol=1e-5)
        assert all(isinstance(m, BatchNormByHand) for m in own.modules() if type(m) in KINDS.values())


def _set(net: nn.Module, by_hand: nn.Module) -> nn.Module:
    """Torch's norms with the means and variances of those by hand, which have other names."""
    modules = dict(by_hand.named_modules())
    for name, module in net.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            same = modules[name]
            assert isinstance(same, RunningBatchNorm)
            module.running_mean, module.running_var = same.mean.clone(), same.var.clone()
            module.weight.data, module.bias.data = same.mult.data.clone(), same.add.data.clone()
    return net


def test_a_network_without_norm_is_told() -> None:
    with pytest.raises(BadInput, match="no batch norm, so that there is nothing to choose: take a run with model=norm"):
        evaluation.answer("3")


def test_what_is_out_of_bounds_is_brought_back(run: Run) -> None:
    found = evaluation.answer(run.id, 10**6, bs=10**6, draw=-4)
    assert (found.size, found.bs, found.draw) == (1000, 512, 0)
    assert evaluation.answer(run.id, 0, bs=-1).size == 1


def test_the_lab_answers(run: Run) -> None:
    arguments = {"run": run.id, "size": 32, "by_class": True, "bs": 16, "draw": 2}
    line = msgspec.json.encode({"request": "evaluation", "arguments": arguments})
    found = msgspec.convert(msgspec.json.decode(lab.reply(line))["answer"], Row)
    assert (found.size, found.by_class, found.bs, found.draw) == (32, True, 16, 2)
