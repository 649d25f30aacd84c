"""Whole torchvision networks from files of weights, against torchvision's own; and files that are not theirs."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fastai_tui.engine.backbones import EMBEDDED_MODEL
from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.cam import evidence
from fastai_tui.engine.models.backbones import SHIPPED
from fastai_tui.engine.models.whole import whole
from tests.vision import untrained

SMALL = ("mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5", "regnet_y_400mf", "densenet121")


class Marked(nn.Module):
    """Something of which a pickle needs the class."""


def saved(model: nn.Module, path: Path, prefix: str = "") -> Path:
    save_file({prefix + name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    return path


@pytest.mark.parametrize("name", SMALL)
def test_a_whole_network_says_what_torchvisions_says(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    own = untrained(name, num_classes=1000 if name == SMALL[0] else 7).eval()
    found = whole(name, str(saved(own, tmp_path / "w.safetensors", "module.")))
    xb = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(found.model(xb), own(xb), atol=1e-5)
    if name == SMALL[0]:
        assert found.classes[281:283] == ("tabby", "tiger cat")
        assert len(found.classes) == 1000
    else:
        assert found.classes == tuple("0123456")


def test_its_maps_are_grad_cam_of_the_last_grid(tmp_path: Path) -> None:
    torch.manual_seed(2)
    own = untrained("squeezenet1_1", num_classes=3).eval()
    found = whole("squeezenet1_1", str(saved(own, tmp_path / "w.safetensors")))
    pixels = torch.randint(0, 256, (1, 3, 96, 96), dtype=torch.uint8)
    seen = evidence(found.model, Normalise(found.mean, found.std, torch.device("cpu"))(pixels))
    assert seen.kind == "grad-cam"
    assert seen.channels.shape[0] == 3
    assert float(seen.probabilities.sum()) == pytest.approx(1, abs=1e-5)


def test_files_that_hold_something_else_are_refused_in_a_sentence(tmp_path: Path) -> None:
    other = saved(untrained("mobilenet_v3_small"), tmp_path / "other.safetensors")
    with pytest.raises(BadInput, match=r"does not hold the weights of squeezenet1_1.*--arch"):
        whole("squeezenet1_1", str(other))
    with pytest.raises(BadInput, match="the trunk of mobilenet_v2 and no head"):
        whole(EMBEDDED_MODEL, str(SHIPPED))
    state = untrained("squeezenet1_1", num_classes=2).state_dict()
    del state["features.3.squeeze.weight"]
    torch.save(state, tmp_path / "less.pth")
    with pytest.raises(BadInput, match=r"features\.3\.squeeze\.weight is missing"):
        whole("squeezenet1_1", str(tmp_path / "less.pth"))
    state["features.3.squeeze.weight"] = torch.full((16, 64, 1, 1), float("nan"))
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(BadInput, match="not all numbers"):
        whole("squeezenet1_1", str(tmp_path / "nan.pth"))


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    torch.save(Marked(), tmp_path / "code.pth")
    with pytest.raises(BadInput, match="code"):
        whole("squeezenet1_1", str(tmp_path / "code.pth"))
    (tmp_path / "cut.pth").write_bytes((tmp_path / "code.pth").read_bytes()[:400])
    with pytest.raises(BadInput, match=r"cut\.pth"):
        whole("squeezenet1_1", str(tmp_path / "cut.pth"))
