"""The receptive field of one cell by two ways that have to agree: by arithmetic, and by the gradient."""

import copy
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.layers import passed
from fastai_tui.engine.interpret.trained import learner
from fastai_tui.engine.job import Job
from fastai_tui.engine.receptive import Field, Slide, check_cell, seen


def answer(job: dict[str, Any], layer: int, cell: list[int]) -> dict[str, Any]:
    """Which pixels the `cell` (row, column) of a job's convolution depends on; layer 0 is the picture. A lab request.

    `rectangle` and `touched` are [top, left, bottom, right], the last two exclusive; `gradient` is each pixel's
    strength, the largest being 1. Raises `BadInput` for a layer or cell that there is not.
    """
    learn = learner(msgspec.convert(job, Job))
    xb, _ = next(iter(learn.data.valid.batches(0)))
    model = path_counter(learn.model)
    named = {id(seen.module): seen.name for seen in passed(model, xb[:1].double())[0]}
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    if not 0 <= layer <= len(convolutions):
        raise BadInput(f"There is no layer {layer}: the convolutions are 1 to {len(convolutions)}, 0 is the picture.")
    strengths, grid = gradient(model, convolutions[:layer], xb.shape[1:], cell)
    rectangle = _box(*arithmetic(convolutions[:layer], cell, xb.shape[2:]))
    inside = torch.zeros(strengths.shape, dtype=torch.bool)
    inside[rectangle[0] : rectangle[2], rectangle[1] : rectangle[3]] = True
    rows, columns = (torch.nonzero(strengths.sum(axis)).flatten() for axis in (1, 0))
    names = [named[id(module)] for module in convolutions]
    return {
        "layers": names,
        "layer": layer,
        "name": names[layer - 1] if layer else "",
        "cell": list(cell),
        "grid": grid,
        "input": list(xb.shape[2:]),
        "rectangle": rectangle,
        "touched": [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1],
        "agree": bool(((strengths > 0) == inside).all()),
        "gradient": (strengths / strengths.max()).tolist(),
    }


def path_counter(model: nn.Module) -> nn.Module:
    """The same network with every weight 1 and every bias 0, in float64.

    On a picture without a zero all its numbers are positive, so that no ReLU stops anything and nothing cancels out:
    an output's gradient is the number of paths that lead to it from each pixel, and zero only where there is none.
    """
    counter = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        for module in counter.modules():
            if isinstance(module, _NormBase):
                module.reset_parameters()
            else:
                for parameter in module.parameters(recurse=False):
                    parameter.fill_(float(parameter.ndim > 1))
    return counter


def gradient(
    model: nn.Module, convolutions: list[nn.Conv2d], picture: "torch.Size", cell: list[int]
) -> tuple[Tensor, list[int]]:
    """What a change of each pixel does to the cell of the last of `convolutions`, all channels together, as (height,
    width); and that layer's grid."""
    ones = torch.ones(1, *picture, dtype=torch.float64, requires_grad=True)
    outputs: list[Tensor] = [ones]
    hooks = [module.register_forward_hook(lambda m, i, output: outputs.append(output)) for module in convolutions]
    try:
        model(ones)
    finally:
        for hook in hooks:
            hook.remove()
    grid = list(outputs[-1].shape[2:])
    check_cell(cell, grid)
    (found,) = torch.autograd.grad(outputs[-1][0, :, cell[0], cell[1]].sum(), ones)
    return found[0].sum(0), grid


def arithmetic(convolutions: list[nn.Conv2d], cell: list[int], picture: "torch.Size") -> tuple[Field, Field]:
    """The rows and the columns that the cell depends on, clipped to the picture."""
    rows, columns = (
        seen([slide(module, axis) for module in convolutions], cell[axis], picture[axis]) for axis in (0, 1)
    )
    return rows, columns


def slide(module: nn.Conv2d, axis: int) -> Slide:
    """How a convolution slides along an axis."""
    padding = module.padding[axis]
    assert isinstance(padding, int)
    return Slide(module.dilation[axis] * (module.kernel_size[axis] - 1) + 1, module.stride[axis], padding)


def _box(rows: Field, columns: Field) -> list[int]:
    return [rows.start, columns.start, rows.stop, columns.stop]
