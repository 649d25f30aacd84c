"""The weights at the end of every cycle of warm restarts, kept in a run's folder: `cycles/cycle-001.safetensors`, …"""

from pathlib import Path

from fastai_tui.engine import events, schedules
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.home import disk_errors, private_dir
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.settings import Value

FOLDER = "cycles"


class CycleEnds(Callback):
    """Keeps the weights after the epochs `ends` (counted from 1), and tells each in a `checkpoint` event.

    The event is kept before the checkpoint that may follow is written, so that whoever goes on from that one has both.
    """

    order = 58

    def __init__(self, writer: RunWriter, ends: tuple[int, ...]) -> None:
        self.writer, self.ends, self.folder = writer, ends, writer.path / FOLDER

    def before_fit(self) -> None:
        """Remove what is going to be done again. Raises `DiskTrouble`."""
        private_dir(self.folder)
        for number, end in enumerate(self.ends, 1):
            if end > self.learn.epoch:
                with disk_errors(f"remove {self._path(number)}"):
                    self._path(number).unlink(missing_ok=True)

    def after_epoch(self) -> None:
        """Keep the weights if a cycle is over. Raises `DiskTrouble`."""
        learn, done = self.learn, self.learn.epoch + 1
        if done in self.ends:
            path = self._path(self.ends.index(done) + 1)
            learn.save(path)
            where = f"{FOLDER}/{path.name}"
            now = self.writer.now()
            self.writer.emit(events.Checkpoint(time=now, step=learn.step, epoch=learn.epoch, path=where, best=False))

    def _path(self, number: int) -> Path:
        return self.folder / f"cycle-{number:03d}.safetensors"


def cycle_ends(settings: dict[str, Value]) -> tuple[int, ...]:
    """After how many epochs the cycles end that `settings` ask for; none without `schedule=sgdr`."""
    return schedules.ends(settings)
