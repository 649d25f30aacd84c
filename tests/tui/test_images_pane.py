"""The pane of a set's images: what it shows of a set that the lab tells of, and how it gets the real one."""

import asyncio
import re
from functools import partial
from typing import Any

import msgspec
import pytest

from fastai_tui.app.getting import Getting
from fastai_tui.app.tui.panes.images.images import ImagesPane
from fastai_tui.engine.data.fetch import Progress
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.image_views import Channel, ImageFacts, Picture
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import Host, SilentLab, scene, settled
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
OBJECTS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
MEANS, STDS = (0.51, 0.42, 0.27), (0.26, 0.22, 0.49)
MANY = 20  # training images of each class


def picture(label: int, place: int, channels: int = 3) -> Picture:
    """Pixels by formula: a slope in another direction for every class."""
    pixels = [
        (channel * 80 + label * 9 * row + place * 5 + (10 - label) * column) % 256
        for channel in range(channels)
        for row in range(32)
        for column in range(32)
    ]
    return Picture(label * MANY + place, label, 32, 32, bytes(pixels))


class ImagesLab(SilentLab):
    """A lab with colour-digits, and with CIFAR-10 once it is `here`."""

    def __init__(self, here: bool = False, channels: int = 3, empty: int = -1, trouble: str = "") -> None:
        super().__init__({"images": self.facts})
        self.here, self.channels, self.empty, self.trouble = here, channels, empty, trouble
        self.gate: asyncio.Event | None = None

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        if self.gate is not None:
            await self.gate.wait()
        return await super().ask(request, topic=topic, **arguments)

    def facts(self, data: str, first: int, count: int) -> Any:
        if self.trouble:
            raise DataMissing(self.trouble)
        real = self.here and data != "colour-digits"
        counts = [0 if label == self.empty else MANY for label in range(10)]
        known = [
            Channel(mean, std, [value % 97 + 20 * c for value in range(256)])
            for c, (mean, std) in enumerate(list(zip(MEANS, STDS, strict=True))[: self.channels])
        ]
        pictures = [
            [picture(label, (first + i) % MANY, self.channels) for i in range(min(count, many))]
            for label, many in enumerate(counts)
        ]
        names = OBJECTS if real else [str(label) for label in range(10)]
        name = "cifar10" if real else "colour-digits"
        return msgspec.to_builtins(ImageFacts(name, 10 * MANY, 50, names, counts, known, first, pictures))


class SlowGetting(Getting):
    """A download that goes on and ends as the test says."""

    def __init__(self) -> None:
        self.name, self.progress = "cifar10", None
        self.trouble, self.ended, self.here, self._stopped = "", False, False, False

    def arrives(self, done: int) -> None:
        self.progress = Progress(file="a", address="b", done=done, total=170_000_000, speed=1e6)

    def stop(self) -> None:
        self._stopped = self.ended = True
        self.trouble = "Stopped: what has arrived of cifar10 is kept."


class Shop(ImagesPane):
    """The pane, with a download that fetches nothing."""

    def get(self) -> SlowGetting:
        return SlowGetting()

    @property
    def slow(self) -> SlowGetting:
        """The one that is going on."""
        assert isinstance(self.getting, SlowGetting)
        return self.getting


play = partial(host.play, size=(40, 18))


def made(lab: Any = None, **given: Any) -> Shop:
    return Shop(scene("images", lab=lab or ImagesLab(), **given))


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    for lab in (ImagesLab(), ImagesLab(trouble="There is no data.")):
        play(pane := made(lab))
        assert set(pane.measured()) == set(PANES["images"].measures)


def test_classes_are_shown_at_first_with_the_name_of_the_set() -> None:
    text = play(pane := made())
    assert "colour-digits, standing in for CIFAR-10" in text
    assert [label for label in range(10) if f"digit {label}" in text] == [0, 1, 2, 3, 4, 5]  # large enough to make out
    assert "4 of the classes" in pane.sheet.left_out
    text = play(made(), size=(60, 34))
    assert all(f"digit {label}" in text for label in range(10))
    text = play(made(), "8")
    assert [label for label in range(10) if f"digit {label}" in text] == [3, 4, 5, 6, 7, 8]
    measured = pane.measured()
    assert (measured["data"], measured["fetched"], measured["view"]) == ("colour-digits", 0, "classes")
    assert (measured["seen"], measured["classes_seen"], measured["visited"]) == (1, 1, 0)


def test_real_images_have_the_published_numbers_beside_their_own() -> None:
    text = play(pane := made(ImagesLab(here=True)), "v", size=(78, 18))
    assert "cifar10: 200 + 50 images" in text
    for words in ("airplane, image 0", "published", ".4914", ".2470", ".5100", ".2600"):
        assert words in text
    assert pane.measured()["fetched"] == 1


def test_a_pixel_is_shown_raw_and_normalised_in_every_channel() -> None:
    text = play(pane := made(show={"view": "one", "at": [2, 3], "class": 4}), "right_square_bracket")
    for channel in range(3):
        value = (channel * 80 + 4 * 9 * 2 + 6 * 3) % 256
        wanted = (value / 255 - MEANS[channel]) / STDS[channel]
        assert f"{value}" in text
        assert f"{wanted:.2f}".replace("-", "−") in text
        if channel == 1:
            measured = pane.measured()
            assert (measured["value"], measured["channel"]) == (value, 1)
            assert measured["normalised"] == pytest.approx(wanted)
            assert (measured["mean"], measured["std"]) == (0.42, 0.22)
            assert f"green ({value}/255 − .4200)/.2200 = {wanted:.2f}".replace("= -", "= −") in text


def test_the_arrows_choose_an_image_among_the_classes_and_a_pixel_on_one() -> None:
    play(pane := made(), "right", "down", "d")  # three classes in a row
    assert (pane.measured()["class"], pane.measured()["image"]) == (4, 4 * MANY + 1)
    assert pane.measured()["seen"] == 4
    assert pane.measured()["classes_seen"] == 3
    play(pane := made(), "v", "right", "right", "down", "end")
    assert pane.measured()["cursor"] == (31, 31)
    assert pane.measured()["visited"] == 5
    play(pane := made(), "5", "home")
    assert pane.measured()["class"] == 0
    play(pane := made(), "end")
    assert pane.measured()["class"] == 9


def test_more_pictures_of_a_class_are_asked_for_page_by_page() -> None:
    lab = ImagesLab()
    play(pane := made(lab), "7", *["d"] * 9)
    assert pane.measured()["image"] == 7 * MANY + 9
    assert [arguments["first"] for _, arguments in lab.asked] == [0, 8]
    play(pane := made(), "D")
    assert pane.measured()["image"] == MANY - 1
    play(pane := made(), "K", "k", "k", "3")
    assert pane.measured()["class"] == 3


def test_keys_pressed_before_the_first_answer_count_when_it_comes() -> None:
    lab = ImagesLab()
    pane = made(lab)

    async def run() -> None:
        lab.gate = asyncio.Event()
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            assert "PyTorch starts" in pane.sheet.text
            for key in ("6", "d", "d", "v", "down", "right_square_bracket"):
                await pilot.press(key)
            lab.gate.set()
            await settled(pilot)
            measured = pane.measured()
            assert (measured["image"], measured["view"], measured["channel"]) == (6 * MANY + 2, "one", 1)
            assert measured["cursor"] == (17, 16)
            assert measured["seen"] == 1

    asyncio.run(run())


def test_the_channels_values_are_shown_with_both_scales() -> None:
    text = play(pane := made(), "v", "v")
    for words in ("red mean .5100, deviation .2600", "green mean .4200", "0 → −1.96", "255 → 1.88"):
        assert words in text
    assert pane.measured()["views"] == 3
    small = play(pane := made(), "v", "v", "right_square_bracket", size=(38, 6))
    assert "green mean" in small
    assert "red mean" not in small
    assert pane.sheet.left_out


SHOWN = {  # at row 16, column 8 of class 0
    "mean": [".5100", ".4200", ".2700"],
    "std": [".2600", ".2200", ".4900"],
    "value": ["80", "160", "240"],
    "normalised": [
        f"{(v / 255 - m) / s:.2f}".replace("-", "−") for v, m, s in zip((80, 160, 240), MEANS, STDS, strict=True)
    ],
    "label": ["digit 0"],
}


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (38, 6)])
def test_what_is_to_be_predicted_is_not_shown(name: str, size: tuple[int, int]) -> None:
    show = {"class": 0, "at": [16, 8], "channel": 2}
    for view in ("classes", "one", "channels"):
        pane = made(show={**show, "view": view})
        seen = play(pane, size=size) + "\n" + pane.sentence()
        pane = made(show={**show, "view": view}, hidden=frozenset({name}))
        text = play(pane, size=size) + "\n" + pane.sentence()
        assert any(is_in(words, seen) for words in SHOWN[name])
        assert not any(is_in(words, text) for words in SHOWN[name])
        assert "?" in text


def is_in(words: str, text: str) -> bool:
    return re.search(rf"(?<![\d.]){re.escape(words)}(?!\d)", text) is not None


def test_a_class_without_images_and_a_grey_set_are_shown_too() -> None:
    text = play(pane := made(ImagesLab(empty=3)), "3", "v", "d", "down")
    assert "no training images" in text
    assert pane.measured()["class"] == 3
    text = play(pane := made(ImagesLab(channels=1)), "v", "right_square_bracket")
    assert "G" in text
    assert pane.measured()["channel"] == 0


def test_l_gets_cifar10_and_then_it_is_what_is_shown() -> None:
    lab = ImagesLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        await pilot.press("l")
        assert "its server is asked" in pane.sheet.text
        pane.slow.arrives(85_000_000)
        pane._watched()
        assert "50%" in pane.sheet.text
        assert "170 MB" in pane.sheet.text
        assert "50%" in pane.sentence()
        assert pane.check_action("load", ()) is False
        pane.slow.arrives(170_000_000)
        pane._watched()
        assert "unpacked" in pane.sheet.text
        lab.here = pane.slow.here = pane.slow.ended = True
        pane._watched()
        await settled(pilot)

    text = play(pane, drive=drive)
    assert "cifar10" in text
    assert (pane.measured()["fetched"], pane.measured()["data"]) == (1, "cifar10")
    assert pane.check_action("load", ()) is False


def test_without_a_network_it_says_what_to_do_and_goes_on() -> None:
    pane = made()
    why = "Could not get it: no network. Try again later, or `fastai-tui data import cifar10 PATH` if you have it."

    async def drive(pilot: Any) -> None:
        await pilot.press("l")
        pane.slow.trouble, pane.slow.ended = why, True
        pane._watched()
        await pilot.press("d")

    text = play(pane, drive=drive)
    assert "`fastai-tui data import" in text
    assert "digit 0, image 1" in text
    assert why in pane.sentence()
    assert pane.check_action("load", ()) is True
    assert pane.measured()["seen"] == 2
    assert "data import" in play(beside(pane))
    assert "cifar10 PATH" in play(beside(pane), size=(38, 6))
    assert "standing in" in (text := play(beside(pane), "z"))
    assert "data import" not in text


def beside(pane: Shop) -> Shop:
    """Another step's pane, in the same app."""
    other = made()
    object.__setattr__(other.scene, "services", pane.services)
    return other


def test_stopping_keeps_what_has_arrived() -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        await pilot.press("l", "u")
        pane._watched()

    assert "what has arrived" in play(pane, drive=drive).replace("\n", " ")


def test_it_is_fetched_on_while_the_learner_reads_other_steps() -> None:
    first = made()
    play(first, "l")
    second = beside(first)
    assert "its server is asked" in play(second)
    second.slow.stop()


def test_opened_again_it_is_where_it_was() -> None:
    play(pane := made(), "6", "d", "v", "down", "right_square_bracket", "v")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"class": "x", "place": -3, "at": [99], "view": 7, "seen": {"a": 1}, "classes": -1, "visits": 3},
        {"class": 10**9, "place": 10**9, "at": [10**6, -4], "channel": 99, "seen": [-1, "a", 4, 4], "views": "v"},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept)
    play(pane, "v", "d", "down")
    assert 0 <= pane.measured()["class"] < 10
    assert pane.picture is not None


def test_without_a_lab_it_says_why() -> None:
    pane = made(SilentLab())
    assert "There is no lab here." in play(pane, "d", "v", "k", "down", "5")
    assert pane.sentence().startswith("There is no lab here.")


@pytest.mark.parametrize("keys", [(), ("v",), ("v", "v"), ("l",)])
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
@pytest.mark.parametrize("view", ["classes", "one", "channels"])
def test_it_looks_as_it_did(size: tuple[int, int], view: str) -> None:
    pane = made(ImagesLab(here=size != (40, 18)), show={"view": view, "class": 6})
    same_as_golden(f"panes/images-{view}-{size[0]}x{size[1]}", play(pane, size=size))
