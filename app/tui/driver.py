"""The driver: the terminal is sent only cells that have changed, keys arrive whole, a terminal that is lost is noticed.

Changed cells are sent always, not on thin links alone. Textual sends a dirty region from its left edge, a screen that
is laid out anew whole. Comparing costs a tenth of what a repaint costs anyway: for another digit at 80×24 9.5 ms of
processor time instead of 8.8 and 2.9 kB instead of 4.5, for another kernel at 200×60 21.5 ms instead of 19.2 and 5.2 kB
instead of 16.1. On a thin link frames are fewer too.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import SYNC_END, SYNC_START
from textual.drivers.linux_driver import LinuxDriver

from fastai_tui.app import terminal
from fastai_tui.app.tui.cells import Cells
from fastai_tui.app.tui.keyboard import Keyboard
from fastai_tui.app.tui.link import QUERY, Link, LinkChanged, Meter, Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.message import Message

# What leaves the cells alone: modes, keyboard protocol, questions, the bell, titles, pointers, the clipboard
_HARMLESS = re.compile(
    r"(?:\x1b\[\?[\d;]+(?:[hl]|\$p)|\x1b\[[<>=]\d*u|\x1b\[[56]n|\x07|\x1b\](?!8;)\d+;[^\x07\x1b]*(?:\x07|\x1b\\))*"
)
_OTHER_SCREEN = "\x1b[?1049"
BEAT = 0.25  # seconds between two frames on a thin link
AFTER_KEY = 0.3  # seconds after a key in which frames are sent at once even there
# Mouse, paste and focus reports off, lines wrapped, kitty's keys, the usual screen with its cursor
HAND_BACK = b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"
GLANCE = 0.5  # seconds between two thoughts of the link while no key comes
DRAIN = 0.01  # seconds between two looks at whether a terminal has taken what it was sent
TOGETHER = 400  # characters from which on a frame is marked as one, where the terminal knows how; less arrives at once


class Output:
    """Standard output as a file for Textual's writing thread. When the terminal is gone it says so, once, and takes
    everything without complaint: a thread that dies would leave the app waiting for it."""

    def __init__(self, number: int, encoding: str, lost: Any) -> None:
        self._number, self._encoding, self._lost, self._gone = number, encoding, lost, False

    def fileno(self) -> int:
        """The file's number."""
        return self._number

    def flush(self) -> None:
        """Everything has been written."""

    def write(self, text: str) -> None:
        """Write, all of it."""
        view = memoryview(text.encode(self._encoding, "replace"))
        try:
            while view and not self._gone:
                view = view[os.write(self._number, view) :]
        except OSError:
            self._gone = True
            self._lost()


@contextlib.contextmanager
def _suspended_once() -> Iterator[None]:
    """No Ctrl-Z while the terminal is being taken or given back: it would find the threads half started."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


class CellsDriver(LinuxDriver):
    """Textual's driver for Unix, with less to send and more that may go wrong. `wish` is set before the app starts."""

    wish: Wish = "auto"

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._lock = threading.RLock()
        self._cells = Cells(*self._get_terminal_size())
        self._meter, self.link = Meter(self.wish), Link()
        self._together = self._waiting = self._was_lost = False
        self._sent_at = self._key_at = 0.0
        self._wake, self._waker = os.pipe()  # ends the reading thread's wait; stays open over suspensions
        out = sys.__stdout__
        assert out is not None
        self._file: Any = Output(out.fileno(), out.encoding or "utf-8", self.lost)

    # What is sent

    def write(self, data: str) -> None:
        """Send what of `data` the terminal does not show already."""
        with self._lock:
            if data in (SYNC_START, SYNC_END):
                self._together = True  # it understands them, or Textual would not send them
            elif _HARMLESS.fullmatch(data):
                if _OTHER_SCREEN in data:
                    self._cells.forget()
                super().write(data)
            elif self._cells.read(data):
                self._soon()
            else:
                self._cells.reset(*self._get_terminal_size())
                super().write(data)

    def repaint(self) -> None:
        """Send every cell, for somebody else has written to the terminal."""
        with self._lock:
            self._cells.forget()
            super().write("\x1b[m\x1b[2J")
            self._send()

    def set_wish(self, wish: Wish) -> None:
        """Let the speed of the link decide (`auto`), or be thin (`on`) or not (`off`) whatever it is."""
        self._meter.wish = wish
        self._judge()

    def _soon(self) -> None:
        """Send the frame now, or, on a thin link or while the terminal has not taken the last one, a little later:
        what is drawn until then is sent in one."""
        wait = self._wait()
        if wait <= 0:
            self._send()
        elif not self._waiting:
            self._waiting = True
            self._loop.call_later(wait, self._later)

    def _later(self) -> None:
        with self._lock:
            self._waiting = False
            if self._writer_thread is not None and self._writer_thread.is_alive():
                self._soon()

    def _wait(self) -> float:
        writer = self._writer_thread
        if writer is not None and writer._queue.qsize():
            return DRAIN
        now = time.monotonic()
        return self._sent_at + BEAT - now if self.link.thin and now - self._key_at > AFTER_KEY else 0.0

    def _send(self) -> None:
        self._sent_at = time.monotonic()
        changes = self._cells.changes()
        if self._together and len(changes) >= TOGETHER:
            changes = SYNC_START + changes + SYNC_END
        if changes:
            super().write(changes)

    # Its size

    def _get_terminal_size(self) -> tuple[int, int]:
        return terminal.size()

    def process_message(self, message: Message) -> None:
        """Called in the thread that reads. What the terminal says about its cursor is for the meter, not for the app;
        a new size means that nobody knows what it shows."""
        if isinstance(message, events.CursorPosition):
            self._meter.answered(time.monotonic())
            self._judge()
            return
        if isinstance(message, events.Key):
            self._key_at = time.monotonic()
        elif isinstance(message, events.Resize):
            self._resized(message.size.width, message.size.height)
        super().process_message(message)

    def send_message(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the app has left
            super().send_message(message)

    def _resized(self, columns: int, rows: int) -> None:
        with self._lock:
            self._cells.reset(columns, rows)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(lambda: self._app.refresh(layout=True))

    def _sigtstp_application(self, *details: Any) -> None:
        """Give the terminal back, stop, and take it again. All here: the handler of SIGCONT is never called
        where a key stops the program again at once, for the kernel takes back one of the two signals."""
        with _suspended_once():
            self.suspend_application_mode()
            self._must_signal_resume = True
            while True:
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # returns when somebody has continued us
                if self._in_front():
                    break
            self.resume_application_mode()

    def _in_front(self) -> bool:
        """Is the terminal ours, or did a shell only continue us in its background?"""
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:  # no terminal that could tell: then nobody else has it
            return True

    def _sigcont_application(self, *details: Any) -> None:
        """What was stopped goes on by itself."""

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and whenever the program comes back to the foreground."""
        with self._lock:
            self._cells.reset(*self._get_terminal_size())
        self._meter.restart()
        with _suspended_once():
            super().start_application_mode()
        textuals = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: Any) -> None:
            self._loop.call_soon_threadsafe(self._resized, *self._get_terminal_size())
            if callable(textuals):
                textuals(number, frame)

        signal.signal(signal.SIGWINCH, resized)
        self._loop.call_soon_threadsafe(lambda: self._app.refresh(layout=True))

    # What is read

    def run_input_thread(self) -> None:
        """Read keys until the app leaves. Escape is told from the beginning of a longer sequence as soon as its time is
        up, bytes that are no text are replaced, and the end of the input is the end of the terminal."""
        keyboard = Keyboard(self._debug)
        while not self.exit_event.is_set():
            wait = 0.01 if keyboard.waits else GLANCE
            if self.fileno in select.select([self.fileno, self._wake], [], [], wait)[0]:
                content = self._read()
                if not content:
                    self.lost()
                    return
                for event in keyboard.feed(content):
                    self.process_message(event)
            for event in keyboard.tick():
                self.process_message(event)
            self._ask()

    def disable_input(self) -> None:
        """End the thread that reads, now."""
        os.write(self._waker, b"!")  # it goes round without rest until super() has said why
        super().disable_input()
        os.read(self._wake, 1)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:  # so says a terminal that is gone
            return b""

    def _ask(self) -> None:
        # Who reads never waits for who writes: a terminal that is pasting may read nothing until we have read
        writer = self._writer_thread
        idle = writer is not None and not writer._queue.qsize()
        if idle and self._sent_at and self._meter.due(time.monotonic()):
            self.write(QUERY)
        self._judge()

    def _judge(self) -> None:
        link = self._meter.link
        if link != self.link:
            self.link = link
            self.send_message(LinkChanged(link))

    # When it is gone, or we are

    def hand_back(self) -> None:
        """Give the terminal back from any thread, past everything that waits: the process is about to be ended."""
        with contextlib.suppress(OSError, termios.error):
            os.write(self._file.fileno(), HAND_BACK)
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def lost(self) -> None:
        """The terminal is gone: leave, quietly. May be called from any thread, and from a signal's handler."""
        if not self._was_lost:
            self._was_lost = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._app.exit)
