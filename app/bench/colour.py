"""An epoch of colour images through `fastai-tui train`, against the frozen bare loop: same network, images, threads."""

import sys
from pathlib import Path

import msgspec

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import fastai_tui, finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import Trained, read_events, same_threads, settings

PROMISED = 1.05
DATA = "colour-digits"
RECIPE = {
    "model": "skips",
    "bs": "256",
    "lr": "0.05",
    "schedule": "1cycle",
    "augment": "standard",
    "activations": "off",
}


def epoch_cifar(place: Place, device: str = "cpu") -> list[Measurement]:
    """What the engine, its recorder and its log cost a residual network, whose batch norm is torch's on both sides; and
    what batch norm by hand costs on top."""
    images, (environment, count) = _images(place), same_threads()
    epochs = (1 if place.quick else 3) * (1 if device == "cpu" else 20)
    script = [sys.executable, str(place.reference / "bare_cifar.py"), str(images), str(epochs)]
    bare = [*script, "--threads", str(count), "--device", device]

    def theirs() -> Trained:
        done = finish(bare, environment)
        told = msgspec.json.decode(done.output)
        return Trained(told["seconds"], told["results"][-1][1], done.seconds)

    times, prefix = 1 if place.quick else 5, "" if device == "cpu" else "gpu_"
    pairs = in_turn(times, lambda: _ours(place, epochs, "torch", device), theirs)
    by_hand = in_turn(1 if place.quick else 3, lambda: _ours(place, epochs, "running", device), theirs)
    about = "an epoch of a residual network on colour images ÷ the bare loop's"
    return [
        measured(
            f"{prefix}epoch_cifar",
            about,
            ratios([(a.seconds, b.seconds) for a, b in pairs]),
            limit=PROMISED,
            device=device,
            threads=count,
            epochs=epochs,
            ours_seconds=[a.epochs for a, _ in pairs],
            bare_seconds=[b.epochs for _, b in pairs],
            best_epochs=min(min(a.epochs) for a, _ in pairs) / min(min(b.epochs) for _, b in pairs),
            accuracy=[(a.accuracy, b.accuracy) for a, b in pairs],
        ),
        measured(
            f"{prefix}epoch_cifar_by_hand",
            f"{about}, ours with batch norm by hand",
            ratios([(a.seconds, b.seconds) for a, b in by_hand]),
            ours_seconds=[a.epochs for a, _ in by_hand],
            bare_seconds=[b.epochs for _, b in by_hand],
        ),
    ]


def _ours(place: Place, epochs: int, statistics: str, device: str) -> Trained:
    command = ["train", "cifar10", "--data", DATA, "--epochs", str(epochs), "--device", device, "--json"]
    done = finish(fastai_tui(*command, *settings(RECIPE | {"statistics": statistics})), place.environment())
    return read_events(done.output, done.seconds)


def _images(place: Place) -> Path:
    """The images as arrays in a folder, for what does not know the catalogue."""
    import numpy as np

    from fastai_tui.engine.data import store

    folder = place.home / DATA
    if not folder.exists():
        folder.mkdir()
        found = store.images(DATA)
        for name in ("train_images", "train_labels", "valid_images", "valid_labels"):
            np.save(folder / f"{name}.npy", getattr(found, name))
    return folder
