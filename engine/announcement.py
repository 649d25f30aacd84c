"""A sentence that a run says once, as it begins."""

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.recorder import Recorder, Sink


class Announcement(Callback):
    """Says `message` in the run's events before the first batch; `code` names what it is about. A run that is resumed
    has said it."""

    order = -20  # before all others' clocks

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message

    def before_fit(self) -> None:
        """Say it."""
        if self.learn.step == 0 and (sink := sink_of(self)):
            now, epoch = sink.now(), self.learn.epoch
            sink.emit(events.Warned(time=now, step=0, epoch=epoch, code=self.code, message=self.message))


def sink_of(callback: Callback) -> Sink | None:
    """Where the events of a callback's run go, if it is recorded."""
    return next((other.sink for other in callback.learn.callbacks if isinstance(other, Recorder)), None)
