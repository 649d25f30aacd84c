"""The experiments of the chapter `transfer`: a pretrained network that learns to tell other things apart."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from fastai_tui.engine.at_test_time import TestTimeAugmentation
from fastai_tui.engine.backbones import MEAN, STD
from fastai_tui.engine.data.activations import Activations, Computed, FeatureLoader, Given, digest
from fastai_tui.engine.data.batches import Data, Nothing
from fastai_tui.engine.data.image import ImageLoader, image_data
from fastai_tui.engine.data.photo_activations import Shipped, shipped
from fastai_tui.engine.data.photo_augment import PhotoAugment, photo_augmentation, photo_views
from fastai_tui.engine.data.photos import side_for
from fastai_tui.engine.data.store import ImageSet, images
from fastai_tui.engine.device import choose
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.events import DataFacts
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.models.heads import Head, Pretrained
from fastai_tui.engine.models.precomputed import Precomputed
from fastai_tui.engine.photo_network import Beginning, head_of, network, pooling, trunk_of
from fastai_tui.engine.precomputing import Precompute
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner, assemble
from fastai_tui.lessons.experiments.photos import KNOBS, WITHOUT_PIXELS

SCALE = (list(MEAN), list(STD))
AT_ONCE = 64  # pictures that pass through the network together where nothing is learnt: larger batches are no faster
ROWS = 512  # activations that are validated at a time


def build(job: Job) -> JobLearner:
    """`dogscats`, `dogbreeds`: cross-entropy of the class, which is the log-loss, in nats. While activations are
    precomputed, the head alone is the model."""
    found = shipped() if job.data == WITHOUT_PIXELS else images(job.data, size=side_for(_size(job)))
    if isinstance(found, ImageSet) and found.train_images.ndim != 4:
        raise BadInput(f"{found.name} has grey images; {job.experiment} takes photos in colour.")
    learn = _head_alone(job, found) if job.settings["precompute"] == "on" else _whole(job, found)
    learn.item = (3, _size(job), _size(job))
    if begin := str(job.settings["begin"]):
        Beginning(begin, job.settings, list(found.classes)).give(learn.model, job.settings)
    return learn


def _whole(job: Job, found: "ImageSet | Shipped") -> JobLearner:
    """All of the network, on pictures."""
    model = network(job.settings, len(found.classes))
    data = _no_pictures(found) if isinstance(found, Shipped) else _pictures(job, found)
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, model.parts)
    if job.settings["tta"] != "off":
        learn.callbacks.append(TestTimeAugmentation(photo_views(_views(job.settings), job.seed)))
    return learn


def _head_alone(job: Job, found: "ImageSet | Shipped") -> JobLearner:
    """The head, on what the trunk has made of the pictures."""
    top = head_of(job.settings, len(found.classes))
    model, device = Precomputed(top), choose(job.device)
    activations = _activations(job, found, top, device)
    data = _features(job, found, activations, device)
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, model.parts)
    learn.callbacks.append(Precompute(activations, str(job.settings["augment"])))
    learn.whole = lambda: Pretrained(trunk_of(job.settings).to(learn.device), top)
    return learn


def _activations(job: Job, found: "ImageSet | Shipped", top: Head, device: torch.device) -> Activations:
    if isinstance(found, Shipped):
        return Given({name: rows.to(device) for name, rows in found.pooled(str(job.settings["head"])).items()})
    seen = _pictures(job, found, varied=False)
    loaders = [_in_order(loader) for loader in (seen.train, seen.valid)]

    def pooled(trunk: nn.Module, xb: Tensor) -> Tensor:
        return top.pooled(trunk(xb))

    return Computed(
        network=lambda: trunk_of(job.settings),
        pooled=pooled,
        images=digest(found, _size(job)),
        pooling=pooling(job.settings),
        loaders=loaders,
        device=device,
    )


def _features(job: Job, found: "ImageSet | Shipped", activations: Activations, device: torch.device) -> Data:
    bs, count = int(job.settings["bs"]), len(found.train_labels)  # type: ignore[arg-type]
    if bs > count:
        raise BadInput(f"bs={bs} is more than {found.name}'s {count:,} training photos; give at most {count}.")
    train, valid = (
        torch.tensor(labels, dtype=torch.long, device=device) for labels in (found.train_labels, found.valid_labels)
    )
    return Data(
        FeatureLoader(activations, "train", train, bs, seed=job.seed, shuffle=True),
        FeatureLoader(activations, "valid", valid, max(bs, ROWS)),
        _facts(found),
    )


def _pictures(job: Job, found: ImageSet, *, varied: bool = True) -> Data:
    settings, size = job.settings, _size(job)
    seen = photo_augmentation("none", size)
    data = image_data(
        found,
        bs=int(settings["bs"]),  # type: ignore[arg-type]
        seed=job.seed,
        device=choose(job.device),
        loader=str(settings["loader"]),
        augment=_augment(settings) if varied else seen,
        seen=seen,
        scale=SCALE,
    )
    return replace(data, valid=_in_order(data.valid))


def _in_order(loader: object) -> ImageLoader:
    """All pictures of a loader, as in validation."""
    assert isinstance(loader, ImageLoader)
    return ImageLoader(loader.pixels, loader.labels, loader.normalise, AT_ONCE, augment=loader.augment)


def _augment(settings: Mapping[str, Value]) -> PhotoAugment:
    knobs = {name: float(settings[name]) for name in KNOBS}  # type: ignore[arg-type]
    return photo_augmentation(str(settings["augment"]), int(settings["size"]), **knobs)  # type: ignore[arg-type]


def _views(settings: Mapping[str, Value]) -> PhotoAugment:
    """What views at test time are drawn from, where training varied nothing: photos from the side."""
    kind = "side-on" if settings["augment"] == "none" else str(settings["augment"])
    return _augment({**settings, "augment": kind})


def _no_pictures(found: Shipped) -> Data:
    """Loaders without a batch: a network can be looked at without its data."""
    return Data(Nothing(), Nothing(), _facts(found))


def _facts(found: "ImageSet | Shipped") -> DataFacts:
    return DataFacts(
        name=found.name,
        source=found.source,
        train=len(found.train_labels),
        valid=len(found.valid_labels),
        classes=list(found.classes),
    )


def _size(job: Job) -> int:
    return int(job.settings["size"])  # type: ignore[arg-type]
