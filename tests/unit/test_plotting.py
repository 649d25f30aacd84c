"""When plots are drawn: at most so often, one after the other, and not while keys are pressed."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.app.text import Look
from fastai_tui.app.tui import plotting
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.link import Link
from fastai_tui.app.tui.once import WITHIN, Once
from fastai_tui.app.tui.panes.common import run_picture
from fastai_tui.app.tui.plotting import Plotter, paste, sparkline
from fastai_tui.app.tui.sheet import Sheet
from fastai_tui.app.tui.widgets import status
from fastai_tui.app.tui.widgets.status import StatusFacts


class Place:
    """A canvas as a plotter sees it, and a clock that tests turn."""

    def __init__(self, thin: bool = False) -> None:
        self.now, self.cost, self.drawn = 100.0, 0.0, list[tuple[float, str]]()
        self.app = SimpleNamespace(_driver=SimpleNamespace(link=Link(thin=thin)), last_key=-1e9)
        self.is_mounted, self.timers = False, list[float]()
        self.plotter = Plotter(self, self.clock)  # type: ignore[arg-type]

    def clock(self) -> float:
        return self.now

    def set_timer(self, wait: float, then: Callable[[], None]) -> Any:
        self.timers.append(self.now + wait)
        return object()

    def redraw(self) -> None:
        """Nothing is seen."""

    def show(self, data: int, name: str = "loss", view: str = "", size: tuple[int, int] = (20, 5)) -> str:
        def make(look: Look, width: int, height: int) -> list[str]:
            self.drawn.append((self.now, name))
            self.now += self.cost
            return [f"{name} {data}"]

        sheet = Sheet(40, 10)
        self.plotter.show(sheet, Area(0, 0, *size), make, name=name, view=view, data=data)
        return sheet.text.strip()

    def replay(self, seconds: float, names: tuple[str, ...] = ("loss",)) -> None:
        """New numbers every 20 ms."""
        end, data = self.now + seconds, 0
        while self.now < end:
            data += 1
            for name in names:
                self.show(data, name)
            self.now += 0.02


def test_five_pictures_a_second_and_one_on_a_thin_link() -> None:
    for thin, most in ((False, 5), (True, 1)):
        place = Place(thin)
        place.replay(10)
        assert 8 * most <= len(place.drawn) <= 10 * most + 1


def test_two_plots_are_never_drawn_in_the_same_frame() -> None:
    place = Place()
    place.replay(5, ("loss", "rate"))
    times = [when for when, _ in place.drawn[2:]]
    assert min(b - a for a, b in itertools.pairwise(times)) >= plotting.APART - 1e-9
    assert {name for _, name in place.drawn[2:]} == {"loss", "rate"}


def test_a_costly_plot_is_drawn_more_seldom() -> None:
    place = Place()
    place.cost = 0.04
    place.replay(10)
    assert len(place.drawn) * place.cost <= 10 / plotting.SHARE + 2 * place.cost


def test_a_plot_waits_for_a_key_but_not_for_ever() -> None:
    place = Place()
    place.show(1)
    place.now += 1
    place.plotter.pressed()
    assert place.show(2) == "loss 1"
    assert place.timers
    place.now += plotting.QUIET + 0.001
    assert place.show(2) == "loss 2"
    place.now += 1
    begun = place.now
    while place.show(3) == "loss 2":  # a key is held down
        place.plotter.pressed()
        place.now += 0.03
    assert place.now - begun <= plotting.AT_MOST + 0.04


def test_keys_that_the_app_saw_count_too() -> None:
    place = Place()
    place.show(1)
    place.now += 1
    place.app.last_key = place.now
    assert place.show(2) == "loss 1"


def test_another_view_or_size_is_drawn_at_once() -> None:
    place = Place()
    place.show(1)
    place.plotter.pressed()
    assert place.show(2, view="other") == "loss 2"
    assert place.show(3, view="other", size=(21, 5)) == "loss 3"
    assert place.show(3, view="other", size=(21, 5)) == "loss 3"
    assert len(place.drawn) == 3


def test_pasting_is_cut_at_the_sheets_edge() -> None:
    sheet, picture = Sheet(6, 2), Sheet(4, 3)
    picture.put_lines(0, 0, ["abcd", "efgh", "ijkl"])
    paste(sheet, Area(1, 4, 4, 3), picture)
    paste(sheet, Area(5, 0, 4, 3), picture)
    assert [len(row) for row in sheet.rows] == [6, 6]
    assert sheet.text == "\n    ab"


@given(st.lists(st.floats()), st.integers(-1, 90), st.booleans())
def test_a_sparkline_is_never_wider_than_asked_for(values: list[float], columns: int, unicode: bool) -> None:
    line = sparkline(values, columns, unicode)
    assert len(line) <= max(columns, 0)
    assert unicode or line.isascii()


def test_a_sparkline_shows_the_way() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([float("nan"), 1.0, 0.0], 3) == " █▁"


@given(st.integers(0, 200), st.integers(0, 80), st.integers(1, 500), st.sampled_from(run_picture.VIEWS))
def test_what_a_run_shows_finds_room_and_does_not_overlap(width: int, height: int, epochs: int, view: str) -> None:
    area = Area(3, 2, width, height)
    places = run_picture.layout(area, epochs, view)
    cells = [(row, column) for _, p in places for row in range(p.row, p.below) for column in range(p.column, p.right)]
    assert len(cells) == len(set(cells))
    assert all(area.row <= row < area.below and area.column <= column < area.right for row, column in cells)
    assert all(p.height >= (2 if name == "table" else run_picture.LEAST) for name, p in places)


@pytest.mark.parametrize("room", range(0, 120, 7))
def test_the_status_line_drops_what_matters_least(room: int) -> None:
    facts = StatusFacts("0003-mnist", "running", 0.31, 42.0, "cpu", 2, "ready", "link thin", "")
    kept = [words for _, words, _ in status.fitting(status.parts(facts), room)]
    assert len(" · ".join(kept)) <= room
    if kept:
        assert "running" in kept or "31%" in kept
    if room >= 100:
        assert kept == ["0003-mnist", "running", "31%", "42 s left", "cpu", "2 waiting", "lab ready", "link thin"]


def test_a_held_key_asks_once_until_it_came_true_or_time_has_passed() -> None:
    now = [0.0]
    once = Once(lambda: now[0])
    assert once.first("train")
    assert not once.first("train")
    assert once.first("stop")
    once.forget()
    assert once.first("stop")
    now[0] += WITHIN
    assert once.first("stop")
