"""`train`: what it says while a run goes on and how it ends, with a process that only pretends; and, on the embedded
sample, with one that really trains."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from canned_runs import wait_until
from pretend_run import EPOCHS, PER_EPOCH
from test_runs_command import PROGRAM, Screen, commands_of

from fastai_tui.app.cli.attach import Child, attach
from fastai_tui.engine.errors import Interrupted, RunFailed
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from tests.warm import command

SHORT = ("train", "mnist-3v7", "--data", "mnist-sample", "--device", "cpu")


@pytest.fixture(autouse=True)
def no_run_outlives_its_test() -> Iterator[None]:
    """Whatever is still training when a test ends is killed."""
    yield
    for run in RunStore().runs():
        if (state := run.state()).live:
            os.kill(state.pid, signal.SIGKILL)


def pretend(fate: str) -> tuple[Run, Child]:
    """A run under way."""
    job = Job(experiment="mnist", builder="nowhere:build", settings={"model": "cnn"}, epochs=EPOCHS)
    run = RunStore().create(job, "", ["fastai-tui", "train", "mnist"])
    script = Path(__file__).with_name("pretend_run.py")

    def start(run: Run) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, str(script), str(run.path), fate], start_new_session=True)
        while not run.state().live and process.poll() is None:
            time.sleep(0.02)
        return process

    return run, Child(run, start)


def interrupt_once(run: Run, step: int) -> threading.Thread:
    """Press Ctrl-C after so many batches."""

    def press() -> None:
        while len(run.steps()) < step:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_in_a_pipe_a_run_is_told_in_lines_and_ends_with_its_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    attach(*pretend("finish"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "0001-mnist: cnn, 7,010 parameters, on cpu, seed 42",
        "data: mnist-sample, the embedded sample: 4,500 to train on, 500 to validate",
        "3 epochs of 20 batches, 60 in all",
    ]
    assert [line.split(":")[0] for line in lines if line.startswith("epoch")] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    assert any("smoothed" in line for line in lines)
    assert any(line.startswith("loss fell from") for line in lines)
    assert re.fullmatch(r"finished in 1\.5 s: valid loss 0\.1000, accuracy 0\.9700", lines[-1])
    assert "\x1b" not in "".join(lines)


def test_as_json_a_run_is_its_events_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    run, child = pretend("finish")
    attach(run, child, as_json=True)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["step"] for e in events if e["type"] == "batch"] == list(range(1, EPOCHS * PER_EPOCH + 1))
    assert events[0]["type"] == "run_started"
    assert events[-1]["reason"] == "finished"
    steps = [e["step"] for e in events if "step" in e]
    assert steps == sorted(steps)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_that_diverges_is_reported_with_its_reason(as_json: bool) -> None:
    run, child = pretend("fail")
    with pytest.raises(RunFailed, match="no number any more") as caught:
        attach(run, child, as_json=as_json)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_whose_process_dies_is_reported_lost(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    run, child = pretend("die")
    with pytest.raises(RunFailed, match=r"resume 0001-mnist"):
        attach(run, child, as_json=as_json)
    if as_json:
        last = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (last["reason"], last["step"]) == ("lost", 40)


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_stops_the_run_and_waits_for_its_checkpoint(as_json: bool) -> None:
    run, child = pretend("slowly")
    thread = interrupt_once(run, 10)
    with pytest.raises(Interrupted, match="Stopped at batch") as caught:
        attach(run, child, as_json=as_json)
    thread.join()
    assert caught.value.exit_code == 130
    assert run.state().phase == "stopped"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_that_cannot_begin_is_reported_with_its_last_words() -> None:
    job = Job(experiment="mnist", builder="nowhere:build", settings={})
    run = RunStore().create(job, "", [])

    def start(run: Run) -> "subprocess.Popen[bytes]":
        with open(run.path / "output.log", "wb") as output:
            return subprocess.Popen([sys.executable, "-c", "import sys; sys.exit('no such thing')"], stderr=output)

    child = Child(run, start)
    with pytest.raises(RunFailed, match="no such thing"):
        child.check(within=60)


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program with its output in a pipe."""
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=240, check=False)


def test_training_on_the_embedded_sample_in_a_pipe() -> None:
    done = program(*SHORT, "--epochs", "1")
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert float(last.rpartition("accuracy ")[2]) > 0.9
    assert "the embedded sample" in done.stdout
    assert done.stderr == ""


def test_training_as_json_has_every_step_once() -> None:
    done = program(*SHORT, "--epochs", "1", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [e["step"] for e in events if e["type"] == "batch"]
    assert steps == list(range(1, events[0]["batches_per_epoch"] + 1))
    shown = [json.loads(line) for line in command("show", "last", "--json").stdout.splitlines()]
    assert [e for e in shown if e["type"] == "batch"] == [e for e in events if e["type"] == "batch"]


def test_training_in_a_terminal_and_detaching_from_it() -> None:
    screen = Screen(*SHORT, "--epochs", "500", "--name", "mine")
    screen.until("samples a second")
    screen.child.send("q")
    assert screen.end() == 0
    assert "goes on" in screen.last
    run = RunStore().find("mine")
    assert run.state().phase == "running"
    assert command("stop", "mine").returncode == 0
    assert run.state().phase == "stopped"


def test_ctrl_c_in_a_terminal_ends_with_130_and_the_run_can_go_on() -> None:
    screen = Screen(*SHORT, "--epochs", "500")
    screen.until("samples a second")
    screen.child.send("\x03")
    assert screen.end() == 130
    assert "resume" in screen.last
    run = RunStore().find("last")
    assert run.state().phase == "stopped"
    assert list((run.path / "checkpoints").iterdir())
    assert commands_of(run) == ["stop"]


def test_ctrl_c_while_the_process_is_only_starting_leaves_no_run_behind() -> None:
    screen = Screen(*SHORT, "--epochs", "500")
    wait_until(lambda: RunStore().runs() and RunStore().runs()[0].state().live)
    screen.child.send("\x03")
    assert screen.end() == 130
    assert RunStore().find("last").state().phase == "stopped"


def test_losing_the_terminal_leaves_the_run_alone() -> None:
    screen = Screen(*SHORT, "--epochs", "500")
    screen.until("samples a second")
    screen.child.close(force=True)
    run = RunStore().find("last")
    before = len(run.steps())
    time.sleep(1)
    assert run.state().phase == "running"
    assert len(run.steps()) > before
    assert command("stop", "last").returncode == 0


def test_a_second_run_waits_for_the_device_and_says_behind_which() -> None:
    assert program(*SHORT, "--epochs", "500", "--detach").returncode == 0
    screen = Screen(*SHORT, "--epochs", "1")
    screen.until("Waiting for 0001-mnist-3v7")
    assert command("stop", "0001").returncode == 0
    assert screen.end() == 0


def test_a_dry_run_says_what_would_be_trained_and_trains_nothing() -> None:
    done = command(*SHORT, "--dry-run", "--json")
    event = json.loads(done.stdout)
    assert event["type"] == "run_started"
    assert event["parameters"] == 6722
    assert RunStore().runs() == []


def test_a_description_for_readers_has_the_rates_at_both_ends_and_the_top() -> None:
    """1cycle from its definition: a 25th of the rate, all of it at a quarter of the way, nearly nothing."""
    from pretend_run import started

    from fastai_tui.app.cli.train import description
    from fastai_tui.app.text import Look
    from fastai_tui.lessons.experiments import order

    job = order("mnist", {"lr": "0.05"}, epochs=EPOCHS, data="mnist-sample")
    run = RunStore().create(job, "", [])
    lines = description(started(run), job, 60, Look())
    (rates,) = [line for line in lines if line.startswith("rate ")]
    assert rates.startswith("rate        from 0.002, highest 0.05 at batch 16, to ")
    assert float(rates.rpartition(" ")[2]) < 1e-4
    assert "momentum    from 0.95, lowest 0.85 at batch 16, to 0.95" in lines
    assert lines[-1] == "Nothing was trained (--dry-run)."


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "nothing"),
        ("train", "mnist", "--set", "lr"),
        ("train", "mnist", "--set", "lr=-1"),
        ("train", "mnist", "--set", "nonsense=1"),
        ("train", "mnist", "--epochs", "0"),
        ("train", "mnist", "--epochs", "many"),
        ("train", "mnist", "--device", "toaster"),
        ("train", "mnist", "--name", "a b"),
        ("train",),
    ],
)
def test_wrong_usage_is_a_sentence_and_2(arguments: tuple[str, ...]) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert RunStore().runs() == []
