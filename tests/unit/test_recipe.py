"""The recipe of eight lines: what each trains, and which runs and finders it is ticked off for."""

from typing import Any

import pytest

from fastai_tui.engine.settings import Value
from fastai_tui.lessons import recipe
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.recipe import COUNT, LINES, STAND_IN, Done, counts, fits, place, ticked

BASE: dict[str, Value] = {"preset": "head", "lr": 0.01, "size": 64}


def settings(line: int, **other: Value) -> dict[str, Value]:
    """All settings of what the line orders, with some of them another way."""
    asked = recipe.order(line, STAND_IN, BASE, 0.01)
    job = order(asked.experiment, {**asked.set, **other}, epochs=asked.epochs, data=asked.data)
    return job.settings


def done(line: int, phase: str = "finished", batches: int = 9, **other: Value) -> Done:
    return Done(settings(line, **other), phase, batches, LINES[line - 1].finds)


def test_there_are_eight_lines_two_of_which_find_a_rate() -> None:
    assert (COUNT, [i + 1 for i, line in enumerate(LINES) if line.finds]) == (8, [2, 7])


@pytest.mark.parametrize(
    ("line", "lines"),
    [(1, (1,)), (2, (2,)), (3, (1, 3)), (4, (4,)), (5, (5, 6)), (6, (5, 6)), (7, (7,)), (8, (5, 6, 8))],
)
def test_what_a_line_orders_counts_for_it(line: int, lines: tuple[int, ...]) -> None:
    assert ticked([done(line)]) == lines
    assert place(done(line)) == lines[-1]


def test_carried_out_from_top_to_bottom_all_are_ticked_off() -> None:
    assert ticked(done(line) for line in range(1, COUNT + 1)) == tuple(range(1, COUNT + 1))
    assert ticked([]) == ()


@pytest.mark.parametrize("phase", ["running", "stopped", "failed", "paused", "queued"])
@pytest.mark.parametrize("line", [3, 4, 5, 8])
def test_only_a_run_that_has_finished_counts(line: int, phase: str) -> None:
    assert fits(line, done(line, phase))
    assert not counts(line, done(line, phase))


def test_the_first_line_is_there_with_the_first_batch() -> None:
    assert counts(1, done(1, "stopped", batches=1))
    assert not counts(1, done(1, "running", batches=0))


@pytest.mark.parametrize(
    ("line", "other", "lines"),
    [
        (1, {"augment": "none"}, ()),
        (3, {"augment": "none"}, (3,)),
        (4, {"augment": "none"}, ()),
        (4, {"cycle_len": 2}, ()),
        (4, {"lr": 0.0}, ()),
        (4, {"freeze": 1}, ()),
        (4, {"schedule": "flat"}, ()),
        (4, {"augment": "top-down"}, (4,)),
        (5, {"lr": 0.01}, (5,)),
        (5, {"lr": [0.001, 0.003, 0.009]}, (5, 6)),
        (5, {"lr": [0.001, 0.01, 0.01]}, (5,)),
        (5, {"lr": [0.01, 0.001, 0.0001]}, (5,)),
        (5, {"lr": [0.0005, 0.001, 0.01]}, (5,)),
        (5, {"lr": [0.0, 0.001, 0.01]}, (5,)),
        (8, {"cycle_mult": 1}, (5, 6)),
        (8, {"cycles": 1}, (5, 6)),
        (8, {"tta": "off"}, (5, 6, 8)),
        (8, {"freeze": 2}, (4,)),
    ],
)
def test_settings_that_differ_count_as_what_they_are(line: int, other: dict[str, Any], lines: tuple[int, ...]) -> None:
    assert ticked([done(line, **other)]) == lines


def test_a_run_is_no_finder_and_a_finder_no_run() -> None:
    for line in range(1, COUNT + 1):
        asked = settings(line)
        as_run, as_finder = ticked([Done(asked)]), ticked([Done(asked, found=True)])
        assert not {2, 7} & {*as_run}
        assert as_finder in ((2,), (7,))
        assert (as_finder == (7,)) == (line >= 5)


def test_runs_of_other_experiments_count_for_nothing() -> None:
    other = order("cifar10", {"preset": "quick"}, data="colour-digits").settings
    assert place(Done(other)) == place(Done({})) == 0


def test_a_line_keeps_what_the_step_says_and_sets_its_own() -> None:
    for line in range(1, COUNT + 1):
        asked = recipe.order(line, STAND_IN, {**BASE, "augment": "none", "precompute": "on"}, 0.05)
        assert asked.set["size"] == 64
        assert asked.set["augment"] == "basic"
        assert (asked.experiment, asked.data) == ("dogscats", STAND_IN)
        assert (asked.set.get("begin") == "newest") == (line > 3)
    assert recipe.order(1, STAND_IN, BASE, 0.05).set["lr"] == 0
    assert recipe.order(4, STAND_IN, BASE, 0.05).set["lr"] == 0.05
    assert recipe.order(8, STAND_IN, BASE, 0.05).set["lr"] == [0.0005, 0.005, 0.05]


def test_no_line_has_the_seed_of_the_one_that_it_begins_with() -> None:
    seeds = [recipe.order(line, STAND_IN, BASE, 0.01).seed for line in range(1, COUNT + 1)]
    assert len({*seeds}) == COUNT


def test_photos_are_mirrored_and_breeds_have_their_own_experiment() -> None:
    assert recipe.order(4, "dogscats", BASE, 0.01).set["augment"] == "side-on"
    assert recipe.order(4, "dogbreeds", BASE, 0.01).experiment == "dogbreeds"
    own = recipe.order(8, "/photos/of mine", BASE, 0.01)
    assert (own.experiment, own.data, own.set["cycles"]) == ("dogscats", "/photos/of mine", 3)


@pytest.mark.parametrize("rate", [1e-5, 0.01, 0.03, 0.04, 0.7, 1.0])
def test_the_three_rates_are_ten_times_apart_whatever_the_head_s_is(rate: float) -> None:
    assert 6 in ticked([done(5, lr=recipe.rates(rate))])
