"""CIFAR-10's official binary files: rows of a byte for the class and 3,072 for the pixels, plane by plane.

Source: https://www.cs.toronto.edu/~kriz/cifar.html. The pickled form of the same is refused: unpickling runs whatever
code the file holds.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.engine.data.catalogue import CIFAR10, CIFAR_ROW
from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import disk_errors

if TYPE_CHECKING:
    from numpy import ndarray

# Training images and labels, validation images and labels.
Arrays: TypeAlias = "tuple[ndarray, ndarray, ndarray, ndarray]"
SHAPE = (3, 32, 32)
PICKLED = frozenset(file.name.removesuffix(".bin") for file in CIFAR10.files)


def read(folder: Path) -> Arrays:
    """Training images (50000, 3, 32, 32) and labels (50000,), then those for validation, as uint8.

    Raises `DiskTrouble` for a file that is not what its name says.
    """
    *train, test = (_rows(folder / file.name, file.size) for file in CIFAR10.files)
    return *_split(train), *_split([test])


def place(path: Path) -> Path | None:
    """Where the binary batches are: in a folder, or in the archive's own folder in it. Raises as `refuse_pickles`."""
    for folder in (path, path / "cifar-10-batches-bin"):
        names = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
        if all(file.name in names for file in CIFAR10.files):
            return folder
        refuse_pickles(names, str(folder))
    return None


def refuse_pickles(names: Iterable[str], where: str) -> None:
    """Raises `BadInput` if the files with these names are the pickled batches."""
    if found := sorted(PICKLED.intersection(names)):
        raise BadInput(
            f"{where} holds the pickled batches ({found[0]} …), and unpickling runs any code that they hold: get the "
            f"binary version, {CIFAR10.archive.packed if CIFAR10.archive else ''}."
        )


def _rows(path: Path, size: int) -> "ndarray":
    import numpy as np

    with disk_errors(f"read {path}"):
        found = path.stat().st_size
        if found != size:
            raise DiskTrouble(f"{path} has {found:,} bytes where {size:,} belong; get or copy it again.")
        rows = np.memmap(path, np.uint8, "r", shape=(size // CIFAR_ROW, CIFAR_ROW))
    if rows[:, 0].max() >= len(CIFAR10.classes):
        raise DiskTrouble(f"{path} has a class {rows[:, 0].max()} where 0 to 9 belong; get or copy it again.")
    return rows


def _split(batches: Sequence["ndarray"]) -> tuple["ndarray", "ndarray"]:
    import numpy as np

    images = np.empty((sum(map(len, batches)), *SHAPE), np.uint8)
    labels = np.concatenate([rows[:, 0] for rows in batches])
    start = 0
    for rows in batches:
        images[start : start + len(rows)] = rows[:, 1:].reshape(-1, *SHAPE)
        start += len(rows)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels
