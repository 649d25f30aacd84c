"""The same network on the same images with fastai, as its book feeds it: PNG files, decoded one by one, every epoch."""

import subprocess
from pathlib import Path

import msgspec

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.processes import finish
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import ours
from fastai_tui.engine.errors import DataMissing

PLAIN, STATISTICS = 30.0, 20.0  # times as fast, at least: what the project promises
IMPORT = "from importlib.metadata import version; import fastai.vision.all; print(version('fastai'))"


def fastai_version(python: str) -> str:
    """The version of fastai that the interpreter `python` has. Raises `DataMissing` if it has none that works."""
    try:
        asked = subprocess.run([python, "-c", IMPORT], capture_output=True, text=True, check=False, timeout=300)
    except OSError as error:
        raise DataMissing(f"{python} cannot be started ({error.strerror}); name a Python with --peer-python.") from None
    if asked.returncode:
        why = (asked.stderr.strip().splitlines() or ["it did not say why"])[-1]
        raise DataMissing(
            f"fastai does not work with {python} ({why}); `{python} -m pip install fastai` puts it there, "
            "or name another interpreter with --peer-python."
        )
    return asked.stdout.strip()


def peer_epoch(place: Place) -> list[Measurement]:
    """How many times faster an epoch is."""
    return [_against(place, "peer_epoch", "fastai's epoch of full MNIST ÷ ours", PLAIN, "off", [])]


def peer_epoch_with_statistics(place: Place) -> list[Measurement]:
    """The same with statistics and histograms of the five convolutions on both sides."""
    about = "fastai's epoch with ActivationStats(with_hist=True) ÷ ours with statistics"
    return [_against(place, "peer_epoch_with_statistics", about, STATISTICS, "on", ["--statistics"])]


def _against(place: Place, name: str, about: str, limit: float, activations: str, options: list[str]) -> Measurement:
    data = place.mnist()
    pairs = in_turn(
        1 if place.quick else 2,
        lambda: _fastai(place, data, options),
        lambda: ours(place, data, 1, device="auto", activations=activations),
    )
    return measured(
        name,
        about,
        ratios([(theirs["seconds"], mine.seconds) for theirs, mine in pairs]),
        limit=limit,
        at_least=True,
        fastai=[theirs for theirs, _ in pairs],
        ours_seconds=[mine.seconds for _, mine in pairs],
        ours_accuracy=[mine.accuracy for _, mine in pairs],
    )


def _fastai(place: Place, data: Path, options: list[str]) -> dict:
    """Seconds, accuracy and versions. The first time it also writes the PNG files, which is not timed."""
    script = str(place.reference / "fastai_mnist.py")
    place.say("training with fastai, which takes minutes")
    done = finish([place.peer_python, script, str(data), str(place.home / "png"), *options], place.environment())
    told: dict = msgspec.json.decode(done.output.splitlines()[-1])
    return told
