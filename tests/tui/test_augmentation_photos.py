"""The pane of augmentation with photos: one photo, many draws of it, what is kept, typed and hidden."""

from functools import partial
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.images.augmentation import MOST, AugmentationPane
from fastai_tui.app.tui.panes.images.augmentation_photo_drawing import fitting, laid
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.photo_draws import PhotoDraw, PhotoDraws
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import SilentLab, scene, settled
from tests.tui.test_augmentation_pane import SIZES

PHOTOS, SIDE = 6, 16
TURNS = (0, 4, 6, 1, 2, 0, 5)
OF_SMALL = {"dx", "dy", "views", "alternates", "border", "padded", "flip", "padding", "pad"}


def picture(tint: int) -> bytes:
    return bytes((tint + 7 * i) % 256 for i in range(3 * SIDE * SIDE))


class PhotoLab(SilentLab):
    """Lays a photo down by a table, rotates, enlarges and tilts as far as the knobs allow."""

    def __init__(self) -> None:
        super().__init__({"photo_draws": self.draws})

    def draws(
        self, data: str, image: int, seed: int, epochs: int, augment: str, rotate: float, zoom: float, warp: float,
        light: float, contrast: float,
    ) -> Any:  # fmt: skip
        if data == "/no/where":
            raise DataMissing("There is nothing at /no/where: give a folder of photos.")
        here = bool(data)
        turns = [turn if augment == "top-down" else turn // 4 * 4 * (augment == "side-on") for turn in TURNS]
        found = [
            PhotoDraw(epoch + 1, turns[epoch % 7], rotate / 2 * (-1) ** epoch, zoom, (0.5, -0.5), (warp / 2, -warp / 4),
                      light, 1 + contrast, picture(epoch))
            for epoch in range(epochs)
        ]  # fmt: skip
        image = image % PHOTOS if here else 0
        told = PhotoDraws(
            data or "made", "dog" if here else "", image, PHOTOS if here else 1, here, SIDE, picture(99), found
        )
        return msgspec.to_builtins(told)


play = partial(host.play, size=(40, 18))


def made(lab: Any = None, show: dict[str, Any] | None = None, **given: Any) -> AugmentationPane:
    show = {"data": "photos", "view": "one", **(show or {})}
    return AugmentationPane(scene("augmentation", lab=lab or PhotoLab(), show=show, **given))


def test_every_measure_of_photos_is_measured() -> None:
    for keys in ((), ("space",)):
        for lab in (PhotoLab(), SilentLab()):
            play(pane := made(lab), *keys)
            assert set(pane.measured()) == set(PANES["augmentation"].measures) - OF_SMALL


def test_without_photos_it_is_the_cat_and_there_is_no_other() -> None:
    lab = PhotoLab()
    text = play(pane := made(lab), "d")
    assert "the embedded cat, side-on" in text
    assert "Space shows what epoch 1 makes of it." in text
    assert lab.asked[0][1] | {"epochs": 0} == lab.asked[0][1]
    assert (pane.measured()["image"], pane.measured()["seen"], pane.measured()["draws"]) == (0, 1, 0)
    assert [asked["rotate"] for _, asked in lab.asked] == [10.0]


def test_an_epoch_is_spelled_out() -> None:
    knobs = {"augment": "top-down", "rotate": 20.0, "zoom": 1.5, "light": 0.1, "contrast": 0.2, "warp": 0.4}
    text = " ".join(play(pane := made(knobs=knobs), *["space"] * 3).split())
    for words in (
        "epoch 3 of 3", "head down, flipped", "rotated 10.0° left", "1.50 times larger", "tilted +0.20 −0.10",
        "light +0.10", "contrast ×1.20", "2 of 3 flipped, laid in 3 ways",
    ):  # fmt: skip
        assert words in text
    measured = pane.measured()
    assert (measured["kind"], measured["turn"], measured["turns"], measured["upside"]) == ("top-down", 6, 3, 1)
    assert (measured["angle"], measured["larger"], measured["tilted"], measured["flips"]) == (10.0, 1.5, 1, 2)
    assert "Of 3 epochs, 2 of 3 flipped, laid in 3 ways." in pane.sentence()


def test_side_on_it_never_stands_on_its_head() -> None:
    play(pane := made(), "f")
    assert (pane.measured()["draws"], pane.measured()["turns"], pane.measured()["upside"]) == (MOST, 2, 0)
    play(pane := made(knobs={"augment": "basic"}), "f")
    assert (pane.measured()["turns"], pane.measured()["flips"]) == (1, 0)
    assert "all laid alike" in pane.sentence()


def test_a_folder_is_typed_and_its_photos_are_gone_through() -> None:
    lab = PhotoLab()
    text = play(pane := made(lab), "space", "e", *"/mine", "enter", "d", size=(60, 20))
    assert "dog 5, side-on, epoch 1 of 1" in text  # 7,919 photos on, of 6
    assert (pane.data, pane.measured()["label"], pane.measured()["seen"]) == ("/mine", "dog", 3)
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()
    play(again := made(kept=pane.kept()), "e", "ctrl+u", "enter")
    assert (again.data, again.measured()["label"]) == ("", "")


def test_keys_that_mean_something_else_are_typed() -> None:
    pane = made()
    assert "A folder of photos: /advfuz█" in play(pane, "e", *"/advfuz", size=(60, 20))
    assert (pane.types, pane.measured()["draws"]) == (True, 0)


def test_a_wrong_folder_is_said_and_another_one_typed() -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        assert "There is nothing at" in pane.sheet.text
        for key in ("e", "ctrl+u", *"/m", "enter"):
            await pilot.press(key)
            await settled(pilot)

    text = play(pane, "e", *"/no/where", "enter", drive=drive)
    assert "dog 0" in text


def test_small_images_take_no_folder() -> None:
    assert not AugmentationPane(scene("augmentation")).check_action("edit", ())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("turns", ["laid in 3"]), ("turn", ["head down"]), ("upside", ["head down"]), ("angle", ["5.0°"]),
        ("larger", ["1.10"]), ("flips", ["2 of 3"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34)])
def test_what_is_to_be_predicted_is_not_shown(name: str, words: list[str], size: tuple[int, int]) -> None:
    knobs = {"augment": "top-down"}
    pane = made(knobs=knobs, hidden=frozenset({name}))
    text = " ".join((play(pane, *["space"] * 3, size=size) + pane.sentence()).split())
    assert not any(word in text for word in words)
    assert "?" in text
    seen = " ".join((play(pane := made(knobs=knobs), *["space"] * 3, size=size) + pane.sentence()).split())
    assert all(word in seen for word in words)


@pytest.mark.parametrize("kept", [{"data": 7, "draws": "x"}, {"data": "x" * 1000, "at": -3}, {"data": "a\nb"}])
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"rotate": "far", "zoom": float("nan"), "augment": 4, "warp": 99})
    play(pane, "v", "u", "left")
    asks = pane.asks
    assert (asks["rotate"], asks["zoom"], asks["augment"], asks["warp"]) == (10.0, 1.1, "side-on", 0.5)
    assert len(pane.data) <= 200


def test_two_photos_stand_side_by_side_only_where_both_are_large_enough() -> None:
    for width in range(1, 120, 3):
        for height in range(1, 60, 3):
            place = laid(width, height)
            if place is not None:
                assert place.side % 2 == 0
                assert place.side >= (24 if place.two else 10)
                assert (1 + place.two) * place.side + 2 * place.two + (18 if place.beside else 0) <= width
                assert place.side // 2 + (0 if place.beside else 4) <= height
    assert laid(40, 17) == (26, False, False)
    assert laid(78, 17) == (28, True, True)


def test_as_many_pictures_as_there_are_fit_or_rows_of_small_ones() -> None:
    assert fitting(Area(0, 0, 80, 50), 24) >= 14
    for area, many in ((Area(0, 0, 78, 17), 24), (Area(0, 0, 60, 12), 24), (Area(0, 0, 30, 8), 9)):
        assert fitting(area, many) >= 10
        assert fitting(area, many) // 2 + 1 <= area.height


@pytest.mark.parametrize("keys", [(), ("space",), ("f", "v"), ("f", "home"), ("e", "a")])
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")
