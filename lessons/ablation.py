"""Plans an ablation study of an experiment: what is asked for, checked before anything starts, as a grid of jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fastai_tui.engine.ablation import grid
from fastai_tui.engine.ablation.grid import Cell, Factor, Member
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.engine.settings import Setting, Value
from fastai_tui.lessons.experiments import complete, experiment, order
from fastai_tui.lessons.experiments.ladder import UNLISTED

BETWEEN = "|"  # values, as in norm=before|after
# What a study is offered to vary, where an experiment has it; of choices all, of numbers those given here, or the
# usual one with a smaller and a larger one, so many times apart
OFFERED = (
    "model", "norm", "bs", "lr", "opt", "schedule", "wd", "smoothing", "averaging", "augment", "width", "depth",
    "dropout", "clip", "statistics", "whiten", "act", "start", "skip",
)  # fmt: skip
NUMBERS: Mapping[str, tuple[float, ...]] = {
    "wd": (0, 5e-4, 5e-3), "smoothing": (0, 0.1, 0.2), "depth": (1, 2, 4), "dropout": (0, 0.2, 0.4), "clip": (0, 1),
}  # fmt: skip
APART = {"bs": 2, "lr": 4, "width": 2}
NOT_OFFERED = (UNLISTED, "sgdr")  # has nothing to train; has epochs of its own


@dataclass(frozen=True)
class Plan:
    """What a study would be made of."""

    experiment: str
    factors: tuple[Factor, ...]
    cells: list[Cell]
    members: list[Member]


def plan(
    name: str,
    given: Mapping[str, Sequence[str]],
    *,
    seeds: Sequence[int],
    epochs: int | None = None,
    device: str = "auto",
    data: str = "",
) -> Plan:
    """The study of an experiment with the values `given` for its settings.

    Raises `BadInput` for what is not allowed or does not go together, and `DataMissing`.
    """
    chosen = grid.factors(experiment(name).schema, given)
    cells = grid.cells(chosen)

    def job(cell: Cell, seed: int) -> Job:
        try:
            return order(name, cell, epochs=epochs, seed=seed, device=device, data=data)
        except BadInput as error:
            where = grid.label(cell, list(cell)) if len(cells) > 1 else ""
            raise BadInput(f"{where}: {error}" if where else str(error)) from None

    return Plan(name, chosen, cells, grid.members(cells, seeds, job))


def values(model: str, settings: Mapping[str, str]) -> dict[str, list[str]]:
    """Every setting's values, from `model` (`a,b` or `a|b`) and from the others (`a|b`). Raises `BadInput`."""
    if model and "model" in settings:
        raise BadInput("model is given twice; give it with --model alone.")
    models = {"model": model.replace(",", BETWEEN).split(BETWEEN)} if model else {}
    return models | {name: text.split(BETWEEN) for name, text in settings.items()}


def offers(name: str, base: Mapping[str, Value]) -> tuple[Factor, ...]:
    """The settings that a study of runs with the settings `base` may vary, each with the values that go with these, the
    runs' own value first. Raises `BadInput` if nothing goes with `base`."""
    return _offers(name, tuple((key, tuple(v) if isinstance(v, list) else v) for key, v in base.items()))


@lru_cache(16)
def _offers(name: str, items: tuple[tuple[str, Value | tuple[float, ...]], ...]) -> tuple[Factor, ...]:
    base: dict[str, object] = {key: list(v) if isinstance(v, tuple) else v for key, v in items}
    own, wanted = complete(name, base), experiment(name)
    there = [setting for key in OFFERED for setting in wanted.schema.settings if setting.name == key]
    found = []
    for setting in there:
        usual = own[setting.name]
        others = [value for value in _candidates(setting, usual) if value != usual]
        fitting = [value for value in others if not refused(name, [{**base, setting.name: value}])]  # type: ignore[dict-item]
        found += [Factor(setting.name, (usual, *fitting))] if fitting else []
    return tuple(found)


def brought(name: str, base: Mapping[str, Value], varied: Mapping[str, Sequence[Value]]) -> dict[str, list[Value]]:
    """Of the settings that are left to the experiment, the values that come with the `varied` ones, each of those taken
    by itself: of two networks each may have its own rate."""
    cells = [{**base, setting: value} for setting, several in varied.items() for value in several]
    found: dict[str, list[Value]] = {}
    for whole in [complete(name, cell) for cell in cells]:
        for key in whole.keys() - {*base, *varied}:
            values = found.setdefault(key, [])
            values += [] if whole[key] in values else [whole[key]]
    return found


def _candidates(setting: Setting, usual: Value) -> list[Value]:
    """What may stand beside the usual value."""
    if setting.kind == "choice":
        return [choice for choice in setting.choices if choice not in NOT_OFFERED]
    if setting.name in NUMBERS:
        return [setting.parse(value) for value in NUMBERS[setting.name]]
    if setting.name not in APART or isinstance(usual, (str, list)):
        return []
    both = usual / APART[setting.name], usual * APART[setting.name]
    return [setting.parse(round(v) if setting.kind == "int" else v) for v in both if setting.low <= v <= setting.high]


def refused(name: str, cells: Sequence[Cell]) -> str:
    """Why there can be no run with the settings of the first of these cells with which there can be none, a sentence;
    "" if all are possible."""
    for cell in cells:
        try:
            complete(name, cell)
        except BadInput as error:
            return str(error)
    return ""
