"""Settings that are each possible and together are not: said in a sentence before anything starts."""

from collections.abc import Mapping

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Experiment
from fastai_tui.engine.schedules import cycle_ends
from fastai_tui.engine.settings import Value
from fastai_tui.lessons.experiments import ladder, photos, text


def check(wanted: Experiment, chosen: Mapping[str, Value]) -> None:
    """Raises `BadInput` for values that do not go together."""
    model = str(chosen["model"])
    groups = wanted.groups.get(model, 1)
    for name in ("lr", "wd"):
        value = chosen[name]
        if isinstance(value, list) and len(value) != groups:
            raise BadInput(f"{name} has {len(value)} values; give one, or {groups}: one per layer group of {model}.")
    if int(chosen["freeze"]) >= groups:  # type: ignore[arg-type]
        raise BadInput(
            f"freeze={chosen['freeze']} would leave nothing to train: {model} has {groups} layer groups; "
            f"freeze at most {groups - 1}."
        )
    if chosen["bn_freeze"] == "on" and chosen["norm"] == "none":
        norm = next((choice for choice in wanted.schema["norm"].choices if choice != "none"), "batch")
        raise BadInput(f"bn_freeze=on needs running statistics to keep; take norm={norm}, or leave it off.")
    if chosen["schedule"] == "sgdr":
        _check_warm_up(chosen)
    if wanted.schema == text.SCHEMA:
        text.check(chosen)
    if wanted.schema == ladder.SCHEMA:
        ladder.check(chosen)
    if wanted.schema == photos.SCHEMA:
        photos.check(chosen)


def _check_warm_up(chosen: Mapping[str, Value]) -> None:
    """A warm-up is a part of the first cycle."""
    ends = cycle_ends(*(int(chosen[key]) for key in ("cycles", "cycle_len", "cycle_mult")))  # type: ignore[arg-type]
    share, warm_up = ends[0] / ends[-1], float(chosen["warm_up"])  # type: ignore[arg-type]
    if warm_up >= share:
        raise BadInput(
            f"warm_up={warm_up:g} of the training is longer than the first cycle, which is {share:.3g} of it; "
            "give less, or a longer cycle_len."
        )
