"""A folder of pictures, or an archive of one, as arrays: decoded at its first use, mapped from a cache afterwards."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import msgspec

from fastai_tui.engine.data import decoding, idx
from fastai_tui.engine.data.cifar import Arrays
from fastai_tui.engine.data.listing import Listing, listed
from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.engine.home import disk_errors, exclusive, home, private_dir, write_whole

CLASSES = "classes.json"
CACHE = "pictures-cache"


def pictures(path: Path, size: int = 0) -> tuple[Arrays, tuple[str, ...]]:
    """Training images (n, 3, height, width) and labels (n,), validation images and labels, and the classes' names.

    `size` is the side of all images; with 0 they stay as they are, or are scaled to 32 where they differ in size or are
    large. Raises `BadInput`, naming the picture or the class that is wrong, and `DiskTrouble`.
    """
    source = decoding.source(path)
    cache = private_dir(home() / "data" / CACHE)
    with exclusive(cache):
        listing = None if isinstance(source, decoding.Archive) else listed(source.paths(), source.where)
        kind, folder = _place(cache, path, size, listing)
        if not folder.is_dir():
            _decode(source, listing or listed(source.paths(), source.where), folder, size)
            for old in cache.glob(f"{kind}-*"):  # what the same path held before
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
    return read(folder)


def read(folder: Path) -> tuple[Arrays, tuple[str, ...]]:
    """What `decoding.decode_all` has written into a folder, mapped, and the classes beside it. Raises `DiskTrouble`."""
    try:
        classes = msgspec.json.decode((folder / CLASSES).read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.DecodeError) as error:
        raise DiskTrouble(f"{folder / CLASSES} is damaged; remove {folder} and try again.") from error
    train_images, train_labels, test_images, test_labels = (
        idx.read(folder / kind.format(part)) for part in decoding.PARTS for kind in (decoding.IMAGES, decoding.LABELS)
    )
    return (train_images, train_labels, test_images, test_labels), classes


def write_classes(folder: Path, listing: Listing) -> None:
    """The names of the classes, beside the images."""
    write_whole(folder / CLASSES, msgspec.json.encode(listing.classes))


def _decode(source: decoding.Source, listing: Listing, folder: Path, size: int) -> None:
    """All pictures into a folder with a temporary name, then under their own."""
    for left in folder.parent.glob(".partial-*"):  # by somebody who was killed: we are alone
        shutil.rmtree(left, ignore_errors=True)
    with disk_errors(f"write {source.where}'s pictures into {folder.parent}"):
        temporary = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        decoding.decode_all(source, listing, temporary, size)
        write_classes(temporary, listing)
        with disk_errors(f"write {folder}"):
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _place(cache: Path, path: Path, size: int, listing: Listing | None) -> tuple[str, Path]:
    """The name that all folders for this path and size begin with, and the one for what the path holds now: told by the
    files' names, sizes and times."""
    kind = f"{path.name or 'pictures'}-{_short(f'{path.absolute()} {size}')}"
    files = [path] if listing is None else [path / name for name, _ in (*listing.train, *listing.valid)]
    with disk_errors(f"look at {path}"):
        stamps = [(str(file), (at := file.stat()).st_size, at.st_mtime_ns) for file in files]
    return kind, cache / f"{kind}-{_short(repr(stamps))}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
