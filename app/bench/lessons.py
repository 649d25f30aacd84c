"""What the app costs: its first frame, the answer to a key and the bytes it sends while a run trains on the same cores,
and what that run loses by it."""

import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from statistics import quantiles
from typing import Any

from fastai_tui.app.bench.place import SAMPLE, Place
from fastai_tui.app.bench.processes import fastai_tui, finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.screens import Screen, app, screen
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

FIRST_PAINT, SLOWDOWN = 2.0, 1.08  # × a bare Textual app's; × the run's speed alone
KEY = {(80, 24): 30.0, (160, 50): 45.0}  # ms, 95th percentile
SETTLED = {(80, 24): 5_000.0, (160, 50): 12_000.0}  # bytes a second
FIRST_SECONDS = 12_000.0
BEGINNING = 5.0  # seconds that count as the first
LEFT, RIGHT = b"\x1b[D", b"\x1b[C"
READY = b"help"  # the last word of the last line
CHAPTER, STEP = "first-cnn", "training"

BARE = """from textual.app import App
from textual.widgets import Static


class Bare(App):
    def compose(self):
        yield Static("help")


Bare().run()
"""

KEEP = """import sys
from fastai_tui.lessons import progress

chapter, step, run = sys.argv[1:]
progress.update(lambda kept: kept.put(chapter, step, state={"runs": [run]}))
"""


def first_paint(place: Place) -> list[Measurement]:
    """Seconds to the first frame, of the contents and of a chapter, against a bare Textual app's."""
    program = place.home / "bare.py"
    program.write_text(BARE)
    times, environment = 3 if place.quick else 15, place.environment()
    arrows: list[float] = []

    def ours(*arguments: str) -> float:
        with screen(app(*arguments), environment) as shown:
            seconds = shown.until(READY)
            if arguments:
                arrows.append(shown.answer(RIGHT) * 1000)
            return seconds

    def bare() -> float:
        with screen([sys.executable, str(program)], environment) as shown:
            return shown.until(READY)

    about = "first frame of `fastai-tui` ÷ a bare Textual app's"
    pairs = in_turn(times, lambda: ours("--chapter", "convolution"), bare)
    contents = in_turn(times, ours, bare)
    details: dict[str, Any] = {"first_arrow_ms": arrows, "contents": ratios(contents)}
    seconds: dict[str, Any] = {"ours_seconds": [a for a, _ in pairs], "bare_seconds": [b for _, b in pairs]}
    return [measured("first_paint", about, ratios(pairs), limit=FIRST_PAINT, **details, **seconds)]


def app_keys(place: Place) -> list[Measurement]:
    """From a key to the first that the terminal gets of its answer, while a run trains."""
    found = []
    with _live_run(place):
        for (columns, rows), limit in KEY.items():
            place.say(f"pressing keys at {columns}×{rows}")
            with screen(
                app("--chapter", "convolution", "--step", "window"), place.environment(), columns, rows
            ) as here:
                here.until(READY)
                here.listen(6.0)  # the lab warms up, the link is measured
                times = _answers(here, 30 if place.quick else 150)
            about = f"key to repaint at {columns}×{rows} beside a run, 95th percentile"
            worst = quantiles(times, n=20)[-1]
            found.append(measured(f"app_key_{columns}", about, [worst], unit="ms", limit=limit, each_ms=times))
    return found


def app_bytes(place: Place) -> list[Measurement]:
    """What an open chapter with a live run sends, at first and once settled."""
    found, seconds = [], 6.0 if place.quick else 30.0
    with _live_run(place) as run:
        for (columns, rows), limit in SETTLED.items():
            place.say(f"listening to a live run at {columns}×{rows}")
            with _watching(place, columns, rows) as shown:
                shown.until(READY)
                first = (shown.sent + shown.listen(BEGINNING)) / BEGINNING
                settled = shown.listen(seconds) / seconds
            about = f"bytes a second of an open chapter with a live run at {columns}×{rows}"
            name = f"app_bytes_{columns}"
            found.append(measured(name, f"{about}, settled", [settled], unit="B/s", limit=limit))
            found.append(measured(f"{name}_first", f"{about}, first seconds", [first], unit="B/s", limit=FIRST_SECONDS))
        if not run.state().live:
            raise RunFailed("The run ended while it was being watched.")
    return found


def app_slowdown(place: Place) -> list[Measurement]:
    """A run's batches a second alone ÷ with an app that shows it, in turns within the same run."""
    window, times = (4.0, 2) if place.quick else (10.0, 7)
    with _live_run(place) as run:

        def attached() -> float:
            with _watching(place, 80, 24) as shown:
                shown.until(READY)
                shown.listen(3.0)
                return _pace(run, lambda: shown.listen(window))

        pairs = in_turn(times, lambda: _pace(run, lambda: time.sleep(window)), attached)
    about = "a run's speed alone ÷ with an open app attached"
    return [measured("app_slowdown", about, ratios(pairs), limit=SLOWDOWN, batches_a_second=pairs)]


def _answers(shown: Screen, times: int) -> list[float]:
    """Milliseconds from a key to its answer, at moments that have nothing to do with the app's own."""
    chance, found = random.Random(0), []
    for i in range(times):
        shown.listen(chance.uniform(0.1, 0.25))
        found.append(shown.answer((RIGHT, LEFT)[i % 2]) * 1000)
    return found


def _pace(run: Run, wait: Callable[[], object]) -> float:
    """Batches a second while `wait` waits."""
    before, began = len(run.steps()), time.perf_counter()
    wait()
    return (len(run.steps()) - before) / (time.perf_counter() - began)


@contextlib.contextmanager
def _watching(place: Place, columns: int, rows: int) -> Iterator[Screen]:
    with screen(app("--chapter", CHAPTER, "--step", STEP), place.environment(), columns, rows) as shown:
        yield shown


@contextlib.contextmanager
def _live_run(place: Place) -> Iterator[Run]:
    """The step's own experiment, training for as long as it takes, and known to the step as its run."""
    place.say("starting a run")
    command = ["train", "mnist-3v7", "--data", SAMPLE, "--set", "model=cnn", "--epochs", "10000", "--device", "cpu"]
    finish(fastai_tui(*command, "--detach"), place.environment())
    run = RunStore(place.home / "runs").find("last")
    finish([sys.executable, "-c", KEEP, CHAPTER, STEP, run.id], place.environment())
    end = time.monotonic() + 60
    while len(run.steps()) < 100:
        if time.monotonic() > end or run.state().phase not in ("new", "queued", "running"):
            raise RunFailed(f"The run to be shown did not start: {run.state().message}")
        time.sleep(0.05)
    try:
        yield run
    finally:
        client.send(run, "stop")
        client.wait_for_end(run, 60)
