"""`lr-find` as users meet it: the curve, every suggestion, proof that nothing is left, exit codes, one sentence where
something is wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
import pyte
import pytest

from fastai_tui.engine.suggestions import NAMES, suggest
from tests.warm import command

COMMAND = [sys.executable, "-m", "fastai_tui.app.cli.main", "lr-find"]
QUICK = ["mnist-3v7", "--data", "mnist-sample", "--device", "cpu"]


def outcome(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return command("lr-find", *arguments)


def tree(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*")} if home.exists() else set()


def test_as_json_it_is_one_document_with_the_curve_and_every_suggestion_and_no_file_is_left(home: Path) -> None:
    home.mkdir()
    before = tree(home)
    done = outcome(*QUICK, "--json", "--set", "model=linear", "--batches", "80", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    assert tree(home) == before
    assert found["settings"]["model"] == "linear"
    assert (found["start"], found["end"], found["batches"], found["stop"], found["seed"]) == (1e-7, 10.0, 80, 4.0, 3)
    count = len(found["lrs"])
    assert count == len(found["losses"]) == len(found["smooth_losses"]) <= 80
    assert found["lrs"] == pytest.approx([1e-7 * 1e8 ** (i / 80) for i in range(count)])
    mean = 0.0
    for i, loss in enumerate(found["losses"]):
        mean = 0.98 * mean + 0.02 * loss
        assert found["smooth_losses"][i] == pytest.approx(mean / (1 - 0.98 ** (i + 1)))
    assert found["stopped_early"] == (count < 80)
    expected = {one.name: one.rate for one in suggest(found["lrs"], found["smooth_losses"], 80)}
    assert {name: one["rate"] for name, one in found["suggestions"].items()} == expected
    assert tuple(found["suggestions"]) == NAMES
    hashes = found["hashes"]
    assert hashes["before"] == hashes["after"]
    assert set(hashes["before"]) >= {"weights", "buffers", "optimiser", "random numbers", "the next batch"}


def test_twice_the_same_is_the_same_and_another_seed_is_not() -> None:
    first, second, other = (
        json.loads(outcome(*QUICK, "--json", "--batches", "12", "--seed", seed).stdout) for seed in ("1", "1", "2")
    )
    assert first == second
    assert first["losses"] != other["losses"]


def test_in_a_pipe_it_is_plain_characters_with_the_plot_and_a_sentence_for_each_suggestion() -> None:
    done = outcome(*QUICK, "--batches", "60", "--set", "norm=none", "--stop", "0", "--end", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("mnist-3v7: learning rate finder (cnn, norm none, bs 64, adam, seed 42)")
    assert any(re.search(r"1e-7 .* 1e-3 .* 1$", line) for line in lines)
    for mark, name in zip("1234", NAMES, strict=True):
        assert any(re.match(rf"{mark} {name} +(none|[0-9.e-]+): ", line) for line in lines)
    assert any(line.startswith("end") and "all the way to" in line for line in lines)
    assert "all 7 hashes" in " ".join(lines)
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 2, "no experiment"),
        (["mnist", "--set", "nonsense=1"], 2, "no setting"),
        (["mnist", "--set", "lr"], 2, "KEY=VALUE"),
        (["mnist", "--start", "1", "--end", "0.1"], 2, "cannot rise"),
        (["mnist", "--start", "0"], 2, "cannot rise"),
        (["mnist", "--start", "nan"], 2, "must be numbers"),
        (["mnist", "--end", "inf"], 2, "must be numbers"),
        (["mnist", "--batches", "3"], 2, "out of bounds"),
        (["mnist", "--batches", "many"], 2, "batches"),
        (["mnist", "--stop", "0.5"], 2, "at once"),
        (["mnist", "--device", "toaster"], 2, "toaster"),
        (["mnist", "--data", "/no/such/place"], 3, "/no/such/place"),
        (["mnist", "--data", "mnist-sample", "--set", "bs=60000"], 2, "bs=60000"),
        ([], 2, "EXPERIMENT"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_its_exit_code(arguments: list[str], code: int, said: str) -> None:
    done = outcome(*arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


class Terminal:
    """The command in a terminal of 80×40 cells."""

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.child: Any = pexpect.spawn(
            COMMAND[0], [*COMMAND[1:], *arguments], dimensions=(40, 80), encoding="utf-8", env=environment, timeout=120
        )
        self.screen = pyte.Screen(80, 40)
        self._stream = pyte.Stream(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, words: str) -> str:
        """The screen once `words` are on it."""
        end = time.monotonic() + 120
        while words not in self.text and time.monotonic() < end:
            try:
                self._stream.feed(self.child.read_nonblocking(65536, timeout=0.2))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
        assert words in self.text, self.text
        return self.text

    def ended(self) -> int:
        """Its exit code."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)


def test_in_a_terminal_the_curve_is_live_and_stays_with_what_it_suggests() -> None:
    terminal = Terminal(*QUICK, "--batches", "400", "--stop", "0", "--end", "0.5")
    terminal.wait_for("PyTorch starts")
    assert "Ctrl-C: stop" in terminal.wait_for("of 400, rate")
    shown = terminal.wait_for("all 7 hashes")
    assert terminal.ended() == 0
    assert "1e-7" in shown
    assert all(name in shown for name in NAMES)
    assert "Ctrl-C" not in shown


def test_ctrl_c_ends_it_with_130_and_leaves_nothing(home: Path) -> None:
    terminal = Terminal(*QUICK, "--batches", "9000", "--stop", "0", "--end", "0.001")
    terminal.wait_for("of 9000, rate")
    terminal.child.sendintr()
    terminal.wait_for("Interrupted: the finder keeps nothing")
    assert terminal.ended() == 130
    assert not tree(home)


def test_an_interrupt_in_a_pipe_too() -> None:
    process = subprocess.Popen([*COMMAND, *QUICK, "--batches", "9000", "--stop", "0"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    end = time.monotonic() + 120
    while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():  # its lab has begun
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert said.startswith("fastai-tui: Interrupted")
