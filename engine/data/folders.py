"""A folder of pictures, or an archive of one, as arrays: decoded at its first use, mapped from a cache afterwards."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import msgspec

from fastai_tui.engine.data import decoding, idx, sources
from fastai_tui.engine.data.cifar import Arrays
from fastai_tui.engine.data.listing import Listing
from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.engine.home import disk_errors, exclusive, home, private_dir, write_whole

CLASSES = "classes.json"
CACHE = "pictures-cache"


def pictures(
    path: Path, size: int = 0, report: decoding.Report = lambda done, total: None
) -> tuple[Arrays, tuple[str, ...]]:
    """Training images (n, 3, height, width) and labels (n,), validation images and labels, and the classes' names.

    `size` is the side of all images; with 0 they stay as they are, or are scaled to 32 where they differ in size or are
    large. `report` hears how many are decoded, if they are not yet. Raises `BadInput`, naming the pictures or the class
    that is wrong, and `DiskTrouble`.
    """
    source = sources.source(path)
    cache = private_dir(home() / "data" / CACHE)
    with exclusive(cache):
        listing = sources.listing(source) if isinstance(source, sources.Folder) else None
        kind, folder = _place(cache, path, size, listing)
        if not folder.is_dir():
            _decode(source, listing or sources.listing(source), folder, size, report)
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


def _decode(source: sources.Source, listing: Listing, folder: Path, size: int, report: decoding.Report) -> None:
    """All pictures into a folder with a temporary name, then under their own."""
    for left in folder.parent.glob(".partial-*"):  # by somebody who was killed: we are alone
        shutil.rmtree(left, ignore_errors=True)
    with disk_errors(f"write {source.where}'s pictures into {folder.parent}"):
        temporary = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        decoding.decode_all(source, listing, temporary, size, report=report)
        write_classes(temporary, listing)
        with disk_errors(f"write {folder}"):
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _place(cache: Path, path: Path, size: int, listing: Listing | None) -> tuple[str, Path]:
    """The name that all folders for this path and size begin with, and the one for what the path holds now."""
    kind = f"{path.name or 'pictures'}-{_short(f'{path.absolute()} {size}')}"
    return kind, cache / f"{kind}-{stamp(path, listing)}"


def stamp(path: Path, listing: Listing | None) -> str:
    """What changes when a folder's pictures do, or an archive (of which no listing is needed): told by the files'
    names, classes, sizes and times. Raises `DiskTrouble`."""
    files = [(path, 0)]
    if listing and path.is_dir():
        files = [(path / name, label) for name, label in (*listing.train, *listing.valid)]
    with disk_errors(f"look at {path}"):
        return _short(repr([(str(file), label, (at := file.stat()).st_size, at.st_mtime_ns) for file, label in files]))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
