"""The file `activations`: a column of layer statistics per batch, bounded; when it is full, neighbours are merged.

A header says how many batches a column covers; column i covers the batches i·span + 1 … (i + 1)·span.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fastai_tui.engine.home import PRIVATE_FILE, disk_errors, write_at, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

BINS, TOP = 40, 10.0
CAPACITY = 4096  # columns: more than any screen has, less than 10 MB for five layers
HEADER = 16  # bytes: the span, and room


def column_type(layers: int) -> "np.dtype":
    """A column's layout (little endian): the epoch, then mean, std, near-zero share and counts of every layer."""
    import numpy as np

    stats = np.dtype(
        [("mean", "<f4"), ("std", "<f4"), ("near_zero", "<f4"), ("values", "<f4"), ("hist", "<i8", (BINS,))]
    )
    return np.dtype([("epoch", "<i8"), ("layers", stats, (layers,))])


class ActivationWriter:
    """Adds a column per batch; keeps at most `capacity`, by making every column cover twice as many batches."""

    def __init__(self, path: Path, layers: int, capacity: int = CAPACITY) -> None:
        self.path, self.type, self.capacity = path, column_type(layers), capacity
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        header = os.pread(self._file, HEADER, 0)
        self.span = max(1, int.from_bytes(header[:8], "little"))
        self._pending: list[np.ndarray] = []
        if len(header) < HEADER:
            write_at(self._file, self._header(self.span), 0)

    def rewind(self, step: int) -> None:
        """Forget the batches after `step`, which are going to be done again. Of a column that covers batches on both
        sides, those before are forgotten too: it will show the others."""
        columns = step // self.span
        os.ftruncate(self._file, HEADER + min(columns, len(self)) * self.type.itemsize)
        self._pending = []

    def __len__(self) -> int:
        return (os.fstat(self._file).st_size - HEADER) // self.type.itemsize

    def write(self, first_step: int, columns: "np.ndarray") -> None:
        """Add the columns of the batches `first_step`, … (`column_type`, one a batch). Raises OSError."""
        import numpy as np

        for i, column in enumerate(columns):
            step = first_step + i
            self._pending.append(column)
            if step % self.span == 0:
                place = (step // self.span - 1) * self.type.itemsize
                write_at(self._file, merged(np.array(self._pending)).tobytes(), HEADER + place)
                self._pending = []
                if step // self.span >= self.capacity:
                    self._fold()

    def _fold(self) -> None:
        import numpy as np

        whole = np.fromfile(self.path, self.type, offset=HEADER)[: self.capacity]
        halved = np.array([merged(whole[i : i + 2]) for i in range(0, len(whole) - 1, 2)])
        write_whole(self.path, self._header(2 * self.span) + halved.tobytes())
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR)
        self.span *= 2

    @staticmethod
    def _header(span: int) -> bytes:
        return span.to_bytes(8, "little").ljust(HEADER, b"\0")

    def sync(self) -> None:
        """Wait until the columns would survive a power cut."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def merged(columns: "np.ndarray") -> "np.ndarray":
    """Several columns as one, as `folded` does it."""
    one: np.ndarray = folded(columns, [0])[0]
    return one


def folded(columns: "np.ndarray", starts: "Sequence[int] | np.ndarray") -> "np.ndarray":
    """Neighbouring columns as one, from each of the `starts` (which rise, none twice) up to the next: counts added,
    means and shares averaged, deviations pooled (each weighted by its number of values)."""
    import numpy as np

    if not len(starts):
        return columns[:0]
    first = np.asarray(starts)
    last = np.append(first[1:], len(columns))
    made, layers = columns[last - 1].copy(), columns["layers"]

    def added(values: np.ndarray) -> np.ndarray:
        total: np.ndarray = np.add.reduceat(values, first, axis=0)
        return total

    with np.errstate(all="ignore"):  # of a run that has diverged
        weight, means = layers["values"].astype(np.float64), layers["mean"].astype(np.float64)
        total = np.maximum(added(weight), 1)
        mean = added(weight * means) / total
        apart = means - np.repeat(mean, last - first, axis=0)
        inside = added(np.maximum(weight - 1, 0) * layers["std"].astype(np.float64) ** 2 + weight * apart**2)
        made["layers"]["mean"], made["layers"]["std"] = mean, np.sqrt(inside / np.maximum(total - 1, 1))
        made["layers"]["near_zero"] = added(weight * layers["near_zero"]) / total
        made["layers"]["hist"], made["layers"]["values"] = added(layers["hist"]), added(weight)
    single = last - first == 1
    made[single] = columns[first[single]]
    return made


class ActivationReader:
    """Reads the columns of a run, live or ended. Raises `DiskTrouble` for a file that cannot be read."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path, self.names, self.type = path, names, column_type(len(names))

    def read(self, after_step: int = 0, most: int | None = None) -> "tuple[int, int, np.ndarray]":
        """(span, number of the first column, columns): all columns that end after `after_step`, or the first `most`."""
        import numpy as np

        if not self.path.exists():
            return 1, 0, np.zeros(0, self.type)
        with disk_errors(f"read {self.path}"), open(self.path, "rb") as file:
            span = max(1, int.from_bytes(file.read(HEADER)[:8], "little"))
            first = after_step // span
            file.seek(HEADER + first * self.type.itemsize)
            content = file.read(-1 if most is None else most * self.type.itemsize)
        whole = len(content) - len(content) % self.type.itemsize
        return span, first, np.frombuffer(content[:whole], self.type)
