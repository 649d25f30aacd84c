"""An epoch of text through `fastai-tui train`, against the frozen bare loop: same network, batches and threads."""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import fastai_tui, finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import Trained, read_events, same_threads, settings

PROMISED = 0.95  # of the bare loop's characters a second
COMMON = {"bs": "64", "bptt": "8", "lr": "0.001", "wd": "0", "schedule": "flat", "activations": "off"}
GRU = COMMON | {"model": "gru", "hidden": "256"}
LSTM = COMMON | {"model": "lstm", "hidden": "512", "n_layers": "2", "dropout": "0.5"}
WHOLE, PART = 1_000_000, 60_000  # bytes of the embedded text


def train_gru(place: Place, device: str = "cpu") -> list[Measurement]:
    """A GRU of 256 units, on all of the embedded text."""
    return [_against_bare(place, "train_gru", "gru", GRU, WHOLE, "a GRU of 256", device)]


def train_lstm(place: Place, device: str = "cpu") -> list[Measurement]:
    """An LSTM of two layers with 512 units, on a part of the text where there is no GPU."""
    size = PART if device == "cpu" else WHOLE
    return [_against_bare(place, "train_lstm", "lstm", LSTM, size, "an LSTM of 512×2", device)]


def _against_bare(
    place: Place, name: str, model: str, recipe: Mapping[str, str], size: int, about: str, device: str
) -> Measurement:
    text, epochs = _text(place, size // 4 if place.quick else size), 1 if place.quick else 2
    environment, count = same_threads()
    script = [sys.executable, str(place.reference / "bare_char.py"), str(text), model, str(epochs)]
    bare = [*script, "--threads", str(count), "--device", device]
    pairs = in_turn(
        1 if place.quick else 3,
        lambda: _ours(place, text, epochs, recipe, device),
        lambda: _bare(bare, environment),
    )
    return measured(
        name if device == "cpu" else f"gpu_{name}",
        f"characters a second, {about} ÷ the bare loop's",
        ratios([(b.seconds, a.seconds) for a, b in pairs]),
        limit=PROMISED,
        at_least=True,
        device=device,
        threads=count,
        epochs=epochs,
        text_bytes=text.stat().st_size,
        ours_seconds=[a.epochs for a, _ in pairs],
        bare_seconds=[b.epochs for _, b in pairs],
        accuracy=[(a.accuracy, b.accuracy) for a, b in pairs],
    )


def _ours(place: Place, text: Path, epochs: int, recipe: Mapping[str, str], device: str) -> Trained:
    command = ["train", "char-lm", "--data", str(text), "--epochs", str(epochs), "--device", device, "--json"]
    done = finish(fastai_tui(*command, *settings(recipe)), place.environment())
    return read_events(done.output, done.seconds)


def _bare(script: list[str], environment: Mapping[str, str]) -> Trained:
    done = finish(script, environment)
    told = msgspec.json.decode(done.output)
    return Trained(told["seconds"], told["results"][-1][1], done.seconds)


def _text(place: Place, size: int) -> Path:
    """The beginning of the embedded text, as a file of so many bytes at most."""
    from fastai_tui.engine.data import catalogue, store
    from fastai_tui.engine.data.idx import unpacked

    path = place.home / f"text-{size}.txt"
    if not path.exists():
        with unpacked(store.file_path(catalogue.PYDOCS, catalogue.PYDOCS.files[0])) as file:
            path.write_bytes(file.read(size))
    return path
