"""What the app costs: its first frame, the answer to a key and the bytes it sends while a run trains on the same cores,
and what that run loses by it."""

import random
import re
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import quantiles
from typing import Any

from fastai_tui.app.bench.attached import READY, inside, live_run, pace, watching
from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.screens import ANYTHING, Screen, app, screen

FIRST_PAINT, SLOWDOWN = 2.0, 1.08  # × a bare Textual app's; × the run's speed alone
KEY = {(80, 24): 30.0, (160, 50): 45.0}  # ms, 95th percentile
SETTLED = {(80, 24): 5_000.0, (160, 50): 12_000.0}  # bytes a second
FIRST_SECONDS = 12_000.0
BEGINNING = 5.0  # seconds that count as the first
WARM = 6.0  # seconds until the lab has loaded torch and the link is measured
Attach = Callable[[Place], AbstractContextManager[Screen]]
LEFT, RIGHT = b"\x1b[D", b"\x1b[C"

BARE = """from textual.app import App
from textual.widgets import Static


class Bare(App):
    def compose(self):
        yield Static("help")


Bare().run()
"""


def first_paint(place: Place) -> list[Measurement]:
    """Seconds to the first frame, of the contents and of a chapter, against a bare Textual app's. Both sides have their
    compiled files, as what is installed has: a start before the first that counts writes them."""
    program = place.home / "bare.py"
    program.write_text(BARE)
    times, environment = 3 if place.quick else 15, place.environment()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
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

    ours(), bare()
    contents = in_turn(times, ours, bare)
    chapter = in_turn(times, lambda: ours("--chapter", "convolution"), bare)
    found = []
    for name, what, pairs in (("", "at a chapter", chapter), ("_contents", "at the contents", contents)):
        about = f"first frame of `fastai-tui` {what} ÷ a bare Textual app's"
        details: dict[str, Any] = {"ours_seconds": [a for a, _ in pairs], "bare_seconds": [b for _, b in pairs]}
        details |= {} if name else {"first_arrow_ms": arrows}
        found.append(measured(f"first_paint{name}", about, ratios(pairs), limit=FIRST_PAINT, **details))
    return found


def app_keys(place: Place) -> list[Measurement]:
    """From a key to the first that the terminal gets of its answer, while a run trains: on a step of the other chapter,
    and on the run's own, where the answer is told from the run's news by the line it stands on."""
    found, times = [], 30 if place.quick else 150
    with live_run(place):
        for (columns, rows), limit in KEY.items():
            place.say(f"pressing keys at {columns}×{rows}")
            window = app("--chapter", "convolution", "--step", "window")
            with screen(window, place.environment(), columns, rows) as shown:
                shown.until(READY)
                each = _answers(shown, (RIGHT, LEFT), ANYTHING, times)
            about = f"key to repaint at {columns}×{rows} beside a run, 95th percentile"
            found.append(_slowest(f"app_key_{columns}", about, each, limit))
            with watching(place, columns, rows) as shown:
                knobs = re.compile(rf"\x1b\[(?:{rows - 4}|{rows - 3})(?:;\d+)?H".encode())
                each = _answers(shown, (b"+", b"-"), knobs, times)
            about = f"key to repaint at {columns}×{rows} where the run is shown, 95th percentile"
            found.append(_slowest(f"app_key_{columns}_live", about, each, limit))
    return found


def app_bytes(place: Place) -> list[Measurement]:
    """What an open chapter with a live run sends, at first and once settled."""
    found, seconds = [], 6.0 if place.quick else 30.0
    with live_run(place):
        for (columns, rows), limit in SETTLED.items():
            place.say(f"listening to a live run at {columns}×{rows}")
            with watching(place, columns, rows) as shown:
                first = (shown.sent + shown.listen(BEGINNING)) / BEGINNING
                settled = shown.listen(seconds) / seconds
            about = f"bytes a second of an open chapter with a live run at {columns}×{rows}"
            name = f"app_bytes_{columns}"
            found.append(measured(name, f"{about}, settled", [settled], unit="B/s", limit=limit))
            found.append(measured(f"{name}_first", f"{about}, first seconds", [first], unit="B/s", limit=FIRST_SECONDS))
    return found


def app_slowdown(place: Place) -> list[Measurement]:
    """A run's batches a second alone ÷ with an app that shows it, in turns within the same run."""
    return _slowdown(place, "app_slowdown", "off") + _slowdown(place, "app_slowdown_with_statistics", "on")


def activations_bytes(place: Place) -> list[Measurement]:
    """What the app sends that shows a live run's activations, five layers of them, once settled."""
    found, seconds = [], 6.0 if place.quick else 30.0
    with live_run(place, activations="on"):
        for (columns, rows), limit in SETTLED.items():
            place.say(f"listening to a live run's activations at {columns}×{rows}")
            with inside(place, columns, rows) as shown:
                shown.listen(BEGINNING)
                settled = shown.listen(seconds) / seconds
            about = f"bytes a second of a live run's activations at {columns}×{rows}"
            found.append(measured(f"activations_bytes_{columns}", about, [settled], unit="B/s", limit=limit))
    return found


def activations_slowdown(place: Place) -> list[Measurement]:
    """A run's batches a second alone ÷ with an app that shows its activations."""
    return _slowdown(place, "activations_slowdown", "on", inside)


def _slowdown(place: Place, name: str, activations: str, attach: Attach = watching) -> list[Measurement]:
    window, times = (4.0, 2) if place.quick else (8.0, 6)
    with live_run(place, activations=activations) as run:

        def attached() -> float:
            with attach(place) as shown:
                shown.listen(WARM)
                return pace(run, lambda: shown.listen(window))

        place.say(f"the run alone and watched, statistics {activations}")
        pairs = in_turn(times, lambda: pace(run, lambda: time.sleep(window)), attached)
    what = f"with {'its activations open' if attach is inside else 'an open app attached'}, statistics {activations}"
    about = f"a run's speed alone ÷ {what}"
    return [measured(name, about, ratios(pairs), limit=SLOWDOWN, batches_a_second=pairs)]


def _answers(shown: Screen, keys: tuple[bytes, bytes], part: re.Pattern[bytes], times: int) -> list[float]:
    """Milliseconds from a key to its answer, at moments that have nothing to do with the app's own."""
    shown.listen(WARM)
    chance, found = random.Random(0), []
    for i in range(times):
        shown.listen(chance.uniform(0.1, 0.25))
        found.append(shown.answer(keys[i % 2], part) * 1000)
    return found


def _slowest(name: str, about: str, each: list[float], limit: float) -> Measurement:
    return measured(name, about, [quantiles(each, n=20)[-1]], unit="ms", limit=limit, each_ms=each)
