"""Chapters' files: what they become, and that no file, however broken, is more than a list of problems."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.lessons import loader, prose
from fastai_tui.lessons.problems import Problem
from fastai_tui.lessons.schema import Chapter
from tests.conftest import ROOT
from tests.lessons import GOLDEN, GOOD, changed, good_chapter, line_of, parsed, problems


def test_a_chapter_s_file_becomes_its_steps() -> None:
    chapter = good_chapter()
    assert (chapter.number, chapter.slug, chapter.title) == (1, "edges", "Edges")
    assert chapter.opening.startswith("A [[convolution]] slides")
    assert [step.id for step in chapter.steps] == ["one-window", "training", "geometry"]
    window, training, geometry = chapter.steps
    assert window.pane == "window"
    assert window.show == {"picture": "mnist-sample:1502", "kernel": "top_edge", "at": [1, 1]}
    assert window.hints[0] == "The arrow keys move the window."
    assert [question.answer for question in window.questions] == ["large", 762]
    assert window.goals[0].met({"cursor": (5, 7), "kernel": "top_edge"})
    assert training.run is not None
    assert (training.run.experiment, training.run.epochs, training.run.set) == ("mnist-3v7", 2, {"lr": 0.01})
    assert training.knobs[0].factor == 2.0
    assert geometry.knobs[0].key == "stride"


def test_everything_knows_its_line() -> None:
    chapter = good_chapter()
    window = chapter.steps[0]
    assert window.line == line_of(GOOD, "## One window")
    assert window.prose_line == line_of(GOOD, "Nine products, one sum")
    assert [question.line for question in window.questions] == [
        line_of(GOOD, '[[question]]\nid = "sign"'),
        line_of(GOOD, '[[question]]\nid = "sum"'),
    ]
    assert chapter.opening_line == line_of(GOOD, "A [[convolution]]")
    run = chapter.steps[1].run
    assert run is not None
    assert run.line == line_of(GOOD, "[run]")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    content = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert loader.parse(content, "01-edges.md") == good_chapter()


def test_a_heading_or_a_key_within_fenced_code_is_code() -> None:
    chapter = parsed(changed("sum = 0\n", "## no step {#none}\n[[question]]\nsum = 0\n"))
    assert isinstance(chapter, Chapter)
    assert len(chapter.steps) == 3


# What is wrong, the text on whose line it should be reported, and a word of the report.
FORMS = [
    ("+++\nschema", "schema", "schema", "front matter"),
    ("needs = []\n+++\n", "needs = []\n", "+++", "does not end"),
    ("schema = 1", "schema = 2", "schema = 2", "update fastai-tui"),
    ("schema = 1", "schema = 0", "schema = 0", "schema"),
    ("schema = 1\n", "", "+++", "lacks schema"),
    ('slug = "edges"', 'slug = "edges', 'slug = "edges', "not TOML"),
    ('slug = "edges"', 'slug = "edges"\nslug = "b"', 'slug = "b"', "not TOML"),
    ('slug = "edges"', "slug = 7", "slug = 7", "can not be 7"),
    ('about = "', 'abuot = "', "abuot", "did you mean about"),
    ('title = "Edges"', 'title = "  "', 'title = "  "', "is empty"),
    ("needs = []", 'needs = "edges"', "needs", "list of texts"),
    ("number = 1", "number = true", "number = true", "true or false"),
    ("number = 1", "number = 2026-01-01", "number = 2026", "this value"),
    (" {#one-window}", "", "## One window", "{#one-window}"),
    ("## One window {#one-window}", "##   {#one-window}", "##   {#one", "no title"),
    ("```toml step\npane = \"window\"", "```toml\npane = \"window\"", "## One window", "begin with its block"),
    ("```toml step\npane = \"window\"", "Prose.\n\n```toml step\npane = \"window\"", "```toml step", "begin with"),
    ('pane = "window"\n', "", "```toml step", ""),
    ('pane = "window"', 'pane = ["window"]', "pane =", 'a text in "quotes"'),
    ('pane = "window"', 'pain = "window"', "pain", "did you mean pane"),
    ("hints = [\n", "hints = [ 3,\n", "hints", "list of texts"),
    ('  "The arrow keys', '  "", "The arrow keys', "hints", "is empty"),
    ('[[question]]\nid = "sign"', '[question]\nid = "sign"', '[[question]]\nid = "sum"', "not TOML"),
    ('[[goal]]\nid = "there"', '[goal]\nid = "there"', "[goal]", "write [[goal]]"),
    ('ask = "Above', 'aks = "Above', "aks", "did you mean ask"),
    ('answer = "large"', 'answer = "Large"', '[[question]]\nid = "sign"', "not among its choices"),
    ('answer = "large"\n', "", '[[question]]\nid = "sign"', "either an answer or a measure"),
    ("answer = 762", 'answer = 762\nmeasure = "sum"', '[[question]]\nid = "sum"', "either an answer or a measure"),
    ("answer = 762", 'answer = "762"', '[[question]]\nid = "sum"', "no choices"),
    ("answer = 762", "answer = nan", "answer = nan", "finite"),
    ("answer = 762", "answer = [762]", "answer = [762]", "can not be this list"),
    ("tolerance = 50", "tolerance = -1", '[[question]]\nid = "sum"', "tolerance"),
    ("tolerance = 50", 'tolerance = "wide"', 'tolerance = "wide"', "a number"),
    ('choices = ["large", "near zero", "large and negative"]', 'choices = ["large"]', '[[question]]', "real choice"),
    ('choices = ["large", ', 'choices = ["large", "large", ', "[[question]]", "real choice"),
    ('when = "cursor at 5,7 and', 'when = "cursor = 5,7 and', 'when = "cursor = ', "accuracy >= .95"),
    ('say = "Move the window', 'say = "Move\\u001b[31m the window', "say =", "U+001B"),
    ("experiment = \"mnist-3v7\"\n", "", "[run]", "lacks experiment"),
    ("epochs = 2", "epochs = 2.5", "epochs = 2.5", "whole number"),
    ("set = { lr = 0.01 }", "set = 0.01", "set = 0.01", "a table"),
    ("set = { lr = 0.01 }", "set = { lr = true }", "set =", "a table"),
    ('[[knob]]\nsetting = "lr"', "[[knob]]", "[[knob]]", "either a setting or a name"),
    ('[[knob]]\nsetting = "lr"', '[[knob]]\nsetting = "lr"\nname = "lr"', "[[knob]]", "either a setting or a name"),
    ('kind = "int"', 'kind = "integer"', 'kind = "integer"', "can not be"),
    ('kind = "int"\ndefault = 1', 'kind = "choice"\ndefault = "a"', '[[knob]]\nname', "lacks its choices"),
    ("default = 1\n", "", '[[knob]]\nname', "lacks its kind or default"),
    ("Now nobody", "Now\tnobody", "Now\t", "use spaces"),
    ("Now nobody", "Now\x1b[31m nobody", "Now\x1b", "U+001B"),
    ("Now nobody", "Now\u202e nobody", "Now\u202e", "U+202E"),
    ("```\nsum = 0", "sum = 0", "```\n\nSee", "does not end"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "word"), FORMS)
def test_a_mistake_of_form_is_reported_with_its_line_and_remedy(old: str, new: str, at: str, word: str) -> None:
    text = changed(old, new)
    found = parsed(text)
    assert isinstance(found, list), "it was taken"
    assert all(problem.what and problem.remedy and problem.file == "01-edges.md" for problem in found)
    assert line_of(text, at) in {problem.line for problem in found}, [str(problem) for problem in found]
    assert any(word in str(problem) for problem in found), [str(problem) for problem in found]


def test_all_mistakes_are_reported_at_once() -> None:
    text = changed('ask = "Above', 'aks = "Above').replace("epochs = 2", 'epochs = "two"').replace(" {#geometry}", "")
    found = parsed(text)
    assert isinstance(found, list)
    assert {line_of(text, "aks"), line_of(text, "epochs"), line_of(text, "## Where the window")} <= {
        p.line for p in found
    }
    assert found == sorted(found)


def sound(found: Chapter | list[Problem], text: bytes) -> None:
    """A chapter, or problems that a writer can use."""
    if isinstance(found, Chapter):
        assert found.steps
        return
    assert found
    for problem in found:
        assert problem.what
        assert problem.remedy
        assert 1 <= problem.line <= text.count(b"\n") + 1
        assert str(problem).isprintable()


def test_any_line_left_out_doubled_or_swapped_is_no_reason_to_crash() -> None:
    lines = GOOD.split("\n")
    for i in range(len(lines) - 1):
        for some in (
            lines[:i] + lines[i + 1 :],
            lines[: i + 1] + lines[i:],
            [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]],
            lines[: i + 1],
        ):
            text = "\n".join(some)
            sound(parsed(text), text.encode())
            if i % 4 == 0:  # the linter takes its time
                assert all(problem.remedy for problem in problems(text))


def test_corrupt_bytes_are_no_reason_to_crash() -> None:
    chance = random.Random(1)
    good = GOOD.encode()
    for _ in range(600):
        bad = bytearray(good)
        for _ in range(chance.choice([1, 1, 3, 20])):
            place = chance.randrange(len(bad))
            bad[place : place + chance.choice([0, 1, 9])] = chance.randbytes(chance.choice([0, 1, 2, 9]))
        sound(loader.parse(bytes(bad), "x.md"), bytes(bad))


@settings(max_examples=150, deadline=None)
@given(
    st.text(),
    st.sampled_from(["front", "block", "prose", "file", "when"]),
)
def test_no_text_anywhere_makes_it_raise(text: str, where: str) -> None:
    whole = {
        "front": changed("needs = []", text),
        "block": changed('pane = "train"', text),
        "prose": changed("Now nobody", text),
        "when": changed("accuracy >= .95", text),
        "file": text,
    }[where]
    for problem in problems(whole):
        assert problem.remedy
        assert str(problem).isprintable()


@pytest.mark.parametrize(
    "hard",
    ["x = " + "[" * 5000, "x = " + "9" * 5000, "number = " + "9" * 400, "x = 1e999", "x.y = 1\nx = 2", "[[a]]\n[a]"],
)
def test_toml_that_is_hard_on_its_reader_is_a_problem(hard: str) -> None:
    for text in (changed("number = 1", hard), changed("epochs = 2", hard), changed("low = 0.0001", hard)):
        assert problems(text)


@settings(max_examples=60, deadline=None)
@given(st.binary())
def test_no_bytes_make_it_raise(content: bytes) -> None:
    sound(loader.parse(content, "x.md"), content)


@pytest.mark.parametrize("what", ["missing", "folder", "unreadable", "large", "pipe", "empty"])
def test_a_file_that_can_not_be_read_is_a_problem(tmp_path: Path, what: str) -> None:
    path = tmp_path / "01-edges.md"
    if what == "folder":
        path.mkdir()
    elif what == "unreadable":
        path.symlink_to(path)
    elif what == "large":
        path.write_text(GOOD * 500)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "empty":
        path.write_text("")
    found = loader.load(path)
    assert isinstance(found, list)
    assert found[0].file == str(path)
    assert found[0].remedy


def test_the_chapters_shipped_come_in_order() -> None:
    numbers = [chapter.number for chapter in loader.chapters()]
    assert numbers == sorted(numbers)
    assert len(loader.chapter_files(loader.folder())) == len(numbers)


def test_the_golden_chapter_loads_from_its_file() -> None:
    assert isinstance(loader.load(GOLDEN), Chapter)


def test_the_example_in_the_documentation_is_a_good_chapter() -> None:
    text = (ROOT / "lessons" / "README.md").read_text().split("`````")[1].removeprefix("markdown\n")
    assert problems(text) == []


def test_prose_falls_into_lines_that_keep_every_word_and_style() -> None:
    lines = prose.layout("One **strong word** and\na [[kernel]]s-like *thing*.\n\n- an item that is long\n- two", 16)
    assert [line.text for line in lines] == [
        "One strong word", "and a", "kernels-like", "thing.", "", "• an item that", "  is long", "• two",
    ]  # fmt: skip
    assert prose.Span("strong word", "strong") in lines[0].spans
    assert prose.Span("kernel", link="glossary:kernel") in lines[2].spans
    assert [line.source for line in lines] == [1, 1, 1, 1, 4, 4, 4, 5]


def test_code_is_kept_as_it_is_written() -> None:
    lines = prose.layout("Look:\n\n```\nfor i in x:\n    y  # **not strong**\n\nz\n```\nAfter.", 10)
    assert [line.text for line in lines] == [
        "Look:", "", "for i in x:", "    y  # **not strong**", "", "z", "", "After.",
    ]  # fmt: skip


words = st.lists(st.text("abcé漢", min_size=1, max_size=12), min_size=1, max_size=30)


@settings(deadline=None)
@given(words, st.sampled_from([" ", "\n", "  "]), st.integers(1, 60))
def test_no_word_is_lost_and_only_a_long_word_makes_a_line_too_wide(some: list[str], gap: str, columns: int) -> None:
    lines = prose.layout(gap.join(some), columns)
    assert " ".join(line.text for line in lines).split() == some
    for line in lines:
        assert prose.cells(line.text) <= columns or line.text in some


@settings(deadline=None)
@given(st.text(), st.integers(1, 60))
def test_any_text_falls_into_lines_with_a_source(text: str, columns: int) -> None:
    for line in prose.layout(text, columns):
        assert 1 <= line.source <= text.count("\n") + 1


def test_wide_and_combining_characters_are_counted_as_terminals_do() -> None:
    assert prose.cells("abc") == 3
    assert prose.cells("漢字") == 4
    assert prose.cells("e\u0301") == 1
