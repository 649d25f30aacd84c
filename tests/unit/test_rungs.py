"""The ladder and the road as rows: what belongs to which, and the arithmetic between them."""

import re
from itertools import pairwise

import msgspec
import pytest

from fastai_tui.app.snapshots import Row as Epoch
from fastai_tui.app.snapshots import Snapshot
from fastai_tui.app.tui.panes.ladder import rung_drawing, rung_rows, rung_words
from fastai_tui.app.tui.panes.ladder.rung_rows import Row
from fastai_tui.lessons import rungs
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.experiments.ladder import MODELS, PRESETS

TARGETS = {  # typed in from the course's own table: (accuracy, epochs) after its stages
    "linear": [(0.47, 4)],
    "conv": [(0.59, 6)],
    "layers": [(0.57, 4)],
    "norm": [(0.70, 6)],
    "deep": [(0.66, 4)],
    "skips": [(0.73, 9), (0.82, 41)],
    "wide": [(0.69, 9), (0.83, 41)],
}


def shot(accuracy: float | None, phase: str = "finished", seconds: float = 2.0, **more: float) -> Snapshot:
    metrics = tuple({"accuracy": accuracy, **more}.items())
    table = () if accuracy is None else (Epoch(1, 10, 1.5, 1.25, metrics, seconds),) * 2
    return Snapshot("0001-x", "cifar10", phase=phase, live=phase == "running", table=table, parameters=100)


def rows(*accuracies: float | None) -> list[Row]:
    """The first rungs of the ladder with these accuracies."""
    return [
        Row(rung, shot(value) if value is not None else None)
        for rung, value in zip(rungs.ladder(), accuracies, strict=False)
    ]


def test_the_ladder_is_every_network_but_the_trap_with_the_courses_accuracies() -> None:
    ladder = rungs.ladder()
    assert {rung.name for rung in ladder} == {*MODELS} - {"unlisted"}
    assert {r.name: [(c.accuracy, c.epochs) for c in r.course] for r in ladder if r.course} == TARGETS


@pytest.mark.parametrize("data", ["cifar10", "colour-digits"])
def test_every_row_of_the_road_changes_one_setting_of_the_row_before(data: str) -> None:
    road = [rung for rung in rungs.road(data) if not rung.closed]
    jobs = [order("cifar10", {"preset": "quick", **r.key, **r.set}, data="colour-digits").settings for r in road]
    for rung, (before, after) in zip(road[1:], pairwise(jobs), strict=True):
        assert {name for name in after if before[name] != after[name]} == {rung.name}
    assert (len(road), road[0].name) == ((10 if data == "cifar10" else 8), "bare")


def test_the_road_leads_to_what_fast_usually_has_and_skips() -> None:
    end = rungs.road("cifar10")[-1].key
    usual = PRESETS["usual/fast"]
    steps = ("whiten", "act", "scale", "start", "smoothing", "flip", "averaging", "tta")
    assert {name: end[name] for name in steps} == {name: usual[name] for name in steps}
    assert end["skip"] == "on"


def test_digits_are_not_mirrored() -> None:
    closed = {rung.name for rung in rungs.road("colour-digits") if rung.closed}
    assert closed == {"flip", "tta"}
    for rung in rungs.road("colour-digits"):
        assert (rung.key["flip"], rung.key["tta"]) == ("random", "off")
        assert "augment" not in rung.set
    assert all(rung.set == {"augment": "standard"} for rung in rungs.road("cifar10"))


def test_a_run_belongs_to_one_row_of_the_road_and_to_none_that_is_closed() -> None:
    for data in ("cifar10", "colour-digits"):
        road = rungs.road(data)
        for rung in [rung for rung in road if not rung.closed]:
            assert [one.name for one in road if one.fits(rung.key)] == [rung.name]
        assert not any(rung.fits(rung.key) for rung in road if rung.closed)


def test_runs_as_asked_go_before_others_and_newer_before_older() -> None:
    asked = order("cifar10", {"model": "norm", "preset": "quick"}, epochs=6, data="colour-digits")
    longer = msgspec.structs.replace(asked, epochs=12)
    other = order("cifar10", {"model": "norm", "preset": "quick", "lr": 0.07}, epochs=6, data="colour-digits")
    linear = order("cifar10", {"model": "linear", "preset": "quick"}, epochs=6, data="colour-digits")
    again = msgspec.structs.replace(asked, seed=43)
    jobs = {"1": asked, "2": linear, "3": again, "4": longer, "5": other}
    norm = next(rung for rung in rungs.ladder() if rung.name == "norm")
    assert rung_rows.belonging([norm], [asked], jobs) == [["3", "1", "5", "4"]]
    assert rung_rows.belonging([norm], [None], jobs) == [["5", "4", "3", "1"]]
    assert rung_rows.differences(longer, asked) == ("12 epochs",)
    assert rung_rows.differences(other, asked) == ("lr=0.07",)
    assert rung_rows.differences(msgspec.structs.replace(asked, data="cifar10"), asked) == ("on cifar10",)


def test_a_finished_run_or_one_that_goes_on_is_shown_before_one_that_failed() -> None:
    failed, stopped, done, live = shot(None, "failed"), shot(0.4, "stopped"), shot(0.5), shot(None, "running")
    assert rung_rows.best_of([failed, stopped, done]) is done
    assert rung_rows.best_of([live, done]) is live
    assert rung_rows.best_of([failed, stopped]) is stopped
    assert rung_rows.best_of([failed]) is failed
    assert rung_rows.best_of([]) is None


def test_gains_are_differences_to_the_open_row_before() -> None:
    found = rows(0.4, 0.6, None, 0.7)
    assert [rung_rows.gain(found, i) for i in range(4)] == [None, 0.2, None, None]
    assert rung_rows.best(found) is found[3]
    assert rung_rows.added(found) == 1
    road = rungs.road("colour-digits")
    there = [Row(rung, None if rung.closed else shot(0.5 + 0.01 * i)) for i, rung in enumerate(road)]
    at = next(i for i, rung in enumerate(road) if rung.name == "averaging")
    assert rung_rows.gain(there, at) == 0.02  # flip stands between
    assert rung_rows.gain(there, at - 1) is None
    assert rung_rows.added(there) == 7


def test_what_is_not_finished_is_not_trained() -> None:
    ladder = rungs.ladder()
    for phase, trained in (("finished", True), ("stopped", False), ("running", False), ("failed", False)):
        assert Row(ladder[0], shot(0.5, phase)).trained is trained
    assert not Row(ladder[0], shot(float("nan"))).trained
    assert Row(ladder[0], shot(0.5)).seconds == 4.0


def test_a_step_that_looks_several_times_is_judged_by_that() -> None:
    tta = next(rung for rung in rungs.road("cifar10") if rung.name == "tta")
    row = Row(tta, shot(0.5, tta_accuracy=0.6, tta_loss=0.9))
    assert (row.accuracy, row.one_view, row.loss) == (0.6, 0.5, 0.9)
    flat = Row(rungs.ladder()[-1], shot(0.5, tta_accuracy=0.6, tta_loss=0.9))
    assert (flat.accuracy, flat.one_view, flat.loss) == (0.5, None, 1.25)


@pytest.mark.parametrize("hidden", [{"gain"}, {"accuracy"}, {"best"}, {"deep_gain"}, {"rung_accuracy"}, {"small"}])
def test_what_gives_an_accuracy_away_is_covered_with_it(hidden: set[str]) -> None:
    assert rung_rows.covered("accuracy", hidden)
    assert rung_rows.covered("gain", hidden)
    assert not rung_rows.covered("loss", hidden)
    assert rung_rows.covered("loss", {"step_loss"})


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("accuracy", 0.4311, "43.1%"),
        ("accuracy", 1.0, "100.0%"),
        ("gain", -0.0081, "−0.8"),
        ("gain", 0.229, "+22.9"),
        ("parameters", 1_966_234, "2.0M"),
        ("parameters", 999_499, "999k"),
        ("parameters", 37_490, "37k"),
        ("parameters", 122, "122"),
        ("seconds", 8.37, "8.4 s"),
        ("seconds", 72.3, "72 s"),
        ("seconds", 60 * 25, "25 min"),
        ("loss", 1.63214, "1.632"),
    ],
)
def test_numbers_fit_their_columns(column: str, value: float, words: str) -> None:
    assert rung_words.short(column, value) == words
    assert len(words) <= rung_drawing.WIDTHS[column]


def test_bars_are_as_long_as_the_numbers_to_an_eighth_of_a_cell() -> None:
    for eighths in range(1, 81):
        made = rung_drawing.length(eighths / 8, True)
        assert 8 * made.count("█") + rung_drawing.EIGHTHS.index(re.sub("█", "", made) or " ") == eighths
    assert rung_drawing.length(0.0, True) == "▏"
