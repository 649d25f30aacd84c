"""Precomputing before training: with progress in the run's events, and a word about augmentation that has no effect."""

import time

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.activations import Activations
from fastai_tui.engine.recorder import Recorder, Sink
from fastai_tui.engine.runs.control import Control

APART = 0.5  # seconds between two words about it


class Precompute(Callback):
    """Sees to it that the activations are there before the first batch. `augment` is what the settings ask for, which
    no picture meets any more."""

    order = -20  # before all others' clocks

    def __init__(self, activations: Activations, augment: str) -> None:
        self.activations, self.augment, self._said = activations, augment, 0.0

    def before_fit(self) -> None:
        """Compute them, or find them. A run that is stopped meanwhile ends."""
        self.activations.ready(self._report)
        if self.augment != "none" and self.learn.step == 0:
            self._warn()

    def _sink(self) -> Sink | None:
        return next((callback.sink for callback in self.learn.callbacks if isinstance(callback, Recorder)), None)

    def _report(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said < APART and done < total:
            return
        self._said = now
        if sink := self._sink():
            sink.emit(events.Preparing(time=sink.now(), what="activations", done=done, total=total))
        for control in (callback for callback in self.learn.callbacks if isinstance(callback, Control)):
            control.obey()

    def _warn(self) -> None:
        if sink := self._sink():
            message = (
                f"augment={self.augment} has no effect while activations are precomputed: no picture passes through "
                "the network any more. Take precompute=off for it."
            )
            sink.emit(
                events.Warned(time=sink.now(), step=0, epoch=self.learn.epoch, code="no_augmentation", message=message)
            )
