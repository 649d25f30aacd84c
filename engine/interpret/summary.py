"""A network's summary: what each layer gives, holds and costs, seen by letting one item pass through hooks."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.pooling import _AvgPoolNd, _MaxPoolNd

from fastai_tui.engine.groups import LayerGroups
from fastai_tui.engine.job import Job
from fastai_tui.engine.models.batch_norm import BatchNormByHand
from fastai_tui.engine.settings import Value

SLIDING = (_ConvNd, _MaxPoolNd, _AvgPoolNd)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer, as one item passes through it.

    `output` is its output's shape without the batch; `multiplications` are an item's (None where nobody has said how
    to count them). `receptive_field` is how many input pixels one output sees, along each axis, if the input had no
    border, and `stride` how many lie between the fields of two neighbours; both are None once the grid is gone, which
    means the whole input. `group` is its layer group, counted from 0; `keeps_statistics` says of a norm
    that its running statistics stay as they are in training.
    """

    name: str
    type: str
    output: list[int]
    parameters: int
    trainable: int
    multiplications: int | None
    receptive_field: list[int] | None
    stride: list[int] | None
    group: int | None = None
    keeps_statistics: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A network: its `input`'s shape without the batch, its layers in the order of their calls, and the sums; how many
    layer `groups` it has, and how many of the earliest are `frozen`."""

    experiment: str
    settings: dict[str, Value]
    input: list[int]
    layers: list[Layer]
    parameters: int
    trainable: int
    multiplications: int
    groups: int
    frozen: int


def answer(job: dict[str, Any]) -> Summary:
    """The summary of the network that a job would train. A lab request."""
    from fastai_tui.engine.runs.process import build

    asked = msgspec.structs.replace(msgspec.convert(job, Job), device="cpu")
    learn = build(asked)
    model = learn.whole() if learn.whole else learn.model
    xb = torch.zeros(1, *learn.item) if learn.item else next(iter(learn.data.valid.batches(0)))[0][:1]
    groups = LayerGroups(model, model.parts) if learn.whole else learn.groups
    groups.freeze(learn.groups.frozen, bn_frozen=learn.groups.bn_frozen)
    found = summarise(model, xb)
    layers = [_placed(layer, groups) for layer in found]
    return Summary(
        experiment=asked.experiment,
        settings=asked.settings,
        input=list(xb.shape[1:]),
        layers=layers,
        parameters=sum(p.numel() for p in model.parameters()),
        trainable=sum(p.numel() for p in model.parameters() if p.requires_grad),
        multiplications=sum(layer.multiplications or 0 for layer in layers),
        groups=len(learn.groups),
        frozen=learn.groups.frozen,
    )


def _placed(layer: Layer, groups: LayerGroups) -> Layer:
    """A layer with what its group makes of it."""
    group, keeps = groups.number(layer.name), groups.keeps_statistics(layer.name)
    return msgspec.structs.replace(layer, group=group, keeps_statistics=keeps)


@torch.no_grad()
def summarise(model: nn.Module, xb: Tensor) -> list[Layer]:
    """The layers of `model` that a batch `xb` of one item passes: all that have parameters of their own, or no parts.

    The model is left in the mode it was in.
    """
    watcher = _Watcher(xb)
    hooks = [module.register_forward_hook(watcher.hook(name)) for name, module in _layers(model)]
    training = model.training
    try:
        model.eval()(xb)
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return watcher.found


def _layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in model.named_modules():
        if not any(module.children()) or any(True for _ in module.parameters(recurse=False)):
            yield name or type(module).__name__, module


class _Field:
    """What one place of a grid sees of the input: so many pixels along each axis, so many apart."""

    def __init__(self, size: Sequence[int], stride: Sequence[int]) -> None:
        self.size, self.stride = list(size), list(stride)

    def through(self, module: nn.Module) -> "_Field":
        """What a place of a convolution's or a pooling's output sees."""
        kernel, stride, dilation = (
            _per_axis(module, name, len(self.size)) for name in ("kernel_size", "stride", "dilation")
        )
        size = [s + d * (k - 1) * j for s, d, k, j in zip(self.size, dilation, kernel, self.stride, strict=True)]
        return _Field(size, [j * s for j, s in zip(self.stride, stride, strict=True)])


class _Watcher:
    """Notes each layer as it is called. A tensor's field is known by the layer that made it; what a sum or another
    function has made in between counts as what was made last, which is right for sums of a path and a shorter one."""

    def __init__(self, xb: Tensor) -> None:
        axes = xb.ndim - 2
        self.found: list[Layer] = []
        self._fields: dict[int, tuple[Tensor, _Field | None]] = {}  # the tensors too, so that ids stay theirs
        self._last = _Field([1] * axes, [1] * axes) if axes > 0 else None
        self._fields[id(xb)] = xb, self._last
        self._counted: set[nn.Parameter] = set()

    def hook(self, name: str) -> Any:
        """The forward hook of the layer called `name`."""

        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            before, after = _first(inputs), _first(output)
            if not any(module.children()):  # a block's field is what its last part made of it
                self._last = _seen(module, self._fields.get(id(before), (before, self._last))[1], before, after)
            self._fields[id(after)] = after, self._last
            self.found.append(self._layer(name, module, before, after))

        return hook

    def _layer(self, name: str, module: nn.Module, before: Tensor, after: Tensor) -> Layer:
        own = [p for p in module.parameters(recurse=False) if p not in self._counted]
        self._counted.update(own)
        return Layer(
            name=name,
            type=type(module).__name__,
            output=list(after.shape[1:]),
            parameters=sum(p.numel() for p in own),
            trainable=sum(p.numel() for p in own if p.requires_grad),
            multiplications=_multiplications(module, before, after),
            receptive_field=self._last.size if self._last else None,
            stride=self._last.stride if self._last else None,
        )


def _seen(module: nn.Module, field: _Field | None, before: Tensor, after: Tensor) -> _Field | None:
    if field is None or isinstance(module, _ConvTransposeNd):
        return None
    if isinstance(module, SLIDING):
        return field.through(module)
    return field if before.shape[2:] == after.shape[2:] and after.ndim > 2 else None


def _multiplications(module: nn.Module, before: Tensor, after: Tensor) -> int | None:
    """One item's: every weight of a matrix is used once at every place, or at every moment, of its output."""
    weights = sum(p.numel() for p in module.parameters(recurse=False) if p.ndim > 1)
    if isinstance(module, _ConvTransposeNd):
        return weights * before[0, 0].numel()
    if isinstance(module, _ConvNd):
        return weights * after[0, 0].numel()
    if isinstance(module, nn.Linear):
        return weights * (after[0].numel() // after.shape[-1])
    if isinstance(module, nn.RNNBase):
        return weights * before.shape[1 if module.batch_first else 0]
    if isinstance(module, (_NormBase, BatchNormByHand)):
        return after[0].numel()
    return 0 if not weights or isinstance(module, nn.Embedding) else None


def _first(given: Any) -> Tensor:
    while not isinstance(given, Tensor):
        given = given[0]
    return given


def _per_axis(module: nn.Module, name: str, axes: int) -> list[int]:
    value = getattr(module, name, 1)
    return [value] * axes if isinstance(value, int) else list(value)
