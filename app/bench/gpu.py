"""The measurements that need an NVIDIA GPU: the same epochs there, and the share of the time that it computes."""

import csv
import subprocess
from statistics import fmean
from typing import Any

from fastai_tui.app.bench import colour, photos, text, training
from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, Unavailable, measured

EVERY = 100  # milliseconds between two looks at the GPU
BUSY_FROM = 1.0  # per cent: what comes before the first and after the last such sample is not training


def name() -> str:
    """What the first GPU is called, or nothing where there is none."""
    try:
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return asked.stdout.strip().splitlines()[0] if asked.returncode == 0 and asked.stdout.strip() else ""


def gpu_epoch(place: Place) -> list[Measurement]:
    """What the engine costs there."""
    _needed()
    return training.epoch(place, "cuda")


def gpu_epoch_with_statistics(place: Place) -> list[Measurement]:
    """What recording costs there."""
    _needed()
    return training.epoch_with_statistics(place, "cuda")


def gpu_epoch_cifar(place: Place) -> list[Measurement]:
    """What the engine costs a residual network there."""
    _needed()
    return colour.epoch_cifar(place, "cuda")


def gpu_train_gru(place: Place) -> list[Measurement]:
    """A recurrent network's training there."""
    _needed()
    return text.train_gru(place, "cuda")


def gpu_train_lstm(place: Place) -> list[Measurement]:
    """A large one's, in cuDNN's fused kernels."""
    _needed()
    return text.train_lstm(place, "cuda")


def gpu_recipe(place: Place) -> list[Measurement]:
    """The whole recipe of the chapter `transfer`."""
    _needed()
    return photos.recipe(place, "cuda")


def gpu_computing(place: Place) -> list[Measurement]:
    """nvidia-smi's share of the time in which a kernel runs, between the first and the last of the training."""
    _needed()
    data, epochs = place.mnist(), 20 if place.quick else 100
    found = []
    for activations in ("off", "on"):
        watcher = subprocess.Popen(
            ["nvidia-smi", "--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", f"-lms={EVERY}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            trained = training.ours(place, data, epochs, device="cuda", activations=activations)
        finally:
            watcher.terminate()
        share = computing(watcher.communicate()[0]) / 100
        about = f"share of the time that the GPU computes, statistics {activations}"
        label = "gpu_computing" if activations == "off" else "gpu_computing_with_statistics"
        details: dict[str, Any] = {"epochs": epochs, "seconds_an_epoch": trained.seconds / epochs}
        found.append(measured(label, about, [share], unit="share", **details))
    return found


def computing(samples: str) -> float:
    """The mean of the samples (a percentage a line) from the first to the last that are not idle; 0 if all are."""
    values = [float(row[0]) for row in csv.reader(samples.splitlines()) if row and row[0].strip().isdecimal()]
    working = [i for i, value in enumerate(values) if value >= BUSY_FROM]
    return fmean(values[working[0] : working[-1] + 1]) if working else 0.0


def _needed() -> None:
    if not name():
        raise Unavailable("there is no NVIDIA GPU")
