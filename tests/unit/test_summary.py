"""Summaries against counting by hand, and receptive fields against gradients."""

import json

import msgspec
import pytest
import torch
from torch import Tensor, nn

from fastai_tui.app.cli import summary as command
from fastai_tui.engine.interpret.summary import Layer, answer, summarise
from fastai_tui.engine.models.first_cnn import broken_net, strided_net
from fastai_tui.engine.models.stability import digits_net
from fastai_tui.lessons.experiments import experiment, order, smallest
from tests import warm


def seen(model: nn.Module, last: str, size: int) -> tuple[list[int], list[int]]:
    """How many input pixels the middle output of layer `last` depends on, along each axis, and how far its neighbour's
    field lies apart: found by following gradients through a copy in which every weight is 1 and nothing is lost."""
    layers: list[nn.Module] = []
    for name, layer in model.named_children():
        if not isinstance(layer, nn.ReLU):
            layers.append(layer)
        if name == last:
            break
    net = nn.Sequential(*layers).double().eval()
    for p in net.parameters():
        nn.init.ones_(p)
    x = torch.zeros(1, 1, size, size, dtype=torch.double, requires_grad=True)
    out = net(x)[0, 0]
    middle = out.shape[0] // 2
    bounds = []
    for at in (middle, middle + 1):
        (grad,) = torch.autograd.grad(out[at, at], x, retain_graph=True)
        bounds.append([dim.flatten().tolist() for dim in grad[0, 0].nonzero().T])
    fields = [[max(dim) - min(dim) + 1 for dim in one] for one in bounds]
    assert fields[0] == fields[1]
    return fields[0], [min(b) - min(a) for a, b in zip(*bounds, strict=True)]


NETS = {
    "strided": strided_net(),
    "stability": digits_net(),
    "normed": digits_net(norm="batch"),
    "broken": broken_net(),
    "pooled": nn.Sequential(
        nn.Conv2d(1, 2, (3, 5)), nn.AvgPool2d(2), nn.Conv2d(2, 2, 3, dilation=2), nn.AvgPool2d(3, stride=2)
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_receptive_fields_are_what_gradients_reach(name: str) -> None:
    model = NETS[name]
    size = 257  # so large that no field meets a border
    layers = [layer for layer in summarise(model, torch.zeros(1, 1, size, size)) if layer.receptive_field]
    assert layers
    for layer in layers:
        if layer.type not in ("ReLU", "BatchNorm2d"):
            assert (layer.receptive_field, layer.stride) == seen(model, layer.name, size), layer.name


def test_the_first_cnn_is_the_course_s() -> None:
    layers = summarise(strided_net(), torch.zeros(1, 1, 28, 28))
    convs = [layer for layer in layers if layer.type == "Conv2d"]
    assert [layer.parameters for layer in convs] == [40, 296, 1168, 4640, 578]
    assert [layer.output for layer in convs] == [[4, 14, 14], [8, 7, 7], [16, 4, 4], [32, 2, 2], [2, 1, 1]]
    work = [14 * 14 * 36, 7 * 7 * 288, 4 * 4 * 1152, 2 * 2 * 4608, 576]
    assert [layer.multiplications for layer in convs] == work
    assert layers[-1].receptive_field is None


def parts(model: nn.Module, xb: Tensor) -> dict[str, Layer]:
    return {layer.name: layer for layer in summarise(model, xb)}


def test_multiplications_of_other_layers() -> None:
    found = parts(nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.BatchNorm1d(5)), torch.zeros(1, 7))
    assert [layer.multiplications for layer in found.values()] == [35, 0, 5]
    grouped = parts(nn.Conv2d(4, 8, 3, groups=2), torch.zeros(1, 4, 6, 6))["Conv2d"]
    assert grouped.multiplications == 16 * 8 * 2 * 9
    up = parts(nn.ConvTranspose2d(4, 8, 2, stride=2), torch.zeros(1, 4, 3, 3))["ConvTranspose2d"]
    assert (up.multiplications, up.receptive_field) == (9 * 4 * 8 * 4, None)
    gru = parts(nn.GRU(3, 5, batch_first=True), torch.zeros(1, 11, 3))["GRU"]
    assert gru.multiplications == 11 * 3 * 5 * (3 + 5)


class Residual(nn.Module):
    """x + f(x), with the weight of a sum of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 2, 3, padding=1))
        self.gain = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.gain * self.body(x)


def test_blocks_with_skips_and_parameters_of_their_own_are_followed() -> None:
    model = nn.Sequential(Residual(), Residual(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = parts(model, torch.zeros(1, 2, 16, 16))
    fields = {name: layer.receptive_field for name, layer in found.items()}
    assert fields["0.body.2"] == [5, 5]
    assert fields["1.body.0"] == [7, 7]
    assert fields["1.body.2"] == fields["1"] == [9, 9]
    assert fields["2"] is None
    assert (found["0"].parameters, found["0"].trainable) == (1, 0)


def test_a_layer_used_twice_is_counted_once() -> None:
    layer = nn.Linear(4, 4)
    found = summarise(nn.Sequential(layer, nn.ReLU(), layer), torch.zeros(1, 4))
    assert [layer.parameters for layer in found] == [20, 0, 0]
    assert [layer.multiplications for layer in found] == [16, 0, 16]


def test_the_model_is_left_as_it_was() -> None:
    model = digits_net(norm="batch")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    summarise(model, torch.ones(1, 1, 28, 28))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_the_answer_adds_up() -> None:
    told = answer(msgspec.to_builtins(order("mnist", {}, data="mnist-sample")))
    assert told.input == [1, 28, 28]
    assert told.parameters == sum(layer.parameters for layer in told.layers) == told.trainable
    assert told.multiplications == sum(layer.multiplications or 0 for layer in told.layers)


@pytest.mark.parametrize("name", ["linear", "broken", "cnn"])
def test_every_model_has_lines_that_fit_a_terminal(name: str) -> None:
    wanted = experiment("mnist-3v7")
    job = order(wanted.name, {"model": name}, data=smallest(wanted))
    told = msgspec.to_builtins(answer(msgspec.to_builtins(job)))
    told["schema"] = [command._described(wanted.schema, key) for key in job.settings]
    lines = [*command.network(told), *command.settings(told)]
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(f"  model={name}") for line in lines)
    assert any("1×28×28" in line for line in lines)


def test_the_command_tells_a_program() -> None:
    done = warm.command("summary", "mnist-3v7", "--json")
    told = json.loads(done.stdout)
    assert [layer["parameters"] for layer in told["layers"] if layer["parameters"]] == [40, 296, 1168, 4640, 578]
    assert told["parameters"] == told["trainable"] == 6722
    assert done.stderr == ""


def test_the_command_refuses_what_there_is_not() -> None:
    done = warm.command("summary", "mnist-3v7", "--set", "model=resnet")
    assert done.returncode == 2
    assert "cnn, broken, linear" in done.stderr
    assert done.stdout == ""
    assert warm.command("summary", "nothing").returncode == 2


def test_the_command_tells_how_each_group_is_trained() -> None:
    wanted = experiment("mnist")
    job = order("mnist", {"freeze": 1, "lr": "0.001/0.01/0.1", "wd": "0/0.1/0.2"}, data=smallest(wanted))
    told = msgspec.to_builtins(answer(msgspec.to_builtins(job)))
    assert [" ".join(line.split()) for line in " ".join(command.groups(told)).split("group ")[1:]] == [
        "1: conv1, norm1; 224 parameters, frozen",
        "2: conv2, norm2, conv3, norm3, conv4, norm4; 24,528 parameters, rate 0.01, weight decay 0.1",
        "3: conv5, norm5; 5,790 parameters, rate 0.1, weight decay 0.2",
    ]
    assert all(len(line) <= command.WIDTH for line in command.groups(told))
