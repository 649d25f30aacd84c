"""Importing: a data set from what the user already has, a folder, an archive or the files themselves."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastai_tui.engine.data.catalogue import DataSet, File, data_set
from fastai_tui.engine.data.idx import DAMAGE
from fastai_tui.engine.data.obtain import alone, publish, trouble
from fastai_tui.engine.data.placing import place
from fastai_tui.engine.data.store import folder, idx_names
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.home import disk_errors, home

DEPTH = 4  # folders within folders that are looked through


def import_from(name: str, source: Path) -> Path:
    """Copy the data set called `name` out of `source`: a folder (looked through), a `.tar` or `.tar.gz`, or one of its
    files, beside which the others are. The set's folder; what is already here and right is left as it is.

    Files are packed or not, and go by their usual names. Raises `DataMissing` where nothing is at `source`, `BadInput`
    where a file is missing there or is not the one in the catalogue (both hashes are named), `DiskTrouble`.
    """
    entry, source = data_set(name), Path(os.path.expanduser(source))
    with alone(entry):
        if trouble(entry):
            with _temporary(entry) as staging, _files(source, entry) as found:
                for file in entry.files:
                    place(found[file.name], staging / file.name, file)
                publish(staging, entry)
    return folder(name)


@contextmanager
def _temporary(entry: DataSet) -> Iterator[Path]:
    with disk_errors(f"write into {home() / 'data'}"):
        path = Path(tempfile.mkdtemp(prefix=f".{entry.name}.import-", dir=home() / "data"))
    try:
        yield path
    finally:
        if path.exists():  # else it has become the set's folder
            shutil.rmtree(path)


@contextmanager
def _files(source: Path, entry: DataSet) -> Iterator[dict[str, Path]]:
    """Where each of the set's files is, by its name in the catalogue."""
    if not os.path.exists(source):
        raise DataMissing(f"There is nothing at {source}; give a folder, a .tar.gz or the files of {entry.name}.")
    if source.is_dir():
        yield _complete(_walk(source), source, entry)
    elif any(source.name in _names(file) for file in entry.files):
        yield _complete(source.parent.iterdir(), source.parent, entry)
    elif len(entry.files) == 1 and not _is_archive(source):
        yield {entry.files[0].name: source}  # whatever it is called: its hash tells
    else:
        with _temporary(entry) as unpacked:
            _unpack(source, unpacked, entry)
            yield _complete(unpacked.iterdir(), source, entry)


def _complete(paths: Iterator[Path], source: Path, entry: DataSet) -> dict[str, Path]:
    at_hand: dict[str, Path] = {}
    for path in paths:
        at_hand.setdefault(path.name, path)
    found = {
        file.name: at_hand[name] for file in entry.files for name in reversed(_names(file)) if name in at_hand
    }  # the plain file wins over the packed one
    absent = [file.name for file in entry.files if file.name not in found]
    if absent:
        raise BadInput(f"{source} has no {' and no '.join(absent)} (or .gz), which {entry.name} needs.")
    return found


def _names(file: File) -> tuple[str, ...]:
    """The names under which a file of a set is found on people's disks."""
    return (*idx_names(file.name), file.packed)


def _is_archive(source: Path) -> bool:
    try:
        return tarfile.is_tarfile(source)
    except OSError:  # which reading it will put into words
        return False


def _walk(source: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(source):
        if len(Path(where).relative_to(source).parts) >= DEPTH:
            folders.clear()
        yield from (Path(where) / name for name in files)


def _unpack(source: Path, target: Path, entry: DataSet) -> None:
    """Take the set's files, and nothing else, out of the archive at `source`, into `target` itself."""
    wanted = {name for file in entry.files for name in _names(file)}
    most = 2 * sum(file.size for file in entry.files)
    with disk_errors(f"unpack {source}"), _archive_errors(source), tarfile.open(source) as archive:
        for member in archive:
            member.name = os.path.basename(member.name)
            if member.name in wanted and member.isfile() and member.size <= most:
                archive.extract(member, target, filter="data")


@contextmanager
def _archive_errors(source: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, *DAMAGE) as error:
        raise BadInput(f"{source} is no archive that can be read ({error}); give a folder or a .tar.gz.") from error
