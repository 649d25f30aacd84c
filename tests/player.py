"""Plays the app as a learner does: in a real pseudo-terminal, by keys, looking at what stands on the screen."""

from __future__ import annotations

import base64
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ptyprocess import PtyProcess

from tests.terminal import Terminal

COMMAND = (sys.executable, "-m", "fastai_tui.app.cli.main")
PATIENCE = 60.0  # seconds: a bound on hanging, not a measure
NOBODY = "http://127.0.0.1:9"  # an address where nothing is to be had
ESCAPE_ALONE = 0.2  # seconds without another key, after which Textual takes an ESC for the escape key
NAMED = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "delete": "\x1b[3~",
    "backspace": "\x7f",
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "escape": "\x1b",
    "space": " ",
    "f1": "\x1bOP",
    "question_mark": "?",
    "slash": "/",
}

Sight = str | Callable[["Player"], Any]


def code_of(key: str) -> str:
    """What a terminal sends for a key: a name, ctrl+LETTER, or the character itself."""
    if key.startswith("ctrl+"):
        return chr(ord(key[5]) & 0x1F)
    return NAMED.get(key, key)


class Player:
    """One process in one terminal. A thread reads what it writes, answers its questions, and keeps the recording."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        command: Sequence[str] = COMMAND,
        env: Mapping[str, str | None] | None = None,
        latency: float = 0.0,
        silent: bool = False,
    ) -> None:
        self.latency, self.silent = latency, silent
        self.terminal = Terminal(*size, answer=self._answer)
        self.recording: list[tuple[float, bytes]] = []
        self._news, self._closing, self._escaped = threading.Condition(), False, 0.0
        self.began = time.monotonic()
        self.process = PtyProcess.spawn(
            [*command, *arguments], env=environment(env or {}), dimensions=(size[1], size[0])
        )
        self._reader = threading.Thread(target=self._read, name="player", daemon=True)
        self._reader.start()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *details: object) -> None:
        self.kill()

    # What it hears

    def _read(self) -> None:
        while not self._closing:
            if not select.select([self.process.fd], [], [], 0.02)[0]:
                continue
            try:
                data = os.read(self.process.fd, 65536)
            except OSError:
                data = b""
            with self._news:
                if data:
                    self.recording.append((time.monotonic() - self.began, data))
                    self.terminal.feed(data)
                else:
                    self._closing = True
                self._news.notify_all()
        self.process.fileobj.close()  # which owns the number
        self.process.fd, self.process.closed = -1, True

    def _answer(self, reply: str) -> None:
        if self.silent:
            return
        if self.latency:
            threading.Timer(self.latency, self._send, (reply,)).start()
        else:
            self._send(reply)

    def _send(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        with contextlib.suppress(OSError, ValueError):
            while data and self.process.fd >= 0:
                data = data[os.write(self.process.fd, data) :]

    # What it sees

    @property
    def lines(self) -> list[str]:
        """The screen's lines."""
        with self._news:
            return self.terminal.lines

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    @property
    def prose(self) -> str:
        """The screen as one line with single spaces: for sentences that may be wrapped."""
        return " ".join(self.text.split())

    @property
    def bytes_read(self) -> int:
        """How much has come from the app."""
        return sum(len(data) for _, data in self.recording)

    @property
    def copied(self) -> list[str]:
        """What the app put on the clipboard (OSC 52)."""
        return [base64.b64decode(one).decode() for one in self.terminal.clipboard]

    def sees(self, sight: Sight) -> bool:
        """Does the screen hold the text, or is what the function says of it true?"""
        return bool(sight(self)) if callable(sight) else sight in self.text or sight in self.prose

    def wait_for(self, *sights: Sight, within: float = PATIENCE) -> None:
        """Until the screen shows all of them. AssertionError with the screen if it never does."""
        self._until(lambda: all(self.sees(sight) for sight in sights), within, f"never saw {sights!r}")

    def wait_gone(self, *sights: Sight, within: float = PATIENCE) -> None:
        """Until the screen shows none of them any more."""
        self._until(lambda: not any(self.sees(sight) for sight in sights), within, f"still see {sights!r}")

    def _until(self, true: Callable[[], bool], within: float, complaint: str) -> None:
        end = time.monotonic() + within
        while not true():
            over = self._closing and not true()
            assert not over, f"{complaint}, and now it has ended:\n{self.text}"
            assert time.monotonic() < end, f"{complaint} in\n{self.text}"
            with self._news:
                self._news.wait(0.05)

    def settle(self, quiet: float = 0.25, within: float = PATIENCE) -> float:
        """Until the app has written nothing for `quiet` seconds; returns how many seconds it wrote on."""
        began, end = time.monotonic(), time.monotonic() + within
        while time.monotonic() < end:
            last = self.began + self.recording[-1][0] if self.recording else self.began
            if self.recording and time.monotonic() - max(last, began) > quiet:
                return max(last - began, 0.0)
            time.sleep(quiet / 10)
        raise AssertionError(f"no rest within {within} s:\n{self.text}")

    # What it does

    def press(self, *keys: str) -> None:
        """Press keys, by name (`down`, `ctrl+t`) or as characters."""
        for key in keys:
            if self._escaped:
                time.sleep(max(self._escaped + ESCAPE_ALONE - time.monotonic(), 0))
            self._send(code_of(key))
            self._escaped = time.monotonic() if key == "escape" else 0.0

    def type(self, text: str) -> None:
        """Type characters, as they are."""
        self.press(*text)

    def paste(self, text: str) -> None:
        """Paste, in brackets as terminals do."""
        self._send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        with self._news:
            self.terminal.resize(width, height)
        self.process.setwinsize(height, width)

    def suspend(self) -> None:
        """Ctrl-Z, until the process has stopped."""
        self.press("ctrl+z")
        self._until(lambda: self.state == "T", PATIENCE, "it does not stop")

    def resume(self) -> None:
        """What `fg` does."""
        os.kill(self.process.pid, signal.SIGCONT)

    @property
    def state(self) -> str:
        """The process's state: T stopped, Z or nothing when it has ended."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0]
        except OSError:
            return ""

    def hang_up(self) -> None:
        """Close the terminal: the kernel tells the process with SIGHUP."""
        self._closing = True
        self._reader.join(PATIENCE)

    def kill(self, how: int = signal.SIGKILL) -> None:
        """A signal, and then wait for the end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, how)
        self.ended()

    def ended(self, within: float = PATIENCE) -> int:
        """Wait for the end; the exit status, or minus the signal's number."""
        end = time.monotonic() + within
        while self.process.isalive():
            assert time.monotonic() < end, f"it does not end:\n{self.text}"
            time.sleep(0.01)
        self._closing = True
        self._reader.join(PATIENCE)
        status, signalled = self.process.exitstatus, self.process.signalstatus
        return int(status) if status is not None else -int(signalled or 0)


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """A learner's environment: a terminal with true colours, and nothing of what this test runs in; None removes."""
    hidden = ("NO_COLOR", "TMUX", "STY", "COLUMNS", "LINES", "TERM_PROGRAM", "SSH_TTY", "CI", "PYTEST_CURRENT_TEST")
    found = {name: value for name, value in os.environ.items() if name not in hidden and not name.startswith("LC_")}
    found |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    found = {"FASTAI_TUI_MIRROR": NOBODY, "FASTAI_TUI_MIRROR_ONLY": "1", **found}  # a key that gets data gets none
    wanted: dict[str, str | None] = {**found, **changes}
    return {name: value for name, value in wanted.items() if value is not None}
