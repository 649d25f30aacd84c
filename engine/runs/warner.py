"""The run's own warnings: what a reading of it finds while it trains and at its end, each kind told once."""

import dataclasses
from collections.abc import Sequence

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.finding import Finding
from fastai_tui.engine.reading import read
from fastai_tui.engine.runs.inbox import Inbox
from fastai_tui.engine.runs.record import record_of
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.writer import RunWriter

AGAIN = 1.25  # times as many batches until the next look: all looks together read five times as much as the last
# What can be told before the end: it does not come right by itself. A validation loss that has risen may well fall
# again as the rate does: with 1cycle up to .1 over 85 epochs it rose from .111 to .277, and ended at .088.
GRAVE = ("diverging", "dead_units")


class Warner(Callback):
    """Reads the run at ends of epochs, and when it is over, and tells what is new; `log` is what it said before."""

    order = 70  # after the Recorder and the Checkpointer: what is read has been written

    def __init__(self, run: Run, writer: RunWriter, inbox: Inbox, log: Sequence[events.AnyEvent]) -> None:
        self.run, self.writer, self.inbox, self.log = run, writer, inbox, log
        self._told: set[str] = set()
        self._next = 0.0

    def before_fit(self) -> None:
        """What was told before a resume is not told again, unless it is done again."""
        step = self.learn.step
        self._told = {e.code for e in self.log if isinstance(e, events.Warned) and e.step <= step}

    def after_epoch(self) -> None:
        """Look, when the run is a good deal further than at the last look."""
        if self.learn.step >= self._next and self.learn.epoch + 1 < self.learn.epochs:
            self._next = AGAIN * self.learn.step
            self._tell(over=False)

    def cleanup_fit(self) -> None:
        """Look for the last time. A run that somebody stopped has not come to its end."""
        self._tell(over=not self.inbox.stopping)

    def _tell(self, *, over: bool) -> None:
        record = dataclasses.replace(record_of(self.run), ended=over)
        for finding in read(record).findings:
            if finding.code not in self._told and (over or finding.code in GRAVE):
                self._told.add(finding.code)
                self._emit(finding)

    def _emit(self, finding: Finding) -> None:
        step, epoch = self.learn.step, min(self.learn.epoch, self.learn.epochs - 1)
        told = events.Warned(time=self.writer.now(), step=step, epoch=epoch, code=finding.code, message=finding.message)
        self.writer.emit(told)
        self.writer.flush(step + 1, {})
