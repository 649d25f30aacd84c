"""What no learner does on purpose: any key at any time, any size, junk from the clipboard. Nothing breaks or is lost.

`make acceptance` presses 10,000 keys in every step; `make test` a share of that in one step of each kind of pane.
"""

import asyncio
import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size

from fastai_tui.app.tui.app import LessonsApp
from fastai_tui.app.tui.screens.chapter import ChapterScreen
from fastai_tui.app.tui.screens.glossary import GlossaryScreen
from fastai_tui.app.tui.screens.page import Page
from fastai_tui.app.tui.screens.search import SearchScreen
from fastai_tui.lessons import progress
from fastai_tui.lessons.progress import Progress
from tests.shipped import CHAPTERS, STEPS
from tests.tui.course import canned_runs as canned_runs
from tests.tui.course import flood, handled, in_colours, opened, post, rest

FIRST = {step.pane: (c.slug, step.id) for c in reversed(CHAPTERS.values()) for step in reversed(c.steps)}  # of its kind
NAMED = [
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape", "tab", "shift+tab"),
    *("space", "backspace", "delete", "insert", "f1", "f5", "ctrl+a", "ctrl+c", "ctrl+l", "ctrl+t", "ctrl+z", "ctrl+@"),
    *("shift+up", "ctrl+right", "alt+x", "ctrl+shift+end"),
]
LEAVING = "qo"  # quitting, and the options, which may reset the progress: they have tests of their own
KEYS = [*NAMED, *(c for c in string.printable if c.isprintable() and c != " " and c not in LEAVING), "é", "漢", "👍"]
LIKELY = ["up", "down", "left", "right", "space", "enter", "n", "b", "v", "k", "d", "e", "+", "-", "tab", "escape", "["]
A_FEW, ALL = 50, 10_000
SIZES = [
    (1, 1),
    (2, 1),
    (1, 3),
    (7, 2),
    (12, 5),
    (20, 4),
    (39, 9),
    (40, 12),
    (60, 16),
    (80, 24),
    (160, 50),
    (250, 3),
    (5, 90),
]
JUNK = "".join(map(chr, range(256))) + "\x1b[31m\x1b[2J\x1b]52;c;AAAA\x07 123 漢字 \ud83d" + "‮é" * 30


def keys(seed: str, count: int) -> Iterator[str]:
    """Keys of every kind, the likely ones more often, some held down for a while."""
    chance = random.Random(seed)
    while count > 0:
        key = chance.choice(LIKELY if chance.random() < 0.5 else KEYS)
        times = chance.randrange(2, 30) if chance.random() < 0.05 else 1
        yield from [key] * min(times, count)
        count -= times


def resize(app: LessonsApp, width: int, height: int) -> None:
    """Have the terminal tell of another size."""
    size = Size(width, height)
    app._driver._size = size  # type: ignore[union-attr]
    event = events.Resize(size, size)
    event.set_sender(app)
    app.post_message(event)


async def back_to(app: LessonsApp, chapter: str, step: str) -> None:
    """Wherever the keys have led to: open the step again; the last of them may still be on their way elsewhere."""
    for _ in range(5):
        app.post_message(Page.Open(chapter, step))
        await handled(app)
        await rest(app)
        screen = app.screen
        if isinstance(screen, ChapterScreen) and (screen.chapter.slug, screen.step.id) == (chapter, step):
            return
    raise AssertionError(f"{chapter}/{step} does not open: {app.screen}")


async def tortured(chapter: str, step: str, count: int) -> Progress:
    """Press so many keys in a step, at changing sizes."""
    chance = random.Random(step)
    async with opened(chapter, step) as app:
        sequence = list(keys(f"{chapter}/{step}", count))
        for start in range(0, count, 150):
            await back_to(app, chapter, step)
            await flood(app, sequence[start : start + 150], between=chance.choice([1, 5, 40]))
            resize(app, *chance.choice(SIZES))
            await handled(app)
        resize(app, 80, 24)
        await back_to(app, chapter, step)
    return app.keeper.progress


def same_place(one: Progress, other: Progress) -> bool:
    return progress.encode(one) == progress.encode(other)


@pytest.mark.usefixtures("canned_runs")
@pytest.mark.parametrize(("chapter", "step"), FIRST.values(), ids=FIRST)
def test_any_keys_in_every_pane(home: Path, monkeypatch: pytest.MonkeyPatch, chapter: str, step: str) -> None:
    in_colours(monkeypatch, "truecolor")
    known = asyncio.run(tortured(chapter, step, A_FEW))
    kept, trouble = progress.read()
    assert not trouble
    assert same_place(kept, known)
    assert not (home / "errors.log").exists()


@pytest.mark.acceptance
@pytest.mark.usefixtures("canned_runs")
@pytest.mark.parametrize(("chapter", "step"), STEPS)
def test_ten_thousand_keys_in_every_step(home: Path, monkeypatch: pytest.MonkeyPatch, chapter: str, step: str) -> None:
    in_colours(monkeypatch, "truecolor")
    known = asyncio.run(tortured(chapter, step, ALL))
    kept, trouble = progress.read()
    assert not trouble
    assert same_place(kept, known)
    assert not (home / "errors.log").exists()


@pytest.mark.usefixtures("canned_runs")
@pytest.mark.parametrize(
    ("chapter", "depth", "turn"),
    [
        *((chapter, ("truecolor", "none")[number % 2], number % 2) for number, chapter in enumerate(CHAPTERS)),
        *(
            pytest.param(chapter, depth, None, marks=pytest.mark.acceptance)
            for chapter in CHAPTERS
            for depth in ("truecolor", "none")
        ),
    ],
)
def test_a_storm_of_sizes(monkeypatch: pytest.MonkeyPatch, chapter: str, depth: str, turn: int | None) -> None:
    """`make test` has half of the kinds of panes of each chapter, in colours or without in turn, and each has a quarter
    of the sizes; `make acceptance` has all steps in both."""
    shown = steps_of(chapter, first=turn is not None)[turn or 0 :: 1 if turn is None else 2]
    in_colours(monkeypatch, depth)

    async def storm() -> None:
        async with opened(chapter, depth=depth, unicode=depth != "none") as app:
            for number, step in enumerate(shown):
                await back_to(app, chapter, step)
                for size in SIZES if turn is None else SIZES[number % 4 :: 4]:
                    resize(app, *size)
                    await handled(app)
                    for key in ("w", "v", "enter", "right"):
                        post(app, key)
                    await handled(app)
                    assert app.size == Size(*size)
                for width in range(1, 200, 27):  # without a pause
                    resize(app, width, max(1, width // 4))
                await handled(app)

    asyncio.run(storm())


def steps_of(chapter: str, *, first: bool) -> list[str]:
    """A chapter's steps: all, or the first of each kind of pane."""
    return [step for slug, step in STEPS if slug == chapter and (not first or (slug, step) in FIRST.values())]


@pytest.mark.usefixtures("canned_runs")
@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("first", [True, pytest.param(False, marks=pytest.mark.acceptance)], ids=["kinds", "all"])
def test_junk_is_pasted_everywhere(chapter: str, first: bool) -> None:
    async def paste() -> None:
        async with opened(chapter) as app:
            before = progress.encode(app.keeper.progress)
            for step in steps_of(chapter, first=first):
                await back_to(app, chapter, step)
                for text in (JUNK, "7" * 100_000):
                    app.post_message(events.Paste(text))
                    post(app, "enter")
                    app.post_message(events.Paste(text))
                    await handled(app)
                    post(app, "escape")
                await handled(app)
            after = app.keeper.progress
            assert progress.decode(before, "before").place is not None
            assert not any(done.answers for chapter in after.chapters.values() for done in chapter.values())

    asyncio.run(paste())


@pytest.mark.usefixtures("canned_runs")
@pytest.mark.parametrize("door", ["question_mark", "slash", "r", "o", "c", "x", "s", "g", "ctrl+p", "h", "escape"])
def test_any_keys_on_the_other_screens(home: Path, monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    in_colours(monkeypatch, "256")

    async def go() -> None:
        async with opened("convolution", "window", depth="256") as app:
            monkeypatch.setattr(app, "exit", lambda *args, **options: None)
            monkeypatch.setattr(app, "action_quit", lambda: None)
            sequence = list(keys(door, A_FEW))
            for start in range(0, A_FEW, 90):
                await back_to(app, "convolution", "window")
                await flood(app, [door, *sequence[start : start + 90]], between=7)
                resize(app, *random.Random(f"{door}{start}").choice(SIZES))
                await handled(app)

    asyncio.run(go())
    assert not progress.read()[1]
    assert not (home / "errors.log").exists()


def test_a_page_that_is_closed_already_closes_nothing_else_and_bears_late_calls() -> None:
    async def go() -> None:
        async with opened("convolution", "window") as app:
            await flood(app, ["slash", *"padding"], between=1)
            await rest(app)
            search = app.screen
            assert isinstance(search, SearchScreen)
            assert search.hits
            for _ in range(3):  # enter, and held down a moment too long
                search.picked(search.hits[0].entry)
            search.action_back()
            await rest(app)
            assert isinstance(app.screen, ChapterScreen | GlossaryScreen)
            assert search not in app.screen_stack
            search.lines.redraw()
            search.lines.refresh_bindings()

    asyncio.run(go())
