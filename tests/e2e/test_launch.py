"""The app as users open it, in a real terminal: its first frame, its ways out, and what the terminal goes through."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from fastai_tui.app.entry import place

COMMAND = [sys.executable, "-m", "fastai_tui.app.entry"]
LONGEST = 20.0
QUESTION = b"\x1b[6n"


class Terminal:
    """The app in a terminal of 80×24 that answers after `delay` seconds, or never."""

    def __init__(self, *arguments: str, delay: float | None = 0.0, **environment: str) -> None:
        self.master, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        self.settings = termios.tcgetattr(theirs)
        self.screen, self.raw, self.delay = pyte.Screen(80, 24), b"", delay
        self.stream, self.answers = pyte.ByteStream(self.screen), list[float]()
        clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TMUX", "STY")}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env=clean | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | environment,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.theirs = theirs

    def read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.answers and self.answers[0] <= time.monotonic():
                self.answers.pop(0)
                self.press(b"\x1b[1;1R")
            if select.select([self.master], [], [], min(left, 0.02))[0]:
                self._take(os.read(self.master, 1 << 16))

    def _take(self, chunk: bytes) -> None:
        self.raw += chunk
        if self.delay is not None:
            self.answers += [time.monotonic() + self.delay] * chunk.count(QUESTION)
        self.stream.feed(chunk.replace(b"\x1b[>25u", b"").replace(b"\x1b[<u", b""))  # pyte knows no keyboard protocol

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + LONGEST
        while not holds():
            assert time.monotonic() < end, self.text()
            self.read(0.05)

    def opened(self) -> "Terminal":
        self.until(lambda: "? help" in self.text())
        self.read(0.5)
        return self

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def cells(self) -> list[list[tuple[str, str, str]]]:
        """What can be seen: on a blank the text's colour cannot."""
        cells = [[self.screen.buffer[y][x] for x in range(80)] for y in range(24)]
        return [[(cell.data, "" if cell.data == " " else cell.fg, cell.bg) for cell in row] for row in cells]

    def stopped(self) -> bool:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def left(self) -> int:
        self.until(lambda: self.process.poll() is not None)
        self.read(0.1)
        return int(self.process.returncode)


@contextlib.contextmanager
def terminal(*arguments: str, delay: float | None = 0.0, **environment: str) -> Iterator[Terminal]:
    made = Terminal(*arguments, delay=delay, **environment)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        for file in (made.master, made.theirs):
            with contextlib.suppress(OSError):
                os.close(file)


def restored(shown: Terminal) -> bool:
    return termios.tcgetattr(shown.theirs) == shown.settings and b"\x1b[?1049l" in shown.raw


def test_the_first_frame_takes_keys_and_q_gives_the_terminal_back(home: Path) -> None:
    with terminal("--chapter", "convolution", "--step", "2") as shown:
        shown.until(lambda: "? help" in shown.text())
        before = shown.cells()
        shown.press(b"\x1b[C")
        shown.until(lambda: shown.cells() != before)
        assert "2/11 One window" in shown.screen.display[0]
        shown.press(b"q")
        assert shown.left() == 0
        assert restored(shown)


def leaving() -> float:
    """Seconds from the key to the end, while the lab loads torch."""
    with terminal("--chapter", "convolution") as shown:
        shown.until(lambda: "? help" in shown.text())
        shown.read(0.3)  # the lab has begun to load it, which takes seconds
        began = time.monotonic()
        shown.press(b"q")
        assert shown.left() == 0
        return time.monotonic() - began


def test_leaving_waits_for_no_torch(home: Path) -> None:
    """.1 on quiet cores, and the lab's farewell alone was 1; where others use the cores one time of many is enough."""
    assert any(leaving() < 0.9 for _ in range(8))


def test_thousands_of_keys_are_not_worked_off_for_ever(home: Path) -> None:
    with terminal("--chapter", "convolution") as shown:
        shown.opened()
        shown.press(b"nb" * 1500)  # another step each: half a minute's work
        shown.read(5.0)
        shown.press(b"?")
        shown.until(lambda: "next theme" in shown.text())


def test_ctrl_l_draws_over_what_others_wrote(home: Path) -> None:
    with terminal() as shown:
        before = shown.opened().cells()
        shown.stream.feed(b"\x1b[H\x1b[2J\x1b[31mWall message")
        shown.press(b"\x0c")
        shown.until(lambda: shown.cells() == before)


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
@pytest.mark.parametrize("how", ["key", "signal"])
def test_a_suspended_app_comes_back_whole(home: Path, how: str) -> None:
    with terminal() as shown:
        before = shown.opened().cells()
        if how == "key":
            shown.press(b"\x1a")
        else:
            os.kill(shown.process.pid, signal.SIGTSTP)
        shown.until(shown.stopped)
        shown.read(0.2)
        assert restored(shown)
        shown.stream.feed(b"\x1b[H\x1b[2J$ fg")
        os.kill(shown.process.pid, signal.SIGCONT)
        shown.until(lambda: shown.cells() == before)


def test_a_storm_of_sizes_ends_with_the_whole_screen(home: Path) -> None:
    with terminal() as shown:
        before = shown.opened().cells()
        for columns, rows in [(40, 12), (120, 40), (1, 1), (200, 60), (80, 12)] * 6 + [(80, 24)]:
            termios.tcsetwinsize(shown.master, (rows, columns))
            shown.screen.resize(rows, columns)
            shown.read(0.02)
        shown.until(lambda: shown.cells() == before)


def test_junk_on_the_keyboard_is_survived(home: Path) -> None:
    with terminal() as shown:
        shown.opened()
        shown.press(b"\x1b[200~" + bytes(range(128, 256)) * 8 + b"\x1b[201~\xff\xfe\x1b[999;999Z\x1b[0n")
        shown.read(1)
        assert shown.process.poll() is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 0)])
def test_signals_end_it_with_the_terminal_as_it_was(home: Path, number: int, code: int) -> None:
    with terminal() as shown:
        shown.opened()
        os.kill(shown.process.pid, number)
        assert shown.left() == code
        assert restored(shown)
        assert b"Traceback" not in shown.raw


def test_when_the_terminal_is_gone_the_app_goes_quietly(home: Path) -> None:
    with terminal() as shown:
        shown.opened()
        os.close(shown.theirs)
        os.close(shown.master)
        assert shown.process.wait(timeout=LONGEST) == 0
        assert not (home / "errors.log").exists()


def test_a_slow_terminal_makes_the_link_thin_and_a_dumb_one_does_not(home: Path) -> None:
    with terminal("--chapter", "convolution", delay=0.3) as shown:
        shown.opened()
        shown.until(lambda: ", thin" in shown.text())
    with terminal("--chapter", "convolution", delay=None) as shown:
        shown.opened()
        shown.read(3)
        assert "thin" not in shown.text()


def test_chapters_and_steps_that_there_are_not_are_told_in_a_sentence(home: Path) -> None:
    for arguments in (("--chapter", "nosuch"), ("--chapter", "convolution", "--step", "99")):
        with terminal(*arguments) as shown:
            assert shown.left() == 2
            assert "There is no" in shown.text()
            assert "convolution" in shown.text()


def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_without_a_terminal_there_is_help_or_a_sentence(home: Path) -> None:
    assert "--chapter" in call().stdout
    asked = call("--chapter", "convolution")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "need a terminal" in asked.stderr


def test_a_dumb_terminal_gets_the_help(home: Path) -> None:
    with terminal(TERM="dumb") as shown:
        assert shown.left() == 0
        assert b"Usage" in shown.raw


def test_what_opens_the_app_and_what_does_not() -> None:
    assert place([]) == {}
    assert place(["--chapter", "convolution", "--step=2"]) == {"chapter": "convolution", "step": "2"}
    for other in (["runs"], ["--chapter"], ["--chapter", "x", "runs"], ["--help"], ["--chapter", "--help"]):
        assert place(other) is None
