"""The layers of a network that have weights, and what goes through them, for pictures of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

WEIGHTED = (_ConvNd, nn.Linear)


@dataclass
class Passed:
    """One layer with weights, and what a batch became in it: `before` the ReLU that follows it, and `after`."""

    name: str
    module: nn.Module
    before: Tensor
    after: Tensor
    activated: bool = False


def weighted(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The convolutions and linear layers, in their order, with their names."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, WEIGHTED)]


def kernels(module: nn.Module, picture: Sequence[int]) -> Tensor:
    """A layer's weights as (out, in, kernel height, kernel width).

    A linear layer that sees the whole `picture` (channels, height, width) has kernels of its size; those of any other
    are 1×1.
    """
    weight = module.weight
    assert isinstance(weight, Tensor)
    weight = weight.detach()
    if weight.ndim > 2:
        return weight
    whole = weight.shape[1] == picture[0] * picture[1] * picture[2]
    return weight.reshape(len(weight), *(picture if whole else (weight.shape[1], 1, 1)))


@torch.no_grad()
def passed(model: nn.Module, xb: Tensor) -> tuple[list[Passed], Tensor]:
    """What a batch becomes in each layer, and the outputs, with the model in evaluation mode."""
    found: list[Passed] = []
    hooks = [module.register_forward_hook(_watch(found, name)) for name, module in model.named_modules()]
    try:
        preds: Tensor = model.eval()(xb)
    finally:
        for hook in hooks:
            hook.remove()
    return found, preds


def _watch(found: list[Passed], name: str) -> Any:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(module, WEIGHTED):
            kept = output.detach().clone()  # a ReLU may write into it
            found.append(Passed(name, module, kept, kept))
        elif isinstance(module, nn.ReLU) and found:
            found[-1].after, found[-1].activated = output.detach(), True

    return hook
