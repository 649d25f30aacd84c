"""A schedule in plain numbers: what it tells the optimiser before every batch, where it turns; and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from fastai_tui.app import plots
from fastai_tui.app.text import Look, count, plural, rate
from fastai_tui.engine import schedules

PLACES = 2048  # batches at which a long schedule is told: more than a plot of it has columns for
TOLD = 8  # cycles that are told one by one
RATE_ROWS, MOMENTUM_ROWS = 9, 7  # of the plots in `pictured`


@dataclass(frozen=True)
class Planned:
    """What is planned for `total` batches, of which an epoch has `per_epoch`.

    At `steps` (numbers of batches, from 1) there are a rate for each layer group (`rates`, those that differ only; the
    last is the last group's) and the momentum. `peaks` are the batches at which the rate is as high as just before and
    just after it nowhere, which with restarts is the first of every cycle; a step down counts too. `cycles` are the
    lengths of warm restarts' cycles in epochs.
    """

    name: str
    total: int
    per_epoch: int
    steps: tuple[int, ...]
    rates: tuple[tuple[float, ...], ...]
    momenta: tuple[float, ...]
    peaks: tuple[int, ...]
    cycles: tuple[int, ...]
    key: tuple[object, ...]
    plan: schedules.Plan = field(repr=False, compare=False)

    def at(self, step: int) -> tuple[list[float], float]:
        """The rates and the momentum that the batch of that number is trained with."""
        rates, momentum = self.plan.at((step - 1) / self.total)
        return rates[-len(self.rates) :], momentum

    @property
    def peak(self) -> int:
        """The batch with the highest rate of all, the first if there are several."""
        return max(self.peaks, key=lambda step: (self.at(step)[0][-1], -step))

    @property
    def top(self) -> float:
        """The highest rate."""
        return self.at(self.peak)[0][-1]

    def epoch(self, step: int) -> int:
        """The epoch of a batch, from 1."""
        return (step - 1) // self.per_epoch + 1


def planned(settings: Mapping[str, object], epochs: int, per_epoch: int) -> Planned | None:
    """What `settings` plan for so many epochs of so many batches; None where they ask for no schedule known here."""
    key = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in settings.items())
    try:
        return _planned(key, epochs, per_epoch)
    except (KeyError, ValueError, TypeError):
        return None


@lru_cache(16)
def _planned(key: tuple[tuple[str, object], ...], epochs: int, per_epoch: int) -> Planned:
    settings = {name: list(value) if isinstance(value, tuple) else value for name, value in key}
    total = epochs * per_epoch
    if total <= 0:
        raise ValueError("no batches")
    plan = schedules.plan(settings)
    places = min(total, PLACES)
    steps = tuple(1 + i * (total - 1) // max(places - 1, 1) for i in range(places))
    told = [plan.at((step - 1) / total) for step in steps]
    every = list(zip(*(rates for rates, _ in told), strict=True))
    rates = tuple(every) if any(group != every[-1] for group in every) else (every[-1],)
    momenta = tuple(momentum for _, momentum in told)
    peaks = _exact(plan, steps, _peaks(every[-1]), total)
    return Planned(
        str(settings["schedule"]), total, per_epoch, steps, rates, momenta, peaks, _cycles(settings), key, plan
    )


def _peaks(values: Sequence[float]) -> list[int]:
    """Where values stop rising, and where they have stepped down to stay; always the first place, if nowhere else."""
    found = []
    for i, value in enumerate(values):
        rose = i == 0 or value > values[i - 1]
        falls = next((after < value for after in values[i + 1 :] if after != value), True)
        stepped = 1 < i < len(values) - 1 and values[i - 2] == values[i - 1] > value == values[i + 1]
        if (rose and falls) or stepped:
            found.append(i)
    return found or [0]


def _exact(plan: schedules.Plan, steps: Sequence[int], places: Sequence[int], total: int) -> tuple[int, ...]:
    """The batches of peaks; those between two that were looked at are looked at now."""
    found = []
    for i in places:
        first, last = steps[max(i - 1, 0)], steps[min(i + 1, len(steps) - 1)]
        near = range(first + 1, last) if steps[i] not in (first, last) else range(first, last + 1)
        found.append(max(near, key=lambda step: (plan.rates[-1]((step - 1) / total), -abs(step - steps[i]))))
    return tuple(found)


def _cycles(settings: Mapping[str, object]) -> tuple[int, ...]:
    ends = schedules.ends(settings)
    return tuple(end - before for before, end in zip((0, *ends), ends, strict=False))


# In words


def rate_facts(plan: Planned, group: int = -1) -> str:
    """A layer group's rate: first, highest and where, last: `from 0.0024, highest 0.06 at batch 30, to 6e-07`."""
    rates = plan.rates[group]
    if min(rates) == max(rates):
        return f"{rate(rates[0])} all along"
    first, top, last = (plan.at(step)[0][group] for step in (1, plan.peak, plan.total))
    if plan.peak == 1:
        return f"from {rate(first)}, the highest, to {rate(last)}"
    return f"from {rate(first)}, highest {rate(top)} at batch {count(plan.peak)}, to {rate(last)}"


def momentum_facts(plan: Planned) -> str:
    """The momentum: first, lowest and where, last."""
    momenta = plan.momenta
    if min(momenta) == max(momenta):
        return f"{momenta[0]:.3g} all along"
    lowest = min(plan.peaks, key=lambda step: plan.at(step)[1])
    first, low, last = (plan.at(step)[1] for step in (1, lowest, plan.total))
    return f"from {first:.3g}, lowest {low:.3g} at batch {count(lowest)}, to {last:.3g}"


def cycle_facts(plan: Planned) -> str:
    """The cycles of warm restarts: `3 of 1, 2 and 4 epochs, from batches 1, 119 and 355`."""
    lengths, starts = plan.cycles[:TOLD], plan.peaks[:TOLD]
    more = " …" if len(lengths) < len(plan.cycles) else ""
    if len(set(lengths)) > 1:
        epochs = f"{listed([str(n) for n in lengths])}{more} epochs"
    else:
        epochs = plural(lengths[0], "epoch") + (" each" if len(lengths) > 1 else "")
    batches = "batches" if len(starts) > 1 else "batch"
    return f"{len(plan.cycles)} of {epochs}, from {batches} {listed([count(n) for n in starts])}{more}"


def listed(words: Sequence[str]) -> str:
    """`1, 2 and 4`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def facts(plan: Planned) -> list[tuple[str, str]]:
    """All of it, as (name, words)."""
    groups = len(plan.rates)
    rates = [(f"rate {n + 1}" if groups > 1 else "rate", rate_facts(plan, n)) for n in range(groups)]
    cycles = [("cycles", cycle_facts(plan))] if plan.cycles else []
    return [*rates, ("momentum", momentum_facts(plan)), *cycles]


def sentence(plan: Planned) -> str:
    """All of it, as one sentence."""
    told = "; ".join(f"{name} {words}" for name, words in facts(plan))
    return f"{plan.name} over {plural(plan.total, 'batch')} ({plural(plan.total // plan.per_epoch, 'epoch')}): {told}"


# As lines


def pictured(plan: Planned, columns: int, look: Look) -> list[str]:
    """Both schedules as small plots with the same axis of batches."""
    size = {"width": columns, "total": plan.total, "look": look, "margin": 8}
    names = [f"group {n + 1}" for n in range(len(plan.rates))] if len(plan.rates) > 1 else [""]
    rates = [(name, plan.steps, values) for name, values in zip(names, plan.rates, strict=True)]
    return [
        *plots.schedule_curve("learning rate", rates, height=RATE_ROWS, **size),  # type: ignore[arg-type]
        *plots.schedule_curve(
            "momentum",
            [("", plan.steps, plan.momenta)],
            height=MOMENTUM_ROWS,
            zoomed=True,
            **size,  # type: ignore[arg-type]
        ),
    ]
