"""A run, as readers see it: what was asked, what happened, and whether its process still lives."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fastai_tui.engine.events import (
    AnyEvent,
    Checkpoint,
    Epoch,
    Preparing,
    Resumed,
    RunEnded,
    RunStarted,
    Sample,
    Warned,
)
from fastai_tui.engine.home import disk_errors
from fastai_tui.engine.runs import lock, spec
from fastai_tui.engine.runs.activations import ActivationReader
from fastai_tui.engine.runs.log import LineReader, decoded
from fastai_tui.engine.runs.steps import StepReader

TAIL = 16_384  # bytes of the log in which its last beginning or end usually is
STARTING = 60.0  # seconds that a new process may take before it holds the lock: a cold NFS home is slow


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is. `phase`: new, queued, running, paused (then its process is `live`), finished, stopped, failed,
    diverged or lost. `behind` is the run it waits for in the queue."""

    phase: str
    live: bool
    message: str = ""
    host: str = ""
    pid: int = 0
    behind: str = ""


class Run:
    """One folder. Reading never writes: that a run is lost is found out anew each time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    @property
    def spec(self) -> spec.RunSpec:
        """What was asked. Raises `DiskTrouble` for a damaged folder."""
        with disk_errors(f"open the run {self.id}"):
            return spec.decode((self.path / "run.json").read_bytes(), self.path / "run.json")

    def state(self) -> State:
        """Where the run is now."""
        holder = lock.read(self.path / "lock")
        if holder is not None and lock.alive(holder, self.path / "lock"):
            return State(phase=holder.phase, live=True, host=holder.host, pid=holder.pid, behind=holder.behind)
        last = self._last()
        if isinstance(last, RunEnded):
            return State(phase=last.reason, live=False, message=last.message)
        begun = last is not None or (self.path / "lock").exists()
        if not begun and time.time() - self.spec.created < self.starting():
            return State(phase="new", live=False)
        return State(phase="lost", live=False, message=self._epitaph(holder))

    def starting(self) -> float:
        """How many seconds its process may take before it holds the lock. The leading one of several is started by one
        that has to load torch first, which they do together then."""
        return STARTING * (3 if self.spec.gpus > 1 else 1)

    def log(self) -> list[AnyEvent]:
        """The rare events, in order, without those that a resume has made void."""
        kept: list[AnyEvent] = []
        for event in decoded(LineReader(self.path / "events.jsonl").poll()):
            follow(kept, event)
        return kept

    def started(self) -> RunStarted | None:
        """The first event, or None before it."""
        return next((e for e in self.log() if isinstance(e, RunStarted)), None)

    def epochs(self) -> list[Epoch]:
        """The epochs done so far."""
        return [e for e in self.log() if isinstance(e, Epoch)]

    def steps(self) -> StepReader:
        """The batches done so far."""
        return StepReader(self.path / "steps", self.spec.groups)

    def activation_columns(self) -> ActivationReader | None:
        """The layers' statistics, or None for a run that does not record them."""
        names = self.spec.layers
        return ActivationReader(self.path / "activations", names) if names else None

    def events(self) -> Iterator[AnyEvent]:
        """Everything, in the order of steps, every step once."""
        from fastai_tui.engine.runs.stream import replay

        return replay(self)

    def _last(self) -> AnyEvent | None:
        """The last beginning or end, looked for from the log's end: a long log is not read for it."""
        path = self.path / "events.jsonl"
        size = path.stat().st_size if path.exists() else 0
        for tail in (TAIL, size):
            lines = LineReader(path, max(0, size - tail)).poll()
            for event in reversed(list(decoded(lines))):
                if isinstance(event, (RunStarted, Resumed, RunEnded)):
                    return event
        return None

    def _epitaph(self, holder: lock.Holder | None) -> str:
        where = f" on {holder.host}" if holder else ""
        sentence = (
            f"Its process ended without a word{where}; `fastai-tui resume {self.id}` goes on from the last checkpoint."
        )
        try:
            said = (self.path / "output.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            said = []
        return f"{sentence} Its last words: {said[-1][:200]}" if said else sentence


def follow(story: list[AnyEvent], event: AnyEvent) -> None:
    """Add what came next to a story: a resume makes void what it does again, an end any end before it, and how far a
    preparation is how far it was."""
    if isinstance(event, Resumed):
        story[:] = [e for e in story if not _void(e, event)]
    if isinstance(event, RunEnded):
        story[:] = [e for e in story if not isinstance(e, RunEnded)]
    if isinstance(event, Preparing) and story and isinstance(story[-1], Preparing):
        story.pop()
    story.append(event)


def _void(event: AnyEvent, resumed: Resumed) -> bool:
    if isinstance(event, Epoch) or (isinstance(event, Checkpoint) and event.path.startswith("cycles/")):
        # the end of an epoch; not by its step: a kill may come after an epoch's last batch and its checkpoint
        return event.epoch >= resumed.epoch
    redone = (Sample, Warned, Checkpoint)
    return isinstance(event, RunEnded) or (isinstance(event, redone) and event.step > resumed.step)
