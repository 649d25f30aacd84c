"""Where precomputed activations are kept: a file for each data set, network and size, on so much of the disk at most.

Free of torch, so that commands can say what it takes, and remove it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastai_tui.engine.home import disk_errors, exclusive, home, private_dir

NAME = "activations-cache"
MOST = 4 * 2**30  # bytes; the file that was not used for longest goes first
ENDING = ".safetensors"


def folder() -> Path:
    """The folder of all of them. It need not exist."""
    return home() / "data" / NAME


def place(key: str) -> Path:
    """The file for a key."""
    return folder() / f"{key}{ENDING}"


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time computes activations; the others wait, and find what it has computed."""
    with exclusive(private_dir(folder())):
        yield


def used(path: Path) -> None:
    """Note that a file is in use, and remove others, for as long as there is too much. Raises `DiskTrouble`."""
    with disk_errors(f"tidy {folder()}"):
        os.utime(path)
        kept = sorted(files(), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        total = 0
        for file in kept:
            total += file.stat().st_size
            if total > MOST and file != path:
                file.unlink()


def files() -> list[Path]:
    """All files there are."""
    return sorted(folder().glob(f"*{ENDING}"))


def size() -> int:
    """The bytes that they take."""
    with disk_errors(f"look at {folder()}"):
        return sum(file.stat().st_size for file in files())


def clear() -> int:
    """Remove all of them; the bytes that this frees. They are computed again where they are needed."""
    freed = size()
    if freed:
        with alone(), disk_errors(f"remove {folder()}"):
            for file in files():
                file.unlink()
    return freed
