"""The list of runs, one run over the whole screen, and the status line."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.screen import Screen

from fastai_tui.app.tui.screens.command import CommandScreen
from fastai_tui.app.tui.screens.run import RunScreen
from fastai_tui.app.tui.screens.runs import RunsScreen
from fastai_tui.app.tui.screens.say import SayScreen
from fastai_tui.app.tui.sheet import Sheet
from fastai_tui.app.tui.widgets.status import StatusFacts, StatusLine
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.log import LineReader
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from tests.tui.looks import look, same_as_golden
from tests.tui.screens import ScreenHost
from tests.unit.canned_runs import alive, make_run, snapshot

pytestmark = pytest.mark.usefixtures("plots")

SIZES = [(80, 24), (120, 40), (40, 12)]


def play(
    make: Callable[[], Screen[Any]],
    drive: Callable[[Any, ScreenHost], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    **looks: Any,
) -> str:
    async def run() -> str:
        host = ScreenHost(make, **looks)
        async with host.run_test(size=size) as pilot:
            await pilot.pause(0.4)
            await drive(pilot, host)
            await pilot.pause(0.4)
            return look(host).text

    return asyncio.run(run())


async def nothing(pilot: Any, host: ScreenHost) -> None:
    """Just look."""


async def seen(host: ScreenHost, pilot: Any, words: str) -> None:
    """Until it stands on the screen."""
    end = time.monotonic() + 10
    while words not in look(host).text:
        assert time.monotonic() < end, f"never saw {words!r} in\n{look(host).text}"
        await pilot.pause(0.05)


def list_of_runs() -> Screen[Any]:
    return RunsScreen(RunStore())


def some_runs() -> list[Run]:
    runs = [make_run(354, end="finished"), make_run(200, end="stopped"), make_run(130, end="diverged")]
    broken = RunStore().place / "0004-mnist"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    return [*runs, make_run(236, name="mine")]


def asked(run: Run) -> str:
    """What was asked of a run, as it is written."""
    return b"".join(LineReader(run.path / "commands.jsonl").poll()).decode()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_list_of_runs(size: tuple[int, int]) -> None:
    runs = some_runs()
    with alive(runs[-1]):
        text = play(list_of_runs, nothing, size)
    same_as_golden(f"runs/list-{size[0]}x{size[1]}", text)
    assert "5 in all, 1 live" in text
    assert "can not be opened" in text
    assert size != (40, 12) or "2 not shown" in text


def test_an_empty_list_says_how_to_begin() -> None:
    assert "fastai-tui train mnist" in play(list_of_runs, nothing)


def test_the_list_steers_the_run_under_the_cursor() -> None:
    run = some_runs()[-1]

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await pilot.press("space")
        await seen(host, pilot, "pauses after this batch")
        held.say(phase="paused")
        await seen(host, pilot, "paused")
        await pilot.press("space")
        await seen(host, pilot, "goes on")
        await pilot.press("u")
        await seen(host, pilot, "stops")
        await pilot.press("d", "y", "c")
        await pilot.pause(0.2)

    with alive(run) as held:
        play(list_of_runs, drive)
    said = asked(run)
    assert [said.count(f'"do":"{do}"') for do in ("pause", "resume", "stop")] == [1, 1, 1]
    assert run.path.exists()


def test_a_stopped_run_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    resumed = list[str]()
    monkeypatch.setattr(client, "launch", lambda run: resumed.append(run.id))
    runs = some_runs()

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await pilot.press("end", "c", "up", "c")  # the finished one has nothing to continue
        await seen(host, pilot, "goes on from its last checkpoint")

    play(list_of_runs, drive)
    assert resumed == [runs[1].id]


def test_removing_asks_first() -> None:
    runs = some_runs()

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await pilot.press("end", "delete")
        await seen(host, pilot, "Remove 0001-mnist for good")
        await pilot.press("up", "y")
        await pilot.press("end", "d", "escape", "y")
        await pilot.pause(0.2)
        assert runs[0].path.exists()
        await pilot.press("d", "y")
        await seen(host, pilot, "is removed")
        await pilot.press("home", "down")
        await seen(host, pilot, "can not be opened")
        await pilot.press("enter")
        await seen(host, pilot, "is damaged")
        await pilot.press("d", "y")
        await seen(host, pilot, "0004-mnist is removed")

    play(list_of_runs, drive)
    assert not runs[0].path.exists()
    assert len(RunStore().folders()) == 3


def test_a_run_opens_and_escape_leads_back() -> None:
    some_runs()

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await pilot.press("enter")
        await seen(host, pilot, "mine")
        assert isinstance(host.screen, RunScreen)
        await pilot.press("x")
        assert isinstance(host.screen, CommandScreen)
        await pilot.press("escape", "s")
        assert isinstance(host.screen, SayScreen)
        await pilot.press("escape", "escape")
        assert isinstance(host.screen, RunsScreen)
        await pilot.press("s")
        assert isinstance(host.screen, SayScreen)

    assert "smoothed loss 0.1050" in " ".join(play(list_of_runs, drive).split())


def test_a_live_run_is_seen_to_grow() -> None:
    run = make_run(100)

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await seen(host, pilot, "28%")
        grown = make_run(200)
        (run.path / "steps").write_bytes((grown.path / "steps").read_bytes())
        RunStore().remove(grown.path)
        await seen(host, pilot, "56%")

    with alive(run):
        play(list_of_runs, drive)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("what", ["live", "ended", "facts"])
def test_one_run(what: str, size: tuple[int, int]) -> None:
    run = make_run(236) if what == "live" else make_run(354, end="finished")

    async def drive(pilot: Any, host: ScreenHost) -> None:
        while what == "facts" and host.screen.query_one("#run").view != "facts":  # type: ignore[attr-defined]
            await pilot.press("v")

    if what == "live":
        with alive(run):
            text = play(lambda: RunScreen(run), drive, size)
    else:
        text = play(lambda: RunScreen(run), drive, size)
    same_as_golden(f"runs/run-{what}-{size[0]}x{size[1]}", text)
    assert ("schedule=1cycle" in text) == (what == "facts" or size == (120, 40))


def test_the_screen_of_a_run_steers_it() -> None:
    run = make_run(236)

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await pilot.press("space", "space")
        await seen(host, pilot, "pauses after this batch")
        await pilot.press("u")
        await seen(host, pilot, "stops: it writes a checkpoint first")

    with alive(run):
        play(lambda: RunScreen(run), drive)
    assert asked(run).count('"do":"pause"') == 1
    assert asked(run).count('"do":"stop"') == 1


def test_a_run_that_disappears_is_told_of() -> None:
    run = make_run(236)

    async def drive(pilot: Any, host: ScreenHost) -> None:
        await seen(host, pilot, "running")
        (run.path / "run.json").unlink()
        await seen(host, pilot, "can not be read any more")

    with alive(run):
        play(lambda: RunScreen(run), drive)


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_any_keys_at_any_size(depth: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "launch", lambda run: None)
    keys = [*"dynucxsvak", "up", "down", "home", "end", "pageup", "pagedown", "space", "enter", "escape", "delete"]
    draw = random.Random(4)
    some_runs()

    async def drive(pilot: Any, host: ScreenHost) -> None:
        for i in range(60):
            if i % 15 == 0:
                await pilot.resize_terminal(draw.randint(2, 130), draw.randint(2, 45))
            if len(host.screen_stack) < 2:  # escape has closed the list
                host.push_screen(RunsScreen(RunStore()))
            await pilot.press(draw.choice(keys))

    play(list_of_runs, drive, depth=depth, unicode=depth != "none")


def test_the_status_line() -> None:
    shot = snapshot(236)
    line = StatusLine()
    line.facts = StatusFacts.of(shot, waiting=1, lab="starting", link="link thin")
    wide, sheet = Sheet(100, 1), Sheet(80, 1)
    line.draw(wide)
    assert wide.text == " 0002-mnist · running · 67% · 2 s left · cpu · 1 waiting · lab starting · link thin"
    line.draw(sheet)
    assert sheet.text == " 0002-mnist · running · 67% · 2 s left · 1 waiting · lab starting · link thin"
    narrow = Sheet(40, 1)
    line.draw(narrow)
    assert "running · 67%" in narrow.text
    assert "link thin" in narrow.text
    assert narrow.left_out == ["some of the status"]
    line.facts = StatusFacts.of(None, lab="ready")
    line.draw(sheet)
    assert sheet.text.strip() == "no run yet · lab ready"
