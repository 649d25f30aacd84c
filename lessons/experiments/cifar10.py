"""The experiment of the chapter `cifar10`: from a linear network to a residual one, on small colour images."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from fastai_tui.engine.at_test_time import VIEWS, TestTimeAugmentation
from fastai_tui.engine.averaging import AVERAGES
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.augment import Augment, augmentation
from fastai_tui.engine.data.batches import Data
from fastai_tui.engine.data.image import ImageLoader, image_data
from fastai_tui.engine.data.store import ImageSet, images
from fastai_tui.engine.device import choose, use_all_cores
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy, smoothed_cross_entropy
from fastai_tui.engine.models import cifar10, residual
from fastai_tui.engine.models.batch_norm import Norm
from fastai_tui.engine.models.cifar10_fast import WIDTHS, FastNet
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner, assemble
from fastai_tui.lessons.experiments.ladder import WITH_DROPOUT

SMALLEST = 16  # pixels across: three strides of 2 without padding leave one
WHITENED_BY = 5000  # images whose patches the first layer whitens
NETWORKS: dict[str, tuple[Callable[..., nn.Module], tuple[int, ...]]] = {  # and their layers' widths
    "linear": (cifar10.LinearNet, (40,)),
    "unlisted": (cifar10.UnlistedNet, (40,)),
    "conv": (cifar10.ConvNet, (20, 40, 80)),
    "layers": (cifar10.LayerNet, (20, 40, 80)),
    "norm": (cifar10.NormNet, (10, 20, 40, 80, 160)),
    "deep": (cifar10.DeepNet, (10, 20, 40, 80, 160)),
    "skips": (cifar10.SkipNet, (10, 20, 40, 80, 160)),
    "wide": (cifar10.WideNet, (16, 32, 64, 128, 256)),
    "resnet": (residual.ResNet, residual.WIDTHS),
    "preact": (residual.PreactResNet, residual.WIDTHS),
    "fast": (FastNet, WIDTHS),
}


def build(job: Job) -> JobLearner:
    """`cifar10`: cross-entropy of the class, normalised by the training images' means and deviations."""
    use_all_cores()
    settings = job.settings
    found = images(job.data, size=int(settings.get("size", 0)))  # type: ignore[arg-type]
    channels, side = _shape(found)
    model = network(settings, channels, side, len(found.classes))
    data = _data(job, found)
    if settings["whiten"] == "on":
        assert isinstance(model, FastNet)
        model.whiten(_some(found, data, choose(job.device)))
    smoothing = float(settings["smoothing"])  # type: ignore[arg-type]
    loss = smoothed_cross_entropy(smoothing) if smoothing else cross_entropy
    learn = assemble(job, model, data, loss, {"accuracy": accuracy}, parts(model))
    learn.callbacks += _callbacks(settings)
    return learn


def network(
    settings: Mapping[str, Value],
    channels: int = cifar10.CHANNELS,
    side: tuple[int, int] = (32, 32),
    classes: int = cifar10.CLASSES,
) -> nn.Module:
    """The network that the settings ask for, for images of so many channels, and pixels down and across."""
    name = str(settings["model"])
    kind, usual = NETWORKS[name]
    widths = tuple(max(1, round(width * float(settings["width"]))) for width in usual)  # type: ignore[arg-type]
    if name in ("linear", "unlisted"):
        return kind((channels * side[0] * side[1], *widths, classes))
    if name in ("conv", "layers"):
        return kind((channels, *widths), classes)
    norm = Norm(str(settings["norm"]), str(settings["statistics"]))
    return kind(widths, classes, channels, norm, **_own(name, settings))


def _own(name: str, settings: Mapping[str, Value]) -> dict[str, Any]:
    """What a network takes that not all do."""
    if name == "fast":
        return {
            "activation": settings["act"],
            "scale": settings["scale"],
            "skip": settings["skip"] == "on",
            "identity": settings["start"] == "identity",
        }
    depth = {"depth": settings["depth"]} if settings["depth"] else {}
    return depth | ({"dropout": settings["dropout"]} if name in WITH_DROPOUT else {})


def parts(model: nn.Module) -> list[nn.Module]:
    """The layer groups: the first layer, those between, and the last; two where there are no more, or one of all
    that can be found."""
    if isinstance(model, cifar10.LinearNet):
        return list(model.layers)
    if isinstance(model, cifar10.UnlistedNet):
        return [model]
    layers, out = model.get_submodule("layers"), model.get_submodule("out")
    between = {name: module for name, module in model.named_children() if name not in ("first", "out")}
    if not hasattr(model, "first"):
        return [layers, out]
    return [model.get_submodule("first"), nn.ModuleList(between.values()), out]


def _data(job: Job, found: ImageSet) -> Data:
    settings, bs = job.settings, int(job.settings["bs"])  # type: ignore[arg-type]
    return image_data(
        found,
        bs=bs,
        seed=job.seed,
        device=choose(job.device),
        loader=str(settings["loader"]),
        augment=_augment(settings),
    )


def _augment(settings: Mapping[str, Value]) -> Augment | None:
    pad = int(settings["pad"])  # type: ignore[arg-type]
    return augmentation(str(settings["augment"]), pad, str(settings["padding"]), str(settings["flip"]))


def _shape(found: ImageSet) -> tuple[int, tuple[int, int]]:
    """The channels and the pixels down and across. Raises `BadInput` for images that are too small."""
    *channels, height, width = found.train_images.shape[1:]
    if min(height, width) < SMALLEST:
        raise BadInput(
            f"{found.name} has images of {height}×{width}; cifar10 takes {SMALLEST}×{SMALLEST} or more: bring a "
            "folder's pictures to that with --set size=32, or take others."
        )
    return (channels[0] if channels else 1), (height, width)


def _some(found: ImageSet, data: Data, device: torch.device) -> torch.Tensor:
    """Normalised training images, evenly taken, (n, channels, height, width)."""
    assert isinstance(data.train, ImageLoader)
    step = -(-len(found.train_images) // WHITENED_BY)
    pixels = torch.tensor(found.train_images[::step])
    pixels = pixels if pixels.ndim == 4 else pixels[:, None]
    return data.train.normalise(pixels.to(device))


def _callbacks(settings: Mapping[str, Value]) -> list[Callback]:
    """What the settings ask for besides learning."""
    found: list[Callback] = []
    if settings["averaging"] != "none":
        found.append(AVERAGES[str(settings["averaging"])]())
    if settings["tta"] != "off":
        found.append(TestTimeAugmentation(VIEWS[str(settings["tta"])]()))
    return found
