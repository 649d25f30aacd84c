"""Layer groups: what is frozen does not move by a bit, and running statistics stay when they are asked to."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.callback import Callback
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.groups import LayerGroups, first_middle_last
from fastai_tui.engine.models.first_cnn import broken_net, linear_net, strided_net
from fastai_tui.engine.models.stability import digits_net
from fastai_tui.engine.training import JobLearner
from tests.unit.networks import data, learner, network

FIRST, LAST = ("0.weight", "0.bias"), ("1.weight", "1.bias", "4.weight", "4.bias")
STATISTICS = ("1.running_mean", "1.running_var", "1.num_batches_tracked")


def three(**chosen: object) -> JobLearner:
    """A Learner of three groups: a linear layer; a norm; a linear layer."""
    learn = learner(parts=(slice(0, 1), slice(1, 4), slice(4, 5)), **chosen)  # type: ignore[arg-type]
    assert len(learn.groups) == 3
    return learn


def moved(learn: JobLearner, before: dict[str, Tensor]) -> set[str]:
    return {name for name, value in learn.model.state_dict().items() if not torch.equal(value, before[name])}


def kept(learn: JobLearner) -> dict[str, Tensor]:
    return copy.deepcopy(learn.model.state_dict())


def test_the_networks_are_divided_into_their_first_layer_the_middle_and_the_last() -> None:
    parts = [[name for name, _ in part.named_children()] for part in first_middle_last(digits_net(norm="batch"))]
    assert parts[0] == ["conv1", "relu1", "norm1"]
    assert parts[1] == [f"{kind}{i}" for i in (2, 3, 4) for kind in ("conv", "relu", "norm")]
    assert parts[2] == ["conv5", "norm5", "flatten"]
    assert [len(first_middle_last(net)) for net in (strided_net(), linear_net(), broken_net())] == [3, 2, 2]
    assert len(first_middle_last(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))) == 1


@pytest.mark.parametrize("opt", ["adam", "sgd"])
@pytest.mark.parametrize("decay", ["decoupled", "coupled"])
def test_frozen_groups_do_not_move_by_a_bit(opt: str, decay: str) -> None:
    learn = three(opt=opt, decay=decay, wd=0.3, freeze=2, schedule="flat")
    before = kept(learn)
    learn.fit(2)
    assert moved(learn, before) == {"4.weight", "4.bias"}
    assert all(p.grad is None for name, p in learn.model.named_parameters() if name[0] != "4")


@pytest.mark.parametrize("opt", ["adam", "sgd"])
def test_groups_frozen_on_the_way_have_neither_decay_nor_momentum_any_more(opt: str) -> None:
    learn = three(opt=opt, wd=0.3, schedule="flat")
    learn.fit(1)
    learn.freeze_to(1)
    before = kept(learn)
    learn.fit(2)
    assert moved(learn, before) == {*LAST, *STATISTICS}
    learn.unfreeze()
    assert not any(learn.opt.state.get(p) for p in learn.groups.parts[0].parameters())
    learn.fit(3)
    assert {"0.weight", *LAST} < moved(learn, before)  # not 0.bias: the norm after it takes it away again


def test_freeze_leaves_the_last_group_alone() -> None:
    learn = three()
    learn.freeze()
    assert learn.groups.frozen == 2
    learn.freeze_to(-2)
    assert learn.groups.frozen == 1
    learn.unfreeze()
    assert learn.groups.frozen == 0
    assert all(p.requires_grad for p in learn.model.parameters())


class Modes(Callback):
    """Whether the norm is in training mode, batch by batch."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def after_batch(self) -> None:
        self.seen.append(self.learn.model.get_submodule("1").training)


@pytest.mark.parametrize("frozen", [1, 2])
def test_a_norm_keeps_its_statistics_while_its_group_is_frozen_and_only_then(frozen: int) -> None:
    learn, modes = three(freeze=frozen), Modes()
    learn.callbacks.append(modes)
    before = kept(learn)
    learn.fit(1)
    assert set(modes.seen) == {frozen == 1}
    assert bool(moved(learn, before) & set(STATISTICS)) == (frozen == 1)


def test_bn_freeze_keeps_running_statistics_while_all_else_learns() -> None:
    learn = three(bn_freeze="on")
    before = kept(learn)
    learn.fit(2)
    assert moved(learn, before) == {*FIRST, *LAST}
    learn.bn_freeze(False)
    learn.fit(3)
    assert set(STATISTICS) < moved(learn, before)


@pytest.mark.parametrize("frozen", [False, True])
def test_frozen_norms_train_as_a_plain_loop_with_the_norm_in_evaluation_mode(frozen: bool) -> None:
    """With statistics that mean something, and against torch's own SGD."""
    learn, model, sets = three(opt="sgd", schedule="flat", lr=0.1, wd=0.0, bn_freeze="on"), network(), data()
    learn.freeze_to(int(frozen))
    statistics = {"1.running_mean": torch.linspace(-1, 1, 12), "1.running_var": torch.linspace(0.5, 2, 12)}
    for net in (learn.model, model):
        net.load_state_dict({**net.state_dict(), **statistics})
    opt = torch.optim.SGD(model[1 if frozen else 0 :].parameters(), lr=0.1, momentum=0.9)
    model.train()
    model[1].eval()
    for xb, yb in sets.train.batches(0):
        F.cross_entropy(model(xb), yb).backward()
        opt.step()
        model.zero_grad()
    learn.fit(1)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(learn.model.state_dict()[name], value)


def test_a_live_change_freezes_from_the_next_batch_on_within_an_epoch() -> None:
    class At(Callback):
        def after_batch(self) -> None:
            if self.learn.step == 2:
                assert isinstance(self.learn, JobLearner)
                self.learn.change({"freeze": 2, "bn_freeze": "on"})
                self.kept = kept(self.learn)

    learn, at, modes = three(), At(), Modes()
    learn.callbacks += [modes, at]
    learn.fit(1)
    assert moved(learn, at.kept) == {"4.weight", "4.bias"}
    assert modes.seen == [True, True, False, False, False]


def test_what_leaves_nothing_to_train_or_to_keep_is_refused_and_changes_nothing() -> None:
    learn = three()
    for n in (3, 4, -4):
        with pytest.raises(BadInput, match="left to train"):
            learn.freeze_to(n)
    bad: list[dict] = [{"freeze": 3}, {"freeze": "1"}, {"freeze": True}, {"bn_freeze": "yes"}, {"freeze": -1}]
    for values in bad:
        with pytest.raises(BadInput):
            learn.change({"lr": 0.5, **values})
    assert (learn.groups.frozen, learn.settings["lr"]) == (0, 0.02)
    plain = LayerGroups(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)))
    with pytest.raises(BadInput, match="no running statistics"):
        plain.freeze(0, bn_frozen=True)


def test_what_never_learnt_is_not_made_to_learn() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].bias.requires_grad_(False)  # type: ignore[union-attr]
    groups = LayerGroups(model, [model[:1], model[1:]])
    groups.freeze(1, bn_frozen=False)
    groups.freeze(0, bn_frozen=False)
    assert [name for name, p in model.named_parameters() if not p.requires_grad] == ["0.bias"]


def test_layers_and_parameters_know_their_group() -> None:
    model = digits_net(norm="batch")
    groups = LayerGroups(model, first_middle_last(model))
    names = ["conv1", "norm1.weight", "relu3", "conv5.bias", "nothing"]
    assert [groups.number(name) for name in names] == [0, 0, 1, 2, None]
    groups.freeze(1, bn_frozen=False)
    norms = [f"norm{i}" for i in range(1, 6)]
    assert [groups.keeps_statistics(name) for name in norms] == [True, False, False, False, False]
    groups.freeze(1, bn_frozen=True)
    assert all(groups.keeps_statistics(name) for name in norms)
    assert not groups.keeps_statistics("conv1")
