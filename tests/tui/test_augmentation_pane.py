"""The pane of augmentation: the epochs that are asked for, the draws in words, what is kept and what is hidden."""

import asyncio
from functools import partial
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.images.augmentation import MOST, AugmentationPane
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.image_views import Augmented, Draw, Picture
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import Host, SilentLab, scene, settled
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
TRAIN = 4000
DRAWN = [(True, 3, -2), (False, 0, 0), (True, -4, 1), (False, -1, 4), (False, 2, 0)]


def picture(row: int, side: int, tint: int) -> Picture:
    pixels = bytes(
        (channel * 70 + tint + 3 * i + 5 * j) % 256 for channel in range(3) for i in range(side) for j in range(side)
    )
    return Picture(row, 7, side, side, pixels)


class DrawingLab(SilentLab):
    """Flips and shifts by a table; alternating flips alternate."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__({"augmented": self.augmented})
        self.trouble = trouble
        self.gate: asyncio.Event | None = None

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        if self.gate is not None:
            await self.gate.wait()
        return await super().ask(request, topic=topic, **arguments)

    def augmented(
        self, data: str, image: int, seed: int, epochs: int, augment: str, flip: str, pad: int, padding: str, size: int
    ) -> Any:
        if self.trouble:
            raise BadInput(self.trouble)
        side, row = size or 32, image % TRAIN
        around = pad if augment == "standard" else 0
        draws = []
        for epoch in range(epochs):
            flipped, down, across = DRAWN[epoch % len(DRAWN)]
            if flip == "alternating":
                flipped = epoch % 2 == 0
            flipped = flipped and augment != "none"
            moved = (max(min(by, around), -around) for by in (down, across))
            draws.append(Draw(epoch + 1, flipped, *moved, picture(row, side, 9 * epoch)))
        padded = picture(row, side + 2 * around, 3)
        return msgspec.to_builtins(Augmented("made", "7", TRAIN, picture(row, side, 1), padded, around, draws))


play = partial(host.play, size=(40, 18))


def made(lab: Any = None, **given: Any) -> AugmentationPane:
    return AugmentationPane(scene("augmentation", lab=lab or DrawingLab(), **given))


OF_PHOTOS = {"turn", "turns", "upside", "angle", "larger", "tilted"}


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    for keys in ((), ("space",)):
        for lab in (DrawingLab(), DrawingLab("It cannot be.")):
            play(pane := made(lab), *keys)
            assert set(pane.measured()) == set(PANES["augmentation"].measures) - OF_PHOTOS


def test_nothing_is_drawn_before_the_first_epoch() -> None:
    lab = DrawingLab()
    text = play(pane := made(lab))
    assert "Space shows what epoch 1 makes of it." in text
    assert "4 pixels of padding on every side" in text
    assert "padded 40×40" in text
    assert "out 32×32" in text
    measured = pane.measured()
    assert (measured["draws"], measured["epoch"], measured["views"], measured["seen"]) == (0, 0, 0, 1)
    assert (measured["side"], measured["padded"], measured["kinds"]) == (32, 40, 0)
    assert lab.asked[0][1]["epochs"] == 0


def test_an_epoch_is_spelled_out() -> None:
    text = play(pane := made(), "space")
    for words in (
        "digit 7, image 0, epoch 1",
        "flipped: left and right change places",
        "crop: 3 rows down, 2 columns left",
        "out[y, x] = image[y + 3, 31 − x − 2]",
        "154 of 1,024 pixels are reflections",  # 3 rows of 32, 2 columns of 32, and 6 in both
        "1 of 1 flipped, 1 different views",
        "epochs 1 to 1: F",
    ):
        assert words in text
    measured = pane.measured()
    assert (measured["flipped"], measured["dy"], measured["dx"], measured["border"]) == (1, 3, -2, 154)


def test_what_did_not_move_has_no_numbers_to_add() -> None:
    text = play(made(), "space", "space")
    assert "not flipped" in text
    assert "crop: the middle of the padded image" in text
    assert "out[y, x] = image[y, x]" in text
    assert "0 of 1,024 pixels are reflections" in text
    assert "are black" in play(made(knobs={"padding": "zero"}), "space")


def test_the_arrows_look_at_epochs_that_were_drawn() -> None:
    play(pane := made(), *["space"] * 4, "left", "left")
    assert (pane.measured()["epoch"], pane.measured()["dy"]) == (2, 0)
    play(pane := made(), *["space"] * 4, "home", "left")
    assert (pane.measured()["epoch"], pane.measured()["draws"]) == (1, 4)
    play(pane := made(), *["space"] * 4, "u", "end")
    assert (pane.measured()["epoch"], pane.measured()["draws"]) == (3, 3)
    play(pane := made(), "space", "z")
    assert pane.measured()["draws"] == 0


def test_f_draws_all_of_them_and_one_more_says_that_it_is_enough() -> None:
    play(pane := made(), "f", "space")
    measured = pane.measured()
    assert (measured["draws"], measured["views"]) == (MOST, len(DRAWN))
    assert measured["flips"] == sum(DRAWN[i % 5][0] for i in range(MOST))
    assert "enough" in pane.ended()


def test_alternating_flips_are_seen_to_alternate() -> None:
    play(pane := made(knobs={"flip": "alternating"}), *["space"] * 3)
    assert pane.measured()["alternates"] == 0
    text = play(pane := made(knobs={"flip": "alternating"}), *["space"] * 6)
    assert "F·F·F·" in text
    assert (pane.measured()["alternates"], pane.measured()["flips"], pane.measured()["flip"]) == (1, 3, "alternating")
    play(pane := made(), *["space"] * 6)
    assert pane.measured()["alternates"] == 0


def test_a_turned_knob_draws_the_same_epochs_anew() -> None:
    lab = DrawingLab()
    pane = made(lab, knobs={"pad": 4, "padding": "reflect", "augment": "standard"})

    async def drive(pilot: Any) -> None:
        for knob, value in (("pad", 2), ("padding", "zero"), ("augment", "flip"), ("augment", "none")):
            pane.knobs[knob] = value
            pane.turned(knob, value)
            await settled(pilot)

    play(pane, "space", "space", drive=drive)
    assert [arguments["epochs"] for _, arguments in lab.asked[-4:]] == [2] * 4
    assert [arguments["pad"] for _, arguments in lab.asked][-4:] == [2] * 4
    measured = pane.measured()
    assert (measured["kinds"], measured["pad"], measured["flips"], measured["views"]) == (5, 0, 0, 1)


def test_another_image_is_drawn_for_as_many_epochs() -> None:
    play(pane := made(show={"image": 12}), "space", "d")
    first = pane.measured()["image"]
    assert first != 12
    assert (pane.measured()["draws"], pane.measured()["seen"]) == (1, 2)
    play(pane := made(show={"image": 12}), "d", "d", "D", "D")
    assert (pane.measured()["image"], pane.measured()["seen"]) == (12, 3)
    play(pane := made(show={"image": 2 * TRAIN + 5}))
    assert pane.measured()["image"] == 5


def test_keys_pressed_before_the_first_answer_count_when_it_comes() -> None:
    lab = DrawingLab()
    pane = made(lab)

    async def run() -> None:
        lab.gate = asyncio.Event()
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            assert "PyTorch starts" in pane.sheet.text
            for key in ("space", "space", "space", "left", "v"):
                await pilot.press(key)
            lab.gate.set()
            await settled(pilot)
            assert (pane.measured()["draws"], pane.measured()["epoch"], pane.view) == (3, 2, "all")

    asyncio.run(run())


def test_it_runs_by_itself_until_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AugmentationPane, "FRAMES", 1e-6)
    pane = made()

    async def drive(pilot: Any) -> None:
        await pilot.press("a")
        pane._tick()
        pane._tick()
        await pilot.press("a")
        assert not pane.playing

    play(pane, drive=drive)
    assert pane.measured()["draws"] == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [("flipped", ["flipped:", "31 − x", "1 of 1"]), ("dx", ["2 columns", "− 2]", "154"]), ("dy", ["3 rows", "y + 3"])],
)
@pytest.mark.parametrize("view", ["one", "all"])
def test_what_is_to_be_predicted_is_not_shown(name: str, words: list[str], view: str) -> None:
    for size in ((40, 18), (78, 18), (60, 34), (38, 6)):
        pane = made(show={"view": view}, hidden=frozenset({name}))
        text = play(pane, "space", size=size) + pane.sentence()
        assert not any(each in text for each in words)
        assert "?" in text
    seen = play(pane := made(), "space") + pane.sentence()
    assert all(each in seen for each in words)


def test_the_label_can_be_hidden_too() -> None:
    text = play(pane := made(hidden=frozenset({"label"})), "space") + pane.sentence()
    assert "digit 7" not in text


def test_trouble_is_said_and_a_knob_puts_it_right() -> None:
    lab = DrawingLab("pad=40 is too much: take at most 31, or padding=zero.")
    pane = made(lab, knobs={"pad": 40})

    async def drive(pilot: Any) -> None:
        assert "too much" in pane.sheet.text
        assert pane.sentence() == lab.trouble
        lab.trouble = ""
        pane.knobs["pad"] = 3
        pane.turned("pad", 3)

    assert "padded 38×38" in play(pane, "v", "d", drive=drive)
    assert "There is no lab here." in play(made(SilentLab()), "space", "v", "d", "f", "u", "left")


def test_opened_again_it_is_where_it_was() -> None:
    play(pane := made(), *["space"] * 4, "left", "d", "v")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"draws": "x", "at": [], "image": {}, "view": 7, "rows": 4, "kinds": [1, None]},
        {"draws": 10**9, "at": -5, "image": 10**12, "rows": ["a" * 1000], "kinds": "x"},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"pad": "far", "flip": 3, "size": float("nan")}, show={"seed": "x", "data": 4})
    play(pane, "v", "u", "left")
    asks = pane.asks
    assert (asks["pad"], asks["flip"], asks["size"], asks["data"]) == (4, "random", 0, "")
    assert 0 <= pane.measured()["draws"] <= MOST


@pytest.mark.parametrize("keys", [(), ("space",), ("f", "v"), ("f", "home")])
@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
@pytest.mark.parametrize("view", ["one", "all"])
def test_it_looks_as_it_did(size: tuple[int, int], view: str) -> None:
    pane = made(show={"view": view})
    same_as_golden(f"panes/augmentation-{view}-{size[0]}x{size[1]}", play(pane, *["space"] * 7, size=size))
