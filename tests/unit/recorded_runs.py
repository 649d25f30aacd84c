"""Real runs, as they recorded themselves: what the automatic reading is tried on.

They stand in `tests/golden/recorded_runs.json`, thinned and rounded: rows 1 to 5 of the course's stability table with
several seeds, and runs that fail in other ways. Each entry has the settings that it was trained with. Made anew from
the runs in `$FASTAI_TUI_HOME`, by their names, with

    python -m tests.unit.recorded_runs RUN…
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fastai_tui.engine import events
from fastai_tui.engine.recorded import Inside, Record, guess_of
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.lessons.experiments import order

FILE = Path(__file__).parent.parent / "golden" / "recorded_runs.json"
CHOICES = {"norm": ("batch", "none"), "schedule": ("flat", "linear", "cosine", "1cycle", "sgdr")}
COLUMNS = 130  # of the near-zero shares that are kept of a run: about as many as the short ones have batches
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5")
DIGITS = events.DataFacts(
    name="mnist", source="full", train=60_000, valid=10_000, classes=[str(digit) for digit in range(10)]
)


@cache
def recorded() -> dict[str, Any]:
    """Every run by its name, as it stands in the file."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def accuracy(name: str) -> float:
    """What the run came to."""
    return float(recorded()[name]["epochs"][-1][3])


def record(name: str, *, inside: bool = True) -> Record:
    """A run's record, with or without what happened inside it."""
    found = recorded()[name]
    shares = Inside(LAYERS, np.array(found["near_zero"]), found["span"])
    return Record(
        losses=np.array(found["losses"]),
        rates=_rates(found),
        total=len(found["losses"]),
        epochs=_epochs(found),
        inside=shares if inside else None,
        settings=found["settings"],
        choices=CHOICES,
        guess=guess_of(DIGITS),
    )


def _epochs(found: dict[str, Any]) -> list[events.Epoch]:
    return [
        events.Epoch(
            time=1.7e9 + i,
            step=int(step),
            epoch=i,
            train_loss=train,
            valid_loss=valid,
            metrics={"accuracy": share},
            seconds=8.0,
        )
        for i, (step, train, valid, share) in enumerate(found["epochs"])
    ]


def make_run(name: str) -> Run:
    """The run in a folder of its own, as if it had been trained here."""
    found = recorded()[name]
    epochs, count = _epochs(found), len(found["losses"])
    settings = {key: value for key, value in found["settings"].items() if key not in ("lr",)}
    job = order("mnist", {**settings, "lr": found["settings"]["lr"], "activations": "on"}, epochs=len(epochs),
                data="mnist-sample")  # fmt: skip
    run = RunStore().create(job, "", ["fastai-tui", "train", "mnist"])
    _complete(run, count)
    writer = RunWriter(run.path, 1, len(LAYERS))
    writer.emit(
        events.RunStarted(time=1.7e9, run=run.id, experiment="mnist", settings=job.settings, seed=42,
                          epochs=len(epochs), device="cpu", data=DIGITS, parameters=30_282,
                          batches_per_epoch=count // len(epochs), versions={})
    )  # fmt: skip
    for epoch in epochs:
        writer.emit(epoch)
    writer.flush(1, _rows(found), _stats(found))
    writer.last_words(
        events.RunEnded(time=1.7e9 + 99, step=count, epoch=len(epochs) - 1, reason="finished", message="Finished.",
                        seconds=9.0)
    )  # fmt: skip
    return run


def _complete(run: Run, count: int) -> None:
    import msgspec

    from fastai_tui.engine.home import write_whole
    from fastai_tui.engine.runs import spec

    made = msgspec.structs.replace(run.spec, layers=list(LAYERS), device="cpu", total_batches=count)
    write_whole(run.path / "run.json", spec.encode(made))


def _rows(found: dict[str, Any]) -> dict[str, np.ndarray]:
    losses = np.array(found["losses"])
    count = len(losses)
    return {
        "time": 1.7e9 + np.arange(count) / 100,
        "epoch": np.arange(count) * len(found["epochs"]) // count,
        "momentum": np.full(count, 0.9),
        "lr": _rates(found)[:, None],
        "loss": losses,
        "smooth_loss": losses,
        "samples_per_second": np.full(count, 6000.0),
    }


def _stats(found: dict[str, Any]) -> np.ndarray:
    shares = np.repeat(np.array(found["near_zero"]), found["span"], axis=0)
    count = len(found["losses"])
    shares = np.concatenate([shares, np.repeat(shares[-1:], max(count - len(shares), 0), axis=0)])[:count]
    stats = np.zeros((count, len(LAYERS), 44))
    stats[:, :, 2], stats[:, :, 3] = shares, 1000
    return stats


def _once(rates: list[float]) -> list[float]:
    """A rate that is always the same, once."""
    return rates[:1] if len(set(rates)) == 1 else rates


def _rates(found: dict[str, Any]) -> np.ndarray:
    return np.broadcast_to(np.array(found["rates"]), len(found["losses"]))


def main(names: list[str]) -> None:
    """Write the file anew."""
    from fastai_tui.engine.runs.record import record_of

    made = {name: _thinned(record_of(RunStore().find(name))) for name in names}
    lines = [f"{json.dumps(name)}: {json.dumps(found, separators=(',', ':'))}" for name, found in made.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _thinned(found: Record) -> dict[str, Any]:
    assert found.inside is not None
    span = -(-len(found.inside.near_zero) // COLUMNS)
    whole = len(found.inside.near_zero) // span * span
    shares = found.inside.near_zero[:whole].reshape(-1, span, len(found.inside.layers)).mean(1)
    usual = order("mnist", {}, data="mnist-sample").settings
    known = {key: value for key, value in found.settings.items() if key in usual and key != "activations"}
    return {
        "settings": known,
        "span": span,
        "losses": [float(f"{loss:.5g}") for loss in found.losses],
        "rates": _once([float(f"{rate:.3g}") for rate in found.rates]),
        "near_zero": [[round(float(share), 3) for share in column] for column in shares],
        "epochs": [[e.step, e.train_loss, e.valid_loss, e.metrics["accuracy"]] for e in found.epochs],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
