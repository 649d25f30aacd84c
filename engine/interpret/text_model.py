"""Networks that write, by name: a run's, as its newest checkpoint keeps it, or an embedded one. On the CPU, without the
text that they were trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from fastai_tui.engine.data.vocabulary import Vocabulary
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.models.char_state import Stateful
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.settings import Value
from fastai_tui.engine.threads import threads

EMBEDDED = ("pydocs",)
WEIGHTS = Path(__file__).parents[2] / "assets" / "weights"


@dataclass(frozen=True)
class TextModel:
    """A network with its vocabulary. `name` is the run's id or the embedded model's name, `step` the batches that it
    was trained on (0 for an embedded one); `window` says how many characters it is given, 0 if it carries a state."""

    name: str
    step: int
    network: nn.Module
    vocabulary: Vocabulary
    window: int


class Recipe(msgspec.Struct, frozen=True):
    """What an embedded model's file says of it: whose `network` it is, with which settings, and its vocabulary."""

    builder: str
    settings: dict[str, Value]
    vocabulary: list[str]


def text_model(ref: str) -> TextModel:
    """The network that `ref` names: an embedded model, or the run with that id, name or prefix.

    Raises `BadInput` for a run that there is not or that learns no text, `DataMissing` before its first checkpoint,
    `RunFailed` for weights that fit no longer, or are no numbers any more.
    """
    torch.set_num_threads(threads())
    if ref in EMBEDDED:
        return embedded(WEIGHTS / f"{ref}.safetensors")
    run = RunStore().find(ref)
    if not hasattr(_module(run.spec.job.builder), "window"):
        raise BadInput(f"{run.id} has not learned from text: take a run of char-lm, or pydocs.")
    newest = checkpoints.newest_name(run.path / "checkpoints")
    if not newest:
        raise DataMissing(f"{run.id} has no checkpoint yet: wait until it has begun to train.")
    return _of_run(str(run.path), newest)


@lru_cache(maxsize=2)  # the newest, and one to compare it with
def _of_run(path: str, newest: str) -> TextModel:
    run = Run(Path(path))
    found = checkpoints.newest(run.path / "checkpoints")
    if found is None:  # removed meanwhile
        raise DataMissing(f"{run.id} has no checkpoint any more; train again.")
    state, job = found[0], run.spec.job
    vocabulary = Vocabulary(tuple(state["callbacks"]["Carrying"]["vocabulary"]))
    network = built(job.builder, job.settings, len(vocabulary), state["model"], run.id)
    return TextModel(run.id, state["place"]["step"], network, vocabulary, window_of(job.builder, job.settings, network))


@lru_cache(maxsize=2)
def embedded(path: Path) -> TextModel:
    """The model in a file of weights whose metadata hold a `Recipe`. Raises `DataMissing`, or `BadInput` if the file is
    damaged."""
    if not path.exists():
        raise DataMissing(f"The embedded model {path.stem} is not part of this installation; install it again.")
    try:
        with safe_open(path, "pt") as file:
            recipe = msgspec.json.decode(file.metadata()["recipe"], type=Recipe)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)
    except (SafetensorError, OSError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise BadInput(f"{path} holds no model that can be read ({error}); install it again.") from error
    vocabulary = Vocabulary(tuple(recipe.vocabulary))
    network = built(recipe.builder, recipe.settings, len(vocabulary), weights, path.stem)
    return TextModel(path.stem, 0, network, vocabulary, window_of(recipe.builder, recipe.settings, network))


def built(
    builder: str, settings: Mapping[str, Value], vocabulary: int, weights: Mapping[str, Tensor], name: str
) -> nn.Module:
    """The network of these settings with these weights. Raises `RunFailed` if they do not fit, or are no numbers."""
    network: nn.Module = _module(builder).network(settings, vocabulary)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise RunFailed(
            f"The weights of {name} do not fit its settings and a vocabulary of {vocabulary}; train again."
        ) from error
    if not all(bool(p.isfinite().all()) for p in network.parameters()):
        raise RunFailed(f"The weights of {name} are no numbers any more, because it diverged: take another run.")
    return network.eval()


def window_of(builder: str, settings: Mapping[str, Value], network: nn.Module) -> int:
    """How many characters a network must be given each time; 0 for one that carries its state."""
    carries = isinstance(network, Stateful) and network.carry
    return 0 if carries else int(_module(builder).window(settings))


def _module(builder: str) -> Any:
    """The module of an experiment that learns from text: it has `network` and `window`."""
    return import_module(builder.partition(":")[0])
