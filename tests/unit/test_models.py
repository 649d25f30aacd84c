"""The chapters' networks: shapes, and parameters counted by hand."""

import pytest
import torch
from torch import nn

from fastai_tui.engine.models.first_cnn import broken_net, linear_net, strided_net
from fastai_tui.engine.models.stability import digits_net

CONVS = [1 * 8 * 25 + 8, 8 * 16 * 9 + 16, 16 * 32 * 9 + 32, 32 * 64 * 9 + 64, 64 * 10 * 9 + 10]
NORMED = [n for pair in zip(CONVS, (16, 32, 64, 128, 20), strict=True) for n in pair]  # scale and shift


def held(model: nn.Module) -> list[int]:
    """Parameters of each layer that has any."""
    counts = [sum(p.numel() for p in layer.parameters()) for layer in model.children()]
    return [count for count in counts if count]


@pytest.mark.parametrize(
    ("model", "parameters", "output"),
    [
        (linear_net(), [784 * 30 + 30, 30 + 1], (2, 1)),
        (broken_net(), [30 * 9 + 30, 30 * 9 + 1], (2, 1, 28, 28)),
        (strided_net(), [40, 296, 1168, 4640, 578], (2, 2)),
        (digits_net(), CONVS, (2, 10)),
        (digits_net(first=3), [8 * 9 + 8, *CONVS[1:]], (2, 10)),
        (digits_net(norm="batch"), NORMED, (2, 10)),
    ],
)
def test_networks_hold_and_give_what_is_taught(
    model: nn.Module, parameters: list[int], output: tuple[int, ...]
) -> None:
    assert held(model) == parameters
    assert tuple(model(torch.zeros(2, 1, 28, 28)).shape) == output


def test_the_grid_halves_from_28_to_1() -> None:
    for model in (strided_net(), digits_net()):
        sizes, x = [], torch.zeros(1, 1, 28, 28)
        for layer in model.children():
            x = layer(x)
            if isinstance(layer, nn.Conv2d):
                sizes.append(x.shape[-1])
        assert sizes == [14, 7, 4, 2, 1]


def test_batch_norm_follows_the_relu() -> None:
    kinds = [type(layer).__name__ for layer in digits_net(norm="batch").children()]
    assert kinds == ["Conv2d", "ReLU", "BatchNorm2d"] * 4 + ["Conv2d", "BatchNorm2d", "Flatten"]
