"""Precomputed activations: the same head, the same numbers, much sooner; and what is kept of them."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.data import activation_cache as cache
from fastai_tui.engine.data.activations import FeatureLoader
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.models.heads import Pretrained
from fastai_tui.engine.models.precomputed import Precomputed
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.training import JobLearner
from tests.unit.toy_photos import learner, photos
from tests.vision import untrained

NORMED = "shufflenet_v2_x0_5"
pytestmark = pytest.mark.usefixtures("one_thread")


class Losses(Callback):
    """Every batch's loss."""

    order = 80

    def __init__(self) -> None:
        self.found: list[float] = []

    def after_batch(self) -> None:
        self.found.append(float(self.learn.loss.detach()))


def losses(learn: JobLearner, epochs: int = 2) -> list[float]:
    learn.callbacks.append(noted := Losses())
    learn.fit(epochs)
    return noted.found


@pytest.mark.parametrize("head", ["concat", "linear", "cam"])
def test_the_head_gives_what_the_whole_network_gives(head: str, tmp_path: Path) -> None:
    kept, whole = (learner(tmp_path, head=head, precompute=how) for how in ("on", "off"))
    assert isinstance(kept.model, Precomputed)
    assert isinstance(whole.model, Pretrained)
    for learn in (kept, whole):
        learn.model.eval()
    for (rows, labels), (xb, yb) in zip(kept.data.train.batches(3), whole.data.train.batches(3), strict=True):
        assert torch.equal(labels, yb)  # the same order, and the same weights to begin with
        torch.testing.assert_close(kept.model(rows), whole.model(xb), atol=1e-4, rtol=1e-4)
    assert [len(learn.data.valid) for learn in (kept, whole)] == [1, 1]
    torch.testing.assert_close(
        kept.validate(kept.data.valid)[0], whole.validate(whole.data.valid)[0], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("head", ["concat", "cam"])
def test_training_comes_to_the_same_either_way(head: str, tmp_path: Path) -> None:
    """With dropout, whose draws are the same, and through batch norms, which stay as they are."""
    chosen = {"model": NORMED, "head": head, "lr": 0.02}
    kept, whole = (learner(tmp_path, precompute=how, **chosen) for how in ("on", "off"))
    pictures = next(iter(whole.data.valid.batches(0)))[0]
    before = whole.predict(pictures)
    for learn in (kept, whole):
        torch.manual_seed(3)
        learn.fit(2)
    rows = next(iter(kept.data.valid.batches(0)))[0]
    after = whole.predict(pictures)
    torch.testing.assert_close(kept.predict(rows), after, atol=1e-4, rtol=1e-4)
    assert (after - before).abs().max() > 0.005


def test_rows_are_what_the_trunk_makes_of_each_file(tmp_path: Path) -> None:
    photos(tmp_path / "photos", size=(256, 300))
    kept = learner(tmp_path, head="linear")
    assert isinstance(kept.data.valid, FeatureLoader)
    rows = next(iter(kept.data.valid.batches(0)))[0]
    assert kept.whole is not None
    network = kept.whole().eval()
    files = sorted((tmp_path / "photos" / "valid").rglob("*.png"))
    with torch.no_grad():
        for row, file in zip(rows, files, strict=True):
            middle = np.asarray(Image.open(file).crop((22, 0, 278, 256)), dtype=np.float32)
            pixels = torch.tensor(middle).permute(2, 0, 1)[None]
            small = nn.functional.interpolate(pixels, (64, 64), mode="bilinear", antialias=True) / 255
            mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
            expected = network.get_submodule("trunk")((small - mean) / std).mean((2, 3))[0]
            torch.testing.assert_close(row, expected, atol=1e-5, rtol=1e-4)


def test_augmentation_has_no_effect_and_that_is_said(tmp_path: Path) -> None:
    plain, varied = (losses(learner(tmp_path, augment=augment)) for augment in ("none", "top-down"))
    assert plain == varied  # to the bit
    learn = learner(tmp_path, augment="side-on")
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    writer = RunWriter(run, 3, 0)
    learn.callbacks.append(Recorder(writer))
    learn.fit(1)
    told = [events.decode(line) for line in (run / "events.jsonl").read_bytes().splitlines()]
    (warned,) = (event for event in told if isinstance(event, events.Warned))
    assert warned.code == "no_augmentation"
    assert "precompute=off" in warned.message


def test_how_far_it_is_is_told_and_the_next_run_finds_all_of_it(tmp_path: Path, home: Path) -> None:
    told: list[tuple[int, int]] = []
    first = learner(tmp_path)
    assert isinstance(first.data.train, FeatureLoader)
    first.data.train.activations.ready(lambda done, total: told.append((done, total)))
    assert told[-1] == (34, 34)
    (path,) = cache.files()
    assert {name: tuple(rows.shape) for name, rows in load_file(path).items()} == {
        "train": (24, 1024),
        "valid": (10, 1024),
    }
    told.clear()
    again = learner(tmp_path, seed=2, dropout=0.1)  # another head, the same activations
    assert isinstance(again.data.train, FeatureLoader)
    again.data.train.activations.ready(lambda done, total: told.append((done, total)))
    assert told == []
    assert cache.files() == [path]


def test_other_photos_sizes_weights_and_poolings_have_their_own(tmp_path: Path) -> None:
    def rows(**chosen: object) -> Tensor:
        return next(iter(learner(tmp_path, **chosen).data.valid.batches(0)))[0]

    before = rows()
    rows(size=96)
    rows(head="linear")
    assert len(cache.files()) == 3
    torch.manual_seed(5)
    torch.save(untrained("squeezenet1_1").state_dict(), tmp_path / "squeezenet1_1.pth")
    assert not torch.equal(before, rows())
    assert len(cache.files()) == 4
    shutil.rmtree(tmp_path / "photos")
    photos(tmp_path / "photos", seed=1)
    rows()
    assert len(cache.files()) == 5


def test_a_damaged_file_is_computed_anew(tmp_path: Path) -> None:
    before = next(iter(learner(tmp_path).data.valid.batches(0)))[0]
    (path,) = cache.files()
    path.write_bytes(path.read_bytes()[:-100])
    assert torch.equal(before, next(iter(learner(tmp_path).data.valid.batches(0)))[0])


def test_the_disk_that_they_take_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (64, 80, 96):
        next(iter(learner(tmp_path, size=size).data.valid.batches(0)))
    files = cache.files()
    one = files[0].stat().st_size
    assert cache.size() == sum(file.stat().st_size for file in files) == 3 * one
    for age, file in enumerate(files):
        os.utime(file, (1000 - age, 1000 - age))
    monkeypatch.setattr(cache, "MOST", 2 * one)
    cache.used(files[2])  # the oldest until now
    assert cache.files() == sorted([files[2], files[0]])
    assert cache.clear() == 2 * one
    assert cache.files() == []
    assert cache.clear() == 0


@pytest.mark.parametrize("precompute", ["on", "off"])
def test_a_frozen_trunk_stays_as_it_is_to_the_last_bit(precompute: str, tmp_path: Path) -> None:
    learn = learner(tmp_path, model=NORMED, precompute=precompute, augment="side-on", lr=0.1)
    whole = learn.model if precompute == "off" else learn.whole() if learn.whole else None
    assert whole is not None
    before = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    learn.fit(1)
    after = whole.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith("head.") for name in moved)  # running means and variances are among the names


def test_when_unfrozen_its_statistics_move_and_each_group_has_its_rate(tmp_path: Path) -> None:
    learn = learner(tmp_path, None, model=NORMED, preset="unfrozen", head="linear", opt="sgd", momentum=0, wd=0)
    before = {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}
    assert isinstance(learn.data.train, ImageLoader)
    xb, yb = next(iter(learn.data.train.batches(0)))
    learn.groups.train()
    nn.functional.cross_entropy(learn.model(xb), yb).backward()
    steps = {name: p.grad.clone() for name, p in learn.model.named_parameters() if p.grad is not None}
    learn.opt.zero_grad()
    learn.model.load_state_dict(before)

    class One(Callback):
        """Ends after a batch."""

        def after_batch(self) -> None:
            raise CancelFit

    learn.callbacks.append(One())
    learn.fit(7)
    after = learn.model.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before if name.endswith("running_mean"))
    rates = {0: 1e-4, 1: 1e-3, 2: 1e-2}
    for name, step in steps.items():
        group = learn.groups.number(name)
        assert group is not None
        torch.testing.assert_close(after[name], before[name] - rates[group] * step, rtol=1e-4, atol=1e-7)
    assert {learn.groups.number(name) for name in steps} == {0, 1, 2}
