"""An epoch of colour images through `fastai-tui train`, against the frozen bare loop: same network, images, threads."""

from pathlib import Path

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import Trained, best_epochs, by_command, by_script, details, named, same_threads

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
    images, (environment, count) = _images(place), same_threads(spare=0)
    epochs = (1 if place.quick else 3) * (1 if device == "cpu" else 20)

    def mine(statistics: str) -> Trained:
        return by_command(place, "cifar10", DATA, epochs, RECIPE | {"statistics": statistics}, device=device)

    def theirs() -> Trained:
        return by_script(place, "bare_cifar.py", [images, epochs], environment, device=device, threads=count)

    pairs = in_turn(1 if place.quick else 5, lambda: mine("torch"), theirs)
    by_hand = in_turn(1 if place.quick else 3, lambda: mine("running"), theirs)
    about = "an epoch of a residual network on colour images ÷ the bare loop's"
    return [
        measured(
            named("epoch_cifar", device),
            about,
            ratios([(a.seconds, b.seconds) for a, b in pairs]),
            limit=PROMISED,
            device=device,
            threads=count,
            epochs=epochs,
            **details(pairs),
            best_epochs=best_epochs(pairs),
        ),
        measured(
            named("epoch_cifar_by_hand", device),
            f"{about}, ours with batch norm by hand",
            ratios([(a.seconds, b.seconds) for a, b in by_hand]),
            **details(by_hand),
        ),
    ]


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
