"""New heads against the same written down with plain torch."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.models.heads import HEADS, CamHead, ConcatHead, LinearHead, head

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def maps() -> torch.Tensor:
    return torch.randn(6, 8, 7, 5, generator=torch.Generator().manual_seed(3))


def test_the_linear_head_is_the_averages_and_a_layer(maps: torch.Tensor) -> None:
    ours = head("linear", 8, 3)
    assert isinstance(ours, LinearHead)
    wanted = maps.mean((2, 3)) @ ours.out.weight.T + ours.out.bias
    torch.testing.assert_close(ours(maps), wanted)


def test_the_concat_head_is_fastais(maps: torch.Tensor) -> None:
    torch.manual_seed(0)
    ours = head("concat", 8, 3, dropout=0.4, hidden=16)
    assert isinstance(ours, ConcatHead)
    assert [type(layer).__name__ for layer in ours.layers] == [
        *("BatchNorm1d", "Dropout", "Linear", "ReLU"),
        *("BatchNorm1d", "Dropout", "Linear"),
    ]
    assert [layer.p for layer in ours.layers if isinstance(layer, nn.Dropout)] == [0.2, 0.4]
    for norm in (ours.layers[0], ours.layers[4]):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    flat = maps.flatten(2)
    x = torch.cat([flat.mean(2), flat.amax(2)], 1)
    for norm, layer in ((ours.layers[0], ours.layers[2]), (ours.layers[4], ours.layers[6])):
        x = (x - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        x = x @ layer.weight.T + layer.bias
        x = x.relu() if layer is ours.layers[2] else x
    torch.testing.assert_close(ours.eval()(maps), x, rtol=1e-4, atol=1e-5)


def test_without_hidden_units_there_is_one_layer() -> None:
    ours = head("concat", 8, 3, hidden=0)
    assert isinstance(ours, ConcatHead)
    assert [tuple(p.shape) for p in ours.parameters() if p.ndim == 2] == [(3, 16)]
    assert [layer.p for layer in ours.layers if isinstance(layer, nn.Dropout)] == [0.5]


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_cam_head_is_a_convolution_the_averages_and_log_softmax(maps: torch.Tensor, kernel: int) -> None:
    ours = head("cam", 8, 3, kernel=kernel)
    assert isinstance(ours, CamHead)
    grids = F.conv2d(maps, ours.conv.weight, ours.conv.bias, padding=kernel // 2)
    scores = grids.mean((2, 3))
    wanted = scores - scores.exp().sum(1, keepdim=True).log()
    torch.testing.assert_close(ours(maps), wanted)
    torch.testing.assert_close(ours(maps).exp().sum(1), torch.ones(6))


def test_the_engines_loss_of_log_probabilities_is_their_negative_mean(maps: torch.Tensor) -> None:
    preds, yb = head("cam", 8, 3)(maps), torch.tensor([0, 1, 2, 0, 1, 2])
    wanted = -torch.stack([row[label] for row, label in zip(preds, yb, strict=True)]).mean()
    torch.testing.assert_close(cross_entropy(preds, yb), wanted)
    assert accuracy(preds, preds.argmax(1)) == 1


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("kind", HEADS)
def test_what_is_pooled_and_what_is_made_of_it_are_the_head(kind: str, kernel: int, maps: torch.Tensor) -> None:
    ours = head(kind, 8, 3, kernel=kernel).eval()
    pooled = ours.pooled(maps)
    assert pooled.shape == (6, {"linear": 8, "concat": 16, "cam": 8 * kernel**2}[kind])
    torch.testing.assert_close(ours.answer(pooled), ours(maps), rtol=1e-5, atol=1e-5)


def test_it_learns_the_same_from_what_is_pooled(maps: torch.Tensor) -> None:
    ours, yb = head("cam", 8, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    found = []
    for preds in (ours(maps), ours.answer(ours.pooled(maps))):
        found.append(torch.autograd.grad(cross_entropy(preds, yb), list(ours.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_heads_that_there_are_not_are_sentences() -> None:
    with pytest.raises(BadInput, match="no head called 'tail'; there are concat, linear, cam"):
        head("tail", 8, 3)
    with pytest.raises(BadInput, match="kernel of 2×2 has no middle"):
        head("cam", 8, 3, kernel=2)
