"""What watching a live run costs a slow link: bytes a second that `watch` sends to a terminal of 80×24."""

import time

from fastai_tui.app.bench.place import SAMPLE, Place
from fastai_tui.app.bench.processes import fastai_tui, finish, listen
from fastai_tui.app.bench.result import Measurement, Unavailable, measured
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

BYTES = 5_000.0  # a second, on average: what the project promises
EPOCHS = 1_000  # more than there is time for: the run is stopped


def watch_bytes(place: Place) -> list[Measurement]:
    """Everything that `watch` sends, its first picture included, while a run with statistics trains."""
    seconds = 6.0 if place.quick else 30.0
    environment = place.environment() | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    run, data = _live_run(place)
    place.say(f"watching it for {seconds:.0f} seconds")
    pieces = listen(fastai_tui("watch", run.id), environment, seconds)
    if not run.state().live:
        raise RunFailed("The run ended while it was being watched.")
    client.send(run, "stop")
    client.wait_for_end(run, 60)
    each = per_second(pieces, seconds)
    about = "bytes a second of `fastai-tui watch` at 80×24"
    average = measured(
        "watch_bytes", about, [sum(each) / seconds], unit="B/s", limit=BYTES, data=data, each_second=each
    )
    return [average]


def per_second(pieces: list[tuple[float, int]], seconds: float) -> list[int]:
    """The bytes of each second, from (when, bytes)."""
    each = [0] * max(round(seconds), 1)
    for at, size in pieces:
        each[min(int(at), len(each) - 1)] += size
    return each


def _live_run(place: Place) -> tuple[Run, str]:
    """A run that has trained its first batches, and the name of its data."""
    try:
        data, path = "mnist", str(place.mnist())
    except Unavailable:
        data = path = SAMPLE
    settings = ["--set", "norm=batch", "--set", "bs=512", "--set", "activations=on", "--device", "cpu"]
    command = ["train", "mnist", "--data", path, "--epochs", str(EPOCHS), *settings, "--detach", "--name", "watched"]
    finish(fastai_tui(*command), place.environment())
    run = RunStore(place.home / "runs").find("watched")
    end = time.monotonic() + 60
    while not len(run.steps()):
        if time.monotonic() > end or not (run.state().live or run.state().phase == "new"):
            raise RunFailed(f"The run to be watched did not start: {run.state().message}")
        time.sleep(0.05)
    return run, data
