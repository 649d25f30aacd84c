"""Screens with fixed contents for the tests: two chapters, a few terms, some progress."""

import msgspec

from fastai_tui.app.config import Config
from fastai_tui.app.tui.keynames import Group
from fastai_tui.app.tui.screens.code import CodeScreen
from fastai_tui.app.tui.screens.command import CommandScreen
from fastai_tui.app.tui.screens.contents import ContentsScreen
from fastai_tui.app.tui.screens.glossary import GlossaryScreen
from fastai_tui.app.tui.screens.help import HelpScreen
from fastai_tui.app.tui.screens.options import OptionsScreen
from fastai_tui.app.tui.screens.page import Page
from fastai_tui.app.tui.screens.say import SayScreen
from fastai_tui.app.tui.screens.search import Index, SearchScreen
from fastai_tui.lessons.glossary import Glossary, Term
from fastai_tui.lessons.problems import Problem
from fastai_tui.lessons.progress import Progress
from fastai_tui.lessons.schema import Chapter
from tests.lessons import good_chapter

FIRST = good_chapter()
SECOND = msgspec.structs.replace(
    FIRST,
    slug="second",
    number=2,
    title="A second one",
    about="Threes against sevens, and why the first net is broken.",
)
CHAPTERS: list[Chapter] = [FIRST, SECOND]
TERMS = Glossary(
    [
        Term(name="batch", also=("batches", "mini-batch"), text="Some items that go through the network together."),
        Term(name="kernel", also=("filter",), text="A small matrix that is slid over a picture; see [[stride]]."),
        Term(
            name="stride", text="How many cells the [[kernel]] moves at a time. A [[batch]] has nothing to do with it."
        ),
    ]
)
PROBLEMS = [
    Problem("/lessons/03-broken.md", 3, "it is wrong", "mend it"),
    Problem("/lessons/03-broken.md", 9, "so", "do"),
]
PROGRESS = Progress().put("edges", FIRST.steps[0].id, done=True).at("edges", FIRST.steps[1].id)
GROUPS = [
    Group("This pane", (("arrows", "move the cursor"), ("d D", "next digit, the one before"), ("0–9", "that digit"))),
    Group("This chapter", (("n PgDn", "next step"), ("b PgUp", "step before"), ("h", "a hint"))),
    Group("Everywhere", (("q", "quit"), ("?", "help"), ("ctrl+p", "palette"))),
]
SENTENCE = "The window is at row 5, column 7 of a three. The sum of its nine products is 762, the brightest of all."
COMMAND = ["convolve", "--image", "mnist-sample:1502", "--kernel", "-1,-1,-1;0,0,0;1,1,1", "--at", "5,7"]

SCREENS = {
    "contents": lambda: ContentsScreen(CHAPTERS, PROBLEMS, PROGRESS),
    "search": lambda: SearchScreen(Index(CHAPTERS, TERMS)),
    "glossary": lambda: GlossaryScreen(TERMS),
    "term": lambda: GlossaryScreen(TERMS, "stride"),
    "help": lambda: HelpScreen(GROUPS),
    "code": lambda: CodeScreen("lessons.glossary:Glossary"),
    "command": lambda: CommandScreen(COMMAND),
    "say": lambda: SayScreen(SENTENCE),
    "options": lambda: OptionsScreen(Config(theme="dark"), "dark"),
}
# Keys that show more of a screen than its first frame
KEYS = {"search": ["k", "e", "r"], "command": ["y"], "term": ["down"]}


def page(name: str) -> Page:
    """A new screen of that name."""
    return SCREENS[name]()  # type: ignore[no-any-return]
