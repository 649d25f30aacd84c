"""400 characters from an LSTM of 512×2, asked of the lab as `sample` asks, against the frozen bare loop."""

import asyncio
import sys
import time
from pathlib import Path
from statistics import median

import msgspec

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import fastai_tui, finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import same_threads, settings
from fastai_tui.app.writing import Writing, piece
from fastai_tui.engine import client
from fastai_tui.engine.lab_client import Lab
from fastai_tui.engine.manner import Manner

LIMIT = 1.2  # what the project promises
CHARACTERS, TEXTS = 400, 3
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'()-[]{}*/+"  # 53, as many as Nietzsche's text has
SETTINGS = {"model": "lstm", "preset": "full", "hidden": "512", "n_layers": "2", "bs": "4", "schedule": "flat"}


def sample(place: Place) -> list[Measurement]:
    """What choosing, telling and asking in pieces cost on top of the network."""
    environment, count = same_threads()
    _train(place)
    script = [sys.executable, str(place.reference / "bare_sample.py"), "--threads", str(count), "--times", str(TEXTS)]

    def bare() -> list[float]:
        seconds: list[float] = msgspec.json.decode(finish(script, environment).output)
        return seconds

    pairs = in_turn(1 if place.quick else 3, lambda: asyncio.run(_ours(place.home)), bare)
    about = "400 characters of an LSTM of 512×2 ÷ the bare loop's"
    return [
        measured(
            "sample",
            about,
            ratios([(median(a), median(b)) for a, b in pairs]),
            limit=LIMIT,
            threads=count,
            ours_seconds=[a for a, _ in pairs],
            bare_seconds=[b for _, b in pairs],
        )
    ]


def _train(place: Place) -> None:
    """A run with such a network; a few batches are enough."""
    path = place.home / "letters.txt"
    path.write_text((LETTERS + "\n") * 20)
    command = ["train", "char-lm", "--data", str(path), "--epochs", "1", "--device", "cpu", "--json"]
    finish(fastai_tui(*command, *settings(SETTINGS)), place.environment())


async def _ours(home: Path) -> list[float]:
    """Seconds of each text, from a lab that has the network already."""
    lab = Lab(command=["env", f"FASTAI_TUI_HOME={home}", *client.COMMAND])
    try:
        await _text(lab, 0)
        return [await _text(lab, seed) for seed in range(1, TEXTS + 1)]
    finally:
        await lab.close()


async def _text(lab: Lab, seed: int) -> float:
    manner, writing, began = Manner(seed=seed), Writing(), time.perf_counter()
    while (left := CHARACTERS - len(writing.characters)) > 0:
        answer = await lab.ask(
            "write", source="last", prompt="", written=writing.numbers, length=left, manner=manner, top=0
        )
        writing = writing.grown(piece(answer))
    return time.perf_counter() - began
