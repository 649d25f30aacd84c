"""How far the losses of runs lie apart, batch by batch."""

import math
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine.runs import gap
from tests.unit.canned_runs import make_run


def test_the_largest_difference_of_any_two_runs() -> None:
    draw = np.random.default_rng(3)
    losses = [draw.normal(size=50).astype(np.float32) for _ in range(4)]
    pairs = [abs(a.astype(float) - b.astype(float)).max() for a in losses for b in losses]
    assert gap.largest(losses) == max(pairs)


def test_one_bit_is_a_difference_and_none_is_none() -> None:
    losses = np.array([0.5, math.nan, math.inf, 1.0], np.float32)
    assert gap.largest([losses, losses.copy()]) == 0
    other = losses.copy()
    other[3] = np.nextafter(other[3], np.float32(2))
    assert gap.largest([losses, other]) == float(other[3]) - 1 > 0
    other[1] = 3
    assert gap.largest([losses, other]) == math.inf


def test_runs_are_compared_over_the_batches_that_all_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gap, "CHUNK", 7)
    runs = [make_run(40, end="finished"), make_run(25, end="stopped")]
    assert gap.between(runs) == (0, 25)
    rows = np.fromfile(runs[1].path / "steps", runs[1].steps().type)
    rows["loss"][22] += 0.25
    rows.tofile(runs[1].path / "steps")
    found = gap.between(runs)
    assert found is not None
    assert found.largest == pytest.approx(0.25)


def test_one_run_or_one_that_has_not_begun_is_none(home: Path) -> None:
    runs = [make_run(10, end="finished"), make_run(0)]
    assert gap.between(runs[:1]) is None
    assert gap.between(runs) is None
