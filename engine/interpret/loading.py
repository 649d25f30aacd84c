"""How long a training network waits for its data: the same batches, from image files that are opened and decoded each
time, and from memory. Everything is measured, on real files and real training steps."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import torch
from torch import Tensor

from fastai_tui.engine.callback import Hooks
from fastai_tui.engine.data.files import InFiles
from fastai_tui.engine.data.image import ImageLoader, OnDevice, Pixels
from fastai_tui.engine.device import choose, prepare
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.engine.loading import LOADERS, Loading, Spent
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.training import JobLearner

MOST = 4096  # images that are written as files, 3 kB each
LOOK = 0.25  # seconds of measuring for one request
LONGEST, FEWEST = 5.0, 3  # seconds of measuring, after which so many batches of each are enough


@dataclass
class Side:
    """One loader, and what its batches have cost so far."""

    batches: Iterator[tuple[Tensor, Tensor]]
    waiting: float = 0.0
    computing: float = 0.0
    count: int = 0

    def read(self, learn: JobLearner) -> bool:
        """Wait for one more batch, and learn from it; False after the last one."""
        begun = time.perf_counter()
        batch = next(self.batches, None)
        if batch is None:
            return False
        learn.xb, learn.yb = batch
        _wait_for(learn.xb)
        loaded = time.perf_counter()
        learn._learn_from_batch()
        _wait_for(learn.loss)
        self.waiting += loaded - begun
        self.computing += time.perf_counter() - loaded
        self.count += 1
        return True

    @property
    def spent(self) -> Spent:
        """The same as plain values."""
        return Spent(self.waiting, self.computing, self.count)


def _wait_for(tensor: Tensor) -> None:
    """See that a device has computed all that it was asked for: one number of it is fetched."""
    tensor.detach().flatten()[-1].item()


@dataclass
class Measured:
    """A network with both loaders: they take turns, batch by batch, so that whatever else the machine does concerns
    both."""

    learn: JobLearner
    sides: list[Side]
    bs: int
    of: int
    epoch: int
    spent: float = 0.0
    over: bool = False

    @property
    def done(self) -> bool:
        """Is it enough?"""
        return self.over or (self.spent > LONGEST and self.sides[-1].count >= FEWEST)

    def advance(self, seconds: float) -> None:
        """Read on for so many seconds, one batch of each at the least."""
        begun = time.monotonic()
        while not self.done and time.monotonic() - begun < seconds:
            self.over = not all(side.read(self.learn) for side in self.sides)
        self.spent += time.monotonic() - begun

    def told(self) -> Loading:
        """What has been measured."""
        resident, files = (side.spent for side in self.sides)
        learn = self.learn
        return Loading(
            resident=resident,
            files=files,
            data=learn.data.facts.name,
            bs=self.bs,
            of=self.of,
            epoch=self.epoch,
            device=str(learn.device),
            done=self.done,
        )


def measured(job: Job, images: int) -> Measured:
    """A network as `job` has it, and the first `images` training images both in files and resident. Raises `BadInput`
    for a job that has other data than images, or where there is no batch."""
    device = choose(job.device)
    prepare(device, job.seed)
    learn = build(msgspec.structs.replace(job, settings=job.settings | {"loader": "resident"}))
    usual = learn.data.train
    if not isinstance(usual, ImageLoader):
        raise BadInput(f"{job.experiment} reads no images: how long files take is measured with mnist or cifar10.")
    count = min(images, usual.items, MOST)
    if count < usual.bs:
        raise BadInput(f"{count} images make no batch of {usual.bs}: take a smaller bs, or more images.")
    rows = usual.pixels.order(torch.arange(count).numpy())
    pixels = usual.pixels.gather(rows).cpu().numpy()
    kept: dict[str, Pixels] = {
        "resident": OnDevice(pixels, device),
        "files": InFiles(pixels, f"{learn.data.facts.name}-{count}", device),
    }
    loaders = [_loader(usual, kept[name], usual.labels[:count]) for name in LOADERS]
    _make_ready(learn, loaders)
    return Measured(learn, [Side(loader.batches(0)) for loader in loaders], usual.bs, len(loaders[0]), len(usual))


def _loader(usual: ImageLoader, pixels: Pixels, labels: Tensor) -> ImageLoader:
    return ImageLoader(pixels, labels, usual.normalise, usual.bs, seed=usual.seed, shuffle=True, augment=usual.augment)


def _make_ready(learn: JobLearner, loaders: list[ImageLoader]) -> None:
    """Begin to train, and learn from a batch of each: the first one is slower than all others."""
    learn.hooks, learn.epochs = Hooks(learn, ()), 1000  # a thousand epochs are never reached, so the plan has an answer
    learn.groups.train()
    for loader in loaders:
        Side(loader.batches(1)).read(learn)


_measured: dict[bytes, Measured] = {}  # at most one


def answer(job: dict[str, Any], images: int = 2000) -> Loading:
    """How long both loaders have taken so far, after one more moment of measuring; from then on it stays as it is. A
    lab request."""
    asked = msgspec.convert(job, Job)
    key = msgspec.json.encode((asked, images))
    if key not in _measured:
        _measured.clear()
        _measured[key] = measured(asked, images)
    now = _measured[key]
    now.advance(LOOK)
    told = now.told()
    if now.done:
        _measured.clear()  # whoever asks again wants it measured again
    return told
