"""Importing: a data set from what the user already has, a folder, an archive or the files themselves."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastai_tui.engine.data import cifar, decoding, photo_sets, sources
from fastai_tui.engine.data.catalogue import CIFAR10, DataSet, File, data_set
from fastai_tui.engine.data.listing import NoPictures
from fastai_tui.engine.data.obtain import alone, publish, record, trouble
from fastai_tui.engine.data.placing import place, unpack
from fastai_tui.engine.data.store import files_here, folder, idx_names
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.home import disk_errors, home

STEPS = 10  # times that is said how far the decoding is
DEPTH = 4  # folders within folders that are looked through


def import_from(name: str, source: Path, say: Callable[[str], None] = lambda sentence: None) -> Path:
    """Copy the data set called `name` out of `source`: a folder (looked through), a `.tar` or `.tar.gz`, or one of its
    files, beside which the others are. The set's folder; what is already here and right is left as it is.

    Files are packed or not, and go by their usual names; CIFAR-10 is also taken from a folder or an archive of
    pictures, `train/<class>/*` and `test/<class>/*`. Photos are taken as they are, out of a `.zip` too. Raises
    `DataMissing` where nothing is at `source`, `BadInput` where a file is missing there or is not the one in the
    catalogue (both hashes are named), `DiskTrouble`. `say` hears how far the copying or decoding is.
    """
    entry, source = data_set(name), Path(os.path.expanduser(source))
    with alone(entry):
        if entry.photos:
            with _temporary(entry) as staging:
                photo_sets.take(_photos(source, entry), staging, entry, say)
                publish(staging, entry, ())
        elif trouble(entry) or files_here(entry) != entry.files:
            with _temporary(entry) as staging:
                publish(staging, entry, _take(source, staging, entry, say))
    return folder(name)


def _take(source: Path, staging: Path, entry: DataSet, say: Callable[[str], None]) -> tuple[File, ...]:
    """Bring the set into `staging`; the files that are there now."""
    try:
        with _files(source, entry) as found:
            for file in entry.files:
                place(found[file.name], staging / file.name, file)
        return entry.files
    except _NoneOfThem as error:
        if not entry.pictures:
            raise
        try:
            _from_pictures(source, staging, entry, say)
        except NoPictures:
            raise error from None
        return entry.pictures


def _photos(source: Path, entry: DataSet) -> sources.Source:
    if not os.path.exists(source):
        raise DataMissing(f"There is nothing at {source}; give a folder or an archive of {entry.name}.")
    if not source.is_dir() and not sources.is_archive(source):
        raise BadInput(f"{source} is no archive that can be read; give a folder, a .tar.gz or a .zip.")
    return sources.source(source)


class _NoneOfThem(BadInput):
    """Not one of a set's files is there."""


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
    _refuse_pickles([source.name], source, entry)
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
    _refuse_pickles(at_hand, source, entry)
    absent = [file.name for file in entry.files if file.name not in found]
    if absent:
        kind = BadInput if found else _NoneOfThem
        raise kind(f"{source} has no {' and no '.join(absent)} (or .gz), which {entry.name} needs.")
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
    """The set's files out of the archive at `source`, into `target` itself."""
    wanted = {name for file in entry.files for name in _names(file)}
    names = unpack(source, target, wanted, 2 * sum(file.size for file in entry.files))
    _refuse_pickles(names, source, entry)


def _refuse_pickles(names: Iterable[str], source: Path, entry: DataSet) -> None:
    if entry is CIFAR10:
        cifar.refuse_pickles(names, str(source))


def _from_pictures(source: Path, staging: Path, entry: DataSet, say: Callable[[str], None]) -> None:
    """Decode a folder or an archive of pictures into `staging`, if they are as many, in the classes, as the set has."""
    found = sources.source(source)
    listing = sources.listing(found)
    photo_sets.same_classes(found.where, listing, entry)
    if (len(listing.train), len(listing.valid)) != (entry.train, entry.valid):
        raise BadInput(
            f"{found.where} has {len(listing.train):,} pictures to train on and {len(listing.valid):,} to validate, "
            f"and {entry.name} has {entry.train:,} and {entry.valid:,}: train on the folder itself, with --data."
        )
    said = 0

    def report(done: int, total: int) -> None:
        nonlocal said
        if STEPS * done // total > said:
            said = STEPS * done // total
            say(f"{entry.name}: {done:,} of {total:,} pictures are decoded.")

    decoding.decode_all(found, listing, staging, exact=cifar.SHAPE[1:], report=report)
    record(staging, entry)
