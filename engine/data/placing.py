"""Recognising files: bytes are unpacked, compared with the catalogue, and put in their place only if they agree."""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastai_tui.engine.data.catalogue import File
from fastai_tui.engine.data.idx import DAMAGE, unpacked
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import disk_errors

CHUNK = 1 << 20


class Rejected(BadInput):
    """Bytes that are not what the catalogue says; the sentence names both hashes."""


def place(source: Path, target: Path, file: File) -> None:
    """Put the bytes of `source`, unpacked if they are packed, at `target`: whole, and only if they are `file`'s.

    Raises `Rejected` if they are not, `BadInput` if `source` cannot be read, `DiskTrouble` if `target` cannot be
    written. Whatever happens, what was at `target` before is left alone.
    """
    with disk_errors(f"write {target}"):
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # made with mode 0600
    try:
        with disk_errors(f"write {target}"):  # trouble with reading is put into words before it gets here
            with os.fdopen(handle, "wb") as output:
                _compare(source, file, output.write)
                output.flush()
                os.fsync(handle)
            os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def check(source: Path, file: File) -> None:
    """Compare the bytes of `source`, unpacked if they are packed, with `file`'s. Raises `Rejected` or `BadInput`."""
    _compare(source, file, len)


def check_published(source: Path, published: str) -> None:
    """Compare the bytes of `source` as they are with a published hash, `md5:…` or `sha256:…`. Raises `Rejected`."""
    kind, _, expected = published.partition(":")
    with disk_errors(f"read {source}"), open(source, "rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    if found != expected:
        name = source.name.removesuffix(".part")
        raise Rejected(f"{name} is not what was published: its {kind.upper()} is {found}, but {expected} was expected.")


def sha256(source: Path) -> str:
    """The SHA-256 of a file's bytes as they are. Raises `OSError`."""
    with open(source, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(source: Path, target: Path, wanted: Collection[str], most: int) -> set[str]:
    """Take the files with the `wanted` names, and nothing else, out of the archive at `source`, into the folder
    `target` itself; the names of all that are in it. Files of more than `most` bytes stay inside. Raises `Rejected`
    for what is no archive, `DiskTrouble`."""
    names = set()
    with disk_errors(f"unpack {source}"), archive_errors(source), tarfile.open(source) as archive:
        for member in archive:
            member.name = os.path.basename(member.name)
            names.add(member.name)
            if member.name in wanted and member.isfile() and member.size <= most:
                archive.extract(member, target, filter="data")
    return names


@contextmanager
def archive_errors(source: Path) -> Iterator[None]:
    """What reading a damaged archive raises, or something that is none, as `Rejected`."""
    try:
        yield
    except (tarfile.TarError, *DAMAGE) as error:
        why = str(error).partition(":\n")[0]  # behind which each kind of packing has a line of its own
        raise Rejected(f"{source} is no archive that can be read ({why}); give a folder or a .tar.gz.") from error


def _compare(source: Path, file: File, keep: Callable[[bytes], int]) -> None:
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(source, file):
        digest.update(chunk)
        size += len(chunk)
        if size > file.size:  # nothing that was packed small may fill the disk
            break
        keep(chunk)
    if digest.hexdigest() != file.sha256:
        raise Rejected(_difference(source, file, digest.hexdigest(), size))


def _difference(source: Path, file: File, found: str, size: int) -> str:
    amount = f"more than {file.size:,} bytes" if size > file.size else f"{size:,} bytes of {file.size:,}"
    return (
        f"{source.name} is not {file.name}: unpacked ({amount}) its SHA-256 is {found}, but {file.sha256} was expected."
    )


def _chunks(source: Path, file: File) -> Iterator[bytes]:
    try:
        with unpacked(source) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except DAMAGE as error:
        raise Rejected(
            f"{source.name} is not {file.name}: it cannot be unpacked ({error}); as it is, its SHA-256 is "
            f"{sha256(source)}, but {file.sha256} was expected of the unpacked bytes."
        ) from error
    except OSError as error:
        raise BadInput(f"Could not read {source}: {(error.strerror or str(error)).lower()}.") from error
