"""What the chapter `cifar10` states and can be computed at once, by torch and plain arithmetic.

What it says of whole runs is trained anew in tests/e2e/test_image_lesson_runs.py.
"""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.unit.test_chapter_numbers import answer, parameters, question, said, size

REDS = (0.4914, 0.24703)  # TARGETS: the mean and deviation of CIFAR-10's training images
WIDTHS = (10, 20, 40, 80, 160)


def convolutions(widths: tuple[int, ...], ks: int = 3, *, bias: bool = True) -> list[nn.Module]:
    return [nn.Conv2d(ni, nf, ks, bias=bias) for ni, nf in pairwise(widths)]


def norms(widths: tuple[int, ...]) -> int:
    """A multiplier and an adder for every channel."""
    return 2 * sum(widths)


def test_the_pictures() -> None:
    mean, deviation = REDS
    black, white = ((pixel / 255 - mean) / deviation for pixel in (0, 255))
    assert (round(black, 2), round(white, 2)) == (-1.99, 2.06)
    assert answer("cifar10", "images", "black") == pytest.approx(black, abs=0.005)
    assert "= −1.99, and a white one's 1 becomes 2.06" in said("cifar10", "images")


def test_how_many_pictures_one_becomes() -> None:
    image = torch.arange(3 * 32 * 32).float().view(1, 3, 32, 32)  # no two pixels alike
    padded = F.pad(image, (4, 4, 4, 4), mode="reflect")
    crops = [padded[:, :, y : y + 32, x : x + 32] for y in range(9) for x in range(9)]
    assert len({tuple(one.flatten().tolist()) for crop in crops for one in (crop, crop.flip(3))}) == 162
    assert answer("cifar10", "augmentation", "many") == 162
    assert 0.5**3 * 2 == 0.25  # three times alike; three times unflipped is an eighth


def test_the_linear_net() -> None:
    layers = [nn.Linear(32 * 32 * 3, 40), nn.Linear(40, 10)]
    weights = layers[0].weight.numel()
    assert answer("cifar10", "linear", "weights") == weights == 122_880
    assert parameters(*layers) - weights == 450
    assert "has 450" in said("cifar10", "linear")


def test_a_plain_list_has_no_parameters() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(3072, 40), nn.Linear(40, 10)]

    assert answer("cifar10", "list", "found") == parameters(Plain()) == 0


def test_three_convolutions() -> None:
    grid = [32]
    while len(grid) < 4:
        grid.append(size(grid[-1], 3, 2, 0))
    assert grid == [32, 15, 7, 3]
    assert answer("cifar10", "conv", "size") == 15
    net = [*convolutions((3, 20, 40, 80)), nn.Linear(80, 10)]
    assert parameters(*net) == 37_490
    assert "37,490" in said("cifar10", "conv")
    assert 0.29 < 37_490 / 123_330 < 0.35


def test_pooling() -> None:
    x = torch.rand(64, 80, 28, 28)
    for output, kernel in ((14, 2), (2, 14), (1, 28)):
        assert torch.equal(F.adaptive_max_pool2d(x, output), F.max_pool2d(x, kernel, kernel))
    assert answer("cifar10", "pooling", "fourteen") == 2
    assert answer("cifar10", "pooling", "infer") == F.adaptive_max_pool2d(x, 1).view(64, -1).shape[1] == 80


def test_padding_keeps_the_edge() -> None:
    grids = {}
    for side in (32, 48):
        grids[side] = [side]
        for _ in range(3):
            grids[side].append(size(grids[side][-1], 3, 2, 1))
    assert grids == {32: [32, 16, 8, 4], 48: [48, 24, 12, 6]}
    assert answer("cifar10", "layers", "grid") == 6


def test_doubling() -> None:
    asked = question("cifar10", "explode", "doubled")
    assert asked.answer == 2**10
    assert math.log(10) == pytest.approx(2.3, abs=0.01)  # guessing
    # He's weights keep the size of a plain net's signal: twice those double it, but for the padding's zeros
    torch.manual_seed(42)
    x = torch.randn(64, 32, 8, 8)
    conv = nn.Conv2d(32, 32, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight)
    with torch.no_grad():
        conv.weight.mul_(2)
        x = F.relu(x)
        assert 1.5 < F.relu(conv(x)).square().mean().sqrt() / x.square().mean().sqrt() < 2.1


def test_norms() -> None:
    assert answer("cifar10", "norm", "scale") == norms(WIDTHS[1:]) == 600
    net = [nn.Conv2d(3, 10, 5), *convolutions(WIDTHS, bias=False), nn.Linear(160, 10)]
    assert parameters(*net) + norms(WIDTHS[1:]) == 155_970
    assert "155,970" in said("cifar10", "norm")
    assert answer("cifar10", "norm", "cost") == nn.Conv2d(80, 160, 3).weight[0].numel() == 720


def test_a_channel_without_contrast() -> None:
    flat = torch.full((8, 1, 4, 4), 3.0)
    mean, deviation = flat.mean(), flat.std(correction=0)
    assert ((flat - mean) / deviation).isnan().all()
    found = F.batch_norm(flat, None, None, torch.ones(1), torch.tensor([0.5]), training=True)
    assert torch.allclose(found, torch.full_like(found, 0.5), atol=1e-3)
    assert answer("cifar10", "byhand", "epsilon") == "not a number"


def test_kernels_in_colour() -> None:
    assert answer("cifar10", "first", "in") == nn.Conv2d(3, 10, 5).weight[0].numel() == 75
    assert nn.Conv2d(3, 10, 7).weight[0].numel() == 147
    assert "147" in said("cifar10", "first")


def deep(widths: tuple[int, ...], between: int) -> int:
    """The parameters of what stands between a first layer and the last one: a layer of stride 2 and `between` more."""
    found = parameters(*convolutions(widths, bias=False)) + (1 + between) * norms(widths[1:])
    return found + between * sum(nn.Conv2d(nf, nf, 3, bias=False).weight.numel() for nf in widths[1:])


def test_deeper_and_wider() -> None:
    first, last = nn.Conv2d(3, 10, 5), nn.Linear(160, 10)
    assert parameters(first, last) + deep(WIDTHS, 1) == 462_570
    assert "462,570" in said("cifar10", "deep")
    narrow = parameters(first, last) + deep(WIDTHS, 2)
    wide = (16, 32, 64, 128, 256)
    broad = parameters(nn.Conv2d(3, 16, 7, bias=False), nn.Linear(256, 10)) + norms((16,)) + deep(wide, 2)
    assert (narrow, broad) == (769_170, 1_966_234)
    assert "1,966,234 in place of 769,170" in said("cifar10", "wide")
    asked = question("cifar10", "wide", "times")
    assert isinstance(asked.answer, float)
    assert asked.answer == pytest.approx(1.6**2)
    assert abs(asked.answer - broad / narrow) <= asked.tolerance
    assert [wide[i] / WIDTHS[i] for i in range(5)] == [1.6] * 5


def blocks(widths: tuple[int, ...]) -> int:
    """A ResNet's parameters: a first layer, two blocks of two convolutions in each group, and the last one."""
    total = parameters(nn.Conv2d(3, widths[0], 3, bias=False), nn.Linear(widths[-1], 10)) + norms(widths[:1])
    for i, nf in enumerate(widths):
        ni = widths[max(i - 1, 0)]
        total += parameters(*convolutions((ni, nf, nf, nf, nf), bias=False)) + norms((nf,) * 4)
        total += ni * nf if ni != nf else 0  # 1×1
    return total


def test_blocks() -> None:
    assert blocks((16, 32, 64, 128)) == 701_018
    assert blocks((8, 16, 32, 64)) == answer("cifar10", "preact", "parameters") == 176_178
    assert "176,178" in said("cifar10", "preact")


def test_the_derivative_of_a_skip() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    (x + torch.sin(x)).backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(1 + math.cos(2.0))
    assert 0.5**34 < 1e-6
    assert pytest.approx(1e-15, rel=0.2) == 0.35**33  # the factor that the pane measures, over all layers


def test_averaging_views() -> None:
    dog = torch.tensor([0.4, 0.4, 0.9, 0.9])
    assert dog.mean().item() == pytest.approx(0.65)
    assert (dog > 0.5).sum() == 2
    assert answer("cifar10", "tta", "average") == "dog"


def test_three_seeds_of_padding() -> None:
    without, padded = (0.656, 0.665, 0.673), (0.638, 0.658, 0.597)  # tests/e2e/test_image_lesson_runs.py
    means = [sum(three) / 3 for three in (without, padded)]
    variances = [sum((x - mean) ** 2 for x in three) / 2 for three, mean in zip((without, padded), means, strict=True)]
    needed = 2.776 * math.sqrt(sum(variances) / 2 * 2 / 3)  # Student's t, 95 %, four degrees of freedom
    assert [round(mean, 3) for mean in means] == [0.665, 0.631]
    assert needed == pytest.approx(0.05, abs=0.005)
    assert math.sqrt(sum(variances) / 2) < means[0] - means[1] < needed
    assert ".665 without and .631 with it" in said("cifar10", "study")


def test_gap_and_spread() -> None:
    assert abs(0.86 - 0.85) <= 0.01 + 1e-9  # within what the seeds spread by
    assert ".86 and .85" in said("cifar10", "study")
