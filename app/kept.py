"""The weights that a run keeps in its folder: checkpoints, from which it goes on, and those at each cycle's end."""

from dataclasses import dataclass

from fastai_tui.engine import events
from fastai_tui.engine.runs.run import Run

CYCLES = "cycles/"


@dataclass(frozen=True)
class Weights:
    """One file: its place in the run's folder, the batches and epochs done before it, its bytes, whether it is the
    best checkpoint so far, and the number of the cycle that it ends (0 for a checkpoint). `changed` is when it was
    written, in nanoseconds: what is known of a file is known of the one written then."""

    file: str
    step: int
    epochs: float
    size: int
    best: bool = False
    cycle: int = 0
    changed: int = 0

    @property
    def name(self) -> str:
        """What it is called where there is little room."""
        return f"cycle {self.cycle}" if self.cycle else f"batch {self.step:,}" if self.step else "the start"


def kept(run: Run) -> tuple[Weights, ...]:
    """The files that the run's log tells of and that are there, in the order of steps. Raises `DiskTrouble`."""
    told = [event for event in run.log() if isinstance(event, events.Checkpoint)]
    started = run.started()
    per_epoch = started.batches_per_epoch if started else 0
    best = next((event.path for event in reversed(told) if event.best), "")
    found = {event.path: _weights(run, event, per_epoch, event.path == best) for event in told}
    return tuple(sorted(filter(None, found.values()), key=lambda one: (one.step, bool(one.cycle))))


def _weights(run: Run, event: events.Checkpoint, per_epoch: int, best: bool) -> Weights | None:
    try:
        stat = (run.path / event.path).stat()
    except OSError:  # a newer one has taken its place
        return None
    epochs = event.step / per_epoch if per_epoch else 0.0
    number = event.path.removeprefix(CYCLES).removeprefix("cycle-").partition(".")[0]
    cycle = int(number) if event.path.startswith(CYCLES) and number.isdecimal() else 0
    return Weights(event.path, event.step, epochs, stat.st_size, best, cycle, stat.st_mtime_ns)
