"""The kernels that a run has learned, or had before it learned."""

from typing import Any

from torch import Tensor

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.layers import kernels, weighted
from fastai_tui.engine.interpret.trained import load

MANY = 50_000  # weights: of a layer with more of them five decimals are told, for the answer is read before it is drawn


def answer(run: str, layer: int = 1, when: str = "newest") -> dict[str, Any]:
    """The weights (out, in, height, width) of a run's convolution or linear layer, counted from 1. A lab request.

    `scale` is the largest absolute weight; `layers` lists all of them. Raises what `trained.load` raises, and
    `BadInput` for a layer that there is not.
    """
    found = load(run, when)
    xb, _ = next(found.valid.batches(0))
    named = weighted(found.learn.model)
    if not named:
        raise BadInput(f"{found.run.id} has no layers with weights that could be looked at; take another network.")
    if not 1 <= layer <= len(named):
        raise BadInput(f"There is no layer {layer}: {found.run.id} has the layers 1 to {len(named)}.")
    shaped = [kernels(module, xb.shape[1:]) for _, module in named]
    weights = shaped[layer - 1]
    bias = named[layer - 1][1].bias
    return {
        "run": found.run.id,
        "step": found.step,
        "layers": [
            {"name": name, "type": type(module).__name__, "shape": list(shape.shape)}
            for (name, module), shape in zip(named, shaped, strict=True)
        ],
        "layer": layer,
        "weights": (weights if weights.numel() <= MANY else weights.double().round(decimals=5)).tolist(),
        "bias": bias.tolist() if isinstance(bias, Tensor) else [0.0] * len(weights),
        "scale": weights.abs().max().item(),
    }
