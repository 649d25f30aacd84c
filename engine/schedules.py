"""Schedules: pure functions of the share of training done, x = batches before this one ÷ all batches.

Shapes and defaults are fastai's (`fastai.callback.schedule`), so that the same settings mean the same thing; warm
restarts are Loshchilov & Hutter's SGDR (arXiv 1608.03983), 1cycle is Smith & Topin's (arXiv 1708.07120).
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

Schedule = Callable[[float], float]

DIV, DIV_FINAL, WARM_UP = 25.0, 1e5, 0.25  # fastai's 1cycle: start, end, and the share of training that warms up
DROPS, DROP_BY = 2, 10.0
ROUNDING = 1e-12  # of a share: a batch that falls on an edge is beyond it, though a quotient came out too small


def flat(value: float) -> Schedule:
    """Always `value`."""
    return lambda x: value


def linear(start: float, end: float) -> Schedule:
    """A straight line from `start` at x = 0 to `end` at x = 1."""
    return lambda x: start + x * (end - start)


def cosine(start: float, end: float) -> Schedule:
    """Half a cosine from `start` at x = 0 to `end` at x = 1: slow, fast, slow."""
    return lambda x: start + (1 + math.cos(math.pi * (1 - x))) * (end - start) / 2


def step(top: float, *, drops: int = DROPS, by: float = DROP_BY, first: float = 0.0) -> Schedule:
    """Constant pieces: `top`, then `drops` times a rate that is smaller by the factor `by`. The first piece is the
    share `first` of the training and the others are equally long; with 0 all of them are."""
    lengths = [first, *[(1 - first) / drops] * drops] if first and drops else [1] * (drops + 1)
    return combined(lengths, [flat(top / by**i) for i in range(drops + 1)])


def combined(lengths: Sequence[float], schedules: Sequence[Schedule]) -> Schedule:
    """One schedule after another, each seeing its own 0…1; `lengths` are in any unit, one of no length is left out."""
    parts = [(length, schedule) for length, schedule in zip(lengths, schedules, strict=True) if length]
    ends = list(accumulate(length for length, _ in parts))
    edges = [0.0, *(end / ends[-1] for end in ends)]

    def at(x: float) -> float:
        i = min(bisect_right(edges, x + ROUNDING), len(parts)) - 1
        return parts[i][1](max(0.0, x - edges[i]) / (edges[i + 1] - edges[i]))

    return at


def warmed(schedule: Schedule, top: float, share: float) -> Schedule:
    """A straight line from `top`/25 to `top` in the first `share`, then `schedule` in what is left."""
    return combined((share, 1 - share), (linear(top / DIV, top), schedule))


def one_cycle(top: float, *, warm_up: float = WARM_UP, div: float = DIV, div_final: float = DIV_FINAL) -> Schedule:
    """fastai's 1cycle rate: a cosine from `top`/`div` to `top` in the first `warm_up` of training, then to
    `top`/`div_final`."""
    return combined((warm_up, 1 - warm_up), (cosine(top / div, top), cosine(top, top / div_final)))


def one_cycle_momentum(high: float = 0.95, low: float = 0.85, *, warm_up: float = WARM_UP) -> Schedule:
    """Momentum goes the other way: from `high` to `low` while the rate warms up, and back."""
    return combined((warm_up, 1 - warm_up), (cosine(high, low), cosine(low, high)))


def restarts(top: float, *, cycles: int = 1, cycle_len: int = 1, cycle_mult: int = 1, warm_up: float = 0.0) -> Schedule:
    """SGDR: `cycles` cosines from `top` to zero; the first lasts `cycle_len` epochs, each next `cycle_mult` times the
    one before. `warm_up`, a share of all of them, is taken out of the first, so that restarts stay where epochs begin.
    Raises ValueError if the first is too short for that."""
    lengths = [cycle_len * cycle_mult**i for i in range(cycles)]
    share = warm_up * sum(lengths) / cycle_len
    if share >= 1:
        raise ValueError(f"a warm-up of {warm_up:g} of the training is longer than the first cycle")
    first = warmed(cosine(top, 0.0), top, share)
    return combined(lengths, [first, *[cosine(top, 0.0)] * (cycles - 1)])


def cycle_ends(cycles: int, cycle_len: int, cycle_mult: int) -> tuple[int, ...]:
    """After how many epochs each cycle ends."""
    return tuple(accumulate(cycle_len * cycle_mult**i for i in range(cycles)))


def cycle_epochs(cycles: int, cycle_len: int, cycle_mult: int) -> int:
    """How many epochs `cycles` cycles last."""
    return cycle_ends(cycles, cycle_len, cycle_mult)[-1]


def ends(settings: Mapping[str, object]) -> tuple[int, ...]:
    """After how many epochs the cycles end that `settings` ask for, those at a flat rate before the first counted; none
    without `sgdr`."""
    if settings["schedule"] != "sgdr":
        return ()
    before = _whole(settings, "flat_epochs", 0)
    return tuple(before + end for end in cycle_ends(*_cycles(settings)))


@dataclass(frozen=True)
class Plan:
    """What an optimiser is told at a point of training: a rate per layer group, and one momentum."""

    rates: tuple[Schedule, ...]
    momentum: Schedule

    def at(self, x: float) -> tuple[list[float], float]:
        """The rates and the momentum at the share `x` of training done."""
        return [rate(x) for rate in self.rates], self.momentum(x)


def plan(settings: Mapping[str, object], groups: int | None = None) -> Plan:
    """The plan that `settings` ask for (`schedule`, `lr`, `momentum`, `warm_up` and what the schedules have of their
    own), for a model of so many layer `groups` (as many as there are rates, if nobody says). A single rate serves every
    group; a setting that a run from before it lacks has its default.

    Raises ValueError when the rates do not match the groups, or the warm-up not the first cycle.
    """
    tops = per_group(settings["lr"], groups)
    name = settings["schedule"]
    warm_up = float(settings.get("warm_up", own_warm_up(name)))  # type: ignore[arg-type]
    one = name == "1cycle"
    momentum = one_cycle_momentum(warm_up=warm_up) if one else flat(float(settings["momentum"]))  # type: ignore[arg-type]
    return Plan(tuple(_rate(name, top, warm_up, settings) for top in tops), momentum)


def per_group(value: object, groups: int | None = None) -> list[float]:
    """A number for each of so many layer groups, from one for all or a list. Raises ValueError if it is of another
    length."""
    values = [float(part) for part in value] if isinstance(value, list) else [float(value)] * (groups or 1)  # type: ignore[arg-type]
    if groups is not None and len(values) != groups:
        raise ValueError(f"{len(values)} numbers for {groups} layer group{'s' if groups > 1 else ''}")
    return values


def own_warm_up(name: object) -> float:
    """The share that the schedule called `name` warms up unless somebody says otherwise."""
    return WARM_UP if name == "1cycle" else 0.0


def _rate(name: object, top: float, warm_up: float, settings: Mapping[str, object]) -> Schedule:
    if name == "1cycle":
        return one_cycle(top, warm_up=warm_up)
    if name == "sgdr":
        cycles, length, mult = _cycles(settings)
        cosines = restarts(top, cycles=cycles, cycle_len=length, cycle_mult=mult, warm_up=warm_up)
        before = _whole(settings, "flat_epochs", 0)
        low = top * float(settings.get("flat_factor", 1.0))  # type: ignore[arg-type]
        return combined((before, cycle_epochs(cycles, length, mult)), (flat(low), cosines))
    if name == "step":
        by = float(settings.get("drop_by", DROP_BY))  # type: ignore[arg-type]
        first = float(settings.get("drop_from", 0.0))  # type: ignore[arg-type]
        return warmed(step(top, drops=_whole(settings, "drops", DROPS), by=by, first=first), top, warm_up)
    shapes = {"flat": flat(top), "linear": linear(top, 0.0), "cosine": cosine(top, 0.0)}
    if name not in shapes:
        raise ValueError(f"no schedule is called {name}")
    return warmed(shapes[str(name)], top, warm_up)


def _cycles(settings: Mapping[str, object]) -> tuple[int, int, int]:
    """How many cycles, the first one's epochs, and by what each next is longer."""
    return _whole(settings, "cycles", 1), _whole(settings, "cycle_len", 1), _whole(settings, "cycle_mult", 1)


def _whole(settings: Mapping[str, object], name: str, default: int) -> int:
    return int(settings.get(name, default))  # type: ignore[call-overload]
