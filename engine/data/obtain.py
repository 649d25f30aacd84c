"""Getting, importing, verifying and removing data sets. A set's folder appears only when all of it is right."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fastai_tui.engine.data import placing
from fastai_tui.engine.data.catalogue import DataSet, File, data_set
from fastai_tui.engine.data.fetch import Fetch, NotFetched, Notice, Patience, Progress
from fastai_tui.engine.data.store import file_path, folder, present
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.home import disk_errors, home, private_dir


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying found in one file: nothing (`""`), or a sentence."""

    file: str
    path: str
    trouble: str


def get(
    name: str,
    report: Callable[[Progress | Notice], None],
    cancelled: Callable[[], bool] = lambda: False,
    patience: Patience | None = None,
) -> bool:
    """Fetch what is not here yet, or not right, of the data set called `name`; False if there was nothing to do.

    Files that are already here and right are not fetched again. Raises `NotFetched`, `DiskTrouble`, `Interrupted`
    (what has arrived is kept, and the next call resumes) and `BadInput`.
    """
    entry = data_set(name)
    if entry.embedded:
        return False
    with alone(entry):
        if not trouble(entry):
            return False
        staging = _staging(entry)
        for file in entry.files:
            if not _right(staging / file.name, file):
                _fetch(entry, file, staging, report, cancelled, patience)
        publish(staging, entry)
    return True


def verify(name: str) -> list[Verdict]:
    """Compare every file of the data set with the catalogue, byte for byte. Raises `DataMissing`."""
    entry = data_set(name)
    if not entry.embedded and not folder(name).is_dir():
        raise DataMissing(f"{name} is not on this machine: `fastai-tui data get {name}` gets it.")
    return [_verdict(file_path(entry, file), file) for file in entry.files]


def trouble(entry: DataSet) -> str:
    """What is wrong with the data set on this machine: `""`, or the first sentence that verifying has to say."""
    if not present(entry):
        return f"{entry.name} is not on this machine, or not all of it."
    return next((verdict.trouble for verdict in verify(entry.name) if verdict.trouble), "")


def remove(name: str) -> int:
    """Remove the data set called `name`, and what has arrived of it so far; the bytes that this frees."""
    entry = data_set(name)
    with alone(entry):
        doomed = [path for path in (folder(name), *_leftovers(entry)) if path.is_dir()]
        if not doomed:
            raise DataMissing(f"{entry.name} is not on this machine: there is nothing to remove.")
        freed = sum(file.stat().st_size for path in doomed for file in path.rglob("*") if file.is_file())
        for path in doomed:
            _discard(path)
    return freed


def staging_folder(name: str) -> Path:
    """Where the files of a set wait until all of them are here."""
    return home() / "data" / f".{name}.part"


def addresses(entry: DataSet, file: File) -> list[str]:
    """Where to look for a file: at `$FASTAI_TUI_MIRROR` (addresses of folders, separated by blanks) and then at the
    catalogue's addresses, unless `$FASTAI_TUI_MIRROR_ONLY` is set."""
    bases = os.environ.get("FASTAI_TUI_MIRROR", "").split()
    mirrors = [f"{base.rstrip('/')}/{entry.name}/{file.packed}" for base in bases]
    if os.environ.get("FASTAI_TUI_MIRROR_ONLY") and mirrors:
        return mirrors
    return list(dict.fromkeys([*mirrors, *file.addresses]))


@contextmanager
def alone(entry: DataSet) -> Iterator[None]:
    """Keep other processes from changing the data set meanwhile. Raises `RunFailed` if one is at it, `BadInput` for an
    embedded set, which nobody may change."""
    if entry.embedded:
        raise BadInput(f"{entry.name} comes with the program: there is nothing to import or to remove.")
    lock = private_dir(home() / "data") / f".{entry.name}.lock"
    with disk_errors(f"write {lock}"):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise RunFailed(f"Another fastai-tui is at work on {entry.name}; wait until it is done.") from error
    try:
        yield
    finally:
        os.close(handle)


def publish(staging: Path, entry: DataSet) -> None:
    """Make the complete folder `staging` the data set's own, in one step; nothing else is left of earlier attempts."""
    wanted = {file.name for file in entry.files}
    with disk_errors(f"write {folder(entry.name)}"):
        for stray in (path for path in staging.iterdir() if path.name not in wanted):
            stray.unlink()
        if folder(entry.name).is_dir():
            _discard(folder(entry.name))
        staging.rename(folder(entry.name))
        for path in _leftovers(entry):
            _discard(path)


def _staging(entry: DataSet) -> Path:
    """The folder to fetch into; what is left of a damaged set starts it, so that only what is wrong is fetched."""
    staging = staging_folder(entry.name)
    with disk_errors(f"write {staging}"):
        if folder(entry.name).is_dir() and not staging.is_dir():
            folder(entry.name).rename(staging)
    return private_dir(staging)


def _right(path: Path, file: File) -> bool:
    return path.is_file() and path.stat().st_size == file.size and not _verdict(path, file).trouble


def _verdict(path: Path, file: File) -> Verdict:
    try:
        placing.check(path, file)
    except BadInput as error:
        return Verdict(file=file.name, path=str(path), trouble=str(error))
    return Verdict(file=file.name, path=str(path), trouble="")


def _fetch(
    entry: DataSet,
    file: File,
    staging: Path,
    report: Callable[[Progress | Notice], None],
    cancelled: Callable[[], bool],
    patience: Patience | None,
) -> None:
    try:
        Fetch(
            staging / f"{file.packed}.part",
            addresses(entry, file),
            lambda part: placing.place(part, staging / file.name, file),
            most=2 * max(file.download, file.size),  # packed or not, and whoever packed it
            report=report,
            cancelled=cancelled,
            patience=patience,
        ).run()
    except NotFetched as error:
        way_out = f"Try again later, or `fastai-tui data import {entry.name} PATH` if you have it."
        raise NotFetched(f"{error} {way_out}") from error


def _leftovers(entry: DataSet) -> list[Path]:
    """Folders that earlier attempts have left: under the lock, nobody needs them any more."""
    return [path for path in (home() / "data").glob(f".{entry.name}.*") if path.is_dir()]


def _discard(path: Path) -> None:
    """Remove a folder: first from sight, in one step, then from the disk."""
    with disk_errors(f"remove {path}"):
        grave = Path(tempfile.mkdtemp(prefix=f".{path.name}.gone-", dir=path.parent))
        path.rename(grave / path.name)
        shutil.rmtree(grave)
