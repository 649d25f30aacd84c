"""Optimisers against fastai's formulas, written out here for one tensor at a time."""

import copy

import pytest
import torch
from torch import Tensor, nn

from fastai_tui.engine.models.stability import digits_net
from fastai_tui.engine.optim import optimiser, set_rates

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


def trained(opt_name: str, wd: float) -> dict[str, Tensor]:
    model = net()
    opt = optimiser([model], {"opt": opt_name, "momentum": 0.9, "wd": wd}, CPU)
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
