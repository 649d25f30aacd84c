"""A run that trains for as long as it takes, and the app beside it, open at the step to which the run belongs."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from fastai_tui.app.bench.place import SAMPLE, Place
from fastai_tui.app.bench.processes import fastai_tui, finish
from fastai_tui.app.bench.screens import Screen, app, screen
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

CHAPTER, STEP = "first-cnn", "training"
READY = b"help"  # the last word of the last line
OPENS = 1.5  # seconds that a screen of runs may take to be there

KEEP = """import sys
from fastai_tui.lessons import progress

chapter, step, run = sys.argv[1:]
progress.update(lambda kept: kept.put(chapter, step, state={"runs": [run]}))
"""


@contextlib.contextmanager
def live_run(place: Place, *, activations: str = "off") -> Iterator[Run]:
    """The step's own experiment, training, and known to the step as its run; it is stopped at the end."""
    place.say("starting a run")
    settings = ["--set", "model=cnn", "--set", f"activations={activations}"]
    command = ["train", "mnist-3v7", "--data", SAMPLE, *settings, "--epochs", "10000", "--device", "cpu"]
    finish(fastai_tui(*command, "--detach"), place.environment())
    run = RunStore(place.home / "runs").find("last")
    belongs(place, run.id)
    end = time.monotonic() + 60
    while len(run.steps()) < 100:
        if time.monotonic() > end or run.state().phase not in ("new", "queued", "running"):
            raise RunFailed(f"The run to be shown did not start: {run.state().message}")
        time.sleep(0.05)
    try:
        yield run
        if not run.state().live:
            raise RunFailed("The run ended while it was being watched.")
    finally:
        client.send(run, "stop")
        client.wait_for_end(run, 60)


def belongs(place: Place, run: str) -> None:
    """Have the step know a run as its own, as if it had been started there."""
    finish([sys.executable, "-c", KEEP, CHAPTER, STEP, run], place.environment())


@contextlib.contextmanager
def watching(place: Place, columns: int = 80, rows: int = 24) -> Iterator[Screen]:
    """The app at that step, from its first frame on."""
    with screen(app("--chapter", CHAPTER, "--step", STEP), place.environment(), columns, rows) as shown:
        shown.until(READY)
        yield shown


@contextlib.contextmanager
def inside(place: Place, columns: int = 80, rows: int = 24) -> Iterator[Screen]:
    """The app at the run's activations, by way of the list of runs, from their first picture on."""
    with watching(place, columns, rows) as shown:
        for key in (b"r", b"\r"):
            shown.press(key)
            shown.listen(OPENS)
        shown.content = b""
        shown.press(b"a")
        shown.until(b"layer 1 of")
        yield shown


def pace(run: Run, wait: Callable[[], object]) -> float:
    """Batches a second while `wait` waits."""
    before, began = len(run.steps()), time.perf_counter()
    wait()
    return (len(run.steps()) - before) / (time.perf_counter() - began)
