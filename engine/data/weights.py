"""Pretrained weights on this machine: looked for where torch keeps them, and fetched there as data sets are.

Free of torch, so that a command can fetch them before anything that needs it begins.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from fastai_tui.engine.backbones import Backbone, backbone
from fastai_tui.engine.data import placing
from fastai_tui.engine.data.fetch import Fetch, NotFetched, Notice, Patience, Progress
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble
from fastai_tui.engine.home import disk_errors, exclusive


def weights_folder() -> Path:
    """Where torch keeps what it has fetched: `$TORCH_HOME/hub/checkpoints`, else under `$XDG_CACHE_HOME`, else
    `~/.cache/torch`. It need not exist."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    torch_home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    return Path(os.path.expanduser(torch_home)) / "hub" / "checkpoints"


def weights_path(name: str) -> Path:
    """Where the weights of the network called `name` are, or belong. Raises `BadInput` for a name that is none."""
    return weights_folder() / backbone(name).file


def here(name: str) -> bool:
    """Are the weights of the network called `name` on this machine? They may be damaged all the same."""
    return weights_path(name).is_file()


def found_weights(name: str) -> Path:
    """The file with the weights of the network called `name`, which is compared with its hash. Raises `DataMissing` if
    it is not on this machine, and `BadInput` if it is damaged."""
    wanted, path = backbone(name), weights_path(name)
    if not path.is_file():
        raise DataMissing(
            f"The weights of {name} are not on this machine: fetch {wanted.address} ({wanted.megabytes} MB) to {path}, "
            "or give a file of them with --weights PATH."
        )
    check(path, wanted)
    return path


def get_weights(
    name: str,
    report: Callable[[Progress | Notice], None],
    cancelled: Callable[[], bool] = lambda: False,
    patience: Patience | None = None,
) -> bool:
    """Fetch the weights of the network called `name` to where torch looks for them; False if they are here, and right.

    Raises `NotFetched`, `DiskTrouble`, `Interrupted` (what has arrived is kept, and the next call resumes), and
    `BadInput` if the file that is here is damaged: it is the user's, and is not replaced.
    """
    wanted, path = backbone(name), weights_path(name)
    with exclusive(_made(path.parent)):
        if path.is_file():
            check(path, wanted)
            return False
        fetch = Fetch(
            path.with_name(f"{path.name}.part"),
            addresses(wanted),
            lambda part: _accept(part, path, wanted),
            most=2_000_000 * wanted.megabytes,
            report=report,
            cancelled=cancelled,
            patience=patience,
        )
        _run(fetch, path)
    return True


def addresses(wanted: Backbone) -> list[str]:
    """Where to look for weights: in the folder `weights` at `$FASTAI_TUI_MIRROR`, as for data sets, then at
    PyTorch's."""
    mirrors = [f"{base.rstrip('/')}/weights/{wanted.file}" for base in os.environ.get("FASTAI_TUI_MIRROR", "").split()]
    return mirrors if mirrors and os.environ.get("FASTAI_TUI_MIRROR_ONLY") else [*mirrors, wanted.address]


def check(path: Path, wanted: Backbone) -> None:
    """Raises `BadInput` if the file at `path` has another hash than torchvision says."""
    with disk_errors(f"read {path}"):
        about = path.stat()
        found = _hash(path, about.st_size, about.st_mtime_ns)
    if not found.startswith(wanted.digest):
        raise BadInput(
            f"{path} is damaged or something else: its SHA-256 starts {found[: len(wanted.digest)]}, and that of the "
            f"weights of {wanted.name} starts {wanted.digest}; remove it, and get it again."
        )


@lru_cache(maxsize=8)
def _hash(path: Path, size: int, changed: int) -> str:
    """The hash of a file, computed anew when its size or its time has changed."""
    return placing.sha256(path)


def _made(folder: Path) -> Path:
    """The folder of weights, made if need be. Raises `DiskTrouble`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DiskTrouble(f"Could not make {folder} ({why}); choose another place with TORCH_HOME.") from error
    if not os.access(folder, os.W_OK):
        raise DiskTrouble(f"{folder} is not writable for you; choose another place with TORCH_HOME.")
    return folder


def _accept(part: Path, path: Path, wanted: Backbone) -> None:
    try:
        check(part, wanted)
    except BadInput as error:
        raise placing.Rejected(str(error).partition(";")[0]) from error
    with disk_errors(f"write {path}"):
        part.chmod(0o644)  # others may use the same cache, and it is no secret
        part.replace(path)


def _run(fetch: Fetch, path: Path) -> None:
    try:
        fetch.run()
    except NotFetched as error:
        way_out = f"Try again later, or put the file at {path}, or give one with --weights PATH."
        raise NotFetched(f"{error} {way_out}") from error
