"""The texts in a `.tar`, packed or not: unpacked once into a folder of our own, and found there afterwards."""

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from fastai_tui.engine.data.placing import archive_errors
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import disk_errors, exclusive, home, private_dir

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
TEXTS = (".txt", ".txt.gz")
CACHE = "texts-cache"
MOST_BYTES = 4 << 30  # of all texts: nothing that was packed small may fill the disk


def is_archive(path: Path) -> bool:
    """By its name: what is in it is looked at when it is read."""
    return path.name.lower().endswith(SUFFIXES)


def unpacked_texts(path: Path) -> Path:
    """The folder with the archive's texts, without a folder that all of them are in. Raises `BadInput` for an archive
    that cannot be read, is too large, has no texts or some that would lie elsewhere, and `DiskTrouble`."""
    cache = private_dir(home() / "data" / CACHE)
    with exclusive(cache):
        folder = _place(cache, path)
        if not folder.is_dir():
            _unpack(path, folder)
            for old in cache.glob(f"{folder.name.partition('-')[0]}-*"):  # what the same path held before
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
    return _innermost(folder)


def _place(cache: Path, path: Path) -> Path:
    """Named after the path, and after the size and time of what it holds now."""
    with disk_errors(f"look at {path}"):
        at = path.stat()
    where, what = (
        hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]
        for key in (str(path.absolute()), f"{at.st_size} {at.st_mtime_ns}")
    )
    return cache / f"{where}-{what}"


def _unpack(path: Path, folder: Path) -> None:
    """All texts into a folder with a temporary name, then under its own."""
    for left in folder.parent.glob(".partial-*"):  # by somebody who was killed: we are alone
        shutil.rmtree(left, ignore_errors=True)
    with disk_errors(f"write {path.name}'s texts into {folder.parent}"):
        temporary = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        _copy(path, temporary)
        with disk_errors(f"write {folder}"):
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy(path: Path, folder: Path) -> None:
    left = MOST_BYTES
    with disk_errors(f"unpack {path}"), archive_errors(path), tarfile.open(path) as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            if not member.isfile() or name.name.startswith(".") or not name.name.lower().endswith(TEXTS):
                continue
            if name.is_absolute() or ".." in name.parts:
                raise BadInput(f"{path} has a file that would lie outside of it ({member.name}): it is not unpacked.")
            left -= member.size
            if left < 0:
                raise BadInput(f"{path} has more than {MOST_BYTES >> 30} GB of texts: unpack it, and give the folder.")
            content = archive.extractfile(member)
            if content is not None:
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
    if not any(folder.iterdir()):
        raise BadInput(f"{path} has no .txt files; give an archive of them, a .txt file, or a folder.")


def _innermost(folder: Path) -> Path:
    while len(found := list(folder.iterdir())) == 1 and found[0].is_dir():
        folder = found[0]
    return folder
