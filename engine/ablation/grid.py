"""The grid of a study: which values of which settings are combined, and the runs that makes. Pure."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import msgspec

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.engine.settings import Schema, Value

MOST_RUNS = 1000
Cell = dict[str, Value]


class Factor(msgspec.Struct, frozen=True):
    """A setting and the values that it takes in a study; the first is what others are compared with."""

    name: str
    values: tuple[Value, ...]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a study: its `number` from 1, the index of its `cell`, and its job (with the seed)."""

    number: int
    cell: int
    job: Job


def factors(schema: Schema, given: Mapping[str, Sequence[str]]) -> tuple[Factor, ...]:
    """What is `given` for each setting, as values. Raises `BadInput`, naming what is allowed, or what comes twice."""
    return tuple(Factor(name, _values(schema, name, texts)) for name, texts in given.items())


def _values(schema: Schema, name: str, texts: Sequence[str]) -> tuple[Value, ...]:
    setting = schema[name]
    found: list[Value] = []
    for text in texts:
        value = setting.parse(text.strip())
        if value in found:
            raise BadInput(f"{name} has {text.strip()} twice; give every value once.")
        found.append(value)
    return tuple(found)


def cells(chosen: Sequence[Factor]) -> list[Cell]:
    """Every combination of the factors' values; the last factor's change first."""
    names = [factor.name for factor in chosen]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(f.values for f in chosen))]


def members(combined: Sequence[Cell], seeds: Sequence[int], job: Callable[[Cell, int], Job]) -> list[Member]:
    """The runs, seed after seed, so that a study that is cut short has something of every cell; `job` makes a cell's
    job for a seed. Raises `BadInput` for more than anybody wants, and what `job` raises."""
    if not seeds:
        raise BadInput(
            "0 seeds are out of bounds; a study needs at least one, and 2 or more to tell chance from effect."
        )
    if len(combined) * len(seeds) > MOST_RUNS:
        raise BadInput(
            f"That would be {len(combined) * len(seeds):,} runs ({len(combined):,} combinations × {len(seeds):,} "
            f"seeds); {MOST_RUNS:,} are possible."
        )
    places = itertools.product(seeds, range(len(combined)))
    return [
        Member(number=number, cell=cell, job=job(combined[cell], seed))
        for number, (seed, cell) in enumerate(places, start=1)
    ]


def varying(chosen: Sequence[Factor]) -> list[Factor]:
    """The factors that have more than one value."""
    return [factor for factor in chosen if len(factor.values) > 1]


def label(cell: Cell, names: Sequence[str]) -> str:
    """A cell in words: `model=norm, norm=before`; of the settings in `names`."""
    return ", ".join(f"{name}={shown(cell[name])}" for name in names)


def shown(value: Value) -> str:
    """A value as it is given on the command line: `0.06`, `1e-05/0.0001`, `cosine`."""
    if isinstance(value, list):
        return "/".join(f"{one:g}" for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
