"""The writer's side of a run's folder: rare events first, then the rows they belong to (stream.py says why)."""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fastai_tui.engine import events
from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.engine.home import PRIVATE_FILE, write_at
from fastai_tui.engine.runs.activations import ActivationWriter, column_type
from fastai_tui.engine.runs.log import LineWriter
from fastai_tui.engine.runs.steps import StepWriter, row_type

RESERVE = 64 * 1024  # bytes kept free, so that a run on a full disk can still say why it ended


class RunWriter:
    """Writes what a Recorder hands over; there is one per run, and it holds the lock."""

    def __init__(self, path: Path, groups: int, layers: int) -> None:
        self.path = path
        self._start = time.time() - time.monotonic()
        self._row_type, self._column_type = row_type(groups), column_type(layers)
        self._kept: list[bytes] = []
        self._reserve = path / ".reserve"
        with self._troubles():
            self._lines = LineWriter(path / "events.jsonl")
            self._rows = StepWriter(path / "steps", groups)
            self._columns = ActivationWriter(path / "activations", layers) if layers else None
            self._keep_room()

    def now(self) -> float:
        """Unix seconds that only go forwards: the clock at the start, and what has passed since, however it jumps."""
        return self._start + time.monotonic()

    def rewind(self, step: int) -> None:
        """Make ready for doing again what came after `step`."""
        if self._columns is not None:
            self._columns.rewind(step)

    def emit(self, event: events.AnyEvent) -> None:
        """Keep an event until the next flush."""
        self._kept.append(events.encode(event))

    def flush(self, first_step: int, batches: dict[str, np.ndarray], stats: np.ndarray | None = None) -> None:
        """Write the events kept, then the statistics, then the rows. Raises `DiskTrouble`."""
        with self._troubles():
            self._lines.write(self._kept)
            self._kept = []
            if batches:
                if stats is not None and self._columns is not None:
                    self._columns.write(first_step, self._as_columns(batches["epoch"], stats))
                self._rows.write(first_step, self._as_rows(batches))

    def sync(self) -> None:
        """Wait until everything written would survive a power cut. Raises `DiskTrouble`."""
        with self._troubles():
            for file in (self._lines, self._rows, self._columns):
                if file is not None:
                    file.sync()

    def last_words(self, event: events.RunEnded) -> None:
        """Write the last event, on a full disk too, and close everything."""
        self._reserve.unlink(missing_ok=True)
        self.emit(event)
        self._lines.write(self._kept)
        for file in (self._lines, self._rows, self._columns):
            if file is not None:
                file.close()

    def _as_rows(self, batches: dict[str, np.ndarray]) -> np.ndarray:
        rows = np.zeros(len(batches["loss"]), self._row_type)
        for name, values in batches.items():
            rows[name] = values
        return rows

    def _as_columns(self, epochs: np.ndarray, stats: np.ndarray) -> np.ndarray:
        columns = np.zeros(len(stats), self._column_type)
        columns["epoch"] = epochs
        for i, name in enumerate(("mean", "std", "near_zero", "values")):
            columns["layers"][name] = stats[:, :, i]
        columns["layers"]["hist"] = stats[:, :, 4:]
        return columns

    def _keep_room(self) -> None:
        file = os.open(self._reserve, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            write_at(file, b"\0" * RESERVE, 0)
        except OSError:
            self._reserve.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)

    @contextlib.contextmanager
    def _troubles(self) -> Iterator[None]:
        """Turn the system's refusals into a sentence; what waits to be written is of no use any more."""
        try:
            yield
        except OSError as error:
            self._kept = []
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> DiskTrouble:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = f"the disk (or your quota) is full; free some space, then `fastai-tui resume {self.path.name}`"
        else:
            why = f"{os.strerror(error.errno or errno.EIO).lower()}; `fastai-tui doctor` may know more"
        return DiskTrouble(f"The run's log could not be written: {why}.")
