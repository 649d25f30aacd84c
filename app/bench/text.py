"""An epoch of text through `fastai-tui train`, against the frozen bare loop: same network, batches and threads."""

from collections.abc import Mapping
from pathlib import Path

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import by_command, by_script, details, named, same_threads

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
    arguments = [text, model, epochs]
    pairs = in_turn(
        1 if place.quick else 3,
        lambda: by_command(place, "char-lm", text, epochs, recipe, device=device),
        lambda: by_script(place, "bare_char.py", arguments, environment, device=device, threads=count),
    )
    return measured(
        named(name, device),
        f"characters a second, {about} ÷ the bare loop's",
        ratios([(b.seconds, a.seconds) for a, b in pairs]),
        limit=PROMISED,
        at_least=True,
        device=device,
        threads=count,
        epochs=epochs,
        text_bytes=text.stat().st_size,
        **details(pairs),
    )


def _text(place: Place, size: int) -> Path:
    """The beginning of the embedded text, as a file of so many bytes at most."""
    from fastai_tui.engine.data import catalogue, store
    from fastai_tui.engine.data.idx import unpacked

    path = place.home / f"text-{size}.txt"
    if not path.exists():
        with unpacked(store.file_path(catalogue.PYDOCS, catalogue.PYDOCS.files[0])) as file:
            path.write_bytes(file.read(size))
    return path
