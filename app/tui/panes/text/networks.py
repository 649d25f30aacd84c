"""The networks that can read a text: the embedded one, and of each kind that the learner has trained the newest."""

from __future__ import annotations

from typing import NamedTuple

from fastai_tui.app.writing import EMBEDDED
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

EXPERIMENT = "char-lm"


class Network(NamedTuple):
    """A network: the run's id, or the embedded model's name, and the model that it is."""

    source: str
    model: str


def networks(store: RunStore) -> tuple[Network, ...]:
    """The embedded one first, then the newest run of each model that has begun to learn from text, the oldest first."""
    newest: dict[str, str] = {}
    for run in store.runs():
        model = _model(run)
        if model:
            newest.pop(model, None)
            newest[model] = run.id
    return (Network(EMBEDDED, "lstm"), *(Network(source, model) for model, source in newest.items()))


def _model(run: Run) -> str:
    """Which model a run has trained for at least a batch; none where it is no run of text, or can not be read."""
    try:
        job = run.spec.job
        trained = job.experiment == EXPERIMENT and len(run.steps())
    except (FastaiTuiError, OSError):
        return ""
    return str(job.settings.get("model", "")) if trained else ""
