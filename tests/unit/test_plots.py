"""Plots: of exactly the size asked for, whatever the numbers are, and showing where they go."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app import axes, plots
from fastai_tui.app.text import Look, plain, width

LOOKS = [Look(), Look(colours=True), Look(unicode=False), Look(colours=True, unicode=False)]
NAN, INF = math.nan, math.inf
anything = st.floats(allow_nan=True, allow_infinity=True, width=64)
AWKWARD = {
    "nothing": [],
    "one point": [0.5],
    "zeros": [0.0, 0.0, 0.0],
    "constant": [2.3] * 50,
    "not a number": [NAN, NAN],
    "infinite": [INF, -INF, 1.0],
    "huge": [1e308, -1e308, 3.0],
    "tiny": [5e-324, 0.0, 1e-320],
    "tiny around one": [1.0, 1.0 + 1e-15],
    "negative": [-3.0, -2.0, -5.0],
    "a jump to infinity": [2.3, 1.9, 1e38, INF, NAN],
    "many": list(np.linspace(3, 0.1, 5000)),
}


def all_kinds(values: list[float], columns: int, rows: int, look: Look) -> list[list[str]]:
    steps = list(range(1, len(values) + 1))
    size = {"width": columns, "height": rows, "look": look}
    valid = list(zip(steps, values, strict=True))[-3:]
    return [
        plots.loss_curve(steps, values, values, values, valid, total=len(values), **size),
        plots.rate_curve(steps, values, **size),
        plots.overlaid([("one", steps, values), ("two", steps, values[::-1])], **size),
    ]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("values", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_numbers_give_a_plot_of_the_size_asked_for(values: list[float], look: Look) -> None:
    for lines in all_kinds(values, 60, 12, look):
        assert len(lines) == 12
        assert {width(line) for line in lines} == {60}


@settings(max_examples=40, deadline=None)
@given(st.lists(anything, max_size=30), st.integers(1, 120), st.integers(1, 30), st.sampled_from(LOOKS))
def test_any_numbers_fit_any_size(values: list[float], columns: int, rows: int, look: Look) -> None:
    for lines in all_kinds(values, columns, rows, look):
        assert len(lines) == rows
        assert {width(line) for line in lines} == {columns}


def drawn(lines: list[str], marks: str) -> set[tuple[int, int]]:
    """Where on the plot (row from the top, column) one of `marks` stands, the legend and the y axis's labels aside."""
    found = enumerate(lines[1:])
    return {(y, x) for y, line in found for x, c in enumerate(plain(line)) if c in marks and x > 4}


def test_a_falling_curve_goes_from_the_top_left_to_the_bottom_right() -> None:
    steps = list(range(1, 101))
    lines = plots.rate_curve(steps, [101 - s for s in steps], width=60, height=20, look=Look(unicode=False))
    points = sorted(drawn(lines, "*"), key=lambda place: (place[1], place[0]))
    assert points[0][0] <= 1
    assert points[-1][0] >= 15
    assert all(left[0] <= right[0] for left, right in itertools.pairwise(points))


def test_the_band_reaches_from_the_lowest_to_the_highest_batch() -> None:
    steps = list(range(1, 101))
    lines = plots.loss_curve(
        steps, [1.0] * 100, [3.0] * 100, [2.0] * 100, width=60, height=21, look=Look(unicode=False)
    )
    inside = {y for y, _ in drawn(lines, ".*") if y < 18}
    labels = {
        float(line.split("+")[0]): y for y, line in enumerate(lines[1:]) if line.strip()[0].isdigit() and "+" in line
    }
    assert labels[3] == min(inside)
    assert labels[1] == max(inside)


def test_validation_points_stand_where_their_steps_are() -> None:
    lines = plots.loss_curve([1, 100], [1, 1], [1, 1], [1, 1], [(50, 2.0)], width=60, height=20, total=100)
    ((_, column),) = drawn(lines, "o")
    assert abs(column - 30) <= 3


def test_colours_change_no_character() -> None:
    steps = list(range(1, 200))
    values = [3 / s for s in steps]
    for look in (Look(), Look(unicode=False)):
        coloured = Look(colours=True, unicode=look.unicode)
        for without, with_colours in zip(
            all_kinds(values, 70, 15, look)[:2], all_kinds(values, 70, 15, coloured)[:2], strict=True
        ):
            assert [plain(line) for line in with_colours] == without
            assert with_colours != without


def test_without_unicode_everything_is_ascii() -> None:
    for lines in all_kinds([3.0, 1.0, 2.0], 60, 12, Look(unicode=False)):
        assert all(line.isascii() for line in lines)


def test_runs_without_colours_are_told_apart_by_letters() -> None:
    lines = plots.overlaid([("low", [1, 100], [1, 1]), ("high", [1, 100], [9, 9])], width=60, height=15)
    assert "a low" in lines[0]
    assert "b high" in lines[0]
    assert min(y for y, _ in drawn(lines, "b")) < min(y for y, _ in drawn(lines, "a"))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_limits_hold_every_value_and_are_round(values: list[float]) -> None:
    low, high = axes.limits(values)
    slack = (high - low) * 1e-9
    assert low - slack <= min(values)
    assert max(values) <= high + slack
    assert low < high


def test_limits_stand_still_while_a_loss_falls() -> None:
    losses = [2.31 - 0.002 * step for step in range(1000)]
    seen = {axes.limits(losses[:n]) for n in range(1, 1000)}
    assert len(seen) == 1


def test_a_curve_that_grows_keeps_its_shape() -> None:
    """What is drawn of the first half does not depend on the second: the terminal is sent the new part only."""
    steps = list(range(1, 401))
    values = [2 + math.sin(s / 7) for s in steps]
    half, whole = (
        plots.rate_curve(steps[:n], values[:n], width=61, height=20, total=400, look=Look(unicode=False))
        for n in (200, 400)
    )
    cut = 28
    assert [line[:cut] for line in half[1:]] == [line[:cut] for line in whole[1:]]


def test_thinning_keeps_the_extremes() -> None:
    x = np.arange(10_000)
    y = np.sin(x / 50)
    y[7777] = 40.0
    xs, ys = axes.thinned(x.tolist(), y.tolist(), 60, 10_000)
    assert len(xs) <= 122
    assert ys.max() == 40.0
    assert xs[ys.argmax()] == 7777


def test_two_plots_do_not_share_a_figure() -> None:
    first = plots.rate_curve([1, 2, 3], [1, 2, 3], width=50, height=10)
    plots.rate_curve([1, 2, 3], [900, 2, -3], width=70, height=20)
    assert plots.rate_curve([1, 2, 3], [1, 2, 3], width=50, height=10) == first


def test_no_curve_has_a_colour_that_white_paper_swallows() -> None:
    values = [2.0, 1.0, 0.5]
    drawn = all_kinds(values, 60, 12, Look(colours=True))
    text = "\n".join(line for plot in drawn for line in plot)
    assert "\x1b[36m" in text
    assert not [code for code in ("93", "95", "96", "97") if f"\x1b[{code}m" in text]


def test_the_labels_of_an_axis_are_evenly_spaced_and_all_different() -> None:
    for high, rows in itertools.product([0.013, 0.29, 0.9, 1.2, 2.3, 2.5, 3.0, 14.0, 870.0], range(6, 40)):
        values = [high * 0.9**step for step in range(60)]
        lines = plots.loss_curve(range(1, 61), values, values, values, width=53, height=rows)
        labels = [float(line.split("┤")[0]) for line in lines if "┤" in line]
        gaps = np.diff(labels)
        assert len(labels) >= 2
        assert gaps == pytest.approx([gaps[0]] * len(gaps))
        assert gaps[0] < 0


def test_an_axis_close_around_its_values_tells_small_differences_apart() -> None:
    low, high = axes.close([0.987, 0.991])
    assert low < 0.987 < 0.991 < high <= 1
    assert high - low <= 0.03
    assert axes.close([1.0, 1.0]) == (0.99, 1.0)
    assert axes.close([0.0]) == (0.0, 0.001)
    assert axes.close([]) == (0.0, 1.0)


@given(st.lists(anything, max_size=8))
def test_the_close_axis_holds_every_finite_value(values: list[float]) -> None:
    low, high = axes.close(values)
    assert low < high
    assert all(low <= v <= high for v in values if math.isfinite(v) and abs(v) < axes.LARGEST)


@settings(max_examples=30, deadline=None)
@given(st.lists(anything, max_size=12), st.integers(1, 90), st.integers(1, 30), st.sampled_from(LOOKS))
def test_metrics_and_schedules_ahead_fit_any_size(values: list[float], columns: int, rows: int, look: Look) -> None:
    points = [(float(i + 1), value) for i, value in enumerate(values)]
    for lines in (
        plots.metric_curve("accuracy", points, width=columns, height=rows, total=12, look=look),
        plots.rate_curve([1, 2], [0.1, 0.2], ahead=points, width=columns, height=rows, total=12, look=look),
    ):
        assert len(lines) == rows
        assert {width(line) for line in lines} == {columns}


def test_a_run_keeps_its_letter_and_its_colour_when_others_go() -> None:
    size = {"width": 40, "height": 10}
    steps, values = [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]
    plain_lines = plots.overlaid([("", steps, values)], numbers=[2], look=Look(), **size)
    assert any("c" in line for line in plain_lines[1:])
    coloured = "".join(plots.overlaid([("", steps, values)], numbers=[2], look=Look(colours=True), **size))
    assert f"\x1b[{30 + plots.SERIES[2]}m" in coloured


def finder(losses: list[float], columns: int, rows: int, look: Look, **more: object) -> list[str]:
    rates = [1e-7 * 1e8 ** (i / max(len(losses), 1)) for i in range(len(losses))]
    given = {"marks": [], "between": (1e-7, 10.0), "y": (0.0, 4.0)} | more
    return plots.finder_curve(rates, losses, losses, width=columns, height=rows, look=look, **given)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("values", AWKWARD.values(), ids=AWKWARD.keys())
def test_a_finder_s_curve_has_the_size_asked_for_whatever_its_numbers(values: list[float], look: Look) -> None:
    for columns, rows in ((60, 12), (16, 5), (7, 2), (1, 1)):
        lines = finder(values, columns, rows, look, marks=[("1", 1e-3, 2.0), ("2", 100.0, -7.0)])
        assert len(lines) == rows
        assert {width(line) for line in lines} == {columns}


def test_a_finder_s_marks_stand_at_their_rates_on_a_logarithmic_axis_and_never_hide_each_other() -> None:
    marks = [(str(n), 10.0**n * 1e-6, 2.0) for n in (1, 3, 5)] + [("7", 1e-3, 2.0), ("8", 1e-3, 2.0)]
    lines = [plain(line) for line in finder([2.0] * 100, 81, 20, Look(unicode=False), marks=marks, margin=3)]
    places = {c: (y, x) for y, line in enumerate(lines[1:-2]) for x, c in enumerate(line) if c in "13578" and x > 4}
    ticks = {label: lines[-1].index(label) for label in ("1e-5", "1e-3", "0.1")}
    for mark, label in (("1", "1e-5"), ("3", "1e-3"), ("5", "0.1")):
        assert abs(places[mark][1] - (ticks[label] + len(label) // 2)) <= 1
        assert places[mark][1] == plots.column_of(math.log10(10.0 ** int(mark) * 10), 8, 81, 3)
    assert len({places[c] for c in "378"}) == 3  # one above the other
    assert places["8"][0] < places["7"][0] < places["3"][0]


@pytest.mark.parametrize("value", [0.1, 0.1135, 0.5, 0.98])
def test_an_accuracy_that_never_changes_is_a_line_in_the_middle(value: float) -> None:
    bottom, top = axes.close([value] * 4)
    assert 0 <= bottom < value < top <= 1
    assert 0.2 < (value - bottom) / (top - bottom) < 0.8
