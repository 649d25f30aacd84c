"""The settings of `cifar10`, its presets, and which of its networks take which. Free of torch."""

from collections.abc import Mapping

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.settings import Schema, Setting, Value
from fastai_tui.lessons.experiments.settings import training

UNLISTED = "unlisted"  # the linear one with its layers in a plain list: there is nothing to train
PLAIN = ("linear", "conv", "layers", UNLISTED)  # have no norm
NORMED = ("norm", "deep", "skips", "wide")
BLOCKS = ("resnet", "preact")
FAST = "fast"
MODELS = (*PLAIN, *NORMED, *BLOCKS, FAST)
OWN_ORDER = (*BLOCKS, FAST)  # their norm stands where their block wants it, before the ReLU
GROUPS = {**dict.fromkeys(PLAIN, 2), UNLISTED: 1} | dict.fromkeys((*NORMED, *BLOCKS, FAST), 3)
EPOCHS = 4
ORDERS, STATISTICS = ("after", "before", "none"), ("running", "last", "batch", "torch")
WITH_DEPTH, WITH_DROPOUT = ("deep", "skips", "wide", *BLOCKS), ("wide", *BLOCKS)
LONG = ("skips", "wide")  # have a third stage in the course

# With 1cycle
_RATES = dict.fromkeys(MODELS, 0.05) | {"linear": 0.01, UNLISTED: 0.01, "conv": 0.1, "layers": 0.1, "norm": 0.1}
_COURSE = dict.fromkeys(MODELS, 1e-2) | {"conv": 0.1, "layers": 0.1, "norm": 0.1, "resnet": 0.1, "preact": 0.1}
_DECAY = {"skips": 1e-5, "wide": 1e-6, "resnet": 5e-4, "preact": 5e-4}
_CYCLES = {"conv": (4, 1), "norm": (4, 1), "skips": (3, 2), "wide": (3, 2), "resnet": (3, 2), "preact": (3, 2)}
_FAST: dict[str, Value] = {
    "bs": 1024,
    "opt": "nesterov",
    "momentum": 0.85,
    "lr": 1.5,
    "wd": 1.3e-3,
    "schedule": "linear",
    "warm_up": 0.2,
    "epochs": 16,
    "statistics": "torch",
    "pad": 2,
}
STEPS: dict[str, Value] = {  # what twelve years changed, all of it
    "whiten": "on",
    "act": "gelu",
    "scale": 0.1111,
    "start": "identity",
    "smoothing": 0.2,
    "flip": "alternating",
    "averaging": "lookahead",
    "tta": "crops",
}
# For a few thousand images, of digits perhaps, which are not to be flipped. On colour-digits the linear net
# comes to .40, strided convolutions to .65, batch norm to .85.
_QUICK: dict[str, Value] = {"bs": 32, "epochs": 6, "augment": "none"}


def _presets() -> dict[str, dict[str, Value]]:
    """What goes with a preset and a model. `first` is the course's first stage, with which `second` and `third`
    begin."""
    found: dict[str, dict[str, Value]] = {}
    for model in MODELS:
        own: dict[str, Value] = {"wd": _DECAY.get(model, 0.0), "dropout": 0.2 if model == "wide" else 0.0}
        own["norm"] = "none" if model in PLAIN else "before" if model in OWN_ORDER else "after"
        usual = own | {"lr": _RATES[model]}
        cycles, mult = _CYCLES.get(model, (2, 1))
        first = own | {"lr": _COURSE[model] * (0.3 if model == "norm" else 1), "schedule": "flat", "epochs": 2}
        second = own | {
            "lr": _COURSE[model],
            "schedule": "sgdr",
            "flat_epochs": 2,
            "cycles": cycles,
            "cycle_mult": mult,
        }
        second["flat_factor"] = 0.3 if model == "norm" else 1.0
        found |= {f"usual/{model}": usual, f"quick/{model}": usual | _QUICK}
        if model not in PLAIN:
            found[f"quick/{model}"]["lr"] = 0.02  # .05 ends at .83 for norm, .1 at .68
        found |= {f"first/{model}": first, f"second/{model}": second}
        found[f"third/{model}"] = second | {"cycles": 8, "cycle_len": 4, "cycle_mult": 1}
    fast = found[f"usual/{FAST}"] | _FAST
    found |= {f"usual/{FAST}": fast | STEPS, f"bare/{FAST}": fast}
    found[f"quick/{FAST}"] = fast | STEPS | _QUICK | {"bs": 128, "lr": 0.5, "tta": "off"}
    return found


PRESETS = _presets()

_NETWORK = (
    Setting(
        name="preset",
        kind="choice",
        default="usual",
        choices=("usual", "first", "second", "third", "quick", "bare"),
        about="what is not given: one cycle; two epochs as in the course, with its cycles after them, or with its long "
        "ones; quick for a few thousand images, not augmented; or fast without any of its steps",
    ),
    Setting(
        name="statistics",
        kind="choice",
        default="running",
        choices=STATISTICS,
        about="batch norm by hand, in evaluation with running averages, the last batch's numbers or each batch's own; "
        "or torch's",
    ),
    Setting(
        name="depth",
        kind="int",
        default=0,
        low=0,
        high=50,
        about="layers (or blocks) in a group; 0: as many as the network has in the course",
    ),
    Setting(name="width", kind="float", default=1.0, low=0.1, high=8, about="what the channels are multiplied by"),
    Setting(
        name="dropout",
        kind="float",
        default=0.0,
        low=0,
        high=0.95,
        about="the share left out before the last layer",
    ),
    Setting(name="whiten", kind="choice", default="off", choices=("off", "on"), about="a first layer that whitens"),
    Setting(name="act", kind="choice", default="relu", choices=("relu", "gelu"), about="fast's activation function"),
    Setting(
        name="scale", kind="float", default=1.0, low=0.001, high=100, about="what fast's outputs are multiplied by"
    ),
    Setting(
        name="start",
        kind="choice",
        default="usual",
        choices=("usual", "identity"),
        about="fast's convolutions begin with random weights, or by handing on what they are given",
    ),
    Setting(name="skip", kind="choice", default="off", choices=("off", "on"), about="fast's groups have skips"),
)
_LEARNING = (
    Setting(
        name="flat_epochs",
        kind="int",
        default=0,
        low=0,
        high=1000,
        about="with sgdr: so long at a flat rate before the first cycle",
        unit="epochs",
    ),
    Setting(
        name="flat_factor",
        kind="float",
        default=1.0,
        low=0.001,
        high=1000,
        about="with sgdr: that flat rate ÷ the cycles' highest",
    ),
    Setting(
        name="smoothing",
        kind="float",
        default=0.0,
        low=0,
        high=0.9,
        about="label smoothing: the share of a target that is spread over all classes",
    ),
    Setting(
        name="averaging",
        kind="choice",
        default="none",
        choices=("none", "lookahead", "ema"),
        about="weights averaged over training",
    ),
)
_IMAGES = (
    Setting(
        name="augment",
        kind="choice",
        default="standard",
        choices=("standard", "flip", "none"),
        about="training images flipped, padded and cropped; flipped; or as they are",
    ),
    Setting(
        name="flip",
        kind="choice",
        default="random",
        choices=("random", "alternating"),
        about="half of the images each epoch, at random, or every image every other epoch",
    ),
    Setting(name="pad", kind="int", default=4, low=0, high=64, about="padding before cropping", unit="pixels"),
    Setting(
        name="padding",
        kind="choice",
        default="reflect",
        choices=("reflect", "zero"),
        about="with the image's own reflection, or with black",
    ),
    Setting(
        name="size",
        kind="int",
        default=0,
        low=0,
        high=512,
        about="the side that a folder's images are brought to; 0: as they are, 32 where they differ",
        unit="pixels",
    ),
    Setting(
        name="tta",
        kind="choice",
        default="off",
        choices=("off", "flip", "crops"),
        about="at the end, answers averaged over an image and its reflection, or over shifted crops of both",
    ),
)


def _schema() -> Schema:
    common = training(models=("skips", *(m for m in MODELS if m != "skips")), norms=ORDERS, bs=256, lr=0.05)
    common = common.but(opt="sgd", wd=0.0, decay="coupled")
    settings = common.changed(
        norm={"about": "batch norm after the ReLU, as in the course, before it, or none"},
        opt={"choices": ("sgd", "nesterov", "adam")},
        bn_freeze={"about": "the norms' running statistics stay as they are, and are used in training"},
    ).settings
    return Schema((*settings[:2], *_NETWORK, *settings[2:], *_LEARNING, *_IMAGES))


SCHEMA = _schema()
_FAST_ONLY = ("whiten", "act", "scale", "start", "skip")


def check(chosen: Mapping[str, Value]) -> None:
    """Raises `BadInput` for values that the model has no use for."""
    model = str(chosen["model"])
    _check_preset(model, str(chosen["preset"]))
    if model in PLAIN and chosen["norm"] != "none":
        raise BadInput(f"{model} has no norm; take norm=none, or one of {', '.join(NORMED)}.")
    if model in OWN_ORDER and chosen["norm"] == "after":
        raise BadInput(f"{model}'s norms come before its ReLUs; after is for {', '.join(NORMED)}.")
    if chosen["depth"] and model not in WITH_DEPTH:
        raise BadInput(f"{model} has a depth of its own; depth is for {', '.join(WITH_DEPTH)}.")
    if chosen["dropout"] and model not in WITH_DROPOUT:
        raise BadInput(f"{model} has no dropout; dropout is for {', '.join(WITH_DROPOUT)}.")
    if other := [name for name in _FAST_ONLY if model != FAST and chosen[name] != SCHEMA[name].default]:
        raise BadInput(f"{', '.join(other)} is for model={FAST}; leave it out with {model}.")
    if chosen["bn_freeze"] == "on" and chosen["statistics"] in ("last", "batch"):
        raise BadInput(f"statistics={chosen['statistics']} keeps no running statistics; take running or torch.")


def _check_preset(model: str, preset: str) -> None:
    if preset == "bare" and model != FAST:
        raise BadInput(f"preset=bare is for model={FAST}; take usual with {model}.")
    if preset in ("first", "second", "third") and model == FAST:
        raise BadInput(f"The course has no stages for {FAST}; take preset=usual, or bare to add its steps one by one.")
    if preset == "third" and model not in LONG:
        raise BadInput(f"The course has a third stage for {' and '.join(LONG)} alone; take preset=second.")
