"""The column's pages: what is typed, what is right, what fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.app.tui import pages
from fastai_tui.lessons.glossary import Term
from fastai_tui.lessons.schema import Question

SUM = Question(id="sum", ask="What will the *sum* be at row 5?", why="Nine **products**.", answer=762, tolerance=50)
SIDE = Question(
    id="side",
    ask="Which edge?",
    why="The light row lies above.",
    choices=("the top edge, where dark lies above light", "the bottom edge", "neither"),
    answer="the bottom edge",
)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("762", 762), ("-29", -29), ("−29", -29), (".98", 0.98), (",98", 0.98), ("98%", 0.98), ("6,722", 6722),
        ("1,234,567", 1234567), ("1e-3", 0.001), ("+5", 5), ("", None), ("-", None), ("1.2.3", None), ("e", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(typed: str, number: float | None) -> None:
    assert pages.parsed(typed) == number


def press(asking: pages.Asking, *keys: str) -> pages.Asking:
    for key in keys:
        asking = asking.press(key, key if len(key) == 1 else None)
    return asking


def test_a_number_is_typed_and_mended() -> None:
    assert press(pages.Asking(SUM), "7", "6", "x", "3", "backspace", "2").given == 762


def test_a_choice_is_made_by_arrows_or_by_its_number() -> None:
    asking = pages.Asking(SIDE)
    assert asking.given is None  # nothing is chosen unread
    assert press(asking, "down").given == SIDE.choices[0]
    assert press(asking, "down", "down").given == "the bottom edge"
    assert press(asking, "up").given == "neither"
    assert press(asking, "down", "up").given == "neither"
    assert press(asking, "3").given == "neither"
    assert press(asking, "9").given is None


def test_a_question_takes_only_the_keys_that_answer_it() -> None:
    number, choice = pages.Asking(SUM), pages.Asking(SIDE)
    assert number.takes("5", "5")
    assert number.takes("backspace", None)
    assert not number.takes("n", "n")
    assert choice.takes("down", None)
    assert choice.takes("2", "2")
    assert not choice.takes("h", "h")


@pytest.mark.parametrize(
    ("question", "given", "truth", "right"),
    [
        (SUM, 762.0, 762, True), (SUM, 812.0, 762, True), (SUM, 813.0, 762, False), (SUM, 800.0, None, None),
        (SIDE, "the bottom edge", "the bottom edge", True), (SIDE, "neither", "the bottom edge", False),
    ],
)  # fmt: skip
def test_a_prediction_is_judged_by_its_tolerance(
    question: Question, given: float | str, truth: float | str | None, right: bool | None
) -> None:
    answered = pages.Answered(question, given, truth)
    assert answered.right is right
    text = "\n".join("".join(words for words, _ in line) for line in pages.lines(answered, 38))
    assert ("Your own run will tell." in text) is (right is None)
    assert (question.why.replace("*", "") in text) is (right is not None)


def test_terms_are_found_in_their_order_once() -> None:
    assert pages.terms("A [[kernel]] on a [[feature map|map]], a [[kernel]].\n\n```\n[[code]]\n```") == [
        "kernel",
        "feature map",
    ]


@given(
    st.sampled_from(
        [
            pages.Prose("A few words of **prose** with `code` and a [[kernel]].\n\n- one\n- two"),
            pages.Asking(SUM, "76", trouble="Type a number."),
            pages.Asking(SIDE, choice=2),
            pages.Answered(SUM, 1.0, 762),
            pages.Answered(SIDE, "neither", "the bottom edge"),
            pages.Hinting(("Move.", "Move on."), 3),
            pages.Meaning(Term(name="kernel", text="A small matrix."), 1, 2),
        ]
    ),
    st.integers(1, 120),
)
def test_pages_have_lines_at_every_width(content: pages.Content, width: int) -> None:
    found = pages.lines(content, width)
    assert any(words.strip() for line in found for words, _ in line)
    if width >= 38:
        assert all(sum(len(words) for words, _ in line) <= width for line in found)


def test_what_a_step_asks_is_ticked_and_the_next_of_it_stands_out() -> None:
    lines = pages.todo([(True, "Predict it."), (False, "Go there."), (False, "Then come back, by the other way.")], 20)
    assert ["".join(words for words, _ in line) for line in lines] == [
        "To do", "✓ Predict it.", "› Go there.", "○ Then come back, by", "  the other way.",
    ]  # fmt: skip
    assert [line[-1][1] for line in lines[1:4]] == ["dim", "plain", "dim"]
