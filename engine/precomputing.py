"""Precomputing before training, with progress in the run's events."""

import time

from fastai_tui.engine import events
from fastai_tui.engine.announcement import sink_of
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.activations import Activations
from fastai_tui.engine.runs.control import Control

APART = 0.5  # seconds between two words about it


class Precompute(Callback):
    """Sees to it that the activations are there before the first batch."""

    order = -20  # before all others' clocks

    def __init__(self, activations: Activations) -> None:
        self.activations, self._said = activations, 0.0

    def before_fit(self) -> None:
        """Compute them, or find them. A run that is stopped meanwhile ends."""
        self.activations.ready(self._report)

    def _report(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said < APART and done < total:
            return
        self._said = now
        if sink := sink_of(self):
            sink.emit(events.Preparing(time=sink.now(), what="activations", done=done, total=total))
        for control in (callback for callback in self.learn.callbacks if isinstance(callback, Control)):
            control.obey()
