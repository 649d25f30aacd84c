"""Where pictures come from: a folder, or an archive (tar or zip) that is read as it is, without unpacking it."""

import os
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from fastai_tui.engine.data.listing import TABLE, Listing, is_picture, listed
from fastai_tui.engine.data.placing import archive_errors
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import disk_errors
from fastai_tui.engine.pictures import shown

DEPTH = 4  # folders within folders that are looked through
MOST_BYTES = 2**28  # of one picture: nothing that was packed small may fill the memory


class Source(Protocol):
    """Where pictures are: a folder, or an archive."""

    where: str

    def paths(self) -> list[str]:
        """The path of each picture, and of each table of labels, within the source."""
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
            found += [path for name in names if _is_wanted(path := (inner / name).as_posix())]
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
        return list(dict.fromkeys(member.name for member in self._members() if _is_wanted(member.name)))

    def contents(self, wanted: Mapping[str, int]) -> Iterator[tuple[int, Path | bytes]]:
        """As `Source` says; members are read here, in their order."""
        left = dict(wanted)
        for member in self._members():
            if member.name in left:
                _bound(self.where, member.name, member.size)
                yield left.pop(member.name), self._read(member)

    def _members(self) -> Iterator[tarfile.TarInfo]:
        with disk_errors(f"read {self.where}"), archive_errors(self.path), tarfile.open(self.path) as self._open:
            yield from (member for member in self._open if member.isfile())

    def _read(self, member: tarfile.TarInfo) -> bytes:
        file = self._open.extractfile(member)
        return file.read() if file else b""


class Zip:
    """The pictures in a `.zip`, as Kaggle hands its data around."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, shown(path)

    def paths(self) -> list[str]:
        """As `Source` says; raises `BadInput` for what is no archive."""
        with self._opened() as found:
            return list(dict.fromkeys(name for name in found.namelist() if _is_wanted(name)))

    def contents(self, wanted: Mapping[str, int]) -> Iterator[tuple[int, Path | bytes]]:
        """As `Source` says; members are read here."""
        with disk_errors(f"read {self.where}"), self._opened() as found:
            for name, number in wanted.items():
                _bound(self.where, name, found.getinfo(name).file_size)
                try:
                    content = found.read(name)
                except (RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError) as error:
                    raise BadInput(f"{self.where}: {shown(name)} cannot be unpacked; get the archive again.") from error
                yield number, content

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except zipfile.BadZipFile as error:
            raise BadInput(f"{self.where} is a damaged zip archive; get it again, or give a folder.") from error


def is_archive(path: Path) -> bool:
    """Is a file, which is there, one of the archives that are read here? Raises `DiskTrouble`."""
    with disk_errors(f"read {path}"):
        return tarfile.is_tarfile(path) or zipfile.is_zipfile(path)


def source(path: Path) -> Source:
    """The pictures at a path, which is there."""
    if path.is_dir():
        return Folder(path)
    return Zip(path) if zipfile.is_zipfile(path) else Archive(path)


def listing(found: Source) -> Listing:
    """Which pictures of a source belong to which part and class: told by their paths, or by the table `labels.csv`
    that is nearest to the top. Raises `BadInput`."""
    paths = found.paths()
    tables = sorted((path for path in paths if _is_table(path)), key=lambda path: (path.count("/"), path))
    if not tables:
        return listed(paths, found.where)
    _, content = next(found.contents({tables[0]: 0}))
    with disk_errors(f"read {tables[0]}"):
        text = content if isinstance(content, bytes) else content.read_bytes()
    return listed(paths, found.where, tables[0], text)


def _is_wanted(path: str) -> bool:
    return is_picture(path) or _is_table(path)


def _is_table(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and parts[-1].lower() == TABLE and not any(part.startswith((".", "__MACOSX")) for part in parts)


def _bound(where: str, name: str, size: int) -> None:
    if size > MOST_BYTES:
        raise BadInput(f"{where}: {shown(name)} claims {size:,} bytes; take it out.")
