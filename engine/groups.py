"""Layer groups: which parts of a network are trained together, and which of them are frozen.

As in fast.ai, batch norm in a frozen group keeps its running statistics, and normalises with them while it trains.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models.batch_norm import RunningBatchNorm


def first_middle_last(model: nn.Sequential) -> list[nn.Module]:
    """Layer groups of a chain of layers: the first that has weights, those between, the last; what follows a layer
    (its ReLU, its norm) goes with it. A network of two layers with weights has two groups, of one layer one."""
    starts = [i for i, layer in enumerate(model) if any(p.ndim > 1 for p in layer.parameters())]
    if len(starts) < 2:
        return [model]
    edges = [0, *sorted({starts[1], starts[-1]}), len(model)]
    return [model[start:end] for start, end in pairwise(edges)]


class LayerGroups:
    """The layer groups `parts` of `model`, the earliest first; the first `frozen` of them do not learn.

    `bn_frozen` says that no norm at all moves its running statistics. Parts beside the groups learn always.
    """

    def __init__(self, model: nn.Module, parts: Sequence[nn.Module] = ()) -> None:
        self.model, self.parts = model, list(parts) or [model]
        self.frozen, self.bn_frozen = 0, False
        seen: set[nn.Parameter] = set()
        self._learnable = [_new(part, seen) for part in self.parts]
        self._norms = [[m for m in part.modules() if _keeps_statistics(m)] for part in self.parts]

    def __len__(self) -> int:
        return len(self.parts)

    def check(self, frozen: int, *, bn_frozen: bool) -> None:
        """Raises `BadInput` for what `freeze` would refuse."""
        if not 0 <= frozen < len(self):
            raise BadInput(
                f"{frozen} of {len(self)} layer group{'s' if len(self) > 1 else ''} cannot be frozen; "
                f"at most {len(self) - 1} can, so that one is left to train."
            )
        if bn_frozen and not any(self._norms):
            raise BadInput(
                "There are no running statistics to keep in this network; take norm=batch, or bn_freeze=off."
            )

    def check_learns(self) -> None:
        """Raises `BadInput` for a model without any parameters."""
        if next(self.model.parameters(), None) is None:
            raise BadInput(
                f"{type(self.model).__name__} has nothing to train: no parameters are found in it. Layers in a plain "
                "list are not seen; put them into an nn.ModuleList."
            )

    def freeze(self, frozen: int, *, bn_frozen: bool) -> list[nn.Parameter]:
        """Freeze the first `frozen` groups and no others, and all running statistics or only theirs. Gives the frozen
        parameters. Raises `BadInput` if nothing would be left to train, or there are no statistics."""
        self.check(frozen, bn_frozen=bn_frozen)
        self.frozen, self.bn_frozen = frozen, bn_frozen
        for number, params in enumerate(self._learnable):
            for p in params:
                p.requires_grad_(number >= frozen)
                p.grad = p.grad if number >= frozen else None
        if self.model.training:
            self.train()
        return [p for params in self._learnable[:frozen] for p in params]

    def train(self) -> None:
        """Put the model into training mode, but norms that keep their statistics into evaluation mode."""
        self.model.train()
        for norms in self._norms[: self._fixed]:
            for norm in norms:
                norm.eval()

    @property
    def _fixed(self) -> int:
        """In how many groups norms keep their statistics."""
        return len(self) if self.bn_frozen else self.frozen

    def number(self, name: str) -> int | None:
        """The group of a layer or a parameter, by its name in the model; None for what belongs to none."""
        modules = dict(self.model.named_modules())
        owner = modules.get(name, modules.get(name.rpartition(".")[0]))
        return next((i for i, part in enumerate(self.parts) if owner in list(part.modules())), None)

    def keeps_statistics(self, name: str) -> bool:
        """Has the layer of that name running statistics that stay as they are in training?"""
        fixed = [norm for norms in self._norms[: self._fixed] for norm in norms]
        return dict(self.model.named_modules()).get(name) in fixed


def _new(part: nn.Module, seen: set[nn.Parameter]) -> list[nn.Parameter]:
    """The parameters that learn and that no earlier part has."""
    found = [p for p in part.parameters() if p.requires_grad and p not in seen]
    seen.update(found)
    return found


def _keeps_statistics(module: nn.Module) -> bool:
    return (isinstance(module, _NormBase) and module.track_running_stats) or isinstance(module, RunningBatchNorm)
