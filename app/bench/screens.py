"""The app in a terminal of any size: what it sends, and when, while keys are pressed."""

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fastai_tui.engine.errors import RunFailed

QUESTION, ANSWER = b"\x1b[6n", b"\x1b[1;1R"  # where is the cursor: every terminal says
ANYTHING = re.compile(b"(?s).")
LONGEST, PATIENCE = 60.0, 10.0  # seconds that anything may take to appear, and that an answer may


def app(*arguments: str) -> list[str]:
    """The command as users type it; where it is not installed, what it runs."""
    script = Path(sys.executable).parent / "fastai-tui"
    start = [str(script)] if script.exists() else [sys.executable, "-m", "fastai_tui.app.entry"]
    return [*start, *arguments]


class Screen:
    """A process in a terminal. `sent` counts the bytes it has sent, `content` is all of them."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int) -> None:
        self._terminal, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (rows, columns))
        colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        clean = {name: value for name, value in environment.items() if name != "NO_COLOR"}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            list(command), stdin=theirs, stdout=theirs, stderr=theirs, env=clean | colours, start_new_session=True
        )
        os.close(theirs)
        self.content = b""

    @property
    def sent(self) -> int:
        """Bytes so far."""
        return len(self.content)

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._terminal, key)

    def read(self, seconds: float) -> bytes:
        """What comes first within so many seconds, the questions answered and left out; nothing if nothing comes."""
        if not select.select([self._terminal], [], [], max(seconds, 0))[0]:
            return b""
        try:
            chunk = os.read(self._terminal, 1 << 16)
        except OSError:
            chunk = b""
        if not chunk:
            raise RunFailed(f"The app ended while it was measured: {self.content[-200:]!r}")
        self.content += chunk
        if QUESTION in chunk:
            self.press(ANSWER)
        return chunk.replace(QUESTION, b"")

    def listen(self, seconds: float) -> int:
        """The bytes of so many seconds."""
        before, end = self.sent, time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)
        return self.sent - before

    def until(self, words: bytes) -> float:
        """Seconds from the start of the process until `words` have come. Raises `RunFailed` if they do not."""
        while words not in self.content:
            left = self.began + LONGEST - time.perf_counter()
            if left <= 0:
                raise RunFailed(f"The app did not show {words.decode()!r} within {LONGEST:.0f} seconds.")
            self.read(left)
        return time.perf_counter() - self.began

    def answer(self, key: bytes, part: re.Pattern[bytes] = ANYTHING) -> float:
        """Seconds from a key to the first of what is sent because of it: whatever comes first, if nothing else is going
        on, or what has `part` in it. Raises `RunFailed` if it does not come."""
        while self.read(0.002):
            pass  # the rest of what was sent before
        pressed, heard = time.perf_counter(), b""
        self.press(key)
        while not part.search(heard):
            if time.perf_counter() - pressed > PATIENCE:
                raise RunFailed(f"The app did not answer the key {key!r}.")
            heard += self.read(PATIENCE)
        return time.perf_counter() - pressed

    def memory(self) -> int:
        """Bytes that the process holds now. Linux only: elsewhere 0."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except OSError:
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


@contextlib.contextmanager
def screen(
    command: Sequence[str], environment: Mapping[str, str], columns: int = 80, rows: int = 24
) -> Iterator[Screen]:
    """A process in a terminal, ended at the end."""
    made = Screen(command, environment, columns, rows)
    try:
        yield made
    finally:
        made.close()
