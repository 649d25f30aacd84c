"""How far the losses of several runs lie apart, batch by batch: not at all means that they computed the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.engine.runs.steps import CHUNK

if TYPE_CHECKING:
    import numpy as np

    from fastai_tui.engine.runs.run import Run


class Gap(NamedTuple):
    """The largest difference between two of the runs' losses of a batch, over the `batches` that all of them have; 0
    means that no bit differs."""

    largest: float
    batches: int


def between(runs: Sequence[Run]) -> Gap | None:
    """The gap between runs, as far as each has come; None for fewer than two, or where one has not begun. Raises
    `OSError` where a run's losses can not be read."""
    readers = [run.steps() for run in runs]
    shared = min((len(reader) for reader in readers), default=0)
    if len(readers) < 2 or not shared:
        return None
    pieces = (range(shared)[start : start + CHUNK] for start in range(0, shared, CHUNK))
    return Gap(max(largest([r.read(p.start, p.stop)["loss"] for r in readers]) for p in pieces), shared)


def largest(losses: Sequence[np.ndarray]) -> float:
    """The largest difference between any two of some runs' losses, each (batches,). Two that are no numbers are the
    same; one beside a number is infinitely far from it."""
    import numpy as np

    every = np.stack(losses).astype(np.float64)
    same = (every == every[0]) | (np.isnan(every) & np.isnan(every[0]))
    differ = every[:, ~same.all(0)]
    if not differ.size:
        return 0.0
    if not np.isfinite(differ).all():
        return math.inf
    return float(np.ptp(differ, axis=0).max())
