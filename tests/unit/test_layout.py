"""How networks lie in memory: channels last, but not where torch would write beyond its memory."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fastai_tui.engine.layout import VECTOR, lay_out
from fastai_tui.engine.models.batch_norm import Norm
from fastai_tui.engine.models.residual import PreactResNet, ResNet

CPU = torch.device("cpu")


def channels_last(model: nn.Module) -> bool:
    kernels = [p for p in model.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1]
    found = {p.is_contiguous(memory_format=torch.channels_last) for p in kernels}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("kind", [ResNet, PreactResNet])
@pytest.mark.parametrize("first", [2, 4, 7])
def test_a_narrow_residual_net_learns_what_it_would_in_float64(kind: type[ResNet], first: int) -> None:
    torch.manual_seed(1)  # with this one no ReLU is so near zero that rounding decides about it
    widths = (first, 2 * first, 4 * first, 8 * first)
    model, exact = kind(widths, norm=Norm("before", "torch")), kind(widths, norm=Norm("before", "torch")).double()
    exact.load_state_dict(model.state_dict())
    lay_out(model, CPU)
    xb, yb = torch.randn(32, 3, 32, 32), torch.arange(32) % 10
    for net, images in ((model, xb), (exact, xb.double())):
        F.cross_entropy(net(images), yb).backward()
    for mine, wanted in zip(model.parameters(), exact.parameters(), strict=True):
        assert mine.grad is not None
        assert wanted.grad is not None
        torch.testing.assert_close(mine.grad.double(), wanted.grad, atol=1e-4 * float(wanted.grad.abs().max()), rtol=0)


def test_channels_come_last_where_that_is_possible() -> None:
    usual, narrow = ResNet(), ResNet((VECTOR - 1, 2 * VECTOR, 64, 64))
    volumes = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv3d(2, 4, 3))
    for model in (usual, narrow, volumes):
        lay_out(model, CPU)
    assert channels_last(usual)
    assert not channels_last(narrow)
    assert not channels_last(volumes)
