"""The panes of the ladder and of the road: tables of runs, a row each, that are found, trained and compared."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.ladder import rungs as rungs_pane
from fastai_tui.app.tui.panes.ladder.ladder import LadderPane
from fastai_tui.app.tui.panes.ladder.road import RoadPane
from fastai_tui.app.tui.panes.ladder.rungs import RungsPane
from fastai_tui.app.tui.plotting import load
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import loader, rungs, schema
from fastai_tui.lessons.panes import PANES
from tests.tui.course import NearLab, opened, press, rest
from tests.tui.course import canned_runs as canned_runs
from tests.tui.host import Host, SilentLab, scene
from tests.tui.ladder_runs import ladder_run
from tests.tui.looks import same_as_golden
from tests.unit.canned_runs import alive

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
KEYS = [*"aefijklmpuvyzADK1,.<>[]", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
ACCURACIES = {"linear": 0.43, "conv": 0.66, "layers": 0.65, "norm": 0.83, "deep": 0.79, "skips": 0.85, "wide": 0.86}
STEPS = (0.8, 0.822, 0.826, 0.818, 0.831, 0.837, 0.841, 0.843)
DIGITS = [rung for rung in rungs.road("colour-digits") if not rung.closed]


@pytest.fixture(autouse=True, scope="module")
def _plots() -> None:
    load()


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)


def order_of(model: str, **settings: Any) -> schema.Run:
    asked = {"model": model, "preset": "quick", **settings}
    return schema.Run(experiment="cifar10", epochs=3, data="colour-digits", set=asked)


def ladder(lab: Any = None, run: schema.Run | None = None, **given: Any) -> LadderPane:
    lab = lab or SilentLab({"describe": lambda job: {"parameters": 1234}})
    return LadderPane(scene("ladder", run=run or order_of("norm"), lab=lab, **given))


def road(**given: Any) -> RoadPane:
    return RoadPane(scene("road", run=order_of("fast"), **given))


def rungs_trained() -> tuple[Run, ...]:
    return tuple(ladder_run(name, value, 2 - value, seconds=1.0 + value) for name, value in ACCURACIES.items())


def steps_trained(count: int = len(STEPS)) -> tuple[Run, ...]:
    made = []
    for rung, value in list(zip(DIGITS, STEPS, strict=True))[:count]:
        settings = {name: word for name, word in rung.key.items() if name != "model"}
        made.append(ladder_run("fast", value, 1.5 - value, settings=settings))
    return tuple(made)


async def tell(pane: RungsPane, runs: tuple[Run, ...]) -> None:
    """Do as the screen does, and wait until the runs have been read."""
    pane.chapter_runs = tuple(run.id for run in runs)
    newest = runs[-1] if runs else None
    pane.follow(newest, Watcher(newest).snapshot() if newest else None, pane.chapter_runs)
    for worker in [w for w in pane.workers if w.group == "watch" and not w.is_finished]:
        await worker.wait()


def play(
    pane: RungsPane,
    *keys: str,
    runs: tuple[Run, ...] = (),
    size: tuple[int, int] = (78, 18),
    then: Callable[[Any, Host], Awaitable[None]] | None = None,
    **look: Any,
) -> str:
    async def run() -> str:
        host = Host(pane, **look)
        async with host.run_test(size=size) as pilot:
            await tell(pane, runs)
            await pilot.pause()
            for key in keys:
                await pilot.press(key)
            if then is not None:
                await then(pilot, host)
            await pilot.pause()
            pane.redraw()
            return pane.sheet.text

    return asyncio.run(run())


def orders(host: Host) -> list[dict[str, Any]]:
    """The settings of what the pane wanted to be trained."""
    return [dict(message.order.set) for message in host.told if isinstance(message, Pane.Train) and message.order]


@pytest.mark.parametrize(("kind", "make", "runs"), [("ladder", ladder, rungs_trained), ("road", road, steps_trained)])
def test_it_measures_what_it_declares(kind: str, make: Any, runs: Any) -> None:
    pane = make()
    play(pane, "down", runs=runs())
    assert set(pane.measured()) == set(PANES[kind].measures)
    assert set(PANES[kind].options) == {"view"}
    empty = make()
    play(empty)
    assert set(empty.measured()) < set(PANES[kind].measures)


def test_the_ladder_is_read_from_the_chapters_runs() -> None:
    pane = ladder()
    text = play(pane, "down", "down", "down", "down", runs=rungs_trained())
    measured = pane.measured()
    assert (measured["rung"], measured["trained"], measured["rows"], measured["best"]) == ("deep", 7, 10, "wide")
    assert measured["order"] == 1
    assert measured["deep_gain"] == pytest.approx(0.79 - 0.83)
    assert measured["skip_gain"] == pytest.approx(0.85 - 0.79)
    assert measured["gain"] == measured["deep_gain"]
    assert measured["rung_seconds"] == pytest.approx(3 * 1.79 + 0 + 1 + 2)
    assert "−4.0 points to norm" in text
    assert "7/10 trained" in text
    assert "resnet" in text


def test_a_rung_has_the_newest_run_that_was_trained_as_the_page_would() -> None:
    runs = (
        ladder_run("norm", 0.7, 1.0),
        ladder_run("norm", 0.8, 0.9),
        ladder_run("norm", 0.5, 1.9, settings={"lr": 0.5}),
        ladder_run("conv", 0.6, 1.2, epochs=5),
        ladder_run("norm", 0.1, 9.9, done=1, reason="failed"),
    )
    pane = ladder()
    text = play(pane, "down", runs=runs)
    by_name = {row.rung.name: row for row in pane.rows}
    assert by_name["norm"].accuracy == 0.8
    assert by_name["norm"].differs == ()
    assert by_name["conv"].differs == ("5 epochs",)
    assert "* 0004-cifar10 has 5 epochs." in text
    assert "\n*conv" in text


def test_with_cifar10_the_courses_accuracies_stand_beside_and_with_digits_it_says_why_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pane = ladder()
    text = play(pane, runs=rungs_trained()[:1])
    assert "course" not in text.splitlines()[1]
    assert "says nothing of these data" in text
    monkeypatch.setattr(rungs_pane, "REAL", "colour-digits")
    text = play(pane := ladder(), *["down"] * 5, runs=rungs_trained())
    lines = {line.split()[0]: line.split() for line in text.splitlines()[2:9]}
    course = {"linear": 47, "conv": 59, "layers": 57, "norm": 70, "deep": 66, "skips": 73, "wide": 69}
    assert {name: line[2] for name, line in lines.items()} == {name: f"{each}%" for name, each in course.items()}
    assert "The course: 73% after 9 epochs, 82% after 41 epochs." in text


def test_space_trains_the_rung_at_the_cursor_and_the_lab_tells_its_parameters() -> None:
    pane = ladder()

    async def train(pilot: Any, host: Host) -> None:
        assert orders(host) == [{"model": "conv", "preset": "quick"}]
        pane.redraw()
        assert "begins" in pane.sheet.text

    play(pane, "down", "space", "space", then=train)
    assert pane.described["linear"] == 1234
    assert list(pane.command())[:6] == ["train", "cifar10", "--set", "model=conv", "--set", "preset=quick"]


def test_the_knobs_of_the_page_hold_for_every_rung_that_can_have_them() -> None:
    knob = schema.Knob(setting="bs", default=16)
    step = schema.Step(id="a", title="A", pane="ladder", prose="Prose.", run=order_of("norm"), knobs=(knob,))
    pane = LadderPane(replace(scene("ladder"), step=step, knobs={"bs": 16}))
    assert [job.settings["bs"] for job in pane.jobs if job] == [16] * 10
    assert {(job.epochs, job.data) for job in pane.jobs if job} == {(3, "colour-digits")}
    assert dict(pane.step_of(pane.rungs[0]).run.set)["bs"] == 16
    badly = ladder(run=order_of("norm", norm="before"))
    assert "linear has no norm" in play(badly)
    assert badly.errors[3] == ""


def test_a_trains_what_is_missing_one_after_the_other_until_one_does_not_end_well() -> None:
    pane = ladder()
    runs = rungs_trained()

    async def follow(pilot: Any, host: Host) -> None:
        assert [order["model"] for order in orders(host)] == ["resnet"]
        done = (*runs, ladder_run("resnet", 0.87, 0.5))
        await tell(pane, done)
        await pilot.pause()
        assert [order["model"] for order in orders(host)] == ["resnet", "preact"]
        await tell(pane, (*done, ladder_run("preact", 0.2, 0.5, done=1, reason="stopped")))
        await pilot.pause()
        assert [order["model"] for order in orders(host)] == ["resnet", "preact"]
        assert not pane.all

    play(pane, "a", runs=runs, then=follow)


def test_all_stops_when_it_is_told_to_or_when_everything_is_there() -> None:
    async def enough(pilot: Any, host: Host) -> None:
        assert len(orders(host)) == 1
        await pilot.press("a")
        await tell(pane, (*runs, ladder_run("resnet", 0.87, 0.5)))
        await pilot.pause()
        assert len(orders(host)) == 1

    runs = rungs_trained()
    play(pane := ladder(), "a", runs=runs, then=enough)
    every = (*rungs_trained(), *(ladder_run(name, 0.9, 0.4) for name in ("resnet", "preact", "fast")))
    play(pane := ladder(), "a", runs=every)
    assert not pane.all
    assert pane.measured()["trained"] == 10


def test_a_run_that_never_comes_is_forgotten() -> None:
    pane = ladder()

    async def wait(pilot: Any, host: Host) -> None:
        for _ in range(beginning.PATIENCE):
            pane._awaited.wait()
        assert pane._awaited.row == -1
        assert not pane.all

    play(pane, "a", then=wait)


def test_a_run_that_goes_on_is_followed_and_space_pauses_it() -> None:
    runs = (*rungs_trained(), ladder_run("resnet", 0.5, 1.0, done=1))
    pane = ladder()

    async def pause(pilot: Any, host: Host) -> None:
        assert "33%" in next(line for line in pane.sheet.text.splitlines() if "resnet" in line)
        assert (pane.measured()["running"], pane.measured()["trained"]) == (1, 7)
        assert [message.do for message in host.told if isinstance(message, Pane.Steer)] == ["pause"]
        assert orders(host) == []

    with alive(runs[-1]):
        text = play(pane, "space", runs=runs, then=pause)
    assert "It trains. u stops it." in text


def test_the_road_adds_one_step_a_row_and_tells_what_each_buys() -> None:
    pane = road()
    text = play(pane, "home", *["down"] * 3, runs=steps_trained())
    measured = pane.measured()
    assert (measured["step"], measured["added"], measured["whole"], measured["trained"]) == ("scale", 7, 1, 8)
    gains = [round(after - before, 6) for before, after in pairwise(STEPS)]
    assert measured["gain"] == gains[2] < 0
    assert (measured["best"], measured["best_gain"]) == ("whiten", gains[0])
    assert measured["total_gain"] == round(STEPS[-1] - STEPS[0], 6)
    assert measured["small"] == sum(abs(gain) < 0.01 for gain in gains)
    assert "−0.8" in text
    assert text.count("not for digits") == 2


def test_the_road_begins_where_the_next_step_is_to_be_trained() -> None:
    def check(runs: tuple[Run, ...], step: str) -> None:
        async def train(pilot: Any, host: Host) -> None:
            wanted = next(rung for rung in DIGITS if rung.name == step)
            assert orders(host) == [{"preset": "quick", **wanted.key}]

        play(road(), "space", runs=runs, then=train)

    check((), "bare")
    check(steps_trained(2), "act")


def test_a_step_whose_run_failed_says_why_and_waits_for_another_try() -> None:
    pane = road()
    runs = steps_trained(2)

    async def fail(pilot: Any, host: Host) -> None:
        wanted = orders(host)[0]
        failed = ladder_run("fast", 0.2, 9.9, done=1, reason="failed", settings={**wanted, "preset": "usual"})
        await tell(pane, (*runs, failed))
        await pilot.pause()
        assert not pane.all
        assert pane.rungs[pane.at].name == "act"
        assert "Failed. space tries again." in pane.sheet.text
        await pilot.press("space")
        assert orders(host) == [wanted, wanted]

    play(pane, "a", runs=runs, then=fail)


def test_a_step_that_would_mirror_digits_can_not_be_trained() -> None:
    async def none(pilot: Any, host: Host) -> None:
        assert orders(host) == []
        assert any("Mirrored digits are no digits" in m.sentence for m in host.told if isinstance(m, Pane.Said))

    pane = road()
    play(pane, "home", *["down"] * 6, "space", then=none)
    assert pane.measured()["step"] == "flip"
    assert pane.command() == ()


@pytest.mark.parametrize("hidden", ["gain", "accuracy", "best"])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (100, 54)])
def test_no_accuracy_is_shown_before_it_was_predicted(hidden: str, size: tuple[int, int]) -> None:
    pane, seen = road(hidden=frozenset({hidden})), []

    async def look(pilot: Any, host: Host) -> None:
        for _ in pane.COLUMNS:
            await pilot.pause()
            seen.append(pane.sheet.text + pane.sentence())
            await pilot.press("v")

    play(pane, runs=steps_trained(), size=size, then=look)
    assert not any(f"{value:.1%}" in text or "+2.2" in text for value in STEPS for text in seen)
    assert all("?" in text for text in seen)


def test_a_loss_and_a_time_are_covered_alone() -> None:
    text = play(ladder(hidden=frozenset({"loss", "rung_seconds"})), "v", runs=rungs_trained())
    assert "43.0%" in text
    assert "1.57" not in text
    assert "loss ?" in text
    assert "epochs in ?" in text


def test_bars_show_what_v_chooses() -> None:
    pane = ladder()
    text = play(pane, "v", "v", runs=rungs_trained())
    assert pane.view == "parameters"
    lengths = {line.split()[0]: line.count("█") for line in text.splitlines() if "█" in line}
    assert lengths["linear"] == max(lengths.values()) > 2 * lengths["conv"] > 0
    assert pane.measured()["views"] == 3


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [ladder, road])
def test_any_key_at_any_size(make: Any, size: tuple[int, int]) -> None:
    play(make(lab=SilentLab()), *KEYS, *KEYS, runs=steps_trained(2) + rungs_trained()[:1], size=size)


@pytest.mark.parametrize("make", [ladder, road])
def test_any_key_before_there_is_a_run_or_a_lab(make: Any) -> None:
    play(make(lab=SilentLab()), *KEYS, size=(40, 18))


def test_a_run_that_was_removed_or_can_not_be_read_is_none() -> None:
    runs = rungs_trained()
    (runs[1].path / "run.json").write_text("{")
    RunStore().remove(runs[2].path)
    pane = ladder()
    play(pane, runs=runs)
    assert pane.measured()["trained"] == 5


def test_without_a_run_it_says_that_it_can_train_nothing() -> None:
    pane = LadderPane(scene("ladder"))
    assert "trains nothing" in play(pane, "space", "a", "down")
    assert pane.command() == ()


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "x", "view": 7, "seen": 9, "views": "all"},
        {"at": 10**9, "view": "junk", "seen": ["junk", 3], "views": [4, "junk"]},
        {"at": -5, "seen": [[]], "views": [{}]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = ladder(kept=kept)
    assert "linear" in play(pane)
    assert pane.measured()["visited"] == pane.measured()["views"] == 1


def test_what_is_kept_is_found_again() -> None:
    pane = ladder()
    play(pane, "down", "down", "v")
    again = ladder(kept=pane.kept())
    play(again)
    assert (again.at, again.view, again.seen) == (2, "loss", {"linear", "conv", "layers"})


CHAPTER = """+++
schema = 1
number = 1
slug = "climbs"
title = "Climbs"
about = "Climbs."
+++

Words.

## All {#all}

```toml step
pane = "ladder"

[run]
experiment = "cifar10"
epochs = 3
data = "colour-digits"
set = { model = "norm", preset = "quick" }

[[goal]]
id = "two"
say = "Train two."
when = "trained >= 2"
```

Words.

## On {#on}

```toml step
pane = "road"

[run]
experiment = "cifar10"
epochs = 3
data = "colour-digits"
set = { model = "fast", preset = "quick" }

[[goal]]
id = "whole"
say = "Go all the way."
when = "whole == 1"
```

Words.
"""


async def test_in_a_chapter_rungs_are_trained_and_found_by_the_other_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canned_runs: None
) -> None:
    (tmp_path / "01-climbs.md").write_text(CHAPTER)
    monkeypatch.setattr(loader, "folder", lambda: tmp_path)
    lab = NearLab({"describe": lambda job: {"parameters": 1234}})
    async with opened("climbs", "all", the_lab=lab) as app:
        await press(app, "space")
        await until(app, lambda: app.screen.pane.measured()["trained"] == 1)
        await press(app, "end", "space")
        await until(app, lambda: app.screen.pane.measured()["trained"] == 2)
        assert {row.rung.name for row in app.screen.pane.rows if row.trained} == {"linear", "fast"}
        await press(app, "n")
        assert isinstance(app.screen.pane, RoadPane)
        await press(app, "a")
        await until(app, lambda: app.screen.pane.measured()["whole"] == 1)
        assert app.screen.pane.measured()["added"] == 7
        assert len(app.screen.pane.chapter_runs) == 10


async def until(app: Any, reached: Callable[[], bool]) -> None:
    for _ in range(300):
        if reached():
            return
        await asyncio.sleep(0.02)
        await rest(app)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
@pytest.mark.parametrize(("name", "make", "runs"), [("ladder", ladder, rungs_trained), ("road", road, steps_trained)])
def test_it_looks_as_it_did(name: str, make: Any, runs: Any, size: tuple[int, int]) -> None:
    text = play(make(), "home", *["down"] * 4, *["v"] * (name == "road"), runs=runs(), size=size)
    same_as_golden(f"panes/{name}-{size[0]}x{size[1]}", text)
