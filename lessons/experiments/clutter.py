"""The settings of `digit-clutter`. Free of torch."""

from fastai_tui.lessons.experiments.settings import training

MODELS = ("cam",)
GROUPS, EPOCHS = 3, 4

SCHEMA = training(models=MODELS, norms=("batch",), bs=128, lr=1e-2).changed(
    model={"about": "five convolutions, the last of which has a map for each class; then their average"},
    norm={"about": "batch norm after all but the last"},
)
