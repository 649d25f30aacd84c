"""Weights in files that somebody gives us: read without running anything, and fitted to a network by their names.

Files are safetensors, or what `torch.save` wrote of a state dict; names come with the prefixes of whatever wrapped the
network when it was saved.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from fastai_tui.engine.errors import BadInput, DataMissing

WRAPPERS = ("state_dict", "model_state_dict", "model", "weights", "net", "network")  # keys that checkpoints have
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
CODE = ("unsupported global", "unsupported class", "torchscript")  # in what torch says of a file that is more than data
DEEP = 3  # parts of a name that can be a prefix
# DenseNet's layers were called `norm.1` when its weights were published
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")

Weights = dict[str, Tensor]


def read_weights(path: Path) -> Weights:
    """The tensors in a file of weights, by their names.

    Raises `DataMissing` if there is no file, and `BadInput` for one that is damaged, holds no weights, or would have to
    run code to be read: nothing of it is run.
    """
    if not path.exists():
        raise DataMissing(f"There are no weights at {path}.")
    if not path.is_file():
        raise BadInput(f"{path} is no file; give one with weights: .safetensors, or a state dict that torch has saved.")
    found = _of_safetensors(path) if _is_safetensors(path) else _of_torch(path)
    if not found:
        raise BadInput(f"{path} holds no weights; save a network's state_dict(), best as .safetensors.")
    return found


def named_as(expected: Mapping[str, Tensor], found: Weights, layers: Sequence[str]) -> Weights:
    """What was `found`, under the names that a network with the state `expected` has for it: whatever prefix is in the
    way is taken off, or put on, so that as many tensors as possible fit. `layers` names the network's own children in
    their order; what no prefix brings among them is left out."""
    best: Weights = {}
    most = 0
    for prefix in _prefixes(found):
        bare = {_modern(name.removeprefix(prefix)): t for name, t in found.items() if name.startswith(prefix)}
        for named in _ways(bare, layers) if len(bare) > most else ():
            fits = sum(name in expected and expected[name].shape == t.shape for name, t in named.items())
            if fits > most:
                best, most = named, fits
    return {name: t for name, t in best.items() if name.partition(".")[0] in layers}


def parameters(weights: Weights) -> int:
    """How many parameters these are; running statistics are none."""
    return sum(tensor.numel() for name, tensor in weights.items() if not name.endswith(STATISTICS))


def _prefixes(names: Iterable[str]) -> list[str]:
    """All that the names begin with, up to some dots, the shortest first."""
    parts = [name.split(".") for name in names]
    found = {"".join(f"{part}." for part in split[:depth]) for split in parts for depth in range(DEEP + 1)}
    return sorted(found, key=lambda prefix: (prefix.count("."), prefix))


def _ways(bare: Weights, layers: Sequence[str]) -> Iterator[Weights]:
    """The same as they are, as parts of one of the layers, and as a plain chain of the layers would call them:
    `0.weight` is `conv1.weight`."""
    yield bare
    if len(layers) < 3:  # the others' children have names of their own
        yield from ({f"{layer}.{name}": t for name, t in bare.items()} for layer in layers)
    split = {name: name.partition(".") for name in bare}
    numbered = {str(number): layer for number, layer in enumerate(layers)}
    yield {f"{numbered[first]}.{rest}": bare[name] for name, (first, _, rest) in split.items() if first in numbered}


def _modern(name: str) -> str:
    return OLD_DENSENET.sub(r"\1\2", name)


def _is_safetensors(path: Path) -> bool:
    """A header in JSON, after eight bytes that say how long it is."""
    with open(path, "rb") as file:
        return path.suffix == ".safetensors" or file.read(9)[8:] == b"{"


def _of_safetensors(path: Path) -> Weights:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise BadInput(f"{path} is cut off or damaged ({error}); get it again.") from error


def _of_torch(path: Path) -> Weights:
    try:
        return _tensors(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # bytes that are no pickle, or half of one, make its reader fail in every way there is
        if any(sign in str(error).lower() for sign in CODE):
            raise BadInput(
                f"{path} holds more than weights: to read it, code that is in it would have to run, and none was; save "
                "the network's state_dict(), best as .safetensors."
            ) from error
        raise BadInput(f"{path} is cut off, damaged or no file of weights; get it again.") from error


def _tensors(saved: Any) -> Weights:
    """The tensors of a state dict, or of that in a checkpoint."""
    if not isinstance(saved, Mapping):
        return {}
    inner = next((saved[key] for key in WRAPPERS if isinstance(saved.get(key), Mapping)), None)
    if inner is not None:
        return _tensors(inner)
    return {str(name): tensor for name, tensor in saved.items() if isinstance(tensor, Tensor)}
