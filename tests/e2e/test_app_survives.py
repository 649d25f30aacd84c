"""The app goes, its run stays; the lab goes, the app stays; a progress file that is no good is left as it is."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastai_tui.engine import events
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import progress
from tests.e2e.test_survival import ssh as ssh
from tests.e2e.test_survival import tmux as tmux
from tests.player import COMMAND, PATIENCE, Player
from tests.runs import Run, finish

STEP = ("--chapter", "first-cnn", "--step", "ten")
CURVE = re.compile(r"[┤│][·⠁-⣿]")  # something is plotted right beside the axis: the first batches


@pytest.fixture(autouse=True)
def predicted() -> None:
    """What the step asks has been answered: nothing is hidden."""
    progress.replace(progress.Progress().put("first-cnn", "ten", answers={"start": 2.3, "accuracy": 0.97}))


def until(true: Callable[[], object], within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def held_back() -> Iterator[None]:
    """The only run there is, stopped in its course while the app that started it is taken away, and then going on."""
    until(lambda: RunStore().runs() and len(RunStore().runs()[0].steps()) > 3)
    pid = RunStore().runs()[0].state().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def expect_all_of_it(home: Path) -> None:
    """The run goes on to its end, and the app opens at its step and shows the curve from the first batch."""
    run: Run = RunStore().runs()[0]
    assert finish(run).phase == "finished"
    told = list(run.events())
    started = next(e for e in told if isinstance(e, events.RunStarted))
    assert [e.step for e in told if isinstance(e, events.Batch)] == list(range(1, started.batches_per_epoch * 5 + 1))
    assert progress.read()[0].of("first-cnn", "ten").state["runs"] == [run.id]
    with Player() as player:
        player.wait_for(" 11/11 Ten digits", run.id, "finished", "epoch 5 of 5")
        player.wait_for(lambda player: CURVE.search(player.text))
        assert "accuracy" in player.text
        player.press("q")
        assert player.ended() == 0


@pytest.mark.parametrize("how", ["kill -9", "hang-up", pytest.param("SIGTERM", marks=pytest.mark.acceptance)])
def test_a_run_of_a_lesson_outlives_the_app(home: Path, how: str) -> None:
    with Player(*STEP) as player:
        player.wait_for("11/11")
        player.press("space")
        with held_back():
            player.wait_for("epoch 1 of 5")
            if how == "hang-up":
                player.hang_up()
            else:
                player.kill(signal.SIGKILL if how == "kill -9" else signal.SIGTERM)
            player.ended()
    expect_all_of_it(home)


def test_a_run_of_a_lesson_outlives_tmux(home: Path, tmux: list[str]) -> None:
    def screen() -> str:
        return subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout

    line = f"FASTAI_TUI_HOME={home} exec {shlex.join([*COMMAND, *STEP])}"
    subprocess.run([*tmux, "send-keys", line, "Enter"], check=True)
    until(lambda: "11/11" in screen())
    subprocess.run([*tmux, "send-keys", "Space"], check=True)
    with held_back():
        until(lambda: "epoch 1 of 5" in screen())
        subprocess.run([*tmux, "kill-server"], check=True)
    expect_all_of_it(home)


def test_a_run_of_a_lesson_outlives_the_ssh_connection(home: Path, ssh: list[str]) -> None:
    there = shlex.join(["env", f"FASTAI_TUI_HOME={home}", "COLORTERM=truecolor", *COMMAND, *STEP])
    with Player(there, command=ssh) as player:
        player.wait_for("11/11")
        player.press("space")
        with held_back():
            player.wait_for("epoch 1 of 5")
            player.kill()  # the link is cut: no good-bye is sent
    expect_all_of_it(home)


def written(player: Player, since: int) -> bytes:
    return b"".join(data for _, data in player.recording[since:])


def repaints(player: Player) -> bool:
    """Is it awake? It is woken if it has stopped, and asked to draw its screen anew."""
    since = len(player.recording)
    if player.state == "T":
        player.resume()
    player.press("ctrl+l")
    time.sleep(0.2)
    return b"\x1b[2J" in written(player, since)


def test_the_terminal_is_as_it_was_after_leaving_and_after_a_suspension(home: Path) -> None:
    with Player("--chapter", "convolution", "--step", "window") as player:
        player.wait_for("2/11", "at (1,1)")
        player.press("down", "right")
        player.wait_for("at (2,2)")
        for number in range(3):
            since = len(player.recording)
            player.suspend()
            until(lambda since=since: b"\x1b[?1049l" in written(player, since))
            player.resume()
            player.press("ctrl+z")  # too early for a second time: it may stop once more, or not
            until(lambda: repaints(player))
            player.press("right")
            player.wait_for(f"at (2,{3 + number})")
        player.resize(40, 12)
        player.wait_for("One wi", lambda player: len(player.lines) == 12)
        player.press("q")
        assert player.ended() == 0
    assert progress.read()[0].of("convolution", "window").state["at"] == [2, 5]


# The lab


def lab_of(player: Player) -> int:
    """The process id of the app's lab, or 0."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words, stat = (entry / "cmdline").read_bytes(), (entry / "stat").read_text()
            except OSError:
                continue
            if b"fastai_tui.engine.lab" in words and int(stat.rpartition(")")[2].split()[1]) == player.process.pid:
                return int(entry.name)
    return 0


def test_a_lab_that_is_killed_is_started_again_and_the_app_says_so() -> None:
    with Player("--chapter", "first-cnn", "--step", "strided", size=(120, 40)) as player:
        player.wait_for("conv5")
        first = lab_of(player)
        os.kill(first, signal.SIGKILL)
        until(lambda: lab_of(player) != first)
        player.press("b")
        player.wait_for("The lab process ended unexpectedly")
        player.press("b")
        player.wait_for("3/11", "30×28×28")  # the shapes come from the lab; what it multiplies is still to be predicted
        assert lab_of(player) not in (0, first)


@pytest.mark.parametrize("breaks", ["at once", "without torch"])
def test_an_app_whose_lab_cannot_work_says_so_and_goes_on(tmp_path: Path, breaks: str) -> None:
    at_once = 'import sys\nif "fastai_tui.engine.lab" in sys.orig_argv: sys.exit("the lab is broken here")\n'
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(at_once if breaks == "at once" else "")
    if breaks == "without torch":
        (broken / "torch.py").write_text('raise ImportError("torch is broken here")\n')
    with Player(
        "--chapter", "first-cnn", "--step", "strided", size=(120, 40), env={"PYTHONPATH": str(broken)}
    ) as player:
        player.wait_for("broken here")
        player.press("escape")
        player.wait_for("Contents")
        player.press("q")
        assert player.ended() == 0
    with Player("--chapter", "convolution", "--step", "window", env={"PYTHONPATH": str(broken)}) as player:
        player.wait_for("at (1,1)")
        player.press("down")
        player.wait_for("at (2,1)")


# The progress file

DAMAGED = {
    "empty": b"",
    "cut": b'{"version": 1, "place": {"chapter": "convolution", "st',
    "newer": b'{"version": 99, "place": null, "chapters": {}, "more": 1}',
    "no JSON": b"\x00\xff\x1b[31m not what it should be",
}


NOW = ("cut", "newer", "read-only")  # `make acceptance` has the others, too


@pytest.mark.parametrize(
    "name", [name if name in NOW else pytest.param(name, marks=pytest.mark.acceptance) for name in (*DAMAGED, NOW[-1])]
)
def test_a_progress_file_that_is_no_good_is_kept_and_reported(home: Path, name: str) -> None:
    file = home / "progress.json"
    file.write_bytes(DAMAGED.get(name) or (progress.encode(progress.Progress()) if name == "read-only" else b""))
    if name == "read-only":
        file.chmod(0o400)
    before = file.read_bytes()
    with Player(size=(100, 30)) as player:
        player.wait_for("Contents", "progress.json")
        player.wait_for("read-only" if name == "read-only" else "nothing new is saved")
        player.press("enter")
        player.wait_for("1/11", "progress is not saved")
        player.press("n")
        player.wait_for("2/11")
        player.press("enter")
        player.wait_for("Predict")
        player.type("762")
        player.press("enter")
        player.wait_for("✓ Right")
        player.press("q")
        assert player.ended() == 0
    assert file.read_bytes() == before
    assert [path.name for path in home.glob("progress*.json")] == ["progress.json"]


def test_places_and_themes_come_back(home: Path) -> None:
    with Player("--chapter", "convolution") as player:
        player.wait_for("1/11")
        player.press("n")
        player.wait_for("2/11", "at (1,1)")
        player.press("down", "down")
        player.wait_for("at (3,1)")
        player.kill()  # without a word; a moment's moves may be lost, the place may not
    with Player(env={"COLORTERM": None}) as player:
        player.wait_for("2/11")
        assert sys.platform != "linux" or b"38;2" not in b"".join(data for _, data in player.recording)
