"""Activation statistics against torch's own mean, std and histc."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from fastai_tui.engine.interpret.stats import ActivationStats
from fastai_tui.engine.models.stability import digits_net


def around(value: float) -> list[float]:
    """A float32 and its neighbours, three to each side: histc rounds there."""
    values = [np.float32(value)]
    for towards in (-np.inf, np.inf):
        near = np.float32(value)
        for _ in range(3):
            near = np.nextafter(near, np.float32(towards))
            values.append(near)
    return [float(v) for v in values]


BOUNDARIES = [v for k in range(-1, 43) for v in around(k / 4)] + around(0.05) + [0.0, -0.0, 1e9, -1e9, 1e-45]
PLAIN = st.floats(-(2.0**40), 2.0**40, width=32)
NUMBERS = st.one_of(st.sampled_from(BOUNDARIES), PLAIN, st.floats(-1, 11, width=32))


def taken(values: Tensor) -> Tensor:
    """What is recorded of a layer that gives `values`."""

    class Gives(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return values

    layer = Gives()
    stats = ActivationStats(layer, [layer])
    layer(torch.zeros(1))
    return stats.take()[0]


def check(row: Tensor, values: Tensor) -> None:
    """Is that what torch says of the values?"""
    flat = values.float().flatten()
    assert row[4:].tolist() == torch.histc(flat, 40, 0, 10).tolist()
    assert row[3].item() == flat.numel()
    assert row[2].item() == pytest.approx((flat <= 0.05).double().mean().item(), rel=1e-6)
    torch.testing.assert_close(row[0], flat.double().mean(), rtol=1e-4, atol=1e-6, equal_nan=True)
    torch.testing.assert_close(row[1], flat.double().std(), rtol=1e-4, atol=1e-6, equal_nan=True)


@settings(max_examples=300, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=40))
def test_the_counts_are_histc_s_at_every_edge(values: list[float]) -> None:
    flat = torch.tensor(values)
    assert taken(flat)[4:].tolist() == torch.histc(flat, 40, 0, 10).tolist()


def test_all_the_edges_at_once() -> None:
    values = torch.tensor(BOUNDARIES)
    row = taken(values)
    assert row[4:].tolist() == torch.histc(values, 40, 0, 10).tolist()
    assert row[2].item() == (values <= 0.05).double().mean().item()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(width=32), min_size=2, max_size=20).filter(lambda v: not np.isfinite(v).all()))
def test_what_is_not_finite_is_counted_as_histc_counts_it(values: list[float]) -> None:
    flat = torch.tensor(values)
    assert taken(flat)[4:].tolist() == torch.histc(flat, 40, 0, 10).tolist()


@pytest.mark.parametrize("shape", [(512, 8, 14, 14), (3, 5, 7), (64_001,), (2,)])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (4.0, 3.0), (-20.0, 0.01), (1e4, 1.0), (0.0, 0.0)])
def test_mean_deviation_and_counts_are_torch_s(shape: tuple[int, ...], mean: float, std: float) -> None:
    torch.manual_seed(0)
    values = torch.randn(shape) * std + mean
    row = taken(values)
    flat = values.double()
    assert row[0].item() == pytest.approx(flat.mean().item(), rel=1e-5, abs=1e-5)
    assert row[1].item() == pytest.approx(flat.std().item(), rel=1e-3, abs=1e-7 + 1e-4 * std)
    assert row[4:].tolist() == torch.histc(values, 40, 0, 10).tolist()


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_other_number_types_are_counted_in_float32(kind: torch.dtype) -> None:
    torch.manual_seed(0)
    values = (torch.randn(1000) * 3).to(kind)
    check(taken(values), values)


def test_outputs_that_lie_in_another_order_are_counted_too() -> None:
    torch.manual_seed(0)
    values = torch.randn(4, 3, 5, 6)
    for laid in (values.to(memory_format=torch.channels_last), values.transpose(0, 3), values[:, ::2]):
        check(taken(laid), laid)


def test_every_layer_with_a_matrix_is_watched_and_no_norm() -> None:
    model = nn.ModuleDict(
        {"a": nn.Embedding(4, 3), "b": nn.LSTM(3, 5), "c": nn.BatchNorm1d(5), "d": nn.Linear(5, 2), "e": nn.ReLU()}
    )
    assert ActivationStats(model).names == ["a", "b", "d"]
    assert ActivationStats(digits_net(norm="batch")).names == ["conv1", "conv2", "conv3", "conv4", "conv5"]


def test_any_module_can_be_asked_for() -> None:
    model = digits_net(norm="batch")
    wanted = [m for m in model.modules() if isinstance(m, (nn.ReLU, nn.BatchNorm2d))]
    stats = ActivationStats(model, wanted)
    assert stats.names == ["relu1", "norm1", "relu2", "norm2", "relu3", "norm3", "relu4", "norm4", "norm5"]
    kept: list[Tensor] = []
    model.norm2.register_forward_hook(lambda m, i, o: kept.append(o.detach()))
    model(torch.randn(16, 1, 28, 28))
    check(stats.take()[3], kept[0])


@pytest.mark.parametrize("layer", [nn.RNN(3, 4), nn.GRU(3, 4, num_layers=2), nn.LSTM(3, 4, bidirectional=True)])
def test_of_a_recurrent_layer_the_outputs_count_not_the_states(layer: nn.Module) -> None:
    stats = ActivationStats(layer)
    out, _ = layer(torch.randn(7, 2, 3))
    check(stats.take()[0], out.detach())


def test_an_in_place_relu_afterwards_changes_nothing() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    stats = ActivationStats(model)
    x = torch.randn(2, 1, 8, 8)
    model(x)
    check(stats.take()[0], model[0].eval()(x).detach())


def test_only_training_is_recorded_and_nothing_after_the_removal() -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    stats = ActivationStats(model)
    model(torch.ones(4, 3))
    first = stats.take()
    model.eval()(torch.zeros(4, 3))
    assert torch.equal(stats.take(), first)
    stats.remove()
    model.train()(torch.zeros(4, 3))
    assert torch.equal(stats.take(), first)
    assert not model[0]._forward_hooks


def test_what_was_taken_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    stats = ActivationStats(model)
    model(torch.ones(4, 3))
    first = stats.take()
    kept = first.clone()
    model(torch.zeros(4, 3))
    assert torch.equal(first, kept)
    assert not torch.equal(stats.take(), kept)


def test_recording_changes_neither_outputs_nor_gradients() -> None:
    grads = []
    for watched in (False, True):
        torch.manual_seed(0)
        model = digits_net(norm="batch")
        if watched:
            ActivationStats(model)
        model(torch.randn(8, 1, 28, 28)).square().mean().backward()
        grads.append([p.grad for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))
