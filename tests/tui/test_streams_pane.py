"""The streams pane: what the keys look at is what a folding of the text on paper says."""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.text.streams import StreamsPane
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.text_batch import AROUND, VIEWS, Folded, FoldedRow
from fastai_tui.lessons import loader
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.panes import PANES
from fastai_tui.lessons.schema import Run
from tests.tui import host
from tests.tui.course import NearLab, opened, press
from tests.tui.host import SilentLab, scene
from tests.tui.looks import look, same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
TEXT = "the quick brown fox jumps over\nthe lazy dog, and then it sleeps. " * 6
LETTERS = sorted(set(TEXT))


class FoldingLab(SilentLab):
    """Cuts `TEXT` up on lists: streams by lengths that go 6, 7, 8, 6 …, windows in the order of the text backwards."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__({"fold": self.fold})
        self.trouble = trouble

    def fold(self, view: str, bs: int, size: int, stride: int, epoch: int, batch: int, own: str, **_: Any) -> Any:
        if self.trouble:
            raise BadInput(self.trouble)
        text, folded = own or TEXT, {}
        if view == "streams":
            long = len(text) // bs
            borders = [0]
            while borders[-1] < long - 1:
                borders.append(min(borders[-1] + max(size - 2 + (len(borders) + epoch) % 3, 1), long - 1))
            batches = len(borders) - 1
            batch = min(batch, batches - 1)
            starts = [i * long + borders[batch] for i in range(bs)]
            length = borders[batch + 1] - borders[batch]
            folded = {"long": long, "first": borders[batch], "cuts": list(enumerate(borders))}
            folded["dropped"] = len(text) % bs
            inputs = bs * (long - 1)
        else:
            stride, length = size if view == "every" else stride, size
            every = list(range(0, len(text) - size, stride))[::-1]
            batches = len(every) // bs
            batch = min(batch, batches - 1)
            starts = every[batch * bs :][:bs]
            folded = {"long": 0, "first": 0, "dropped": len(every) % bs, "stride": stride}
            inputs = batches * bs * size
        made = Folded(
            **{"stride": 0, "cuts": [], **folded},
            data="your text" if own else "verse",
            view=view,  # type: ignore[arg-type]
            tokens=len(text),
            streams=bs,
            epoch=epoch,
            batch=batch,
            batches=batches,
            length=length,
            inputs=inputs,
            predictions=batches * bs if view == "windows" else inputs,
            rows=[self.row(text, start, length, view) for start in starts],
            unknown="#" if "#" in own else "",
        )
        return msgspec.to_builtins(made)

    @staticmethod
    def row(text: str, start: int, length: int, view: str) -> FoldedRow:
        numbers = [LETTERS.index(c) if c in LETTERS else 0 for c in text[start : start + length + 1]]
        end = start + length
        targets = numbers[-1:] if view == "windows" else numbers[1:]
        before, after = text[max(start - AROUND, 0) : start], text[end : end + AROUND]
        return FoldedRow(start, before, text[start:end], after, numbers[:-1], targets)


play = partial(host.play, size=(40, 18))


def made(lab: Any = None, **given: Any) -> StreamsPane:
    given.setdefault("knobs", {"bs": 5, "bptt": 8})
    return StreamsPane(scene("streams", lab=lab or FoldingLab(), **given))


@pytest.mark.parametrize("view", VIEWS)
def test_every_measure_that_is_declared_is_measured_and_no_other(view: str) -> None:
    pane = made(show={"view": view})
    play(pane)
    kinds = {int: "number", float: "number", str: "word"}
    assert {name: kinds[type(value)] for name, value in pane.measured().items()} == PANES["streams"].measures


def test_each_row_goes_on_where_it_stopped() -> None:
    pane = made()
    rows = [""] * 5

    async def drive(pilot: Any) -> None:
        for _ in range(4):
            assert pane.folded is not None
            for i, row in enumerate(pane.folded.rows):
                rows[i] += row.text
            await pilot.press("space")
            await pilot.pause()

    play(pane, drive=drive)
    long = len(TEXT) // 5
    assert rows == [TEXT[i * long :][: len(rows[0])] for i in range(5)]
    assert pane.measured()["batch"] == pane.measured()["seen"] == 5


def test_the_cursor_says_what_is_to_follow_and_how_much_was_read() -> None:
    pane = made()
    text = play(pane, "down", "down", "right", "right", size=(60, 34))
    long = len(TEXT) // 5
    measured = pane.measured()
    assert (measured["row"], measured["place"], measured["known"]) == (3, 3, 3)
    here, there = TEXT[2 * long + 2], TEXT[2 * long + 3]
    assert (measured["token"], measured["target"]) == (LETTERS.index(here), LETTERS.index(there))
    assert f"({LETTERS.index(here)}) → " in text
    assert "having read 3" in text


def test_the_cursor_walks_from_batch_to_batch_and_back_in_a_stream() -> None:
    pane = made()
    places: list[float | str] = []

    async def drive(pilot: Any) -> None:
        for key in ["right"] * 9 + ["left"] * 9:
            await pilot.press(key)
            await pilot.pause()
            measured = pane.measured()
            places.append(measured["place"])  # type: ignore[arg-type]

    play(pane, drive=drive)
    assert places == [*range(2, 11), *range(9, 0, -1)]
    assert pane.measured()["batch"] == 1


def test_windows_ask_for_one_answer_and_begin_anew() -> None:
    pane = made(show={"view": "windows"})
    text = play(pane)
    assert pane.measured()["known"] == 8
    assert pane.measured()["target"] == LETTERS.index(TEXT[-1])
    assert pane.measured()["reads"] == 8
    assert "8 read for 1 predicted" in text or "8 to 1" in text
    text = play(pane := made(show={"view": "windows"}), "home")
    assert "target" not in pane.measured()
    assert "no answer is asked for" in text
    play(pane := made(show={"view": "every"}), "right")
    assert (pane.measured()["known"], pane.measured()["reads"]) == (2, 1)


def test_three_characters_lie_side_by_side_as_the_network_of_three_has_them() -> None:
    lab = FoldingLab()
    pane = made(lab, show={"view": "windows", "size": 3}, knobs={"bs": 4})
    play(pane)
    assert lab.asked[-1][1]["stride"] == lab.asked[-1][1]["size"] == 3
    assert "model=three" in pane.command()
    pane = made(lab, show={"view": "windows", "size": 3}, knobs={"bs": 4, "bptt": 3})
    play(pane)
    assert lab.asked[-1][1]["stride"] == 1
    assert "model=loop" in pane.command()


def test_the_views_go_round_and_are_counted() -> None:
    pane = made(show={"view": "windows"})
    seen = []

    async def drive(pilot: Any) -> None:
        for _ in range(3):
            await pilot.press("v")
            await pilot.pause()
            seen.append(pane.measured()["view"])

    play(pane, drive=drive)
    assert seen == ["every", "streams", "windows"]
    assert pane.measured()["views"] == 3


def test_another_epoch_is_cut_at_other_places() -> None:
    pane = made()
    first = play(pane, "space")
    second = play(pane := made(), "space", "full_stop")
    assert first != second
    assert pane.measured()["epoch"] == 2
    play(pane := made(), "full_stop", "comma", "comma")
    assert pane.measured()["epoch"] == 1


def test_to_the_last_batch_and_to_the_first() -> None:
    pane = made()
    play(pane, "f")
    measured = pane.measured()
    assert measured["batch"] == measured["batches"]
    assert pane.over
    play(pane := made(), "f", "space", "right", "end")
    assert pane.measured()["batch"] == measured["batches"]
    play(pane := made(), "f", "u")
    assert pane.measured()["batch"] == int(measured["batches"]) - 1
    play(pane := made(), "f", "z", "u")
    assert pane.measured()["batch"] == 1


def test_it_plays_until_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StreamsPane, "FRAMES", 1e-6)
    pane = made()

    async def drive(pilot: Any) -> None:
        await pilot.press("p")
        assert pane.playing
        for _ in range(3):
            pane._tick()
            await pilot.pause()
        await pilot.press("p")
        assert not pane.playing

    play(pane, drive=drive)
    assert pane.measured()["batch"] == 5


def test_a_text_of_ones_own_is_folded_into_as_many_streams_as_it_fills() -> None:
    pane = made(knobs={"bs": 64, "bptt": 8})
    text = play(pane, "e", *"abcdefghijklmnopqrstuvwxyz#vq", "enter")
    assert pane.folded is not None
    assert (pane.folded.streams, pane.folded.data, pane.measured()["typed"]) == (3, "your text", 1)
    assert pane.folded.rows[1].text.startswith("jkl")
    assert "# is not in the vocabulary" in text
    assert pane.command() == ()
    again = made(knobs={"bs": 64, "bptt": 8}, kept=pane.kept())
    play(again)
    assert again.folded == pane.folded
    play(again := made(kept=pane.kept()), "e", *["backspace"] * 29, "escape")
    assert again.folded is not None
    assert (again.folded.data, again.measured()["typed"]) == ("verse", 0)


def test_while_a_text_is_typed_every_key_belongs_to_it() -> None:
    pane = made()
    text = play(pane, "e", *"vpfzu", "space", ".", "right", "left", "backspace")
    assert pane.line is not None
    assert pane.line.text == "vpfzu."
    assert pane.view == "streams"
    assert "vpfzu" in text
    assert "typing" in pane.sentence()


def test_the_text_is_that_of_the_knob_the_run_or_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(tmp_path))
    own = tmp_path / "own.txt"
    own.write_text(TEXT)
    run = RunStore().create(order("char-lm", {"bs": 9}, seed=7, data=str(own)), "", ["fastai-tui"])
    lab = FoldingLab()
    step_run = Run(experiment="char-lm", data="tinyshakespeare", seed=3, set={"bs": 6})

    async def drive(pilot: Any) -> None:
        asked = lab.asked[-1][1]
        assert (asked["data"], asked["seed"], asked["bs"]) == ("tinyshakespeare", 3, 6)
        pane.follow(run, None, (run.id,))
        await pilot.pause()
        asked = lab.asked[-1][1]
        assert (asked["data"], asked["seed"]) == (str(own), 7)
        pane.knobs["data"] = "pydocs"
        pane.turned("data", "pydocs")
        await pilot.pause()
        assert lab.asked[-1][1]["data"] == "pydocs"

    pane = made(lab, run=step_run, knobs={"bptt": 8})
    play(pane, drive=drive)
    play(made(lab := FoldingLab()))
    assert lab.asked[-1][1]["data"] == "pydocs"


def test_a_knob_cuts_anew() -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        pane.knobs["bs"] = 3
        pane.turned("bs", 3)
        await pilot.pause()

    play(pane, drive=drive)
    assert pane.measured()["streams"] == 3
    assert pane.command()[:6] == ("train", "char-lm", "--set", "model=stateful", "--set", "bs=3")


@pytest.mark.parametrize("size", [(40, 18), (60, 34), (38, 6)])
def test_what_is_to_be_predicted_is_not_shown(size: tuple[int, int]) -> None:
    names = ("target", "token", "known", "batches", "length", "dropped", "streams", "inputs", "predictions", "reads")
    pane = made(hidden=frozenset(names))
    text = play(pane, "space", "right", size=size)
    measured = pane.measured()
    for name in ("batches", "inputs", "streams"):
        assert f"{measured[name]:,}" not in text.splitlines()[-1] + pane.sentence().partition(", stream")[0]
    assert "?" in text
    assert f"({measured['target']})" not in text
    assert "yours to predict" in pane.sentence()
    assert f"batch 2 of {measured['batches']}" not in text + pane.sentence()


def test_hidden_answers_are_shown_once_they_were_predicted() -> None:
    pane = made(hidden=frozenset({"target"}))

    async def drive(pilot: Any) -> None:
        assert "→ ?" in pane.sheet.text
        pane.reveal(frozenset())
        await pilot.pause()

    assert "→ ?" not in play(pane, drive=drive)


def test_trouble_is_said_and_a_key_tries_again() -> None:
    lab = FoldingLab("This text is too short.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "This text is too short." in pane.sheet.text
        assert pane.sentence() == "This text is too short."
        for key in ("down", "right", "u", "home", "f", "z"):
            await pilot.press(key)
            await pilot.pause()
        lab.trouble = ""
        await pilot.press("space")
        await pilot.pause()

    play(pane, drive=drive)
    assert pane.measured()["batch"] == 1


def test_an_answer_that_comes_late_does_not_stand() -> None:
    lab = FoldingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        old = pane.asks
        await pilot.press("space")
        await pilot.press("space")
        await pilot.pause()
        pane._take(old, msgspec.convert(lab.fold(**old), Folded))
        assert pane.number == 2
        await pilot.press("space")
        await pilot.pause()

    play(pane, drive=drive)
    assert pane.measured()["batch"] == 4


@pytest.mark.parametrize("keys", [(), ("space", "down", "v"), ("v",), ("f", "down", "end"), ("e", "a", "é")])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    for knobs in ({"bs": 5, "bptt": 8}, {"bs": 70, "bptt": 60}, {"bs": 1, "bptt": 1}):
        pane = made(knobs=knobs)

        async def drive(pilot: Any, pane: StreamsPane = pane) -> None:
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert (pane.sheet.width, pane.sheet.height) == (width, height)

        play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize(
    "kept",
    [
        {"view": 3, "batch": "x", "epoch": -4, "row": 10**9, "column": [], "seen": None, "views": 3, "text": 9},
        {"view": "sideways", "batch": 10**9, "row": -1, "seen": -2, "views": [2, "streams"]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"bs": "many", "bptt": 8})
    play(pane, "down", "right")
    assert pane.view == "streams"
    assert pane.asks["bs"] == 64
    assert pane.measured()["epoch"] == 1
    assert pane.folded is not None
    assert pane.measured()["batch"] <= pane.folded.batches


def test_opened_again_it_is_where_it_was() -> None:
    pane = made()
    before = play(pane, "space", "space", "down", "right", "full_stop", size=(60, 34))
    again = made(kept=pane.kept())
    assert play(again, size=(60, 34)) == before
    assert again.measured() == pane.measured()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int], view: str) -> None:
    pane = made(show={"view": view})
    same_as_golden(f"panes/streams-{view}-{size[0]}x{size[1]}", play(pane, "space", "space", "down", "left", size=size))


CHAPTER = """+++
schema = 1
number = 1
slug = "folds"
title = "It folds"
about = "A text as batches."
needs = []
+++

A text as batches.

## Fold {#fold}

```toml step
pane = "streams"
show = { view = "streams" }
hints = ["Press space."]

[[knob]]
name = "bs"
kind = "int"
default = 5
low = 1
high = 64
about = "streams side by side"

[[goal]]
id = "third"
say = "Look at three batches."
when = "seen >= 3 and row == 2"
```

Fold.
"""


async def test_in_a_chapter_its_keys_reach_a_goal_and_a_text_is_typed_whatever_keys_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "01-folds.md").write_text(CHAPTER)
    monkeypatch.setattr(loader, "folder", lambda: tmp_path)
    async with opened("folds", "fold", the_lab=NearLab({"fold": FoldingLab().fold})) as app:
        pane = app.screen.query_one(StreamsPane)
        await press(app, "space", "space", "down")
        assert pane.measured()["seen"] == 3
        assert "✓ Look at three batches." in look(app).text
        assert "space batch" in look(app).text
        await press(app, "e", *"qnbchxsgw?/r+-1 ", "enter")
        assert pane.text == "qnbchxsgw?/r+-1 "
        assert app.screen.query_one(StreamsPane) is pane
        await press(app, "e", "escape", "+")
        assert pane.knobs["bs"] == 6


@pytest.mark.parametrize("height", range(9, 14))
@pytest.mark.parametrize("view", VIEWS)
def test_where_it_is_low_the_text_of_the_rows_stays(view: str, height: int) -> None:
    pane = made(show={"view": view})
    lines = play(pane, size=(40, height)).splitlines()
    assert pane.folded is not None
    shown = [row for row in pane.folded.rows if any(row.text + row.after[:1] in line for line in lines)]
    assert len(shown) >= 3
    assert {"xb", "yb"} <= {line[:2] for line in lines}
    assert any("having read" in line or "no answer" in line for line in lines)
    assert any(line.startswith("batch 1 of") for line in lines)
