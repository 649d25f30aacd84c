"""Optimisers with fastai's meaning: weight decay decoupled or coupled, none of it on biases and norms' parameters.

Source: `fastai.optimizer`; decoupled weight decay is Loshchilov & Hutter's (arXiv 1711.05101).
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import torch
from torch import nn

from fastai_tui.engine.schedules import per_group

SQUARE_MOMENTUM, EPS = 0.99, 1e-5  # fastai's
NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)

for _method in vars(torch.optim.Optimizer).values():
    # Torch would load its compiler, two seconds of every start, only to have it leave these alone: none is compiled
    if plain := getattr(_method, "__wrapped__", None):
        vars(plain).setdefault("__dynamo_disable", plain)


class SGD(torch.optim.Optimizer):
    """Gradient descent with momentum: p ← p·(1 − lr·wd), then v ← momentum·v + gradient, p ← p − lr·v.

    `coupled` decay is added to the gradient instead: v ← momentum·v + gradient + wd·p. With `nesterov` the step goes
    where the next one would lead, too: p ← p − lr·(gradient + momentum·v), the decay counted with the gradient.
    """

    def __init__(
        self, params: Any, lr: float, momentum: float = 0.9, *, coupled: bool = False, nesterov: bool = False
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})
        self.coupled, self.nesterov = coupled, nesterov

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
        for group in together(self.param_groups):
            if params := [p for p in group["params"] if p.grad is not None]:
                self._move(params, group)
        return loss

    def _move(self, params: list[torch.Tensor], group: dict[str, Any]) -> None:
        lr, wd = group["lr"], group["weight_decay"]
        if wd and not self.coupled:
            torch._foreach_mul_(params, 1 - lr * wd)
        speeds = [self._speed(p) for p in params]
        torch._foreach_mul_(speeds, group["momentum"])
        gradients = [p.grad for p in params if p.grad is not None]
        torch._foreach_add_(speeds, gradients)
        if wd and self.coupled:
            torch._foreach_add_(speeds, params, alpha=wd)
        if not self.nesterov:
            torch._foreach_add_(params, speeds, alpha=-lr)
            return
        if wd and self.coupled:
            torch._foreach_mul_(params, 1 - lr * wd)
        torch._foreach_add_(params, gradients, alpha=-lr)
        torch._foreach_add_(params, speeds, alpha=-lr * group["momentum"])

    def _speed(self, p: torch.Tensor) -> torch.Tensor:
        if "momentum_buffer" not in self.state[p]:
            self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        speed: torch.Tensor = self.state[p]["momentum_buffer"]
        return speed


class _AtOnce(torch.optim.Optimizer):
    """Moves parameter groups that are told the same in one go: a step of the stability network's six groups takes
    0.38 ms, and 0.57 one by one, which is 4 % of a batch of 64."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step of every parameter that has a gradient."""
        groups = self.param_groups
        self.param_groups = together(groups)
        plain = inspect.unwrap(super().step.__func__)  # type: ignore[attr-defined]  # what is around it loads the compiler
        try:
            return plain(self, closure)
        finally:
            self.param_groups = groups


class AdamW(_AtOnce, torch.optim.AdamW):
    """Adam with decoupled weight decay."""


class Adam(_AtOnce, torch.optim.Adam):
    """Adam with coupled weight decay: it is added to the gradient, and so divided by its size with it."""


def together(groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parameter groups with the same rate and decay as one; all have the same momentum."""
    found: dict[tuple[float, float], dict[str, Any]] = {}
    for group in groups:
        key = (group["lr"], group["weight_decay"])
        found[key] = {**group, "params": found[key]["params"] + group["params"]} if key in found else group
    return list(found.values())


def optimiser(
    groups: Sequence[nn.Module], settings: Mapping[str, object], device: torch.device
) -> torch.optim.Optimizer:
    """The optimiser that `opt`, `momentum`, `wd` and `decay` ask for, over layer `groups`, the earliest first.

    Each of its `param_groups` says which layer `group` it belongs to and whether its weights `decay`. Raises ValueError
    if there are several decays, and not one per group.
    """
    momentum, coupled = float(settings["momentum"]), settings.get("decay") == "coupled"  # type: ignore[arg-type]
    # Torch refuses no groups at all; of a network without parameters its summary can be made all the same
    parts = list(_parts(groups)) or [{"params": [], "group": 0, "decay": False}]
    opt: torch.optim.Optimizer
    if settings["opt"] in ("sgd", "nesterov"):
        opt = SGD(parts, lr=0.0, momentum=momentum, coupled=coupled, nesterov=settings["opt"] == "nesterov")
    else:
        opt = _adam(parts, momentum, device, coupled=coupled)
    set_decay(opt, per_group(settings["wd"], len(groups)))
    return opt


def _adam(
    parts: list[dict[str, Any]], momentum: float, device: torch.device, *, coupled: bool
) -> torch.optim.Optimizer:
    # a step of the stability network on one thread of a CPU: fused 0.20 ms, foreach 0.58, a loop 0.78
    fused = device.type in ("cpu", "cuda")
    kind = Adam if coupled else AdamW
    return kind(parts, lr=0.0, betas=(momentum, SQUARE_MOMENTUM), eps=EPS, fused=fused)


def set_rates(opt: torch.optim.Optimizer, rates: Sequence[float], momentum: float) -> None:
    """Give every layer group its rate, and all of them the momentum (Adam's first beta)."""
    for group in opt.param_groups:
        group["lr"] = rates[group["group"]]
        if "betas" in group:
            group["betas"] = (momentum, SQUARE_MOMENTUM)
        else:
            group["momentum"] = momentum


def set_decay(opt: torch.optim.Optimizer, wds: Sequence[float]) -> None:
    """Give every layer group its weight decay."""
    for group in opt.param_groups:
        group["weight_decay"] = wds[group["group"]] if group["decay"] else 0.0


def forget(opt: torch.optim.Optimizer, params: Iterable[nn.Parameter]) -> None:
    """Take from parameters what an optimiser remembers of their gradients."""
    for p in params:
        opt.state.pop(p, None)


def _parts(groups: Sequence[nn.Module]) -> Iterator[dict[str, Any]]:
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
                yield {"params": params, "group": number, "decay": decay}


def _decays(owner: nn.Module, name: str, p: nn.Parameter) -> bool:
    return p.ndim > 1 and not name.startswith("bias") and not isinstance(owner, NORMS)
