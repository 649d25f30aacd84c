"""What a step asks of the learner next, and whether it has been done. Pure functions over the lesson's own types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fastai_tui.lessons.schema import Chapter, Goal, Question, Step

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import StepProgress


@dataclass(frozen=True)
class Task:
    """The line that asks: a question to predict, one being answered, a goal to reach, something to read, or the end."""

    kind: Literal["question", "answer", "goal", "read", "done"]
    words: str
    number: int = 0
    of: int = 0


def unanswered(step: Step, progress: StepProgress) -> Question | None:
    """The first question without an answer."""
    return next((q for q in step.questions if q.id not in progress.answers), None)


def unmet(step: Step, progress: StepProgress) -> list[Goal]:
    """The goals still to reach."""
    return [goal for goal in step.goals if goal.id not in progress.goals]


def next_task(step: Step, progress: StepProgress) -> Task:
    """What to ask now: questions first, for a prediction must come before its answer is seen."""
    of = len(step.questions) + len(step.goals)
    done = len(step.questions) + len(step.goals) - _open(step, progress)
    if question := unanswered(step, progress):
        return Task("question", question.ask, done + 1, of)
    if goals := unmet(step, progress):
        return Task("goal", goals[0].say, done + 1, of)
    return Task("done", "", of, of)


def listed(step: Step, progress: StepProgress) -> list[tuple[bool, str]]:
    """Everything the step asks, in the order in which it does: whether it is done, and its words."""
    questions = [(question.id in progress.answers, question.ask) for question in step.questions]
    return [*questions, *((goal.id in progress.goals, goal.say) for goal in step.goals)]


def after(chapter: Chapter, at: int, done: Sequence[bool]) -> int | None:
    """Where to go from a step that is done: the next one, from the last one the first that is open; None at the end."""
    if at + 1 < len(chapter.steps):
        return at + 1
    return next((i for i, over in enumerate(done) if not over), None)


def farewell(chapter: Chapter, at: int, done: Sequence[bool]) -> Task:
    """What the line says when nothing is left to do in a step."""
    to = after(chapter, at, done)
    if to is None:
        return Task("done", f"{chapter.title} is done, all {len(chapter.steps)} steps of it! enter: the contents")
    title = chapter.steps[to].title
    return Task("done", f"Step done. enter: {'on to' if to > at else 'back to the open step'} “{title}”")


def hidden(step: Step, progress: StepProgress) -> frozenset[str]:
    """The measurements that are not shown before they have been predicted."""
    open_ones = (q for q in step.questions if q.id not in progress.answers)
    return frozenset(question.hides for question in open_ones if question.hides)


def newly_met(step: Step, progress: StepProgress, measured: Measured) -> list[Goal]:
    """The goals that what is measured now has reached."""
    return [goal for goal in unmet(step, progress) if goal.met(measured)]


def run_measures(shots: Sequence[Snapshot]) -> dict[str, float]:
    """What the step's own runs, the oldest first, have come to: `lessons.panes.RUN_MEASURES`, where they are known."""
    found: dict[str, float | None] = {
        "runs": sum(shot.phase == "finished" for shot in shots),
        "failed": sum(shot.phase == "failed" for shot in shots),
    }
    if shots:
        shot = shots[-1]
        found |= {"steps": shot.step, "smooth_loss": shot.smooth_loss, "loss": shot.loss, "epochs": shot.epochs_done}
        if shot.table:
            row = shot.table[-1]
            found |= {"train_loss": row.train_loss, "valid_loss": row.valid_loss, **dict(row.metrics)}
    return {name: float(value) for name, value in found.items() if value is not None}


def settled(question: Question, shots: Sequence[Snapshot]) -> bool:
    """Is the answer there: given by the lesson, or measured by a run that has finished?"""
    from fastai_tui.lessons.panes import RUN_MEASURES

    if not question.measure or question.measure not in RUN_MEASURES:
        return True
    return bool(shots) and shots[-1].phase == "finished"


def _open(step: Step, progress: StepProgress) -> int:
    questions = sum(q.id not in progress.answers for q in step.questions)
    return questions + len(unmet(step, progress))
