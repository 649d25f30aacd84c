"""Optimisers with fastai's meaning: decoupled weight decay, none of it on biases and norms' parameters.

Source: `fastai.optimizer`; decoupled weight decay is Loshchilov & Hutter's (arXiv 1711.05101).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

import torch
from torch import nn

SQUARE_MOMENTUM, EPS = 0.99, 1e-5  # fastai's
NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


class SGD(torch.optim.Optimizer):
    """Gradient descent with momentum: p ← p·(1 − lr·wd), then v ← momentum·v + gradient, p ← p − lr·v."""

    def __init__(self, params: Any, lr: float, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step of every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if params := [p for p in group["params"] if p.grad is not None]:
                self._move(params, group)
        return loss

    def _move(self, params: list[torch.Tensor], group: dict[str, Any]) -> None:
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
        speeds = [self._speed(p) for p in params]
        torch._foreach_mul_(speeds, group["momentum"])
        torch._foreach_add_(speeds, [p.grad for p in params if p.grad is not None])
        torch._foreach_add_(params, speeds, alpha=-group["lr"])

    def _speed(self, p: torch.Tensor) -> torch.Tensor:
        if "momentum_buffer" not in self.state[p]:
            self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        speed: torch.Tensor = self.state[p]["momentum_buffer"]
        return speed


def optimiser(
    groups: Sequence[nn.Module], settings: Mapping[str, object], device: torch.device
) -> torch.optim.Optimizer:
    """The optimiser that `opt`, `momentum` and `wd` ask for, over layer `groups`, the earliest first.

    Each of its `param_groups` says which layer `group` it belongs to and whether its weights `decay`.
    """
    momentum, wd = float(settings["momentum"]), float(settings["wd"])  # type: ignore[arg-type]
    parts = list(_parts(groups, wd))
    if settings["opt"] == "sgd":
        return SGD(parts, lr=0.0, momentum=momentum)
    # a step of the stability network on one thread of a CPU: fused 0.20 ms, foreach 0.58, a loop 0.78
    fused = device.type in ("cpu", "cuda")
    return torch.optim.AdamW(parts, lr=0.0, betas=(momentum, SQUARE_MOMENTUM), eps=EPS, fused=fused)


def set_rates(opt: torch.optim.Optimizer, rates: Sequence[float], momentum: float) -> None:
    """Give every layer group its rate, and all of them the momentum (Adam's first beta)."""
    for group in opt.param_groups:
        group["lr"] = rates[group["group"]]
        if "betas" in group:
            group["betas"] = (momentum, SQUARE_MOMENTUM)
        else:
            group["momentum"] = momentum


def _parts(groups: Sequence[nn.Module], wd: float) -> Iterator[dict[str, Any]]:
    """The parameters of every layer group, those that decay apart from those that do not; none comes twice."""
    seen: set[nn.Parameter] = set()
    for number, module in enumerate(groups):
        found: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for owner in module.modules():
            for name, p in owner.named_parameters(recurse=False):
                if p not in seen:
                    seen.add(p)
                    found[_decays(owner, name, p)].append(p)
        for decay, params in found.items():
            if params:
                yield {"params": params, "group": number, "decay": decay, "weight_decay": wd if decay else 0.0}


def _decays(owner: nn.Module, name: str, p: nn.Parameter) -> bool:
    return p.ndim > 1 and not name.startswith("bias") and not isinstance(owner, NORMS)
