"""The settings of `dogscats` and `dogbreeds`, which stand on a pretrained network, and their presets. Free of torch."""

from collections.abc import Collection, Mapping

from fastai_tui.engine.backbones import BACKBONES, EMBEDDED, USUAL, backbone
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.settings import Schema, Setting, Value
from fastai_tui.lessons.experiments.settings import training

MODELS = (EMBEDDED, *USUAL, *(name for name in BACKBONES if name not in USUAL))
GROUPS, EPOCHS = 3, 3  # early, late, head
TRUNK = 2  # groups, all but the head
WITHOUT_PIXELS = "photo-activations"
STAND_IN = "colour-digits"  # where there are no photos, and pictures are wanted
FEW = 2000  # of its digits, unless more are asked for: a CPU core takes half a minute for them, all layers learning
SIZE = 224  # pixels across, which most of these networks were trained with
RATES: Value = [1e-4, 1e-3, 1e-2]  # the earlier a layer, the less of it needs to change

_CYCLES: dict[str, Value] = {"precompute": "off", "augment": "side-on", "schedule": "sgdr", "cycles": 3}
PRESETS: dict[str, dict[str, Value]] = {
    "head": {"epochs": EPOCHS},
    "augmented": _CYCLES,
    "unfrozen": _CYCLES | {"freeze": 0, "lr": RATES, "cycle_mult": 2},
    "larger": _CYCLES | {"size": 299},
    "quick": {"precompute": "off", "augment": "side-on", "size": 96, "epochs": 1},
}

_NETWORK = (
    Setting(
        name="preset",
        kind="choice",
        default="head",
        choices=tuple(PRESETS),
        about="what is not given: the head on precomputed activations; with augmentation; all layers, at three rates; "
        "on larger pictures; or one epoch on small pictures",
    ),
    Setting(
        name="weights",
        kind="text",
        default="",
        about="what the network's trunk begins with; nothing: what torchvision has",
        unit="the path of a file of weights, or none for random ones",
    ),
    Setting(
        name="head",
        kind="choice",
        default="concat",
        choices=("concat", "linear", "cam"),
        about="two layers on averages and maxima; one layer on averages; or a convolution, whose maps say where",
    ),
    Setting(name="kernel", kind="choice", default="3", choices=("3", "1"), about="with head=cam: its kernel's side"),
    Setting(
        name="dropout", kind="float", default=0.5, low=0, high=0.95, about="the share left out before the last layer"
    ),
    Setting(
        name="precompute",
        kind="choice",
        default="on",
        choices=("on", "off"),
        about="what the trunk makes of each picture is computed once and kept; or anew in every epoch",
    ),
)
_PICTURES = (
    Setting(
        name="augment",
        kind="choice",
        default="none",
        choices=("none", "basic", "side-on", "top-down"),
        about="training pictures as they are; varied, but never flipped; or as photos taken from the side, or from "
        "above",
    ),
    Setting(
        name="rotate", kind="float", default=10.0, low=0, high=45, about="turned by so much at most", unit="degrees"
    ),
    Setting(name="zoom", kind="float", default=1.1, low=1, high=2, about="enlarged by so much at most"),
    Setting(name="light", kind="float", default=0.05, low=0, high=0.5, about="lighter or darker by this share at most"),
    Setting(name="contrast", kind="float", default=0.05, low=0, high=0.5, about="and its contrast, by this share"),
    Setting(name="warp", kind="float", default=0.0, low=0, high=0.5, about="seen from the side by so much at most"),
    Setting(
        name="size",
        kind="int",
        default=SIZE,
        low=64,
        high=320,
        about="the side of the pictures that the network sees",
        unit="pixels",
    ),
    Setting(
        name="photos",
        kind="int",
        default=0,
        low=0,
        high=10_000,
        about="so many pictures to train on at most, and half as many to validate, evenly taken; 0: all of them",
        unit="pictures",
    ),
    Setting(
        name="tta",
        kind="choice",
        default="off",
        choices=("off", "random"),
        about="at the end, answers averaged over each picture and four augmented views of it",
    ),
    Setting(
        name="begin",
        kind="text",
        default="",
        about="the run whose weights training begins with, of the same network; nothing: a new head",
        unit="a run, as `fastai-tui runs` names it, or newest: the newest finished one that fits",
    ),
)


def _schema() -> Schema:
    common = training(models=MODELS, norms=("own",), bs=64, lr=1e-2, schedule="flat", groups=GROUPS)
    settings = common.changed(
        model={"about": "the pretrained network; embedded comes with the program"},
        norm={"about": "the pretrained network's"},
        freeze={"default": TRUNK},
        wd={"default": 1e-4},
        opt={"default": "sgd"},  # as fast.ai 0.7 unless told otherwise: the rates are meant for it
        bn_freeze={"about": "the norms' running statistics stay as they are, and are used in training"},
        loader={"choices": ("resident",), "about": "pictures kept on the device, if they fit"},
    ).settings
    return Schema((settings[0], *_NETWORK, *settings[1:], *_PICTURES))


SCHEMA = _schema()


def known(settings: Mapping[str, object]) -> None:
    """Raises `BadInput` for a model that is none, naming some that are."""
    name = settings.get("model", EMBEDDED)
    if name not in MODELS:
        backbone(f"{name}"[:60])


def check(chosen: Mapping[str, Value]) -> None:
    """Raises `BadInput` for values that do not go together."""
    if chosen["kernel"] != "3" and chosen["head"] != "cam":
        raise BadInput("kernel is for head=cam; leave it out with another head.")
    if chosen["precompute"] == "off":
        return
    if chosen["freeze"] != TRUNK:
        raise BadInput(
            f"While activations are precomputed, the head alone can learn: take freeze={TRUNK}, or precompute=off."
        )
    if chosen["weights"] == "none":
        raise BadInput(
            "weights=none are other ones each time, so that nothing can be kept of them: take precompute=off."
        )
    if chosen["tta"] != "off":
        raise BadInput(
            "tta shows the network pictures, and with precompute=on none pass through it: take precompute=off."
        )


def without_photos(chosen: Mapping[str, Value]) -> str:
    """The embedded data that serve where there are no photos: activations, as far as they do, or else digits."""
    return STAND_IN if _wanting(chosen) else WITHOUT_PIXELS


def fitted(chosen: Mapping[str, Value], given: Collection[str], data: str) -> dict[str, Value]:
    """The settings for those data, of which some were `given`. The digits are not flipped, for a reflected 2 is no 2,
    and no more of them are taken than a lesson has time for."""
    if data != STAND_IN:
        return dict(chosen)
    own: dict[str, Value] = {"photos": FEW}
    if chosen["augment"] == "side-on":
        own["augment"] = "basic"
    return {**chosen, **{name: value for name, value in own.items() if name not in given}}


def check_data(chosen: Mapping[str, Value], data: str) -> None:
    """Raises `BadInput` where the embedded activations do not serve."""
    if data == WITHOUT_PIXELS and (wrong := _wanting(chosen)):
        raise BadInput(
            f"{WITHOUT_PIXELS} has no pictures, only what the embedded trunk made of them at {SIZE} pixels, so "
            f"{', '.join(wrong)} needs photos: `fastai-tui data get dogscats` fetches some, or give a folder of your "
            "own with --data."
        )


def _wanting(chosen: Mapping[str, Value]) -> list[str]:
    """The settings that want photos: the embedded activations come from one network and one size, and no picture can
    be had from them."""
    own = {"model": EMBEDDED, "weights": "", "size": SIZE, "precompute": "on"}
    wrong = [f"{name}={chosen[name]}" for name, value in own.items() if chosen[name] != value]
    return wrong + (["kernel=3 (1 can be had)"] if chosen["head"] == "cam" and chosen["kernel"] != "1" else [])
