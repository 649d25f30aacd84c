"""The settings of `digit-clutter`. Free of torch."""

from fastai_tui.engine.settings import Schema, Setting
from fastai_tui.lessons.experiments.settings import training

MODELS = ("cam",)
GROUPS, EPOCHS = 3, 7

EACH = 5  # canvases of a digit, as the data set has them

_IMAGES = (
    Setting(
        name="each", kind="int", default=EACH, low=1, high=EACH, about="so many canvases of each digit, in an epoch"
    ),
    Setting(
        name="canvases",
        kind="choice",
        default="anew",
        choices=("anew", "same"),
        about="in every epoch the digits are laid on other canvases, or always on the same",
    ),
    Setting(
        name="rotate", kind="float", default=0.0, low=0, high=45, about="canvases turned by so much at most", unit="°"
    ),
    Setting(name="zoom", kind="float", default=1.0, low=1, high=2, about="and enlarged by so much at most"),
)
_COMMON = training(models=MODELS, norms=("batch",), bs=64, lr=2e-2).changed(
    model={"about": "five convolutions, the last of which has a map for each class; then their average"},
    norm={"about": "batch norm after all but the last"},
)
SCHEMA = Schema((*_COMMON.settings, *_IMAGES))
