"""Short runs of the small network with batch norm, and the same network by torch's plain functions."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.data import store
from fastai_tui.engine.runs import process
from fastai_tui.engine.runs.run import Run
from tests.runs import new_run

Norm = Callable[[str, Tensor], Tensor]  # the layer's name and what comes in → what goes out
QUICK = {"preset": "quick", "bs": "32", "width": "0.5"}
CLASSES, EACH = 5, 100  # of which a fifth is for validation
VALID, TRAIN = CLASSES * EACH // 5, CLASSES * EACH * 4 // 5


def pictures(folder: Path) -> Path:
    """A folder of 32×32 pictures: patches of a colour of their class's own, more or less, on noise."""
    rng = np.random.default_rng(7)
    folder.mkdir()
    colours = rng.integers(60, 200, (CLASSES, 3))
    for number in range(CLASSES * EACH):
        pixels = rng.integers(0, 256, (32, 32, 3))
        row, column = rng.integers(2, 16, 2)
        pixels[row : row + 12, column : column + 12] = colours[number % CLASSES] + rng.integers(-55, 56, (12, 12, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}_{'abcde'[number % CLASSES]}.png")
    return folder


def home_with_runs(place: Path) -> Path:
    """A home with finished runs: 1 keeps running averages, 2 the last batch's numbers, 3 has no norm, 4 has torch's
    norm and was varied in training."""
    data = str(pictures(place / "pictures"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for more in (
            {"model": "norm"},
            {"model": "norm", "statistics": "last"},
            {"model": "linear"},
            {"model": "norm", "statistics": "torch", "augment": "standard", "pad": "2", "padding": "zero"},
        ):
            process.main(new_run("cifar10", epochs=2, data=data, **QUICK | more).path)
    return place


def state_of(run: Run) -> dict[str, Tensor]:
    """The weights in its newest checkpoint."""
    path = max((run.path / "checkpoints").glob("*.pt"), key=lambda path: int(path.name.partition("-")[0]))
    state: dict[str, Tensor] = torch.load(path, weights_only=True)["model"]
    return state


def images() -> store.ImageSet:
    """The pictures, as the runs of this home see them."""
    return _read(str(store.home() / "pictures"))


@cache
def _read(folder: str) -> store.ImageSet:
    return store.images(folder)


@cache
def _scale(folder: str) -> tuple[Tensor, Tensor]:
    train = _read(folder).train_images / 255.0
    mean, std = (torch.tensor(f).view(3, 1, 1) for f in (train.mean((0, 2, 3)), train.std((0, 2, 3), ddof=1)))
    return mean, std


def normalised(pixels: np.ndarray) -> Tensor:
    """As the training images' own mean and deviation say."""
    mean, std = _scale(str(store.home() / "pictures"))
    return ((torch.tensor(pixels / 255.0) - mean) / std).float()


def logits(state: dict[str, Tensor], xb: Tensor, norm: Norm) -> Tensor:
    """(n, classes): 5×5, four layers of stride 2 with the norm after the ReLU, the maximum, a linear layer."""
    x = F.conv2d(xb, state["first.weight"], state["first.bias"], padding=2)
    for i in range(4):
        x = norm(f"layers.{i}.norm", F.relu(F.conv2d(x, state[f"layers.{i}.conv.weight"], stride=2, padding=1)))
    return F.linear(x.amax((2, 3)), state["out.weight"], state["out.bias"])


def kept(state: dict[str, Tensor]) -> Norm:
    """By the means and variances in the checkpoint."""

    def norm(name: str, x: Tensor) -> Tensor:
        mean, var, mult, add = (state[f"{name}.{part}"] for part in ("mean", "var", "mult", "add"))
        return F.batch_norm(x, mean, var, mult, add, training=False)

    return norm
