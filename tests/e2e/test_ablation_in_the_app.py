"""A study that the app has begun is killed, and goes on in another app: nothing is repeated, and the tables agree."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastai_tui.app import ablation, studying
from fastai_tui.app.tui import plotting
from fastai_tui.app.tui.panes.ladder.ablation import AblationPane
from fastai_tui.engine.ablation.outcome import outcomes
from fastai_tui.engine.ablation.study import StudyStore, found
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.schema import Run as Order
from tests.e2e.test_ablate_command import content, reach
from tests.runs import PATIENCE, kill_all
from tests.tui.host import Host, scene
from tests.warm import STUDYING, fork

ORDER = Order(experiment="mnist-3v7", epochs=20, data="mnist-sample")
SHOW = {"factor": "model", "values": "cnn|linear", "seeds": 2}


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Studies are forked, checkpoints come often, and nothing outlives the test."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0.1")
    monkeypatch.setattr(studying, "subprocess", STUDYING)
    plotting.load()
    ready = fork(list, os.environ, tmp_path / "out", tmp_path / "err")  # before an app has the standard error
    ready.join(PATIENCE)
    yield
    kill_all()


def pane_of(kept: dict[str, Any]) -> AblationPane:
    return AblationPane(scene("ablation", run=ORDER, show=SHOW, kept=kept))


async def until(pilot: Any, true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await pilot.pause(0.05)


def test_a_study_begun_in_the_app_is_killed_and_goes_on_in_another() -> None:
    async def first() -> dict[str, Any]:
        pane = pane_of({})
        async with Host(pane).run_test(size=(78, 18)) as pilot:
            await pilot.press("space")
            await until(pilot, lambda: pane.measured()["running"] == 1)
            study, _ = await asyncio.to_thread(reach, 1)
            holder = studying.holder(study.name, StudyStore())
            assert holder is not None
            os.kill(holder.pid, signal.SIGKILL)
            await asyncio.to_thread(kill_all)
            await until(pilot, lambda: pane.measured()["running"] == 0)
            assert "of 4 runs done: space goes on" in pane.sheet.text
            return pane.kept()

    async def second(kept: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        pane = pane_of(kept)
        async with Host(pane).run_test(size=(100, 54)) as pilot:
            await until(pilot, lambda: pane.measured()["done"] == len(done))
            await pilot.press("space")
            await until(pilot, lambda: pane.measured()["whole"] == 1 and pane.measured()["running"] == 0)
            return pane.sheet.text, pane.measured()

    kept = asyncio.run(first())
    study = StudyStore().find("last")
    runs = found(study, RunStore().runs())
    done = {n: content(run) for n, run in runs.items() if run.state().phase == "finished"}
    assert done
    assert len(done) < 4
    text, measured = asyncio.run(second(kept))

    after = found(study, RunStore().runs())
    assert len(RunStore().runs()) == len(after) == 4
    assert {number: content(after[number]) for number in done} == done
    assert measured["studies"] == 1
    accuracies = {
        cell: [after[m.number].epochs()[-1].metrics["accuracy"] for m in study.members if m.cell == cell]
        for cell in (0, 1)
    }
    for values in accuracies.values():
        assert f"{np.mean(values):.4f} ±{np.std(values, ddof=1):.4f}" in text
    assert measured["gap"] == pytest.approx(abs(np.mean(accuracies[0]) - np.mean(accuracies[1])))
    command = ablation.table_lines(study, outcomes(study, after))
    for line, values in zip(command[1:], accuracies.values(), strict=True):
        assert f"{np.mean(values):.4f} ± {np.std(values, ddof=1):.4f}" in line
