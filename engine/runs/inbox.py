"""The commands that users send to a run, as its process receives them. Free of torch: commands may come early."""

import signal
from types import FrameType

import msgspec

from fastai_tui.engine.errors import NOT_JSON
from fastai_tui.engine.runs.lock import Lock
from fastai_tui.engine.runs.log import Command, LineReader

GLANCE = 0.1  # seconds between two looks while paused or queued


class Inbox:
    """The commands that have come since it was made, which is before the lock is taken: from then on users send some.
    SIGTERM counts as one to stop."""

    def __init__(self, run_lock: Lock) -> None:
        self._reader = LineReader(run_lock.path.with_name("commands.jsonl"))
        self._reader.skip()
        self.stopping = False
        signal.signal(signal.SIGTERM, self._terminated)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def poll(self) -> list[Command]:
        """What is new; a line that is no command is passed over."""
        found = []
        for line in self._reader.poll():
            try:
                found.append(msgspec.json.decode(line, type=Command))
            except NOT_JSON:
                continue
        self.stopping = self.stopping or any(command.do == "stop" for command in found)
        return found
