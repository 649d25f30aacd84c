"""A good chapter, and a world in which it is good, for the tests of the lessons."""

from fastai_tui.engine.job import Experiment
from fastai_tui.engine.settings import Schema, Setting
from fastai_tui.lessons import glossary, loader
from fastai_tui.lessons.check import World, check_chapter
from fastai_tui.lessons.problems import Problem
from fastai_tui.lessons.schema import Chapter
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "lessons" / "01-edges.md"
GOOD = GOLDEN.read_text()

LR = Setting(name="lr", kind="rates", default=0.01, about="the top learning rate", low=1e-7, high=10.0, live=True)
OPT = Setting(name="opt", kind="choice", default="adam", about="the optimiser", choices=("adam", "sgd"))
EXPERIMENT = Experiment(
    name="mnist-3v7",
    about="threes against sevens",
    builder="nowhere:build",
    schema=Schema((LR, OPT)),
    epochs=2,
    data=("mnist", "mnist-sample"),
)


def parsed(text: str, file: str = "01-edges.md") -> Chapter | list[Problem]:
    return loader.parse(text.encode("utf-8", "surrogatepass"), file)


def good_chapter() -> Chapter:
    chapter = parsed(GOOD)
    assert isinstance(chapter, Chapter), chapter
    return chapter


def problems(text: str, file: str = "01-edges.md") -> list[Problem]:
    """All that is wrong with a chapter's text: its form, or what the linter finds."""
    chapter = parsed(text, file)
    if isinstance(chapter, list):
        return chapter
    return check_chapter(chapter, World({"mnist-3v7": EXPERIMENT}, glossary.glossary(), {chapter.slug: chapter}))


def changed(old: str, new: str) -> str:
    """The good chapter with one mistake put in."""
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1
