"""An epoch of full MNIST through `fastai-tui train`, against the frozen bare loop: same network, data and threads."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import fastai_tui, finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.threads import thread_environment, threads

RECIPE = {"model": "cnn", "norm": "batch", "bs": "512", "schedule": "1cycle", "lr": "0.06", "loader": "resident"}
PLAIN, STATISTICS = 1.10, 1.40  # what the project promises


class Trained(NamedTuple):
    """One process's training: seconds of every epoch (its validation included), accuracy at the end, seconds in all."""

    epochs: list[float]
    accuracy: float
    process: float

    @property
    def seconds(self) -> float:
        """All epochs together."""
        return sum(self.epochs)


def epoch(place: Place, device: str = "cpu") -> list[Measurement]:
    """What the engine, its recorder and its log cost."""
    about = "an epoch of full MNIST ÷ the bare loop's"
    return [_against_bare(place, named("epoch", device), about, PLAIN, "off", device)]


def epoch_with_statistics(place: Place, device: str = "cpu") -> list[Measurement]:
    """What recording the five convolutions' statistics and histograms at every batch costs on top."""
    about = "an epoch with statistics and histograms ÷ the bare loop's without"
    return [_against_bare(place, named("epoch_with_statistics", device), about, STATISTICS, "on", device)]


def ours(place: Place, data: Path, epochs: int, *, device: str = "cpu", activations: str = "off") -> Trained:
    """Train on MNIST through the command."""
    return by_command(place, "mnist", data, epochs, RECIPE | {"activations": activations}, device=device)


def bare(
    place: Place, data: Path, epochs: int, environment: Mapping[str, str], *, device: str = "cpu", threads: int | None
) -> Trained:
    """Train on MNIST with the frozen loop."""
    return by_script(place, "bare_mnist.py", [data, epochs], environment, device=device, threads=threads)


def by_command(
    place: Place, experiment: str, data: Path | str, epochs: int, recipe: Mapping[str, str], *, device: str
) -> Trained:
    """Train through the command, in the foreground; with no `epochs`, for as long as the recipe says."""
    length = ["--epochs", str(epochs)] if epochs else []
    command = ["train", experiment, "--data", str(data), *length, "--device", device, "--json"]
    done = finish(fastai_tui(*command, *settings(recipe)), place.environment())
    return read_events(done.output, done.seconds)


def by_script(
    place: Place,
    name: str,
    arguments: Sequence[object],
    environment: Mapping[str, str],
    *,
    device: str,
    threads: int | None,
) -> Trained:
    """Train with a frozen script; without `threads`, with as many as torch takes by itself."""
    script = [sys.executable, str(place.reference / name), *map(str, arguments), "--device", device]
    done = finish([*script, *(["--threads", str(threads)] if threads else [])], environment)
    told = msgspec.json.decode(done.output)
    return Trained(told["seconds"], told["results"][-1][1], done.seconds)


def details(pairs: Sequence[tuple[Trained, Trained]]) -> dict[str, Any]:
    """What both sides took and reached, ours first in every pair."""
    return {
        "ours_seconds": [a.epochs for a, _ in pairs],
        "bare_seconds": [b.epochs for _, b in pairs],
        "accuracy": [(a.accuracy, b.accuracy) for a, b in pairs],
    }


def best_epochs(pairs: Sequence[tuple[Trained, Trained]]) -> float:
    """Our fastest epoch ÷ the other side's."""
    return min(min(a.epochs) for a, _ in pairs) / min(min(b.epochs) for _, b in pairs)


def named(name: str, device: str) -> str:
    """A measurement's name, which says where it was made."""
    return name if device == "cpu" else f"gpu_{name}"


def same_threads(spare: int = 1) -> tuple[dict[str, str], int]:
    """The environment and the number of threads that our runs train with, for the other side: all but `spare`."""
    return os.environ | thread_environment(), threads(spare)


def settings(given: Mapping[str, str]) -> list[str]:
    """The arguments that ask for them."""
    return [part for key, value in given.items() for part in ("--set", f"{key}={value}")]


def read_events(output: bytes, seconds: float) -> Trained:
    """What a run's events tell of it. Raises `RunFailed`."""
    told = [msgspec.json.decode(line) for line in output.splitlines() if b'"batch"' not in line[:40]]
    epochs = [event for event in told if event["type"] == "epoch"]
    end: dict[str, Any] = next((event for event in told if event["type"] == "run_ended"), {})
    if end.get("reason") != "finished" or not epochs:
        raise RunFailed(f"A measured run did not finish: {end.get('message', 'it has no end')}")
    return Trained([e["seconds"] for e in epochs], epochs[-1]["metrics"]["accuracy"], seconds)


def _against_bare(place: Place, name: str, about: str, limit: float, activations: str, device: str) -> Measurement:
    data, epochs = place.mnist(), (1 if place.quick else 3) * (1 if device == "cpu" else 10)
    environment, count = same_threads()
    pairs = in_turn(
        1 if place.quick else 5,
        lambda: ours(place, data, epochs, device=device, activations=activations),
        lambda: bare(place, data, epochs, environment, device=device, threads=count),
    )
    return measured(
        name,
        about,
        ratios([(a.seconds, b.seconds) for a, b in pairs]),
        limit=limit,
        device=device,
        threads=count,
        epochs=epochs,
        **details(pairs),
        best_epochs=best_epochs(pairs),
        whole_process=ratios([(a.process, b.process) for a, b in pairs]),
    )
