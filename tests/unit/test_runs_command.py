"""The commands on runs, through the program itself: what they print, and what they leave alone."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest
from canned_runs import BEGUN, alive, make_run, wait_until
from typer.testing import CliRunner, Result

from fastai_tui.app.cli import runs
from fastai_tui.app.text import width
from fastai_tui.engine.errors import BadInput, FastaiTuiError, RunFailed
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

PROGRAM = [sys.executable, "-m", "fastai_tui.app.cli.main"]


def call(*arguments: str) -> Result:
    """What a command prints to a pipe. Raises the error that it would end with."""
    import typer

    app = typer.Typer()
    runs.register(app)
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, FastaiTuiError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


class Screen:
    """The program in a terminal of its own, emulated."""

    def __init__(self, *arguments: str, columns: int = 80, rows: int = 24) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        stale = {"COLUMNS": str(columns), "LINES": str(rows)}  # as shells and libraries leave them in the environment
        environment = os.environ | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | stale
        self.child = pexpect.spawn(
            PROGRAM[0], [*PROGRAM[1:], *arguments], dimensions=(rows, columns), env=environment, timeout=60
        )

    def read(self) -> str:
        """What the screen shows now."""
        while True:
            try:
                self.stream.feed(self.child.read_nonblocking(65536, timeout=0.05))
            except (pexpect.TIMEOUT, pexpect.EOF):
                return "\n".join(self.screen.display)

    def until(self, text: str) -> str:
        """The screen once it shows `text`."""
        try:
            wait_until(lambda: text in self.read())
        except AssertionError:
            raise AssertionError(
                f"{text!r} is not on the screen (alive: {self.child.isalive()}):\n{self.read()}"
            ) from None
        return self.read()

    def end(self) -> int:
        """Read to the end; the exit status."""
        wait_until(lambda: self.read() is not None and not self.child.isalive())
        self.last = self.read()
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -int(self.child.signalstatus or 0)


def commands_of(run: Run) -> list[str]:
    """What has been asked of a run."""
    path = run.path / "commands.jsonl"
    return [json.loads(line)["do"] for line in path.read_text().splitlines()] if path.exists() else []


def test_no_runs_yet() -> None:
    assert "no runs yet" in call("runs").output
    assert json.loads(call("runs", "--json").output) == []


def test_the_list_of_runs() -> None:
    make_run(354, end="finished", name="first")
    make_run(130, end="stopped")
    lines = call("runs").output.splitlines()
    assert lines[1].split()[:4] == ["0001-mnist", "first", "finished", "3/3"]
    assert "accuracy 0.9700" in lines[1]
    assert lines[2].split()[:3] == ["0002-mnist", "stopped", "1/3"]


def test_the_list_as_json() -> None:
    make_run(130)
    (found,) = json.loads(call("runs", "--json").output)
    assert found["run"] == "0001-mnist"
    assert (found["phase"], found["live"]) == ("lost", False)
    assert (found["step"], found["total"], found["epochs"]) == (130, 354, {"done": 1, "asked": 3})
    assert found["metrics"] == {"accuracy": pytest.approx(0.91)}


def test_a_damaged_run_does_not_hide_the_others() -> None:
    make_run(10, end="stopped")
    damaged = make_run(10)
    (damaged.path / "run.json").write_text('{"schema_version": 1, "id": ')
    output = call("runs").output
    assert "0001-mnist" in output
    assert "0002-mnist cannot be opened" in output


def test_show_draws_curves_table_facts_and_the_end() -> None:
    make_run(354, end="finished")
    output = call("show", "last").output
    for words in ("0001-mnist", "smoothed", "learning rate", "loss fell from", "epoch  train loss", "seed", "7,010"):
        assert words in output
    assert "model=cnn" in output
    assert output.splitlines()[-1] == "finished in 6.1 s: valid loss 0.1000, accuracy 0.9700"
    assert "\x1b" not in output


def test_show_json_has_every_step_once_and_in_order() -> None:
    make_run(354, end="finished")
    events = [json.loads(line) for line in call("show", "last", "--json").stdout.splitlines()]
    assert [e["step"] for e in events if e["type"] == "batch"] == list(range(1, 355))
    assert [e["type"] for e in events if e["type"] != "batch"] == [
        "run_started",
        "epoch",
        "epoch",
        "epoch",
        "run_ended",
    ]


def test_show_json_of_a_lost_run_ends_with_that() -> None:
    make_run(100)
    last = json.loads(call("show", "last", "--json").stdout.splitlines()[-1])
    assert (last["type"], last["reason"], last["step"]) == ("run_ended", "lost", 100)
    assert last["time"] == pytest.approx(BEGUN + 2.0)
    assert "resume" in last["message"]


@pytest.mark.parametrize("arguments", [("show", "nope"), ("watch", "nope"), ("rm", "9"), ("stop", "x"), ("pause", "")])
def test_a_run_that_is_not_there(arguments: tuple[str, ...]) -> None:
    make_run(10, end="stopped")
    with pytest.raises(BadInput, match="no run called"):
        call(*arguments)


def test_watching_a_finished_run_in_a_pipe_tells_its_story() -> None:
    make_run(354, end="finished")
    lines = call("watch", "last").output.splitlines()
    assert lines[0] == "0001-mnist: cnn, 7,010 parameters, on cpu, seed 42"
    assert lines[3].startswith("epoch 1 of 3: train loss 0.4000, valid loss 0.3000, accuracy 0.9100")
    assert lines[-1].endswith("accuracy 0.9700")
    assert all(len(line) <= 80 or line.startswith(("loss", "learning")) for line in lines)


def test_watch_json_streams_a_run_to_its_end() -> None:
    make_run(50, end="stopped")
    events = [json.loads(line) for line in call("watch", "last", "--json").stdout.splitlines()]
    assert [e["step"] for e in events if e["type"] == "batch"] == list(range(1, 51))
    assert events[-1]["reason"] == "stopped"


@pytest.mark.parametrize("leave", ["q", "\x03"])
def test_detaching_from_watch_leaves_the_run_alone(leave: str) -> None:
    run = make_run(200)
    with alive(run):
        screen = Screen("watch", "last")
        text = screen.until("batch 200 of 354")
        assert "running" in text
        assert "detach, the run goes on" in text
        screen.child.send(leave)
        assert screen.end() == 0
        assert "goes on" in screen.last
        assert run.state().phase == "running"
    assert commands_of(run) == []


def test_watch_gives_the_terminal_back_as_it_was() -> None:
    import termios

    run = make_run(200)
    with alive(run):
        screen = Screen("watch", "last")
        before = termios.tcgetattr(screen.child.child_fd)
        screen.until("batch 200 of 354")
        assert termios.tcgetattr(screen.child.child_fd) != before
        os.kill(screen.child.pid, signal.SIGTERM)
        wait_until(lambda: termios.tcgetattr(screen.child.child_fd) == before)
        assert screen.end() == 128 + signal.SIGTERM
        assert not screen.screen.cursor.hidden


def test_keys_pause_and_stop_a_run() -> None:
    run = make_run(200)
    with alive(run) as lock:
        screen = Screen("watch", "last")
        screen.until("batch 200 of 354")
        screen.child.send(" ")
        wait_until(lambda: commands_of(run) == ["pause"])
        lock.say(phase="paused")
        screen.until("space: go on")
        screen.child.send(" ")
        wait_until(lambda: commands_of(run) == ["pause", "resume"])
        screen.child.send("s")
        screen.until("(y/n)")
        screen.child.send("n")
        screen.child.send("?")
        screen.until("this help, and back")
        screen.child.send("sy")
        wait_until(lambda: commands_of(run) == ["pause", "resume", "stop"])
    screen.end()


def test_watch_follows_a_resize() -> None:
    run = make_run(200)
    with alive(run):
        screen = Screen("watch", "last")
        screen.until("batch 200 of 354")
        screen.screen.resize(12, 40)
        screen.child.setwinsize(12, 40)
        text = screen.until("no room")
        assert text.splitlines()[0].startswith("0001-mnist")
        screen.child.send("q")
        assert screen.end() == 0


def test_a_suspended_watch_comes_back() -> None:
    run = make_run(200)
    with alive(run):
        screen = Screen("watch", "last")
        screen.until("batch 200 of 354")
        os.kill(screen.child.pid, signal.SIGTSTP)
        stat = Path(f"/proc/{screen.child.pid}/stat")
        if stat.exists():
            wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
        else:
            time.sleep(1)
        screen.read()
        assert not screen.screen.cursor.hidden
        os.kill(screen.child.pid, signal.SIGCONT)
        wait_until(lambda: screen.read() is not None and screen.screen.cursor.hidden)
        screen.child.send("q")
        assert screen.end() == 0


def test_steering_what_has_ended_is_refused() -> None:
    make_run(354, end="finished")
    for command in ("stop", "pause"):
        with pytest.raises(BadInput, match="has finished"):
            call(command, "last")
    with pytest.raises(BadInput, match="has finished"):
        call("resume", "last")


def test_pausing_what_has_not_begun_is_refused() -> None:
    run = make_run(0)
    with alive(run, "queued"), pytest.raises(BadInput, match="not begun"):
        call("pause", "last")
    assert commands_of(run) == []


def test_set_takes_live_settings_only() -> None:
    run = make_run(100)
    with alive(run):
        with pytest.raises(BadInput, match=r"bs cannot be changed while training; these can: .*lr"):
            call("set", "last", "bs=32")
        with pytest.raises(BadInput, match="no setting"):
            call("set", "last", "nonsense=1")
        with pytest.raises(BadInput, match="allowed"):
            call("set", "last", "lr=fast")
        with pytest.raises(BadInput, match="one per layer group"):
            call("set", "last", "lr=0.1/0.2")
        with pytest.raises(BadInput, match="KEY=VALUE"):
            call("set", "last", "lr")
    assert commands_of(run) == []


def test_set_says_from_when_on_once_the_run_has_answered() -> None:
    import threading

    from fastai_tui.engine.events import Changed, encode
    from fastai_tui.engine.runs.log import append

    run = make_run(100)

    def answer() -> None:
        wait_until(lambda: commands_of(run) == ["set"])
        asked = json.loads((run.path / "commands.jsonl").read_text())
        changed = Changed(time=0, step=100, epoch=0, settings=asked["settings"], by="command", command=asked["id"])
        append(run.path / "events.jsonl", encode(changed))

    with alive(run):
        thread = threading.Thread(target=answer)
        thread.start()
        assert call("set", "last", "lr=0.01").output == "0001-mnist: lr=0.01 after batch 100.\n"
        thread.join()


def test_resuming_what_runs_is_refused() -> None:
    run = make_run(100)
    with alive(run), pytest.raises(BadInput, match="running already"):
        call("resume", "last")


def test_a_run_that_cannot_begin_again_says_why() -> None:
    make_run(100, end="stopped")
    with pytest.raises(RunFailed, match="nowhere"):
        call("resume", "last")


def test_rm_removes_an_ended_run_but_no_live_one() -> None:
    run = make_run(10, end="stopped", name="mine")
    with alive(run), pytest.raises(BadInput, match="stop"):
        call("rm", "mine")
    assert call("rm", "mine").output == "0001-mnist is removed.\n"
    assert RunStore().runs() == []


def test_rm_removes_a_damaged_run() -> None:
    run = make_run(10)
    (run.path / "run.json").write_text("{")
    call("rm", run.id)
    assert not run.path.exists()


def aged(run: Run, days: float) -> Run:
    """The run, as if it had ended so many days ago."""
    when = time.time() - days * 86_400
    for file in run.path.iterdir():
        if file.is_file():
            os.utime(file, (when, when))
    return run


def left() -> list[str]:
    return [run.id for run in RunStore().runs()]


def test_prune_removes_what_ended_long_ago() -> None:
    aged(make_run(10, end="stopped"), 31)
    aged(make_run(10, end="stopped"), 29)
    live = aged(make_run(10), 99)
    with alive(live):
        aged(live, 99)
        assert "0001-mnist" in call("prune", "--dry-run").output
        assert len(left()) == 3
        assert "1 removed" in call("prune", "--yes").output
        assert left() == ["0002-mnist", "0003-mnist"]


def test_prune_can_keep_the_newest() -> None:
    for _ in range(4):
        make_run(5, end="stopped")
    call("prune", "--keep", "2", "--yes")
    assert left() == ["0003-mnist", "0004-mnist"]
    assert "nothing to remove" in call("prune", "--keep", "1", "--days", "1", "--yes").output


def test_prune_asks_before_it_removes() -> None:
    make_run(5, end="stopped")
    with pytest.raises(BadInput, match="--yes"):
        call("prune", "--keep", "0")
    screen = Screen("prune", "--keep", "0")
    screen.until("for good?")
    screen.child.send("n\r")
    assert screen.end() == 130
    assert left() == ["0001-mnist"]


def test_completion_offers_ids_names_and_last() -> None:
    from fastai_tui.app.cli import complete

    make_run(5, end="stopped", name="baseline")
    assert complete.runs("") == ["last", "0001-mnist", "baseline"]
    assert complete.runs("ba") == ["baseline"]


def test_wide_names_leave_the_columns_aligned() -> None:
    make_run(354, end="finished", name="名前")
    make_run(354, end="finished", name="plain")
    first, second = (line for line in call("runs").output.splitlines() if "finished" in line)
    assert width(first.partition("finished")[0]) == width(second.partition("finished")[0])


def test_a_folder_that_is_no_run_is_not_run_number_nought() -> None:
    make_run(354, end="finished")
    (RunStore().place / "junk").mkdir()
    assert "0001-mnist" in call("show", "0").output
