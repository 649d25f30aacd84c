"""What a step trains: its [run], with what the knobs say, as a job and as a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fastai_tui.engine.errors import BadInput, FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.store import RunStore
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.schema import Run, Step

USUAL_SEED = 42  # what `fastai-tui train` takes unasked


def job_of(step: Step, knobs: Mapping[str, Value], seed: int | None = None, *, trains: bool = True) -> Job:
    """The job that the step's run is, with the knobs' values, and with its own seed or another; one that does not train
    is for looking at its network, of which neither weights nor photos are needed. Raises `BadInput` for a step that
    trains nothing or settings that make no sense, `DataMissing` for data that are not here."""
    from fastai_tui.lessons.experiments import order

    run = _run(step)
    seed = run.seed if seed is None else seed
    return order(run.experiment, chosen(step, knobs), epochs=run.epochs, seed=seed, data=run.data, trains=trains)


def seed_for(job: Job, runs: Iterable[str], store: RunStore) -> int:
    """The job's seed, or the first one after it that none of these runs had with the same settings: once more with the
    same seed would be the same numbers once more, and with another one shows what chance does."""
    taken = {other.seed for other in _jobs(runs, store) if _but_for_seed(other) == _but_for_seed(job)}
    seed = job.seed
    while seed in taken:
        seed += 1
    return seed


def _jobs(runs: Iterable[str], store: RunStore) -> Iterable[Job]:
    for run in runs:
        try:
            yield store.find(run).spec.job
        except FastaiTuiError:  # removed since, or damaged: nothing to differ from
            continue


def _but_for_seed(job: Job) -> tuple[object, ...]:
    return job.experiment, job.settings, job.epochs, job.data


def command_of(step: Step, knobs: Mapping[str, Value], do: str = "train", seed: int | None = None) -> list[str]:
    """The arguments of `fastai-tui` that order the same (`do` may be `summary`, which has settings only, or `lr-find`,
    which has no epochs)."""
    from fastai_tui.app.snapshots import setting_in_words

    run = _run(step)
    seed = run.seed if seed is None else seed
    words = [do, run.experiment]
    for name, value in chosen(step, knobs).items():
        words += ["--set", f"{name}={setting_in_words(value)}"]
    if do == "train":
        words += ["--epochs", str(run.epochs)] if run.epochs is not None else []
    if do != "summary":
        words += ["--seed", str(seed)] if seed != USUAL_SEED else []
        words += ["--data", run.data] if run.data else []
    return words


def different(now: Mapping[str, Value], then: Mapping[str, object]) -> list[str]:
    """What a run with the settings `now` would have otherwise than one that had `then`, as NAME=value. What it would
    begin with, the newest run, is no difference: that run was asked for the same."""
    from fastai_tui.app.snapshots import setting_in_words
    from fastai_tui.engine.runs.store import NEWEST

    found = []
    for name, value in now.items():
        words = setting_in_words(value)
        if (name, value) != ("begin", NEWEST) and name in then and setting_in_words(then[name]) != words:
            found.append(f"{name}={words}")
    return found


def chosen(step: Step, knobs: Mapping[str, Value]) -> dict[str, Value]:
    """The settings that differ from the experiment's defaults, or may."""
    turned = {knob.setting: knobs[knob.setting] for knob in step.knobs if knob.setting and knob.setting in knobs}
    return {**_run(step).set, **turned}


def _run(step: Step) -> Run:
    if step.run is None:
        raise BadInput(f"The step {step.id} trains nothing: it has no [run].")
    return step.run
