"""What does not train: how fast help comes, and how fast a run of a million batches opens."""

import sys
from pathlib import Path
from typing import Any

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import Finished, fastai_tui, finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios

HELP, OPENING, MEMORY = 3.0, 0.5, 100.0  # what the project promises: ×, seconds, MB

EMPTY = '''import typer

app = typer.Typer()


@app.command()
def main() -> None:
    """Nothing."""


app()
'''


def help_(place: Place) -> list[Measurement]:
    """How long `--help` takes."""
    program = place.home / "empty.py"
    program.write_text(EMPTY)
    times, environment = 3 if place.quick else 15, place.environment()
    pairs = in_turn(
        times,
        lambda: finish(fastai_tui("--help"), environment).seconds,
        lambda: finish([sys.executable, str(program), "--help"], environment).seconds,
    )
    about = "`fastai-tui --help` ÷ an empty typer program's"
    ours, empty = zip(*pairs, strict=True)
    return [measured("help", about, ratios(pairs), limit=HELP, ours_seconds=ours, empty_seconds=empty)]


def long_log(place: Place) -> list[Measurement]:
    """How long `show` takes with a million batches, and how much memory, in a terminal of 80×24."""
    run = _long_run(place)
    environment = place.environment() | {"TERM": "xterm-256color"}
    pairs = in_turn(
        2 if place.quick else 9,
        lambda: finish(fastai_tui("show", run), environment, terminal=True),
        lambda: finish([sys.executable, "-c", "pass"], environment),
    )
    shown: list[Finished] = [first for first, _ in pairs]
    seconds = [one.seconds for one in shown]
    against_nothing = ratios([(a.seconds, b.seconds) for a, b in pairs])
    about = "`fastai-tui show` of a run of a million batches"
    details: dict[str, Any] = {"times_an_empty_python": against_nothing, "bytes_shown": len(shown[0].output)}
    peaks = [one.peak / 1e6 for one in shown]
    return [
        measured("long_log", about, seconds, unit="s", limit=OPENING, **details),
        measured("long_log_memory", f"the most memory of {about}", peaks, unit="MB", limit=MEMORY),
    ]


def _long_run(place: Place) -> str:
    """The id of a run of a million batches, written by a process of its own: the memory of whoever starts a process is
    counted as the process's, so this one must stay small."""
    place.say("writing a run of a million batches")
    made = finish([sys.executable, "-m", "fastai_tui.app.bench.long_run", str(place.home)], place.environment())
    return Path(made.output.decode().strip()).name
