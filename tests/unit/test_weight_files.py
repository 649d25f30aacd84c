"""Files of weights: whatever wrapped them, and all that can be wrong with them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from fastai_tui.engine.errors import BadInput, DataMissing, FastaiTuiError
from fastai_tui.engine.models.backbones import trunk
from fastai_tui.engine.models.heads import Pretrained, head
from fastai_tui.engine.models.weight_files import read_weights
from tests.vision import untrained

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "squeezenet1_1"


@pytest.fixture(scope="module")
def whole() -> dict[str, Tensor]:
    torch.manual_seed(0)
    state: dict[str, Tensor] = untrained("squeezenet1_1").state_dict()
    return state


def features(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.startswith("features.")}


def prefixed(prefix: str) -> Callable[[dict[str, Tensor]], Any]:
    return lambda state: {prefix + name: tensor for name, tensor in state.items()}


def of_a_project(state: dict[str, Tensor]) -> Any:
    """As somebody's own network has it, with another head and what training needs beside it."""
    own = {f"model.backbone.{name.removeprefix('features.')}": tensor for name, tensor in features(state).items()}
    return {"epoch": 3, "state_dict": own | {"model.head.weight": torch.zeros(2, 512)}, "optimizer": {"lr": 0.1}}


WAYS: dict[str, Callable[[dict[str, Tensor]], Any]] = {
    "whole": dict,
    "features only": features,
    "features without their name": lambda s: {n.removeprefix("features."): t for n, t in features(s).items()},
    "several devices": prefixed("module."),
    "compiled": prefixed("_orig_mod.module."),
    "a project's checkpoint": of_a_project,
    "our own network": lambda s: prefixed("trunk.")(features(s)) | {"head.out.weight": torch.zeros(2, 512)},
    "a plain chain": lambda s: {f"0.{n.removeprefix('features.')}": t for n, t in features(s).items()},
    "half precision": lambda s: {n: t.half() for n, t in s.items()},
}


@pytest.mark.parametrize("way", WAYS)
def test_weights_are_found_whatever_wrapped_them(way: str, whole: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(WAYS[way](whole), tmp_path / "w.pth")
    found = trunk(NAME, str(tmp_path / "w.pth")).state_dict()
    wanted = {name: tensor.half().float() if "half" in way else tensor for name, tensor in features(whole).items()}
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in wanted.items())


def test_safetensors_are_read_by_any_name(whole: dict[str, Tensor], tmp_path: Path) -> None:
    for name in ("w.safetensors", "w.bin"):
        save_file(whole, tmp_path / name)
        assert torch.equal(trunk(NAME, str(tmp_path / name)).features[0].weight, whole["features.0.weight"])


def test_a_chain_of_a_resnets_children_is_recognised(tmp_path: Path) -> None:
    model = untrained("resnet18")
    torch.save(nn.Sequential(*list(model.children())[:-2]).state_dict(), tmp_path / "w.pth")
    found = trunk("resnet18", str(tmp_path / "w.pth"))
    assert torch.equal(found.layer4[1].conv2.weight, model.layer4[1].conv2.weight)


def test_our_own_saved_network_begins_another(tmp_path: Path) -> None:
    net = Pretrained(trunk(NAME, "none"), head("concat", 512, 3))
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    found = trunk(NAME, str(tmp_path / "w.safetensors")).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in net.trunk.state_dict().items())


def test_densenets_old_names_are_known(tmp_path: Path) -> None:
    shapes = trunk("densenet121", "none").state_dict()
    old = {name.replace("norm1", "norm.1").replace("conv2", "conv.2"): tensor for name, tensor in shapes.items()}
    assert old.keys() != shapes.keys()
    torch.save(old, tmp_path / "w.pth")
    found = trunk("densenet121", str(tmp_path / "w.pth")).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in shapes.items())


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_in_a_file_is_run(tmp_path: Path, legacy: bool) -> None:
    evil = {"features.0.weight": torch.zeros(2), "more": Evil(tmp_path / "ran")}
    torch.save(evil, tmp_path / "w.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(BadInput, match=r"holds more than weights.*would have to run, and none was; .*state_dict"):
        trunk(NAME, str(tmp_path / "w.pth"))
    assert not (tmp_path / "ran").exists()


def test_a_whole_pickled_network_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "w.pth")
    with pytest.raises(BadInput, match="holds more than weights"):
        read_weights(tmp_path / "w.pth")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_a_sentence(
    suffix: str, share: float, whole: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / f"w.{suffix}"
    (torch.save if suffix == "pth" else save_file)(whole, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BadInput, match=rf"^{path} is cut off.*get it again\.$"):
        trunk(NAME, str(path))


@pytest.mark.parametrize("content", [b"<html>Not Found</html>", b"\x80\x02.", bytes(64), b"PK\x03\x04" + bytes(40)])
def test_what_is_no_file_of_weights_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(BadInput, match=r"w\.pth (is cut off|holds no weights)"):
        read_weights(tmp_path / "w.pth")


def test_a_file_that_is_not_there_and_a_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="There are no weights at"):
        trunk(NAME, str(tmp_path / "nowhere.pth"))
    with pytest.raises(BadInput, match="is no file"):
        trunk(NAME, str(tmp_path))


@pytest.mark.parametrize("content", [{}, [1, 2], {"a": 1}, {"state_dict": {"b": "c"}}, 3.0])
def test_a_file_without_weights_is_a_sentence(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(BadInput, match="holds no weights; save a network's state_dict"):
        trunk(NAME, str(tmp_path / "w.pth"))


def test_missing_tensors_are_named(whole: dict[str, Tensor], tmp_path: Path) -> None:
    left = {name: tensor for name, tensor in whole.items() if "features.12" not in name}
    torch.save(left, tmp_path / "w.pth")
    with pytest.raises(
        BadInput, match=r"lacks features\.12\.\S+ and 5 more of the 50 tensors of squeezenet1_1's trunk"
    ):
        trunk(NAME, str(tmp_path / "w.pth"))


def empty(name: str, path: Path, **options: Any) -> str:
    """A file with all the names and shapes of a network, and next to no numbers."""
    with torch.device("meta"):
        state = untrained(name, **options).state_dict()
    torch.save({key: torch.zeros(()).expand(t.shape) for key, t in state.items()}, path)
    return str(path)


@pytest.mark.parametrize(
    ("given", "asked", "sentence"),
    [
        ("resnet50", "resnet34", r"than resnet34: layer1\.0\.conv1\.weight is 64×64×1×1 there, and 64×64×3×3 here; with"
         r" so many parameters it may be resnet50: give that name"),
        ("resnet34", "resnet18", r"than resnet18: it has layer1\.2\.conv1\.weight, too; .* may be resnet34"),
        ("resnet18", "resnet34", r"lacks layer1\.2\.conv1\.weight and \d+ more of the 180 tensors"),
        ("mobilenet_v2", "resnet34", r"than resnet34; .* may be mobilenet_v2"),
    ],
)  # fmt: skip
def test_another_networks_weights_are_refused(given: str, asked: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=sentence):
        trunk(asked, empty(given, tmp_path / "w.pth"))


def test_a_small_file_that_describes_huge_tensors_takes_no_memory(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(1).half().expand(10**6, 10**6, 3, 3)}, tmp_path / "w.pth")
    with pytest.raises(FastaiTuiError, match="another network"):
        trunk(NAME, str(tmp_path / "w.pth"))


def test_infinite_weights_are_refused(whole: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(whole | {"features.0.bias": torch.full((64,), float("inf"))}, tmp_path / "w.pth")
    with pytest.raises(BadInput, match="not all numbers"):
        trunk(NAME, str(tmp_path / "w.pth"))
