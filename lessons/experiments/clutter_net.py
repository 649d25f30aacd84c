"""The experiment `digit-clutter` of the chapter `cam`: which digit it is, and whether the network looks at it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.data.catalogue import DIGIT_CLUTTER
from fastai_tui.engine.data.digit_clutter import made, scattered
from fastai_tui.engine.data.image import ImageLoader, OnDevice, Pixels, image_data
from fastai_tui.engine.data.photo_augment import PhotoAugment
from fastai_tui.engine.data.store import ImageSet, images
from fastai_tui.engine.device import choose, use_all_cores
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.localise import Localisation
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.models.clutter import SMALLEST, ClutterNet
from fastai_tui.engine.training import JobLearner, assemble
from fastai_tui.lessons.experiments.clutter import EACH


def build(job: Job) -> JobLearner:
    """`digit-clutter`: cross-entropy of the digit; the metric `inside` is the share of validation canvases on which the
    map's peak lies in the digit's place."""
    use_all_cores()
    found = _fewer(images(job.data), int(job.settings["each"])) if job.data == DIGIT_CLUTTER.name else images(job.data)  # type: ignore[arg-type]
    shape = found.train_images.shape[1:]
    if min(shape[-2:]) < SMALLEST:
        raise BadInput(
            f"{found.name} has images of {shape[-2]}×{shape[-1]}; {job.experiment} takes {SMALLEST}×{SMALLEST} or "
            "more, as digit-clutter has."
        )
    model = ClutterNet(len(found.classes), shape[0] if len(shape) == 3 else 1)
    data = image_data(
        found,
        bs=int(job.settings["bs"]),  # type: ignore[arg-type]
        seed=job.seed,
        device=choose(job.device),
        loader=str(job.settings["loader"]),
        augment=_augment(job, shape[-1]),
    )
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, model.parts)
    if job.data == DIGIT_CLUTTER.name:
        if job.settings["canvases"] == "anew":
            assert isinstance(data.train, ImageLoader)
            learn.data = replace(data, train=Anew(data.train))
        learn.callbacks.append(Localisation(made()[1].boxes))
    return learn


def _fewer(found: ImageSet, each: int) -> ImageSet:
    """Of each digit so many canvases to train on: they are laid in turn."""
    rows = slice(len(found.train_labels) * each // EACH)
    return replace(found, train_images=found.train_images[rows], train_labels=found.train_labels[rows])


class Anew(ImageLoader):
    """The same digits on other canvases, among other fragments, in every epoch but the first: what is drawn depends on
    the seed and the epoch alone."""

    def __init__(self, first: ImageLoader) -> None:
        self.__dict__.update(vars(first))
        self.first, self.drawn = (first.pixels, first.labels), 0

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """As `ImageLoader.batches`."""
        if epoch != self.drawn:
            self.pixels, self.labels = self._canvases(epoch) if epoch else self.first
            self.drawn = epoch
        yield from super().batches(epoch, start)

    def shared(self, number: int, count: int) -> "Anew":
        """As `ImageLoader.shared`."""
        found = super().shared(number, count)
        assert isinstance(found, Anew)
        return found

    def _canvases(self, epoch: int) -> tuple[Pixels, Tensor]:
        digits, device = images("mnist-sample"), self.labels.device
        random = np.random.RandomState([self.seed, epoch])
        found = scattered(random, digits.train_images, digits.train_labels, self.items)
        return OnDevice(found.images[:, None], device), torch.tensor(found.labels, dtype=torch.long, device=device)


def _augment(job: Job, size: int) -> PhotoAugment | None:
    """How training canvases are varied: the digits they are made of are few. Nothing is flipped, for a digit's
    reflection is no digit, and nothing is lit: there is but black and white."""
    rotate, zoom = (float(job.settings[name]) for name in ("rotate", "zoom"))  # type: ignore[arg-type]
    if rotate == 0 and zoom == 1:
        return None
    return PhotoAugment("basic", size, rotate, zoom, light=0.0, contrast=0.0)
