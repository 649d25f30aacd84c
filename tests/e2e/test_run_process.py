"""Real run processes: they finish, obey, queue, survive, and go on exactly where they were."""

import json
import random
import time
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine import events
from fastai_tui.engine.errors import BadInput
from tests.runs import Run, client, finish, kill, last_words, losses, new_run, reach

QUICK = {"bs": "64", "norm": "batch", "activations": "on"}


def of_type(run: Run, kind: type) -> list:
    return [event for event in run.events() if isinstance(event, kind)]


@pytest.fixture
def frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints so often that a kill falls between two in the middle of an epoch."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0.2")


def test_a_run_tells_its_whole_story() -> None:
    run = new_run(epochs=2, **QUICK)
    client.launch(run)
    assert finish(run).phase == "finished", last_words(run)
    told = list(run.events())
    started = told[0]
    assert isinstance(started, events.RunStarted)
    steps = [e.step for e in told if isinstance(e, events.Batch)]
    assert steps == list(range(1, 2 * started.batches_per_epoch + 1))
    assert [e.step for e in told if isinstance(e, events.Activations)] == steps
    assert [e.epoch for e in told if isinstance(e, events.Epoch)] == [0, 1]
    assert isinstance(told[-1], events.RunEnded)
    assert told[-1].reason == "finished"
    assert run.epochs()[-1].metrics["accuracy"] > 0.9


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.acceptance)])
def test_a_run_killed_at_random_moments_ends_with_the_same_losses_to_the_last_bit(frequent: None, kills: int) -> None:
    chance = random.Random(kills)
    calm, disturbed = (new_run(epochs=6, **QUICK) for _ in range(2))
    client.launch(calm)
    assert finish(calm).phase == "finished", last_words(calm)
    total = len(losses(calm))
    client.launch(disturbed)
    for moment in sorted(chance.sample(range(1, total - 1), kills)):
        reach(disturbed, moment)
        kill(disturbed)
        assert disturbed.state().phase == "lost"
        client.resume(disturbed)
    assert finish(disturbed).phase == "finished", last_words(disturbed)
    assert losses(disturbed).tobytes() == losses(calm).tobytes()
    assert [e.step for e in of_type(disturbed, events.Batch)] == list(range(1, total + 1))
    ours, theirs = (
        [(e.epoch, e.train_loss, e.valid_loss, e.metrics) for e in run.epochs()] for run in (disturbed, calm)
    )
    assert ours == theirs
    assert [a.layers for a in of_type(disturbed, events.Activations)] == [
        a.layers for a in of_type(calm, events.Activations)
    ]


def test_a_stop_leaves_a_checkpoint_and_a_resume_goes_on_from_it() -> None:
    calm, stopped = (new_run(epochs=3, **QUICK) for _ in range(2))
    client.launch(calm)
    finish(calm)
    client.launch(stopped)
    reach(stopped, 70)
    client.send(stopped, "stop")
    assert finish(stopped).phase == "stopped"
    ended = of_type(stopped, events.RunEnded)[-1]
    assert of_type(stopped, events.Checkpoint)[-1].step == ended.step
    client.resume(stopped)
    assert finish(stopped).phase == "finished", last_words(stopped)
    assert of_type(stopped, events.Resumed)[-1].step == ended.step
    assert losses(stopped).tobytes() == losses(calm).tobytes()


def test_a_rate_changed_while_running_is_in_the_log_and_survives_a_kill(frequent: None) -> None:
    run = new_run(epochs=6, **QUICK, schedule="flat", lr="0.001")
    client.launch(run)
    reach(run, 40)
    answer = client.wait_for(run, client.send(run, "set", settings={"lr": 0.0001}))
    assert answer is not None
    reach(run, answer.step + 20)
    kill(run)
    client.resume(run)
    assert finish(run).phase == "finished", last_words(run)
    lr = run.steps().read()["lr"][:, 0]
    assert np.allclose(lr[: answer.step], 0.001)
    assert np.allclose(lr[answer.step :], 0.0001)
    assert [e.settings for e in of_type(run, events.Changed)] == [{"lr": 0.0001}]


def test_a_setting_that_cannot_change_is_refused_in_a_sentence() -> None:
    run = new_run(epochs=40, **QUICK)
    client.launch(run)
    reach(run, 5)
    client.send(run, "set", settings={"bs": 3})
    client.send(run, "set", settings={"lr": [0.1, 0.2]})
    (run.path / "commands.jsonl").open("ab").write(b'{"half a line\n[]\n\xff\n')
    while len(told := of_type(run, events.Warned)) < 2:
        time.sleep(0.02)
    assert all(warning.code == "refused" for warning in told)
    client.send(run, "stop")
    assert finish(run).phase == "stopped"


def test_a_paused_run_waits_and_goes_on() -> None:
    run = new_run(epochs=40, **QUICK)
    client.launch(run)
    reach(run, 10)
    assert client.wait_for(run, client.send(run, "pause")) is not None
    assert run.state().phase == "paused"
    done = len(run.steps())
    time.sleep(0.5)
    assert len(run.steps()) == done
    client.send(run, "resume")
    reach(run, done + 10)
    client.send(run, "stop")
    assert finish(run).phase == "stopped"


def test_runs_queue_for_the_device_first_come_first_served() -> None:
    runs = [new_run(epochs=40, **QUICK) for _ in range(3)]
    client.launch(runs[0])
    reach(runs[0], 5)
    for i in (1, 2):
        client.launch(runs[i])
        while runs[i].state().behind != runs[0].id:
            assert runs[i].state().phase in ("new", "queued")
            time.sleep(0.02)
    client.send(runs[2], "stop")
    assert finish(runs[2]).phase == "stopped"
    assert len(runs[2].steps()) == 0
    client.send(runs[0], "stop")
    reach(runs[1], 5)
    assert runs[0].state().phase == "stopped"
    client.send(runs[1], "stop")
    assert finish(runs[1]).phase == "stopped"


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_try() -> None:
    run = new_run(epochs=3, bs="64", norm="none", schedule="flat", lr="100", wd="10", opt="sgd")
    client.launch(run)
    state = finish(run)
    assert state.phase == "diverged"
    assert "tenth of the rate" in state.message


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(frequent: None) -> None:
    calm, run = (new_run(epochs=6, **QUICK) for _ in range(2))
    client.launch(calm)
    finish(calm)
    client.launch(run)
    reach(run, 200)
    client.send(run, "stop")
    finish(run)
    newest = max((run.path / "checkpoints").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    (run.path / "events.jsonl").open("ab").write(b'{"type": "epoch", "ti')
    client.resume(run)
    assert finish(run).phase == "finished", last_words(run)
    assert [e.code for e in of_type(run, events.Warned)] == ["damaged_checkpoint"]
    assert losses(run).tobytes() == losses(calm).tobytes()
    json.loads((run.path / "run.json").read_text())


def test_a_finished_run_and_a_live_one_cannot_be_resumed() -> None:
    run = new_run(epochs=1, **QUICK)
    client.launch(run)
    reach(run, 1)
    with pytest.raises(BadInput, match="watch"):
        client.resume(run)
    finish(run)
    with pytest.raises(BadInput, match="finished"):
        client.resume(run)


def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a small tmpfs here: {mounted.stderr.decode().strip()}")
    try:
        monkeypatch.setenv("FASTAI_TUI_HOME", str(small / "home"))
        run = new_run(epochs=400, **QUICK)
        client.launch(run)
        state = finish(run)
        assert state.phase == "failed", last_words(run)
        assert "full" in state.message
        recorded = losses(run)
        assert np.isfinite(recorded).all()
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        client.resume(run)
        reach(run, len(recorded) + 5)
        assert losses(run)[: len(recorded)].tobytes() == recorded.tobytes()
        client.send(run, "stop")
        assert finish(run).phase == "stopped"
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
