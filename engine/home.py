"""Where the user's own things live: one private folder, written so that a crash never leaves half a file."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastai_tui.engine.errors import BadInput, DiskTrouble

PRIVATE_DIR, PRIVATE_FILE = 0o700, 0o600


def home() -> Path:
    """`$FASTAI_TUI_HOME`, or the platform's folder for a user's data. It need not exist yet.

    Raises `BadInput` for the home of a user who does not exist."""
    if chosen := os.environ.get("FASTAI_TUI_HOME"):
        try:
            return Path(chosen).expanduser().absolute()
        except RuntimeError:
            raise BadInput(f"FASTAI_TUI_HOME={chosen} is in the home of nobody; give a folder's full path.") from None
    import platformdirs

    return Path(platformdirs.user_data_dir("fastai-tui", appauthor=False))


def private_dir(path: Path) -> Path:
    """`path`, made with its parents if need be; what is made is readable by the user alone."""
    with disk_errors(f"make the folder {path}"):
        for part in [*reversed(path.parents), path]:
            if not part.is_dir():
                part.mkdir(mode=PRIVATE_DIR, exist_ok=True)
    return path


def write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write `content` under a temporary name, then rename it: readers see the old file or the new one, never half."""
    with disk_errors(f"write {path}"):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One process at a time is at work in `folder`; the others wait, and find what it has done."""
    with disk_errors(f"lock {folder}"):
        file = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def writable(place: Path) -> bool:
    """May this file be replaced? Renaming would replace a read-only one, too; but somebody made it so for a reason."""
    return bool(place.stat().st_mode & 0o200) and os.access(place, os.W_OK)


def write_at(file: int, content: bytes, place: int) -> None:
    """Put all of `content` at a place of an open file: the system may take less at a time. Raises OSError."""
    rest = memoryview(content)
    while rest:
        done = os.pwrite(file, rest, place)
        rest, place = rest[done:], place + done


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turn the system's refusals into one sentence: `doing` completes "could not …"."""
    try:
        yield
    except OSError as error:
        raise DiskTrouble(f"Could not {doing}: {_why(error)}.") from error


def _why(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk (or your quota) is full; free some space and try again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "it is not writable for you; choose another place with FASTAI_TUI_HOME"
    return (error.strerror or str(error)).lower()
