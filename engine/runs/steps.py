"""The file `steps`: a fixed-width row per batch, its place given by the step, so that what is redone is overwritten."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fastai_tui.engine.home import PRIVATE_FILE, disk_errors, write_at

if TYPE_CHECKING:
    import numpy as np

CHUNK = 65_536  # rows read at a time: 3 MB, so that a million batches need no more memory than a thousand


def row_type(groups: int) -> "np.dtype":
    """A row's layout (little endian) for so many layer groups; row i belongs to step i + 1."""
    import numpy as np

    return np.dtype(
        [
            ("time", "<f8"),
            ("momentum", "<f8"),
            ("loss", "<f4"),
            ("smooth_loss", "<f4"),
            ("samples_per_second", "<f4"),
            ("epoch", "<i4"),
            ("lr", "<f8", (groups,)),
        ]
    )


class StepWriter:
    """Writes rows at the places that belong to them."""

    def __init__(self, path: Path, groups: int) -> None:
        self.type = row_type(groups)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)

    def write(self, first_step: int, rows: "np.ndarray") -> None:
        """Put `rows` at the places of the steps `first_step`, `first_step` + 1, … Raises OSError."""
        write_at(self._file, rows.tobytes(), (first_step - 1) * self.type.itemsize)

    def sync(self) -> None:
        """Wait until the rows would survive a power cut."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class StepReader:
    """Reads the rows of a run, live or ended. A last row that is not whole is not there yet."""

    def __init__(self, path: Path, groups: int) -> None:
        self.path, self.type = path, row_type(groups)

    def __len__(self) -> int:
        with disk_errors(f"read {self.path}"):
            try:
                return self.path.stat().st_size // self.type.itemsize
            except FileNotFoundError:
                return 0

    def read(self, start: int = 0, stop: int | None = None) -> "np.ndarray":
        """The rows numbered `start` to `stop` − 1, as a structured array with the fields of `row_type`."""
        import numpy as np

        start, stop = max(start, 0), min(len(self) if stop is None else stop, len(self))
        if stop <= start:
            return np.zeros(0, self.type)
        with disk_errors(f"read {self.path}"):
            return np.fromfile(self.path, self.type, stop - start, offset=start * self.type.itemsize)

    def thin(self, column: str, width: int) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """At most `width` buckets of a column: the step in the middle of each, its minimum and its maximum. What is not
        finite is left out; a bucket with nothing else is NaN. The last layer group stands for the rates."""
        import numpy as np

        count = len(self)
        buckets = min(width, count)
        if not buckets:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        lows, highs = np.full(buckets, np.inf), np.full(buckets, -np.inf)
        for start in range(0, count, CHUNK):
            values = self.read(start, min(start + CHUNK, count))[column].astype(np.float64)
            values = values[:, -1] if values.ndim == 2 else values
            place = (np.arange(start, start + len(values)) * buckets) // count
            firsts = np.flatnonzero(np.diff(place, prepend=-1))
            lows[place[firsts]] = np.minimum(lows[place[firsts]], _reduce(np.minimum, values, firsts, np.inf))
            highs[place[firsts]] = np.maximum(highs[place[firsts]], _reduce(np.maximum, values, firsts, -np.inf))
        empty = ~np.isfinite(lows) | ~np.isfinite(highs)
        lows[empty] = highs[empty] = np.nan
        return (np.arange(buckets) + 0.5) * count / buckets + 0.5, lows, highs


def _reduce(function: "np.ufunc", values: "np.ndarray", firsts: "np.ndarray", instead: float) -> "np.ndarray":
    import numpy as np

    reduced: np.ndarray = function.reduceat(np.where(np.isfinite(values), values, instead), firsts)
    return reduced
