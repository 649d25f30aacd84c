"""Whether an app that is left open grows: its memory while a run of a million batches goes by in a minute."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fastai_tui.app.bench.attached import belongs, watching
from fastai_tui.app.bench.long_run import BATCHES
from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, Unavailable, measured
from fastai_tui.app.bench.screens import Screen
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.runs.run import Run

GROWTH = 1.1  # × of the memory after a tenth of the batches; 1.01 was measured
SHARES = (0.1, 0.5, 1.0)


def app_memory(place: Place) -> list[Measurement]:
    """The memory of an app that shows the run, at its end ÷ after a tenth of it."""
    if not Path("/proc/self/statm").exists():
        raise Unavailable("how much memory another process holds is told by Linux's /proc alone")
    place.say("a million batches go by")
    with _replay(place, 20.0 if place.quick else 60.0) as run, watching(place) as shown:
        sizes = [_at(shown, run, round(share * BATCHES)) / 1e6 for share in SHARES]
    about = "memory of an open app after a million batches ÷ after a tenth of them"
    return [measured("app_memory", about, [sizes[-1] / sizes[0]], limit=GROWTH, megabytes=sizes, after=SHARES)]


def _at(shown: Screen, run: Run, batches: int) -> int:
    """The app's memory once so many batches are done and shown."""
    while len(run.steps()) < batches:
        if run.state().phase not in ("new", "running", "finished"):
            raise RunFailed(f"The run that goes by has ended: {run.state().message}")
        _drop(shown, 0.2)
    _drop(shown, 1.0)
    return shown.memory()


def _drop(shown: Screen, seconds: float) -> None:
    shown.listen(seconds)
    shown.content = b""


@contextlib.contextmanager
def _replay(place: Place, seconds: float) -> Iterator[Run]:
    """The long run, written by another process in so many seconds, as the step's own."""
    command = [sys.executable, "-m", "fastai_tui.app.bench.long_run", str(place.home), str(seconds)]
    writer = subprocess.Popen(command, env=place.environment(), stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        run = Run(Path(writer.stdout.readline().decode().strip()))
        belongs(place, run.id)
        yield run
    finally:
        writer.kill()
        writer.wait()
