"""How far training has moved each layer of a run's network from where it began."""

from typing import Any

import torch
from torch import Tensor, nn

from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.interpret.trained import learner
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.store import RunStore

STATISTICS = ("running_mean", "running_var")


def answer(run: str) -> dict[str, Any]:
    """The relative change |w − w0| / |w0| of every layer that has parameters, from the run's first checkpoint to its
    newest; of running averages likewise. A lab request.

    0 means that not a bit is different. `change` and `statistics_change` are None where there is nothing to compare
    with (w0 is nought, or the layer has no running averages). Raises `DataMissing` before the first checkpoint, and
    `BadInput` for a run that there is not.
    """
    found = RunStore().find(run)
    folder = found.path / "checkpoints"
    first, newest = checkpoints.first(folder), checkpoints.newest(folder)
    if first is None or newest is None:
        raise DataMissing(f"{found.id} has no checkpoint yet: wait until it has begun to train.")
    (before, _), (now, _) = first, newest
    settings = now["settings"]
    frozen, bn_frozen = int(settings.get("freeze", 0)), settings.get("bn_freeze", "off") == "on"
    learn = learner(found.spec.job)
    layers = []
    for name, module in learn.model.named_modules():
        own = [f"{name}.{part}" if name else part for part, _ in module.named_parameters(recurse=False)]
        if own:
            group = learn.groups.number(name) if name else None
            layers.append(
                {
                    "name": name,
                    "type": type(module).__name__,
                    "group": group,
                    "frozen": group is not None and group < frozen,
                    "change": _change(before["model"], now["model"], own),
                    "keeps_statistics": bn_frozen or (group is not None and group < frozen),
                    "statistics_change": _statistics_change(module, name, before["model"], now["model"]),
                }
            )
    return {"run": found.id, "step": now["place"]["step"], "freeze": frozen, "layers": layers}


def _statistics_change(module: nn.Module, name: str, before: dict[str, Tensor], now: dict[str, Tensor]) -> float | None:
    own = [f"{name}.{part}" for part in STATISTICS if isinstance(getattr(module, part, None), Tensor)]
    return _change(before, now, own) if own else None


def _change(before: dict[str, Tensor], now: dict[str, Tensor], names: list[str]) -> float | None:
    """|w − w0| / |w0| of some tensors together; exactly 0 if no bit has changed."""
    if all(torch.equal(before[name], now[name]) for name in names):
        return 0.0
    then, there = (torch.cat([state[name].flatten().double() for name in names]) for state in (before, now))
    length = then.norm().item()
    return (there - then).norm().item() / length if length else None
