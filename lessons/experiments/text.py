"""The settings of `char-lm`, its presets, and which of its networks take which. Free of torch."""

from collections.abc import Mapping

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.settings import Schema, Setting, Value
from fastai_tui.lessons.experiments.settings import training

WINDOWS = ("three", "loop", "concat", "rnn", "seq")  # begin anew with every window
STATEFUL = ("stateful", "cell", "gru", "gru-by-hand", "lstm", "lstm-by-hand")  # carry their state on
LAYERED = ("stateful", "gru", "lstm")  # can have several layers, and dropout between them
IDENTITY = ("rnn", "seq", "stateful")  # can begin with the identity
EPOCHS, GROUPS = 4, 3
PRESETS: dict[str, dict[str, Value]] = {
    "full/gru": {"epochs": 9, "schedule": "step", "drops": 1, "drop_from": 0.6667},  # six epochs, then three
    "full/lstm": {
        "hidden": 512,
        "n_layers": 2,
        "dropout": 0.5,
        "lr": 1e-2,
        "wd": 1e-5,
        "schedule": "sgdr",
        "cycles": 4,
        "cycle_mult": 2,
    },
    "quick": {"hidden": 128, "epochs": 3, "lr": 5e-3, "schedule": "1cycle"},
    "quick/lstm": {"n_layers": 2, "dropout": 0.1},
}

_OWN = (
    Setting(
        name="preset",
        kind="choice",
        default="full",
        choices=("full", "quick"),
        about="what is not given: sizes and epochs as in the course, or small ones for a minute or two on a CPU",
    ),
    Setting(name="hidden", kind="int", default=256, low=1, high=8192, about="size of the state", unit="numbers"),
    Setting(name="emb", kind="int", default=42, low=1, high=4096, about="numbers that stand for a character"),
    Setting(
        name="bptt",
        kind="int",
        default=8,
        low=1,
        high=2048,
        about="characters that gradients go back through, about; the window's length where no state is carried",
        unit="characters",
    ),
    Setting(name="n_layers", kind="int", default=1, low=1, high=8, about="recurrent layers", unit="layers"),
    Setting(
        name="dropout",
        kind="float",
        default=0.0,
        low=0,
        high=0.95,
        about="the share left out between recurrent layers",
    ),
    Setting(
        name="carry",
        kind="choice",
        default="on",
        choices=("on", "off"),
        about="the state goes on from batch to batch, or begins anew",
    ),
    Setting(
        name="init",
        kind="choice",
        default="usual",
        choices=("usual", "identity"),
        about="how the matrix from state to state begins",
    ),
    Setting(
        name="min_freq",
        kind="int",
        default=3,
        low=1,
        high=1_000_000,
        about="rarer characters are one, <unk>",
        unit="times",
    ),
)


def _schema() -> Schema:
    common = training(
        models=("gru", *WINDOWS, *(name for name in STATEFUL if name != "gru")), bs=64, lr=1e-3, groups=GROUPS
    )
    common = common.but(schedule="flat", warm_up=0.0, wd=0.0)
    settings = common.changed(
        bs={"about": "streams, or windows, side by side in a batch", "unit": "streams"},
        loader={"choices": ("resident",), "about": "the text is kept on the device as numbers"},
    ).settings
    return Schema((settings[0], *_OWN, *settings[1:]))


SCHEMA = _schema()


def check(chosen: Mapping[str, Value]) -> None:
    """Raises `BadInput` for values that the model has no use for."""
    model = str(chosen["model"])
    if int(chosen["n_layers"]) > 1 and model not in LAYERED:  # type: ignore[arg-type]
        raise BadInput(f"{model} has one layer; n_layers is for {', '.join(LAYERED)}.")
    if chosen["dropout"] and (model not in LAYERED or chosen["n_layers"] == 1):
        raise BadInput(f"dropout lies between layers: take dropout=0, or n_layers=2 or more of {', '.join(LAYERED)}.")
    if chosen["carry"] == "off" and model not in STATEFUL:
        raise BadInput(f"{model} carries no state; carry=off is for {', '.join(STATEFUL)}.")
    if chosen["init"] == "identity" and model not in IDENTITY:
        raise BadInput(f"{model} begins as usual; init=identity is for {', '.join(IDENTITY)}.")
