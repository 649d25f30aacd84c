"""Append-only files of JSON lines: what is rare (events) and what users ask for (commands)."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fastai_tui.engine import events
from fastai_tui.engine.errors import NOT_JSON
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something a user asks of a live run: stop, pause, resume or set. `id` is how the run acknowledges it."""

    id: str
    do: str
    by: str = "command"
    settings: dict[str, Any] = {}


class LineWriter:
    """Appends lines, each in one write. A line that a crash cut short is ended first, so that it spoils no other."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def write(self, lines: list[bytes]) -> None:
        """Append `lines` (without newlines). Raises OSError, and then leaves a whole number of lines behind."""
        content = b"".join(line + b"\n" for line in lines)
        before = os.fstat(self._file).st_size
        try:
            if content and os.write(self._file, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def sync(self) -> None:
        """Wait until the lines would survive a power cut."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class LineReader:
    """Reads whole lines as they come, from a place in the file on; a line still being written is left for later."""

    def __init__(self, path: Path, place: int = 0) -> None:
        self.path, self._place = path, place

    def skip(self) -> None:
        """Forget what is there already."""
        with disk_errors(f"read {self.path}"):
            self._place = self.path.stat().st_size if self.path.exists() else 0

    def poll(self) -> list[bytes]:
        """The whole lines that have come since the last time."""
        with disk_errors(f"read {self.path}"):
            try:
                if self.path.stat().st_size <= self._place:
                    return []
            except FileNotFoundError:
                return []
            with open(self.path, "rb") as file:
                file.seek(self._place)
                content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._place += len(whole)
        return [line for line in whole.split(b"\n") if line]


def append(path: Path, line: bytes) -> None:
    """Append one line to the file at `path`. Raises `DiskTrouble`."""
    with disk_errors(f"write {path}"):
        writer = LineWriter(path)
        try:
            writer.write([line])
        finally:
            writer.close()


def decoded(lines: list[bytes]) -> Iterator[events.AnyEvent]:
    """The events that `lines` hold; a line that is none (cut by a crash, from a newer version) is passed over."""
    for line in lines:
        try:
            yield events.decode(line)
        except NOT_JSON:
            continue
