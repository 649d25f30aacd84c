"""Questions, goals and knobs: what they take for right, met and allowed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine.errors import BadInput
from fastai_tui.lessons import conditions, sources
from fastai_tui.lessons.schema import Knob, Question, finished
from tests.lessons import EXPERIMENT, good_chapter


def test_a_number_is_right_within_its_tolerance() -> None:
    question = Question(id="sum", ask="?", why=".", answer=762, tolerance=50)
    assert question.right(762)
    assert question.right(712)
    assert question.right(812.0)
    assert not question.right(711)
    assert not question.right(math.nan)
    assert not question.right("762")


def test_a_choice_is_right_letter_for_letter() -> None:
    question = Question(id="sign", ask="?", why=".", choices=("up", "down"), answer="up")
    assert question.right("up")
    assert not question.right("down")
    assert not question.right(1.0)


def test_a_measured_answer_is_not_known_before_it_is_measured() -> None:
    question = Question(id="acc", ask="?", why=".", measure="accuracy", tolerance=0.02)
    assert question.truth({}) is None
    assert not question.right(0.97)
    assert question.right(0.97, {"accuracy": 0.985})
    assert not question.right(0.96, {"accuracy": 0.985})


@pytest.mark.parametrize(
    ("condition", "measured", "met"),
    [
        ("accuracy >= .95", {"accuracy": 0.95}, True),
        ("accuracy >= .95", {"accuracy": 0.9499}, False),
        ("accuracy>=.95", {"accuracy": 1}, True),
        ("accuracy >= .95", {}, False),
        ("accuracy >= .95", {"accuracy": math.nan}, False),
        ("loss != 1", {"loss": math.nan}, False),
        ("loss < 1e-3", {"loss": 0.0005}, True),
        ("loss < 1", {"loss": -math.inf}, False),
        ("stride == 2", {"stride": 2}, True),
        ("stride == 2", {"stride": "2"}, False),
        ("sum > -30 and sum <= -29", {"sum": -29}, True),
        ("cursor at 5,7", {"cursor": (5, 7)}, True),
        ("cursor at 5, 7", {"cursor": [5, 7]}, True),
        ("cursor at 5,7", {"cursor": (7, 5)}, False),
        ("cursor at 5,7", {"cursor": "57"}, False),
        ("kernel is top_edge", {"kernel": "top_edge"}, True),
        ("kernel is top_edge", {"kernel": "left_edge"}, False),
        ("cursor at 5,7 and kernel is top_edge", {"cursor": (5, 7), "kernel": "top_edge"}, True),
        ("cursor at 5,7 and kernel is top_edge", {"cursor": (5, 7)}, False),
    ],
)
def test_a_goal_is_met_by_what_is_measured(condition: str, measured: conditions.Measured, met: bool) -> None:
    assert conditions.met(conditions.parse(condition), measured) is met


@pytest.mark.parametrize(
    "condition",
    ["", "accuracy", "accuracy = .9", "accuracy > 1e999", "accuracy >=", ">= 1", "cursor at 5", "a >= 1 or b >= 1",
     "a >= 1 and", "kernel is", "__import__('os')", "a >= 1 and and b >= 1"],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_an_example(condition: str) -> None:
    with pytest.raises(BadInput, match="write one as in"):
        conditions.parse(condition)


@given(st.text() | st.from_regex(r"\w+ (>=|at|is) .{0,9}( and .*)?"))
def test_any_text_is_a_condition_or_bad_input(text: str) -> None:
    try:
        clauses = conditions.parse(text)
    except BadInput:
        return
    assert clauses
    assert not conditions.met(clauses, {})


def test_a_knob_narrows_its_setting() -> None:
    setting = Knob(setting="lr", low=0.001, high=0.1, default=0.05).resolve(EXPERIMENT.schema)
    assert (setting.low, setting.high, setting.default) == (0.001, 0.1, 0.05)
    assert setting.about == "the top learning rate"
    assert Knob(setting="opt", choices=("sgd",), default="sgd").resolve(EXPERIMENT.schema).choices == ("sgd",)


@pytest.mark.parametrize(
    "knob",
    [
        Knob(setting="lr", low=1e-9),
        Knob(setting="lr", high=100),
        Knob(setting="lr", low=0.1, high=0.001),
        Knob(setting="lr", low=0.1, high=1.0),  # the setting's own default lies outside
        Knob(setting="opt", choices=("adam", "lion")),
        Knob(setting="speed"),
        Knob(name="stride"),
        Knob(name="stride", kind="int", default=9, low=1, high=4),
    ],
)
def test_a_knob_that_asks_for_too_much_is_refused(knob: Knob) -> None:
    with pytest.raises(BadInput):
        knob.resolve(EXPERIMENT.schema)


def test_an_experiment_s_knob_needs_an_experiment() -> None:
    with pytest.raises(BadInput, match=r"no \[run\]"):
        Knob(setting="lr").resolve(None)


def test_a_step_is_done_when_all_is_answered_and_reached() -> None:
    step = good_chapter().steps[0]
    assert not finished(step, {}, ())
    assert not finished(step, {"sign": "large", "sum": 3.0}, ())
    assert not finished(step, {"sign": "large"}, ("there",))
    assert finished(step, {"sign": "near zero", "sum": 3.0}, ("there",))


def test_the_code_of_a_step_is_read_from_its_file() -> None:
    text = sources.source("engine.schedules:Plan")
    assert "class Plan" in text
    assert sources.source("lessons.schema:Question.right").startswith("    def right(self")
    assert sources.source("lessons.schema:Chapter.step").endswith("None)")


@pytest.mark.parametrize(
    "reference",
    ["", "os:system", "engine.learner", "engine.nothing:x", "engine.schedules:nothing", "lessons.schema:Question.wrong",
     "engine..schedules:Plan", "engine.../x:y", "app.cli.main:run"],
)  # fmt: skip
def test_a_reference_to_no_code_is_bad_input(reference: str) -> None:
    with pytest.raises(BadInput):
        sources.source(reference)
