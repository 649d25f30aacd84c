"""Which run a step shows: its own newest, else of the chapter's with its network the newest with its settings, else the
newest of those."""

import msgspec
import pytest

from fastai_tui.app.tui import orders
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.settings import Value
from fastai_tui.lessons import progress
from tests.shipped import CHAPTERS
from tests.tui.course import opened, over_at_once, rest
from tests.unit.canned_runs import make_run


def trained(step_id: str, chapter: str = "stability", **other: Value) -> str:
    """A run of that step, or of `other` settings that it asks for, kept there."""
    step = CHAPTERS[chapter].step(step_id)
    assert step is not None
    assert step.run is not None
    asked = msgspec.structs.replace(step.run, set={**step.run.set, **other})
    job = orders.job_of(msgspec.structs.replace(step, run=asked), {})
    run = over_at_once(RunStore().create(job, "", ["fastai-tui"]))
    progress.update(lambda kept: kept.put(chapter, step_id, state={"runs": [*_kept(kept, chapter, step_id), run.id]}))
    return run.id


def _kept(kept: progress.Progress, chapter: str, step: str) -> list[str]:
    runs = kept.of(chapter, step).state.get("runs", [])
    return runs if isinstance(runs, list) else []


async def shown(step: str, chapter: str = "stability") -> str:
    async with opened(chapter, step) as app:
        runs = app.screen.runs  # type: ignore[attr-defined]
        await rest(app)
        while runs.shot is None and not all(worker.is_finished for worker in runs._workers):
            await rest(app)
        return str(runs.shown.id) if runs.shown else ""


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


async def test_a_ladder_s_runs_are_of_the_network_that_each_was_trained_with() -> None:
    norm = trained("norm", "cifar10")
    wide, deep = (trained("ladder", "cifar10", model=model) for model in ("wide", "deep"))
    assert await shown("evaluation", "cifar10") == norm  # and not the ladder's newest, though that step is about norm
    assert await shown("mistakes", "cifar10") == wide
    assert await shown("deep", "cifar10") == deep
    assert await shown("residuals", "cifar10") == ""


async def test_a_ladder_without_runs_of_its_own_shows_one_of_its_network() -> None:
    norm, _ = trained("norm", "cifar10"), trained("deep", "cifar10")
    assert await shown("ladder", "cifar10") == norm


async def test_a_run_of_its_network_shows_whatever_its_other_settings() -> None:
    narrow, _ = trained("years", "cifar10"), trained("ladder", "cifar10", model="resnet", width=0.5)
    assert await shown("years", "cifar10") == narrow
    assert await shown("tta", "cifar10") == ""


async def test_a_damaged_run_belongs_to_none() -> None:
    good, bad = (trained("norm", "cifar10") for _ in range(2))
    (RunStore().place / bad / "run.json").write_text("{")
    assert await shown("first", "cifar10") == good


async def test_where_pictures_are_varied_a_run_that_has_seen_none_is_not_shown() -> None:
    head = trained("head", "transfer")
    assert await shown("logloss", "transfer") == head
    assert await shown("tta", "transfer") == ""
    seen, _ = trained("unfreeze", "transfer"), trained("extremes", "transfer")
    assert await shown("tta", "transfer") == seen
