"""Signals in deep networks: sizes and gradients against the same network, run by hand; and what is read off them."""

import math
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine import signals
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models.cifar10 import DeepNet
from fastai_tui.engine.signal_sizes import MOST, Net, Point, Signals, broke, growth, growth_back, over
from fastai_tui.engine.signals import IMAGES, answer, network

NETS = [
    Net(2),
    Net(2, "kaiming", 2.0, rate=0.01),
    Net(2, norm="after", rate=1.0),
    Net(3, norm="before", skips=True),
]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise of 16×16 pixels instead of images, as many as it takes; every request is given all the time it wants."""
    noise = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (IMAGES * (MOST + 1), 3, 16, 16), generator=noise, dtype=torch.uint8)
    labels = torch.randint(0, 10, (len(pixels),), generator=noise)

    def loader(name: str, seed: int) -> tuple[ImageLoader, int]:
        from fastai_tui.engine.data.image import Normalise, OnDevice

        device = torch.device("cpu")
        normalise = Normalise([0.5] * 3, [0.3] * 3, device)
        return ImageLoader(OnDevice(pixels.numpy(), device), labels, normalise, IMAGES, seed=seed), 10

    monkeypatch.setattr(signals, "_loader", loader)
    monkeypatch.setattr(signals, "LOOK", 1e9)
    signals._walks.clear()


def asked(net: Net, steps: int, **more: Any) -> Signals:
    return answer(steps, data="colour-digits", **msgspec.structs.asdict(net), **more)


def by_hand(net: Net, steps: int) -> list[tuple[float, list[Tensor], list[Tensor], list[float]]]:
    """Every batch's loss, what each layer gives, the loss's gradient by that, and |gradient| / |weights|: layer by
    layer with torch's functions, without a hook."""
    loader, _ = signals._loader("colour-digits", 42)
    model, found = network(net).train(), []
    optimiser = torch.optim.SGD(model.parameters(), lr=net.rate)
    for _, (xb, yb) in zip(range(steps + 1), loader.batches(0), strict=False):
        given = forward(model, xb, net)
        loss = F.cross_entropy(given[-1], yb)
        gradients = torch.autograd.grad(loss, given, retain_graph=True)
        optimiser.zero_grad()
        loss.backward()
        weights = [model.first, *(layer.conv for group in model.layers for layer in group), model.out]  # type: ignore[union-attr]
        shares = [(w.weight.grad.norm() / w.weight.norm()).item() for w in weights]  # type: ignore[operator, union-attr]
        found.append((loss.item(), given, list(gradients), shares))
        optimiser.step()
    return found


def forward(model: DeepNet, xb: Tensor, net: Net) -> list[Tensor]:
    x = model.first(xb)
    given = [x]
    for group in model.layers:
        for i, layer in enumerate(group):  # type: ignore[arg-type]
            made = F.conv2d(x, layer.conv.weight, layer.conv.bias, 2 if i == 0 else 1, 1)
            made = norm_by_hand(F.relu(made)) if net.norm == "after" else made
            made = F.relu(norm_by_hand(made)) if net.norm == "before" else made
            made = F.relu(made) if net.norm == "none" else made
            x = x + made if net.skips and i else made
            given.append(x)
    given.append(F.linear(x.amax((2, 3)), model.out.weight, model.out.bias))  # type: ignore[arg-type]
    return given


def norm_by_hand(x: Tensor) -> Tensor:
    """As it begins: with the multiplier 1 and the adder 0."""
    return F.batch_norm(x, None, None, training=True)


@pytest.mark.parametrize("net", NETS)
def test_sizes_and_gradients_are_those_of_the_same_network_run_by_hand(net: Net) -> None:
    point = asked(net, 0).points[0]
    loss, given, gradients, shares = by_hand(net, 0)[0]
    assert point.loss == pytest.approx(loss, rel=1e-4)
    assert point.forward == pytest.approx([y.square().mean().sqrt().item() for y in given], rel=1e-3)
    assert point.backward == pytest.approx([g.norm().item() for g in gradients], rel=1e-2)
    assert point.weights == pytest.approx(shares, rel=1e-2)
    assert len(point.forward) == len(point.backward) == len(point.weights) == net.layers


def test_a_step_is_plain_gradient_descent() -> None:
    net = Net(2, "kaiming", rate=0.1)
    points, steps = asked(net, 4).points, by_hand(net, 4)
    assert [p.loss for p in points] == pytest.approx([loss for loss, *_ in steps], rel=1e-3)


def test_he_s_weights_keep_sizes_and_twice_as_large_ones_double_them() -> None:
    """By the law, for a ReLU net whose grid has no edge; here the padding takes some, the more the smaller the grid."""
    kept, doubled = (asked(Net(2, "kaiming", gain), 0).points[0].forward for gain in (1.0, 2.0))
    for layer, (one, two) in enumerate(zip(kept[:-1], doubled[:-1], strict=True)):
        assert one is not None
        assert two is not None
        assert two / one == pytest.approx(2 ** (layer + 1), rel=1e-3)  # nothing but the gain differs
    assert 0.5 < growth(kept) < 1.2  # type: ignore[operator]
    usual = growth(asked(Net(2), 0).points[0].forward)
    assert usual is not None
    assert usual < 0.7


def test_what_doubles_soon_has_no_numbers_any_more_and_it_is_not_gone_on_with() -> None:
    found = asked(Net(3, "kaiming", 2.0), 20)
    assert 0 < (broke(found.points) or 0) <= 3
    assert len(found.points) < 20
    last = found.points[-1]
    assert over(found.points)
    assert last.broken
    assert last.loss is None
    assert not over(found.points[:-1])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Signals) == found
    normed = asked(Net(3, "kaiming", 2.0, norm="after"), 3)
    assert broke(normed.points) is None
    assert len(normed.points) == 4


def test_a_walk_goes_on_where_it_was_and_is_the_same_however_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = asked(Net(2), 3).points
    signals._walks.clear()
    monkeypatch.setattr(signals, "LOOK", -1.0)  # not a moment: nothing but what must be
    assert asked(Net(2), 3).points == whole[:1]
    monkeypatch.setattr(signals, "LOOK", 1e9)
    assert asked(Net(2), 3).points == whole
    assert asked(Net(2), 1).points == whole[:2]


def test_an_epoch_does_not_end_before_the_last_step() -> None:
    found = asked(Net(1, norm="after", rate=0.01), 10**6)
    assert len(found.points) == MOST + 1


def test_global_chance_is_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.rand(1)
    torch.manual_seed(3)
    network(Net(1))
    assert torch.rand(1) == before


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": 9}, {"init": "none"}, {"norm": "both"}])
def test_a_network_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="no such network"):
        answer(0, data="colour-digits", **wrong)


def test_growth_is_the_factor_from_layer_to_layer() -> None:
    assert growth([1, 2, 4, 8, 0.3]) == pytest.approx(2)
    assert growth_back([1, 2, 4, 8, 0.3]) == pytest.approx(0.5)
    assert growth([1, None, 4, 16, 5]) == pytest.approx(16 ** (1 / 3))
    for sizes in ([0, 1, 2, 3], [None, 1, 2, 3], [1, 2, None, 3], [1, 2, 0, 3]):
        assert growth(sizes) is None
        assert growth_back(sizes) is None
    assert broke([Point(1.0, [1.0], [1.0], [1.0]), Point(1.0, [1.0], [None], [1.0])]) == 1
    assert broke([]) is None


def test_the_weights_begin_as_he_says() -> None:
    model = network(Net(2, "kaiming"))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            wanted = math.sqrt((1 if module is model.first else 2) / fan_in)
            assert float(module.weight.std()) == pytest.approx(wanted, rel=0.15)
            assert module.bias is not None
            assert not module.bias.any()
