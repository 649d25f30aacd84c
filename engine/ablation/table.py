"""A study's table: mean and deviation over the seeds, for every cell of the grid. Pure."""

import statistics
from collections.abc import Sequence

import msgspec

from fastai_tui.engine.ablation.outcome import Outcome


class Spread(msgspec.Struct, frozen=True):
    """The mean of `count` values, and their sample deviation (n − 1); None for a single value."""

    mean: float
    deviation: float | None
    count: int


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of a cell measured, and how many of them ended how."""

    cell: int
    asked: int
    finished: int
    diverged: int
    failed: int
    measures: dict[str, Spread]


def spread(values: Sequence[float]) -> Spread:
    """Mean and deviation of at least one value."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), deviation, len(values))


def table(found: Sequence[Outcome]) -> list[CellResult]:
    """A row for every cell, in the order of the grid."""
    return [_row(cell, [each for each in found if each.cell == cell]) for cell in sorted({o.cell for o in found})]


def _row(cell: int, found: Sequence[Outcome]) -> CellResult:
    names = list(dict.fromkeys(name for each in found for name in each.measures))
    values = {name: [each.measures[name] for each in found if name in each.measures] for name in names}
    ended = [each.phase for each in found]
    return CellResult(
        cell=cell,
        asked=len(found),
        finished=ended.count("finished"),
        diverged=ended.count("diverged"),
        failed=ended.count("failed"),
        measures={name: spread(several) for name, several in values.items()},
    )


def names(rows: Sequence[CellResult]) -> list[str]:
    """The measures that any cell has, `loss` and `seconds` last."""
    found = dict.fromkeys(name for row in rows for name in row.measures)
    last = [name for name in ("loss", "seconds") if name in found]
    return [name for name in found if name not in last] + last
