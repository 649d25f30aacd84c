"""Whole networks of torchvision's, head included, with the weights in a file that somebody gives us."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torchvision import models

from fastai_tui.engine.backbones import MEAN, STD, backbone
from fastai_tui.engine.data.weights import found_weights
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models.backbones import HALVES, HEADS
from fastai_tui.engine.models.weight_files import STATISTICS, Weights, named_as, read_weights

OWN_SCALE = ("googlenet", "inception_v3")  # bring ImageNet's mean and deviation to their own themselves


@dataclass(frozen=True)
class Whole:
    """A network in evaluation mode on the CPU, its classes (of ImageNet, if it has as many), and what it is given:
    pictures with sides of `size`, normalised by `mean` and `std`."""

    model: nn.Module
    classes: tuple[str, ...]
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


def whole(name: str, weights: str = "") -> Whole:
    """The network called `name` with the weights in a file, or torchvision's default ones from torch's cache.

    Raises `BadInput` for a name that is none and for weights that do not fit or hold a trunk only, `DataMissing` where
    there are none.
    """
    about = backbone(name)
    path = Path(weights).expanduser() if weights else found_weights(about.name)
    found = read_weights(path)
    made = _built(about.name, _classes(found))
    _fill(made, about.name, path, found)
    count = next(len(tensor) for key, tensor in reversed(made.state_dict().items()) if key.endswith("bias"))
    half = about.name in HALVES and about.name not in OWN_SCALE
    mean, std = ((0.5,) * 3, (0.5,) * 3) if half else (MEAN, STD)
    return Whole(made.eval(), _names(about.name, count), about.side, mean, std)


def _classes(found: Weights) -> int:
    """How many classes the network in a file has: as many as its last matrix has rows."""
    sizes = [len(tensor) for name, tensor in found.items() if name.endswith("weight") and _of_head(name)]
    return sizes[-1] if sizes else 1000


def _of_head(name: str) -> bool:
    return any(part in HEADS and not part.lower().startswith("aux") for part in name.split("."))


def _built(name: str, classes: int) -> nn.Module:
    options = {"aux_logits": True, "init_weights": False, "transform_input": True} if name in OWN_SCALE else {}
    with torch.device("cpu" if name.startswith("regnet") else "meta"):  # whose widths are computed with torch
        made: nn.Module = models.get_model(name, weights=None, num_classes=classes, **options)
    return made


def _fill(made: nn.Module, name: str, path: Path, found: Weights) -> None:
    state = made.state_dict()
    wanted = {key: tensor for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
    named = named_as(wanted, found, [key for key, _ in made.named_children()])
    missing = [key for key in wanted if key not in named]
    other = [key for key in wanted if key in named and named[key].shape != wanted[key].shape]
    surplus = [key for key in named if key not in wanted and not key.endswith(STATISTICS)]
    if missing and all(_of_head(key) for key in missing) and not other:
        raise BadInput(
            f"{path} holds the trunk of {name} and no head, so it names no class: give a whole network's weights, or "
            f"train a head on it (`fastai-tui train dogscats --set model={name} --set weights=PATH`) and use --run."
        )
    if missing or other or surplus:
        odd = (other or missing or surplus)[0]
        why = "has another shape" if other else "is missing" if missing else "does not belong there"
        raise BadInput(f"{path} does not hold the weights of {name}: {odd} {why}; give the network's right --arch.")
    if not all(bool(named[key].isfinite().all()) for key in wanted):
        raise BadInput(f"The weights in {path} are not all numbers: some are infinite or NaN; get others.")
    counts = {key: torch.zeros((), dtype=torch.int64) for key in state.keys() - wanted.keys()}
    made.load_state_dict({key: named[key] for key in wanted} | counts, assign=True)


def _names(name: str, count: int) -> tuple[str, ...]:
    known = models.get_model_weights(name).DEFAULT.meta["categories"]
    return tuple(known) if len(known) == count else tuple(str(number) for number in range(count))
