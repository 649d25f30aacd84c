"""IDX files, the form in which MNIST and its relatives are handed around: a header, then the numbers.

Source: the description that came with MNIST (magic number 0, 0, type, dimensions; then each size; all big-endian).
"""

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors, write_whole

if TYPE_CHECKING:
    from numpy import ndarray

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)  # what unpacking a damaged gzip file raises
CHUNK = 1 << 20
MOST_DIMENSIONS = 8  # MNIST has 3; a file that claims more than a few is something else


class Header(NamedTuple):
    """What an IDX file holds: numpy's name of the type, the size of each dimension, and where the numbers start."""

    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Bytes of numbers."""
        return prod(self.shape) * int(self.dtype[-1])


def read(path: Path) -> "ndarray":
    """The array in the IDX file at `path`, which may be packed with gzip; a plain one is mapped, not read.

    What comes back is not writable. Raises `BadInput` where this is no IDX file, `DiskTrouble` where it is a damaged
    or unreadable one.
    """
    import numpy as np

    with _sentences(path), unpacked(path) as file:
        header = read_header(file, path)
        if isinstance(file, gzip.GzipFile):
            numbers = _exactly(file, header.size, path)
            return np.frombuffer(numbers, header.dtype).reshape(header.shape)
        _same_size(path, header.offset + header.size, path.stat().st_size)
        if not header.size:
            return np.empty(header.shape, header.dtype)  # nothing cannot be mapped
        return np.asarray(np.memmap(path, header.dtype, "r", header.offset, header.shape))


def read_header(file: BinaryIO, path: Path) -> Header:
    """The header at the start of `file`. Raises `BadInput`, naming `path`, where it is none."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= MOST_DIMENSIONS:
        raise BadInput(f"{path} is not an IDX file: it starts with {magic.hex(' ') or 'nothing'}, not with 00 00 08.")
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DiskTrouble(f"{path} is cut off in its header; get or copy it again.")
    return Header(TYPES[magic[2]], struct.unpack(f">{magic[3]}I", sizes), 4 + len(sizes))


def write(path: Path, array: "ndarray") -> None:
    """Write `array` as an IDX file, whole; packed, always to the same bytes, if the name ends in `.gz`."""
    content = encode(array)
    write_whole(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def create(path: Path, shape: tuple[int, ...]) -> "ndarray":
    """A new IDX file of unsigned bytes, all of them 0, mapped so that what is put into the array is in the file."""
    import numpy as np

    header = struct.pack(f">HBB{len(shape)}I", 0, 0x08, len(shape), *shape)
    with disk_errors(f"write {path}"):
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), "wb") as file:
            file.write(header)
            if hasattr(os, "posix_fallocate"):  # a full disk is told here, and not by a signal when it is written to
                os.posix_fallocate(file.fileno(), 0, len(header) + prod(shape))
            else:
                file.truncate(len(header) + prod(shape))
        return np.memmap(path, np.uint8, "r+", len(header), shape)


def encode(array: "ndarray") -> bytes:
    """The IDX file that holds `array`. Raises `BadInput` for a type that IDX has no number for."""
    numbers = {name: number for number, name in TYPES.items()}
    dtype = f">{array.dtype.kind}{array.dtype.itemsize}"
    if dtype not in numbers or not 1 <= array.ndim <= MOST_DIMENSIONS:
        raise BadInput(f"IDX cannot hold an array of {array.dtype} with {array.ndim} dimensions.")
    return (
        struct.pack(f">HBB{array.ndim}I", 0, numbers[dtype], array.ndim, *array.shape) + array.astype(dtype).tobytes()
    )


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, open for reading; gzip data, known by its first bytes, are unpacked on the way.

    Raises what `open` and `gzip` raise: `OSError`, `EOFError`, `zlib.error`.
    """
    with open(path, "rb") as plain:
        packed = plain.read(2) == GZIP_MAGIC
        plain.seek(0)
        if not packed:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as file:
            yield cast(BinaryIO, file)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise DiskTrouble(f"{path} cannot be unpacked ({error}); get or copy it again.") from error
    except OSError as error:
        raise DiskTrouble(f"Could not read {path}: {(error.strerror or str(error)).lower()}.") from error


def _exactly(file: BinaryIO, size: int, path: Path) -> bytes:
    """`size` bytes, behind which nothing may follow. Memory is taken for what comes, not for what a header claims."""
    chunks, left = [], size + 1
    while left and (chunk := file.read(min(left, CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
    _same_size(path, size, size + 1 - left)
    return b"".join(chunks)


def _same_size(path: Path, announced: int, found: int) -> None:
    if announced != found:
        what = "cut off" if found < announced else "longer than its header says"
        raise DiskTrouble(f"{path} is {what} ({found:,} bytes where {announced:,} belong); get or copy it again.")
