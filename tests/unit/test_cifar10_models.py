"""The ladder's networks: parameters and shapes as they are taught, and plain torch's numbers where there is such."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.groups import LayerGroups
from fastai_tui.engine.models.batch_norm import KINDS, BatchNormByHand, LastBatchNorm, Norm, RunningBatchNorm
from fastai_tui.engine.models.cifar10 import ConvNet, DeepNet, LayerNet, LinearNet, NormNet, SkipLayer, SkipNet, WideNet
from fastai_tui.engine.models.cifar10_fast import EPS, FastNet, whitening
from fastai_tui.engine.models.residual import Block, PreactBlock, PreactResNet, ResNet
from fastai_tui.engine.optim import SGD, optimiser

LADDER: dict[type[nn.Module], int] = {
    LinearNet: 123_330,
    ConvNet: 37_490,
    LayerNet: 37_490,
    NormNet: 155_970,
    DeepNet: 462_570,
    SkipNet: 769_170,
    WideNet: 1_966_234,
}
OTHERS = (ResNet, PreactResNet, FastNet)


def held(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def across(model: nn.Module, side: int = 32) -> list[int]:
    """How many pixels across the convolutions leave, in the order of their calls."""
    found: list[int] = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, inputs, output: found.append(output.shape[-1]))
    model.eval()(torch.zeros(1, 3, side, side))
    return found


def grid_changes(model: nn.Module) -> list[int]:
    sizes = across(model)
    return [sizes[0], *(b for a, b in pairwise(sizes) if a != b)]


@pytest.mark.parametrize(("kind", "parameters"), LADDER.items())
def test_each_rung_holds_as_many_parameters_as_the_course_says(kind: type[nn.Module], parameters: int) -> None:
    assert held(kind()) == parameters
    assert kind()(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_of_the_first_net_with_norm_600_parameters_scale_and_shift() -> None:
    assert sum(held(m) for m in NormNet().modules() if isinstance(m, BatchNormByHand)) == 600


def test_the_grid_shrinks_as_it_is_taught() -> None:
    assert across(ConvNet()) == [15, 7, 3]
    assert across(LayerNet()) == [16, 8, 4]
    assert across(NormNet()) == [32, 16, 8, 4, 2]
    assert grid_changes(DeepNet()) == grid_changes(SkipNet()) == [32, 16, 8, 4, 2]
    assert grid_changes(WideNet()) == [28, 14, 7, 4, 2]
    assert grid_changes(FastNet()) == [31, 15, 7, 3]


@pytest.mark.parametrize("kind", [kind for kind in (*LADDER, *OTHERS) if kind is not LinearNet])
def test_networks_of_convolutions_take_images_of_another_size(kind: type[nn.Module]) -> None:
    assert kind()(torch.randn(2, 3, 48, 48)).shape == (2, 10)


def layer_of(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolution, ReLU, and torch's own batch norm as it begins."""
    out = F.conv2d(x, conv.weight, conv.bias, conv.stride, conv.padding)
    return F.batch_norm(F.relu(out), None, None, training=True)


def test_a_network_with_skips_is_what_plain_torch_makes_of_its_weights() -> None:
    torch.manual_seed(0)
    model, xb = SkipNet().train(), torch.randn(4, 3, 32, 32)
    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    x = F.conv2d(xb, convs[0].weight, convs[0].bias, padding=2)
    for conv in convs[1:]:
        x = layer_of(conv, x) if conv.stride == (2, 2) else x + layer_of(conv, x)
    expected = F.linear(x.amax((2, 3)), model.out.weight, model.out.bias)
    torch.testing.assert_close(model(xb), expected, atol=1e-4, rtol=1e-4)


def test_a_net_without_skips_differs_from_one_with_them_in_the_skips_alone() -> None:
    torch.manual_seed(0)
    deep, skips, xb = DeepNet(depth=3), SkipNet(), torch.randn(2, 3, 32, 32)
    skips.load_state_dict(deep.state_dict())
    assert not torch.allclose(deep(xb), skips(xb))
    for module in skips.modules():
        if isinstance(module, SkipLayer):  # take what it adds to away again
            module.register_forward_hook(lambda module, inputs, output: output - inputs[0])
    torch.testing.assert_close(deep(xb), skips(xb), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("order", ["before", "after", "none"])
@pytest.mark.parametrize("kind", [NormNet, DeepNet, SkipNet, WideNet])
def test_the_norm_stands_where_it_is_asked_for(kind: type[NormNet], order: str) -> None:
    model, last = kind(norm=Norm(order, "torch")), []
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(lambda module, inputs, output: last.append(inputs[0].min().item()))
    model(torch.randn(2, 3, 32, 32))
    assert bool(last) == (order != "none")
    assert all((low >= 0) == (order == "after") for low in last)
    biases = [m.bias is not None for m in model.layers.modules() if isinstance(m, nn.Conv2d)]
    assert set(biases) == {order == "none"}


@pytest.mark.parametrize("statistics", KINDS)
@pytest.mark.parametrize("kind", [ResNet, PreactResNet, FastNet, SkipNet])
def test_every_kind_of_norm_serves_every_network(kind: type[nn.Module], statistics: str) -> None:
    model = kind(norm=Norm("before", statistics))
    assert any(isinstance(m, KINDS[statistics]) for m in model.modules())  # type: ignore[arg-type]
    F.cross_entropy(model(torch.randn(4, 3, 32, 32)), torch.arange(4)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


# Batch norm by hand


def trained(norm: nn.Module, batches: list[Tensor]) -> list[Tensor]:
    """What it gives in training, and how the loss reaches its inputs and its own parameters."""
    found = []
    for batch in batches:
        x = batch.clone().requires_grad_()
        out = norm.train()(x)
        norm.zero_grad()
        out.square().mul(torch.linspace(-1, 1, out.shape[-1])).sum().backward()
        assert x.grad is not None
        found += [out.detach(), x.grad, *(p.grad.clone() for p in norm.parameters() if p.grad is not None)]
    return found


@pytest.mark.parametrize("momentum", [2, 5])
def test_batch_norm_by_hand_gives_torch_s_numbers_in_training_and_in_evaluation(momentum: int) -> None:
    torch.manual_seed(momentum)
    ours, theirs = RunningBatchNorm(6), nn.BatchNorm2d(6)
    with torch.no_grad():
        ours.mult.copy_(theirs.weight.uniform_(0.5, 2))
        ours.add.copy_(theirs.bias.uniform_(-1, 1))
    batches = [torch.randn(8, 6, 5, 5) * 3 + momentum for _ in range(momentum)]
    mine, expected = trained(ours, batches), trained(theirs, batches)
    torch.testing.assert_close(mine[::4], expected[::4], atol=1e-5, rtol=0)  # what they give; then gradients
    torch.testing.assert_close(mine, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.mean, theirs.running_mean, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(ours.var, theirs.running_var, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(ours.eval()(batches[0]), theirs.eval()(batches[0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [BatchNormByHand, LastBatchNorm, RunningBatchNorm])
def test_in_training_all_forms_normalise_by_the_batch(kind: type[BatchNormByHand]) -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 3, 4, 4) * 5 + 2
    torch.testing.assert_close(kind(3).train()(x), F.batch_norm(x, None, None, training=True), atol=1e-5, rtol=1e-5)


def test_the_simple_forms_go_wrong_in_evaluation() -> None:
    torch.manual_seed(0)
    usual, odd, one = torch.randn(64, 3, 4, 4), torch.randn(64, 3, 4, 4) * 9 + 30, torch.randn(1, 3, 4, 4)
    among, beside = torch.cat([one, usual]), torch.cat([one, odd])
    answers = {}
    for kind in (BatchNormByHand, LastBatchNorm, RunningBatchNorm):
        norm = kind(3).train()
        for batch in [usual] * 50:
            norm(batch)
        before = norm.eval()(among)[0]
        assert torch.equal(norm(beside)[0], before) == (kind is not BatchNormByHand)  # its neighbours decide
        norm.train()(odd)
        answers[kind] = (norm.eval()(among)[0] - before).abs().max().item()
    assert answers[BatchNormByHand] == 0
    assert answers[LastBatchNorm] > 2  # one odd batch before the evaluation decides
    assert answers[RunningBatchNorm] < answers[LastBatchNorm] / 1.25


def test_a_channel_without_contrast_is_no_division_by_zero() -> None:
    x = torch.zeros(4, 2, 3, 3, requires_grad=True)
    out = RunningBatchNorm(2).train()(x)
    out.sum().backward()
    assert out.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_what_is_kept_has_no_graph_and_is_stored() -> None:
    for kind in (LastBatchNorm, RunningBatchNorm):
        norm = kind(3).train()
        norm(torch.randn(4, 3, 4, 4, requires_grad=True))
        assert not norm.mean.requires_grad
        assert {"mean", "var"} < set(norm.state_dict())


def test_a_norm_by_hand_does_not_decay_and_is_frozen_as_torch_s_is() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), RunningBatchNorm(4))
    groups = LayerGroups(model)
    opt = optimiser(groups.parts, {"opt": "sgd", "momentum": 0.9, "wd": 0.1}, torch.device("cpu"))
    decaying = {p for group in opt.param_groups if group["decay"] for p in group["params"]}
    assert decaying == {model[0].weight}
    groups.freeze(0, bn_frozen=True)
    groups.train()
    mean = model[1].mean.clone()
    model(torch.randn(8, 3, 8, 8))
    assert torch.equal(model[1].mean, mean)


# Residual blocks


def test_the_full_blocks_are_what_plain_torch_makes_of_their_weights() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 6, 8, 8)
    for kind in (Block, PreactBlock):
        for ni, nf, stride in ((6, 6, 1), (6, 12, 2)):
            block = kind(ni, nf, stride, Norm("before", "torch"))
            w1, w2 = block.conv1.weight, block.conv2.weight
            short = F.conv2d(x, block.short.weight, stride=stride) if isinstance(block.short, nn.Conv2d) else x

            def normed(t: Tensor) -> Tensor:
                return F.batch_norm(t, None, None, training=True)

            if kind is Block:
                h = F.relu(normed(F.conv2d(x, w1, stride=stride, padding=1)))
                expected = F.relu(short + normed(F.conv2d(h, w2, padding=1)))
            else:
                h = F.conv2d(F.relu(normed(x)), w1, stride=stride, padding=1)
                expected = short + F.conv2d(F.relu(normed(h)), w2, padding=1)
            torch.testing.assert_close(block.train()(x), expected, atol=1e-5, rtol=1e-5)


# The fast network


def test_whitened_patches_are_uncorrelated_and_equally_large() -> None:
    torch.manual_seed(0)
    images = F.avg_pool2d(torch.randn(60, 3, 34, 34), 3, stride=1)  # neighbours are alike, as in photos
    images = torch.cat([images, images.flip(0)]) @ torch.eye(32)
    model = FastNet()
    model.whiten(images)
    conv = model.first[0]
    out = F.conv2d(images, conv.weight).transpose(0, 1).flatten(1)
    half = len(out) // 2
    torch.testing.assert_close(out[half:], -out[:half])
    found = torch.cov(out[:half].double())
    variances = torch.linalg.eigvalsh(torch.cov(F.unfold(images, 2).transpose(1, 2).flatten(0, 1).T.double())).flip(0)
    torch.testing.assert_close(found, torch.diag(variances / (variances + EPS)), atol=1e-4, rtol=1e-4)
    assert [name for name, p in model.named_parameters() if not p.requires_grad] == ["first.0.weight"]
    assert whitening(images).shape == (12, 3, 2, 2)


def test_convolutions_begin_by_handing_on_what_they_are_given() -> None:
    group = FastNet(widths=(30, 30)).layers[1]
    x = torch.randn(2, 30, 8, 8)
    torch.testing.assert_close(group.conv1(x), x)  # type: ignore[operator]
    plain = FastNet(widths=(30, 30), identity=False).layers[1]
    assert not torch.allclose(plain.conv1(x), x, atol=0.1)  # type: ignore[operator]


def test_the_fast_network_s_steps_can_be_left_out() -> None:
    torch.manual_seed(0)
    model, xb = FastNet(scale=0.5).eval(), torch.randn(2, 3, 32, 32)
    half = model(xb)
    model.scale = 1.0
    torch.testing.assert_close(model(xb), 2 * half)
    assert not any(isinstance(m, nn.GELU) for m in FastNet(activation="relu").modules())
    assert held(FastNet(skip=True)) == held(FastNet())


# The optimiser


@pytest.mark.parametrize("wd", [0.0, 0.01])
def test_nesterov_s_momentum_is_torch_s(wd: float) -> None:
    torch.manual_seed(0)
    start = torch.randn(5)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    mine = SGD([ours], lr=0.1, momentum=0.8, coupled=True, nesterov=True)
    mine.param_groups[0]["weight_decay"] = wd
    other = torch.optim.SGD([theirs], lr=0.1, momentum=0.8, weight_decay=wd, nesterov=True)
    for _ in range(5):
        for p, opt in ((ours, mine), (theirs, other)):
            opt.zero_grad()
            p.pow(4).sum().backward()
            opt.step()
    torch.testing.assert_close(ours, theirs)
