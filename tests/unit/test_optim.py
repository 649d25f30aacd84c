"""Optimisers against fastai's formulas, written out here for one tensor at a time."""

import copy

import pytest
import torch
from torch import Tensor, nn

from fastai_tui.engine.models.stability import digits_net
from fastai_tui.engine.optim import optimiser, set_rates, together

CPU = torch.device("cpu")
PLAN = [(0.01, 0.95), (0.05, 0.9), (0.1, 0.85), (0.02, 0.9), (0.001, 0.95)]  # rate and momentum, batch by batch


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.LayerNorm(12), nn.Linear(12, 2))


def decayed(name: str) -> bool:
    return name in ("0.weight", "4.weight")


def gradients(model: nn.Module) -> list[dict[str, Tensor]]:
    torch.manual_seed(1)
    return [{n: torch.randn_like(p) for n, p in model.named_parameters()} for _ in PLAN]


def trained(opt_name: str, wd: float, decay: str = "decoupled") -> dict[str, Tensor]:
    model = net()
    opt = optimiser([model], {"opt": opt_name, "momentum": 0.9, "wd": wd, "decay": decay}, CPU)
    for (lr, momentum), grads in zip(PLAN, gradients(model), strict=True):
        for name, p in model.named_parameters():
            p.grad = grads[name].clone()
        set_rates(opt, [lr], momentum)
        opt.step()
        opt.zero_grad()
    return {n: p.detach() for n, p in model.named_parameters()}


def test_adam_is_fastai_s_with_momentum_that_moves_and_decoupled_decay() -> None:
    wd, found = 0.3, trained("adam", 0.3)
    model = net()
    for name, start in model.named_parameters():
        p, mean, square = start.detach().double(), torch.zeros(()).double(), torch.zeros(()).double()
        for step, ((lr, momentum), grads) in enumerate(zip(PLAN, gradients(model), strict=True), 1):
            g = grads[name].double()
            p = p * (1 - lr * wd) if decayed(name) else p
            mean, square = momentum * mean + (1 - momentum) * g, 0.99 * square + 0.01 * g * g
            p = p - lr * (mean / (1 - momentum**step)) / ((square / (1 - 0.99**step)).sqrt() + 1e-5)
        torch.testing.assert_close(found[name].double(), p, rtol=1e-5, atol=1e-6)


def test_sgd_decays_before_it_steps_and_gathers_speed() -> None:
    wd, found = 0.3, trained("sgd", 0.3)
    model = net()
    for name, start in model.named_parameters():
        p, speed = start.detach().double(), torch.zeros(()).double()
        for (lr, momentum), grads in zip(PLAN, gradients(model), strict=True):
            p = p * (1 - lr * wd) if decayed(name) else p
            speed = momentum * speed + grads[name].double()
            p = p - lr * speed
        torch.testing.assert_close(found[name].double(), p, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("opt_name", ["adam", "sgd"])
def test_coupled_decay_is_a_part_of_the_gradient(opt_name: str) -> None:
    wd, found = 0.3, trained(opt_name, 0.3, "coupled")
    for name, start in net().named_parameters():
        p, mean, square = start.detach().double(), torch.zeros(()).double(), torch.zeros(()).double()
        for step, ((lr, momentum), grads) in enumerate(zip(PLAN, gradients(net()), strict=True), 1):
            g = grads[name].double() + (wd * p if decayed(name) else 0)
            if opt_name == "sgd":
                mean = momentum * mean + g
                p = p - lr * mean
                continue
            mean, square = momentum * mean + (1 - momentum) * g, 0.99 * square + 0.01 * g * g
            p = p - lr * (mean / (1 - momentum**step)) / ((square / (1 - 0.99**step)).sqrt() + 1e-5)
        torch.testing.assert_close(found[name].double(), p, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["adam", "sgd"])
@pytest.mark.parametrize("decay", ["decoupled", "coupled"])
def test_layer_groups_that_are_told_the_same_are_moved_as_one_to_the_last_bit(name: str, decay: str) -> None:
    results = []
    for groups in (1, 3):
        torch.manual_seed(0)
        model = digits_net(norm="batch")
        parts = [model] if groups == 1 else [model[:3], model[3:12], model[12:]]
        opt = optimiser(parts, {"opt": name, "momentum": 0.9, "wd": 0.1, "decay": decay}, CPU)
        assert len(opt.param_groups) == 2 * groups
        assert len(together(opt.param_groups)) == 2
        for _ in range(3):
            set_rates(opt, [0.01] * groups, 0.9)
            torch.manual_seed(1)
            model(torch.randn(8, 1, 28, 28)).square().mean().backward()
            opt.step()
            opt.zero_grad()
        results.append([p.detach() for p in model.parameters()])
    assert all(torch.equal(p, q) for p, q in zip(*results, strict=True))


def test_groups_with_rates_and_decays_of_their_own_stay_apart() -> None:
    opt = optimiser([net()[:2], net()[2:]], {"opt": "adam", "momentum": 0.9, "wd": [0.1, 0.2]}, CPU)
    set_rates(opt, [0.3, 0.4], 0.9)
    assert [(g["lr"], g["weight_decay"]) for g in together(opt.param_groups)] == [
        (0.3, 0.1),
        (0.3, 0.0),
        (0.4, 0.2),
        (0.4, 0.0),
    ]
    before = [dict(group) for group in opt.param_groups]
    opt.step()
    assert opt.param_groups == before


def test_only_weights_of_layers_decay() -> None:
    model = nn.ModuleDict({"rnn": nn.LSTM(3, 4), "norm": nn.GroupNorm(2, 4), "out": nn.Linear(4, 1)})
    opt = optimiser([model], {"opt": "adam", "momentum": 0.9, "wd": 0.01}, CPU)
    names = {p: name for name, p in model.named_parameters()}
    by_decay = {bool(group["decay"]): {names[p] for p in group["params"]} for group in opt.param_groups}
    assert by_decay[True] == {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "out.weight"}
    assert by_decay[False] == set(names.values()) - by_decay[True]
    assert {group["decay"]: group["weight_decay"] for group in opt.param_groups} == {True: 0.01, False: 0.0}


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_every_layer_group_has_its_own_rate(name: str) -> None:
    model = net()
    opt = optimiser([model[:2], model[2:]], {"opt": name, "momentum": 0.9, "wd": 0.0}, CPU)
    set_rates(opt, [0.0, 0.1], 0.5)
    before = copy.deepcopy(model.state_dict())
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    opt.step()
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {"3.weight", "3.bias", "4.weight", "4.bias"}
    assert {group["momentum"] if name == "sgd" else group["betas"][0] for group in opt.param_groups} == {0.5}


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_an_optimiser_s_state_can_be_stored_and_put_back(name: str) -> None:
    settings = {"opt": name, "momentum": 0.9, "wd": 0.01}
    torch.manual_seed(0)
    one = digits_net(norm="batch")
    two = copy.deepcopy(one)
    first = optimiser([one], settings, CPU)
    second = optimiser([two], settings, CPU)
    x = torch.randn(8, 1, 28, 28)

    def step(model: nn.Module, opt: torch.optim.Optimizer) -> None:
        set_rates(opt, [0.01], 0.9)
        model(x).square().mean().backward()
        opt.step()
        opt.zero_grad()

    step(one, first)
    two.load_state_dict(one.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    step(one, first)
    step(two, second)
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(p, q)


def test_parameters_shared_by_two_groups_are_moved_once() -> None:
    layer = nn.Linear(2, 2)
    opt = optimiser([nn.Sequential(layer), nn.Sequential(layer)], {"opt": "sgd", "momentum": 0.0, "wd": 0.0}, CPU)
    assert sum(len(group["params"]) for group in opt.param_groups) == 2
