"""Plans an ablation study of an experiment: what is asked for, checked before anything starts, as a grid of jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastai_tui.engine.ablation import grid
from fastai_tui.engine.ablation.grid import Cell, Factor, Member
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.lessons.experiments import experiment, order

BETWEEN = "|"  # values, as in norm=before|after


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
