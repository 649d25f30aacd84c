"""A run's own warnings: what a real run process tells of itself, once each, over kills and resumes too."""

import pytest

from fastai_tui.engine import events
from fastai_tui.engine.reading import read
from fastai_tui.engine.runs.record import record_of
from tests.runs import Run, client, finish, kill, last_words, new_run, reach
from tests.warm import warm as warm

pytestmark = pytest.mark.usefixtures("warm")

DYING = {"norm": "none", "schedule": "flat", "lr": "0.06", "activations": "on"}


def warnings(run: Run) -> list[events.Warned]:
    return [event for event in run.events() if isinstance(event, events.Warned)]


def test_a_dying_run_says_so_at_an_end_of_an_epoch_and_once() -> None:
    run = new_run(epochs=6, **DYING)
    client.launch(run)
    assert finish(run).phase == "finished", last_words(run)
    (warned,) = warnings(run)
    assert warned.code == "dead_units"
    assert warned.step < len(run.steps())
    assert warned.step % (len(run.steps()) // 6) == 0
    assert "norm=batch" in warned.message
    assert read(record_of(run)).verdict == "dead"


def test_a_kill_and_a_resume_do_not_make_it_say_so_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0.05")
    run = new_run(epochs=30, **DYING)
    client.launch(run)
    for _ in range(2):
        reach(run, len(run.steps()) + 60)
        kill(run)
        client.resume(run)
    assert finish(run).phase == "finished", last_words(run)
    assert [warned.code for warned in warnings(run)] == ["dead_units"]


def test_a_healthy_run_warns_of_nothing() -> None:
    run = new_run(epochs=6, norm="batch", activations="on")
    client.launch(run)
    assert finish(run).phase == "finished", last_words(run)
    assert not warnings(run)
    assert read(record_of(run)).verdict == "healthy"


def test_a_run_whose_loss_is_no_number_says_why_before_it_ends() -> None:
    run = new_run(epochs=2, norm="none", schedule="flat", lr="100", opt="sgd")
    client.launch(run)
    assert finish(run).phase == "diverged", last_words(run)
    (warned,) = warnings(run)
    assert warned.code == "diverging"
    assert isinstance(list(run.events())[-1], events.RunEnded)


def test_a_run_that_was_stopped_is_not_called_slow() -> None:
    run = new_run(epochs=40, norm="none", schedule="flat", lr="0.0001")
    client.launch(run)
    reach(run, 60)
    client.send(run, "stop")
    assert finish(run).phase == "stopped"
    assert not warnings(run)
