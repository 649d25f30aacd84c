"""What a step asks next."""

from typing import Any

import msgspec
import pytest

from fastai_tui.app.snapshots import Row, Snapshot
from fastai_tui.app.tui import tasks
from fastai_tui.lessons.conditions import parse
from fastai_tui.lessons.progress import StepProgress
from fastai_tui.lessons.schema import Chapter, Goal, Question, Step

SUM = Question(id="sum", ask="What will the sum be?", why="Because.", answer=762, tolerance=5, hides="sum")
GUESS = Question(id="guess", ask="How good?", why="That was it.", measure="accuracy", tolerance=0.02)
THERE = Goal(id="there", say="Go there.", when="cursor at 5,7", clauses=parse("cursor at 5,7"))
GOOD = Goal(id="good", say="Be good.", when="accuracy >= .9", clauses=parse("accuracy >= .9"))
STEP = Step(id="a", title="A", pane="window", prose="…", questions=(SUM, GUESS), goals=(THERE, GOOD))


def test_questions_come_before_goals_and_goals_before_the_end() -> None:
    told = []
    for done in (
        StepProgress(),
        StepProgress(answers={"sum": 700}),
        StepProgress(answers={"sum": 700, "guess": 0.9}),
        StepProgress(answers={"sum": 700, "guess": 0.9}, goals=("there",)),
        StepProgress(answers={"sum": 700, "guess": 0.9}, goals=("there", "good")),
    ):
        task = tasks.next_task(STEP, done)
        told.append((task.kind, task.words, task.number, task.of))
    assert told == [
        ("question", "What will the sum be?", 1, 4),
        ("question", "How good?", 2, 4),
        ("goal", "Go there.", 3, 4),
        ("goal", "Be good.", 4, 4),
        ("done", "", 4, 4),
    ]


def test_what_is_asked_in_one_line_has_no_marks() -> None:
    marked = Question(id="sum", ask="What does `x` *not* do to a [[kernel]]?", why="That.", answer=1)
    step = Step(id="a", title="A", pane="window", prose="…", questions=(marked,))
    assert tasks.next_task(step, StepProgress()).words == "What does x not do to a kernel?"
    assert tasks.listed(step, StepProgress()) == [(False, "What does x not do to a kernel?")]


def test_a_question_about_what_a_goal_shows_is_asked_after_it() -> None:
    seen = Question(id="seen", ask="What is there?", why="That.", answer=1, after="there")
    step = Step(id="a", title="A", pane="window", prose="…", questions=(seen, SUM), goals=(THERE, GOOD))
    progress, told = StepProgress(), []
    for done in ("sum", "there", "seen", "good", ""):
        told.append(tasks.next_task(step, progress).words)
        assert (tasks.due(step, progress) is not None) == (done in ("sum", "seen"))
        answers, goals = dict(progress.answers), progress.goals
        if done in ("sum", "seen"):
            answers[done] = 1
        progress = StepProgress(answers=answers, goals=(*goals, done) if done in ("there", "good") else goals)
    assert told == ["What will the sum be?", "Go there.", "What is there?", "Be good.", ""]
    assert [words for _, words in tasks.listed(step, StepProgress())] == told[:-1]


def test_a_measurement_is_hidden_until_its_question_is_answered() -> None:
    assert tasks.hidden(STEP, StepProgress()) == {"sum"}
    assert tasks.hidden(STEP, StepProgress(answers={"sum": 1})) == frozenset()


def test_goals_are_met_once() -> None:
    measured = {"cursor": (5, 7), "accuracy": 0.5}
    assert tasks.newly_met(STEP, StepProgress(), measured) == [THERE]
    assert tasks.newly_met(STEP, StepProgress(goals=("there",)), measured) == []


def shot(phase: str, accuracy: float | None = None, **more: Any) -> Snapshot:
    rows = () if accuracy is None else (Row(1, 10, 0.5, 0.4, (("accuracy", accuracy),), 1.0),)
    return Snapshot(run="1", experiment="mnist", phase=phase, step=10, smooth_loss=0.3, loss=0.2, table=rows, **more)


def test_a_steps_runs_are_measured_by_the_newest_and_counted_when_finished() -> None:
    found = tasks.run_measures([shot("finished", 0.9), shot("failed"), shot("running", 0.95)])
    assert found == {
        "runs": 1, "failed": 1, "steps": 10, "smooth_loss": 0.3, "loss": 0.2, "epochs": 1, "train_loss": 0.5,
        "valid_loss": 0.4, "accuracy": 0.95, "changes": 0, "pauses": 0, "resumes": 0, "variants": 1,
    }  # fmt: skip
    assert tasks.run_measures([]) == {"runs": 0, "failed": 0, "variants": 0}


def test_variants_are_finished_runs_with_settings_of_their_own() -> None:
    flat, falls = (("lr", "0.1"), ("schedule", "flat")), (("lr", "0.1"), ("schedule", "linear"))
    shots = [shot("finished", settings=flat), shot("finished", settings=flat), shot("stopped", settings=falls)]
    assert tasks.run_measures(shots)["variants"] == 1
    assert tasks.run_measures([*shots, shot("finished", settings=falls, resumes=2)])["variants"] == 2
    assert tasks.run_measures([shot("finished", resumes=2)])["resumes"] == 2


@pytest.mark.parametrize(("phase", "known"), [("running", False), ("stopped", False), ("finished", True)])
def test_a_measured_answer_is_known_when_the_run_has_finished(phase: str, known: bool) -> None:
    assert tasks.settled(GUESS, [shot(phase, 0.9)]) is known
    assert tasks.settled(SUM, [])
    assert not tasks.settled(GUESS, [])


def chapter(count: int) -> Chapter:
    steps = tuple(msgspec.structs.replace(STEP, id=str(i), title=f"Step {i}") for i in range(count))
    return Chapter(schema=1, number=1, slug="c", title="The chapter", about="…", opening="", steps=steps)


@pytest.mark.parametrize(
    ("at", "done", "to", "words"),
    [
        (0, (True, False, True), 1, "on to “Step 1”"),
        (1, (False, True, False), 2, "on to “Step 2”"),
        (2, (True, False, True), 1, "back to the open step “Step 1”"),
        (2, (True, True, True), None, "all 3 steps of it! enter: the contents"),
    ],
)
def test_from_a_step_that_is_done_it_goes_on_to_the_next_or_to_what_is_open(
    at: int, done: tuple[bool, ...], to: int | None, words: str
) -> None:
    assert tasks.after(chapter(3), at, done) == to
    assert tasks.farewell(chapter(3), at, done).words.endswith(words)


def test_everything_a_step_asks_is_listed_in_the_order_in_which_it_does() -> None:
    assert tasks.listed(STEP, StepProgress(answers={"guess": 0.9}, goals=("good",))) == [
        (False, "What will the sum be?"), (True, "How good?"), (False, "Go there."), (True, "Be good."),
    ]  # fmt: skip
