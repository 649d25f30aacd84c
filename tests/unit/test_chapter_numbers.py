"""Every number that the first two chapters state, computed anew with numpy and torch, not with the engine; and what
holds for every chapter's pages."""

import gzip
import itertools
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fastai_tui.lessons import prose
from fastai_tui.lessons.schema import Chapter, Question, Step
from tests.conftest import ROOT
from tests.shipped import CHAPTERS

# TARGETS of the chapter, typed in from the course's own table
KERNELS = {
    "top_edge": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "bottom_edge": ((0, 0, 0), (1, 1, 1), (-1, -1, -1)),
    "left_edge": ((-1, 1, 0),) * 3,
    "right_edge": ((0, 1, -1),) * 3,
    "diag1_edge": ((0, -1, 1), (-1, 1, 0), (1, 0, 0)),
    "diag2_edge": ((1, -1, 0), (0, 1, -1), (0, 0, 1)),
}


def step(slug: str, id: str) -> Step:
    found = CHAPTERS[slug].step(id)
    assert found is not None, id
    return found


def question(slug: str, id: str, name: str) -> Question:
    return next(one for one in step(slug, id).questions if one.id == name)


def answer(slug: str, id: str, name: str) -> object:
    return question(slug, id, name).answer


def said(slug: str, id: str) -> str:
    """All that a step says, in one line."""
    one = step(slug, id)
    texts = [one.prose, *one.hints, *(f"{q.ask} {q.why}" for q in one.questions), *(g.say for g in one.goals)]
    return " ".join(" ".join(texts).split())


@lru_cache
def three() -> np.ndarray:
    """Number 12 of MNIST's training images, read from the file without the engine."""
    path = ROOT / "assets" / "data" / "mnist-sample-images-idx3-ubyte.gz"
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)[1502].astype(int)


def feature_map(weights: object, picture: np.ndarray | None = None) -> np.ndarray:
    image = torch.tensor(three() if picture is None else picture, dtype=torch.float64)[None, None]
    return F.conv2d(image, torch.tensor(weights, dtype=torch.float64)[None, None])[0, 0].numpy().astype(int)


def at(weights: object, row: int, column: int) -> int:
    return int(feature_map(weights)[row - 1, column - 1])


def size(n: int, ks: int, stride: int, padding: int) -> int:
    """By laying the kernel down, not by the formula."""
    return int(F.conv2d(torch.zeros(1, 1, n, n), torch.zeros(1, 1, ks, ks), stride=stride, padding=padding).shape[2])


def test_there_are_eight_chapters_with_nine_steps_or_more() -> None:
    first = ["convolution", "first-cnn", "stability", "learning-rate", "char-lm", "cifar10", "transfer", "cam"]
    assert list(CHAPTERS) == first
    assert all(9 <= len(chapter.steps) <= 28 for chapter in CHAPTERS.values())


def test_the_digit_is_as_it_is_described() -> None:
    assert (three() == 0).sum() == 583
    assert "583 of 784" in said("convolution", "pixels")
    assert 0.7 < 583 / 784 < 0.8
    assert np.argwhere(three() == 255).tolist() == [[21, 19]]
    assert "row 21, column 19" in said("convolution", "pixels")


def test_the_windows() -> None:
    top = KERNELS["top_edge"]
    assert at(top, 1, 1) == 0
    assert at(top, 5, 7) == answer("convolution", "window", "head") == feature_map(top).max() == 762
    assert at(top, 8, 18) == answer("convolution", "matrix", "product") == -29
    assert "It is −29" in said("convolution", "window")
    assert three()[7, 17:20].tolist() == [254, 75, 0]
    assert three()[9, 17:20].tolist() == [247, 53, 0]
    assert at(top, 8, 6) <= -500  # the place that the last hint names


def test_the_whole_map() -> None:
    found = feature_map(KERNELS["top_edge"])
    assert found.shape == (26, 26)
    assert answer("convolution", "map", "across") == 26
    assert answer("convolution", "map", "work") == found.size * 9
    assert found.size == 676
    assert found.min() == at(KERNELS["top_edge"], 7, 9) == -762


def test_the_six_kernels() -> None:
    assert answer("convolution", "edges", "mirror") == feature_map(KERNELS["right_edge"]).max()
    left = feature_map(KERNELS["left_edge"])
    assert (left.min(), left.max()) == (-536, 514)
    assert "from −536 to 514" in said("convolution", "edges")
    rising, falling = np.fliplr(np.tri(28, dtype=int)) * 254, np.tri(28, dtype=int) * 254
    below_rising, below_falling = (feature_map(KERNELS["diag1_edge"], p).max() for p in (rising, falling))
    assert below_rising > below_falling
    shown = step("convolution", "edges").show["kernels"]
    assert shown == step("convolution", "batch").show["kernels"] == list(KERNELS)


def test_a_kernel_of_one_s_own() -> None:
    solid = np.full((3, 3), 254)
    assert answer("convolution", "own", "flat") == feature_map(KERNELS["diag1_edge"], solid).item()
    assert all(feature_map(KERNELS[f"{side}_edge"], solid) == 0 for side in ("top", "bottom", "left", "right"))
    sobel = ((-1, -2, -1), (0, 0, 0), (1, 2, 1))
    assert feature_map(sobel).max() == 1016
    assert feature_map(((-1, -3, -1), (0, 0, 0), (1, 3, 1))).max() >= 1200  # what the last hint leads to


def test_the_batch() -> None:
    result = F.conv2d(torch.zeros(64, 1, 28, 28), torch.zeros(6, 1, 3, 3))
    assert tuple(result.shape) == (64, 6, 26, 26)
    assert answer("convolution", "batch", "maps") == 64 * 6
    weights = nn.Conv2d(6, 8, 3).weight
    assert answer("convolution", "batch", "next-layer") == "×".join(map(str, weights.shape))


def test_padding_and_stride() -> None:
    padding = answer("convolution", "padding", "seven")
    assert isinstance(padding, int | float)
    assert size(28, 7, 1, int(padding)) == 28
    assert [size(28, 4, 1, p) for p in (0, 1, 2)] == [25, 27, 29]
    assert size(28, 5, 1, 2) == 28
    assert answer("convolution", "stride", "half") == size(28, 3, 2, 1) == 14
    grid = [28]
    while grid[-1] > 1:
        grid.append(size(grid[-1], 3, 2, 1))
    assert grid == [28, 14, 7, 4, 2, 1]
    assert answer("convolution", "stride", "layers") == len(grid) - 1


def test_the_matrix() -> None:
    index = torch.eye(784, dtype=torch.float64).reshape(784, 1, 28, 28)
    nine = torch.arange(1.0, 10.0, dtype=torch.float64).reshape(1, 1, 3, 3)  # nine different weights
    matrix = F.conv2d(index, nine).reshape(784, 676).T
    assert matrix.numel() == 529_984
    assert set(matrix.unique().tolist()) == set(map(float, range(10)))
    assert (matrix != 0).sum() == 6084
    assert (matrix != 0).sum(1).unique().tolist() == [9]
    first = (matrix != 0).int().argmax(1)
    assert first[199] == 7 * 28 + 17  # the upper left of the window at (8, 18)
    assert first[199 + 26] - first[199] == 28
    assert answer("convolution", "matrix", "down") == "26"


def seen(depth: int) -> list[list[int]]:
    """For each cell along the middle of a layer's grid: the first and last row of the digit with a gradient."""
    layers = [nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False) for _ in range(depth)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    xb = torch.ones(1, 1, 28, 28, requires_grad=True)
    out = nn.Sequential(*layers)(xb)[0, 0]
    rows = []
    for i in range(len(out)):
        (grad,) = torch.autograd.grad(out[i, i], xb, retain_graph=True)
        hit = grad[0, 0].sum(1).nonzero().flatten()
        rows.append([int(hit[0]), int(hit[-1])])
    return rows


def test_receptive_fields() -> None:
    assert [max(b - a + 1 for a, b in seen(depth)) for depth in (1, 2, 3)] == [3, 7, 15]
    assert answer("convolution", "sees", "second") == "7"
    assert next(i for i, (a, b) in enumerate(seen(3)) if b - a + 1 == 15) == 1  # the goal's cell, (1, 1)
    assert seen(4) == [[0, 15], [1, 27]]
    assert seen(5) == [[0, 27]]


def test_colour() -> None:
    content = (ROOT / "assets" / "data" / "chelsea-36x24.ppm").read_bytes()
    cat = np.frombuffer(content[-24 * 36 * 3 :], np.uint8).reshape(24, 36, 3).astype(int)
    maps = [feature_map(KERNELS["top_edge"], cat[:, :, channel]) for channel in range(3)]
    assert [int(found[9, 31]) for found in maps] == [270, 269, 279]
    assert answer("convolution", "colour", "sum") == 818 == sum(int(found[9, 31]) for found in maps)
    ones = np.ones((3, 3))
    nose = feature_map(ones, cat[:, :, 0]) - feature_map(ones, cat[:, :, 1])
    assert nose.max() == nose[15, 17] >= 540


def strided() -> list[nn.Conv2d]:
    channels = [1, 4, 8, 16, 32, 2]
    return [nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in itertools.pairwise(channels)]


def parameters(*layers: nn.Module) -> int:
    return sum(p.numel() for layer in layers for p in layer.parameters())


def multiplications(layer: nn.Conv2d, xb: torch.Tensor) -> int:
    return layer.weight.numel() * layer(xb)[0, 0].numel()


def test_parameters_and_multiplications() -> None:
    linear = [nn.Linear(784, 30), nn.Linear(30, 1)]
    assert answer("first-cnn", "linear", "parameters") == parameters(linear[0])
    assert parameters(*linear) == 23_581
    broken = [nn.Conv2d(1, 30, 3, padding=1), nn.Conv2d(30, 1, 3, padding=1)]
    xb = torch.zeros(1, 1, 28, 28)
    work = multiplications(broken[0], xb) + multiplications(broken[1], broken[0](xb))
    assert (parameters(*broken), work) == (571, 423_360)
    assert round(23_581 / 571) == 41
    assert round(work / (784 * 30 + 30)) == 18
    assert answer("first-cnn", "broken", "work") == "18 times as much"
    assert tuple(broken[1](broken[0](xb)).shape) == (1, 1, 28, 28)


def test_the_strided_net() -> None:
    layers, xb = strided(), torch.zeros(1, 1, 28, 28)
    assert parameters(*layers) == 6722
    assert answer("first-cnn", "strided", "conv2") == parameters(layers[1])
    assert pytest.approx(3.5, abs=0.05) == 23_581 / 6722
    work, grids = [], [28]
    for layer in layers:
        work.append(multiplications(layer, xb))
        xb = layer(xb)
        grids.append(int(xb.shape[2]))
    assert grids == [28, 14, 7, 4, 2, 1]
    assert work[2] == work[3] == 18_432
    assert answer("first-cnn", "strided", "work") == f"{work[3]:,}"


def test_losses() -> None:
    guess = F.cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item()
    asked = question("first-cnn", "ten", "start")
    assert isinstance(asked.answer, float)
    assert abs(asked.answer - guess) < asked.tolerance
    assert answer("first-cnn", "mistakes", "cost") == f"{-math.log(0.01):.1f}"
    assert -math.log(0.01) / -math.log(0.99) == pytest.approx(460, abs=5)
    assert math.log(2) == pytest.approx(0.69, abs=0.005)
    assert 800 // 64 * 5 == 60  # batches of a run of five epochs


def texts(chapter: Chapter) -> Iterator[str]:
    yield chapter.opening
    for one in chapter.steps:
        yield said(chapter.slug, one.id)


@pytest.mark.parametrize("slug", list(CHAPTERS))
def test_every_sum_that_is_written_out_is_right(slug: str) -> None:
    """`784 × 30 = 23,520`, `8 × (36 + 1) = 296`, `270 + 269 + 279 = 818`: whatever stands left of an = in the prose."""
    found = 0
    for text in texts(CHAPTERS[slug]):
        for left, right in re.findall(r"((?:[\d(][\d,()]*\s*[×·+]\s*)+[\d,()]+) = (\d[\d,]*)", text):
            code = left.replace(",", "").replace("×", "*").replace("·", "*")
            assert re.fullmatch(r"[\d\s*+()]+", code)
            assert eval(code) == int(right.replace(",", "")), left
            found += 1
    assert found >= 2


@pytest.mark.parametrize("slug", list(CHAPTERS))
def test_no_page_is_crowded_or_bare(slug: str) -> None:
    for one in CHAPTERS[slug].steps:
        assert 8 <= len(prose.layout(one.prose)) <= prose.LINES
        assert 2 <= len(one.hints) <= 4
        assert one.questions
        assert one.goals
        assert one.code
        assert len(" ".join(q.why for q in one.questions).split()) >= 10


def test_no_goal_is_met_by_what_a_step_begins_with() -> None:
    """As far as the chapters tell: where the cursor begins, which kernel is shown, what the knobs are set to."""
    for chapter in CHAPTERS.values():
        for one in chapter.steps:
            begin = {knob.name: knob.default for knob in one.knobs if knob.name}
            begin |= {"visited": 1, "seen": 1, "filled": 1, "drawn": 0, "edited": 0, "runs": 0, "failed": 0}
            begin |= {"layer": one.show.get("layer", 1), "kernel": one.show.get("kernel", "top_edge")}
            begin |= {"picture": one.show.get("picture", ""), "batch": begin.get("batch", 1)}
            begin |= {"view": one.show.get("view", "newest"), "curve": one.show.get("curve", ""), "mode": "train"}
            begin |= dict.fromkeys(("done", "stages", "pointed", "beside", "read", "steps", "epochs", "kept"), 0)
            if isinstance(where := one.show.get("at"), list):
                begin |= (
                    {"cursor": tuple(where), "cell": tuple(where), "sum": at(KERNELS["top_edge"], *where)}
                    if (one.pane in ("window", "matrix", "receptive-field"))
                    else {"cursor": tuple(where)}
                )
            if one.pane == "geometry":
                begin["output"] = size(*(int(begin[n]) for n in ("size", "kernel_size", "stride", "padding")))
            for goal in one.goals:
                assert not goal.met(begin), (one.id, goal.id)


def test_the_chapters_are_shipped(tmp_path: Path) -> None:
    named = {f"{chapter.number:02d}-{chapter.slug}.md" for chapter in CHAPTERS.values()}
    assert {Path(chapter.file).name for chapter in CHAPTERS.values()} == named
