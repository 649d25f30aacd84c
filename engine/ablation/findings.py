"""What a study shows, in plain words: which setting makes a difference that is larger than the seeds'. Pure.

Two cells that differ in one factor are compared by their means over the seeds. A difference is called real only if it
is larger than the deviation that the seeds alone cause (pooled over both cells), and so large that as many seeds
without any effect would show it in fewer than one study in twenty (Student's t, two-sided). The second condition is
the stricter one below ten seeds: three seeds differ by more than their deviation by chance in three studies of ten.
"""

import itertools
import math
from collections.abc import Sequence

import msgspec

from fastai_tui.engine.ablation.grid import Cell, Factor, label, varying
from fastai_tui.engine.ablation.table import CellResult, Spread

BETTER = {"accuracy": 1, "loss": -1}  # which way is better, of what studies are judged by; the first there is
VERDICTS = ("real", "open", "none", "unknown")
ALL_PAIRS = 3  # values of a factor that are compared each with each; of more, each with the first
MANY = 20  # comparisons from which on one that looks real by chance is to be expected
# The 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom (any statistics book's table)
# fmt: off
T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)
# fmt: on


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Two cells compared: `difference` is the mean of cell `a` minus that of cell `b`, `deviation` the seeds' (pooled),
    `needed` what a difference has to exceed to be called real.

    `verdict`: real; open (larger than the deviation, yet by chance too often with so few seeds); none; unknown (a
    single seed tells nothing of chance).
    """

    factor: str
    a: int
    b: int
    measure: str
    difference: float
    deviation: float | None
    needed: float | None
    seeds: tuple[int, int]
    verdict: str
    sentence: str


def findings(chosen: Sequence[Factor], grid: Sequence[Cell], rows: Sequence[CellResult]) -> list[Finding]:
    """Every comparison of two cells that differ in one factor and have both been measured."""
    measure = judged_by(rows)
    known = {row.cell: row.measures[measure] for row in rows if measure in row.measures}
    return [
        _finding(chosen, grid, factor, (a, b), measure, (known[a], known[b]))
        for factor in varying(chosen)
        for a, b in pairs(factor, grid)
        if a in known and b in known
    ]


def judged_by(rows: Sequence[CellResult]) -> str:
    """The measure by which cells are compared: the accuracy, else the loss."""
    return next((name for name in BETTER if any(name in row.measures for row in rows)), "")


def pairs(factor: Factor, grid: Sequence[Cell]) -> list[tuple[int, int]]:
    """The cells that differ in this factor alone, as (later value, earlier value)."""
    few = len(factor.values) <= ALL_PAIRS
    of_values = [
        (late, early) for early, late in itertools.combinations(factor.values, 2) if few or early == factor.values[0]
    ]
    places = [
        (grid.index({**cell, factor.name: late}), grid.index({**cell, factor.name: early}))
        for late, early in of_values
        for cell in grid
        if cell[factor.name] == late
    ]
    return places


def compare(a: Spread, b: Spread) -> tuple[str, float | None, float | None]:
    """(verdict, the seeds' deviation, what the difference has to exceed) for two cells."""
    if a.deviation is None or b.deviation is None:
        return "unknown", None, None
    free = a.count + b.count - 2
    pooled = math.sqrt(((a.count - 1) * a.deviation**2 + (b.count - 1) * b.deviation**2) / free)
    quantile = T[free - 1] if free <= len(T) else T[-1]  # a little strict beyond: it falls to 1.960
    needed = max(pooled, quantile * pooled * math.sqrt(1 / a.count + 1 / b.count))
    size = abs(a.mean - b.mean)
    return "real" if size > needed else "open" if size > pooled else "none", pooled, needed


def _finding(
    chosen: Sequence[Factor],
    grid: Sequence[Cell],
    factor: Factor,
    places: tuple[int, int],
    measure: str,
    values: tuple[Spread, Spread],
) -> Finding:
    verdict, deviation, needed = compare(*values)
    found = Finding(
        factor=factor.name,
        a=places[0],
        b=places[1],
        measure=measure,
        difference=values[0].mean - values[1].mean,
        deviation=deviation,
        needed=needed,
        seeds=(values[0].count, values[1].count),
        verdict=verdict,
        sentence="",
    )
    others = [other.name for other in varying(chosen) if other is not factor]
    where = label(grid[places[0]], others)
    compared = " against ".join(label(grid[place], [factor.name]) for place in places)
    head = f"{f'With {where}: ' if where else ''}{compared}"
    means = f"{measure} {values[0].mean:.4g} against {values[1].mean:.4g}"
    return msgspec.structs.replace(found, sentence=f"{head}, {means}: {_judgement(found)}")


def _judgement(found: Finding) -> str:
    """The comparison's end: how much better or worse, and whether that is more than chance."""
    better = found.difference * BETTER[found.measure] > 0
    size = f"{'better' if better else 'worse'} by {abs(found.difference):.3g}" if found.difference else "no difference"
    if found.deviation is None or found.needed is None:
        return f"{size}; one seed cannot tell that from chance, two or more can."
    seeds = _seeds(found.seeds)
    if found.verdict == "real":
        return f"{size}. Real: the seeds' deviation is {found.deviation:.3g} ({seeds})."
    if found.verdict == "open":
        return (
            f"{size}. Open: more than the seeds' deviation of {found.deviation:.3g}, but with {seeds} it would take "
            f"{found.needed:.3g} to rule out chance; more seeds would tell."
        )
    return f"{size}. Not shown to matter: no more than the seeds' deviation of {found.deviation:.3g} ({seeds})."


def _seeds(counts: tuple[int, int]) -> str:
    return f"{counts[0]} seeds each" if counts[0] == counts[1] else f"{counts[0]} and {counts[1]} seeds"


def cautions(chosen: Sequence[Factor], grid: Sequence[Cell], rows: Sequence[CellResult], compared: int) -> list[str]:
    """What has to be said beside the comparisons: runs that diverged or are not in the table, and many comparisons."""
    names = [factor.name for factor in varying(chosen)]
    said = []
    for row in rows:
        cell = label(grid[row.cell], names) or "Here"
        if row.diverged:
            said.append(f"{cell}: {row.diverged} of {row.asked} runs diverged, and are in no mean.")
        if missing := row.asked - row.finished - row.diverged:
            failed = f" ({row.failed} failed)" if row.failed else ""
            said.append(f"{cell}: {missing} of {row.asked} runs {'are' if missing > 1 else 'is'} not done{failed}.")
    if compared >= MANY:
        said.append(f"Of {compared} comparisons about {compared // 20} would look real by chance alone.")
    return said
