"""Which runs may be shown in a step: those of its experiment and its network, and which of them suit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.lessons.progress import Progress, State
    from fastai_tui.lessons.schema import Chapter, Step
    from fastai_tui.lessons.schema import Run as Order


def ids(state: State) -> list[str]:
    """The runs that a step remembers."""
    runs = state.get("runs", [])
    return [run for run in runs if isinstance(run, str)] if isinstance(runs, list) else []


def as_asked(step: Step, run: Run) -> bool:
    """Was it trained with the settings that the step asks for? What it began with is told by its own id."""
    settings, wanted = run.spec.job.settings, step.run.set if step.run else {}
    return step.run is not None and all(settings.get(k) == value for k, value in wanted.items() if k != "begin")


def blind(step: Step, runs: list[Run]) -> set[str]:
    """Of these runs those whose network has seen no pictures, only what was once made of them, if the step's own sees
    some."""
    from fastai_tui.app.tui.orders import job_of

    try:
        sees = _sees(job_of(step, {}, trains=False))
    except FastaiTuiError:
        return set()
    return {run.id for run in runs if not _sees(run.spec.job)} if sees else set()


def _sees(job: Job) -> bool:
    return job.settings.get("precompute") == "off"


def of_others(step: Step, runs: list[Run]) -> set[str]:
    """Of these runs those of another network than the step's, and those that can not be read. A step may train more
    networks than the one it is about: a ladder trains all."""
    network, others = _network(step.run)[1] if step.run else None, set[str]()
    for run in runs:
        try:
            if network not in (None, run.spec.job.settings.get("model")):
                others.add(run.id)
        except FastaiTuiError:
            others.add(run.id)
    return others


def _network(run: Order) -> tuple[str, object]:
    return run.experiment, run.set.get("model")


def family(chapter: Chapter, step: Step, progress: Progress) -> tuple[str, ...]:
    """All runs that may be of the step's experiment and network, the oldest first: those that were started anywhere in
    the chapter where a network is asked for, or where none is."""
    run = step.run
    alike = [one for one in chapter.steps if run and one.run and one.run.experiment == run.experiment]
    return _of(chapter, [one for one in alike if _names_one(one) == _names_one(step)], progress)


def _names_one(step: Step) -> bool:
    """Does it ask for a network by its name?"""
    return step.run is not None and "model" in step.run.set


def whole(chapter: Chapter, step: Step, progress: Progress) -> tuple[str, ...]:
    """The same, whatever their network."""
    run = step.run
    alike = [one for one in chapter.steps if run and one.run and one.run.experiment == run.experiment]
    return _of(chapter, alike, progress)


def home(chapter: Chapter, step: Step, progress: Progress) -> frozenset[str]:
    """Of the runs of the step's experiment those that were started in the first step of the chapter with their
    network; what a later step does with it, it does with other settings."""
    first: dict[tuple[str, object], Step] = {}
    for one in chapter.steps:
        if step.run and one.run and one.run.experiment == step.run.experiment:
            first.setdefault(_network(one.run), one)
    return frozenset(_of(chapter, list(first.values()), progress))


def _of(chapter: Chapter, steps: list[Step], progress: Progress) -> tuple[str, ...]:
    return tuple(sorted({run for one in steps for run in ids(progress.of(chapter.slug, one.id).state)}))
