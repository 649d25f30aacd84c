"""The terminal as something to talk with: keys as they are pressed, frames that are sent, and its settings put back
however we leave."""

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from fastai_tui.app.painter import Painter
from fastai_tui.app.stopper import Interrupts

CTRL_C = "\x03"


class Terminated(SystemExit):
    """Leave, with the terminal as it was: somebody sent SIGTERM, or the terminal is gone."""


class Keyboard:
    """Keys as they are pressed, without echo; none where standard input is no terminal (then `there` is False).

    Signals are noted where they arrive and acted upon in `wait`, so that none cuts a frame in two. A suspended program
    (Ctrl-Z) gives the terminal back, and takes it again when it comes to the foreground.
    """

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self._file = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else -1
        self.there = self._file >= 0
        self._settings: list[Any] | None = None
        self._signals: list[int] = []
        self._interrupts = Interrupts()

    @contextlib.contextmanager
    def held(self) -> Iterator["Keyboard"]:
        """Take the keyboard, and the signals that would leave it taken."""
        numbers = (signal.SIGTERM, signal.SIGTSTP)
        before = {n: signal.signal(n, self._note) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN}
        self._take()
        try:
            with self._interrupts:
                yield self
        finally:
            self._give_back()
            with contextlib.suppress(Terminated):  # no terminal, nobody to leave a clean screen to
                self.painter.leave()
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self, seconds: float) -> str:
        """The keys pressed within so many seconds, Ctrl-C among them; returns at once when there is one."""
        content = b""
        if select.select([self._file] if self.there else [], [], [], seconds)[0]:
            content = self._read()
        keys = "" if content.startswith(b"\x1b") else content.decode("utf-8", "ignore")  # no arrows and the like
        for number in self._noted():
            self._act(number)
        return keys + CTRL_C * self._interrupts.taken()

    def _read(self) -> bytes:
        try:
            content = os.read(self._file, 64)
        except OSError:
            content = b""
        if not content:
            raise Terminated(0)
        return content

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _noted(self) -> list[int]:
        noted, self._signals = self._signals, []
        return noted

    def _act(self, number: int) -> None:
        if number == signal.SIGTERM:
            raise Terminated(128 + number)
        self._give_back()
        self.painter.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()  # somebody typed `fg`

    def _take(self) -> None:
        if self.there:
            import termios
            import tty

            self._settings = termios.tcgetattr(self._file)
            tty.setcbreak(self._file, termios.TCSADRAIN)

    def _give_back(self) -> None:
        if self._settings is not None:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._file, termios.TCSADRAIN, self._settings)
            self._settings = None


def send(content: bytes) -> None:
    """Write to the terminal, all of it. Raises `Terminated` if it is gone."""
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(sys.stdout.fileno(), view) :]
    except OSError as error:
        raise Terminated(0) from error
