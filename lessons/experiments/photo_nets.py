"""The experiments of the chapter `transfer`: a pretrained network that learns to tell other things apart."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce

import numpy as np
import torch
from torch import Tensor, nn

from fastai_tui.engine.announcement import Announcement
from fastai_tui.engine.at_test_time import TestTimeAugmentation
from fastai_tui.engine.backbones import MEAN, STD
from fastai_tui.engine.data.activations import Activations, Computed, FeatureLoader, Given, digest
from fastai_tui.engine.data.batches import Data, Nothing
from fastai_tui.engine.data.catalogue import data_set
from fastai_tui.engine.data.image import ImageLoader, image_data
from fastai_tui.engine.data.photo_activations import Shipped, shipped
from fastai_tui.engine.data.photo_augment import at_test_time, of_settings, photo_augmentation, photo_views
from fastai_tui.engine.data.photos import side_for
from fastai_tui.engine.data.store import ImageSet, how_to_get, images
from fastai_tui.engine.device import choose, use_all_cores
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.events import DataFacts
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.models.heads import Head, Pretrained
from fastai_tui.engine.models.precomputed import Precomputed
from fastai_tui.engine.photo_network import begin, head_of, network, pooling, trunk_of
from fastai_tui.engine.precomputing import Precompute
from fastai_tui.engine.runs.store import NEWEST
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner, assemble
from fastai_tui.lessons.experiments.photos import STAND_IN, WITHOUT_PIXELS

SCALE = (list(MEAN), list(STD))
AT_ONCE = 64  # pictures that pass through the network together where nothing is learnt: larger batches are no faster
ROWS = 512  # activations that are validated at a time


def build(job: Job) -> JobLearner:
    """`dogscats`, `dogbreeds`: cross-entropy of the class, which is the log-loss, in nats. While activations are
    precomputed, the head alone is the model."""
    found = _found(job)
    if isinstance(found, ImageSet) and found.train_images.ndim != 4:
        raise BadInput(f"{found.name} has grey images; {job.experiment} takes photos in colour.")
    learn = _head_alone(job, found) if job.settings["precompute"] == "on" else _whole(job, found)
    learn.item = (3, _size(job), _size(job))
    learn.settings["begin"] = begun = begin(job, learn.model, list(found.classes))
    if begun:
        _draw_anew(job.seed, learn.model)
    learn.callbacks += [Announcement(code, message) for code, message in _to_be_told(job, found, learn.settings)]
    return learn


def _draw_anew(seed: int, model: nn.Module) -> None:
    """Seed what is drawn while it trains by the weights, too. With the seed alone dropout would leave out the same
    again, of the same batches, as in the run that the weights come from: and that has been learnt by heart."""
    parts = (tensor.detach().cpu().numpy().tobytes() for tensor in model.state_dict().values())
    torch.manual_seed(reduce(lambda before, part: zlib.crc32(part, before), parts, seed % 2**32))


def _to_be_told(job: Job, found: "ImageSet | Shipped", settings: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """What is otherwise than one might think, as (code, sentence)."""
    if job.data == STAND_IN:
        entry = data_set(job.experiment)
        yield (
            "stand_in",
            f"There are no photos in this run: {len(found.train_labels):,} coloured digits stand in for {entry.name}; "
            f"{how_to_get(entry)}, and --data takes a folder of your own.",
        )
    if job.settings["begin"] == NEWEST and not settings["begin"]:
        yield (
            "new_head",
            f"No run of this network and head has finished on {found.name} yet, so this one begins with a new head.",
        )
    if job.settings["precompute"] == "on" and (augment := job.settings["augment"]) != "none":
        yield (
            "no_augmentation",
            f"augment={augment} has no effect while activations are precomputed: no picture passes through the network "
            "any more; take precompute=off for it.",
        )


def _found(job: Job) -> "ImageSet | Shipped":
    """The pictures that the settings ask for, or what the embedded trunk made of some."""
    found = shipped() if job.data == WITHOUT_PIXELS else images(job.data, size=side_for(_size(job)))
    fewer = _fewer(found, int(job.settings["photos"]))  # type: ignore[arg-type]
    return replace(fewer, source="stand-in") if job.data == STAND_IN else fewer


def _fewer(found: "ImageSet | Shipped", most: int) -> "ImageSet | Shipped":
    """At most so many training pictures of a set and half as many for validation, evenly taken; with 0 all of them."""
    if not most:
        return found
    train, valid = _evenly(len(found.train_labels), most), _evenly(len(found.valid_labels), max(most // 2, 1))
    labels = {"train_labels": found.train_labels[train], "valid_labels": found.valid_labels[valid]}
    if isinstance(found, ImageSet):
        pictures = {"train_images": found.train_images[train], "valid_images": found.valid_images[valid]}
        return replace(found, **labels, **pictures)
    rows = {name: train if name.startswith("train") else valid for name in found.activations}
    return replace(found, **labels, activations={name: found.activations[name][rows[name]] for name in rows})


def _evenly(total: int, most: int) -> np.ndarray:
    """At most so many of `total` rows: in a list by classes, the same share of each."""
    count = min(total, most)
    return np.arange(count) * total // count


def _whole(job: Job, found: "ImageSet | Shipped") -> JobLearner:
    """All of the network, on pictures."""
    use_all_cores()
    model = network(job.settings, len(found.classes))
    data = _no_pictures(found) if isinstance(found, Shipped) else _pictures(job, found)
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, model.parts)
    if job.settings["tta"] != "off":
        views = photo_views(at_test_time(job.settings, of_digits=job.data == STAND_IN), job.seed)
        learn.callbacks.append(TestTimeAugmentation(views))
    return learn


def _head_alone(job: Job, found: "ImageSet | Shipped") -> JobLearner:
    """The head, on what the trunk has made of the pictures."""
    top = head_of(job.settings, len(found.classes))
    model, device = Precomputed(top), choose(job.device)
    activations = _activations(job, found, top, device)
    data = _features(job, found, activations, device)
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, model.parts)
    learn.callbacks.append(Precompute(activations))
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
        augment=of_settings(settings) if varied else seen,
        seen=seen,
        scale=SCALE,
    )
    return replace(data, valid=_in_order(data.valid))


def _in_order(loader: object) -> ImageLoader:
    """All pictures of a loader, as in validation."""
    assert isinstance(loader, ImageLoader)
    return ImageLoader(loader.pixels, loader.labels, loader.normalise, AT_ONCE, augment=loader.augment)


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
