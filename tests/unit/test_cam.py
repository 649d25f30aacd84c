"""Where networks look, against maps that are worked out without the code that is tested."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import whole
from fastai_tui.engine.interpret.cam import Features, by_gradients, evidence, last_grid, look, zoomed
from fastai_tui.engine.models.heads import CamHead, head

pytestmark = pytest.mark.usefixtures("one_thread")
AS_BYTES: Callable[[Tensor], Tensor] = Normalise([0.0], [1.0], torch.device("cpu"))


class Net(nn.Module):
    def __init__(self, kind: str = "cam", **options: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 6, 3, 4, 1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.Conv2d(6, 8, 3, 2, 1)
        )
        self.relu = nn.ReLU(inplace=True)  # writes into what the trunk made
        self.head = head(kind, 8, 3, **options)

    def forward(self, xb: Tensor) -> Tensor:
        return self.head(self.relu(self.trunk(xb)))  # type: ignore[no-any-return]


@pytest.fixture
def xb() -> Tensor:
    return torch.randn(1, 3, 56, 48, generator=torch.Generator().manual_seed(2))


def net(kind: str = "cam", **options: int) -> Net:
    torch.manual_seed(1)
    made = Net(kind, **options)
    with torch.no_grad():
        made(torch.randn(8, 3, 32, 32))  # so that evaluation is something else than training
    return made


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_the_map_is_made_of_what_the_heads_convolution_made(xb: Tensor) -> None:
    model = net().train()
    found = evidence(model, xb)
    assert all(module.training for module in model.modules())
    assert hooks(model) == 0
    model.eval()
    with torch.no_grad():
        grids = F.conv2d(model.relu(model.trunk(xb)), model.head.conv.weight, model.head.conv.bias, padding=1)[0]
        likely = model(xb)[0].exp()
    assert found.kind == "cam"
    torch.testing.assert_close(found.channels, grids, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.scores, grids.mean((1, 2)), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.probabilities, likely, rtol=1e-5, atol=1e-5)


def by_hand(model: Net, xb: Tensor, number: int) -> Tensor:
    """Grad-CAM as its paper has it, the network taken apart; the score is that before softmax."""
    model.eval()
    maps = model.relu(model.trunk(xb)).detach().requires_grad_()
    scores = model.head.conv(maps).mean((2, 3)) if isinstance(model.head, CamHead) else model.head(maps)
    scores[0, number].backward()
    assert maps.grad is not None
    alphas = maps.grad[0].sum((1, 2)) / (maps.shape[2] * maps.shape[3])
    return torch.stack([alpha * grid for alpha, grid in zip(alphas, maps[0].detach(), strict=True)]).sum(0)


@pytest.mark.parametrize("kind", ["linear", "concat", "cam"])
def test_grad_cam_is_the_papers(kind: str, xb: Tensor) -> None:
    model = net(kind)
    for p in model.trunk.parameters():
        p.requires_grad_(False)
    found = by_gradients(model, xb, model.relu).channels
    assert all(p.grad is None for p in model.parameters())
    assert hooks(model) == 0
    for number in range(3):
        torch.testing.assert_close(found[number], by_hand(model, xb, number), rtol=1e-4, atol=1e-4)


def test_grad_cam_after_averages_and_a_layer_is_cam_but_for_its_size(xb: Tensor) -> None:
    model = net("linear").eval()
    found = evidence(model, xb)
    assert found.kind == "grad-cam"
    maps = model.relu(model.trunk(xb))[0].detach()
    places = maps.shape[1] * maps.shape[2]
    for number in range(3):
        cam = torch.einsum("c,chw->hw", model.head.out.weight[number].detach(), maps)
        score = (cam.mean() + model.head.out.bias[number]).item()
        torch.testing.assert_close(found.channels[number] * places, cam, rtol=1e-4, atol=1e-5)
        assert float(found.scores[number]) == pytest.approx(score, abs=1e-5)


def test_grad_cam_agrees_with_cam_where_the_kernel_is_one_cell(xb: Tensor) -> None:
    model = net("cam", kernel=1)
    found, slopes = evidence(model, xb), by_gradients(model, xb, model.relu).channels
    bias = model.head.conv.bias.detach()[:, None, None]
    torch.testing.assert_close(slopes * found.channels[0].numel(), found.channels - bias, rtol=1e-4, atol=1e-5)


def test_grad_cam_begins_at_the_last_layer_with_maps(xb: Tensor) -> None:
    assert last_grid(model := net("concat"), xb) is model.relu
    with pytest.raises(BadInput, match="makes no maps"):
        last_grid(nn.Sequential(nn.Flatten(), nn.Linear(3 * 56 * 48, 2)), xb)


def test_a_network_with_one_output_has_two_classes(xb: Tensor) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))
    found = evidence(model, xb)
    assert float(found.probabilities[1]) == pytest.approx(model(xb).sigmoid().item())
    torch.testing.assert_close(found.channels[0], -found.channels[1])


def test_a_hook_fires_with_its_layer_and_is_gone_afterwards(xb: Tensor) -> None:
    model = net().eval()
    with Features(model.trunk) as features:
        assert features.fired == 0
        model(xb)
        wanted = model.trunk(xb)
        assert features.fired == 2
    model(xb)
    assert features.fired == 2
    torch.testing.assert_close(features.output, wanted)
    assert hooks(model) == 0


@pytest.mark.parametrize("look_at", [evidence, by_gradients])
def test_no_hook_is_left_when_something_goes_wrong(look_at: Callable[[nn.Module, Tensor], object]) -> None:
    model = net("cam").train()
    with pytest.raises(RuntimeError):
        look_at(model, torch.zeros(1, 5, 8, 8))
    assert hooks(model) == 0
    assert all(module.training for module in model.modules())


class Bright(nn.Module):
    """Says yes as far as a picture is bright, and sees it in cells of 32×32."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.AvgPool2d(32)
        self.head = head("cam", 3, 2, kernel=1)
        with torch.no_grad():
            self.head.conv.weight.copy_(torch.tensor([[0.0] * 3, [5.0] * 3])[..., None, None])
            self.head.conv.bias.zero_()

    def forward(self, xb: Tensor) -> Tensor:
        return self.head(self.trunk(xb))  # type: ignore[no-any-return]


def photo(width: int, height: int, left: int, top: int, side: int) -> Image.Image:
    """A dark photo with a bright patch."""
    pixels = np.full((height, width, 3), 20, np.uint8)
    pixels[top : top + side, left : left + side] = 250
    return Image.fromarray(pixels)


@pytest.mark.parametrize(("width", "height"), [(900, 300), (300, 900), (451, 300), (300, 300)])
def test_the_peak_is_where_the_bright_patch_is(width: int, height: int) -> None:
    short = min(width, height)
    random = np.random.default_rng(short)
    for _ in range(8):
        side = short // 5
        left = (width - short) // 2 + int(random.integers(short - side))
        top = (height - short) // 2 + int(random.integers(short - side))
        found = look(Bright(), photo(width, height, left, top, side), AS_BYTES, 224)
        x, y = found.peak
        margin = short / 7 / 2  # the peak is the middle of a cell, of which there are seven
        assert left - margin <= x <= left + side + margin
        assert top - margin <= y <= top + side + margin
        assert found.hottest is not None
        assert found.hottest.has(left + side / 2, top + side / 2)


def test_what_is_cut_off_is_not_seen_unless_all_of_it_is_shown() -> None:
    shot = photo(900, 300, 20, 100, 60)
    assert look(Bright(), shot, AS_BYTES, 224).hottest is None
    found = look(Bright(), shot, AS_BYTES, 224, whole(900, 300))
    assert found.channels.shape == (2, 7, 21)
    x, y = found.peak
    assert 20 <= x <= 80
    assert 100 <= y <= 160


def test_looking_again_at_the_hottest_region_is_more_certain() -> None:
    shot = photo(640, 400, 300, 90, 80)
    before = look(Bright(), shot, AS_BYTES, 224)
    after = zoomed(Bright(), shot, before, AS_BYTES, 224)
    assert after is not None
    assert after.box == before.hottest
    assert after.box.has(300, 90)
    assert after.box.has(379, 169)
    assert after.box.width < 300
    assert after.probabilities[1] > before.probabilities[1]
    cut = np.asarray(shot.crop(tuple(round(edge) for edge in after.box.bounds())))
    assert after.scores[1] == pytest.approx(15 * float(cut.mean()) / 255, abs=0.15)
    dark = Image.new("RGB", (50, 50))
    assert zoomed(Bright(), dark, look(Bright(), dark, AS_BYTES, 64), AS_BYTES, 64) is None


def test_grey_photos_are_shown_as_one_channel() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    found = look(model, Image.new("L", (64, 64), 9), AS_BYTES, 64)
    assert found.probabilities.shape == (10,)
    assert found.box == whole(64, 64)
