"""The experiments of the chapters `first-cnn` and `stability`: handwritten digits."""

import dataclasses

import numpy as np
from torch import nn

from fastai_tui.engine.data.batches import Data
from fastai_tui.engine.data.image import image_data
from fastai_tui.engine.data.store import ImageSet, images
from fastai_tui.engine.device import choose
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.groups import first_middle_last
from fastai_tui.engine.job import Job
from fastai_tui.engine.learner import Metric
from fastai_tui.engine.metrics import accuracy, binary_cross_entropy, cross_entropy
from fastai_tui.engine.models.first_cnn import broken_net, linear_net, strided_net
from fastai_tui.engine.models.stability import digits_net
from fastai_tui.engine.training import JobLearner, assemble

SIZE = (28, 28)


def threes_and_sevens(job: Job) -> JobLearner:
    """`mnist-3v7`: all threes (class 0) and sevens (class 1), pixels 0…1.

    The linear network has one output, whose loss is binary cross-entropy; the others have one for each class.
    """
    networks = {"linear": linear_net, "broken": broken_net, "cnn": strided_net}
    name = str(job.settings["model"])
    data = _data(job, only(_digits(job), (3, 7)), own_scale=False)
    return _learner(job, networks[name](), data, binary_cross_entropy if name == "linear" else cross_entropy)


def build(job: Job) -> JobLearner:
    """`mnist`: ten digits, normalised by the training images' mean and deviation."""
    first = 3 if job.settings["model"] == "cnn3x3" else 5
    data = _data(job, _digits(job))
    return _learner(job, digits_net(first=first, norm=str(job.settings["norm"])), data, cross_entropy)


def only(found: ImageSet, digits: tuple[int, ...]) -> ImageSet:
    """The images of these digits, which become the classes 0, 1, … in their order."""
    train, valid = (np.isin(labels, digits) for labels in (found.train_labels, found.valid_labels))
    if not train.any() or not valid.any():
        raise BadInput(f"{found.name} has no images of {' and '.join(map(str, digits))}; take mnist or mnist-sample.")
    return dataclasses.replace(
        found,
        train_images=found.train_images[train],
        train_labels=np.searchsorted(digits, found.train_labels[train]),
        valid_images=found.valid_images[valid],
        valid_labels=np.searchsorted(digits, found.valid_labels[valid]),
        classes=tuple(str(digit) for digit in digits),
    )


def _digits(job: Job) -> ImageSet:
    found = images(job.data)
    if found.train_images.shape[1:] != SIZE or len(found.classes) > 10:
        size = "×".join(str(side) for side in found.train_images.shape[1:])
        raise BadInput(
            f"{found.name} has images of {size} in {len(found.classes)} classes; "
            f"{job.experiment} takes 28×28 in at most 10, as mnist has."
        )
    return found


def _data(job: Job, found: ImageSet, *, own_scale: bool = True) -> Data:
    loader, bs = str(job.settings["loader"]), int(job.settings["bs"])  # type: ignore[arg-type]
    return image_data(found, bs=bs, seed=job.seed, device=choose(job.device), loader=loader, own_scale=own_scale)


def _learner(job: Job, model: nn.Sequential, data: Data, loss_func: Metric) -> JobLearner:
    parts = first_middle_last(model) if "freeze" in job.settings else None  # a run from before that goes on has one
    return assemble(job, model, data, loss_func, {"accuracy": accuracy}, parts)
