"""What comes with the program in the place of photos: activations that heads learn from, and a head that has learnt."""

import hashlib
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional as F

from fastai_tui import assets
from fastai_tui.engine.data import activation_cache, store
from fastai_tui.engine.data.catalogue import PHOTO_ACTIVATIONS
from fastai_tui.engine.data.photo_activations import shipped
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret.standing import FILE, catdog
from fastai_tui.engine.models.backbones import trunk
from fastai_tui.engine.models.heads import CamHead
from tests.unit.toy_photos import made

PROVENANCE = Path(assets.__path__[0]) / "PROVENANCE.md"
pytestmark = pytest.mark.usefixtures("one_thread")


def pictures(place: Path, count: int) -> torch.Tensor:
    """The first photos of each class for validation: the middle, 256 across, made 224 and normalised."""
    found = []
    with tarfile.open(place / "dogscats" / "dogscats-photos.tar.gz") as archive:
        names = sorted(name for name in archive.getnames() if "/valid/" in name and name.endswith(".jpg"))
        for name in [*names[:count], *names[400 : 400 + count]]:
            file = archive.extractfile(name)
            assert file is not None
            image = Image.open(file).convert("RGB")
            assert min(image.size) == 256
            middle = ImageOps.fit(image, (256, 256), Image.Resampling.BICUBIC)
            found.append(np.asarray(middle, np.float32) / 255)
    pixels = torch.tensor(np.stack(found)).permute(0, 3, 1, 2)
    small = F.interpolate(pixels, (224, 224), mode="bilinear", antialias=True)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (small - mean) / std


def test_the_activations_are_those_of_the_catalogue() -> None:
    (file,) = PHOTO_ACTIVATIONS.files
    content = store.file_path(PHOTO_ACTIVATIONS, file).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
    assert file.sha256 in PROVENANCE.read_text()
    found = shipped()
    assert (len(found.train_labels), len(found.valid_labels)) == (2000, 800)
    assert np.bincount(found.train_labels).tolist() == [1000, 1000]
    assert np.bincount(found.valid_labels).tolist() == [400, 400]
    assert {tensor.dtype for tensor in found.activations.values()} == {torch.float16}
    assert {name: tuple(rows.shape) for name, rows in found.pooled("concat").items()} == {
        "train": (2000, 2560),
        "valid": (800, 2560),
    }
    assert tuple(found.pooled("cam")["valid"].shape) == (800, 1280)


@pytest.mark.real_data
def test_they_are_what_the_embedded_trunk_makes_of_the_photos(test_data: Path) -> None:
    network = trunk("embedded").eval()
    with torch.no_grad():
        maps = network(pictures(test_data, 3))
    found = shipped().activations
    for name, own in (("average", maps.mean((2, 3))), ("maximum", maps.amax((2, 3)))):
        theirs = found[f"valid_{name}"][[0, 1, 2, 400, 401, 402]].float()
        torch.testing.assert_close(theirs, own, atol=2e-3, rtol=2e-3)


def test_heads_learn_dogs_and_cats_from_them_out_of_the_box() -> None:
    learn = made({}, "photo-activations", 3, seed=1)
    assert (learn.data.facts.source, learn.data.facts.classes) == ("sample", ["cats", "dogs"])
    learn.fit(3)
    assert learn.results["accuracy"] >= 0.97
    assert learn.valid_loss < 0.1
    cam = made({"head": "cam", "kernel": "1"}, "photo-activations", 1, seed=1)
    cam.fit(1)
    assert cam.results["accuracy"] >= 0.95


def test_they_have_no_pictures() -> None:
    with pytest.raises(BadInput, match="photo-activations has no images"):
        store.images("photo-activations")
    with pytest.raises(DataMissing, match="photo-activations, for heads alone, works at once"):
        store.images("dogscats")


def test_the_embedded_head_stands_on_the_embedded_trunk() -> None:
    found = catdog()
    assert (found.classes, found.size) == (("cats", "dogs"), 224)
    head = found.model.get_submodule("head")
    assert isinstance(head, CamHead)
    weights = load_file(FILE)
    assert set(weights) == {"head.conv.weight", "head.conv.bias"}
    assert torch.equal(head.conv.weight, weights["head.conv.weight"].float())
    with safe_open(FILE, "pt") as file:
        about = file.metadata()
    recipe = json.loads(about["recipe"])
    assert recipe["settings"]["head"] == "cam"
    for name in ("opt", "schedule", "lr", "wd"):
        assert f"{name}={recipe['settings'][name]}" in about["command"]


@pytest.mark.real_data
def test_it_tells_them_apart(test_data: Path) -> None:
    with torch.no_grad():
        likely = catdog().model(pictures(test_data, 8)).exp()
    assert (likely.argmax(1) == torch.tensor([0] * 8 + [1] * 8)).sum() >= 15


def test_nothing_is_kept_of_what_is_there_already() -> None:
    made({}, "photo-activations", 1, seed=1).fit(1)
    assert activation_cache.size() == 0
