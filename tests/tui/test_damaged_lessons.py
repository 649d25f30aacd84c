"""Lesson files with mistakes of every kind: `check` names line and remedy, and the app opens whatever can be opened."""

import asyncio
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.screens.chapter import ChapterScreen
from fastai_tui.app.tui.screens.page import Page
from fastai_tui.lessons import check, loader
from fastai_tui.lessons.schema import Chapter, Step
from tests.conftest import ROOT
from tests.shipped import CHAPTERS
from tests.tui.course import canned_runs as canned_runs
from tests.tui.course import flood, handled, opened, rest

SHIPPED = [path.read_text() for path in sorted((ROOT / "lessons" / "chapters").glob("*.md"))]
NAMES = ["1-convolution.md", "2-first-cnn.md"]
JUNK = [
    "",
    "0",
    "-1",
    "99999999999",
    "nan",
    "1e400",
    '"x"',
    "[]",
    "[1, 2, 3]",
    "true",
    "{}",
    "\x00",
    "é漢\u202e",
    "'''",
    "[[",
    "+++",
]
ENOUGH = 2  # steps of a chapter with the same mistake
VALUE = re.compile(r"(?<== )[^\n]+")
# What a file may say that reads well and means nothing: such a chapter is opened
SWAPS = [
    ("[14, 14]", "[-7, 9999]"),
    ("[14, 14]", '["a", "b"]'),
    ("mnist-sample:1502", "mnist-sample:999999999"),
    ("mnist-sample:1502", "nowhere:-1"),
    ('"top_edge"', '"no_such_kernel"'),
    ('"top_edge"', '"1,2;3,4;nan,5"'),
    ("layer = 1", "layer = -3"),
    ("high = 512", "high = 1e300"),
    ("low = 8", "low = -1e300"),
    ("factor = 2.0", "factor = 0.0"),
    ("factor = 10.0", "factor = -1.0"),
    ("step = 1", "step = 0"),
    ("default = 64", "default = 10**9"),
    ("default = 28", "default = 1"),
    ('experiment = "mnist-3v7"', 'experiment = "no-such"'),
    ('model = "cnn"', 'model = "no-such"'),
    ("epochs = 5", "epochs = -5"),
    ("epochs = 5", "epochs = 0"),
    ('data = "mnist-sample"', 'data = "/dev/null"'),
    ('pane = "window"', 'pane = "mistakes"'),
    ('pane = "geometry"', 'pane = "train"'),
    ('pane = "network"', 'pane = "compare"'),
    ('pane = "learned"', 'pane = "pixels"'),
    ('pane = "batch"', 'pane = "no-such-pane"'),
    ('hides = "sum"', 'hides = "no-such"'),
    ('measure = "accuracy"', 'measure = "no-such"'),
    ("value == 255", "no_such == 255"),
    ('code = "engine', 'code = "no.such.module'),
    ("[[pixel]]", "[[no such term]]"),
]
one_edit = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 20_000), st.integers(0, 300)),
    st.tuples(st.just("value"), st.integers(0, 400), st.sampled_from(JUNK)),
    st.tuples(st.just("swap"), st.sampled_from(SWAPS), st.just(0)),
    st.tuples(st.just("line"), st.integers(0, 700), st.sampled_from(["drop", "twice", "first"])),
    st.tuples(st.just("end"), st.integers(0, 20_000), st.just(0)),
)


def edited(text: str, edits: list[tuple[str, object, object]]) -> str:
    """The text with these mistakes."""
    for kind, what, how in edits:
        if kind == "cut":
            text = text[: int(str(what))] + text[int(str(what)) + int(str(how)) :]
        elif kind == "end":
            text = text[: int(str(what))]
        elif kind == "swap":
            old, new = what  # type: ignore[misc]
            text = text.replace(old, new)
        elif kind == "value":
            found = list(VALUE.finditer(text))
            if found:
                at = found[int(str(what)) % len(found)]
                text = text[: at.start()] + str(how) + text[at.end() :]
        else:
            lines = text.splitlines(keepends=True)
            place = int(str(what)) % max(len(lines), 1)
            line = lines[place : place + 1]
            lines[place : place + 1] = {"drop": [], "twice": line * 2, "first": []}[str(how)]
            text = "".join(line if how == "first" else []) + "".join(lines)
    return text


def plainly(step: Step) -> str:
    """A step, wherever in its file it stands."""
    return re.sub(r"line=\d+", "", repr(step))


UNHARMED = {plainly(step) for chapter in CHAPTERS.values() for step in chapter.steps}


async def play(folder: Path) -> None:
    """Open the app, and steps that a mistake is in."""
    async with opened(size=(80, 24)) as app:
        assert len(app.chapters) + bool(app.problems) >= 1
        for chapter in app.chapters:
            for step in [step for step in chapter.steps if plainly(step) not in UNHARMED][:ENOUGH]:
                app.screen.post_message(Page.Open(chapter.slug, step.id))
                await handled(app)
                if isinstance(app.screen, ChapterScreen):
                    await flood(
                        app,
                        ["+", "tab", "-", "enter", "escape", "h", "v", "right", "space", "c", "escape", "x", "escape"],
                    )
        await flood(app, ["escape", "slash", "s", "u", "m", "escape"])
        await rest(app)


def opens(folder: Path, monkeypatch: pytest.MonkeyPatch, edits: list[list[tuple[str, object, object]]]) -> None:
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text, mistakes in zip(NAMES, SHIPPED, itertools.cycle(edits), strict=False):
        (folder / name).write_bytes(edited(text, mistakes).encode("utf-8", "surrogatepass"))
    monkeypatch.setattr(loader, "folder", lambda: folder)
    asyncio.run(play(folder))
    for path in folder.glob("*.md"):
        found = check.check_files([path]).problems
        assert all(problem.line >= 1 and "\n" not in str(problem) for problem in found)
        if not isinstance(loader.load(path), Chapter):
            assert found


@pytest.mark.usefixtures("canned_runs")
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(one_edit, min_size=1, max_size=4), st.lists(one_edit, max_size=4))
def test_the_app_opens_whatever_the_lessons_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: list[tuple[str, object, object]],
    second: list[tuple[str, object, object]],
) -> None:
    opens(tmp_path, monkeypatch, [first, second])


@pytest.mark.usefixtures("canned_runs")
@pytest.mark.parametrize(
    "swap",
    [
        pytest.param(swap, id=swap[1], marks=[pytest.mark.acceptance] if number % 3 else [])  # a third every day
        for number, swap in enumerate(SWAPS)
    ],
)
def test_the_app_opens_lessons_that_mean_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: tuple[str, str]
) -> None:
    assert any(swap[0] in text for text in SHIPPED), "it changes nothing"
    opens(tmp_path, monkeypatch, [[("swap", swap, 0)], [("swap", swap, 0)]])
