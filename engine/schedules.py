"""Schedules: pure functions of the share of training done, x = batches before this one ÷ all batches.

Shapes and defaults are fastai's (`fastai.callback.schedule`), so that the same settings mean the same thing; warm
restarts are Loshchilov & Hutter's SGDR (arXiv 1608.03983), 1cycle is Smith & Topin's (arXiv 1708.07120).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Schedule = Callable[[float], float]


def flat(value: float) -> Schedule:
    """Always `value`."""
    return lambda x: value


def linear(start: float, end: float) -> Schedule:
    """A straight line from `start` at x = 0 to `end` at x = 1."""
    return lambda x: start + x * (end - start)


def cosine(start: float, end: float) -> Schedule:
    """Half a cosine from `start` at x = 0 to `end` at x = 1: slow, fast, slow."""
    return lambda x: start + (1 + math.cos(math.pi * (1 - x))) * (end - start) / 2


def combined(shares: Sequence[float], schedules: Sequence[Schedule]) -> Schedule:
    """One schedule after another, each seeing its own 0…1; `shares` of the whole add up to one."""
    edges = [sum(shares[:i]) for i in range(len(shares) + 1)]

    def at(x: float) -> float:
        i = max(i for i in range(len(schedules)) if i == 0 or x >= edges[i])
        return schedules[i]((x - edges[i]) / shares[i])

    return at


def one_cycle(top: float, *, warm_up: float = 0.25, div: float = 25.0, div_final: float = 1e5) -> Schedule:
    """fastai's 1cycle rate: a cosine from `top`/`div` to `top` in the first `warm_up` of training, then to
    `top`/`div_final`."""
    return combined((warm_up, 1 - warm_up), (cosine(top / div, top), cosine(top, top / div_final)))


def one_cycle_momentum(high: float = 0.95, low: float = 0.85, *, warm_up: float = 0.25) -> Schedule:
    """Momentum goes the other way: from `high` to `low` while the rate warms up, and back."""
    return combined((warm_up, 1 - warm_up), (cosine(high, low), cosine(low, high)))


def restarts(top: float, *, cycles: int = 1, cycle_len: float = 1, cycle_mult: int = 1) -> Schedule:
    """SGDR: `cycles` cosines from `top` to zero; the first lasts `cycle_len` epochs, each next `cycle_mult` times
    the one before."""
    lengths = [cycle_len * cycle_mult**i for i in range(cycles)]
    return combined([length / sum(lengths) for length in lengths], [cosine(top, 0.0)] * cycles)


def cycle_epochs(cycles: int, cycle_len: int, cycle_mult: int) -> int:
    """How many epochs `cycles` cycles last."""
    return sum(cycle_len * cycle_mult**i for i in range(cycles))


@dataclass(frozen=True)
class Plan:
    """What an optimiser is told at a point of training: a rate per layer group, and one momentum."""

    rates: tuple[Schedule, ...]
    momentum: Schedule

    def at(self, x: float) -> tuple[list[float], float]:
        """The rates and the momentum at the share `x` of training done."""
        return [rate(x) for rate in self.rates], self.momentum(x)


def plan(settings: Mapping[str, object], groups: int = 1) -> Plan:
    """The plan that `settings` ask for (`schedule`, `lr`, `momentum`, `cycles`, `cycle_len`, `cycle_mult`), for a model
    of so many layer `groups`. A single rate serves every group. Raises ValueError when the rates do not match them."""
    lr = settings["lr"]
    tops: list[float] = [float(rate) for rate in lr] if isinstance(lr, list) else [float(lr)] * groups  # type: ignore[arg-type]
    if len(tops) != groups:
        raise ValueError(f"{len(tops)} rates for {groups} layer group{'s' if groups > 1 else ''}")
    name = settings["schedule"]
    momentum = one_cycle_momentum() if name == "1cycle" else flat(float(settings["momentum"]))  # type: ignore[arg-type]
    return Plan(tuple(_rate(name, top, settings) for top in tops), momentum)


def _rate(name: object, top: float, settings: Mapping[str, object]) -> Schedule:
    if name == "flat":
        return flat(top)
    if name == "linear":
        return linear(top, 0.0)
    if name == "cosine":
        return cosine(top, 0.0)
    if name == "1cycle":
        return one_cycle(top)
    if name == "sgdr":
        cycles, length, mult = (int(settings[key]) for key in ("cycles", "cycle_len", "cycle_mult"))  # type: ignore[call-overload]
        return restarts(top, cycles=cycles, cycle_len=length, cycle_mult=mult)
    raise ValueError(f"no schedule is called {name}")
