"""Photos of a catalogued set on this machine: kept as the files they came in, since every size is decoded from them.

In the set's folder they lie as `train/<class>/NAME` and `valid/<class>/NAME`, or as `train/NAME` beside the table that
labels them, whatever they came out of; and beside them the hashes that they had when they arrived.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from fastai_tui.engine.data import sources
from fastai_tui.engine.data.catalogue import DataSet
from fastai_tui.engine.data.listing import TABLE, Listing
from fastai_tui.engine.data.placing import sha256
from fastai_tui.engine.data.store import SUMS
from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors, private_dir, write_whole

STEPS = 10  # times that is said how far the copying is


def take(found: sources.Source, target: Path, entry: DataSet, say: Callable[[str], None] = lambda text: None) -> None:
    """Bring a set's photos out of a source into the empty folder `target`. Raises `BadInput` where their classes are
    not the set's, and `DiskTrouble`."""
    listing = sources.listing(found)
    same_classes(found.where, listing, entry)
    places = _places(listing)
    rows, sums = dict(enumerate(places)), list[str]()
    for folder in {target / place.parent for place in places.values()}:
        private_dir(folder)
    for row, content in found.contents({path: row for row, path in rows.items()}):
        place = places[rows[row]]
        sums.append(f"{_copied(content, target / place)}  {place}\n")
        if STEPS * len(sums) // len(places) > STEPS * (len(sums) - 1) // len(places) and len(places) > STEPS:
            say(f"{entry.name}: {len(sums):,} of {len(places):,} files are copied.")
    if len(sums) < len(places):
        raise BadInput(f"{found.where} changed while it was read; try again.")
    # written last: where it is, the set is complete
    write_whole(target / SUMS, "".join(sorted(sums)).encode())


def same_classes(where: str, listing: Listing, entry: DataSet) -> None:
    """Raises `BadInput` if what is at `where` has other classes than the set."""
    if listing.classes != entry.classes:
        theirs, ours = (f"{', '.join(names[:12])}{' …' if len(names) > 12 else ''}"
                        for names in (listing.classes, entry.classes))  # fmt: skip
        raise BadInput(f"{where} has the classes {theirs}; {entry.name}'s are {ours}.")


def wrong(folder: Path) -> tuple[int, list[str]]:
    """How many files there are, and those whose bytes are not what they were when they arrived. Raises
    `DiskTrouble`."""
    with disk_errors(f"read {folder / SUMS}"):
        lines = (folder / SUMS).read_text(errors="surrogateescape").splitlines()
    named = [(name, expected) for expected, _, name in (line.partition("  ") for line in lines)]
    return len(named), [name for name, expected in named if not _same(folder / name, expected)]


def _same(path: Path, expected: str) -> bool:
    try:
        return sha256(path) == expected
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DiskTrouble(f"Could not read {path}: {(error.strerror or str(error)).lower()}.") from error


def _places(listing: Listing) -> dict[str, PurePosixPath]:
    """Where each file of a source belongs. Names are made here: no archive can write anywhere else."""
    places, taken = dict[str, PurePosixPath](), set[PurePosixPath]()
    if listing.table:
        places[listing.table] = PurePosixPath(TABLE)
    for part, photos in (("train", listing.train), ("valid", listing.valid)):
        for path, label in photos:
            folder = PurePosixPath("train") if listing.table else PurePosixPath(part, listing.classes[label])
            name, number = PurePosixPath(path).name, 1
            while folder / name in taken:
                number += 1
                name = f"{number}_{PurePosixPath(path).name}"
            places[path] = folder / name
            taken.add(folder / name)
    return places


def _copied(content: Path | bytes, target: Path) -> str:
    """Put a file in its place; the SHA-256 of its bytes."""
    with disk_errors(f"read {content}" if isinstance(content, Path) else f"write {target}"):
        data = content.read_bytes() if isinstance(content, Path) else content
    with disk_errors(f"write {target}"), open(target, "xb", opener=_private) as file:
        file.write(data)
    return hashlib.sha256(data).hexdigest()


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, PRIVATE_FILE)
