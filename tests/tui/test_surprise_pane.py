"""The pane of surprise: what it shows and measures at the cursor is what the lab has said of that place."""

from types import SimpleNamespace
from typing import Any

import pytest

from fastai_tui.app.tui.panes.common import letters
from fastai_tui.app.tui.panes.text import surprise_drawing
from fastai_tui.app.tui.panes.text.surprise import SurprisePane
from fastai_tui.engine.expectations import Surprise
from fastai_tui.lessons.panes import PANES
from tests.tui.host import play, pressed, scene, settled
from tests.tui.looks import same_as_golden
from tests.tui.reading_labs import ReadingLab, drawn_at_every_size

pytestmark = pytest.mark.usefixtures("still", "networks")

TEXT = "the return value of a function is a number."


def made(lab: Any = None, text: str = TEXT, **given: Any) -> SurprisePane:
    show = {"text": text, **given.pop("show", {})}
    return SurprisePane(scene("surprise", lab=lab or ReadingLab(), show=show, **given))


def answered(pane: SurprisePane) -> Surprise:
    assert pane.answer is not None
    return pane.answer


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    pane = made()
    play(pane)
    assert set(pane.measured()) == set(PANES["surprise"].measures)


def test_at_the_cursor_stands_what_came_and_what_was_expected() -> None:
    pane = made()
    shown = play(pane, "right", "right")
    here = answered(pane).characters[2]
    measured = pane.measured()
    assert (measured["character"], measured["letter"]) == (3, "e")
    assert (measured["nats"], measured["rank"]) == (here.nats, here.rank)
    assert (measured["likeliest"], measured["guess"]) == (
        here.expected.top[0].p,
        letters.named(here.expected.top[0].text),
    )
    assert f"e came: {here.nats:.3g}"[:11] in shown
    assert f"rank {here.rank}" in shown
    assert f"{here.expected.top[0].p:.3f}" in shown


def test_what_came_is_marked_among_what_was_expected_even_if_it_was_not() -> None:
    pane = made(text="x~y")
    shown = play(pane, "right", size=(40, 18))
    assert "›~" in shown
    assert "0.001" in shown


def test_after_the_text_it_says_what_comes_next() -> None:
    pane = made()
    shown = play(pane, "end")
    assert "what comes next?" in shown
    measured = pane.measured()
    assert measured["character"] == len(TEXT) + 1
    assert measured["likeliest"] == answered(pane).next.top[0].p
    assert not {"nats", "rank"} & set(measured)
    assert "after the text" in pane.sentence()


def test_f_goes_to_the_most_surprising_and_then_to_the_next() -> None:
    pane = made()
    play(pane, "f")
    nats = [character.nats for character in answered(pane).characters]
    assert nats[pane.at] == max(nats)
    assert pane.measured()["worst"] == pane.at + 1
    first = pane.at
    again = made(kept=pane.kept())
    play(again, "f")
    assert again.at != first
    assert sorted(nats, reverse=True)[1] == nats[again.at]


def test_the_mean_is_over_all_characters() -> None:
    pane = made()
    shown = play(pane)
    nats = [character.nats for character in answered(pane).characters]
    assert pane.measured()["mean"] == pytest.approx(sum(nats) / len(nats))
    assert "knowing nothing 4.34" in shown  # ln 77


def test_a_text_of_the_learner_s_own_is_read() -> None:
    lab = ReadingLab()
    pane = made(lab, text="ab")
    play(pane, "end", "e", "c", "space", "é", "enter")
    assert pane.text == "abc é"
    assert lab.asked[-1][1]["text"] == "abc é"
    assert pane.measured()["typed"] == 1
    assert "é is not in the vocabulary" in pane.sentence()


def test_while_it_is_typed_every_character_goes_to_it() -> None:
    pane = made(text="ab")
    shown = play(pane, "e", *"fkvq+", "home", "delete")
    assert pane.line is not None
    assert pane.line.text == "bfkvq+"
    assert "enter: done" in shown
    assert pane.text == "ab"


def test_an_empty_text_is_a_line_that_begins() -> None:
    pane = made(text="a")
    shown = play(pane, "e", "backspace", "enter", "right", "left", "down", "f")
    assert pane.text == ""
    assert "e types one" in shown
    assert "no text" in pane.sentence()
    assert "mean" not in pane.measured()


def test_up_and_down_go_by_lines() -> None:
    pane = made(text="the cat sat on the mat and the dog lay there")
    play(pane, "right", "down", size=(20, 20))
    assert pane.text[19:].startswith("mat")  # the second line
    assert pane.at == 20


def test_another_network_reads_and_the_one_before_is_compared_with() -> None:
    pane = made()
    shown = play(pane, "k", size=(78, 34))
    assert pane.source == "0001-char-lm"
    assert pane.measured()["networks"] == 2
    assert pane.measured()["source"] == "run"
    other = pane.of_other()
    assert other is not None
    assert other.source == "pydocs"
    assert "pydocs, CharLstm" in shown
    assert "pydocs has" in pane.sentence()
    assert pane.command()[:2] == ["sample", "0001-char-lm"]


def test_a_network_that_is_gone_is_trouble_only_if_it_is_the_one_that_reads() -> None:
    lab = ReadingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        await pressed(pilot, "k")
        lab.trouble = "pydocs is not part of this installation."
        await pressed(pilot, "e", "x", "enter")
        assert pane.trouble == ""
        assert answered(pane).source == "0001-char-lm"
        lab.trouble = "0002-char-lm has no checkpoint yet."
        await pressed(pilot, "k")
        assert pane.sentence() == lab.trouble
        assert lab.trouble in pane.sheet.text
        await pressed(pilot, "K")
        assert pane.trouble == ""

    play(pane, drive=drive)
    assert pane.answer is not None


def test_the_step_s_run_reads_once_it_has_begun_and_anew_when_it_has_got_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastai_tui.app.tui.panes.common.inside.PAUSE", 0.0)
    lab, run = ReadingLab(), SimpleNamespace(id="0001-char-lm")
    pane = made(lab)

    def shot(step: int) -> Any:
        return SimpleNamespace(run=run.id, step=step, ended=False, live=True)

    async def drive(pilot: Any) -> None:
        pane.follow(run, shot(0), (run.id,))  # type: ignore[arg-type]
        await settled(pilot)
        assert pane.source == "pydocs"
        pane.follow(run, shot(5), (run.id,))  # type: ignore[arg-type]
        await settled(pilot)
        assert answered(pane).source == run.id
        lab.step = 60
        pane.follow(run, shot(9), (run.id,))  # type: ignore[arg-type]
        await settled(pilot)
        assert answered(pane).step == 60

    play(pane, drive=drive)


def test_the_embedded_one_reads_where_the_step_says_so() -> None:
    pane = made(show={"source": "pydocs"})

    async def drive(pilot: Any) -> None:
        shot: Any = SimpleNamespace(run="0001-char-lm", step=5, ended=True, live=False)
        pane.follow(SimpleNamespace(id="0001-char-lm"), shot, ("0001-char-lm",))  # type: ignore[arg-type]

    play(pane, drive=drive)
    assert pane.source == "pydocs"


def test_no_lab_is_said_and_the_text_is_there() -> None:
    from tests.tui.host import SilentLab

    pane = made(SilentLab())
    shown = play(pane, "f", "right", "k")
    assert "There is no lab here." in shown
    assert TEXT[:30] in shown


@pytest.mark.parametrize("hidden", ["nats", "rank", "likeliest", "guess", "worst", "mean", "entropy"])
def test_what_is_to_be_predicted_is_neither_shown_nor_to_be_read_off(hidden: str) -> None:
    pane = made(hidden=frozenset({hidden}), text="quite a text")
    shown = play(pane, "right", "right", size=(78, 34))
    answer, here = answered(pane), answered(pane).characters[2]
    said = f"{shown} {pane.sentence()}"
    told = {"mean": f"{answer.mean:.3g}", "entropy": f"entropy {here.expected.entropy:.3g}"[:11]}
    if hidden in told:
        assert told[hidden] not in said
    if hidden in ("nats", "rank", "likeliest", "guess"):
        assert "predict it first" in shown
        assert f"{here.expected.top[0].p:.3f}" not in said
    if hidden in ("nats", "worst"):
        assert all(not isinstance(style, tuple) or style.back is None for row in pane.sheet.rows for _, style in row)
        assert "The most surprising" not in said
        at = pane.at
        play_again = made(hidden=frozenset({hidden}), text="quite a text", kept=pane.kept())
        play(play_again, "f")
        assert play_again.at == at


@pytest.mark.parametrize("keys", [(), ("k", "f"), ("e",)])
@pytest.mark.parametrize("text", ["", "x", TEXT, "né ☃ 漢字\nzwei " * 12])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], text: str) -> None:
    pane = made(text=text)
    play(pane, *keys, size=(20, 3))
    drawn_at_every_size(lambda sheet: surprise_drawing.draw(sheet, pane.shown, "|"))


@pytest.mark.parametrize(
    "kept",
    [
        {"text": 7, "at": "x", "visited": "y", "network": 3},
        {"text": "a\x1b[31m" * 900, "at": -5, "visited": [None, 2.5, 10**9], "network": ""},
        {"at": 10**12, "visited": {}},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, show={"top": "many"})
    play(pane, "right")
    assert 0 <= pane.at <= len(pane.text) <= 200
    assert "\x1b" not in pane.text
    assert pane.source == "pydocs"


def test_opened_again_it_is_as_it_was() -> None:
    pane = made()
    play(pane, "e", "x", "enter", "k", "left", "left")
    assert pane.at == len(pane.text) - 2  # from after the text that was typed
    again = made(kept=pane.kept())
    play(again)
    assert (again.text, again.at, again.source) == (pane.text, pane.at, pane.source)
    assert again.measured()["nats"] == pane.measured()["nats"]


def test_a_place_that_was_looked_at_is_not_asked_for_again() -> None:
    lab = ReadingLab()
    pane = made(lab)
    play(pane, "right", "f", "end", "home")
    assert len(lab.asked) == 1


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (110, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    pane = made(text="the é return value")
    text = play(pane, "k", "f", "f", size=size)
    same_as_golden(f"panes/surprise-{size[0]}x{size[1]}", text)
