"""The pane of runs over each other says how far their losses lie apart."""

from typing import Any

import numpy as np
import pytest

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.training.compare import ComparePane
from fastai_tui.engine.runs.run import Run
from fastai_tui.lessons.schema import Run as Order
from tests.tui.host import drawn, driven, scene, settled
from tests.unit.canned_runs import make_run

ORDER = Order(experiment="mnist", epochs=3)


def two_runs(apart: float) -> list[Run]:
    """The losses of the batch 31 differ by so much."""
    runs = [make_run(118, end="finished", epochs=1), make_run(118, end="finished", epochs=1)]
    rows = np.fromfile(runs[1].path / "steps", runs[1].steps().type)
    rows["loss"][30] += np.float32(apart)
    rows.tofile(runs[1].path / "steps")
    return runs


@pytest.mark.parametrize(
    ("apart", "words"), [(0.0, "no loss differs by one bit"), (0.5, "the losses differ by up to 0.5000")]
)
def test_it_is_told_while_two_are_overlaid(apart: float, words: str) -> None:
    runs, pane = two_runs(apart), ComparePane(scene("compare", run=ORDER))

    async def drive(pilot: Any, host: Any) -> None:
        pane.follow(runs[-1], Watcher(runs[-1]).snapshot(), tuple(run.id for run in runs))
        await settled(pilot)
        assert pane.measured() == {"overlaid": 2, "gap": pytest.approx(apart, abs=1e-6)}
        assert f"In the 118 batches that they share, {words}." in drawn(pane).text
        assert words in pane.sentence()
        await pilot.press("home", "space")
        await settled(pilot)
        assert pane.measured() == {"overlaid": 1}

    assert "share" not in driven(pane, drive)


@pytest.mark.parametrize("hidden", ["accuracy", "loss", "gap"])
def test_it_is_yet_to_be_predicted(hidden: str) -> None:
    runs, pane = two_runs(0.0), ComparePane(scene("compare", run=ORDER, hidden=frozenset({hidden})))

    async def drive(pilot: Any, host: Any) -> None:
        pane.follow(runs[-1], Watcher(runs[-1]).snapshot(), tuple(run.id for run in runs))

    text = driven(pane, drive)
    assert "differ by up to ?" in text
    assert "one bit" not in text + pane.sentence()
