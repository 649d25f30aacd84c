"""Real run processes: they finish, obey, queue, survive, and go on exactly where they were."""

import functools
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from fastai_tui.engine import events
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.runs import checkpoints, process
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.experiments import order
from tests.runs import PATIENCE, Run, client, finish, kill, last_words, losses, new_run, reach
from tests.warm import command, fork
from tests.warm import warm as warm

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


def loads_the_compiler(folder: Path) -> bool:
    process.main(folder)
    return "torch._dynamo" in sys.modules


@pytest.mark.parametrize("opt", ["sgd", "adam"])
def test_no_start_waits_for_torch_s_compiler(tmp_path: Path, opt: str) -> None:
    """To load it takes two seconds, nearly as long as the rest of torch."""
    run = new_run("mnist-3v7", opt=opt)
    forked = fork(functools.partial(loads_the_compiler, run.path), os.environ, tmp_path / "out", tmp_path / "err")
    forked.join(PATIENCE)
    assert forked.exitcode == 0, (tmp_path / "err").read_text()
    assert run.state().phase == "finished"


@pytest.mark.usefixtures("warm")
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


@pytest.mark.usefixtures("warm")
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


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("given", [["lr=1e-5/1e-4/1e-3"], ["freeze=2", "bn_freeze=on", "wd=0.1/0.2/0.3"]])
def test_what_the_command_sets_holds_from_the_next_batch_on_and_survives_a_kill(
    monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    """The resume goes back to before the change, so that it has to be made again where it was made first."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "1000")
    run = new_run(epochs=12, **QUICK, schedule="step", lr="0.01")
    client.launch(run)
    reach(run, 70)
    assert command("set", run.id, *given).stdout.startswith(f"{run.id}: ")
    (change,) = of_type(run, events.Changed)
    reach(run, change.step + 20)
    kill(run)
    before = run.steps().read()
    for kept in (run.path / "checkpoints").glob("*.pt"):
        if int(kept.name.partition("-")[0]) > change.step:  # of an epoch that ended before the kill came
            kept.unlink()
    client.resume(run)
    assert finish(run).phase == "finished", last_words(run)
    assert of_type(run, events.Resumed)[-1].step <= change.step < len(before) < len(run.steps())
    after = run.steps().read()
    for column in ("lr", "momentum", "loss", "smooth_loss", "epoch"):
        assert after[column][: len(before)].tobytes() == before[column].tobytes()
    assert [e.settings for e in of_type(run, events.Changed)] == [change.settings]
    assert set(change.settings) == {text.partition("=")[0] for text in given}
    tops = np.array(change.settings.get("lr", [0.01] * 3))
    steps = np.arange(12 * 62)
    factors = 10.0 ** -(steps * 3 // len(steps))
    expected = np.where((steps < change.step)[:, None], 0.01, tops) * factors[:, None]
    np.testing.assert_allclose(after["lr"], expected, rtol=1e-12)


@pytest.mark.usefixtures("warm")
def test_frozen_weights_are_the_first_checkpoint_s_to_the_last_bit() -> None:
    run = new_run(epochs=2, **QUICK, freeze="2", opt="sgd", decay="coupled", clip="0.5")
    client.launch(run)
    assert finish(run).phase == "finished", last_words(run)
    kept = [find(run.path / "checkpoints") for find in (checkpoints.first, checkpoints.newest)]
    first, last = (found[0]["model"] for found in kept if found is not None)
    moved = {name for name, value in last.items() if not torch.equal(value, first[name])}
    assert {name.partition(".")[0] for name in moved} == {"conv5", "norm5"}


SCHEDULES = {
    "step": {"schedule": "step", "drops": "4", "warm_up": "0.1"},
    "1cycle": {"schedule": "1cycle", "lr": "0.001/0.01/0.06"},
    "sgdr": {"schedule": "sgdr", "cycles": "3", "cycle_mult": "2", "lr": "0.001/0.003/0.01"},
}


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    "name",
    ["sgdr", *(pytest.param(name, marks=pytest.mark.acceptance) for name in SCHEDULES if name != "sgdr")],
)
def test_a_run_killed_again_and_again_is_on_the_same_point_of_its_schedule(frequent: None, name: str) -> None:
    epochs = 7 if name == "sgdr" else 3
    calm, disturbed = (new_run(epochs=epochs, **QUICK, **SCHEDULES[name]) for _ in range(2))
    client.launch(calm)
    assert finish(calm).phase == "finished", last_words(calm)
    client.launch(disturbed)
    for moment in (40, 63, 130):
        reach(disturbed, moment)
        kill(disturbed)
        client.resume(disturbed)
    assert finish(disturbed).phase == "finished", last_words(disturbed)
    ours, theirs = (run.steps().read() for run in (disturbed, calm))
    for column in ("lr", "momentum", "loss"):
        assert ours[column].tobytes() == theirs[column].tobytes()
    told = [[e.path for e in of_type(run, events.Checkpoint) if "cycle" in e.path] for run in (disturbed, calm)]
    kept = [sorted((run.path / "cycles").glob("*")) for run in (disturbed, calm)]
    assert told[0] == told[1] == [f"cycles/{path.name}" for path in kept[0]]
    assert len(kept[0]) == (3 if name == "sgdr" else 0)
    assert [path.read_bytes() for path in kept[0]] == [path.read_bytes() for path in kept[1]]


@pytest.mark.usefixtures("warm")
def test_a_run_without_progress_ends_early_with_a_checkpoint_and_says_so() -> None:
    run = new_run(epochs=9, bs="64", norm="none", schedule="flat", lr="0", patience="2")
    client.launch(run)
    state = finish(run)
    assert state.phase == "finished", last_words(run)
    assert "after epoch 3 of 9" in state.message
    assert of_type(run, events.Checkpoint)[-1].step == len(run.steps()) == 3 * 62
    assert state.message in " ".join(command("show", run.id).stdout.split())


@pytest.mark.usefixtures("warm")
def test_a_run_from_before_there_were_layer_groups_goes_on() -> None:
    job = order("mnist", {**QUICK, "schedule": "flat"}, epochs=2, device="cpu", data="mnist-sample")
    new = ("warm_up", "drops", "drop_by", "drop_from", "decay", "freeze", "bn_freeze", "clip", "patience")
    old = msgspec.structs.replace(job, settings={k: v for k, v in job.settings.items() if k not in new})
    run = RunStore().create(old, "", ["test"])
    client.launch(run)
    reach(run, 20)
    client.send(run, "stop")
    finish(run)
    client.resume(run)
    assert finish(run).phase == "finished", last_words(run)
    assert run.steps().read()["lr"].shape == (124, 1)


@pytest.mark.usefixtures("warm")
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


@pytest.mark.usefixtures("warm")
def test_a_paused_run_waits_and_goes_on() -> None:
    run = new_run(epochs=40, **QUICK)
    client.launch(run)
    reach(run, 10)
    assert client.wait_for(run, client.send(run, "pause")) is not None
    assert run.state().phase == "paused"
    done = len(run.steps())
    time.sleep(3)
    assert len(run.steps()) == done
    client.send(run, "resume")
    reach(run, done + 10)
    client.send(run, "stop")
    assert finish(run).phase == "stopped"
    log = run.log()
    begun, ended = (next(e for e in log if isinstance(e, kind)) for kind in (events.RunStarted, events.RunEnded))
    assert ended.time - begun.time > 3
    assert sum(epoch.seconds for epoch in run.epochs()) < ended.time - begun.time - 2.5  # the pause is no training


@pytest.mark.usefixtures("warm")
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


@pytest.mark.usefixtures("warm")
def test_a_loss_that_is_no_number_ends_the_run_with_what_to_try() -> None:
    run = new_run(epochs=3, bs="64", norm="none", schedule="flat", lr="100", wd="10", opt="sgd")
    client.launch(run)
    state = finish(run)
    assert state.phase == "diverged"
    assert "tenth of the rate" in state.message


@pytest.mark.usefixtures("warm")
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


@pytest.mark.usefixtures("warm")
def test_a_finished_run_and_a_live_one_cannot_be_resumed() -> None:
    run = new_run(epochs=1, **QUICK)
    client.launch(run)
    reach(run, 1)
    with pytest.raises(BadInput, match="watch"):
        client.resume(run)
    finish(run)
    with pytest.raises(BadInput, match="finished"):
        client.resume(run)


@pytest.mark.usefixtures("warm")
def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
