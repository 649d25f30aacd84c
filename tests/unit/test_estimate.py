"""How long a run will take, against times laid out by hand."""

import msgspec
import numpy as np
import pytest

from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import estimate, log, spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import StepWriter, row_type
from fastai_tui.engine.runs.store import RunStore

PER_EPOCH = 20
JOB = Job(experiment="mnist", builder="nowhere:build", settings={"bs": 64, "model": "cnn", "lr": 0.1}, epochs=5)


def run_with(times: list[float], job: Job = JOB, total: int = 5 * PER_EPOCH) -> Run:
    run = RunStore().create(job, "", [])
    write_whole(run.path / "run.json", spec.encode(msgspec.structs.replace(run.spec, total_batches=total)))
    rows = np.zeros(len(times), row_type(1))
    rows["time"], rows["epoch"] = times, np.arange(len(times)) // PER_EPOCH
    StepWriter(run.path / "steps", 1).write(1, rows)
    return run


def steady(done: int, batch: float = 0.5, validation: float = 3.0) -> list[float]:
    return [1e9 + i * batch + (i // PER_EPOCH) * validation for i in range(done)]


def test_there_is_no_estimate_before_there_is_a_pace() -> None:
    assert estimate.remaining(run_with([])) is None
    assert estimate.remaining(run_with([1e9])) is None
    assert estimate.remaining(run_with(steady(10), total=0)) is None


def test_what_is_left_is_the_batches_and_the_validations_to_come() -> None:
    assert estimate.remaining(run_with(steady(10))) == pytest.approx(90 * 0.5)  # no validation was seen yet
    assert estimate.remaining(run_with(steady(50))) == pytest.approx(50 * 0.5 + 3 * 3.0)
    assert estimate.remaining(run_with(steady(99))) == pytest.approx(0.5 + 3.0)
    assert estimate.remaining(run_with(steady(100))) == pytest.approx(0.0)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 10 * 86400.0])
def test_a_pause_a_resume_and_a_clock_that_jumped_do_not_count_as_work(jump: float) -> None:
    times = [t + (jump if i >= 45 else 0) for i, t in enumerate(steady(50))]
    assert estimate.remaining(run_with(times)) == pytest.approx(50 * 0.5 + 3 * 3.0)


def test_the_pace_is_the_recent_one() -> None:
    slow = [1e9 + 10.0 * i for i in range(20)]
    fast = [slow[-1] + 0.1 * (i + 1) for i in range(estimate.RECENT)]
    run = run_with(slow + fast, total=10_000)
    left = estimate.remaining(run)
    assert left is not None
    assert left < 10_000 * 0.2


def finished(job: Job, seconds: list[float]) -> Run:
    run = RunStore().create(job, "", [])
    for i, took in enumerate(seconds):
        told = events.Epoch(time=1.0, step=i + 1, epoch=i, train_loss=1.0, valid_loss=1.0, metrics={}, seconds=took)
        log.append(run.path / "events.jsonl", events.encode(told))
    return run


def test_before_it_starts_the_last_run_like_it_tells() -> None:
    assert estimate.before(JOB, RunStore()) is None
    finished(JOB, [9.0])
    alike = finished(JOB, [2.0, 4.0])
    finished(msgspec.structs.replace(JOB, settings={**JOB.settings, "bs": 128}), [100.0])
    finished(msgspec.structs.replace(JOB, experiment="mnist-3v7"), [100.0])
    finished(JOB, [])
    asked = msgspec.structs.replace(JOB, epochs=7, settings={**JOB.settings, "lr": 0.5})
    assert estimate.before(asked, RunStore()) == (pytest.approx(7 * 3.0), alike.id)
