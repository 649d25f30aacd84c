"""What turning a knob does beyond the pane: to the run that trains, by the pane's own keys; and steps without runs."""

from typing import Any

import pytest

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.screens.chapter_runs import StepRuns
from fastai_tui.engine.runs.run import Run, State
from fastai_tui.lessons import progress
from tests.tui.course import opened, press, rest
from tests.unit.canned_runs import snapshot

pytestmark = pytest.mark.usefixtures("begun")


@pytest.fixture
def begun() -> None:
    """Nothing has been done yet."""
    progress.replace(progress.Progress())


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What a running run would be told."""
    found: list[tuple[str, Any]] = []
    monkeypatch.setattr(StepRuns, "turned", lambda runs, setting, value: found.append((setting.name, value)))
    return found


@pytest.mark.parametrize(("step", "expected"), [("by-hand", [("lr", 0.01)]), ("choose", [])])
async def test_only_a_pane_of_one_run_steers_it_by_its_knobs(step: str, expected: Any, told: Any) -> None:
    """Where runs are compared, the knobs are the next one's: the one that trains keeps its rate."""
    async with opened("learning-rate", step) as app:
        await press(app, "minus")
        assert told == expected


async def test_a_pane_may_turn_a_knob_and_the_screen_shows_and_keeps_it(told: Any) -> None:
    async with opened("learning-rate", "groups") as app:
        screen: Any = app.screen
        screen.pane.post_message(Pane.Turn("freeze", 2))
        await rest(app)
        assert screen.knobs.values["freeze"] == screen.pane.knobs["freeze"] == 2
        assert "freeze 2" in screen.knob_lines.sheet.text
        for knob, value in (("freeze", 99), ("no such knob", 1)):
            screen.pane.post_message(Pane.Turn(knob, value))
        await rest(app)
        assert screen.knobs.values == {"freeze": 2}
        assert told == [("freeze", 2)]


@pytest.mark.parametrize(("step", "shown"), [("finder", False), ("by-hand", True)])
async def test_a_step_in_which_nothing_trains_does_not_wait_for_a_run(step: str, shown: bool) -> None:
    async with opened("learning-rate", step) as app:
        screen: Any = app.screen
        assert screen.status.display == shown
        assert ("no run yet" in screen.status.sheet.text) == shown


async def test_a_run_that_waits_for_a_paused_one_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("learning-rate", "by-hand") as app:
        screen: Any = app.screen
        for phase, said in (("running", False), ("paused", True)):
            state = State(phase=phase, live=True)
            monkeypatch.setattr(Run, "state", lambda run, state=state: state)
            waits = snapshot(1, phase="queued", behind="0001-mnist")
            assert await screen.runs._explained(waits) == said
        assert "0001-mnist is paused and keeps the device" in screen.ask.said
        assert not await screen.runs._explained(None)
