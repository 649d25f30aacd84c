"""One network with batch norm, evaluated three ways: what it normalises by is all that differs."""

import copy
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from fastai_tui.engine import tta
from fastai_tui.engine.data.image import ImageLoader, permutation
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.trained import Trained, load
from fastai_tui.engine.models.batch_norm import KINDS, BatchNormByHand, LastBatchNorm
from fastai_tui.engine.normed import BATCH_SIZES, Row
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.viewed import Score

IMAGES = 1000  # of the validation set: with batches of one image that takes a second or two
BATCHES = 20  # of training, over which an average runs
SEED = 0  # of the images' order, and of the batches of training
REMEMBERED = 20  # networks
Key = tuple[str, int, bool, int, int]  # statistics, size, by class, bs, draw
KEPT = {"last": ("last",), "running": ("running", "torch")}  # by whose setting `statistics` a run keeps them


def answer(run: str, size: int = 256, by_class: bool = False, bs: int = 0, draw: int = 0) -> Row:
    """The accuracy and the loss of a run's newest weights in batches of `size` validation images, mixed or of one class
    each, by each batch's own numbers, the last training batch's (number `draw`) and running averages, where a batch of
    training has `bs` images (0: as many as in the run). A lab request.

    Raises what `trained.load` raises, and `BadInput` for a network without batch norm.
    """
    found = load(run)
    if not any(_normalises(module) for module in found.learn.model.modules()):
        raise BadInput(
            f"{found.run.id} has no batch norm, so that there is nothing to choose: take a run with model=norm."
        )
    own = _train(found).bs
    bs = min(max(bs, BATCH_SIZES[0]), BATCH_SIZES[1]) if bs > 0 else own
    size, draw = min(max(size, 1), IMAGES), max(draw, 0)
    known = _remembered(f"{found.run.path} {checkpoints.newest_name(found.run.path / 'checkpoints')}")

    def score(kind: str, *, size: int = IMAGES, bs: int = 0, draw: int = 0) -> Score:
        key = (kind, size, by_class, bs, draw)
        if key not in known:
            known[key] = Score(*_evaluated(_made(found, kind, by_class, bs, draw), found, size, by_class))
        return known[key]

    return Row(
        run=found.run.id,
        step=found.step,
        images=min(IMAGES, found.valid.items),
        own_bs=own,
        size=size,
        by_class=by_class,
        bs=bs,
        draw=draw,
        batch=score("batch", size=size),
        last=score("last", bs=bs, draw=draw),
        running=score("running", bs=bs),
    )


def with_statistics(model: nn.Module, kind: str) -> nn.Module:
    """A copy of a network whose batch norms, by hand or torch's, are all of a kind of `batch_norm.KINDS`, with the same
    multipliers and adders, and the same means and variances where both keep some; in evaluation mode."""
    found = copy.deepcopy(model)
    for name, module in [*found.named_modules()]:
        if _normalises(module):
            parent, _, own = name.rpartition(".")
            setattr(found.get_submodule(parent), own, _converted(module, kind))
    return found.eval()


def _normalises(module: nn.Module) -> bool:
    return isinstance(module, (BatchNormByHand, nn.BatchNorm2d))


@torch.no_grad()
def _converted(module: nn.Module, kind: str) -> nn.Module:
    by_hand = isinstance(module, BatchNormByHand)
    names = ("mult", "add", "mean", "var") if by_hand else ("weight", "bias", "running_mean", "running_var")
    has = [getattr(module, name, None) for name in names]
    channels = next(len(tensor) for tensor in has if tensor is not None)
    made = KINDS[kind](channels)
    made.eps = module.eps
    for name, tensor in zip(("mult", "add", "mean", "var"), has, strict=True):
        if tensor is not None and hasattr(made, name):
            getattr(made, name).copy_(tensor)
    return made


@lru_cache(REMEMBERED)
def _remembered(network: str) -> dict[Key, Score]:
    """A network's scores so far; without the network, which holds all its data."""
    return {}


def _made(found: Trained, kind: str, by_class: bool, bs: int, draw: int) -> nn.Module:
    """The network as it normalises in evaluation: with what the run has kept, if that is what is asked for, or what
    batches of training leave behind."""
    model, as_in_run = found.learn.model, not by_class and not draw and bs == _train(found).bs
    kept = str(found.run.spec.job.settings.get("statistics", ""))
    if kind == "batch" or (as_in_run and kept in KEPT[kind]):
        return with_statistics(model, kind)
    last = with_statistics(model, "last")
    _take(last, [_batch(found, by_class, bs, draw)])
    if kind == "last":
        return last
    running = with_statistics(last, "running")  # goes on from the first batch's, not from nought
    _take(running, (_batch(found, by_class, bs, number) for number in range(1, BATCHES)))
    return running


@torch.no_grad()
def _take(model: nn.Module, batches: "Iterator[Tensor] | list[Tensor]") -> None:
    """Have its norms, and nothing else of it, see batches as in training."""
    norms = [module for module in model.modules() if isinstance(module, LastBatchNorm)]
    for norm in norms:
        norm.train()
    for xb in batches:
        model(xb)
    model.eval()


def _batch(found: Trained, by_class: bool, bs: int, number: int) -> Tensor:
    """A batch of training, varied as there: of one class, one after the other, if `by_class`."""
    train = _train(found)
    rows = permutation(train.items, SEED, number)
    if by_class:
        classes = int(train.labels.max()) + 1
        rows = rows[train.labels.numpy()[rows] == number % classes]
    rows = rows[:bs]
    pixels = train.pixels.gather(train.pixels.order(rows))
    if train.augment:
        pixels = train.augment(pixels, train.augment.draws(rows, train.items, SEED, number))
    return train.normalise(pixels)


@torch.no_grad()
def _evaluated(model: nn.Module, found: Trained, size: int, by_class: bool) -> tuple[float, float]:
    valid = found.valid
    rows = permutation(valid.items, SEED, 0)[:IMAGES]
    labels = valid.labels.numpy()
    if by_class:
        rows = rows[np.argsort(labels[rows], kind="stable")]
    xb = valid.normalise(valid.pixels.gather(valid.pixels.order(rows)))
    likely = torch.cat([model(piece) for piece in xb.split(size)]).float().softmax(1)
    return tta.score(likely, valid.labels[torch.from_numpy(rows)])


def _train(found: Trained) -> ImageLoader:
    train = found.learn.data.train
    assert isinstance(train, ImageLoader)  # `valid` is
    return train
