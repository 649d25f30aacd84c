"""What can be trained, by name. Free of torch: an experiment's code is named here, and imported by whoever trains."""

import os
from collections.abc import Mapping

import msgspec

from fastai_tui.engine.device_names import parse_device
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Experiment, Job
from fastai_tui.engine.schedules import ends, own_warm_up
from fastai_tui.engine.settings import Value
from fastai_tui.lessons.experiments import clutter, ladder, photos, text
from fastai_tui.lessons.experiments.combinations import check
from fastai_tui.lessons.experiments.settings import training

MOST_EPOCHS, MOST_SEED = 10_000, 2**32 - 1

_MNIST_3V7 = Experiment(
    name="mnist-3v7",
    about="threes against sevens: a linear network, one that keeps its grid, and a first CNN",
    builder="fastai_tui.lessons.experiments.mnist:threes_and_sevens",
    schema=training(models=("cnn", "broken", "linear"), bs=64, lr=0.01),
    epochs=2,
    data=("mnist", "mnist-sample"),
    groups={"cnn": 3, "broken": 2, "linear": 2},
)
_MNIST = Experiment(
    name="mnist",
    about="ten digits: how training becomes stable",
    builder="fastai_tui.lessons.experiments.mnist:build",
    schema=training(models=("cnn", "cnn3x3"), norms=("batch", "none"), bs=512, lr=0.06),
    epochs=5,
    data=("mnist", "mnist-sample"),
    groups={"cnn": 3, "cnn3x3": 3},
)
_CHAR_LM = Experiment(
    name="char-lm",
    about="a network that writes: characters, from three layers drawn by hand to an LSTM",
    builder="fastai_tui.lessons.experiments.char_lm:build",
    schema=text.SCHEMA,
    epochs=text.EPOCHS,
    data=("nietzsche", "tinyshakespeare", "pydocs"),
    groups=dict.fromkeys(text.WINDOWS + text.STATEFUL, text.GROUPS),
    presets=text.PRESETS,
)
_CIFAR10 = Experiment(
    name="cifar10",
    about="small colour images: from a linear network to a residual one, and what came after",
    builder="fastai_tui.lessons.experiments.cifar10:build",
    schema=ladder.SCHEMA,
    epochs=ladder.EPOCHS,
    data=("cifar10", "colour-digits"),
    groups=ladder.GROUPS,
    presets=ladder.PRESETS,
)
_DIGIT_CLUTTER = Experiment(
    name="digit-clutter",
    about="which digit is it, among pieces of others? Five convolutions, whose maps say where they look",
    builder="fastai_tui.lessons.experiments.clutter_net:build",
    schema=clutter.SCHEMA,
    epochs=clutter.EPOCHS,
    data=("digit-clutter",),
    groups=dict.fromkeys(clutter.MODELS, clutter.GROUPS),
)
_DOGSCATS = Experiment(
    name="dogscats",
    about="dogs against cats: a new head on a network that has seen a million photos",
    builder="fastai_tui.lessons.experiments.photo_nets:build",
    schema=photos.SCHEMA,
    epochs=photos.EPOCHS,
    data=("dogscats", photos.WITHOUT_PIXELS, photos.STAND_IN),
    groups=dict.fromkeys(photos.MODELS, photos.GROUPS),
    presets=photos.PRESETS,
)
_DOGBREEDS = msgspec.structs.replace(
    _DOGSCATS,
    name="dogbreeds",
    about="120 breeds of dogs: the same recipe on photos of one's own",
    data=("dogbreeds", photos.WITHOUT_PIXELS, photos.STAND_IN),
)
_ALL = (_MNIST_3V7, _MNIST, _CHAR_LM, _CIFAR10, _DIGIT_CLUTTER, _DOGSCATS, _DOGBREEDS)
EXPERIMENTS: Mapping[str, Experiment] = {e.name: e for e in _ALL}


def experiment(name: str) -> Experiment:
    """The experiment called `name`. Raises `BadInput`, naming those there are."""
    try:
        return EXPERIMENTS[name]
    except KeyError:
        shown = "".join(c if c.isprintable() else "?" for c in name[:40])
        raise BadInput(f"There is no experiment {shown!r}; there are {', '.join(EXPERIMENTS)}.") from None


def order(
    name: str,
    settings: Mapping[str, object],
    *,
    epochs: int | None = None,
    seed: int = 42,
    device: str = "auto",
    data: str = "",
    trains: bool = True,
) -> Job:
    """The job that somebody asks for, with every setting's value, and its data chosen for good. With one that does not
    train, its network can be looked at, though the data may not serve for training.

    Raises `BadInput` for what makes no sense, and `DataMissing` for data that are not here.
    """
    from fastai_tui.engine.data.catalogue import DATA_SETS
    from fastai_tui.engine.data.store import resolve

    wanted, chosen = experiment(name), complete(name, settings)
    if not 0 <= seed <= MOST_SEED:
        raise BadInput(f"The seed {seed} is out of bounds; give a whole number from 0 to {MOST_SEED}.")
    parse_device(device)
    found = resolve(data, wanted.data)
    if wanted.schema == photos.SCHEMA:
        chosen |= {"weights": absolute(str(chosen["weights"])), "begin": earlier(str(chosen["begin"]))}
        if trains:
            found = photos.without_photos(chosen) if not data and found == photos.WITHOUT_PIXELS else found
            photos.check_data(chosen, found)
        chosen = photos.fitted(chosen, settings, found)
        chosen["weights"] = _weights(chosen, needed=trains)
    return Job(
        experiment=name,
        builder=wanted.builder,
        settings=chosen,
        seed=seed,
        epochs=_epochs(chosen, epochs, int(_preset(wanted, settings).get("epochs", wanted.epochs))),  # type: ignore[arg-type]
        device=device,
        data=found if found in DATA_SETS else os.path.abspath(found),
        choices={setting.name: setting.choices for setting in wanted.schema.settings if setting.choices},
    )


def complete(name: str, settings: Mapping[str, object]) -> dict[str, Value]:
    """Every setting's value, of those who give these. Raises `BadInput` for what makes no sense."""
    wanted = experiment(name)
    if wanted.schema == photos.SCHEMA:
        photos.known(settings)
    own = _preset(wanted, settings)
    chosen = wanted.schema.fill({name: value for name, value in own.items() if name != "epochs"} | dict(settings))
    if "warm_up" not in settings and ("warm_up" not in own or chosen["schedule"] != own.get("schedule")):
        chosen["warm_up"] = own_warm_up(chosen["schedule"])
    check(wanted, chosen)
    return chosen


def _weights(chosen: Mapping[str, Value], *, needed: bool) -> str:
    """The pretrained weights to begin with; random ones where they are not here and not needed. Raises
    `DataMissing`."""
    from fastai_tui.engine.backbones import EMBEDDED
    from fastai_tui.engine.data.weights import found_weights, here

    given, model = str(chosen["weights"]), str(chosen["model"])
    if given or model == EMBEDDED or here(model):
        return given
    return str(found_weights(model)) if needed else "none"


def absolute(path: str) -> str:
    """A file of weights under a name that holds in every folder; what is no path stays as it is."""
    return path if path in ("", "none") else os.path.abspath(os.path.expanduser(path))


def earlier(ref: str) -> str:
    """The id of the run that somebody means by `ref`, so that it stays the same one; "" for none. What is the newest
    one is told when the run starts. Raises `BadInput`."""
    from fastai_tui.engine.runs.store import NEWEST, RunStore

    return ref if ref in ("", NEWEST) else RunStore().find(ref).id


def _preset(wanted: Experiment, settings: Mapping[str, object]) -> dict[str, Value]:
    """The defaults that go with the preset and the model that are asked for."""
    names = {setting.name: setting.default for setting in wanted.schema.settings} | dict(settings)
    preset = names.get("preset")
    return wanted.presets.get(f"{preset}", {}) | wanted.presets.get(f"{preset}/{names['model']}", {})


def _epochs(chosen: Mapping[str, Value], epochs: int | None, own: int) -> int:
    """How long: as asked, as the cycles of `sgdr` say, or the experiment's own."""
    if chosen["schedule"] == "sgdr":
        own = ends(chosen)[-1]
        if epochs not in (None, own):
            raise BadInput(
                f"With schedule=sgdr the cycles last {own} epochs; leave --epochs out, or change the cycles."
            )
    asked = own if epochs is None else epochs
    if not 1 <= asked <= MOST_EPOCHS:
        raise BadInput(f"{asked} epochs are out of bounds; 1 to {MOST_EPOCHS} are possible.")
    return asked


def smallest(wanted: Experiment) -> str:
    """The data that show an experiment's network fastest: an embedded set, if one serves it."""
    from fastai_tui.engine.data.catalogue import DATA_SETS

    return next((name for name in wanted.data if DATA_SETS[name].embedded), "")
