"""A run that is being started when the learner leaves its step is found there when the learner comes back."""

import asyncio
import threading
from typing import Any

import pytest

from fastai_tui.app.tui.screens.chapter import ChapterScreen
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run
from tests.tui.course import opened, over_at_once, press, rest


@pytest.mark.parametrize("away", ["n", "escape"])
async def test_a_run_that_starts_while_the_learner_leaves_belongs_to_its_step(
    away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    launched: list[str] = []

    def slowly(run: Run) -> Run:
        begun.set()
        assert may_go_on.wait(10)
        launched.append(over_at_once(run).id)
        return run

    monkeypatch.setattr(client, "launch", slowly)
    async with opened("first-cnn", "baseline") as app, asyncio.timeout(20):
        await press(app, "enter")
        screen = chapter(app)
        screen.runs.train(screen.knobs.values)
        while not begun.is_set():
            await rest(app)
        await press(app, away)
        may_go_on.set()
        while not (launched and app.keeper.progress.of("first-cnn", "baseline").state.get("runs")):
            await rest(app)
        assert app.keeper.progress.of("first-cnn", "baseline").state["runs"] == launched
        if away == "n":
            await press(app, "b")
            assert screen.runs.own == launched


def chapter(app: Any) -> ChapterScreen:
    """The chapter that is open."""
    assert isinstance(app.screen, ChapterScreen)
    return app.screen
