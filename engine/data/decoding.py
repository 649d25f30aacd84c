"""Pictures as arrays: files or an archive's members are decoded once, several at a time, into files that are mapped.

All of CIFAR-10 as 60,000 JPEGs in an archive takes 18 s of one core: 10 to decode, and the rest to read the archive
twice. Threads share what a decoder does, which is most of the work for photos and little of it for pictures as small as
these; they need no second interpreter, and nothing is unpacked onto the disk.
"""

import io
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.engine.data import idx
from fastai_tui.engine.data.listing import Listing
from fastai_tui.engine.data.sources import Source
from fastai_tui.engine.data.upright import upright, upright_size
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import disk_errors
from fastai_tui.engine.pictures import FORMATS, shown, why
from fastai_tui.engine.threads import cores

if TYPE_CHECKING:
    from numpy import ndarray
    from PIL import Image

Report: TypeAlias = Callable[[int, int], None]
LEAST, PIECE = 8, 128  # pictures that a thread decodes at a time, from and to
AHEAD = 4  # pieces read and not yet decoded, for each thread
PIECE_BYTES = 2**22  # or so many bytes, where they are read ahead
NAMED = 3  # broken pictures
OWN = 256  # pictures of one size are kept as they are if they are not larger than that
SIDE = 32  # what others are scaled to
PARTS, IMAGES, LABELS = ("train", "test"), "{}-images-idx4-ubyte", "{}-labels-idx1-ubyte"


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
    first = _shape(found, listing) if exact or not size else (size, size)
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
    """Height and width of the first picture, from its header."""
    name = listing.train[0][0]
    _, content = next(found.contents({name: 0}), (0, b""))
    with opened(content, name, found.where) as image:
        return upright_size(image)[::-1]


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
    cut, broken = len(arrays[0]), list[Broken]()
    names = [path for path, _ in (*listing.train, *listing.valid)]

    def piece(contents: Sequence[tuple[int, Path | bytes]]) -> int:
        for row, content in contents:
            part, place = (arrays[0], row) if row < cut else (arrays[1], row - cut)
            try:
                pixels = decoded(content, names[row], found.where, size)
            except Broken as error:  # the others are looked at all the same, so that all are named at once
                broken.append(error)
                continue
            if pixels.shape != part.shape[1:]:
                raise _Differ(names[row])
            part[place] = pixels
        return len(contents)

    seen = 0
    with ThreadPoolExecutor(cores(), "decode") as threads:
        waiting, done = deque[Future[int]](), 0
        try:
            for contents in _pieces(found.contents({name: row for row, name in enumerate(names)}), len(names)):
                seen += len(contents)
                waiting.append(threads.submit(piece, contents))
                if len(waiting) > AHEAD * cores():
                    done += waiting.popleft().result()
                    report(done, len(names))
            for one in waiting:
                one.result()
        finally:
            threads.shutdown(cancel_futures=True)
    if broken:
        raise _all_broken(found.where, broken)
    if seen < len(names):
        raise BadInput(f"{found.where} changed while it was read; try again.")


def _pieces(contents: Iterator[tuple[int, Path | bytes]], total: int) -> Iterator[list[tuple[int, Path | bytes]]]:
    """What threads take at a time: so little that all of them have something to do, and that a few pieces that wait
    do not fill the memory."""
    most = min(PIECE, max(LEAST, total // (AHEAD * cores())))
    piece, size = list[tuple[int, Path | bytes]](), 0
    for number, content in contents:
        piece.append((number, content))
        size += len(content) if isinstance(content, bytes) else 0
        if len(piece) == most or size > PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def decoded(content: Path | bytes, name: str, where: str, side: int = 0) -> "ndarray":
    """One picture as uint8 (3, height, width), upright; scaled so that its shorter side is `side`, and its middle cut
    out, unless that is 0. Raises `BadInput`, naming it, where it cannot be read."""
    import numpy as np

    with opened(content, name, where) as image:
        return np.asarray(upright(image, side)).transpose(2, 0, 1)


@contextmanager
def opened(content: Path | bytes, name: str, where: str) -> Iterator["Image.Image"]:
    """One picture, of which no more than its header is read so far. Raises `Broken` for whatever goes wrong with it
    meanwhile."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS) as image:
            yield image
    except MemoryError:
        raise
    except Exception as error:  # a decoder fed with broken bytes raises anything, from struct.error to SyntaxError
        raise Broken(where, name, error) from error


class Broken(BadInput):
    """A picture, which it names, cannot be read."""

    def __init__(self, where: str, name: str, error: Exception) -> None:
        super().__init__(
            f"{where}: the picture {shown(name)} cannot be read ({why(error)}); take it out, or copy it again."
        )
        self.name = name


def _all_broken(where: str, found: Sequence[Broken]) -> BadInput:
    """One sentence about all pictures that cannot be read."""
    if len(found) == 1:
        return found[0]
    names = sorted(one.name for one in found)
    few = ", ".join(shown(name) for name in names[:NAMED])
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return BadInput(f"{where}: {len(names):,} pictures cannot be read ({few}{more}); take them out, or copy them anew.")
