"""A study as it is planned in the app, what is offered for it, and which cell leads a table."""

import itertools

import numpy as np
import pytest

from fastai_tui.app.tui.panes.ladder import ablation_plan
from fastai_tui.app.tui.panes.ladder.ablation_plan import Base, plan
from fastai_tui.engine.ablation.lead import lead
from fastai_tui.engine.ablation.table import CellResult, spread
from fastai_tui.engine.errors import BadInput
from fastai_tui.lessons.ablation import offers, refused, values
from fastai_tui.lessons.ablation import plan as planned
from fastai_tui.lessons.experiments import EXPERIMENTS, order

BASE = Base("cifar10", {"model": "norm", "preset": "quick"}, epochs=4, data="colour-digits")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_that_is_offered_can_be_trained_and_begins_with_what_is_usual(name: str) -> None:
    offered = offers(name, {})
    assert len(offered) >= 5
    usual = order(name, {}).settings
    for offer in offered:
        assert offer.values[0] == usual[offer.name]
        assert len(set(offer.values)) == len(offer.values) > 1
        for value in offer.values:
            chosen = order(name, {offer.name: value}, trains=False).settings  # its weights may have to be fetched yet
            assert chosen[offer.name] == value


def test_what_a_network_has_no_use_for_is_not_offered() -> None:
    found = {offer.name: offer.values for offer in offers("cifar10", {"model": "linear", "preset": "quick"})}
    assert "norm" not in found or found["norm"] == ("none",)
    assert "whiten" not in found
    assert "unlisted" not in found["model"]
    assert {"whiten", "act"} <= {offer.name for offer in offers("cifar10", {"model": "fast"})}
    with pytest.raises(BadInput, match="no norm"):
        offers("cifar10", {"model": "linear", "norm": "after"})


def test_the_plan_is_what_its_command_says() -> None:
    made = plan(BASE, "norm", ["before", "none"], 2).moved(1, 0).moved(0, 1).toggled()
    assert [(factor.name, factor.values) for factor in made.varying] == [("norm", ("before", "none")), ("bs", (32, 16))]
    assert (made.cells, made.runs, made.trouble()) == (4, 8, "")
    words = made.command
    sets = {
        pair.partition("=")[0]: pair.partition("=")[2] for flag, pair in itertools.pairwise(words) if flag == "--set"
    }
    study = planned("cifar10", values("norm", sets), seeds=made.each_seed, epochs=4, data="colour-digits")
    assert study.factors == made.draft().factors
    assert study.cells == made.draft().cells
    assert len(study.members) == made.runs


@pytest.mark.parametrize("models", [("linear", "norm"), ("conv", "layers"), ("deep", "fast")])
def test_what_each_network_has_of_its_own_is_told_as_it_is(models: tuple[str, str]) -> None:
    made = plan(Base("cifar10", {"preset": "quick"}, data="colour-digits"), "model", models)
    orders = [order("cifar10", {"preset": "quick", "model": model}).settings for model in models]
    for i, offer in enumerate(made.offers):
        told = made.taken(i)
        assert {*map(str, told)} == {str(one[offer.name]) for one in orders}, offer.name
    lr = next(i for i, offer in enumerate(made.offers) if offer.name == "lr")
    chosen = made.moved(lr - made.row, 0).moved(0, 1).toggled()
    assert chosen.taken(lr) == chosen.chosen[lr] == made.offers[lr].values[:2]


def test_the_cursor_begins_at_what_is_chosen() -> None:
    made = plan(BASE, "model", ["conv", "layers"])
    assert made.offers[made.row].values[made.at] == made.chosen[made.row][0] == "conv"


def test_the_last_value_stays_and_too_many_runs_are_refused() -> None:
    made = plan(BASE, "norm")
    assert made.toggled().toggled().varying == made.varying
    one = made.toggled()
    assert one.moved(0, 1).toggled() == one.moved(0, 1)
    assert "nothing to compare" in one.trouble()
    many = made
    for row in range(len(made.offers)):
        for at in range(len(made.offers[row].values)):
            many = many.moved(row - many.row, 0).moved(0, at - many.at)
            many = many if made.offers[row].values[at] in many.chosen[row] else many.toggled()
    assert "1,000 are possible" in many.trouble()
    assert many.draft().cells == []


def test_it_is_restored_as_it_was_kept() -> None:
    made = plan(BASE, "norm", ["after", "none"]).moved(1, 0).moved(0, 2).toggled()
    assert ablation_plan.restored(plan(BASE, "norm"), ablation_plan.kept(made)).chosen == made.chosen
    assert ablation_plan.restored(made, ["norm=odd", 3]).varying == ()
    assert ablation_plan.restored(made, None) == made


def test_combinations_that_do_not_go_together_are_refused_in_a_sentence() -> None:
    assert refused("cifar10", [{"model": "norm"}, {"model": "conv"}]) == ""
    assert "conv has no norm" in refused("cifar10", [{"model": "norm"}, {"model": "conv", "norm": "after"}])


def cell(number: int, **measured: list[float]) -> CellResult:
    found = {name: spread(several) for name, several in measured.items()}
    return CellResult(cell=number, asked=3, finished=3, diverged=0, failed=0, measures=found)


def test_the_lead_is_between_the_two_best_means() -> None:
    a, b, c = [0.80, 0.82, 0.81], [0.90, 0.88, 0.905], [0.85, 0.86, 0.85]
    found = lead([cell(0, accuracy=a), cell(1, accuracy=b), cell(2, accuracy=c)])
    assert found is not None
    assert (found.best, found.second, found.measure, found.verdict) == (1, 2, "accuracy", "real")
    assert found.gap == pytest.approx(np.mean(b) - np.mean(c))
    assert found.spread == pytest.approx(np.sqrt((np.var(b, ddof=1) + np.var(c, ddof=1)) / 2))
    lower = lead([cell(0, loss=[2.0, 2.1]), cell(1, loss=[1.0, 1.1])])
    assert lower is not None
    assert (lower.best, lower.gap) == (1, pytest.approx(1.0))
    single = lead([cell(0, accuracy=[0.8]), cell(1, accuracy=[0.9])])
    assert single is not None
    assert (single.verdict, single.spread, single.needed) == ("unknown", None, None)
    assert lead([cell(0, accuracy=a)]) is None
    assert lead([]) is None
