"""Pictures as arrays: files or an archive's members are decoded once, several at a time, into files that are mapped.

All of CIFAR-10 as 60,000 JPEGs in an archive takes 18 s of one core: 10 to decode, and the rest to read the archive
twice. Threads share what a decoder does, which is most of the work for photos and little of it for pictures as small as
these; they need no second interpreter, and nothing is unpacked onto the disk.
"""

import io
import os
import tarfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from fastai_tui.engine.data import idx
from fastai_tui.engine.data.listing import Listing, is_picture
from fastai_tui.engine.data.placing import archive_errors
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import disk_errors
from fastai_tui.engine.pictures import FORMATS, shown, why
from fastai_tui.engine.threads import cores

if TYPE_CHECKING:
    from numpy import ndarray
    from PIL import Image

Report: TypeAlias = Callable[[int, int], None]
PIECE = 128  # pictures that a thread decodes at a time
AHEAD = 4  # pieces read and not yet decoded, for each thread
DEPTH = 4  # folders within folders that are looked through
MOST_BYTES, MOST_PIXELS = 2**28, 10**8  # of one picture: nothing that was packed small may fill the memory
OWN = 256  # pictures of one size are kept as they are if they are not larger than that
SIDE = 32  # what others are scaled to
PARTS, IMAGES, LABELS = ("train", "test"), "{}-images-idx4-ubyte", "{}-labels-idx1-ubyte"


class Source(Protocol):
    """Where pictures are: a folder, or an archive."""

    where: str

    def paths(self) -> list[str]:
        """The path of each picture within the source."""
        ...

    def contents(self, wanted: Mapping[str, int]) -> Iterator[tuple[int, Path | bytes]]:
        """The wanted ones, in any order: each path's number, and its file or its bytes."""
        ...


class Folder:
    """The pictures in a folder and the folders in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, shown(path)

    def paths(self) -> list[str]:
        """As `Source` says; folders that cannot be read are named by a `BadInput`."""
        found: list[str] = []
        for folder, folders, names in os.walk(self.path, onerror=self._refuse, followlinks=True):
            inner = Path(folder).relative_to(self.path)
            if len(inner.parts) >= DEPTH:
                folders.clear()
            found += [path for name in names if is_picture(path := (inner / name).as_posix())]
        return found

    def contents(self, wanted: Mapping[str, int]) -> Iterator[tuple[int, Path | bytes]]:
        """As `Source` says; files are read by whoever decodes them."""
        return ((number, self.path / path) for path, number in wanted.items())

    def _refuse(self, error: OSError) -> None:
        raise BadInput(f"Could not look into {shown(str(error.filename))}: {(error.strerror or '').lower()}.")


class Archive:
    """The pictures in a `.tar`, packed or not. It is read from its beginning to its end, twice."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, shown(path)

    def paths(self) -> list[str]:
        """As `Source` says; raises `BadInput` for what is no archive."""
        return list(dict.fromkeys(member.name for member in self._members() if is_picture(member.name)))

    def contents(self, wanted: Mapping[str, int]) -> Iterator[tuple[int, Path | bytes]]:
        """As `Source` says; members are read here, in their order."""
        left = dict(wanted)
        for member in self._members():
            if member.name in left:
                if member.size > MOST_BYTES:
                    raise BadInput(f"{self.where}: {shown(member.name)} claims {member.size:,} bytes; take it out.")
                yield left.pop(member.name), self._read(member)

    def _members(self) -> Iterator[tarfile.TarInfo]:
        with disk_errors(f"read {self.where}"), archive_errors(self.path), tarfile.open(self.path) as self._open:
            yield from (member for member in self._open if member.isfile())

    def _read(self, member: tarfile.TarInfo) -> bytes:
        file = self._open.extractfile(member)
        return file.read() if file else b""


def source(path: Path) -> Source:
    """The pictures at a path, which is there."""
    return Folder(path) if path.is_dir() else Archive(path)


def decode_all(
    found: Source,
    listing: Listing,
    target: Path,
    size: int = 0,
    exact: tuple[int, ...] = (),
    report: Report = lambda done, total: None,
) -> None:
    """Write the pictures of a listing into the folder `target`, as the IDX files `train-images-idx4-ubyte` of
    (n, 3, height, width), `train-labels-idx1-ubyte` of (n,), and the same for `test`.

    With `size` the shorter side of each is scaled to it and the middle is kept; with 0, so they are at 32 where they
    differ in size, or are larger than 256. Raises `BadInput`, naming the picture, for one that cannot be read, or that
    has not the `exact` height and width, where those are given. `report` hears how many are done, and how many there
    are.
    """
    first = _shape(found, listing)
    if exact not in ((), first):
        raise _other_size(found, listing.train[0][0], exact)
    size = size or (SIDE if max(first) > OWN else 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of broken tags and large sizes: the latter are judged here
        try:
            _fill(found, listing, _made(target, listing, (size, size) if size else first), size, report)
        except _Differ as error:
            if exact:
                raise _other_size(found, str(error), exact) from None
            for path in target.glob("t*-idx[14]-ubyte"):
                path.unlink()
            _fill(found, listing, _made(target, listing, (SIDE, SIDE)), SIDE, report)


class _Differ(Exception):
    """The picture of that name has another size than the first one."""


def _other_size(found: Source, name: str, exact: tuple[int, ...]) -> BadInput:
    size = "×".join(str(side) for side in exact)
    return BadInput(f"{found.where}: the picture {shown(name)} is not {size} pixels, as all must be.")


def _shape(found: Source, listing: Listing) -> tuple[int, int]:
    """Height and width of the first picture."""
    name = listing.train[0][0]
    _, content = next(found.contents({name: 0}), (0, b""))
    _, height, width = decoded(content, name, found.where).shape
    return height, width


def _made(target: Path, listing: Listing, shape: tuple[int, int]) -> list["ndarray"]:
    """The files, with the labels in them; the arrays for the images."""
    arrays = []
    with disk_errors(f"write {target}"):
        for part, pictures in zip(PARTS, (listing.train, listing.valid), strict=True):
            labels = idx.create(target / LABELS.format(part), (len(pictures),))
            labels[:] = [label for _, label in pictures]
            arrays.append(idx.create(target / IMAGES.format(part), (len(pictures), 3, *shape)))
    return arrays


def _fill(found: Source, listing: Listing, arrays: Sequence["ndarray"], size: int, report: Report) -> None:
    """Decode every picture into its row, a piece for each thread at a time."""
    cut = len(arrays[0])
    names = [path for path, _ in (*listing.train, *listing.valid)]

    def piece(contents: Sequence[tuple[int, Path | bytes]]) -> None:
        for row, content in contents:
            part, place = (arrays[0], row) if row < cut else (arrays[1], row - cut)
            pixels = decoded(content, names[row], found.where, size)
            if pixels.shape != part.shape[1:]:
                raise _Differ(names[row])
            part[place] = pixels

    rest, seen = found.contents({name: row for row, name in enumerate(names)}), 0
    with ThreadPoolExecutor(cores(), "decode") as threads:
        waiting: list[Future[None]] = []
        try:
            while contents := list(islice(rest, PIECE)):
                seen += len(contents)
                waiting.append(threads.submit(piece, contents))
                if len(waiting) > AHEAD * cores():
                    waiting.pop(0).result()
                    report(seen - PIECE * len(waiting), len(names))
            for one in waiting:
                one.result()
        finally:
            threads.shutdown(cancel_futures=True)
    if seen < len(names):
        raise BadInput(f"{found.where} changed while it was read; try again.")


def decoded(content: Path | bytes, name: str, where: str, side: int = 0) -> "ndarray":
    """One picture as uint8 (3, height, width), upright; scaled so that its shorter side is `side`, and its middle cut
    out, unless that is 0. Raises `BadInput`, naming it, where it cannot be read."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width}×{image.height} pixels are too many")
            return np.asarray(_coloured(image, side)).transpose(2, 0, 1)
    except MemoryError:
        raise
    except Exception as error:  # a decoder fed with broken bytes raises anything, from struct.error to SyntaxError
        raise BadInput(
            f"{where}: the picture {shown(name)} cannot be read ({why(error)}); take it out, or copy it again."
        ) from error


def _coloured(image: "Image.Image", side: int) -> "Image.Image":
    """Upright, in RGB, and of the size that is wanted."""
    from PIL import Image, ImageOps

    if side and image.format == "JPEG":
        image.draft("RGB", (2 * side, 2 * side))  # decoded at a half, a quarter or an eighth, and never below
    upright = ImageOps.exif_transpose(image) if "exif" in image.info else image
    coloured = upright.convert("RGB")
    if not side or coloured.size == (side, side):
        return coloured
    return ImageOps.fit(coloured, (side, side), Image.Resampling.BICUBIC)
