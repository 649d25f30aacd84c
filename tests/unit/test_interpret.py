"""What the lab tells of runs and batches, against the same computed by plain torch functions from the files."""

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine import convolution
from fastai_tui.engine.data import store
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.interpret import batch, learned, maps, mistakes
from fastai_tui.engine.interpret.layers import kernels
from fastai_tui.engine.runs import checkpoints, process
from fastai_tui.engine.runs.run import Run
from tests.runs import new_run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished run of every network; `broken` failed, as it should."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for model in ("cnn", "linear", "broken"):
            process.main(new_run("mnist-3v7", model=model).path)
        process.main(new_run("mnist", bs="1000").path)
        new_run("mnist-3v7")
    return place


@pytest.fixture(autouse=True)
def at_home(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))


def state_of(run: str, step: int | None = None) -> dict[str, Tensor]:
    """The weights in a run's newest checkpoint file, or that of a step."""
    found: list[tuple[int, Path]] = []
    for path in (store.home() / "runs").glob(f"{int(run):04d}-*/checkpoints/*.pt"):
        found.append((int(path.name.partition("-")[0]), path))
    chosen = max(found) if step is None else next(f for f in found if f[0] == step)
    state: dict[str, Tensor] = torch.load(chosen[1], weights_only=True)["model"]
    return state


@cache
def sample() -> tuple[np.ndarray, np.ndarray]:
    return store.rows("mnist-sample")


def pictures(of: tuple[int, ...]) -> tuple[Tensor, Tensor, list[int]]:
    """The sample's validation images of these digits, 0…255, their classes, and their rows in its file."""
    images, labels = sample()
    held = [rows[-(len(rows) // 5) :] for rows in (np.flatnonzero(labels == digit) for digit in of)]
    rows = np.sort(np.concatenate(held))
    truth = np.searchsorted(of, labels[rows])
    return torch.tensor(images[rows]).float()[:, None], torch.tensor(truth), rows.tolist()


def digit(row: int) -> list[list[int]]:
    pixels: list[list[int]] = sample()[0][row].tolist()
    return pixels


def mean_and_deviation() -> tuple[float, float]:
    images = store.images("mnist-sample").train_images / 255.0
    return float(images.mean()), float(images.std(ddof=1))


def strided(state: dict[str, Tensor], xb: Tensor, *, norm: bool) -> list[tuple[Tensor, Tensor]]:
    """Each layer's output before and after its ReLU, by torch's functions."""
    found = []
    for i in range(1, 6):
        weight = state[f"conv{i}.weight"]
        before = F.conv2d(xb, weight, state[f"conv{i}.bias"], stride=2, padding=weight.shape[-1] // 2)
        after = before.relu() if i < 5 else before
        found.append((before, after))
        xb = after
        if norm:
            names = ("running_mean", "running_var", "weight", "bias")
            xb = F.batch_norm(after, *(state[f"norm{i}.{name}"] for name in names))
    return [*found, (xb, xb)]


def of_run(run: str, xb: Tensor) -> Tensor:
    """The probabilities that the run's newest weights give pictures of 0…255."""
    state = state_of(run)
    if run == "2":
        hidden = F.linear(xb.flatten(1) / 255, state["linear1.weight"], state["linear1.bias"]).relu()
        seven = F.linear(hidden, state["linear2.weight"], state["linear2.bias"]).sigmoid()
        return torch.cat([1 - seven, seven], 1)
    if run == "4":
        mean, deviation = mean_and_deviation()
        return strided(state, (xb / 255 - mean) / deviation, norm=True)[-1][0].flatten(1).softmax(1)
    return strided(state, xb / 255, norm=False)[-1][0].flatten(1).softmax(1)


@pytest.mark.parametrize(("run", "shape"), [("1", [4, 1, 3, 3]), ("2", [30, 1, 28, 28]), ("4", [8, 1, 5, 5])])
def test_learned_kernels_are_those_of_the_newest_checkpoint(run: str, shape: list[int]) -> None:
    found = learned.answer(run)
    state = state_of(run)
    first = next(iter(state))
    assert found["layers"][0]["shape"] == shape
    assert torch.equal(torch.tensor(found["weights"]), state[first].reshape(shape))
    assert found["bias"] == next(t for n, t in state.items() if n.endswith("bias")).tolist()
    assert found["scale"] == state[first].abs().max().item()
    assert found["step"] > 0


def test_before_training_they_were_others() -> None:
    before, after = learned.answer("1", when="first"), learned.answer("1")
    assert before["step"] == 0
    assert torch.equal(torch.tensor(before["weights"]), state_of("1", 0)["conv1.weight"])
    assert before["weights"] != after["weights"]


def test_a_later_layer_and_a_linear_one() -> None:
    assert torch.tensor(learned.answer("1", 3)["weights"]).shape == (16, 8, 3, 3)
    last = learned.answer("2", 2)
    assert last["layers"][1] == {"name": "linear2", "type": "Linear", "shape": [1, 30, 1, 1]}
    assert torch.tensor(last["weights"]).flatten().tolist() == state_of("2")["linear2.weight"].flatten().tolist()
    assert kernels(torch.nn.Conv2d(3, 2, (2, 5)), (3, 8, 8)).shape == (2, 3, 2, 5)


@pytest.mark.parametrize("run", ["1", "4"])
def test_maps_and_probabilities(run: str) -> None:
    pixels = digit(1977)
    found = maps.answer(run, pixels)
    xb = torch.tensor(pixels).float()[None, None]
    mean, deviation = (0.0, 1.0) if run == "1" else mean_and_deviation()
    expected = strided(state_of(run), (xb / 255 - mean) / deviation, norm=run == "4")
    for layer, (before, after) in zip(found["layers"], expected[:5], strict=True):
        assert torch.allclose(torch.tensor(layer["before"]), before[0], atol=1e-5)
        assert torch.allclose(torch.tensor(layer["after"]), after[0], atol=1e-5)
        assert [layer["channels"], layer["height"], layer["width"]] == list(before.shape[1:])
    assert [layer["activated"] for layer in found["layers"]] == [True] * 4 + [False]
    assert torch.allclose(torch.tensor(found["probabilities"]), of_run(run, xb)[0], atol=1e-5)
    assert sum(found["probabilities"]) == pytest.approx(1)


def test_maps_of_the_linear_network_are_its_units() -> None:
    pixels = digit(3700)
    found = maps.answer("2", pixels)
    state, xb = state_of("2"), torch.tensor(pixels).float().flatten()[None] / 255
    before = F.linear(xb, state["linear1.weight"], state["linear1.bias"])[0]
    assert torch.allclose(torch.tensor(found["layers"][0]["before"]).flatten(), before, atol=1e-6)
    assert torch.allclose(torch.tensor(found["layers"][0]["after"]).flatten(), before.relu(), atol=1e-6)
    assert found["probabilities"] == pytest.approx(of_run("2", xb[None] * 255)[0].tolist(), abs=1e-6)


def test_the_broken_network_has_maps_but_no_classes() -> None:
    assert Run(store.home() / "runs" / "0003-mnist-3v7").state().message.startswith("The network answers each image")
    found = maps.answer("3", digit(0))
    assert found["probabilities"] == []
    assert [(layer["channels"], layer["height"]) for layer in found["layers"]] == [(30, 28), (1, 28)]
    with pytest.raises(BadInput, match="none of them is a class"):
        mistakes.answer("3")


@pytest.mark.parametrize(("run", "of"), [("1", (3, 7)), ("2", (3, 7)), ("4", tuple(range(10)))])
def test_mistakes(run: str, of: tuple[int, ...]) -> None:
    xb, truth, rows = pictures(of)
    likely = of_run(run, xb)
    sure, answers = likely.max(1)
    wrong = [i for i in range(len(truth)) if answers[i] != truth[i]]
    found = mistakes.answer(run, most=1000)
    assert (found["total"], found["wrong"]) == (len(truth), len(wrong))
    assert found["wrong"] > 0
    assert sorted(m["index"] for m in found["mistakes"]) == wrong
    probabilities = [m["probability"] for m in found["mistakes"]]
    assert probabilities == sorted(probabilities, reverse=True)
    for mistake in found["mistakes"]:
        i = mistake["index"]
        assert mistake["reference"] == f"mnist-sample:{rows[i]}"
        assert mistake["pixels"] == xb[i, 0].int().tolist() == digit(rows[i])
        assert (mistake["truth"], mistake["prediction"]) == (int(truth[i]), int(answers[i]))
        assert mistake["probability"] == pytest.approx(float(sure[i]), abs=1e-5)
        assert mistake["probabilities"] == pytest.approx(likely[i].tolist(), abs=1e-5)
    pairs = list(zip(truth.tolist(), answers.tolist(), strict=True))
    counts = [[pairs.count((i, j)) for j in range(len(of))] for i in range(len(of))]
    assert found["confusion"] == counts
    assert found["classes"] == [str(name) for name in of]


def test_only_so_many_mistakes_are_shown() -> None:
    assert len(mistakes.answer("4", most=2)["mistakes"]) == 2
    assert mistakes.answer("4", most=0)["wrong"] == mistakes.answer("4")["wrong"]


@pytest.mark.parametrize("request_", [learned.answer, mistakes.answer, lambda run: maps.answer(run, digit(0))])
def test_what_is_not_there_is_a_sentence(request_: Any) -> None:
    with pytest.raises(BadInput, match="no run called '77'"):
        request_("77")
    with pytest.raises(DataMissing, match="no checkpoint yet"):
        request_("5")


def test_moments_layers_and_pictures_that_make_no_sense() -> None:
    with pytest.raises(BadInput, match="newest and first"):
        learned.answer("1", when="tomorrow")
    for layer in (0, 6):
        with pytest.raises(BadInput, match="1 to 5"):
            learned.answer("1", layer)
    with pytest.raises(BadInput, match="28×28; this one has 2×3"):
        maps.answer("1", [[0, 0, 0], [1, 1, 1]])
    for odd in ([[0], [1, 2]], [[256]], [[-1]], [], [[]], "x", [["a"]], [[None]]):
        with pytest.raises(BadInput, match="rows of whole numbers"):
            maps.answer("1", odd)  # type: ignore[arg-type]


def test_weights_that_are_no_numbers_are_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(tmp_path))
    run = new_run("mnist-3v7")
    process.main(run.path)
    state, _ = checkpoints.newest(run.path / "checkpoints") or ({}, [])
    state["model"]["conv3.weight"][0, 0, 0, 0] = float("nan")
    stored = io.BytesIO()
    torch.save(state, stored)
    digest = hashlib.sha256(stored.getvalue()).hexdigest()[:16]
    (run.path / "checkpoints" / f"00000099-{digest}.pt").write_bytes(stored.getvalue())
    with pytest.raises(RunFailed, match="diverged: look at another run"):
        learned.answer("1")
    assert learned.answer("1", when="first")["step"] == 0


SIX = [[list(row) for row in rows] for rows in convolution.KERNELS.values()]


def test_a_batch_through_six_kernels_is_one_call() -> None:
    names = [f"mnist-sample:{i * 79 % 5000}" for i in range(64)]
    found = batch.answer(names, SIX, image=19)
    assert (found["input"], found["weights"], found["output"]) == ([64, 1, 28, 28], [6, 1, 3, 3], [64, 6, 26, 26])
    edges = [convolution.Kernel(None, rows) for rows in convolution.KERNELS.values()]
    images = sample()[0][[i * 79 % 5000 for i in range(64)]]
    everything = [[convolution.convolve(image, edge) for edge in edges] for image in images]
    assert found["maps"] == [channel.tolist() for channel in everything[19]]
    assert found["scale"] == max(abs(channel).max() for image in everything for channel in image)
    assert found["times"] is None


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_strides_fractions_and_drawn_pictures(stride: int, padding: int) -> None:
    kernel = [[0.5, -1.25], [2, 3]]
    found = batch.answer([digit(12), "mnist-sample:7"], [kernel], stride=stride, padding=padding)
    pixels = np.array(digit(12))
    rows = tuple(map(tuple, kernel))
    expected = convolution.convolve(pixels, convolution.Kernel(None, rows), stride, padding)  # type: ignore[arg-type]
    assert np.allclose(found["maps"][0], expected)
    plain = batch.slid(np.pad(pixels, padding).tolist(), kernel, stride)
    assert np.allclose(plain, expected)


def test_one_call_is_faster_than_many_and_much_faster_than_python() -> None:
    times = batch.answer([f"mnist-sample:{i}" for i in range(64)], SIX, measure=True)["times"]
    assert times["faster_than_python"] == pytest.approx(times["python"] / times["batch"])
    assert times["faster_than_one_by_one"] == pytest.approx(times["one_by_one"] / times["batch"])
    assert times["faster_than_python"] > 20  # about 1,000 on two cores


@pytest.mark.parametrize(
    ("pictures_", "kernels_", "image", "said"),
    [
        ([], SIX, 0, "0 pictures"),
        (["mnist-sample:0"] * 1025, SIX, 0, "1025 pictures"),
        (["mnist-sample:5000"], SIX, 0, "images 0 to 4,999"),
        (["mnist-sample:-1"], SIX, 0, "there is no -1"),
        (["nonsense"], SIX, 0, "names no image"),
        (["mnist-sample:0"], [], 0, "stack of kernels"),
        (["mnist-sample:0"], [[[1]], [[1, 2]]], 0, "stack of kernels"),
        (["mnist-sample:0"], [[[float("nan")]]], 0, "stack of kernels"),
        (["mnist-sample:0"], [[[1] * 29]], 0, "1×29 but the image only 28×28"),
        (["mnist-sample:0"], SIX, 1, "no picture 1"),
        (["mnist-sample:0", [[1, 2], [3, 4]]], SIX, 0, "one size"),
    ],
)
def test_a_batch_that_makes_no_sense(pictures_: Any, kernels_: Any, image: int, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        batch.answer(pictures_, kernels_, image)
