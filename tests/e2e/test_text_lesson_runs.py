"""What the chapter `char-lm` says that its runs come to, trained anew as its steps order them.

As in `test_lesson_runs.py`, seeds are a part of it, and another processor may round differently.
"""

from collections.abc import Sequence

import pytest

from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import loader
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.schema import Run
from tests.runs import finish

SLACK = 0.015
SEEDS = (42, 43)
ROWS: dict[str, Sequence[float]] = {  # the validation loss, in nats, that the step states, from and to
    "three": (1.555, 1.567),
    "loop": (1.454, 1.454),
    "concat": (1.452, 1.454),
    "rnn": (1.455, 1.458),
    "seq": (1.678, 1.685),
    "identity": (1.689, 1.697),
    "stateful": (1.461, 1.468),
    "gru": (1.337, 1.340),
    "lstm": (1.345, 1.355),
    "live": (1.302, 1.306),
}


def job(step: str, seed: int) -> Job:
    """What a step trains; the one about the identity begins with it."""
    asked = next(chapter for chapter in loader.chapters() if chapter.slug == "char-lm").step(step)
    assert asked is not None
    assert isinstance(asked.run, Run)
    settings = {**asked.run.set, **{knob.setting: knob.default for knob in asked.knobs if knob.setting}}
    chosen = {name: str(value) for name, value in settings.items()}
    return order("char-lm", chosen, epochs=asked.run.epochs, seed=seed, device="cpu", data=asked.run.data)


@pytest.mark.acceptance
@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", ROWS)
def test_runs_come_to_what_the_chapter_says(home: object, step: str) -> None:
    low, high = ROWS[step]
    reached = []
    for seed in SEEDS:
        run = RunStore().create(job(step, seed), "", ["test"])
        client.launch(run)
        assert finish(run).phase == "finished"
        reached.append(run.epochs()[-1].valid_loss)
    print(step, reached)
    assert all(low - SLACK <= loss <= high + SLACK for loss in reached), reached
