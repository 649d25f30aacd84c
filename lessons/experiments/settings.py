"""The settings that all training experiments share; each gives its models, its norms and its own defaults."""

from fastai_tui.engine.schedules import DROP_BY, DROPS, own_warm_up
from fastai_tui.engine.settings import Schema, Setting

SCHEDULES = ("flat", "step", "linear", "cosine", "1cycle", "sgdr")


def training(
    *,
    models: tuple[str, ...],
    norms: tuple[str, ...] = ("none",),
    bs: int,
    lr: float,
    schedule: str = "1cycle",
    groups: int = 3,
) -> Schema:
    """The schema of an experiment that has these `models` and `norms`, the default ones first, and models of at most so
    many layer `groups`."""
    return Schema(
        (
            Setting(name="model", kind="choice", default=models[0], choices=models, about="the network"),
            Setting(
                name="norm", kind="choice", default=norms[0], choices=norms, about="normalising between the layers"
            ),
            Setting(name="bs", kind="int", default=bs, low=1, high=65_536, about="images in a batch", unit="images"),
            Setting(
                name="lr",
                kind="rates",
                default=lr,
                low=0,
                high=100,
                about="the highest learning rate",
                live=True,
            ),
            Setting(
                name="schedule",
                kind="choice",
                default=schedule,
                choices=SCHEDULES,
                about="what becomes of the rate in the course of training",
            ),
            Setting(
                name="warm_up",
                kind="float",
                default=own_warm_up(schedule),
                low=0,
                high=0.9,
                about="the share of training in which the rate rises; left out, .25 with 1cycle and 0 with the others",
            ),
            *_SHAPES,
            *_OPTIMISER,
            Setting(
                name="freeze",
                kind="int",
                default=0,
                low=0,
                high=groups - 1,
                about="so many layer groups, the earliest, stay as they are",
                unit="layer groups",
                live=True,
            ),
            *_REGULARISING,
            *_FEEDING,
        )
    )


_SHAPES = (
    Setting(name="drops", kind="int", default=DROPS, low=0, high=20, about="with step: how often the rate falls"),
    Setting(
        name="drop_by",
        kind="float",
        default=DROP_BY,
        low=1,
        high=1000,
        about="with step: what the rate is divided by each time",
    ),
    Setting(
        name="drop_from",
        kind="float",
        default=0.0,
        low=0,
        high=0.99,
        about="with step: the share before the first fall; 0: all pieces are equally long",
    ),
    Setting(name="cycles", kind="int", default=1, low=1, high=100, about="with sgdr: how many cycles"),
    Setting(
        name="cycle_len", kind="int", default=1, low=1, high=1000, about="with sgdr: the first cycle's", unit="epochs"
    ),
    Setting(
        name="cycle_mult", kind="int", default=1, low=1, high=10, about="with sgdr: each next cycle is longer by this"
    ),
)
_OPTIMISER = (
    Setting(
        name="wd",
        kind="rates",
        default=0.01,
        low=0,
        high=10,
        about="weight decay; not of biases and norms",
        live=True,
    ),
    Setting(
        name="decay",
        kind="choice",
        default="decoupled",
        choices=("decoupled", "coupled"),
        about="weight decay beside the gradient (AdamW), or added to it (L2)",
    ),
    Setting(name="opt", kind="choice", default="adam", choices=("adam", "sgd"), about="the optimiser"),
    Setting(
        name="momentum", kind="float", default=0.9, low=0, high=0.999, about="of the gradients; 1cycle has its own"
    ),
)
_REGULARISING = (
    Setting(
        name="bn_freeze",
        kind="choice",
        default="off",
        choices=("off", "on"),
        about="with norm=batch: its running statistics stay as they are, and are used in training",
        live=True,
    ),
    Setting(
        name="clip",
        kind="float",
        default=0.0,
        low=0,
        high=1000,
        about="the gradient's largest norm; 0 does not clip it",
    ),
    Setting(
        name="patience",
        kind="int",
        default=0,
        low=0,
        high=1000,
        about="stop early after so long without a better validation loss; 0 never does",
        unit="epochs",
    ),
)
_FEEDING = (
    Setting(
        name="loader",
        kind="choice",
        default="resident",
        choices=("resident", "files"),
        about="images kept on the device, or decoded file by file",
    ),
    Setting(
        name="activations",
        kind="choice",
        default="off",
        choices=("off", "on", "all"),
        about="record at every batch what the layers with weights give, or all layers, ReLUs and norms too",
    ),
)
