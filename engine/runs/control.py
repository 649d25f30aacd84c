"""Steering: what users ask of a live run, looked at between batches and acknowledged in its events."""

import time
from typing import Any

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs.inbox import GLANCE, Inbox
from fastai_tui.engine.runs.lock import Lock
from fastai_tui.engine.runs.log import Command
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.training import JobLearner


class Control(Callback):
    """Stops, pauses and changes the run when asked. `replayed` are the changes recorded before a resume: they are made
    again at the steps where they were made first, so that what is done again is the same."""

    order = -10

    def __init__(self, inbox: Inbox, run_lock: Lock, writer: RunWriter, replayed: list[events.Changed]) -> None:
        self.inbox, self.lock, self.writer = inbox, run_lock, writer
        changes = [change for change in replayed if "paused" not in change.settings]
        self.replayed = sorted(changes, key=lambda change: change.step)  # recorded out of order after several resumes
        self.paused, self.held = False, 0.0  # is it, and for how many seconds it has been

    def before_batch(self) -> None:
        """Do what has been asked for since the last batch."""
        while self.replayed and self.replayed[0].step <= self.learn.step:
            self._apply(self.replayed.pop(0).settings)
        self.obey()
        since = time.monotonic()
        while self.paused:
            self._flush()
            time.sleep(GLANCE)
            self.obey()
            since = self._hold_back(since)

    def obey(self) -> None:
        """Do what has been asked for; raises `CancelFit` if that is to stop."""
        for command in self.inbox.poll():
            if command.do == "set":
                self._set(command)
            elif command.do in ("pause", "resume"):
                self._hold(command, paused=command.do == "pause")
        if self.inbox.stopping:
            raise CancelFit

    def _set(self, command: Command) -> None:
        try:
            self._apply(command.settings)
        except BadInput as error:
            refused = events.Warned(**self._at(), code="refused", message=str(error), command=command.id)
            self.writer.emit(refused)
            return
        self._tell(command, command.settings)

    def _apply(self, settings: dict[str, Any]) -> None:
        assert isinstance(self.learn, JobLearner)
        self.learn.change(settings)

    def _hold(self, command: Command, *, paused: bool) -> None:
        self.paused = paused
        self.lock.say(phase="paused" if paused else "running")
        self._tell(command, {"paused": paused})

    def _tell(self, command: Command, settings: dict[str, Any]) -> None:
        self.writer.emit(events.Changed(**self._at(), settings=settings, by=command.by, command=command.id))

    def _at(self) -> dict[str, Any]:
        return {"time": self.writer.now(), "step": self.learn.step, "epoch": self.learn.epoch}

    def _hold_back(self, since: float) -> float:
        """Count the time since then as a pause, not as training; the time now."""
        now = time.monotonic()
        self.held += now - since
        for recorder in self._recorders():
            recorder.leave_out(now - since)
        return now

    def _flush(self) -> None:
        for recorder in self._recorders():
            recorder.flush()

    def _recorders(self) -> list[Recorder]:
        return [callback for callback in self.learn.callbacks if isinstance(callback, Recorder)]
