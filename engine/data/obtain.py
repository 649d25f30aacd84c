"""Getting, importing, verifying and removing data sets. A set's folder appears only when all of it is right."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fastai_tui.engine.data import photo_sets, placing, sources
from fastai_tui.engine.data.catalogue import Archive, DataSet, File, data_set
from fastai_tui.engine.data.fetch import Fetch, NotFetched, Notice, Patience, Progress
from fastai_tui.engine.data.folders import CACHE
from fastai_tui.engine.data.store import SUMS, file_path, files_here, folder, missing, present
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.home import disk_errors, home, private_dir, write_whole


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying found in one file: nothing (`""`), or a sentence; `note` says how far a right one was verified."""

    file: str
    path: str
    trouble: str
    note: str = ""


def get(
    name: str,
    report: Callable[[Progress | Notice], None],
    cancelled: Callable[[], bool] = lambda: False,
    patience: Patience | None = None,
) -> bool:
    """Fetch what is not here yet, or not right, of the data set called `name`; False if there was nothing to do.

    Files that are already here and right are not fetched again. Raises `DataMissing` for a set that no program can
    fetch, `NotFetched`, `DiskTrouble`, `Interrupted`
    (what has arrived is kept, and the next call resumes) and `BadInput`.
    """
    entry = data_set(name)
    if entry.embedded:
        return False
    with alone(entry):
        if present(entry) and files_here(entry) == entry.files and not trouble(entry):
            return False
        if entry.by_hand:
            raise missing(entry)
        staging = _staging(entry)
        for wanted in _wanted(entry, staging):
            fetch = Fetch(
                staging / f"{wanted.packed}.part",
                addresses(entry, wanted),
                lambda part, wanted=wanted: _accept(part, staging, entry, wanted),  # type: ignore[misc]
                most=2 * max(wanted.download, wanted.size if isinstance(wanted, File) else 0),  # packed or not
                report=report,
                cancelled=cancelled,
                patience=patience,
            )
            _run(fetch, entry)
        publish(staging, entry, entry.files)
    return True


def verify(name: str) -> list[Verdict]:
    """Compare every file of the data set with the catalogue, byte for byte. Raises `DataMissing`."""
    entry = data_set(name)
    if not entry.embedded and not folder(name).is_dir():
        raise missing(entry)
    if entry.photos:
        return _photos_verdicts(entry)
    if not entry.embedded and files_here(entry) == entry.pictures != ():
        return _as_recorded(entry)
    return [_verdict(file_path(entry, file), file) for file in entry.files]


def trouble(entry: DataSet) -> str:
    """What is wrong with the data set on this machine: `""`, or the first sentence that verifying has to say."""
    if not present(entry):
        return f"{entry.name} is not on this machine, or not all of it."
    return next((verdict.trouble for verdict in verify(entry.name) if verdict.trouble), "")


def remove(name: str) -> int:
    """Remove the data set called `name`, what has arrived of it so far, and what was decoded of its photos; the bytes
    that this frees."""
    entry = data_set(name)
    with alone(entry):
        decoded = (home() / "data" / CACHE).glob(f"{name}-*") if entry.photos else ()
        doomed = [path for path in (folder(name), *_leftovers(entry), *decoded) if path.is_dir()]
        if not doomed:
            raise DataMissing(f"{entry.name} is not on this machine: there is nothing to remove.")
        freed = sum(file.stat().st_size for path in doomed for file in path.rglob("*") if file.is_file())
        for path in doomed:
            _discard(path)
    return freed


def staging_folder(name: str) -> Path:
    """Where the files of a set wait until all of them are here."""
    return home() / "data" / f".{name}.part"


def addresses(entry: DataSet, file: File | Archive) -> list[str]:
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


def record(staging: Path, entry: DataSet) -> None:
    """Write down the hashes of the files into which pictures were decoded, as `sha256sum` does."""
    sums = [f"{placing.sha256(staging / file.name)}  {file.name}\n" for file in entry.pictures]
    write_whole(staging / SUMS, "".join(sums).encode())


def publish(staging: Path, entry: DataSet, files: tuple[File, ...]) -> None:
    """Make the folder `staging`, which holds all of `files`, the data set's own, in one step; nothing else is left of
    earlier attempts."""
    wanted = {file.name for file in files} | ({SUMS} if files == entry.pictures else set())
    with disk_errors(f"write {folder(entry.name)}"):
        for stray in [path for path in staging.iterdir() if path.name not in wanted and not entry.photos]:
            _discard(stray) if stray.is_dir() else stray.unlink()
        if folder(entry.name).is_dir():
            _discard(folder(entry.name))
        staging.rename(folder(entry.name))
        for path in _leftovers(entry):
            _discard(path)


def _staging(entry: DataSet) -> Path:
    """The folder to fetch into; what is left of a damaged set starts it, so that only what is wrong is fetched. One
    that was made from pictures stays where it is meanwhile."""
    staging = staging_folder(entry.name)
    with disk_errors(f"write {staging}"):
        if folder(entry.name).is_dir() and not staging.is_dir() and files_here(entry) in ((), entry.files):
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


def _as_recorded(entry: DataSet) -> list[Verdict]:
    """Verdicts on files that were decoded from pictures: are they what they were then?"""
    note = "as it was decoded; nobody published a hash of it"
    try:
        lines = (folder(entry.name) / SUMS).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    sums = {name: found for found, _, name in (line.partition("  ") for line in lines)}
    made = [msgspec.structs.replace(file, sha256=sums.get(file.name, "nothing")) for file in entry.pictures]
    return [msgspec.structs.replace(_verdict(file_path(entry, file), file), note=note) for file in made]


def _photos_verdicts(entry: DataSet) -> list[Verdict]:
    """Verdicts on those photos that are not what they were when they arrived, or one on all of them."""
    where = folder(entry.name)
    count, wrong = photo_sets.wrong(where)
    if not wrong:
        note = "as they arrived; of single files nobody published a hash"
        return [Verdict(file=f"{count:,} files", path=str(where), trouble="", note=note)]
    return [
        Verdict(file=name, path=str(where / name), trouble=f"{name} is missing, or is not what it was when it arrived.")
        for name in wrong
    ]


def _emptied(staging: Path) -> Path:
    """The folder without what an earlier attempt, or a damaged set, has left in it: folders, the table, the hashes."""
    with disk_errors(f"write {staging}"):
        for path in staging.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.name.endswith(".part"):
                path.unlink()
    return staging


def _wanted(entry: DataSet, staging: Path) -> list[File | Archive]:
    """What has to be fetched: the files that are not here and right, or the archive that holds them."""
    wrong = [file for file in entry.files if not _right(staging / file.name, file)]
    return [entry.archive] if entry.archive and (wrong or entry.photos) else [*wrong]


def _accept(part: Path, staging: Path, entry: DataSet, wanted: File | Archive) -> None:
    """Put a complete download in its place. Raises `Rejected` for one that is not what the catalogue says."""
    if isinstance(wanted, File):
        placing.place(part, staging / wanted.name, wanted)
        return
    if entry.photos:
        placing.check_published(part, wanted.published)
        photo_sets.take(sources.source(part), _emptied(staging), entry)
        return
    with tempfile.TemporaryDirectory(dir=staging) as unpacked:
        names = {file.name for file in entry.files}
        placing.unpack(part, Path(unpacked), names, max(file.size for file in entry.files))
        for file in entry.files:
            if not (Path(unpacked) / file.name).is_file():
                raise placing.Rejected(f"{wanted.packed} holds no {file.name}.")
            placing.place(Path(unpacked) / file.name, staging / file.name, file)


def _run(fetch: Fetch, entry: DataSet) -> None:
    try:
        fetch.run()
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
