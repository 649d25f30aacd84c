"""Where a map's cells lie in the picture, against what the cells turn out to depend on."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fastai_tui.engine import heat
from fastai_tui.engine.framing import WHOLE, Box
from fastai_tui.engine.interpret.cam import evidence
from fastai_tui.engine.interpret.lattice import Lattice
from fastai_tui.engine.models.backbones import trunk
from fastai_tui.engine.models.clutter import ClutterNet

pytestmark = pytest.mark.usefixtures("one_thread")


class Beside(nn.Module):
    """Two ways that make a picture smaller alike, added up."""

    def __init__(self, one: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, xb: Tensor) -> Tensor:
        return self.one(xb) + self.other(xb)  # type: ignore[no-any-return]


def conv(kernel: int, stride: int, padding: int | str, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(1, 1, kernel, stride, padding, dilation=dilation)


NETS = {
    "threes": [conv(3, 2, 1), conv(3, 1, 1), conv(3, 2, 1)],
    "lenet": [conv(5, 1, 0), nn.AvgPool2d(2), conv(5, 1, "same"), nn.MaxPool2d(2)],
    "patches": [conv(4, 4, 0), conv(3, 1, "valid")],
    "apart": [conv(3, 2, 2, 2), conv(3, 2, 1)],
    "beside": [conv(7, 2, 3), Beside(conv(3, 2, 1), conv(1, 2, 0)), conv(3, 1, 1)],
    "average": [nn.AvgPool2d(3, 2, 1), conv(3, 2, 0)],
}


def field(model: nn.Module, xb: Tensor, last: nn.Module) -> tuple[Box, Tensor]:
    with Lattice(model, last) as lattice, torch.no_grad():
        maps = model(xb)
    assert not any(module._forward_hooks for module in model.modules())
    return lattice.field, maps


@pytest.mark.parametrize("name", NETS)
def test_a_cell_s_middle_is_the_middle_of_the_pixels_that_it_depends_on(name: str) -> None:
    model = nn.Sequential(*NETS[name]).eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.ones_(layer.weight)
    xb = torch.rand(1, 1, 64, 96)
    found, maps = field(model, xb, model[-1])
    rows, columns = maps.shape[2:]
    for row in (rows // 2, rows // 2 + 1):
        column = columns // 2
        picture = xb.clone().requires_grad_()
        wanted = [layer for layer in model if not isinstance(layer, nn.MaxPool2d)]
        if len(wanted) == len(model):
            slopes = torch.autograd.grad(model(picture)[0, 0, row, column], picture)[0][0, 0]
        else:  # of a maximum just one pixel has a slope: averages reach as far
            means = [nn.AvgPool2d(2) if isinstance(layer, nn.MaxPool2d) else layer for layer in model]
            slopes = torch.autograd.grad(nn.Sequential(*means)(picture)[0, 0, row, column], picture)[0][0, 0]
        lit = torch.nonzero(slopes)
        (top, left), (bottom, right) = lit.amin(0).tolist(), (lit.amax(0) + 1).tolist()
        x, y = found.place((column + 0.5) / columns, (row + 0.5) / rows)
        assert (96 * x, 64 * y) == pytest.approx(((left + right) / 2, (top + bottom) / 2))


def test_the_embedded_trunk_s_cells_lie_half_a_cell_further_up_and_left() -> None:
    model = nn.Sequential(trunk("embedded"), nn.Identity()).eval()
    found, _ = field(model, torch.rand(1, 3, 224, 224), model[1])
    assert found.bounds() == pytest.approx((-15.5 / 224, -15.5 / 224, 208.5 / 224, 208.5 / 224))
    cells = evidence(ClutterNet().eval(), torch.rand(1, 1, 64, 64)).field
    assert cells.bounds() == pytest.approx((-3.5 / 64, -3.5 / 64, 60.5 / 64, 60.5 / 64))


def test_where_something_else_makes_it_smaller_the_cells_part_the_picture() -> None:
    model = nn.Sequential(conv(3, 2, 1), nn.AdaptiveMaxPool2d(5), conv(3, 1, 1))
    assert field(model, torch.rand(1, 1, 64, 64), model[-1])[0] == WHOLE


def test_a_map_is_enlarged_to_where_its_cells_lie() -> None:
    """As much of a larger picture, in which the map's cells part the whole."""
    cells = np.random.default_rng(1).normal(size=(4, 4))
    part = Box(-0.25, -0.25, 0.75, 0.75)
    for way in (heat.enlarged, heat.nearest):
        found, larger = way(cells, 16, 16, part), way(cells, 16, 16)
        np.testing.assert_allclose(found[:12, :12], larger[4:, 4:])
        np.testing.assert_allclose(found[14:], found[[14, 14]])  # below the last cell's middle there is no other
    at = heat.peak(cells)
    assert heat.peak(cells, part) == pytest.approx((at[0] - 0.25, at[1] - 0.25))


def test_the_hottest_region_is_where_the_cells_lie() -> None:
    cells = np.zeros((4, 4))
    cells[1, 2] = 1
    whole, moved = heat.hottest(cells), heat.hottest(cells, field=Box(-0.125, -0.125, 0.875, 0.875))
    assert whole is not None
    assert moved is not None
    assert moved.bounds() == pytest.approx(tuple(edge - 0.125 for edge in whole.bounds()))
