"""What each residual block of a network adds to what passes it by, and what the network is worth without some of them.

Residual networks do without single blocks, as others do not: Veit et al., "Residual networks behave like ensembles of
relatively shallow networks" (arXiv 1605.06431).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from fastai_tui.engine.data.image import ImageLoader, permutation
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.image_views import Picture
from fastai_tui.engine.interpret.batch_norm import network_of, normalising
from fastai_tui.engine.models.cifar10 import SkipLayer
from fastai_tui.engine.models.cifar10_fast import Group
from fastai_tui.engine.models.residual import Block as TwoConvolutions
from fastai_tui.engine.models.residual import PreactBlock
from fastai_tui.engine.residual_facts import Block, One, Residuals
from fastai_tui.engine.threads import threads
from fastai_tui.engine.training import JobLearner

IMAGES, AT_ONCE = 1000, 100  # validation images at most, and at a time: of 50 to 250 as quick as any
KNOWN = 64  # answers that are remembered: images of one network, without each of its blocks


@dataclass
class Seen:
    """What one pass over the images has shown: (blocks, images) lengths of what passes and what is added, the blocks'
    shapes, and the outputs (images, classes)."""

    passing: Tensor
    added: Tensor
    shapes: list[list[int]]
    preds: Tensor


class Watch:
    """Looks at one block, and takes out what it adds while it is `off`."""

    def __init__(self, block: nn.Module, *, off: bool) -> None:
        self.block, self.off = block, off
        self.passing, self.added, self.shape = list[Tensor](), list[Tensor](), list[int]()

    def hooks(self) -> Iterator[Any]:
        """Where it looks: at the block itself where the sum is all it gives, else at the two parts of the sum."""
        if isinstance(self.block, SkipLayer):
            yield self.block.register_forward_hook(self._whole)
            return
        passing, added = _parts(self.block)
        yield passing.register_forward_hook(lambda _m, _x, y: self._note(self.passing, y))
        yield added.register_forward_hook(self._added)

    def _whole(self, _module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        x = inputs[0]
        self._note(self.passing, x)
        y = x if self.off else output
        self._note(self.added, y - x)
        return y

    def _added(self, _module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        y = torch.zeros_like(output) if self.off else output
        self._note(self.added, y)
        return y

    def _note(self, lengths: list[Tensor], x: Tensor) -> None:
        lengths.append(x.flatten(1).norm(dim=1))
        self.shape = list(x.shape[1:])


def _parts(block: nn.Module) -> tuple[nn.Module, nn.Module]:
    """The module that gives what passes by, and the one that gives what is added."""
    if isinstance(block, Group):
        return block.activation1, block.activation2
    assert isinstance(block, TwoConvolutions)
    return block.short, block.conv2 if isinstance(block, PreactBlock) else block.norm2


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """The blocks that add to what passes them by, in their order."""
    return [
        module
        for module in model.modules()
        if isinstance(module, (SkipLayer, TwoConvolutions)) or (isinstance(module, Group) and module.skip)
    ]


@torch.no_grad()
def seen(model: nn.Module, batches: Iterator[Tensor], off: Sequence[int]) -> Seen:
    """What the blocks of a network do, without those that are `off`, on batches of normalised images."""
    watches = [Watch(block, off=i in off) for i, block in enumerate(blocks_of(model))]
    hooks = [hook for watch in watches for hook in watch.hooks()]
    try:
        preds = torch.cat([model(xb) for xb in batches])
    finally:
        for hook in hooks:
            hook.remove()
    lengths = [[torch.cat(part) for part in (watch.passing, watch.added)] for watch in watches]
    return Seen(
        torch.stack([passing for passing, _ in lengths]),
        torch.stack([added for _, added in lengths]),
        [watch.shape for watch in watches],
        preds,
    )


def answer(job: dict[str, Any] | None = None, run: str = "", off: Sequence[int] = (), image: int = 0) -> Residuals:
    """What every residual block adds over validation images, with the blocks `off` (counted from 0) taken out, and how
    many of the images the network then gets right; and the same of one `image`, counted from 1, if it is not 0. A lab
    request.

    Without a `run` the network is fresh, with the weights that a run of `job` would begin with; its norms take each
    batch's own mean and variance, for they have no others yet. Raises `BadInput` for a network without residual
    blocks, for a block or image that there is not, and what `trained.load` raises.
    """
    torch.set_num_threads(threads())
    learn, step = network_of(job, run)
    name, count = str(learn.settings.get("model", "")), len(blocks_of(learn.model))
    if not count:
        raise BadInput(f"model={name} has no residual blocks; take model=skips, wide, resnet or preact.")
    if not all(0 <= i < count for i in off):
        raise BadInput(f"There is no such block: this network has the blocks 0 to {count - 1}.")
    loader, out = _images(learn), tuple(sorted(set(off)))
    rows = permutation(len(loader.pixels), seed=0, epoch=0)[:IMAGES]  # a set may lie in the order of its classes
    if not 0 <= image <= len(rows):
        raise BadInput(f"There is no image {image}: there are 1 to {len(rows):,}.")
    who = (run, step) if run else (msgspec.json.encode(job), 0)
    found, truth = _pass(learn, loader, rows, who, out), loader.labels[rows]
    return Residuals(
        run=run,
        step=step,
        model=name,
        data=learn.data.facts.name,
        classes=list(learn.data.facts.classes or ()),
        off=list(out),
        blocks=_blocks(learn.model, found, slice(None)),
        images=len(rows),
        right=int((found.preds.argmax(1) == truth).sum()),
        one=_one(learn, loader, rows, found, image - 1) if image else None,
    )


def _images(learn: JobLearner) -> ImageLoader:
    """The validation images. Raises `BadInput` for a network of something else."""
    loader = learn.data.valid
    if not isinstance(loader, ImageLoader):
        raise BadInput("This network was not trained on images; take a run of cifar10.")
    return loader


_known: dict[tuple[str | bytes, int, tuple[int, ...]], Seen] = {}  # the newest `KNOWN`


def _pass(
    learn: JobLearner, loader: ImageLoader, rows: np.ndarray, who: tuple[str | bytes, int], off: tuple[int, ...]
) -> Seen:
    """`seen` of a network: a run and its step, or a job and 0. What was asked before is remembered, because somebody
    goes from image to image."""
    key = (*who, off)
    if key not in _known:
        with normalising(learn.model, by_batch=isinstance(who[0], bytes)):
            _known[key] = seen(learn.model, _normalised(loader, rows), off)
    while len(_known) > KNOWN:
        _known.pop(next(iter(_known)))
    return _known[key]


def _normalised(loader: ImageLoader, rows: np.ndarray) -> Iterator[Tensor]:
    for start in range(0, len(rows), AT_ONCE):
        piece = loader.pixels.gather(loader.pixels.order(rows[start : start + AT_ONCE]))
        yield loader.normalise(piece).to(memory_format=torch.channels_last)


def _blocks(model: nn.Module, found: Seen, images: slice | int) -> list[Block]:
    """The blocks over some of the images, or one of them."""
    return [
        Block(shape, float(passing[images].mean()), float(added[images].mean()), _reshapes(block))
        for block, shape, passing, added in zip(blocks_of(model), found.shapes, found.passing, found.added, strict=True)
    ]


def _reshapes(block: nn.Module) -> bool:
    return isinstance(block, TwoConvolutions) and isinstance(block.short, nn.Conv2d)


def _one(learn: JobLearner, loader: ImageLoader, rows: np.ndarray, found: Seen, at: int) -> One:
    pixels, row = loader.pixels.gather(loader.pixels.order(rows[at : at + 1]))[0], int(rows[at])
    likely = found.preds[at].softmax(0)
    return One(
        Picture(row, int(loader.labels[row]), pixels.shape[1], pixels.shape[2], pixels.numpy().tobytes()),
        prediction=int(likely.argmax()),
        probability=float(likely.max()),
        blocks=_blocks(learn.model, found, at),
    )
