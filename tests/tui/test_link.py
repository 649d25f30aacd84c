"""The meter of the link, with a clock of its own."""

import pytest

from fastai_tui.app.tui.link import FAST, PATIENCE, SLOW, TRIES, Link, Meter


def told(meter: Meter, ms: float, times: int, now: float = 0.0) -> float:
    """So many questions answered after `ms` each; returns the time then."""
    for _ in range(times):
        while not meter.due(now):
            now += 0.1
        now += ms / 1000
        assert meter.answered(now)
    return now


def test_a_slow_link_is_thin_and_says_so() -> None:
    meter = Meter()
    told(meter, 180, 3)
    assert meter.link.words == "link 180 ms, thin"
    assert "180 ms" in meter.link.reason


def test_a_fast_link_is_not() -> None:
    meter = Meter()
    told(meter, 12, 10)
    assert (meter.link.ms, meter.link.thin, meter.link.words) == (12, False, "link 12 ms")


def test_one_hiccup_is_no_slow_link_and_one_good_answer_no_fast_one() -> None:
    meter = Meter()
    now = told(meter, 400, 1, told(meter, 10, 3))
    assert not meter.link.thin
    now = told(meter, 400, 2, now)
    assert meter.link.thin
    told(meter, 10, 1, now)
    assert meter.link.thin


def test_between_the_limits_it_stays_what_it_was() -> None:
    middle = (SLOW + FAST) / 2
    meter = Meter()
    now = told(meter, middle, 6)
    assert not meter.link.thin
    now = told(meter, middle, 6, told(meter, SLOW + 50, 3, now))
    assert meter.link.thin
    told(meter, FAST - 1, 3, now)
    assert not meter.link.thin


def test_a_terminal_that_does_not_answer_is_unknown_never_thin_and_soon_left_in_peace() -> None:
    meter, asked = Meter(), 0
    for tenth in range(1000):
        asked += meter.due(tenth / 10)
    assert asked == TRIES
    assert meter.link == Link(None, False, "the terminal has not said how fast it is")
    assert meter.link.words == ""


def test_an_answer_that_does_not_come_any_more_counts_as_slow() -> None:
    meter = Meter()
    now = told(meter, 10, 3)
    while not meter.due(now):
        now += 0.1
    assert not meter.due(now + PATIENCE)
    assert meter.link.thin


def test_an_answer_to_nothing_is_none() -> None:
    assert not Meter().answered(1.0)


def test_there_is_one_question_at_a_time() -> None:
    meter = Meter()
    assert meter.due(0.0)
    assert not meter.due(1.0)


@pytest.mark.parametrize(("wish", "thin"), [("on", True), ("off", False)])
def test_the_option_decides_whatever_was_measured(wish: str, thin: bool) -> None:
    for ms in (10, 500):
        meter = Meter(wish)  # type: ignore[arg-type]
        told(meter, ms, 3)
        assert (meter.link.thin, meter.link.ms) == (thin, ms)
