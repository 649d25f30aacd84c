"""Which cell of a study is the best, and by how much: more than the seeds' spread? Pure."""

from collections.abc import Sequence

import msgspec

from fastai_tui.engine.ablation.findings import BETTER, compare, judged_by
from fastai_tui.engine.ablation.table import CellResult


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """The `best` cell and the `second`, by the means of `measure`, and how far they are apart: `gap`. `spread` is the
    seeds' deviation, pooled over both, `needed` what the gap has to exceed so that it is no chance; None where a cell
    has one seed. `verdict` as in a `Finding`."""

    measure: str
    best: int
    second: int
    gap: float
    spread: float | None
    needed: float | None
    verdict: str


def lead(rows: Sequence[CellResult]) -> Lead | None:
    """The lead of a table; None where fewer than two cells have been measured."""
    measure = judged_by(rows)
    known = [(row.cell, row.measures[measure]) for row in rows if measure in row.measures]
    if len(known) < 2:
        return None
    (best, a), (second, b) = sorted(known, key=lambda each: -BETTER[measure] * each[1].mean)[:2]
    verdict, spread, needed = compare(a, b)
    return Lead(
        measure=measure,
        best=best,
        second=second,
        gap=abs(a.mean - b.mean),
        spread=spread,
        needed=needed,
        verdict=verdict,
    )
