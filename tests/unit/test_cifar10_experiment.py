"""`cifar10`: what may be ordered, that it is what is built, and that it learns."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from fastai_tui.engine import schedules
from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.data.augment import Augment
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.data.store import images
from fastai_tui.engine.device import prepare
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import summary
from fastai_tui.engine.models.batch_norm import KINDS
from fastai_tui.engine.models.cifar10_fast import FastNet
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.training import JobLearner
from fastai_tui.engine.tta import crop_views, look
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.experiments.ladder import MODELS, NORMED, PLAIN, SCHEMA

DATA = "colour-digits"
COUNTS = {"linear": 123_330, "conv": 37_490, "layers": 37_490, "norm": 155_970, "deep": 462_570, "skips": 769_170}


def learner(settings: Mapping[str, object], seed: int = 42, epochs: int | None = None) -> JobLearner:
    prepare(torch.device("cpu"), seed)
    learn = build(order("cifar10", settings, data=DATA, device="cpu", seed=seed, epochs=epochs))
    assert isinstance(learn, JobLearner)
    return learn


def few(learn: JobLearner, count: int) -> JobLearner:
    """With so many training and 100 validation images."""
    for loader, keep in ((learn.data.train, count), (learn.data.valid, 100)):
        assert isinstance(loader, ImageLoader)
        loader.items, loader.labels = keep, loader.labels[:keep]
    return learn


@pytest.mark.parametrize(("model", "parameters"), [*COUNTS.items(), ("wide", 1_966_234)])
def test_each_rung_is_built_as_the_course_has_it(model: str, parameters: int) -> None:
    learn = learner({"model": model})
    assert sum(p.numel() for p in learn.model.parameters()) == parameters
    xb, yb = next(learn.data.train.batches(0))
    assert (tuple(xb.shape), tuple(yb.shape)) == ((256, 3, 32, 32), (256,))
    assert (learn.settings["opt"], learn.settings["momentum"], learn.settings["decay"]) == ("sgd", 0.9, "coupled")


# As TARGETS has them: the first rate, flat for two epochs; the cycles' rate, how many, by what they grow; decay
STAGES = {
    "linear": (1e-2, 1e-2, 2, 1, 0),
    "conv": (1e-1, 1e-1, 4, 1, 0),
    "layers": (1e-1, 1e-1, 2, 1, 0),
    "norm": (3e-2, 1e-1, 4, 1, 0),
    "deep": (1e-2, 1e-2, 2, 1, 0),
    "skips": (1e-2, 1e-2, 3, 2, 1e-5),
    "wide": (1e-2, 1e-2, 3, 2, 1e-6),
}


@pytest.mark.parametrize("model", STAGES)
def test_the_course_s_stages(model: str) -> None:
    low, top, cycles, mult, wd = STAGES[model]
    one = order("cifar10", {"model": model, "preset": "first"}, data=DATA)
    assert (one.epochs, one.settings["schedule"], one.settings["lr"]) == (2, "flat", pytest.approx(low))
    two = order("cifar10", {"model": model, "preset": "second"}, data=DATA)
    lengths = [mult**i for i in range(cycles)]
    assert two.epochs == 2 + sum(lengths)
    assert schedules.ends(two.settings) == tuple(2 + sum(lengths[: i + 1]) for i in range(cycles))
    assert (one.settings["wd"], two.settings["wd"]) == (wd, wd)
    plan = schedules.plan(two.settings)
    rates = [plan.at((epoch + share) / two.epochs)[0][0] for epoch in range(two.epochs) for share in (0, 0.5)]
    expected = [low] * 4  # twice an epoch
    for length in lengths:
        expected += [top * (1 + np.cos(np.pi * i / (2 * length))) / 2 for i in range(2 * length)]
    assert rates == pytest.approx(expected)


def test_the_long_stage_is_for_the_residual_nets() -> None:
    job = order("cifar10", {"model": "wide", "preset": "third"}, data=DATA)
    assert schedules.ends(job.settings) == tuple(2 + 4 * i for i in range(1, 9))
    assert job.settings["dropout"] == 0.2


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"model": "linear", "norm": "before"}, "linear has no norm"),
        ({"model": "resnet", "norm": "after"}, "come before its ReLUs"),
        ({"model": "norm", "depth": "3"}, "depth is for deep, skips"),
        ({"model": "skips", "dropout": "0.2"}, "dropout is for wide"),
        ({"model": "skips", "whiten": "on", "scale": "2"}, "whiten, scale is for model=fast"),
        ({"model": "skips", "preset": "bare"}, "take usual with skips"),
        ({"model": "fast", "preset": "second"}, "no stages for fast"),
        ({"model": "conv", "preset": "third"}, "skips and wide alone"),
        ({"statistics": "last", "bn_freeze": "on"}, "take running or torch"),
        ({"norm": "none", "bn_freeze": "on"}, "take norm=after"),
        ({"norm": "group"}, "after, before, none"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(settings: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput) as refused:
        order("cifar10", settings, data=DATA)
    assert told in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_built_with_every_norm_it_can_have(model: str) -> None:
    possible = ("none",) if model in PLAIN else SCHEMA["norm"].choices if model in NORMED else ("before", "none")
    for norm in possible:
        built = learner({"model": model, "norm": norm, "width": "0.5"}).model
        assert any(isinstance(m, KINDS["running"] | nn.BatchNorm2d) for m in built.modules()) == (norm != "none")  # type: ignore[operator]


def test_settings_reach_what_they_are_for() -> None:
    learn = learner({"model": "wide", "depth": "4", "dropout": "0.4", "flip": "alternating", "pad": "2", "width": "2"})
    assert [len(group) for group in learn.model.layers] == [4] * 4
    assert [m.p for m in learn.model.modules() if isinstance(m, nn.Dropout)] == [0.4]
    assert learn.model.out[1].in_features == 512
    assert isinstance(learn.data.train, ImageLoader)
    assert learn.data.train.augment == Augment("alternating", 2, "reflect")
    plain = learner({"model": "conv", "augment": "none"})
    assert isinstance(plain.data.train, ImageLoader)
    assert plain.data.train.augment is None


def test_the_last_part_begins_bare_and_adds_its_steps() -> None:
    bare, full = (order("cifar10", {"model": "fast", "preset": p}, data=DATA).settings for p in ("bare", "usual"))
    steps = ("whiten", "act", "scale", "start", "smoothing", "flip", "averaging", "tta", "preset")
    assert {name for name in bare if bare[name] != full[name]} == set(steps)
    assert (full["warm_up"], full["opt"], full["norm"]) == (0.2, "nesterov", "before")
    assert all(bare[name] == SCHEMA[name].default for name in steps if name != "preset")
    one = order("cifar10", {"model": "fast", "preset": "bare", "smoothing": "0.2"}, data=DATA).settings
    assert {name for name in one if one[name] != bare[name]} == {"smoothing"}


def test_the_first_layer_whitens_this_data_set() -> None:
    learn = learner({"model": "fast", "width": "0.2"})
    assert isinstance(learn.model, FastNet)
    found = images(DATA)
    assert isinstance(learn.data.train, ImageLoader)
    xb = learn.data.train.normalise(torch.tensor(found.train_images[:1000]))
    out = nn.functional.conv2d(xb, learn.model.first[0].weight).transpose(0, 1).flatten(1)[:12]
    cov = torch.cov(out)
    assert (cov - torch.diag(cov.diag())).abs().max() < 0.2
    assert cov.diag().max() < 1.3


def test_smoothing_is_for_learning_alone() -> None:
    torch.manual_seed(0)
    learn = learner({"model": "linear", "smoothing": "0.2"})
    preds, yb = torch.randn(8, 10), torch.arange(8)
    logs = preds.log_softmax(1)
    expected = -(0.8 * logs[range(8), yb] + 0.2 * logs.mean(1)).mean()
    torch.testing.assert_close(learn.loss_func(preds, yb), expected)
    with torch.no_grad():
        torch.testing.assert_close(learn.loss_func(preds, yb), -logs[range(8), yb].mean())


def test_weights_are_averaged_and_images_seen_several_times_at_the_end() -> None:
    learn = few(learner({"model": "fast", "width": "0.2", "bs": "50", "lr": "0.1"}, epochs=2), 200)
    learn.fit(2)
    assert set(learn.results) == {"accuracy", "tta_accuracy", "tta_loss"}
    assert isinstance(learn.data.valid, ImageLoader)
    seen = look(learn.predict, learn.data.valid, crop_views())
    each = seen.probabilities
    weights = torch.tensor([1, 0.5, 0.5, 1, 0.5, 0.5])
    mean = (weights[:, None, None] * each).sum(0) / weights.sum()
    right = (mean.argmax(1) == seen.truth).float().mean().item()
    assert learn.results["tta_accuracy"] == pytest.approx(right)
    assert learn.results["tta_loss"] == pytest.approx(-mean[range(100), seen.truth].log().mean().item(), rel=1e-4)


class Losses(Callback):
    """Every batch's loss; training ends after batch `stop`."""

    order = 70

    def __init__(self, stop: int = 0) -> None:
        self.found: list[float] = []
        self.stop = stop

    def after_batch(self) -> None:
        self.found.append(self.learn.loss.item())
        if self.learn.step == self.stop:
            raise CancelFit


@pytest.mark.parametrize("averaging", ["lookahead", "ema"])
def test_files_give_the_losses_of_resident_images(
    averaging: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(tmp_path))
    found = []
    for loader in ("resident", "files"):
        learn = few(learner({"model": "conv", "loader": loader, "bs": "32", "averaging": averaging}, epochs=1), 128)
        learn.callbacks.append(losses := Losses())
        learn.fit(1)
        found.append(losses.found)
    assert len(found[0]) == 4
    assert found[0] == found[1]


def stored_run(folder: Path, stop: int = 0) -> list[float]:
    """The losses of a run of 16 batches with all that draws or averages, from the newest checkpoint in the folder on;
    it writes one after each batch, and ends after batch `stop` as a kill would end it."""
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    settings = {"model": "wide", "width": "0.3", "bs": "32", "flip": "alternating", "averaging": "lookahead"}
    learn = few(learner(settings, epochs=4), 128)
    recorder = Recorder(writer := RunWriter(folder, 3, 0))
    learn.callbacks += [losses := Losses(stop), recorder, checkpoints.Checkpointer(writer, recorder)]
    if found := checkpoints.newest(folder / "checkpoints"):
        checkpoints.restore(learn, found[0])
    learn.fit(4)
    return losses.found


def test_a_resume_goes_on_to_the_last_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(checkpoints, "SHARE", 0)
    whole = stored_run(tmp_path / "whole")
    assert len(whole) == 16
    assert stored_run(tmp_path / "cut", stop=7) == whole[:7]
    assert stored_run(tmp_path / "cut") == whole[7:]


@pytest.mark.parametrize("model", ["linear", "norm"])
def test_colour_digits_are_learnt(model: str) -> None:
    learn = learner({"model": model, "preset": "quick"}, epochs=2)
    learn.fit(2)
    assert learn.results["accuracy"] > 0.22


def test_a_summary_counts_norms_by_hand() -> None:
    job = order("cifar10", {"model": "norm"}, data=DATA, device="cpu")
    found = summary.answer(msgspec.to_builtins(job))
    assert (found.parameters, found.groups, found.input) == (155_970, 3, [3, 32, 32])
    norms = [layer for layer in found.layers if layer.type == "RunningBatchNorm"]
    assert [layer.output for layer in norms] == [[20, 16, 16], [40, 8, 8], [80, 4, 4], [160, 2, 2]]
    assert [layer.multiplications for layer in norms] == [20 * 256, 40 * 64, 80 * 16, 160 * 4]


def test_images_that_are_too_small_are_refused(tmp_path: Path) -> None:
    from fastai_tui.engine.data import idx

    for part in ("train", "t10k"):
        idx.write(tmp_path / f"{part}-images-idx3-ubyte", np.zeros((600, 8, 8), np.uint8))
        idx.write(tmp_path / f"{part}-labels-idx1-ubyte", np.zeros(600, np.uint8))
    with pytest.raises(BadInput, match="8×8"):
        build(order("cifar10", {}, data=str(tmp_path), device="cpu"))


def test_grey_images_of_another_size_serve_too() -> None:
    from fastai_tui.engine.data import store

    job = order("cifar10", {"model": "skips", "bs": "64"}, data=DATA, device="cpu")
    learn = build(msgspec.structs.replace(job, data="mnist-sample"))
    assert store.images("mnist-sample").train_images.ndim == 3
    xb, _ = next(learn.data.train.batches(0))
    assert tuple(learn.model(xb).shape) == (64, 10)
