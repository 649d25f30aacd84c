"""The pane of influence: what it shows and measures is what the lab has said of the places that it asked for."""

import asyncio
from typing import Any

import pytest

from fastai_tui.app.tui.panes.text import influence_drawing
from fastai_tui.app.tui.panes.text.influence import InfluencePane
from fastai_tui.app.tui.panes.text.influence_chart import column_of, columns
from fastai_tui.engine.expectations import farthest, mean, mean_places, reach, shares
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, scene, settled
from tests.tui.looks import same_as_golden
from tests.tui.reading_labs import ReadingLab, drawn_at_every_size

pytestmark = pytest.mark.usefixtures("still", "networks")

TEXT = "the return value of a function is a number."


def made(lab: Any = None, text: str = TEXT, **given: Any) -> InfluencePane:
    show = {"text": text, **given.pop("show", {})}
    return InfluencePane(scene("influence", lab=lab or ReadingLab(), show=show, **given))


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    pane = made()
    play(pane, "k")
    assert set(pane.measured()) == set(PANES["influence"].measures)


def test_it_begins_after_the_text_and_looks_back_from_the_cursor() -> None:
    lab = ReadingLab()
    pane = made(lab)
    shown = play(pane)
    assert pane.at == len(TEXT)
    assert lab.asked[0][1]["places"] == [len(TEXT)]
    norms = lab.influence("pydocs", TEXT, [len(TEXT)], False)["norms"][0]
    measured = pane.measured()
    assert measured["reach"] == reach(norms)
    assert measured["nearest"] == shares(norms)[0]
    assert measured["farthest"] == farthest(norms)
    assert measured["window"] == 0
    assert f"90 % of it within {reach(norms)} characters" in shown
    assert f"▲{reach(norms)}: 90 %" in shown
    assert "p(e next)" in shown


def test_wherever_the_cursor_goes_that_place_is_asked_for_once() -> None:
    lab = ReadingLab()
    pane = made(lab)
    play(pane, "left", "left", "right", "right")
    assert [asked["places"] for _, asked in lab.asked] == [[43], [42], [41]]
    assert pane.measured()["visited"] == 3


def test_the_window_s_end_is_shown_and_nothing_beyond_it() -> None:
    pane = made()
    shown = play(pane, "k", size=(78, 34))
    assert "the window ends: 8" in shown
    measured = pane.measured()
    assert measured["window"] == 8
    assert 0 < measured["reach"] <= measured["farthest"] <= 8  # type: ignore[operator]
    assert "nothing before them" in pane.sentence()
    lines, edge = shown.splitlines(), [line.index("│") for line in shown.splitlines() if "│" in line]
    assert len(set(edge)) == 1
    assert not any(set(line[edge[0] :]) & set("▁▂▃▄▅▆▇█") for line in lines if "│" in line)


def test_before_the_window_the_text_is_not_shaded() -> None:
    pane = made()
    play(pane, "k", size=(78, 18))
    at = next(i for i, row in enumerate(pane.sheet.text.splitlines()) if row.startswith(TEXT[:20]))
    styles = [style for _, style in pane.sheet.rows[at][: len(TEXT)]]
    assert styles[:-8] == ["dim"] * (len(TEXT) - 8)
    assert all(isinstance(style, tuple) for style in styles[-8:])


def test_two_networks_are_compared_at_the_same_place() -> None:
    lab = ReadingLab()
    pane = made(lab)
    shown = play(pane, "k", "left", size=(78, 34))
    measured = pane.measured()
    norms = {name: lab.influence(name, TEXT, [42], False)["norms"][0] for name in ("pydocs", "0001-char-lm")}
    assert measured["reach"] == reach(norms["0001-char-lm"])
    assert measured["reach_beside"] == reach(norms["pydocs"])
    assert measured["reach_beside"] > measured["reach"]  # type: ignore[operator]
    assert f"pydocs, CharLstm: 90 % within {reach(norms['pydocs'])}" in shown
    assert shown.count("▲") == 2


def test_the_mean_is_over_many_places() -> None:
    lab = ReadingLab()
    pane = made(lab)
    shown = play(pane, "v")
    assert lab.asked[-1][1]["places"] == mean_places(len(TEXT))
    assert pane.answer is not None
    assert pane.measured()["reach"] == reach(mean(pane.answer))
    assert pane.measured()["view"] == "mean"
    assert f"mean of {len(mean_places(len(TEXT)))}" in shown
    assert "On the mean over" in pane.sentence()


def test_m_asks_for_the_likeliest_instead_of_what_came() -> None:
    lab = ReadingLab()
    pane = made(lab)
    shown = play(pane, "home", "right", "m")
    assert lab.asked[-1][1] == {"source": "pydocs", "text": TEXT, "places": [1], "likeliest": True}
    assert "p(e)" in shown
    assert pane.measured()["mode"] == "likeliest"


def test_before_the_first_character_there_is_nothing() -> None:
    pane = made()
    shown = play(pane, "home")
    assert influence_drawing.NOTHING in shown
    assert influence_drawing.NOTHING in pane.sentence()
    assert pane.measured()["reach"] == 0


def test_a_text_of_the_learner_s_own_is_read() -> None:
    lab = ReadingLab()
    pane = made(lab, text="ab")
    play(pane, "e", "c", "☃", "enter", "end")
    assert lab.asked[-1][1]["text"] == "abc☃"
    assert pane.measured()["typed"] == 1
    assert "☃ is not in the vocabulary" in pane.sentence()


def test_no_lab_is_said() -> None:
    pane = made(SilentLab())
    shown = play(pane, "v", "left", "m")
    assert "There is no lab here." in shown
    assert pane.sentence() == "There is no lab here."


@pytest.mark.parametrize("hidden", ["reach", "nearest", "farthest"])
def test_what_is_to_be_predicted_is_neither_shown_nor_to_be_read_off(hidden: str) -> None:
    pane = made(hidden=frozenset({hidden}))
    shown = play(pane, "k", size=(78, 34))
    assert "predict it first" in shown
    assert not set(shown) & set("▁▂▃▄▅▆▇█▲")
    assert all(not isinstance(style, tuple) for row in pane.sheet.rows for _, style in row)
    words = {"reach": "within ?", "nearest": "one ?", "farthest": "to ?"}
    assert words[hidden] in shown
    told = f" {pane.measured()['reach']} characters" if hidden == "reach" else f"up to {pane.measured()['farthest']} "
    assert (told in pane.sentence()) == (hidden == "nearest")


@pytest.mark.parametrize("keys", [("k", "left"), ("v",), ("home", "e")])
@pytest.mark.parametrize("text", ["", "x", TEXT, "né ☃ 漢字\nzwei " * 12])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], text: str) -> None:
    pane = made(text=text)
    play(pane, *keys, size=(20, 3))
    drawn_at_every_size(lambda sheet: influence_drawing.draw(sheet, pane.shown, "|"))


@pytest.mark.parametrize("kept", [{"view": 7, "mode": "x", "at": -3}, {"view": None, "at": "5", "text": {}}])
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept)
    play(pane, "left")
    assert (pane.view, pane.mode, pane.text) == ("here", "came", TEXT)
    assert 0 <= pane.at <= len(TEXT)


def test_opened_again_it_is_as_it_was() -> None:
    pane = made()
    play(pane, "k", "left", "v", "m")
    again = made(kept=pane.kept())
    play(again)
    assert (again.at, again.view, again.mode, again.source) == (pane.at, pane.view, pane.mode, pane.source)
    assert again.measured()["reach"] == pane.measured()["reach"]


def test_what_was_asked_before_a_change_is_no_answer_to_what_is_asked_now() -> None:
    lab = ReadingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        for key in ("left",) * 9 + ("k", "K", "v", "v"):
            await pilot.press(key)
        await settled(pilot)

    play(pane, drive=drive)
    assert pane.answer is not None
    assert pane.answer.places == [pane.at] == [34]
    assert pane.answer.source == "pydocs"


class SlowLab(ReadingLab):
    """Answers when its gate is open."""

    gate: asyncio.Event

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        await self.gate.wait()
        return await super().ask(request, topic=topic, **arguments)


def test_until_the_answer_comes_the_chart_stands_but_nothing_is_measured() -> None:
    lab = SlowLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        before = pane.sheet.text.splitlines()
        lab.gate.clear()
        await pilot.press("left", "left")
        await pilot.pause()
        now = pane.sheet.text.splitlines()
        assert (pane.at, "reach" in pane.measured()) == (41, False)
        assert "influence on …" in now
        assert [line for line in now if "█" in line] == [line for line in before if "█" in line]
        assert pane.sentence() == "The lab has not answered yet."
        lab.gate.set()

    lab.gate = asyncio.Event()
    lab.gate.set()
    play(pane, drive=drive)
    assert pane.measured()["reach"] == reach(lab.influence("pydocs", TEXT, [41], False)["norms"][0])


def test_bars_get_wider_or_gather_distances() -> None:
    assert columns([3.0, 2.0, 1.0], 30) == [(4, 3.0), (4, 2.0), (4, 1.0)]
    assert columns([3.0, 2.0, 1.0], 6) == [(2, 3.0), (2, 2.0), (2, 1.0)]
    assert columns([3.0, 2.0, 1.0, 4.0, 0.5], 2) == [(1, 3.0), (1, 4.0)]
    assert columns([], 5) == []
    assert [column_of(distance, 3, 30) for distance in (1, 2, 3)] == [3, 7, 11]
    assert [column_of(distance, 5, 2) for distance in (1, 3, 4, 5)] == [0, 0, 1, 1]


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (110, 54), (38, 6)])
@pytest.mark.parametrize("view", ["here", "mean"])
def test_it_looks_as_it_did(size: tuple[int, int], view: str) -> None:
    pane = made(text="the é return value", show={"view": view})
    text = play(pane, "k", "left", size=size)
    same_as_golden(f"panes/influence-{view}-{size[0]}x{size[1]}", text)
