"""The linter: every kind of mistake gets its file, its line and a remedy; a good chapter gets nothing."""

import msgspec
import pytest

from fastai_tui.lessons import check, loader
from fastai_tui.lessons.check import check_chapter, duplicates
from fastai_tui.lessons.glossary import glossary
from fastai_tui.lessons.schema import Chapter
from tests.lessons import EXPERIMENT, GOOD, changed, good_chapter, line_of, problems


def test_a_good_chapter_has_no_problems() -> None:
    assert problems(GOOD) == []


LONG = "word " * 60
STEP = "## One window"
# What is changed, into what, the text on whose line it should be reported, and words of the report.
MISTAKES = [
    ('experiment = "mnist-3v7"', 'experiment = "mnist-3v8"', "[run]", "did you mean mnist-3v7?"),
    ("set = { lr = 0.01 }", "set = { ler = 0.01 }", "[run]", "There is no setting"),
    ("set = { lr = 0.01 }", "set = { lr = 100 }", "[run]", "out of bounds"),
    ("set = { lr = 0.01 }", 'set = { opt = "lion" }', "[run]", "adam, sgd"),
    ("epochs = 2", "epochs = 0", "[run]", "give 1 to 1000"),
    ("epochs = 2", "epochs = 2\nseed = -1", "[run]", "seed"),
    ("epochs = 2", 'epochs = 2\ndata = "mnist-simple"', "[run]", "did you mean mnist-sample?"),
    ('pane = "window"', 'pane = "windows"', STEP, "did you mean window?"),
    ('kernel = "top_edge"', 'kernel = "top_egde"', STEP, "top_edge"),
    ('kernel = "top_edge"', "kernel = 3", STEP, "no kernel"),
    ("mnist-sample:1502", "mnist-sample:5000", STEP, "below 5000"),
    ("mnist-sample:1502", "mnist:12", STEP, "needs a download"),
    ("mnist-sample:1502", "chelsea", STEP, "no picture"),
    ("at = [1, 1]", "at = [1, -1]", STEP, "no cell"),
    ("at = [1, 1]", "att = [1, 1]", STEP, "did you mean at?"),
    ('code = "engine.convolution:window"', 'code = "engine.convolution:windo"', STEP, "present name"),
    ('code = "engine.convolution:window"', 'code = "convolution"', STEP, "names no code"),
    ('setting = "lr"\n', 'setting = "speed"\n', "[[knob]]", "There is no setting"),
    ("high = 0.1\n", "high = 100.0\n", "[[knob]]", "narrow them"),
    ("low = 0.0001\n", "low = 0.05\n", "[[knob]]", "out of bounds"),
    ("factor = 2.0", "factor = 1.0", "[[knob]]", "not above 1"),
    ("factor = 2.0", "factor = 2.0\nstep = 0.1", "[[knob]]", "keep one of the two"),
    ("step = 1\n", "step = 0\n", '[[knob]]\nname', "not above 0"),
    ('name = "stride"', 'name = "strid"', '[[knob]]\nname', "did you mean stride?"),
    ("default = 1\n", "default = 5\n", '[[knob]]\nname', "out of bounds"),
    ("high = 4\n", "", '[[knob]]\nname', "no bounds"),
    ('when = "accuracy >= .95"', 'when = "acuracy >= .95"', '[[goal]]\nid = "good"', "did you mean accuracy?"),
    ('when = "accuracy >= .95"', 'when = "accuracy at 9,5"', '[[goal]]\nid = "good"', "is a number, not a place"),
    ('when = "cursor at 5,7', 'when = "cursor >= 5', '[[goal]]\nid = "there"', "is a place, not a number"),
    ('when = "cursor at 5,7', 'when = "accuracy >= .9', '[[goal]]\nid = "there"', "does not measure"),
    ('measure = "accuracy"', 'measure = "acuracy"', '[[question]]\nid = "how-good"', "did you mean accuracy?"),
    ('hides = "sum"', 'hides = "sun"', '[[question]]\nid = "sum"', "did you mean sum?"),
    ('hides = "sum"', 'hides = "sum"\nafter = "their"', '[[question]]\nid = "sum"', "did you mean there?"),
    ('hides = "sum"', "hides = 3", "hides = 3", 'write a text in "quotes"'),
    ('id = "sum"', 'id = "sign"', STEP, "two questions"),
    ("{#training}", "{#one-window}", "## A network", "on line"),
    ("{#training}", "{#Training}", "## A network", "no slug"),
    ("{#training}", "{#a--b}", "## A network", "no slug"),
    ('slug = "edges"', 'slug = "Edges!"', "+++", "no slug"),
    ('slug = "edges"', 'slug = "corners"', "+++", "01-corners.md"),
    ("number = 1", "number = 100", "+++", "1 to 99"),
    ("needs = []", 'needs = ["egdes"]', "+++", "which is none"),
    ("needs = []", 'needs = ["edges"]', "+++", "no earlier"),
    ("[[convolution]]", "[[convolutoin]]", "A [[", "did you mean convolution?"),
    ("what the [[kernel]]", "what the [[wombat]]", "what the [[", "glossary.toml"),
    ("(step:training)", "(step:trainings)", "See [", "did you mean training?"),
    ("(step:training)", "(step:corners/training)", "See [", "which is none"),
    ("(https://docs.fast.ai/)", "(http://docs.fast.ai/)", "[the book]", "leads nowhere"),
    ("(https://docs.fast.ai/)", "(docs.md)", "[the book]", "leads nowhere"),
    ("**large**", "**large", "Nine products", "left over"),
    ("`-1`", "`-1", "- the upper", "left over"),
    ("Nine products, one", "### Nine products, one", "### Nine", "a heading is not drawn"),
    ("Now nobody", "| a | b |\n\nNow nobody", "| a", "a table"),
    ("    sum += cell", "    sum += cell  # " + "x" * 30, "    sum += cell", "break the code"),
    ("Now nobody", LONG * 4, LONG[:20], "fit an 80×24 screen"),
    ("A [[convolution]] slides", LONG * 4, LONG[:20], "the opening takes"),
    ('why = "The lower', f'why = "{LONG * 3} The lower', '[[question]]\nid = "sign"', "the explanation takes"),
    ('ask = "Above', f'ask = "{LONG * 3} Above', '[[question]]\nid = "sign"', "the question takes"),
    ('say = "Move', f'say = "{LONG} Move', '[[goal]]\nid = "there"', "fewer words"),
    ('title = "Edges"', f'title = "{LONG}"', "+++", "fewer words"),
    ('about = "A', f'about = "{LONG} A', "+++", "fewer words"),
    ("## One window", "## One window " + LONG, STEP, "fewer words"),
    ('hints = ["Press the key for training."]\n', "", "## A network", "no hint"),
    ('hints = ["Press', f'hints = ["{LONG * 3} Press', "## A network", "hint 1 takes"),
    ("Now nobody tells the network which kernels\nto use.\n", "", "## A network", "no prose"),
    ('[run]\nexperiment = "mnist-3v7"\nepochs = 2\nset = { lr = 0.01 }\n', "", "## A network", "[run]"),
    ('[[goal]]\nid = "half"\nsay = "Halve the grid."\nwhen = "output == 14 and size == 28"\n', "",
     "## Where the window", "asks nothing of the learner"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "words"), MISTAKES)
def test_a_mistake_is_reported_with_its_file_line_and_remedy(old: str, new: str, at: str, words: str) -> None:
    text = changed(old, new)
    found = problems(text)
    lines = {problem.line for problem in found if words in str(problem)}
    assert line_of(text, at) in lines or (words.endswith("80×24 screen") and lines), [str(p) for p in found]
    for problem in found:
        assert problem.file == "01-edges.md"
        assert problem.what
        assert problem.remedy
        assert str(problem) == f"01-edges.md:{problem.line}: {problem.what}; {problem.remedy}"


def test_the_learner_s_drawing_is_a_picture() -> None:
    assert problems(changed("mnist-sample:1502", "drawn")) == []
    assert any('or "drawn"' in problem.remedy for problem in problems(changed("mnist-sample:1502", "drown")))


def test_what_a_run_comes_to_can_be_hidden() -> None:
    assert problems(changed('measure = "accuracy"', 'measure = "accuracy"\nhides = "accuracy"')) == []
    assert problems(changed('measure = "accuracy"', 'measure = "accuracy"\nhides = "sum"'))


def test_too_many_of_anything_is_reported() -> None:
    knob = '\n[[knob]]\nname = "stride"\nkind = "int"\ndefault = 1\nlow = 1\nhigh = 4\n'
    found = problems(changed('\n[[goal]]\nid = "half"', knob * 7 + '\n[[goal]]\nid = "half"'))
    assert any("8 knobs" in problem.what for problem in found)
    assert any("two knobs turn" in problem.what for problem in found)
    found = problems(changed('hints = ["Press the key for training."]', f"hints = {['hint'] * 6}"))
    assert any("6 hints" in problem.what for problem in found)
    found = problems(changed('choices = ["large", ', 'choices = ["1", "2", "3", "4", "large", '))
    assert any("7 choices" in problem.what for problem in found)


def test_chapters_that_share_a_slug_or_a_number_are_reported() -> None:
    first = good_chapter()
    second = msgspec.structs.replace(first, file="01-corners.md", slug="corners")
    third = msgspec.structs.replace(first, file="02-edges.md", number=2)
    assert [problem.file for problem in duplicates([first, second])] == ["01-corners.md"]
    assert [problem.what for problem in duplicates([first, third])] == ['the slug "edges" is that of 01-edges.md']


def test_links_and_needs_reach_other_chapters() -> None:
    other = msgspec.structs.replace(good_chapter(), slug="basics", number=0)
    chapter = loader.parse(
        changed("(step:training)", "(step:basics/training)").replace("needs = []", 'needs = ["basics"]').encode(),
        "01-edges.md",
    )
    assert isinstance(chapter, Chapter)
    world = check.World({"mnist-3v7": EXPERIMENT}, glossary(), {"edges": chapter, "basics": other})
    assert check_chapter(chapter, world) == []


def test_what_is_shipped_has_no_problems() -> None:
    assert check.check_shipped().problems == ()
