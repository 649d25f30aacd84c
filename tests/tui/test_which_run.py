"""Which run a step shows: its own newest, else the chapter's newest with the step's settings, else the newest."""

from typing import Any

import pytest

from fastai_tui.app.tui import orders
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import progress
from fastai_tui.lessons.loader import chapters
from tests.tui.course import opened, over_at_once, rest
from tests.unit.canned_runs import make_run

STABILITY = next(one for one in chapters() if one.slug == "stability")


def trained(step_id: str) -> str:
    """A run of that step, kept there."""
    step = STABILITY.step(step_id)
    assert step is not None
    run = over_at_once(RunStore().create(orders.job_of(step, {}), "", ["fastai-tui"]))
    progress.update(lambda kept: kept.put("stability", step_id, state={"runs": [run.id]}))
    return run.id


async def shown(step: str) -> str:
    async with opened("stability", step) as app:
        runs: Any = app.screen.runs  # type: ignore[attr-defined]
        while runs.shot is None:
            await rest(app)
        return str(runs.shown.id)


async def test_a_step_shows_the_run_that_has_its_settings_though_others_are_newer() -> None:
    sick, *_ = trained("baseline"), trained("batches")
    assert await shown("inside") == sick


async def test_where_none_has_its_settings_it_is_the_newest() -> None:
    newest = [trained("baseline"), trained("batches")][-1]
    assert await shown("norm") == newest


async def test_its_own_comes_before_all() -> None:
    own, _ = trained("inside"), trained("baseline")
    assert await shown("inside") == own


@pytest.fixture(autouse=True)
def begun() -> None:
    """The chapter's opening has been read."""
    progress.replace(progress.Progress())


async def test_a_run_that_was_stopped_before_its_first_batch_stands_back() -> None:
    good, idle = trained("baseline"), make_run(0, end="stopped").id
    progress.update(lambda kept: kept.put("stability", "inside", state={"runs": [idle]}))
    assert await shown("inside") == good
