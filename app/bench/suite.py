"""The measurements by name, in the order they are made, and the document that they end up in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fastai_tui.app.bench import (
    colour,
    crowd,
    day,
    front,
    gpu,
    lessons,
    peer,
    photos,
    text,
    training,
    watching,
    writing,
)
from fastai_tui.app.bench.machine import Machine, commit, machine
from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, Omitted, Unavailable
from fastai_tui.engine.errors import BadInput, FastaiTuiError
from fastai_tui.engine.versions import versions

Measure = Callable[[Place], list[Measurement]]

ALWAYS: dict[str, Measure] = {
    "help": front.help_,
    "long_log": front.long_log,
    "watch_bytes": watching.watch_bytes,
    "first_paint": lessons.first_paint,
    "app_keys": lessons.app_keys,
    "app_bytes": lessons.app_bytes,
    "app_slowdown": lessons.app_slowdown,
    "activations_bytes": lessons.activations_bytes,
    "activations_slowdown": lessons.activations_slowdown,
    "app_memory": day.app_memory,
    "epoch": training.epoch,
    "epoch_with_statistics": training.epoch_with_statistics,
    "epoch_cifar": colour.epoch_cifar,
    "head_epoch": photos.head_epoch,
    "decoding_cores": photos.decoding,
    "beside_busy": crowd.beside_busy,
    "train_gru": text.train_gru,
    "train_lstm": text.train_lstm,
    "sample": writing.sample,
    "gpu_epoch": gpu.gpu_epoch,
    "gpu_epoch_with_statistics": gpu.gpu_epoch_with_statistics,
    "gpu_epoch_cifar": gpu.gpu_epoch_cifar,
    "gpu_train_gru": gpu.gpu_train_gru,
    "gpu_train_lstm": gpu.gpu_train_lstm,
    "gpu_recipe": gpu.gpu_recipe,
    "gpu_computing": gpu.gpu_computing,
}
PEER: dict[str, Measure] = {
    "peer_epoch": peer.peer_epoch,
    "peer_epoch_with_statistics": peer.peer_epoch_with_statistics,
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured, on what, with which versions; `rough` if in a hurry."""

    machine: Machine
    versions: dict[str, str]
    commit: str
    rough: bool
    measurements: list[Measurement]
    omitted: list[Omitted]


def chosen(only: Sequence[str], *, with_peer: bool) -> dict[str, Measure]:
    """The measurements to make: all, or those named in `only`. Raises `BadInput` for a name that there is not."""
    known = ALWAYS | (PEER if with_peer else {})
    for name in only:
        if name not in known:
            hint = " (with --peer fastai)" if name in PEER else ""
            raise BadInput(f"There is no measurement called {name!r}{hint}; there are {', '.join(known)}.")
    return {name: measure for name, measure in known.items() if not only or name in only}


def report(place: Place, measures: Mapping[str, Measure], **more_versions: str) -> Report:
    """Make the measurements, one after the other; one that cannot be made does not keep the others from it."""
    here = machine()
    measurements: list[Measurement] = []
    omitted: list[Omitted] = []
    for number, (name, measure) in enumerate(measures.items(), 1):
        place.say(f"[{number}/{len(measures)}] {name}")
        try:
            measurements += measure(place)
        except Unavailable as error:
            omitted.append(Omitted(name=name, reason=str(error)))
        except FastaiTuiError as error:
            omitted.append(Omitted(name=name, reason=str(error), failed=True))
    return Report(
        machine=here,
        versions=versions() | more_versions,
        commit=commit(place.reference),
        rough=place.quick,
        measurements=measurements,
        omitted=omitted,
    )


def failures(made: Report) -> list[Any]:
    """What was tried in vain."""
    return [one.name for one in made.omitted if one.failed]
