"""A study as it is planned: which values of which settings, and how many seeds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fastai_tui.engine.ablation import grid
from fastai_tui.engine.ablation.grid import MOST_RUNS, Factor, shown
from fastai_tui.engine.ablation.study import Study
from fastai_tui.lessons.ablation import BETWEEN, brought, offers, refused
from fastai_tui.lessons.experiments import experiment

if TYPE_CHECKING:
    from fastai_tui.engine.settings import Value

MOST_SEEDS, USUAL_SEEDS = 20, 3
FIRST_SEED = 42  # as `fastai-tui ablate` has it unasked
Given = dict[str, list[str]]


@dataclass(frozen=True)
class Base:
    """What all runs of a study have in common; `settings` are those that differ from the experiment's own, or may."""

    experiment: str
    settings: Mapping[str, Value]
    epochs: int | None = None
    data: str = ""
    seed: int = FIRST_SEED


@dataclass(frozen=True)
class Plan:
    """The settings that are offered, of each the values `chosen`, and the cursor: a row of `offers`, and a value `at`
    of it."""

    base: Base
    offers: tuple[Factor, ...]
    chosen: tuple[tuple[Value, ...], ...]
    seeds: int = USUAL_SEEDS
    row: int = 0
    at: int = 0

    @property
    def varying(self) -> tuple[Factor, ...]:
        """The settings of which two values or more are chosen."""
        return tuple(Factor(o.name, c) for o, c in zip(self.offers, self.chosen, strict=True) if len(c) > 1)

    @property
    def given(self) -> Given:
        """Every setting that is not left to the experiment, with its values as on the command line."""
        found = {name: [shown(value)] for name, value in self.base.settings.items()}
        for offer, chosen in zip(self.offers, self.chosen, strict=True):
            if chosen != offer.values[:1]:
                found[offer.name] = [shown(value) for value in chosen]
        return found

    @cached_property
    def _brought(self) -> Mapping[str, Sequence[Value]]:
        return brought(self.base.experiment, self.base.settings, {each.name: each.values for each in self.varying})

    def taken(self, i: int) -> Sequence[Value]:
        """The values that runs will have of an offer: the chosen ones, or else those that come with what is varied."""
        chosen, offer = self.chosen[i], self.offers[i]
        return chosen if chosen != offer.values[:1] else self._brought.get(offer.name, chosen)

    @property
    def cells(self) -> int:
        """How many combinations."""
        many = 1
        for chosen in self.chosen:
            many *= len(chosen)
        return many

    @property
    def runs(self) -> int:
        """How many runs."""
        return self.cells * self.seeds

    @property
    def each_seed(self) -> range:
        """The seeds."""
        return range(self.base.seed, self.base.seed + self.seeds)

    @property
    def command(self) -> list[str]:
        """The arguments of `fastai-tui` that plan and run it."""
        words = ["ablate", self.base.experiment]
        for name, values in self.given.items():
            model = name == "model"
            words += ["--model", ",".join(values)] if model else ["--set", f"{name}={BETWEEN.join(values)}"]
        words += ["--seeds", str(self.seeds)]
        words += ["--seed", str(self.base.seed)] if self.base.seed != FIRST_SEED else []
        words += ["--epochs", str(self.base.epochs)] if self.base.epochs is not None else []
        return [*words, *(["--data", self.base.data] if self.base.data else [])]

    def draft(self) -> Study:
        """What a study of this plan would be, without its runs; of too many combinations none."""
        factors = grid.factors(experiment(self.base.experiment).schema, self.given)
        return Study(
            name="",
            created=0.0,
            experiment=self.base.experiment,
            factors=factors,
            seeds=tuple(self.each_seed),
            cells=grid.cells(factors) if self.runs <= MOST_RUNS else [],
            members=[],
            command=[],
        )

    def trouble(self) -> str:
        """Why it cannot be run, a sentence; "" if it can."""
        if self.cells == 1:
            return "Choose two values of a setting, or more: there is nothing to compare yet."
        if self.runs > MOST_RUNS:
            return f"That would be {self.runs:,} runs; {MOST_RUNS:,} are possible."
        return refused(self.base.experiment, self.draft().cells)

    # What keys do

    def moved(self, down: int, across: int) -> Plan:
        """The cursor elsewhere."""
        row = min(max(self.row + down, 0), len(self.offers) - 1)
        at = 0 if row != self.row else min(max(self.at + across, 0), len(self.offers[row].values) - 1)
        return replace(self, row=row, at=at)

    def toggled(self) -> Plan:
        """The value at the cursor taken in, or out; the last one stays."""
        offer, chosen = self.offers[self.row], self.chosen[self.row]
        value = offer.values[self.at]
        wanted = {*chosen, value} if value not in chosen else {*chosen} - {value}
        if not wanted:
            return self
        now = tuple(each for each in offer.values if each in wanted)
        return replace(self, chosen=(*self.chosen[: self.row], now, *self.chosen[self.row + 1 :]))

    def seeded(self, more: int) -> Plan:
        """More seeds, or fewer."""
        return replace(self, seeds=min(max(self.seeds + more, 1), MOST_SEEDS))


def plan(base: Base, factor: str = "", values: Sequence[str] = (), seeds: int = USUAL_SEEDS) -> Plan:
    """A plan in which one setting varies, with these values, or else its first two. Raises `BadInput`."""
    offered = offers(base.experiment, base.settings)
    row = next((i for i, offer in enumerate(offered) if offer.name == factor), 0)
    chosen = [offer.values[:1] for offer in offered]
    of = offered[row].values
    named = tuple(value for value in of if shown(value) in values)
    chosen[row] = named if len(named) > 1 else of[:2]
    at = of.index(chosen[row][0])
    return Plan(base, offered, tuple(chosen), min(max(seeds, 1), MOST_SEEDS), row, at)


def kept(plan: Plan) -> list[int | float | str]:
    """What is chosen, where it is not the usual value alone: `norm=after|before`."""
    return [
        f"{offer.name}={BETWEEN.join(shown(value) for value in chosen)}"
        for offer, chosen in zip(plan.offers, plan.chosen, strict=True)
        if chosen != offer.values[:1]
    ]


def restored(plan: Plan, texts: object) -> Plan:
    """The plan with what was kept chosen; what is nonsense is not."""
    pairs = [text.partition("=") for text in texts if isinstance(text, str)] if isinstance(texts, list) else []
    wanted = {name: values.split(BETWEEN) for name, _, values in pairs}
    if not wanted:
        return plan
    chosen = tuple(
        tuple(value for value in offer.values if shown(value) in wanted.get(offer.name, ())) or offer.values[:1]
        for offer in plan.offers
    )
    return replace(plan, chosen=chosen)


def like(plan: Plan, study: Study) -> Plan:
    """The plan of a study, as far as its values are offered."""
    texts = [f"{factor.name}={BETWEEN.join(shown(value) for value in factor.values)}" for factor in study.factors]
    return replace(restored(plan, texts), seeds=min(max(len(study.seeds), 1), MOST_SEEDS))
