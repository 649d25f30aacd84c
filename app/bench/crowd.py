"""How much of its speed a run keeps beside processes that never rest, and how much torch's own defaults keep."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import busy
from fastai_tui.app.bench.result import Measurement, Unavailable, measured
from fastai_tui.app.bench.training import Trained, bare, ours
from fastai_tui.engine.threads import thread_environment, threads

KEPT = 0.2  # the least share that the project promises
COUNTS = (0, 1, 2)


def beside_busy(place: Place) -> list[Measurement]:
    """Shares of the speed alone, beside one and two busy processes: ours, then the bare loop's as torch comes."""
    data, epochs = _data(place)
    defaults = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    rounds = 1 if place.quick else 3
    mine = _rounds(place, rounds, lambda: ours(place, data, epochs))
    theirs = _rounds(place, 1, lambda: bare(place, data, epochs, defaults, threads=None))
    ours_about, bare_about = "speed kept beside {} busy", "the bare loop's with torch's defaults, beside {} busy"
    details = {"threads": threads(), "variables": thread_environment()}
    return [
        *_shares("kept_beside", ours_about, mine, KEPT, details),
        *_shares("bare_kept_beside", bare_about, theirs, None, {}),
    ]


def _data(place: Place) -> tuple[Path, int]:
    """Full MNIST once, or in a hurry the sample a few times over."""
    try:
        return (place.sample(), 10) if place.quick else (place.mnist(), 1)
    except Unavailable:
        return place.sample(), 10


def _rounds(place: Place, rounds: int, train: Callable[[], Trained]) -> list[list[float]]:
    """Seconds of training beside 0, 1 and 2 busy processes, so many times in turn."""
    taken: list[list[float]] = []
    for _ in range(rounds):
        taken.append([])
        for count in COUNTS:
            place.say(f"beside {count} busy processes")
            with busy(count):
                taken[-1].append(train().seconds)
    return taken


def _shares(
    name: str, about: str, rounds: list[list[float]], limit: float | None, details: dict[str, Any]
) -> list[Measurement]:
    return [
        measured(
            f"{name}_{count}",
            about.format(count),
            [seconds[0] / seconds[count] for seconds in rounds],
            unit="share",
            limit=limit,
            at_least=True,
            alone_seconds=[seconds[0] for seconds in rounds],
            beside_seconds=[seconds[count] for seconds in rounds],
            **details,
        )
        for count in COUNTS[1:]
    ]
