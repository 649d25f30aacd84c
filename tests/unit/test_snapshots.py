"""Snapshots: the newest loss, the schedule ahead, and what a step of a lesson would train."""

import math
import time
from itertools import pairwise

import pytest
from canned_runs import alive, epoch_of, loss_at, make_run

from fastai_tui.app.snapshots import PLANNED, Watcher, planned
from fastai_tui.app.tui.orders import command_of, job_of, seed_for
from fastai_tui.engine import events
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.runs.log import LineWriter
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.schema import Knob, Run, Step


def test_a_snapshot_has_the_newest_batchs_own_loss_and_the_schedule_ahead() -> None:
    shot = Watcher(make_run(100)).snapshot()
    assert math.isclose(shot.loss or 0, loss_at(100), rel_tol=1e-6)
    assert len(shot.plan) == PLANNED
    assert math.isclose(max(shot.plan), 0.06)
    assert Watcher(make_run(0)).snapshot().loss is None


def test_a_pause_is_no_part_of_the_time_that_a_run_has_taken() -> None:
    run = make_run(100)
    log, now = LineWriter(run.path / "events.jsonl"), time.time()
    told = {"step": 100, "epoch": 0, "by": "app"}
    begun = events.Resumed(time=now - 100, step=100, epoch=0, versions={})
    pauses = [
        events.Changed(time=now - at, settings={"paused": paused}, **told)
        for at, paused in ((90, True), (70, False), (60, True))
    ]
    with alive(run, "paused"):
        for lines, taken in ((1, 100), (2, 10), (3, 80), (4, 20)):
            log.write([events.encode(([begun, *pauses])[lines - 1])])
            assert Watcher(run).snapshot().elapsed == pytest.approx(taken, abs=2)


@pytest.mark.parametrize(
    ("settings", "first", "middle", "last"),
    [
        ({"schedule": "flat", "lr": 0.1, "momentum": 0.9}, 0.1, 0.1, 0.1),
        ({"schedule": "linear", "lr": 0.1, "momentum": 0.9}, 0.1, 0.05, 0.0),
        ({"schedule": "cosine", "lr": 0.1, "momentum": 0.9}, 0.1, 0.05, 0.0),
        ({"schedule": "1cycle", "lr": 0.1}, 0.1 / 25, 0.1 * 0.75 + 1e-6 * 0.25, 1e-6),
    ],
)
def test_the_plan_is_the_schedules(settings: dict[str, object], first: float, middle: float, last: float) -> None:
    plan = planned(settings)
    assert plan[0] == pytest.approx(first)
    assert plan[len(plan) // 2] == pytest.approx(middle)
    assert plan[-1] == pytest.approx(last, abs=1e-12)


@pytest.mark.parametrize("settings", [{}, {"lr": 0.1}, {"lr": "x", "schedule": "flat"}, {"lr": 1, "schedule": "odd"}])
def test_settings_that_ask_for_no_schedule_known_here_have_no_plan(settings: dict[str, object]) -> None:
    assert planned(settings) == ()


STEP = Step(
    id="s",
    title="S",
    pane="train",
    prose="",
    run=Run(experiment="mnist-3v7", set={"bs": 32, "lr": 0.02}, epochs=4, seed=7, data="mnist-sample"),
    knobs=(Knob(setting="lr"), Knob(name="layer", kind="int", default=1)),
)


def test_a_steps_job_is_what_its_command_orders() -> None:
    knobs = {"lr": 0.005, "layer": 3}
    job = job_of(STEP, knobs)
    assert (job.experiment, job.epochs, job.seed, job.data) == ("mnist-3v7", 4, 7, "mnist-sample")
    assert (job.settings["bs"], job.settings["lr"], job.settings["model"]) == (32, 0.005, "cnn")
    words = command_of(STEP, knobs)
    assert words[:2] == ["train", "mnist-3v7"]
    sets = dict(words[i + 1].split("=") for i, word in enumerate(words) if word == "--set")
    options = {words[i]: words[i + 1] for i in range(2, len(words), 2) if words[i] != "--set"}
    assert options == {"--epochs": "4", "--seed": "7", "--data": "mnist-sample"}
    assert order("mnist-3v7", sets, epochs=4, seed=7, data="mnist-sample") == job


def test_the_same_once_more_has_another_seed() -> None:
    store, job = RunStore(), job_of(STEP, {"lr": 0.005})
    assert seed_for(job, [], store) == 7
    same = [store.create(job, "", []).id]
    assert seed_for(job, same, store) == 8
    same.append(store.create(job_of(STEP, {"lr": 0.005}, seed=8), "", []).id)
    assert seed_for(job, same, store) == 9
    assert seed_for(job_of(STEP, {"lr": 0.1}), same, store) == 7
    assert seed_for(job, ["9999-gone"], store) == 7
    assert command_of(STEP, {}, seed=8)[-4:] == ["--seed", "8", "--data", "mnist-sample"]
    assert job_of(STEP, {}, seed=8).seed == 8


def test_a_step_that_trains_nothing_has_no_job() -> None:
    with pytest.raises(BadInput, match="trains nothing"):
        job_of(Step(id="s", title="S", pane="pixels", prose=""), {})


def test_a_bounded_table_keeps_the_newest_epochs_and_some_of_the_older() -> None:
    run = make_run(0)
    log, bounded, whole = LineWriter(run.path / "events.jsonl"), Watcher(run, 40), Watcher(run)
    for number in range(500):
        log.write([events.encode(epoch_of(number, 20))])
        assert len(bounded.snapshot().table) <= 40
    shot, full = bounded.snapshot(), whole.snapshot()
    assert (shot.epochs_done, full.epochs_done, len(full.table)) == (500, 500, 500)
    assert shot.table[-20:] == full.table[-20:]
    older = [row.epoch for row in shot.table[:-20]]
    assert len(older) >= 5
    assert max(after - before for before, after in pairwise([0, *older, 480])) <= 64


def test_a_resume_makes_void_the_epochs_after_it() -> None:
    run = make_run(0)
    log, watcher = LineWriter(run.path / "events.jsonl"), Watcher(run, 40)
    log.write([events.encode(epoch_of(number, 20)) for number in range(100)])
    assert watcher.snapshot().epochs_done == 100
    log.write([events.encode(events.Resumed(time=0.0, step=1000, epoch=50, versions={}))])
    assert watcher.snapshot().epochs_done == 50
    log.write([events.encode(epoch_of(50, 20))])
    assert (watcher.snapshot().epochs_done, watcher.snapshot().table[-1].epoch) == (51, 51)
