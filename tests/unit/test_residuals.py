"""What residual blocks add, and what a network is worth without them: against the same networks, run by hand."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fastai_tui.engine.data import store
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import residuals
from fastai_tui.engine.interpret.batch_norm import network_of
from fastai_tui.engine.models import residual
from fastai_tui.engine.models.cifar10 import SkipNet
from fastai_tui.engine.models.cifar10_fast import FastNet
from fastai_tui.engine.residual_facts import Block, Residuals, largest, smallest, worst
from fastai_tui.engine.runs import checkpoints, process
from fastai_tui.lessons.experiments import order
from tests.runs import new_run

Pair = tuple[Tensor, Tensor]
IMAGES = 40
MODELS: dict[str, dict[str, str]] = {
    "skips": {"model": "skips", "width": "0.4"},
    "before": {"model": "skips", "width": "0.4", "norm": "before"},
    "plain": {"model": "skips", "width": "0.4", "norm": "none"},
    "resnet": {"model": "resnet", "width": "0.25"},
    "preact": {"model": "preact", "width": "0.25"},
    "fast": {"model": "fast", "width": "0.1", "skip": "on", "whiten": "off"},
}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residuals, "IMAGES", IMAGES)
    monkeypatch.setattr(residuals, "AT_ONCE", IMAGES)
    residuals._known.clear()


def job_of(name: str) -> dict[str, Any]:
    job = order("cifar10", {"preset": "quick", **MODELS[name]}, epochs=1, seed=3, device="cpu", data="colour-digits")
    return dict(msgspec.to_builtins(job))


def pictures() -> tuple[Tensor, Tensor, np.ndarray]:
    """Normalised images, their classes, and their bytes: so many of the validation set, in no order."""
    found = store.images("colour-digits")
    rows = np.random.default_rng([0, 0]).permutation(len(found.valid_images))[:IMAGES]
    every = found.train_images / 255
    mean, std = every.mean((0, 2, 3)), every.std((0, 2, 3))
    chosen = (found.valid_images[rows] / 255 - mean[:, None, None]) / std[:, None, None]
    return torch.tensor(chosen).float(), torch.tensor(found.valid_labels[rows]).long(), found.valid_images[rows]


def normed(norm: nn.Module, x: Tensor) -> Tensor:
    """As it begins: mean 0 and deviation 1 over the batch."""
    return x if isinstance(norm, nn.Identity) else F.batch_norm(x, None, None, training=True)


def skips(model: SkipNet, x: Tensor, off: Sequence[int]) -> tuple[list[Pair], Tensor]:
    found: list[Pair] = []
    x = model.first(x)
    for group in model.layers:
        for i, layer in enumerate(group):  # type: ignore[arg-type]
            made = F.conv2d(x, layer.conv.weight, layer.conv.bias, 1 if i else 2, 1)
            made = F.relu(normed(layer.norm, made)) if layer.order == "before" else normed(layer.norm, F.relu(made))
            if i:
                made = made * (len(found) not in off)
                found.append((x, made))
            x = x + made if i else made
    return found, model.out(x.amax((2, 3)))


def blocks(model: residual.ResNet, x: Tensor, off: Sequence[int]) -> tuple[list[Pair], Tensor]:
    found: list[Pair] = []
    first = model.first[0](x)  # type: ignore[index, operator]
    preact = isinstance(model, residual.PreactResNet)
    x = first if preact else F.relu(normed(model.first[1], first))  # type: ignore[index, arg-type]
    for block in model.layers:
        assert isinstance(block, residual.Block)
        if preact:
            made = block.conv2(F.relu(normed(block.norm2, block.conv1(F.relu(normed(block.norm1, x))))))
        else:
            made = normed(block.norm2, block.conv2(F.relu(normed(block.norm1, block.conv1(x)))))
        made = made * (len(found) not in off)
        found.append((block.short(x), made))
        x = found[-1][0] + made if preact else F.relu(found[-1][0] + made)
    x = F.relu(normed(model.last[0], x)) if preact else x  # type: ignore[index, arg-type]
    return found, model.out[1](x.mean((2, 3)))  # type: ignore[operator]


def fast(model: FastNet, x: Tensor, off: Sequence[int]) -> tuple[list[Pair], Tensor]:
    found: list[Pair] = []
    x = model.first(x)
    for group in model.layers:
        one = F.gelu(normed(group.norm1, F.max_pool2d(group.conv1(x), 2)))  # type: ignore[arg-type, operator]
        two = F.gelu(normed(group.norm2, group.conv2(one))) * (len(found) not in off)  # type: ignore[arg-type, operator]
        found.append((one, two))
        x = one + two
    return found, model.scale * model.out(x.amax((2, 3)))


BY_HAND: dict[str, Callable[..., tuple[list[Pair], Tensor]]] = {
    **dict.fromkeys(("skips", "before", "plain"), skips),
    **dict.fromkeys(("resnet", "preact"), blocks),
    "fast": fast,
}


def agrees(answer: Residuals, by_hand: tuple[list[Pair], Tensor], truth: Tensor) -> None:
    pairs, preds = by_hand
    assert len(answer.blocks) == len(pairs)
    for block, (passing, added) in zip(answer.blocks, pairs, strict=True):
        assert block.shape == list(added.shape[1:])
        assert block.passing == pytest.approx(passing.flatten(1).norm(dim=1).mean().item(), rel=1e-3)
        assert block.added == pytest.approx(added.flatten(1).norm(dim=1).mean().item(), rel=1e-3)
    assert answer.right == int((preds.argmax(1) == truth).sum())
    assert answer.images == IMAGES


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_what_blocks_add_is_what_they_add_when_run_by_hand(name: str) -> None:
    job = job_of(name)
    model = network_of(job, "")[0].model.eval()
    xb, truth, _ = pictures()
    count = len(residuals.blocks_of(model))
    for off in ([], [1], list(range(count))):
        agrees(residuals.answer(job, off=off), BY_HAND[name](model, xb, off), truth)


@torch.no_grad()
def test_of_one_image_everything_is_its_own() -> None:
    job = job_of("skips")
    model = network_of(job, "")[0].model.eval()
    xb, truth, raw = pictures()
    pairs, preds = skips(model, xb, [])  # type: ignore[arg-type]
    for number in (1, 7, IMAGES):
        found = residuals.answer(job, image=number).one
        assert found is not None
        at = number - 1
        assert np.array_equal(np.array(found.picture.planes()), raw[at])
        assert (found.picture.label, found.prediction) == (int(truth[at]), int(preds[at].argmax()))
        assert found.probability == pytest.approx(preds[at].softmax(0).max().item(), rel=1e-3)
        for block, (passing, added) in zip(found.blocks, pairs, strict=True):
            assert block.passing == pytest.approx(passing[at].norm().item(), rel=1e-3)
            assert block.added == pytest.approx(added[at].norm().item(), rel=1e-3)


def test_what_a_block_is_switched_off_for_leaves_nothing_behind() -> None:
    job = job_of("skips")
    learn = network_of(job, "")[0]
    before = {name: value.clone() for name, value in learn.model.state_dict().items()}
    first = residuals.answer(job)
    without = residuals.answer(job, off=[0, 0, 3])
    assert without.off == [0, 3]
    assert [block.added for block in without.blocks if not block.added] == [0.0, 0.0]
    residuals._known.clear()
    assert residuals.answer(job) == first
    assert all(torch.equal(value, learn.model.state_dict()[name]) for name, value in before.items())
    assert not any(m.training for m in learn.model.modules())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for model in ("skips", "norm"):
            chosen = {"preset": "quick", "model": model, "width": "0.3", "bs": "128"}
            process.main(new_run("cifar10", data="colour-digits", **chosen).path)
        yield place


def test_a_run_is_asked_with_its_weights_and_its_running_averages(
    trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))
    answer = residuals.answer(run="1", off=[2])
    assert (answer.model, answer.data, answer.step) == ("skips", "colour-digits", 31)
    state, _ = checkpoints.newest(next((trained / "runs").glob("0001-*")) / "checkpoints") or ({}, None)
    weights = state["model"]
    xb, truth, _ = pictures()
    found, preds = _in_evaluation(weights, xb, off=2)
    agrees(answer, (found, preds), truth)
    with pytest.raises(BadInput, match="model=norm has no residual blocks"):
        residuals.answer(run="2")


def _in_evaluation(weights: dict[str, Tensor], x: Tensor, off: int) -> tuple[list[Pair], Tensor]:
    """The `skips` network from its weights alone."""
    found: list[Pair] = []
    x = F.conv2d(x, weights["first.weight"], weights["first.bias"], padding=2)
    for group in range(4):
        for i in range(3):
            at = f"layers.{group}.{i}"
            mean, var, mult, add = (weights[f"{at}.norm.{name}"] for name in ("mean", "var", "mult", "add"))
            made = F.relu(F.conv2d(x, weights[f"{at}.conv.weight"], None, 1 if i else 2, 1))
            made = F.batch_norm(made, mean, var, mult, add, training=False)
            if i:
                made = made * (len(found) != off)
                found.append((x, made))
            x = x + made if i else made
    return found, F.linear(x.amax((2, 3)), weights["out.weight"], weights["out.bias"])


@pytest.mark.parametrize(
    ("asked", "words"), [({"off": [8]}, "no such block"), ({"off": [-1]}, "no such block"), ({"image": 41}, "no image")]
)
def test_what_there_is_not_is_said_in_a_sentence(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        residuals.answer(job_of("skips"), **asked)


def test_the_smallest_the_largest_and_the_worst() -> None:
    made = [Block([1, 1, 1], 4.0, added) for added in (2.0, 0.5, 3.0)]
    assert [b.ratio for b in made] == [0.5, 0.125, 0.75]
    assert (smallest(made), largest(made)) == (1, 2)
    assert (smallest(made, {1}), largest(made, {2})) == (0, 0)
    assert (smallest(made, range(3)), largest([])) == (None, None)
    assert Block([1], 0.0, 1.0).ratio == 0
    assert worst({0: 0.9, 1: 0.4, 2: 0.4}) == 1
