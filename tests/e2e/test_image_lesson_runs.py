"""What the chapter `cifar10` says that its runs on coloured digits come to, trained anew as its steps order them, and
what its panes then say of them.

As in `test_lesson_runs.py`, seeds are a part of it, and another processor may round differently.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from fastai_tui.engine import signals
from fastai_tui.engine.interpret import evaluation, residuals, views
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.signal_sizes import Point, broke, growth, over
from fastai_tui.lessons import loader, schema
from fastai_tui.lessons.experiments import order
from tests.runs import finish

SLACK = 0.015
ROWS: dict[str, tuple[Sequence[int], float, float]] = {  # seeds, and the accuracy that the step states, from and to
    "linear": ((42, 43), 0.423, 0.433),
    "conv": ((42, 43, 44), 0.656, 0.673),
    "layers": ((42, 43, 44), 0.597, 0.658),
    "norm": ((42, 43), 0.847, 0.849),
    "deep": ((42,), 0.782, 0.782),
    "skips": ((42,), 0.812, 0.812),
}


def job(step: str, seed: int, **others: str) -> Job:
    """What a step trains."""
    asked = next(chapter for chapter in loader.chapters() if chapter.slug == "cifar10").step(step)
    assert asked is not None
    assert isinstance(asked.run, schema.Run)
    chosen = {name: str(value) for name, value in asked.run.set.items()} | others
    return order("cifar10", chosen, epochs=asked.run.epochs, seed=seed, device="cpu", data="colour-digits")


def trained(job: Job) -> Run:
    run = RunStore().create(job, "", ["test"])
    client.launch(run)
    assert finish(run, within=600).phase == "finished"
    return run


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("step", ROWS)
def test_runs_come_to_what_the_chapter_says(home: object, step: str) -> None:
    seeds, low, high = ROWS[step]
    reached = [trained(job(step, seed)).epochs()[-1].metrics["accuracy"] for seed in seeds]
    print(step, reached)
    assert all(low - SLACK <= accuracy <= high + SLACK for accuracy in reached), reached


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_the_best_of_the_ladder_on_coloured_digits(home: object) -> None:
    run = trained(job("preact", 42, width="1"))
    assert run.epochs()[-1].metrics["accuracy"] == pytest.approx(0.918, abs=SLACK)


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_a_net_with_norms_in_use(home: object) -> None:
    """How it is evaluated, and what several views buy."""
    run = trained(job("norm", 42)).id
    one, alike, many = (evaluation.answer(run, size=n, by_class=c) for n, c in ((1, False), (64, True), (256, True)))
    assert one.batch.accuracy == pytest.approx(0.285, abs=0.04)
    assert alike.batch.accuracy == pytest.approx(0.378, abs=0.04)
    assert many.batch.accuracy == pytest.approx(0.687, abs=0.04)
    assert {round(row.running.accuracy, 2) for row in (one, alike, many)} <= {0.83, 0.84, 0.85, 0.86}
    scores = views.scores(run, "crops")
    while scores.seen < scores.total:
        scores = views.scores(run, "crops")
    whole = [score.accuracy for score in scores.averages]
    assert whole[2] == pytest.approx(0.861, abs=SLACK)
    assert whole[5] == pytest.approx(0.805, abs=2 * SLACK)
    assert whole[5] < whole[0] < whole[2]


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_what_blocks_add(home: object) -> None:
    run = trained(job("skips", 42)).id
    found = residuals.answer(run=run)
    ratios = [block.added / block.passing for block in found.blocks]
    assert len(ratios) == 8
    assert all(0.55 < ratio < 1.1 for ratio in ratios)
    alone = [residuals.answer(run=run, off=[i]).right / found.images for i in range(8)]
    assert min(alone) < found.right / found.images - 0.05
    assert max(alone) < found.right / found.images + 0.01


def walked(steps: int, **net: Any) -> list[Point]:
    """What goes through a deep network, before the first step and after each."""
    while True:
        points = signals.answer(steps, data="colour-digits", **net).points
        if len(points) > steps or over(points):
            return points


@pytest.mark.acceptance
def test_a_deep_net_explodes_or_crawls() -> None:
    large: dict[str, Any] = {"depth": 2, "init": "kaiming", "gain": 2.0}
    first = walked(0, **large)[0]
    grown = growth(first.forward)
    assert grown is not None
    assert 1.6 < grown < 2
    assert first.loss == pytest.approx(296, rel=0.02)
    assert broke(walked(3, **large, rate=0.1)) == 2
    assert walked(20, **large, rate=0.001)[20].loss == pytest.approx(9.7, rel=0.1)


@pytest.mark.acceptance
def test_how_gradients_come_back() -> None:
    def first_to_last(**net: Any) -> float:
        back = walked(0, depth=8, **net)[0].backward
        assert back[0] is not None
        assert back[-2] is not None
        return back[0] / back[-2]

    assert 1e-16 < first_to_last() < 1e-14
    assert first_to_last(skips=True) == pytest.approx(1 / 6, abs=0.05)
    assert first_to_last(norm="after") == pytest.approx(1.26**32, rel=0.3)
