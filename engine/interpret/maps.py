"""The feature maps that a run's network makes of a picture, layer by layer, and what it takes the picture for."""

from typing import Any

from torch import Tensor

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.layers import Passed, passed
from fastai_tui.engine.interpret.trained import as_pixels, load, probabilities


def answer(run: str, pixels: list[list[int]], when: str = "newest") -> dict[str, Any]:
    """Every layer's maps of a grey picture (rows of 0…255), before and after ReLU, and the classes' probabilities.

    A lab request. A linear layer's units are maps of 1×1. There are no probabilities from a network whose outputs are
    no classes. Raises what `trained.load` raises, and `BadInput` for a picture that does not fit the network.
    """
    found = load(run, when)
    valid = found.valid
    first, _ = next(valid.batches(0))
    picture = as_pixels(pixels)
    if picture.shape[1:] != first.shape[1:]:
        (height, width), (rows, columns) = picture.shape[2:], first.shape[2:]
        raise BadInput(f"This network takes grey pictures of {rows}×{columns}; this one has {height}×{width} pixels.")
    layers, preds = passed(found.learn.model, valid.normalise(picture))
    likely = probabilities(preds)
    return {
        "run": found.run.id,
        "step": found.step,
        "classes": list(found.learn.data.facts.classes or ()),
        "probabilities": [] if likely is None else likely[0].tolist(),
        "layers": [_plain(layer) for layer in layers],
    }


def _plain(layer: Passed) -> dict[str, Any]:
    before, after = _maps(layer.before), _maps(layer.after)
    channels, height, width = before.shape
    return {
        "name": layer.name,
        "type": type(layer.module).__name__,
        "channels": channels,
        "height": height,
        "width": width,
        "before": before.tolist(),
        "after": after.tolist(),
        "activated": layer.activated,
    }


def _maps(output: Tensor) -> Tensor:
    """The first item's maps, (channels, height, width)."""
    return output[0] if output.ndim == 4 else output[0].reshape(-1, 1, 1)
