"""Pretrained trunks against torchvision's own networks, and their layer groups."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fastai_tui.assets import build_photo_trunk
from fastai_tui.engine.backbones import BACKBONES, EMBEDDED, USUAL, backbone
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.groups import LayerGroups
from fastai_tui.engine.models.backbones import SHIPPED, Trunk, trunk
from fastai_tui.engine.models.heads import Pretrained, head
from tests.conftest import ROOT
from tests.vision import untrained

pytestmark = pytest.mark.usefixtures("one_thread")


def torchvisions(name: str) -> nn.Module:
    plain = {"aux_logits": False, "init_weights": False, "transform_input": True}
    model: nn.Module = untrained(name, **(plain if name == "googlenet" else {}))
    return model.eval()


def before_pooling(model: nn.Module, xb: Tensor) -> Tensor:
    """What torchvision's own network hands to its pooling; squeezenet and densenet have none that is a module."""
    found: list[Tensor] = []
    if hasattr(model, "avgpool"):
        model.avgpool.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
        model(xb)
        return found[0]
    maps = model.features(xb)
    return torch.relu(maps) if type(model).__name__ == "DenseNet" else maps


def test_the_list_is_torchvisions_own() -> None:
    from torchvision import models

    offered = {n for n in models.list_models(module=models) if not n.startswith(("vit_", "swin_", "maxvit_"))}
    assert offered == set(BACKBONES)
    for name, ours in BACKBONES.items():
        theirs = models.get_model_weights(name).DEFAULT
        how = theirs.transforms()
        assert ours.address == theirs.url
        assert ours.parameters == theirs.meta["num_params"]
        assert (ours.side, ours.resize) == (how.crop_size[0], how.resize_size[0])
        assert ours.megabytes == pytest.approx(theirs.meta["_file_size"] * 2**20 / 1e6, abs=1)
    assert set(USUAL) <= set(BACKBONES)


@pytest.mark.parametrize(
    "name", ["resnet18", "googlenet", "squeezenet1_1", "regnet_y_400mf", "mobilenet_v3_small", "densenet121"]
)
def test_a_trunk_computes_what_torchvisions_network_does_before_it_pools(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, xb = torchvisions(name), torch.randn(1, 3, 64, 96)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    ours = trunk(name, str(tmp_path / "weights.pth")).eval()
    with torch.no_grad():
        found = ours(xb)
        torch.testing.assert_close(found, before_pooling(model, xb), rtol=1e-5, atol=1e-5)
    assert found.shape[1] == ours.channels == BACKBONES[name].channels
    assert sum(p.numel() for p in ours.parameters()) == BACKBONES[name].trunk_parameters
    assert all(p.requires_grad and p.dtype == torch.float32 for p in ours.parameters())


@pytest.mark.acceptance
@pytest.mark.parametrize("name", [name for name, about in BACKBONES.items() if about.parameters < 60e6])
def test_every_trunk_has_the_listed_channels_and_parameters(name: str) -> None:
    ours = trunk(name, "none").eval()
    assert sum(p.numel() for p in ours.parameters()) == BACKBONES[name].trunk_parameters
    early, late = (sum(p.numel() for p in part.parameters()) for part in ours.parts)
    assert early + late == BACKBONES[name].trunk_parameters
    assert 0 < early < late
    with torch.no_grad():
        maps = ours(torch.zeros(1, 3, 128, 128))
    assert maps.shape[:2] == (1, ours.channels)
    assert maps.shape[2] <= 128 // ours.stride


def test_resnet_is_cut_where_fastai_cuts_it() -> None:
    ours = trunk("resnet18", "none")
    early, late = ours.parts
    assert list(early) == [ours.conv1, ours.bn1, ours.relu, ours.maxpool, ours.layer1, ours.layer2]
    assert list(late) == [ours.layer3, ours.layer4]


@pytest.mark.parametrize("name", ["vit_b_16", "swin_t", "maxvit_t"])
def test_a_network_without_a_convolutional_trunk_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=rf"^{name} has no convolutional trunk to stand on; resnet34, .* more have\.$"):
        trunk(name)


def test_an_unknown_name_names_those_that_are_like_it() -> None:
    with pytest.raises(BadInput, match=r"no network called 'resnet43'.*did you mean .*resnet34"):
        backbone("resnet43")
    with pytest.raises(BadInput, match=r"no network called '§'.*there are resnet34, resnet18"):
        backbone("§")


def test_the_embedded_trunk_is_its_source_within_half_precision(test_data: Path) -> None:
    source = test_data / "weights" / "mobilenet_v2-backbone.pth"
    if not source.is_file():
        pytest.skip(f"no {source}")
    ours, theirs = trunk(EMBEDDED).state_dict(), torch.load(source, weights_only=True)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=2**-11, atol=2**-25)
    xb = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, wanted = trunk(EMBEDDED).eval()(xb), trunk("mobilenet_v2", str(source)).eval()(xb)
    assert float((found - wanted).norm() / wanted.norm()) < 0.01


def test_the_embedded_trunk_is_rebuilt_from_its_source(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "weights" / "mobilenet_v2-backbone.pth"
    if not source.is_file():
        pytest.skip(f"no {source}")
    build_photo_trunk.build(source, tmp_path)
    assert (tmp_path / build_photo_trunk.NAME).read_bytes() == SHIPPED.read_bytes()
    torch.save({"features.0.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="has 3 parameters"):
        build_photo_trunk.build(tmp_path / "other.pth", tmp_path)


def test_the_provenance_names_the_embedded_trunk() -> None:
    import hashlib

    content, words = SHIPPED.read_bytes(), (ROOT / "assets" / "PROVENANCE.md").read_text()
    assert f"| `{SHIPPED.name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |" in words


def test_weights_that_are_not_here_are_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    place = tmp_path / "hub" / "checkpoints" / "resnet34-b627a593.pth"
    with pytest.raises(DataMissing, match=rf"fetch https://.*{place.name} \(87 MB\) to {place}, or .* --weights PATH"):
        trunk("resnet34")


def small() -> Trunk:
    """A trunk with something random in it."""
    layers = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3, 8, 1), nn.BatchNorm2d(4), nn.Dropout(0.5)),
        nn.Sequential(nn.Conv2d(4, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.Dropout(0.5)),
    )
    return Trunk(backbone("resnet18"), {"features": layers})


def test_what_does_not_learn_computes_as_in_evaluation() -> None:
    torch.manual_seed(0)
    net = Pretrained(small(), head("linear", 8, 2))
    groups, xb = LayerGroups(net, net.parts), torch.randn(4, 3, 64, 64)
    before = {name: tensor.clone() for name, tensor in net.trunk.state_dict().items()}
    wanted = net.trunk.eval()(xb)
    groups.freeze(2, bn_frozen=False)
    groups.train()
    assert net.head.training
    torch.testing.assert_close(net.trunk(xb), wanted, rtol=0, atol=0)
    net(xb).sum().backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.trunk.state_dict().items())
    assert all(p.grad is None for p in net.trunk.parameters())


def test_late_layers_learn_while_early_ones_stay() -> None:
    torch.manual_seed(0)
    net = Pretrained(small(), head("linear", 8, 2))
    groups, xb = LayerGroups(net, net.parts), torch.randn(4, 3, 64, 64)
    assert len(groups) == 3
    before = {name: tensor.clone() for name, tensor in net.trunk.state_dict().items()}
    groups.freeze(1, bn_frozen=False)
    groups.train()
    net(xb)
    moved = {name for name, tensor in net.trunk.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {f"features.1.1.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    assert not torch.equal(net.trunk(xb), net.trunk(xb))  # dropout
