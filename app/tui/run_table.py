"""All runs as the list shows them: read beside the event loop, what has ended only once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

SPARKS = 64  # values that a sparkline is made of
AT_A_TIME = 20  # runs that are read before something is shown

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Line:
    """A run in the list. `trouble` says why a folder can not be opened."""

    run: str
    name: str = ""
    experiment: str = ""
    phase: str = ""
    live: bool = False
    behind: str = ""
    message: str = ""
    share: float = 0.0
    left: float | None = None
    loss: float | None = None
    accuracy: float | None = None
    sparks: tuple[float, ...] = ()
    trouble: str = ""


def line(shot: Snapshot) -> Line:
    """A snapshot's line."""
    smooth = shot.curve.smooth
    accuracy = dict(shot.table[-1].metrics).get("accuracy") if shot.table else None
    return Line(
        run=shot.run,
        name=shot.name,
        experiment=shot.experiment,
        phase=shot.phase,
        live=shot.live,
        behind=shot.behind,
        message=shot.message,
        share=min(shot.step / shot.total, 1.0) if shot.total else 0.0,
        left=shot.left,
        loss=shot.smooth_loss,
        accuracy=accuracy,
        sparks=tuple(smooth[i * len(smooth) // SPARKS] for i in range(SPARKS)) if len(smooth) > SPARKS else smooth,
    )


class RunTable:
    """Reads the runs of a store. `complete` says whether all have been read."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.complete = False
        self._ended: dict[str, tuple[Stamp, Line]] = {}
        self._watchers: dict[str, Watcher] = {}

    def read(self) -> list[Line]:
        """The lines, the newest run first. Raises `DiskTrouble` if the runs' folder can not be read."""
        lines, fresh = [], 0
        self.complete = True
        folders = self.store.folders()[::-1]
        for path in folders:
            known = self._ended.get(path.name)
            if known is not None and known[0] == _stamp(path):
                lines.append(known[1])
            elif fresh < AT_A_TIME or path.name in self._watchers:
                lines.append(self._read(path))
                fresh += 1
            else:
                self.complete = False
        self._forget({path.name for path in folders})
        return lines

    def _read(self, path: Path) -> Line:
        stamp = _stamp(path)  # before it is read: what comes later is seen the next time
        try:
            shot = self._watchers.setdefault(path.name, Watcher(Run(path))).snapshot()
        except (FastaiTuiError, OSError) as error:
            self._watchers.pop(path.name, None)
            found = Line(path.name, trouble=str(error))
            self._ended[path.name] = (stamp, found)
            return found
        found = line(shot)
        if shot.ended:
            del self._watchers[path.name]
            self._ended[path.name] = (stamp, found)
        return found

    def _forget(self, there: set[str]) -> None:
        self._ended = {name: kept for name, kept in self._ended.items() if name in there}
        self._watchers = {name: kept for name, kept in self._watchers.items() if name in there}


def _stamp(path: Path) -> Stamp:
    """Changes when an ended run goes on, or a damaged folder is mended."""
    found = []
    for name in ("run.json", "lock", "events.jsonl"):
        try:
            stat = (path / name).stat()
            found.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)
