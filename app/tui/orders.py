"""What a step trains: its [run], with what the knobs say, as a job and as a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.schema import Run, Step


def job_of(step: Step, knobs: Mapping[str, Value]) -> Job:
    """The job that the step's run is, with the knobs' values. Raises `BadInput` for a step that trains nothing or
    settings that make no sense, `DataMissing` for data that are not here."""
    from fastai_tui.lessons.experiments import order

    run = _run(step)
    return order(run.experiment, chosen(step, knobs), epochs=run.epochs, seed=run.seed, data=run.data)


def command_of(step: Step, knobs: Mapping[str, Value], do: str = "train") -> list[str]:
    """The arguments of `fastai-tui` that order the same (`do` may be `summary`, which has settings only)."""
    from fastai_tui.app.snapshots import setting_in_words

    run = _run(step)
    words = [do, run.experiment]
    for name, value in chosen(step, knobs).items():
        words += ["--set", f"{name}={setting_in_words(value)}"]
    if do == "train":
        words += ["--epochs", str(run.epochs)] if run.epochs is not None else []
        words += ["--seed", str(run.seed)] if run.seed != 42 else []
        words += ["--data", run.data] if run.data else []
    return words


def chosen(step: Step, knobs: Mapping[str, Value]) -> dict[str, Value]:
    """The settings that differ from the experiment's defaults, or may."""
    turned = {knob.setting: knobs[knob.setting] for knob in step.knobs if knob.setting and knob.setting in knobs}
    return {**_run(step).set, **turned}


def _run(step: Step) -> Run:
    if step.run is None:
        raise BadInput(f"The step {step.id} trains nothing: it has no [run].")
    return step.run
