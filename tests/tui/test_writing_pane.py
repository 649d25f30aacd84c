"""The writing pane: what it writes is what the command writes, whatever is taken back, changed or opened again."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from fastai_tui.app.cli import sample
from fastai_tui.app.tui.panes.common.typed import Typed
from fastai_tui.app.tui.panes.text.writing import WritingPane
from fastai_tui.app.writing import Writing
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.manner import Character, Choice, Manner, Piece, repeats
from fastai_tui.lessons import loader
from fastai_tui.lessons.panes import PANES
from tests.tui.course import NearLab, opened, press
from tests.tui.host import SilentLab, play, pressed, scene, settled
from tests.tui.looks import same_as_golden

pytestmark = pytest.mark.usefixtures("still")

SIZES = [(40, 18), (78, 18), (60, 34), (110, 54), (38, 6), (20, 3), (1, 1)]
LETTERS = "abcdefghij\n "


class WritingLab(SilentLab):
    """Answers `write` as the lab does: what comes depends on the prompt, the place, the manner and the weights."""

    def __init__(self, at_once: int = 7, trouble: str = "") -> None:
        super().__init__({"write": self.write})
        self.at_once, self.trouble, self.step = at_once, trouble, 0

    def write(self, **asked: Any) -> Any:
        if self.trouble:
            raise DataMissing(self.trouble)
        manner, first = msgspec.convert(asked["manner"], Manner), len(asked["written"])
        places = range(first, first + min(asked["length"], self.at_once))
        piece = Piece(
            characters=[self.character(asked["prompt"], place, manner) for place in places],
            next=self.choices(asked["prompt"], first + len(places), manner),
            unknown="".join(c for c in "é☃" if c in asked["prompt"]),
            source=asked["source"],
            step=self.step,
        )
        return msgspec.to_builtins(piece)

    def character(self, prompt: str, place: int, manner: Manner) -> Character:
        top = self.choices(prompt, place, manner)
        chosen = 0 if manner.takes_best else (place * 5 + manner.seed + self.step) % len(top)
        return Character(LETTERS.index(top[chosen].text), top[chosen].text, -math.log(top[chosen].p), top)

    def choices(self, prompt: str, place: int, manner: Manner) -> list[Choice]:
        letters = [LETTERS[(i + place + len(prompt)) % len(LETTERS)] for i in range(10)]
        shares = [0.5**i for i in range(1, 11)]
        kept = 1 if manner.takes_best else manner.top_k or 10
        return [Choice(c, p, p if i < kept else 0.0) for i, (c, p) in enumerate(zip(letters, shares, strict=True))]


def made(lab: Any = None, **given: Any) -> WritingPane:
    return WritingPane(scene("writing", lab=lab or WritingLab(), **given))


def commanded(pane: WritingPane, lab: WritingLab, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command that the pane names writes, asked of the same lab."""

    async def close() -> None:
        return None

    monkeypatch.setattr("fastai_tui.engine.lab_client.Lab", lambda: SimpleNamespace(ask=lab.ask, close=close))
    source, *options = pane.command()[1:]
    told = dict(option.lstrip("-").split("=", 1) if "=" in option else (option[2:], "") for option in options)
    manner = Manner(
        temperature=float(told.get("temperature", 1)),
        top_k=int(told.get("top-k", 0)),
        greedy="greedy" in told,
        seed=int(told.get("seed", 42)),
    )
    return sample._written(source, told["prompt"], int(told["length"]), manner, lambda text: None).text


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    pane = made()
    play(pane, "space")
    assert set(pane.measured()) == set(PANES["writing"].measures)


def test_space_writes_one_character_and_shows_what_it_was_chosen_from_and_what_is_next() -> None:
    pane = made(show={"prompt": "the "})
    before = play(pane)
    assert "next" in before
    assert "chosen" not in before
    assert before.splitlines()[2] == "the"
    lab = WritingLab()
    first = lab.character("the ", 0, Manner())
    pane = made(lab, show={"prompt": "the "})
    after = play(pane, "space")
    assert pane.text.text == first.text
    assert f"chosen: {first.text}" in after
    assert f"›{first.text}" in after
    assert pane.measured()["written"] == 1
    assert pane.measured()["surprise"] == pytest.approx(first.nats)


@pytest.mark.parametrize(
    "keys",
    [
        ("space",) * 3,
        ("f", "u", "u", "space"),
        ("f", "k", "k", "K"),
        ("space", "space", "m"),
        ("f", "z", "space"),
        ("e", *"xyz", "enter", "f"),
    ],
)
def test_the_command_that_it_names_writes_the_same_text(keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    lab = WritingLab()
    pane = made(lab, show={"prompt": "the "}, knobs={"temperature": 0.1 + 0.6123456789, "top_k": 5})
    play(pane, *keys)
    assert pane.text.text
    assert pane.manner.greedy or f"--temperature={0.1 + 0.6123456789!r}" in pane.command()
    assert commanded(pane, lab, monkeypatch) == pane.text.text


def test_opened_again_it_is_the_same_text() -> None:
    pane = made(show={"prompt": "the "})
    play(pane, "e", "x", "enter", "k", "f", "u")
    again = made(show={"prompt": "the "}, kept=pane.kept())
    play(again)
    assert again.text == pane.text
    assert again.measured() == pane.measured()


def test_a_new_seed_is_a_new_text_and_the_old_seed_the_old_one() -> None:
    pane = made()
    texts: list[str] = []

    async def drive(pilot: Any) -> None:
        for key in ("f", "k", "K"):
            await pressed(pilot, key)
            texts.append(pane.text.text)

    play(pane, drive=drive)
    assert texts[0] == texts[2] != texts[1]
    assert len(texts[0]) == len(texts[1]) == 200
    assert pane.measured()["seeds"] == 2


def test_a_knob_writes_the_text_anew() -> None:
    lab = WritingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        await pressed(pilot, "space", "space")
        pane.knobs["temperature"] = 0.0
        pane.turned("temperature", 0.0)
        await settled(pilot)

    play(pane, drive=drive)
    manner = Manner(temperature=0.0)
    assert pane.text.text == "".join(lab.character("", i, manner).text for i in range(2))


def test_taking_back_leads_to_the_beginning_and_no_further() -> None:
    pane = made()
    play(pane, "space", "space", "u", "u", "u")
    assert pane.text.characters == ()
    assert pane.text.next


def test_while_the_prompt_is_typed_every_character_goes_to_it() -> None:
    pane = made()
    typed = "qn/m?k z"
    play(pane, "e", *(("space" if c == " " else c) for c in typed), "home", "delete", "end", "backspace")
    assert pane.line is not None
    assert pane.line.text == typed[1:-1]
    assert pane.prompt == ""


@pytest.mark.parametrize("key", ["enter", "escape"])
def test_enter_and_escape_leave_the_prompt_and_the_text_begins_anew(key: str) -> None:
    pane = made(show={"prompt": "ab"})
    play(pane, "f", "e", "c", key)
    assert (pane.prompt, pane.line, pane.text.text) == ("abc", None, "")
    assert pane.measured()["typed"] == 1


def test_by_itself_it_writes_until_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastai_tui.app.tui.panes.text.writing.BEAT", 0.001)
    pane = made()

    async def drive(pilot: Any) -> None:
        await pilot.press("a")
        for _ in range(200):
            await pilot.pause(0.005)
            if len(pane.text.characters) > 20:
                break
        await pilot.press("a")
        await settled(pilot)

    play(pane, drive=drive)
    count = len(pane.text.characters)
    assert count > 20
    assert pane.length == count
    assert not pane.running


def test_a_full_page_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastai_tui.app.tui.panes.text.writing.MOST", 30)
    monkeypatch.setattr("fastai_tui.app.tui.panes.text.writing.BEAT", 0.001)
    pane = made()
    play(pane, "a", "space", "f")
    assert len(pane.text.characters) == 30
    assert not pane.running


def test_other_weights_write_the_text_anew() -> None:
    lab = WritingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        await pressed(pilot, "space", "space", "space")
        lab.step = 7
        pane.look()
        await settled(pilot)

    play(pane, drive=drive)
    assert pane.text.step == 7
    assert pane.text.text == "".join(lab.character("", i, Manner()).text for i in range(3))


def test_trouble_is_said_and_a_key_tries_again() -> None:
    lab = WritingLab(trouble="There is no checkpoint yet.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        await pilot.press("space")
        await settled(pilot)
        assert "There is no checkpoint yet." in pane.sheet.text
        assert pane.sentence() == "There is no checkpoint yet."
        lab.trouble = ""
        await pilot.press("space")

    play(pane, drive=drive)
    assert len(pane.text.characters) == 1


def test_what_is_to_be_predicted_is_not_shown() -> None:
    pane = made(hidden=frozenset({"likeliest", "repeats", "surprise"}))
    text = play(pane, "f")
    assert "? nats · ? repeated" in text
    assert "? (predict" in text
    assert "%" not in pane.sentence()


@pytest.mark.parametrize("keys", [(), ("f",), ("f", "m"), ("e", "x")])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    for size in SIZES:
        pane = made(show={"prompt": "né " * 20}, knobs={"top_k": 4})
        text = play(pane, *keys, size=size, depth=depth, unicode=depth != "none")
        assert all(len(line) <= size[0] for line in text.splitlines())
        if size[1] >= 6 and "e" not in keys:
            assert ("200 written" if keys else "nothing written yet") in text


@pytest.mark.parametrize(
    "kept",
    [{"written": "x", "seed": -5, "mode": 7, "prompt": 9, "seeds": 3}, {"written": -1, "seeds": ["a", 2], "seed": 2.5}],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"temperature": "hot", "top_k": -3})
    play(pane)
    assert (pane.seed, pane.mode, pane.length, pane.prompt) == (42, "draw", 0, "")
    assert pane.manner == Manner()


def test_repetition_and_surprise_are_those_of_the_text() -> None:
    pane = made()
    play(pane, "m", "f")
    assert pane.measured()["repeats"] == repeats(pane.text.text) > 0.5
    assert Writing().repeats == Writing().surprise == 0


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (110, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    pane = made(show={"prompt": "the é "}, knobs={"temperature": 0.8, "top_k": 4})
    text = play(pane, "f", "space", size=size)
    same_as_golden(f"panes/writing-{size[0]}x{size[1]}", text)


def test_a_typed_line_takes_no_control_codes_and_no_more_than_it_holds() -> None:
    assert Typed().put("a\x1b[31m\nb").text == "a[31m b"
    assert len(Typed().put("x" * 999).text) == 200
    assert Typed("ab", 1).pressed("left", None) == Typed("ab", 0)
    assert Typed("ab", 0).pressed("backspace", None) == Typed("ab", 0)
    assert Typed("abc", 2).pressed("ctrl+u", "\x15") == Typed("c", 0)
    assert Typed("ab", 2).pressed("f5", None) is None


CHAPTER = """+++
schema = 1
number = 1
slug = "writes"
title = "It writes"
about = "A network that writes."
needs = []
+++

A network that writes.

## Write {#write}

```toml step
pane = "writing"
show = { prompt = "the " }
hints = ["Press space."]

[[knob]]
name = "temperature"
kind = "float"
default = 1.0
low = 0.0
high = 4.0
step = 0.5
about = "how bold it is"

[[goal]]
id = "ten"
say = "Write ten characters."
when = "written >= 10"
```

Write.
"""


async def test_in_a_chapter_the_keys_of_screen_and_app_are_typed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "01-writes.md").write_text(CHAPTER)
    monkeypatch.setattr(loader, "folder", lambda: tmp_path)
    lab = WritingLab()
    async with opened("writes", "write", the_lab=NearLab({"write": lab.write})) as app:
        pane = app.screen.query_one(WritingPane)
        await press(app, "e", *"qnbchxsgw?/r+-1 ", "enter")
        assert pane.prompt == "the qnbchxsgw?/r+-1 "
        assert app.screen.query_one(WritingPane) is pane
        await press(app, "f", "+")
        assert pane.manner.temperature == 1.5
        assert pane.measured()["written"] == 200
        await press(app, "e", "escape")
        assert pane.line is None
        assert pane.text.text
