"""Every screen at 80×24, 120×40 and 40×12, and every theme at every depth of colour, as they go to the terminal.

`FASTAI_TUI_GOLDEN=write pytest tests/tui/test_every_screen.py` draws them anew: then read the diff in tests/golden.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fastai_tui.app import config
from fastai_tui.app.tui import themes
from fastai_tui.app.tui.app import LessonsApp
from fastai_tui.app.tui.screens.options import OptionsScreen
from fastai_tui.engine import home
from fastai_tui.engine.interpret import batch
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import progress
from fastai_tui.lessons.schema import Chapter, Step
from tests.shipped import CHAPTERS, STEPS
from tests.tui.course import NearLab, canned_runs, in_colours, opened, over_at_once, press, rest
from tests.tui.lab_answers import ANSWERS, unhurried
from tests.tui.looks import Look, look, same_as_golden, writes_goldens
from tests.tui.signal_labs import BlockLab, MeasuringLab

SIZES = [(80, 24), (120, 40), (40, 12)]
TRAINED = ("baseline", "crash", "training", "knobs", "knobs", "ten")  # the steps that have runs already

__all__ = ["canned_runs"]


def a_lab() -> NearLab:
    of_signals = {"signals": MeasuringLab().signals, "residuals": BlockLab().residuals}
    return NearLab({**ANSWERS, **of_signals, "convolve_batch": lambda **asked: unhurried(batch.answer(**asked))})


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch, canned_runs: None) -> Iterator[None]:
    """No clock, no machine, no home shows through."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    facts = [("home", "/home/ada/.local/share/fastai-tui"), ("in it", "progress.json"), ("versions", "textual 8.2.8")]
    monkeypatch.setattr(OptionsScreen, "_facts", lambda self: facts)
    yield
    monkeypatch.undo()
    time.tzset()


def job(step: Step) -> Any:
    from fastai_tui.app.tui.orders import command_of, job_of

    return job_of(step, {}), ["fastai-tui", *command_of(step, {})]


PREPARED: dict[int, dict[str, bytes]] = {}  # the files that `with_runs` makes, by its argument


def with_runs(done: int = 3) -> None:
    """Some steps of each chapter are done, and the runs of the second one are there."""
    if done not in PREPARED:
        prepare(done)
        PREPARED[done] = {
            str(file.relative_to(home.home())): file.read_bytes() for file in home.home().rglob("*") if file.is_file()
        }
    for name, content in PREPARED[done].items():
        path = home.home() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def prepare(done: int) -> None:
    """Make them, in a home that is empty."""
    kept, chapter = progress.Progress(), CHAPTERS["first-cnn"]
    for one in CHAPTERS.values():
        for step in one.steps[:done]:
            kept = kept.put(one.slug, step.id, done=True)
    for id in TRAINED:
        step = chapter.step(id)
        assert step is not None
        asked, command = job(step)
        run = over_at_once(RunStore().create(asked, "", command))
        before = kept.of(chapter.slug, id).state.get("runs", [])
        assert isinstance(before, list)
        kept = kept.put(chapter.slug, id, state={"runs": [*before, run.id]})
    progress.replace(kept)


async def at_sizes(
    name: str,
    show: Callable[[LessonsApp], Any],
    chapter: str = "",
    step: str = "",
    runs: bool = True,
    sizes: Sequence[tuple[int, int]] = SIZES,
) -> None:
    """Compare a screen at these sizes; at the first one with its colours."""
    pages = {}
    for size in SIZES if writes_goldens() else sizes:
        shutil.rmtree(home.home(), ignore_errors=True)
        if runs:
            with_runs()
        async with opened(chapter, step, size, the_lab=a_lab()) as app:
            await show(app)
            now = look(app)
        title = f"═══ {size[0]}×{size[1]}"
        pages[title] = f"{title}\n{now.text}" + (f"\n─── styles\n{now.styles}" if size == SIZES[0] else "")
    if len(pages) == len(SIZES):
        same_as_golden(f"screens/{name}", "\n".join(pages.values()))
    else:
        for title, text in pages.items():
            same_as_golden(f"screens/{name}", text, title)


def keys(*names: str) -> Callable[[LessonsApp], Any]:
    """Show what these keys lead to."""

    async def pressed(app: LessonsApp) -> None:
        await press(app, *names)

    return pressed


@pytest.mark.parametrize(("chapter", "step"), STEPS)
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.acceptance)], ids=["two sizes", "all"])
async def test_every_step(monkeypatch: pytest.MonkeyPatch, chapter: str, step: str, every: bool) -> None:
    """`make test` has each step at 80×24 and, in turn, at one of the other sizes; `make acceptance` has all."""
    in_colours(monkeypatch, "truecolor")
    number = [s.id for s in CHAPTERS[chapter].steps].index(step) + 1
    sizes = SIZES if every else (SIZES[0], SIZES[1 + number % 2])

    async def followed(app: LessonsApp) -> None:
        runs: Any = app.screen.runs  # type: ignore[attr-defined]
        while runs.family and (runs.shot is None or len(runs.own_shots) < len(runs.own)):
            await rest(app)  # their folders are read beside the loop
        await rest(app)

    await at_sizes(f"{chapter}-{number:02}-{step}", followed, chapter, step, sizes=sizes)


OTHERS: dict[str, tuple[str, ...]] = {
    "question-number": ("enter", "7", "6"),
    "question-choice": ("n", "n", "n", "n", "n", "n", "n", "enter", "1", "enter", "enter"),
    "answer-right": ("enter", "7", "6", "2", "enter"),
    "answer-wrong": ("enter", "9", "enter"),
    "hint": ("h", "h"),
    "term": ("g",),
    "page-alone-or-pane-alone": ("w",),
    "help": ("question_mark",),
    "code": ("c",),
    "command": ("x",),
    "words": ("s",),
    "search": ("slash", "p", "a", "d", "d"),
    "options": ("o",),
    "contents": ("escape",),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_every_other_screen(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    in_colours(monkeypatch, "truecolor")
    await at_sizes(name, keys(*OTHERS[name]), "convolution", "window")


async def test_the_first_screen_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    in_colours(monkeypatch, "truecolor")
    await at_sizes("contents-new", keys(), runs=False)


async def test_a_chapters_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    in_colours(monkeypatch, "truecolor")
    await at_sizes("opening", keys(), "convolution", runs=False)


async def test_the_list_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    in_colours(monkeypatch, "truecolor")

    async def show(app: LessonsApp) -> None:
        await press(app, "r")
        while "0.9820" not in look(app).text or "0006" not in look(app).text:  # the files are read beside the loop
            await rest(app)
        await rest(app)

    await at_sizes("runs", show, "convolution", "window")


async def test_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    in_colours(monkeypatch, "truecolor")

    async def show(app: LessonsApp) -> None:
        for key, sight in (("r", "0006"), ("enter", "rate 0.000265")):  # the files are read beside the loop
            await press(app, key)
            while sight not in look(app).text:
                await rest(app)
        await rest(app)

    await at_sizes("run", show, "convolution", "window")


async def test_a_glossary_page(monkeypatch: pytest.MonkeyPatch) -> None:
    in_colours(monkeypatch, "truecolor")

    async def show(app: LessonsApp) -> None:
        from fastai_tui.app.tui.screens.glossary import GlossaryScreen

        app.push_screen(GlossaryScreen(app.glossary, "stride"))
        await rest(app)

    await at_sizes("glossary", show, "convolution", "window")


async def test_a_damaged_progress_file_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_colours(monkeypatch, "truecolor")
    monkeypatch.setattr(progress, "path", lambda: Path("progress.json"))
    monkeypatch.chdir(tmp_path)
    Path("progress.json").write_text('{"version": 99}')

    async def told(app: LessonsApp) -> None:
        while not app.screen.query("Toast"):
            await rest(app)
        await rest(app)

    await at_sizes("progress-from-a-newer-version", told, runs=False)


THEMED = [("convolution", "window"), ("convolution", "edges"), ("first-cnn", "training")]
LOOKS = [(name, depth) for name in themes.NAMES for depth in ("truecolor", "256", "16")] + [("dark", "none")]


@pytest.mark.parametrize(("theme", "depth"), LOOKS)
async def test_every_theme(monkeypatch: pytest.MonkeyPatch, theme: str, depth: str) -> None:
    in_colours(monkeypatch, depth)
    with_runs()
    config.update(theme=theme)
    found: list[Look] = []
    for chapter, step in THEMED:
        async with opened(chapter, step, depth=depth, the_lab=a_lab()) as app:
            assert app._worn.name == theme
            found.append(look(app))
    whole = (f"═══ {step}\n{one.text}\n─── styles\n{one.styles}" for (_, step), one in zip(THEMED, found, strict=True))
    same_as_golden(f"themes/{theme}-{depth}", "\n".join(whole))


def test_the_chapters_are_all_here() -> None:
    assert all(isinstance(chapter, Chapter) for chapter in CHAPTERS.values())
    assert {path.stem for path in (Path(__file__).parent.parent / "golden/screens").glob("*.txt")} == {
        *(f"{c.slug}-{n:02}-{step.id}" for c in CHAPTERS.values() for n, step in enumerate(c.steps, 1)),
        *OTHERS,
        *("contents-new", "opening", "run", "runs", "glossary", "progress-from-a-newer-version"),
    }
