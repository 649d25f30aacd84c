"""The settings that all training experiments share; each gives its models, its norms and its own defaults."""

from fastai_tui.engine.settings import Schema, Setting

SCHEDULES = ("flat", "linear", "cosine", "1cycle", "sgdr")


def training(
    *, models: tuple[str, ...], norms: tuple[str, ...] = ("none",), bs: int, lr: float, schedule: str = "1cycle"
) -> Schema:
    """The schema of an experiment that has these `models` and `norms`, the default ones first."""
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
                about="the highest learning rate, or one per layer group",
                live=True,
            ),
            Setting(
                name="schedule",
                kind="choice",
                default=schedule,
                choices=SCHEDULES,
                about="what becomes of the rate in the course of training",
            ),
            *_CYCLES,
            *_OPTIMISER,
            *_FEEDING,
        )
    )


_CYCLES = (
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
        name="wd", kind="float", default=0.01, low=0, high=10, about="weight decay, decoupled; not of biases", live=True
    ),
    Setting(name="opt", kind="choice", default="adam", choices=("adam", "sgd"), about="the optimiser"),
    Setting(
        name="momentum", kind="float", default=0.9, low=0, high=0.999, about="of the gradients; 1cycle has its own"
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
        choices=("off", "on"),
        about="record every layer's activations at every batch",
    ),
)
