"""Layer arithmetic: every formula that is shown gives the number that PyTorch counts."""

import re

import msgspec
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fastai_tui.app.tui.panes.common import layers
from fastai_tui.engine.interpret.summary import summarise
from fastai_tui.engine.models.first_cnn import broken_net, linear_net, strided_net
from fastai_tui.engine.models.stability import digits_net


def summary(model: nn.Module, xb: torch.Tensor) -> dict[str, object]:
    """What the lab would answer."""
    found = summarise(model, xb)
    return {
        "input": list(xb.shape[1:]),
        "layers": msgspec.to_builtins(found),
        "parameters": sum(p.numel() for p in model.parameters()),
        "multiplications": sum(layer.multiplications or 0 for layer in found),
    }


def worked_out(words: str) -> tuple[int, int]:
    """(what the factors of `8 × 4 × 3 × 3 + 8 = 296 parameters` come to, the number after the equals sign)."""
    left, _, right = words.partition(" = ")
    assert right, words
    value = eval(left.replace("×", "*").replace(",", ""), {"__builtins__": {}})
    return value, int(re.match(r"[\d,]+", right)[0].replace(",", ""))  # type: ignore[index]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.integers(12, 40),
    st.sampled_from([1, 3]),
)
def test_any_stack_of_convolutions(shapes: list[tuple[int, int, int, int, bool]], size: int, channels: int) -> None:
    parts: list[nn.Module] = []
    before, side = channels, size
    for out, kernel, stride, padding, bias in shapes:
        if side + 2 * padding < kernel:
            break
        parts += [nn.Conv2d(before, out, kernel, stride=stride, padding=padding, bias=bias), nn.ReLU()]
        before, side = out, (side + 2 * padding - kernel) // stride + 1
    if not parts:
        return
    model = nn.Sequential(*parts, nn.Flatten(), nn.Linear(before * side * side, 3))
    xb = torch.zeros(1, channels, size, size)
    net = layers.network(summary(model, xb))
    by_name = dict(model.named_modules())
    out = xb
    for layer, module in zip(net.layers, model, strict=True):
        assert layer.before == tuple(out.shape[1:])
        out = module(out)
        assert layer.output == tuple(out.shape[1:])
        own = sum(p.numel() for p in by_name[layer.name].parameters())
        assert layer.parameters == own
        if own:
            assert worked_out(layers.holds(layer)) == (own, own)
            weight = module.weight.numel()
            used = weight * out[0, 0].numel() if isinstance(module, nn.Conv2d) else weight
            assert layer.multiplications == used
            costs = layers.costs(layer)
            assert f"{used:,} multiplications" in costs
            if " = " in costs:
                assert worked_out(costs) == (used, used)
        else:
            assert layers.holds(layer).startswith("no parameters")


def test_the_first_cnn_is_the_one_of_the_course() -> None:
    net = layers.network(summary(strided_net(), torch.zeros(1, 1, 28, 28)))
    assert net.parameters == 6722
    told = [layers.holds(layer) for layer in net.layers if layer.parameters]
    assert [worked_out(words)[1] for words in told] == [40, 296, 1168, 4640, 578]
    assert told[0] == "4 × 1 × 3 × 3 + 4 = 40 parameters: 4 kernels of 1×3×3, a bias each"
    assert not layers.still_a_grid(net)


def test_the_broken_net_still_answers_with_a_grid() -> None:
    net = layers.network(summary(broken_net(), torch.zeros(1, 1, 28, 28)))
    assert net.output == (1, 28, 28)
    assert "784 numbers" in layers.still_a_grid(net)


def test_the_linear_net() -> None:
    net = layers.network(summary(linear_net(), torch.zeros(1, 1, 28, 28)))
    first = next(layer for layer in net.layers if layer.parameters)
    assert layers.holds(first) == "30 × 784 + 30 = 23,550 parameters: a weight for every pair, a bias each"
    assert layers.costs(first) == "23,520 multiplications: every weight once"
    assert layers.reach(first, net.input) == "each output sees the whole picture"
    assert not layers.still_a_grid(net)


def test_batch_norm() -> None:
    net = layers.network(summary(digits_net(norm="batch"), torch.zeros(2, 1, 28, 28)[:1]))
    norm = next(layer for layer in net.layers if layer.kind.startswith("BatchNorm"))
    assert worked_out(layers.holds(norm)) == (16, 16)
    assert layers.costs(norm) == "1,568 multiplications: one for every number of 8×14×14"


def test_what_no_rule_explains_is_only_counted() -> None:
    odd = {"name": "odd", "type": "Conv2d", "output": [3, 5, 5], "parameters": 17, "multiplications": 99,
           "receptive_field": [3, 3], "stride": [1, 1]}  # fmt: skip
    net = layers.network({"input": [1, 7, 7], "layers": [odd], "parameters": 17, "multiplications": 99})
    assert layers.holds(net.layers[0]) == "17 parameters"
    assert layers.costs(net.layers[0]) == "99 multiplications"
