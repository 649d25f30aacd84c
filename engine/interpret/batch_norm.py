"""What a batch norm layer would get of a real batch: numbers of every channel, their mean and variance, a histogram.

Source of the method: Ioffe & Szegedy (arXiv 1502.03167). Whether the network has batch norm or not, the numbers are
looked at where it has it, or would have it: after a convolution and the ReLU that follows it, as fast.ai's course does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from fastai_tui.engine.device import prepare
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.trained import load
from fastai_tui.engine.job import Job
from fastai_tui.engine.models.batch_norm import BatchNormByHand
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.threads import threads
from fastai_tui.engine.training import JobLearner

BINS, NUMBERS = 80, 8
MOST = 100  # batches asked for at once
EPS, MOMENTUM = 1e-5, 0.1  # PyTorch's defaults
NORMS = (BatchNormByHand, _BatchNorm)


@dataclass
class Place:
    """Where a network is normalised: the layer whose numbers go in, the numbers, and the norm layer, if it is there."""

    name: str
    numbers: Tensor
    norm: nn.Module | None = None
    norm_name: str = ""


def answer(
    job: dict[str, Any] | None = None, run: str = "", layer: int = 1, start: int = 0, stop: int = 1
) -> dict[str, Any]:
    """Batches `start` to `stop` − 1 of a job's training data, counted on through the epochs, at a place counted from 1.
    A lab request.

    Without a `run` the network is fresh, with the weights that a run of `job` would begin with; else it has the run's
    newest ones. Every batch's mean and variance (biased) of each channel; of the last batch also a histogram between
    each channel's `low` and `high`, and some of the actual numbers, each with its image, row and column. The layers
    before it normalise as in training. Raises `BadInput` for a layer or batches that there are not, and what
    `trained.load` raises.
    """
    learn, step = network_of(job, run)
    if not 0 <= start < stop <= start + MOST:
        raise BadInput(f"The batches {start} to {stop} do not work: ask for 1 to {MOST}, counted from 0.")
    means, variances, counts = [], [], []
    for xb in _batches(learn, start, stop):
        places = normalised(learn.model, xb)
        if not 1 <= layer <= len(places):
            raise BadInput(f"There is no layer {layer}: this network has 1 to {len(places)} to be normalised.")
        numbers = _channels(places[layer - 1].numbers)
        variance, mean = torch.var_mean(numbers, 1, correction=0)
        counts.append(numbers.shape[1])
        means.append(mean.tolist())
        variances.append(variance.tolist())
    return {
        "run": run,
        "step": step,
        "layer": layer,
        "layers": [{"name": place.name, "norm": place.norm_name, "shape": _shape(place)} for place in places],
        "start": start,
        "means": means,
        "variances": variances,
        "counts": counts,
        **_parameters(places[layer - 1]),
        **_details(places[layer - 1].numbers),
    }


@torch.no_grad()
def normalised(model: nn.Module, xb: Tensor) -> list[Place]:
    """The places where a convolutional network is normalised, with what a batch becomes there; where a network has no
    norm at all, those where it could be.

    Its norms normalise by the batch, and all else is as in evaluation; no running average moves.
    Raises `BadInput` for a network without convolutions.
    """
    called: list[tuple[str, nn.Module, Tensor]] = []
    leaves = [(name, module) for name, module in model.named_modules() if not any(module.children())]
    hooks = [module.register_forward_hook(_watch(called, name)) for name, module in leaves]
    try:
        with normalising(model, by_batch=True):
            model(xb)
    finally:
        for hook in hooks:
            hook.remove()
    if not (places := _places(called)):
        raise BadInput("This network has no convolutions whose numbers could be normalised; take a CNN.")
    return [place for place in places if place.norm is not None] or places


@contextmanager
def normalising(model: nn.Module, *, by_batch: bool) -> Iterator[None]:
    """A network in evaluation mode; `by_batch`, its norms go by each batch's own numbers all the same, and what they
    keep of training stays as it is."""
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.eval()
    for module in model.modules() if by_batch else ():
        if isinstance(module, NORMS):
            module.train()
    try:
        yield
    finally:
        model.eval()
        for name, buffer in model.named_buffers():
            buffer.copy_(kept[name])


def _watch(called: list[tuple[str, nn.Module, Tensor]], name: str) -> Any:
    def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
        seen = inputs[0] if isinstance(module, NORMS) else output
        called.append((name, module, seen if isinstance(module, nn.ReLU) else seen.clone()))

    return hook


def _places(called: list[tuple[str, nn.Module, Tensor]]) -> list[Place]:
    """Of the layers in the order of their calls: each convolution, or the ReLU right after it, and the norm after, with
    what goes into it (a ReLU that is a function in between is no layer)."""
    places: list[Place] = []
    before: nn.Module | None = None
    for name, module, numbers in called:
        if isinstance(module, _ConvNd):
            places.append(Place(name, numbers))
        elif isinstance(module, nn.ReLU) and isinstance(before, _ConvNd):
            places[-1] = Place(name, numbers)
        elif isinstance(module, NORMS) and isinstance(before, (_ConvNd, nn.ReLU)) and places:
            places[-1] = Place(places[-1].name, numbers, module, name)
        before = module
    return places


def network_of(job: dict[str, Any] | None, run: str) -> tuple[JobLearner, int]:
    """The Learner on the CPU with its weights, and the batches that those have been trained on."""
    if run:
        found = load(run)
        return found.learn, found.step
    if job is None:
        raise BadInput("Say which network: give a job, or a run.")
    return _fresh(msgspec.json.encode(_resident(msgspec.convert(job, Job)))), 0


def _resident(job: Job) -> Job:
    return msgspec.structs.replace(job, device="cpu", settings=job.settings | {"loader": "resident"})


@lru_cache(maxsize=2)  # of two settings compared
def _fresh(job: bytes) -> JobLearner:
    asked = msgspec.json.decode(job, type=Job)
    prepare(torch.device("cpu"), asked.seed)
    built: JobLearner = build(asked)
    return built


def _batches(learn: JobLearner, start: int, stop: int) -> Iterator[Tensor]:
    """The inputs of the batches `start` to `stop` − 1, as training would take them."""
    torch.set_num_threads(threads())
    loader = learn.data.train
    while start < stop:
        epoch, first = divmod(start, len(loader))
        for xb, _ in islice(loader.batches(epoch, first), stop - start):
            yield xb
            start += 1


def _channels(numbers: Tensor) -> Tensor:
    """(n, channels, height, width) as (channels, all the others), in float64."""
    return numbers.transpose(0, 1).flatten(1).double()


def _shape(place: Place) -> list[int]:
    return list(place.numbers.shape[1:])


def _parameters(place: Place) -> dict[str, Any]:
    """What the norm layer there holds, or would begin with."""
    norm, channels = place.norm, place.numbers.shape[1]
    by_hand = isinstance(norm, BatchNormByHand)
    names = ("mult", "add", "mean", "var") if by_hand else ("weight", "bias", "running_mean", "running_var")
    first = {"gamma": 1.0, "beta": 0.0, "running_mean": 0.0, "running_var": 1.0}
    held = {ours: getattr(norm, theirs, None) for ours, theirs in zip(first, names, strict=True)}
    return {
        **{name: [value] * channels for name, value in first.items()},
        **{name: tensor.tolist() for name, tensor in held.items() if tensor is not None},
        "eps": getattr(norm, "eps", EPS),
        "momentum": getattr(norm, "momentum", None) or MOMENTUM,
    }


def _details(numbers: Tensor) -> dict[str, Any]:
    """Of each channel: how many numbers there are, the histogram between the least and the greatest, and a few of them,
    spread evenly between those two."""
    lows, highs, counts, some, where = [], [], [], [], []
    for channel in _channels(numbers):
        low, high = channel.min().item(), channel.max().item()
        ends = (low, high) if high > low else (low - 0.5, low + 0.5)
        counts.append(torch.histc(channel, BINS, *ends).long().tolist())
        wanted = torch.linspace(low, high, NUMBERS, dtype=channel.dtype)
        chosen = (channel[None] - wanted[:, None]).abs().argmin(1)
        some.append(channel[chosen].tolist())
        where.append([_where(int(at), numbers.shape) for at in chosen])
        lows.append(ends[0])
        highs.append(ends[1])
    return {"low": lows, "high": highs, "histogram": counts, "numbers": some, "where": where}


def _where(at: int, shape: torch.Size) -> list[int]:
    """Image, row and column of a channel's number `at`."""
    places = shape[2] * shape[3]
    return [at // places, at % places // shape[3], at % shape[3]]
