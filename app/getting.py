"""Getting a data set while something else goes on: `fastai-tui data get` as a process, heard by a thread.

The process ends when nobody hears it any more: what has arrived is kept, and getting the set again goes on from there.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import msgspec

from fastai_tui.app.text import SAYS
from fastai_tui.engine.data.fetch import Notice, Progress
from fastai_tui.engine.errors import NOT_JSON

COMMAND = (sys.executable, "-m", "fastai_tui.app.cli.main", "data", "get")
INTERRUPTED = 130
_HEARD = msgspec.json.Decoder(Progress | Notice)


class Getting:
    """One attempt to get the data set `name`, from the moment it is made. All that it tells may be read at any time:
    `progress` is how far its file is, `ended` whether it is over, `here` whether the set is here now, and `trouble`
    what stood in the way, a sentence. `command` is for tests."""

    def __init__(self, name: str, command: Sequence[str] = COMMAND) -> None:
        self.name = name
        self.progress: Progress | None = None
        self.trouble, self.ended, self.here = "", False, False
        self._command = [*command, name, "--json"]
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def stopped(self) -> bool:
        """Was it told to stop?"""
        return self._stopped

    @property
    def unpacks(self) -> bool:
        """Has all of it arrived, so that it is being verified and put in its place?"""
        return self.progress is not None and self.progress.done == self.progress.total

    def stop(self) -> None:
        """Let it end, soon; what has arrived is kept. Who says so twice has it ended at once."""
        again, self._stopped = self._stopped, True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM if again else signal.SIGINT)

    def _run(self) -> None:
        try:
            code, said = self._hear()
        except OSError as error:
            code, said = 1, f"`data get` could not be started: {(error.strerror or str(error)).lower()}."
        self.here = code == 0
        self.trouble = "" if self.here else self._sentence(code, said)
        self.ended = True

    def _hear(self) -> tuple[int, str]:
        """Its exit code, and the last line that it wrote to its standard error."""
        pipe = subprocess.PIPE
        with subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True
        ) as process:
            self._process = process
            if self._stopped:  # before it had begun
                process.terminate()
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stdout:
                with contextlib.suppress(*NOT_JSON):  # the last one has the set's facts
                    heard = _HEARD.decode(line)
                    self.progress = heard if isinstance(heard, Progress) else self.progress
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
        return process.returncode, said[-1] if said else ""

    def _sentence(self, code: int, said: str) -> str:
        if code in (INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
            return f"Stopped: what has arrived of {self.name} is kept, and getting it again goes on from there."
        return said.removeprefix(SAYS) or f"Getting {self.name} ended without a word (status {code}): try again."
