"""The feature maps that a run's network makes of a picture, layer by layer, and what it takes the picture for."""

from typing import Any

import torch
from torch import Tensor

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.layers import Passed, passed, weighted
from fastai_tui.engine.interpret.mistakes import pictures
from fastai_tui.engine.interpret.trained import Trained, as_pixels, load, probabilities


def answer(
    run: str, pixels: list[list[int]] | None = None, when: str = "newest", image: int = 0, layer: int = 0
) -> dict[str, Any]:
    """Every layer's maps of a grey picture (rows of 0…255), before and after ReLU, and the classes' probabilities.

    Without `pixels` the picture is one of the run's validation images: number `image`, counted class by class, so that
    the one after a 3 is a 4. With a `layer` (from 1) only its maps are told. A lab request. A linear layer's units are
    maps of 1×1. There are no probabilities from a network whose outputs are no classes. Raises what `trained.load`
    raises, and `BadInput` for a picture that does not fit the network.
    """
    found = load(run, when)
    picture, about = _validation_image(found, image) if pixels is None else (_given(found, pixels), {})
    layers, preds = passed(found.learn.model, found.valid.normalise(picture))
    order = [name for name, _ in weighted(found.learn.model)]  # theirs: a block may call its parts in another one
    layers = sorted(layers, key=lambda one: order.index(one.name))
    likely = probabilities(preds)
    told = min(layer, len(layers))
    return about | {
        "run": found.run.id,
        "step": found.step,
        "classes": list(found.learn.data.facts.classes or ()),
        "probabilities": [] if likely is None else likely[0].tolist(),
        "layers": [_plain(one, whole=told in (0, number)) for number, one in enumerate(layers, 1)],
    }


def _given(found: Trained, pixels: list[list[int]]) -> Tensor:
    """A picture that is given by value."""
    first, _ = next(found.valid.batches(0))
    picture = as_pixels(pixels)
    if picture.shape[1:] != first.shape[1:]:
        (height, width), (rows, columns) = picture.shape[2:], first.shape[2:]
        raise BadInput(f"This network takes grey pictures of {rows}×{columns}; this one has {height}×{width} pixels.")
    return picture


def _validation_image(found: Trained, image: int) -> tuple[Tensor, dict[str, Any]]:
    """One of the run's own, and what there is to say of it; after the last one the first comes again."""
    labels = found.valid.labels.cpu()
    of_class = [rows for c in labels.unique() if len(rows := torch.nonzero(labels == c).flatten())]
    images = len(of_class) * max(map(len, of_class))
    turn, place = divmod(image % images, len(of_class))
    row = of_class[place][turn % len(of_class[place])]
    (name,), (pixels,) = pictures(found, row[None])
    picture = torch.tensor(pixels, dtype=torch.uint8)
    about = {
        "image": image % images,
        "images": images,
        "kinds": len(of_class),
        "reference": name or f"validation image {int(row)}",
        "truth": int(labels[row]),
        "picture": pixels,
    }
    return (picture if picture.ndim == 3 else picture[None])[None], about


def _plain(layer: Passed, *, whole: bool) -> dict[str, Any]:
    before, after = _maps(layer.before), _maps(layer.after)
    channels, height, width = before.shape
    return {
        "name": layer.name,
        "type": type(layer.module).__name__,
        "channels": channels,
        "height": height,
        "width": width,
        "before": before.tolist() if whole else [],
        "after": after.tolist() if whole else [],
        "activated": layer.activated,
    }


def _maps(output: Tensor) -> Tensor:
    """The first item's maps, (channels, height, width)."""
    return output[0] if output.ndim == 4 else output[0].reshape(-1, 1, 1)
