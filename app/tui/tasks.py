"""What a step asks of the learner next, and whether it has been done. Pure functions over the lesson's own types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fastai_tui.lessons.prose import plain
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


def asked(step: Step) -> list[Question | Goal]:
    """Everything the step asks, in its order: predictions first, for they must come before their answers are seen;
    then its goals, each followed by the questions about what it has shown."""
    order: list[Question | Goal] = [q for q in step.questions if not q.after]
    for goal in step.goals:
        order += [goal, *(q for q in step.questions if q.after == goal.id)]
    return order


def over(task: Question | Goal, progress: StepProgress) -> bool:
    """Has it been done: answered, rightly or not, or reached?"""
    return task.id in (progress.answers if isinstance(task, Question) else progress.goals)


def due(step: Step, progress: StepProgress) -> Question | None:
    """The question to be answered now, if it is a question's turn."""
    first = next((task for task in asked(step) if not over(task, progress)), None)
    return first if isinstance(first, Question) else None


def unmet(step: Step, progress: StepProgress) -> list[Goal]:
    """The goals still to reach."""
    return [goal for goal in step.goals if goal.id not in progress.goals]


def next_task(step: Step, progress: StepProgress) -> Task:
    """What to ask now."""
    order = asked(step)
    left = [task for task in order if not over(task, progress)]
    if not left:
        return Task("done", "", len(order), len(order))
    number = len(order) - len(left) + 1
    if isinstance(left[0], Question):
        return Task("question", plain(left[0].ask), number, len(order))
    return Task("goal", plain(left[0].say), number, len(order))


def listed(step: Step, progress: StepProgress) -> list[tuple[bool, str]]:
    """Everything the step asks, in its order: whether it is done, and its words."""
    return [(over(task, progress), plain(task.ask if isinstance(task, Question) else task.say)) for task in asked(step)]


def after(chapter: Chapter, at: int, done: Sequence[bool]) -> int | None:
    """Where to go from a step that is done: the next one, from the last one the first that is open; None at the end."""
    if at + 1 < len(chapter.steps):
        return at + 1
    return next((i for i, finished in enumerate(done) if not finished), None)


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
        "variants": len({shot.settings for shot in shots if shot.phase == "finished"}),
    }
    if shots:
        shot = shots[-1]
        found |= {"steps": shot.step, "smooth_loss": shot.smooth_loss, "loss": shot.loss, "epochs": shot.epochs_done}
        found |= {"changes": len(shot.changes), "pauses": shot.pauses, "resumes": shot.resumes}
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
