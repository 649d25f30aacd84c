"""Where the measuring happens: a home of its own that is thrown away, the checkout's yardsticks, and the images."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fastai_tui.app.bench.result import Unavailable
from fastai_tui.engine.errors import DataMissing

SAMPLE = "mnist-sample"


@dataclass(frozen=True)
class Place:
    """What the measurements share. `say` takes progress; `reference` holds the frozen loops; `quick` asks for less.

    `peer_python` is the interpreter that has fastai, if it takes part.
    """

    home: Path
    reference: Path
    quick: bool = False
    peer_python: str = ""
    say: Callable[[str], None] = print

    def environment(self) -> dict[str, str]:
        """The variables of this process, with the home of the measurements."""
        return os.environ | {"FASTAI_TUI_HOME": str(self.home)}

    def mnist(self) -> Path:
        """The folder with all of MNIST as IDX files. Raises `Unavailable`."""
        from fastai_tui.engine.data.store import folder

        named = os.environ.get("FASTAI_TUI_TEST_DATA")
        shared = Path(named) if named else self.reference.parent.parent.parent / "shared" / "data"
        for place in (shared / "mnist", folder("mnist")):
            if (place / "train-images-idx3-ubyte").exists() or (place / "train-images-idx3-ubyte.gz").exists():
                return place
        raise Unavailable("full MNIST is not on this machine: `fastai-tui data get mnist` gets it")

    def sample(self) -> Path:
        """The embedded sample as a folder of IDX files, for what does not know the catalogue."""
        from fastai_tui.engine.data import idx, store

        place = self.home / "sample"
        if not place.exists():
            place.mkdir()
            found = store.images(SAMPLE)
            arrays = (found.train_images, found.train_labels, found.valid_images, found.valid_labels)
            for part, array in zip(store.PARTS, arrays, strict=True):
                idx.write(place / f"{part}-idx{array.ndim}-ubyte", array)
        return place


@contextlib.contextmanager
def place(*, quick: bool, peer_python: str, say: Callable[[str], None]) -> Iterator[Place]:
    """A place to measure in; whatever still trains in it is ended, and the place removed. Raises `DataMissing`."""
    reference = _reference()
    with tempfile.TemporaryDirectory(prefix="fastai-tui-bench-", ignore_cleanup_errors=True) as home:
        made = Place(Path(home), reference, quick, peer_python, say)
        try:
            yield made
        finally:
            _end_runs(made.home)


def _reference() -> Path:
    from fastai_tui import app

    found = Path(app.__path__[0]).resolve().parent / "tests" / "reference"
    if not (found / "bare_mnist.py").is_file():
        raise DataMissing(
            "bench compares with the loops in the checkout's tests/reference, which is not here; "
            "clone the project and run `make bench` in it."
        )
    return found


def _end_runs(home: Path) -> None:
    from fastai_tui.engine.runs.store import RunStore

    for run in RunStore(home / "runs").runs():
        state = run.state()
        if state.live:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)
