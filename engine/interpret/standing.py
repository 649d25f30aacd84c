"""Whole networks that can be asked about any picture: the embedded one, and those of runs, without their data."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import nn

from fastai_tui.engine.backbones import MEAN, STD
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble
from fastai_tui.engine.interpret.trained import load
from fastai_tui.engine.models.clutter import ClutterNet
from fastai_tui.engine.models.heads import Pretrained
from fastai_tui.engine.photo_network import HEAD, network
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.settings import Value

CATDOG = "catdog"  # the name of the embedded one
FILE = Path(__file__).parents[2] / "assets" / "weights" / "catdog.safetensors"


@dataclass(frozen=True)
class Standing:
    """A network in evaluation mode on the CPU, what it is `of` (a run's id, or the embedded one's name), its classes,
    the side of the pictures that it was trained with, and the mean and deviation (one for each channel, or one for all
    of grey pictures, in units of 0…1) by which they are normalised. `enlarges`: a piece that is cut out is brought to
    that side; a network that knows things of one size alone looks at it as it is."""

    model: nn.Module
    of: str
    classes: tuple[str, ...]
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    enlarges: bool = True


def standing(ref: str = CATDOG) -> Standing:
    """The embedded network, or that of the run that `ref` means, with its newest weights. Pictures of a photo run are
    not needed for it.

    Raises `BadInput` for a run that there is not or that is not of images, `DataMissing` before its first checkpoint
    or without the trunk's weights, and as `trained.load`.
    """
    if ref == CATDOG:
        return catdog()
    run = RunStore().find(ref)
    return _of_photos(run) if "precompute" in run.spec.job.settings else _of_images(ref)


@lru_cache(maxsize=1)
def catdog() -> Standing:
    """The embedded network: which of the two it is, a cat or a dog, and where. Raises `DiskTrouble` where it is
    damaged."""
    try:
        with safe_open(FILE, "pt") as file:
            recipe = json.loads(file.metadata()["recipe"])
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118, it is no mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise DiskTrouble(f"{FILE} is damaged ({error}); install the program again.") from error
    return _made(CATDOG, recipe["settings"], recipe["classes"], weights)


def _of_photos(run: Run) -> Standing:
    """A photo run's network: what its checkpoint lacks of the trunk is the pretrained one's."""
    started, found = run.started(), checkpoints.newest(run.path / "checkpoints")
    if found is None or started is None or started.data.classes is None:
        raise DataMissing(f"{run.id} has no checkpoint yet: wait until it has begun to train.")
    return _made(run.id, run.spec.job.settings, started.data.classes, found[0]["model"])


def _made(of: str, settings: dict[str, Value], classes: list[str], weights: dict[str, Any]) -> Standing:
    model: Pretrained = network(settings, len(classes))
    missing = model.load_state_dict(weights, strict=False).missing_keys
    if any(name.startswith(HEAD) for name in missing):
        raise BadInput(f"{of} holds no weights of a head; train again.")
    return Standing(model.eval(), of, tuple(classes), int(settings["size"]), MEAN, STD)  # type: ignore[arg-type]


def _of_images(ref: str) -> Standing:
    found = load(ref)
    loader: ImageLoader = found.valid
    xb, _ = next(iter(loader.batches(0)))
    scale = loader.normalise
    classes = tuple(found.learn.data.facts.classes or ())
    model, side = found.learn.model.eval(), xb.shape[-1]
    enlarges = not isinstance(model, ClutterNet)
    return Standing(model, found.run.id, classes, side, tuple(scale.mean), tuple(scale.std), enlarges)
