"""Batch norm stage by stage against PyTorch's own layers, and the lab's batches against a run's."""

import math
from typing import Any

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.app.tui.panes.networks.batchnorm_views import columns
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import batch_norm
from fastai_tui.engine.models.batch_norm import Norm as ByHand
from fastai_tui.engine.models.cifar10 import NormNet
from fastai_tui.engine.models.stability import digits_net
from fastai_tui.engine.normalising import Moments, Norm, channel, running, undone
from fastai_tui.engine.runs import checkpoints, process
from fastai_tui.engine.runs.run import Run
from fastai_tui.lessons.experiments import order
from tests.runs import new_run

SETTINGS = {"norm": "batch", "bs": "1000", "lr": "0", "schedule": "flat", "wd": "0"}
BATCHES = 4  # of 1,000 in the sample's 4,000 or so


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run at rate 0: no weight moves, but the running averages do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(tmp_path_factory.mktemp("still")))
        run = new_run("mnist", **SETTINGS)
        process.main(run.path)
        return run


def state(run: Run, which: Any) -> dict[str, Tensor]:
    found: dict[str, Tensor] = which(run.path / "checkpoints")[0]["model"]
    return found


def asked(**chosen: str) -> dict[str, Any]:
    job: dict[str, Any] = msgspec.to_builtins(order("mnist", {**SETTINGS, **chosen}, data="mnist-sample"))
    return job


def moments(answer: dict[str, Any], number: int) -> list[Moments]:
    """Those of one channel in every batch that was asked for."""
    rows = zip(answer["means"], answer["variances"], answer["counts"], strict=True)
    return [Moments(means[number - 1], variances[number - 1], count) for means, variances, count in rows]


@pytest.mark.parametrize("layer", [1, 3, 5])
def test_fed_batches_move_the_averages_as_a_run_does(still: Run, layer: int) -> None:
    """The same weights, the same batches in the same order, the same rule: checked on a run's own statistics."""
    before, after = state(still, checkpoints.first), state(still, checkpoints.newest)
    assert torch.equal(before["conv1.weight"], after["conv1.weight"])
    steps = len(still.steps())
    answer = batch_norm.answer(job=asked(), layer=layer, start=0, stop=steps)
    names = [place["norm"] for place in answer["layers"]]
    assert names == ["norm1", "norm2", "norm3", "norm4", "norm5"]
    for number in (1, len(answer["numbers"])):
        averages = running(Moments(0.0, 1.0), moments(answer, number), answer["momentum"])
        norm = f"norm{layer}"
        assert averages[-1].mean == pytest.approx(after[f"{norm}.running_mean"][number - 1].item(), abs=1e-5)
        # PyTorch adds up the squares of channels-last tensors in float32: 1e-4 off for 196,000 numbers
        assert averages[-1].variance == pytest.approx(after[f"{norm}.running_var"][number - 1].item(), abs=3e-4)
    assert averages[0] == Moments(before[f"{norm}.running_mean"][-1].item(), before[f"{norm}.running_var"][-1].item())


def test_a_run_s_network_is_asked_with_its_weights(still: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(still.path.parent.parent))
    kept = state(still, checkpoints.newest)
    found = [batch_norm.answer(run=still.id, layer=2, start=0, stop=2) for _ in range(2)]
    assert found[0] == found[1]  # asking moves nothing
    assert found[0]["running_mean"] == kept["norm2.running_mean"].tolist()
    assert (found[0]["gamma"], found[0]["beta"]) == (kept["norm2.weight"].tolist(), kept["norm2.bias"].tolist())
    fresh = batch_norm.answer(job=asked(), layer=2, start=0, stop=2)  # at rate 0 the weights are the fresh ones
    assert torch.allclose(torch.tensor(found[0]["means"]), torch.tensor(fresh["means"]))


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_the_numbers_are_those_of_the_batch(norm: str) -> None:
    """The first layer of a fresh network, by torch's functions, on the batch that training would take first."""
    job = asked(norm=norm)
    learn, _ = batch_norm.network_of(job, "")
    xb, _ = next(iter(learn.data.train.batches(0)))
    own = learn.model.conv1
    assert isinstance(own, nn.Conv2d)
    raw = F.conv2d(xb, own.weight, own.bias, stride=2, padding=2).relu().detach()
    answer = batch_norm.answer(job=job, layer=1)
    assert answer["layers"][0] == {"name": "relu1", "norm": "norm1" if norm == "batch" else "", "shape": [8, 14, 14]}
    for number in range(1, 9):
        numbers = raw[:, number - 1]
        found = channel(answer, number)
        assert found.batch.mean == pytest.approx(numbers.mean().item(), abs=1e-5)
        assert found.batch.variance == pytest.approx(numbers.var(correction=0).item(), abs=1e-5)
        assert found.batch.unbiased == pytest.approx(numbers.var().item(), abs=1e-5)
        assert sum(found.histogram) == numbers.numel() == found.batch.count
        assert (min(found.numbers), max(found.numbers)) == pytest.approx((numbers.min().item(), numbers.max().item()))
        for value, place in zip(found.numbers, found.where, strict=True):
            assert value == pytest.approx(numbers[place].item(), abs=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("gamma", "beta", "eps", "shift"), [(1.0, 0.0, 1e-5, 0.0), (0.5, -2.0, 1e-3, 3.0)])
def test_the_stages_are_torch_s_batch_norm(training: bool, gamma: float, beta: float, eps: float, shift: float) -> None:
    xb = torch.randn(32, 3, 5, 5, generator=torch.manual_seed(1)) * torch.tensor([1.0, 4.0, 0.1])[:, None, None] + 2
    layer = nn.BatchNorm2d(3, eps=eps)
    nn.init.constant_(layer.weight, gamma)
    nn.init.constant_(layer.bias, beta)
    fed = [xb * 1.1, xb - 0.3, xb]
    for batch in fed:
        layer(batch)
    wanted = layer.train(training)(xb + shift).detach()
    for c in range(3):
        own = [Moments(b[:, c].mean().item(), b[:, c].var(correction=0).item(), b[:, c].numel()) for b in fed]
        averages = running(Moments(0.0, 1.0), own, 0.1)
        by = own[-1].shifted(shift) if training else averages[-1]
        norm = Norm(by.mean, by.variance, eps, gamma, beta)
        got = [norm.stages(x + shift)[-1] for x in xb[:, c].flatten().tolist()]
        assert torch.allclose(torch.tensor(got), wanted[:, c].flatten(), atol=1e-4)
        out = norm.moments(own[-1].shifted(shift))[-1]
        assert out.mean == pytest.approx(wanted[:, c].mean().item(), abs=1e-4)
        assert out.deviation == pytest.approx(wanted[:, c].std(correction=0).item(), abs=1e-4)


def test_a_shift_is_lost_in_training_and_found_in_evaluation() -> None:
    batch = Moments(0.4, 0.25, 100)
    for by in (-3.0, 0.0, 7.0):
        moved = batch.shifted(by)
        assert Norm(moved.mean, moved.variance).moments(moved)[-1].mean == 0
        stale = Norm(batch.mean, batch.variance).moments(moved)[-1].mean
        assert stale == pytest.approx(by / math.sqrt(0.25 + 1e-5))


def test_gamma_and_beta_can_undo_it() -> None:
    raw = Moments(0.4, 0.25, 100)
    for gamma, beta, back in ((1.0, 0.0, False), (0.5, 0.4, True), (0.5, 0.0, False), (0.52, 0.42, True)):
        assert undone(raw, Norm(raw.mean, raw.variance, gamma=gamma, beta=beta).moments(raw)[-1]) is back


def test_norms_before_or_after_the_relu_or_none() -> None:
    xb = torch.randn(6, 1, 28, 28, generator=torch.manual_seed(0))
    for norm in ("none", "batch"):
        model = digits_net(norm=norm)
        places = batch_norm.normalised(model, xb)
        assert [place.name for place in places] == ["relu1", "relu2", "relu3", "relu4", "conv5"]
        assert [place.norm is not None for place in places] == [norm == "batch"] * 5
    before = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True))
    (place,) = batch_norm.normalised(before, xb)
    assert torch.equal(place.numbers, before[0](xb).detach())
    assert (place.name, place.norm) == ("0", before[1])
    assert before[1].running_mean.abs().sum() == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("order_of", ["after", "before"])
@pytest.mark.parametrize("statistics", ["running", "last", "batch", "torch"])
def test_norms_by_hand_get_what_goes_into_them(order_of: str, statistics: str) -> None:
    """Only the layers that have norms; the ones before normalise by the batch; nothing that is kept moves."""
    xb = torch.randn(6, 3, 32, 32, generator=torch.manual_seed(0))
    model = NormNet(norm=ByHand(order_of, statistics))
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    places = batch_norm.normalised(model, xb)
    assert [place.norm_name for place in places] == [f"layers.{n}.norm" for n in range(4)]
    x = model.first(xb)
    for place, layer in zip(places, model.layers, strict=True):
        raw = F.conv2d(x, layer.conv.weight, stride=2, padding=1)
        raw = raw if order_of == "before" else raw.relu()
        assert torch.allclose(place.numbers, raw, atol=1e-5)
        normed = F.batch_norm(raw, None, None, training=True)
        x = normed.relu() if order_of == "before" else normed
    assert all(torch.equal(buffer, kept[name]) for name, buffer in model.named_buffers())
    held = batch_norm._parameters(places[0])
    assert (held["gamma"], held["beta"], held["running_var"]) == ([1.0] * 20, [0.0] * 20, [1.0] * 20)
    assert (held["eps"], held["momentum"]) == (1e-5, 0.1)


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(BadInput, match="no layer 6: this network has 1 to 5"):
        batch_norm.answer(job=asked(), layer=6)
    with pytest.raises(BadInput, match="ask for 1 to 100"):
        batch_norm.answer(job=asked(), start=5, stop=5)
    with pytest.raises(BadInput, match="no convolutions"):
        batch_norm.normalised(nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), torch.zeros(2, 1, 28, 28))
    with pytest.raises(BadInput, match="give a job, or a run"):
        batch_norm.answer()


def test_batches_go_on_in_the_next_epoch() -> None:
    learn, _ = batch_norm.network_of(asked(), "")
    per_epoch = len(learn.data.train)
    found = list(batch_norm._batches(learn, per_epoch - 1, per_epoch + 1))
    wanted = [list(learn.data.train.batches(0))[-1][0], next(iter(learn.data.train.batches(1)))[0]]
    assert [torch.equal(a, b) for a, b in zip(found, wanted, strict=True)] == [True, True]


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=90),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.integers(1, 120),
)
def test_a_histogram_keeps_its_counts_in_any_columns(counts: list[int], low: float, high: float, wide: int) -> None:
    found = columns(counts, low, high, (-5.0, 5.0), wide)
    assert len(found) == wide
    assert sum(found) == pytest.approx(sum(counts), rel=1e-6)
