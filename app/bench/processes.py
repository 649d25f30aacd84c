"""Whole processes, measured from outside: seconds, peak memory, what they wrote, through a pipe or a terminal."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from fastai_tui.engine.errors import RunFailed

COLUMNS, LINES = 80, 24
LONGEST = 1800.0  # seconds that any one process may take
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; getrusage(2) differs between systems


class Finished(NamedTuple):
    """A process that ended well: wall-clock seconds, the most memory it held (bytes), its standard output.

    Linux counts the moment before a process becomes another program as its own, so `peak` is never less than what
    whoever measures holds: the command that does is small.
    """

    seconds: float
    peak: int
    output: bytes


def fastai_tui(*arguments: str) -> list[str]:
    """The command line of this program with `arguments`."""
    return [sys.executable, "-m", "fastai_tui.app.cli.main", *arguments]


def finish(
    command: Sequence[str], environment: Mapping[str, str], *, terminal: bool = False, within: float = LONGEST
) -> Finished:
    """Run `command` to its end. Raises `RunFailed`, with its last words, if it fails or takes longer than `within`."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as errors, _started(command, environment, terminal, errors) as (process, output):
        chunks = [chunk for _, chunk in _chunks(output, began + within)]
        content = b"".join(chunks)
        if not chunks or chunks[-1]:
            raise RunFailed(f"{_name(command)} took longer than {within:.0f} seconds.")
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode:
            raise RunFailed(f"{_name(command)} ended with {process.returncode}: {_last_line(errors.read() or content)}")
    return Finished(seconds, usage.ru_maxrss * MAXRSS_UNIT, content)


def listen(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> list[tuple[float, int]]:
    """What `command` sends to a terminal of 80×24 in so many seconds: (seconds since its start, bytes) of every piece.
    It is interrupted then. Raises `RunFailed` if it ends before."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as errors, _started(command, environment, True, errors) as (process, output):
        pieces = [(at - began, len(chunk)) for at, chunk in _chunks(output, began + seconds)]
        if pieces and not pieces[-1][1]:
            raise RunFailed(f"{_name(command)} ended while it was being listened to.")
        process.send_signal(signal.SIGINT)
        for _ in _chunks(output, time.perf_counter() + 5):
            pass  # what it says in parting must be read, or it cannot leave
    return pieces


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes beside, each of which does nothing but count, in Python."""
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


@contextlib.contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str], terminal: bool, errors: IO[bytes]
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    ours, theirs = pty.openpty() if terminal else os.pipe()
    if terminal:
        termios.tcsetwinsize(theirs, (LINES, COLUMNS))
    process = subprocess.Popen(
        list(command),
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs if terminal else errors,
        env=dict(environment),
        start_new_session=terminal,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        os.close(ours)
        if process.poll() is None:
            process.kill()
            process.wait()


def _chunks(output: int, until: float) -> Iterator[tuple[float, bytes]]:
    """(when, what) of everything that can be read before `until`; the end of it all is told as an empty piece."""
    while (left := until - time.perf_counter()) > 0:
        if not select.select([output], [], [], left)[0]:
            return
        try:
            chunk = os.read(output, 1 << 16)
        except OSError:  # a terminal says in this way that nobody is at its other end any more
            chunk = b""
        yield time.perf_counter(), chunk
        if not chunk:
            return


def _name(command: Sequence[str]) -> str:
    shown = command[command.index("-m") + 1 :] if "-m" in command else command[1:]
    return " ".join(["fastai-tui", *shown[1:]] if shown[0].startswith("fastai_tui") else shown)[:200]


def _last_line(content: bytes) -> str:
    lines = content.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing."
