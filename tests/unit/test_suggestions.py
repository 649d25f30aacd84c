"""The four suggestions against fastai 2.8.12's, and curves that suggest nothing."""

import math

import pytest

from fastai_tui.engine.suggestions import NAMES, caution, counted, height, suggest

NAN = math.nan
START, END = 1e-7, 10.0


def rates(count: int) -> list[float]:
    return [START * (END / START) ** (i / count) for i in range(count)]


def curve(kind: str, count: int) -> list[float]:
    shapes = {
        "bowl": lambda u: 2.3 - 1.9 / (1 + math.exp(-(u - 0.7) * 30)) + math.exp((u - 0.9) * 40),
        "wavy": lambda u: (
            2.3 + 0.05 * math.sin(u * count * 0.9) - 1.2 / (1 + math.exp(-(u - 0.6) * 20)) + math.exp((u - 0.85) * 30)
        ),
        "falling": lambda u: 2.3 - 2.0 * u * u,
        "two": lambda u: (
            2.3
            - 0.8 * math.exp(-(((u - 0.45) / 0.08) ** 2))
            - 1.5 * math.exp(-(((u - 0.75) / 0.05) ** 2))
            + math.exp((u - 0.92) * 50)
        ),
    }
    return [shapes[kind](i / count) for i in range(count)]


# With fastai 2.8.12 (torch 2.15), for batches n, points kept, and the batch from which on the loss is NaN (or None):
#   from fastai.callback.schedule import minimum, steep, valley, slide
#   x, y = tensor(rates(n)[:kept][n // 10 : -5]).double(), tensor(curve(kind, n)[:kept][n // 10 : -5]).double()
#   (what comes after the first NaN dropped, as `Learner.lr_find` does: there y goes on to n, as NaN)
#   [f(x, y, n)[0] for f in (minimum, steep, valley, slide)]
FASTAI = [
    ("bowl", 100, 100, None, [0.03630780548, 0.03311311215, 0.0003981071706, 0.0001584893192]),
    ("bowl", 100, 96, None, [0.03630780548, 0.03311311215, 0.0003981071706, 0.0001584893192]),
    ("wavy", 100, 93, None, [0.01, 0.005248074602, 0.004365158322, 0.001737800829]),
    ("falling", 100, 100, None, [0.3311311215, 2.754228703, 0.001202264435, 6.309573445e-07]),
    ("two", 100, 98, None, [0.01, 0.04786300923, 0.002089296131, 1.318256739e-06]),
    ("two", 60, 57, None, [0.01, 0.03981071706, 0.001847849797, 0.0002928644565]),
    ("wavy", 37, 37, None, [0.00688395207, 0.009396648315, 0.001282649831, 4.45295851e-07]),
    ("bowl", 200, 190, None, [0.03630780548, 0.03630780548, 0.0004365158322, 0.02290867653]),
    ("wavy", 100, 100, 88, [0.01, 0.005248074602, 0.004365158322, 0.001737800829]),
    ("bowl", 100, 100, 97, [0.03630780548, 0.03311311215, 0.0003981071706, 0.0001584893192]),
]


@pytest.mark.parametrize(("kind", "batches", "kept", "bad", "expected"), FASTAI)
def test_the_four_suggestions_are_fastai_s(
    kind: str, batches: int, kept: int, bad: int | None, expected: list[float]
) -> None:
    xs, ys = rates(batches)[:kept], curve(kind, batches)[:kept]
    if bad is not None:  # where fastai goes on, this finder has ended
        xs, ys = xs[: bad + 1], [*ys[:bad], NAN]
    found = suggest(xs, ys, batches)
    assert [one.name for one in found] == list(NAMES)
    assert [one.rate for one in found] == pytest.approx(expected, rel=1e-9)


def test_a_suggestion_tells_how_high_the_curve_is_and_where_it_was_read() -> None:
    lowest, steepest, *_ = suggest(rates(100), curve("bowl", 100), 100)
    assert lowest.rate is not None
    assert lowest.at == pytest.approx(10 * lowest.rate)
    assert steepest.at == steepest.rate
    place = rates(100).index(min(rates(100), key=lambda x: abs(math.log(x / steepest.at))))
    assert steepest.loss == pytest.approx(curve("bowl", 100)[place])


def test_height_is_a_straight_line_of_the_rate_s_logarithm() -> None:
    assert height([0.01, 1.0], [2.0, 4.0], 0.1) == pytest.approx(3.0)
    assert height([0.01, 1.0], [2.0, 4.0], 1e-9) == 2.0
    assert height([0.01, 1.0], [2.0, NAN], 5.0) == 2.0
    assert height([], [], 0.1) is None


AWKWARD = {
    "nothing": [],
    "one point": [2.3],
    "not enough": [2.3 - i / 10 for i in range(15)],
    "not a number at once": [NAN],
    "rising": [1.0 + i / 10 for i in range(100)],
    "constant": [2.3] * 100,
}


@pytest.mark.parametrize("losses", AWKWARD.values(), ids=AWKWARD.keys())
def test_a_curve_that_tells_nothing_suggests_nothing_and_says_why(losses: list[float]) -> None:
    for one in suggest(rates(100)[: len(losses)], losses, 100):
        assert one.rate is None
        assert one.loss is None
        assert len(one.why) > 20


def test_a_short_curve_suggests_what_it_has_points_for() -> None:
    found = suggest(rates(20), curve("falling", 20), 20)  # 13 points count; slide takes 16
    assert [one.rate is None for one in found] == [False, False, False, True]
    assert "13 points" in found[3].why


def test_the_first_tenth_and_the_last_five_do_not_count() -> None:
    xs, ys = counted(list(range(50)), [float(i) for i in range(50)], 100)
    assert (xs[0], xs[-1], len(xs)) == (10, 44, len(ys))


def test_a_loss_that_still_falls_at_the_end_asks_for_a_higher_one() -> None:
    assert "raise end" in caution(curve("falling", 100), stopped_early=False)
    assert caution(curve("bowl", 100), stopped_early=False) == ""
    assert caution(curve("falling", 40), stopped_early=True) == ""
    assert caution([], stopped_early=False) == ""
