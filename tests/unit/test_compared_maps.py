"""Maps beside what they can be checked against: numbers against an independent computation."""

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fastai_tui.engine.backbones import MEAN, STD
from fastai_tui.engine.data.digit_clutter import made
from fastai_tui.engine.framing import WHOLE, Box
from fastai_tui.engine.interpret import compared, hooked, localise
from fastai_tui.engine.interpret.standing import Standing, standing
from fastai_tui.engine.models.clutter import ClutterNet

CAT = Path(__file__).parents[2] / "assets" / "data" / "chelsea.png"


def ready(size: int) -> torch.Tensor:
    """The cat as the network sees it, by torchvision's own steps."""
    photo = Image.open(CAT).convert("RGB")
    side, (left, top) = min(photo.size), ((photo.width - min(photo.size)) / 2, (photo.height - min(photo.size)) / 2)
    cut = photo.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side))
    xb = torch.from_numpy(np.array(cut)).permute(2, 0, 1).float() / 255
    return ((xb - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None])[None]


def test_correlation_is_numpy_s_and_nought_where_nothing_varies() -> None:
    one, other = np.random.default_rng(1).random((2, 7, 7))
    assert compared.correlation(one, other) == pytest.approx(np.corrcoef(one.ravel(), other.ravel())[0, 1])
    assert compared.correlation(one, 3 * one + 2) == pytest.approx(1)
    assert compared.correlation(one, np.ones((7, 7))) == 0
    assert abs(compared.correlation(one, np.random.default_rng(2).random((9, 8)))) < 1


def test_maps_are_compared_where_their_cells_lie() -> None:
    """Two nets see one slope: the cells of the one part the picture among them, those of the other lie further up."""
    other = Box(0, -1 / 14, 1, 13 / 14)
    middles = {field: field.top + (np.arange(7) + 0.5) / 7 * field.height for field in (WHOLE, other)}
    one, two = (np.repeat(np.abs(middles[field] - 0.4)[:, None], 7, 1) for field in (WHOLE, other))
    there = compared.correlation(one, two, (WHOLE, other))
    assert there > 0.98
    assert there > compared.correlation(one, two) + 0.02
    assert compared.correlation(one, two, (other, other)) == compared.correlation(one, two)


def test_grad_cam_of_a_net_whose_cells_lie_elsewhere_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.AvgPool2d(32), nn.Conv2d(3, 4, 1), nn.ReLU())
    model = nn.Sequential(
        OrderedDict(trunk=trunk, pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), out=nn.Linear(4, 2))
    )
    pooled = Standing(model.eval(), "pooled", ("cats", "dogs"), 224, MEAN, STD)
    monkeypatch.setattr(compared, "standing", lambda source: pooled)
    found = compared.agreement()
    assert found.field == WHOLE
    assert found.looked.first.field.top == pytest.approx(0.5 / 224 - 1 / 14)  # the first cell lies on the first pixel


def test_grad_cam_at_the_trunk_s_end_is_that_of_plain_autograd() -> None:
    network = standing()
    maps = network.model.trunk(ready(network.size)).detach().requires_grad_()
    head = network.model.head
    scores = head.conv(maps).mean((2, 3))[0]
    likely = scores.softmax(0)
    expected = torch.zeros(maps.shape[2:])
    for i, score in enumerate(scores):
        (slopes,) = torch.autograd.grad(score, maps, retain_graph=True)
        expected += likely[i].detach() * (slopes.mean((2, 3), keepdim=True) * maps.detach()).sum(1)[0].relu()
    found = compared.agreement()
    assert np.allclose(found.map, expected.numpy(), atol=1e-4 * float(expected.max()))
    assert found.probabilities == pytest.approx(likely.tolist(), abs=1e-4)
    assert found.agreement == pytest.approx(
        np.corrcoef(np.ravel(found.looked.first.map), np.ravel(expected.numpy()))[0, 1], abs=1e-3
    )


def test_a_hook_at_every_layer_holds_what_the_layer_makes() -> None:
    network = standing()
    found = hooked.answer()
    x = ready(network.size)
    with torch.no_grad():
        for layer, passed in zip(
            [*network.model.trunk.features, *network.model.head.children()], found.layers, strict=True
        ):
            x = layer(x)
            assert passed.shape == list(x.shape)
            corner = x[0, 0, :7, :7] if x.ndim == 4 else x[:, :7]
            assert np.allclose(passed.corner, corner, atol=1e-3)
    assert found.probability == pytest.approx(float(x.exp().max()), abs=1e-4)
    assert any(passed.shape == [1, 1280, 7, 7] for passed in found.layers)
    assert not any(module._forward_hooks for module in network.model.modules())


def test_a_canvas_is_one_for_validation_with_its_own_box(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    network = Standing(ClutterNet().eval(), "0001-clutter", tuple("0123456789"), 64, (0.1,), (0.3,))
    monkeypatch.setattr(compared, "standing", lambda run: network)
    valid = made()[1]
    found = compared.canvas("0001-clutter", len(valid.labels) + 3)
    assert (found.row, found.total, found.looked.label) == (3, len(valid.labels), str(valid.labels[3]))
    top, left, bottom, right = valid.boxes[3].tolist()
    assert found.box.bounds() == (left, top, right, bottom)
    pixels = np.frombuffer(found.looked.pixels, np.uint8).reshape(64, 64, 3)
    assert (pixels == valid.images[3][..., None]).all()
    xb = (torch.from_numpy(valid.images[3].copy())[None, None].float() / 255 - 0.1) / 0.3
    with torch.no_grad():
        assert found.looked.first.probabilities == pytest.approx(network.model(xb)[0].exp().tolist(), abs=1e-4)


def test_a_canvas_is_cut_out_at_its_own_size_around_the_peak_as_localising_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(1)
    model, valid = ClutterNet().eval(), made()[1]
    network = Standing(model, "0001-clutter", tuple("0123456789"), 64, (0.1,), (0.3,), enlarges=False)
    monkeypatch.setattr(compared, "standing", lambda run: network)
    xb = (torch.tensor(valid.images[:4])[:, None].float() / 255 - 0.1) / 0.3
    loader = SimpleNamespace(batches=lambda epoch: [(xb, None)])
    ((_, _, places),) = localise.looked(model, loader)  # type: ignore[arg-type]
    cut = localise.around(xb, places)
    for row in range(4):
        again = compared.canvas("0001-clutter", row).looked.zoomed
        assert again is not None
        assert (again.box.width, again.box.height) == (localise.SIDE, localise.SIDE)
        with torch.no_grad():
            wanted = model(cut[row : row + 1]).softmax(1)[0]
        assert again.probabilities == pytest.approx(wanted.tolist(), abs=1e-5)
