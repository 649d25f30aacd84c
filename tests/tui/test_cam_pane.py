"""The pane of class activation maps: what it asks of the lab, what it shows of the answers, and what it keeps back."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from fastai_tui.app.tui.panes.photos.cam import CamPane
from fastai_tui.app.tui.panes.photos.cam_drawing import spread
from fastai_tui.engine.compared import Agreement, Canvas
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import Box
from fastai_tui.engine.localised import Localised
from fastai_tui.engine.looking import Looked, Seen
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, scene
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (7, 2), (1, 1)]
SIDE = 7
CATS = [[round(3 - abs(i - 2) - abs(j - 4), 1) for j in range(SIDE)] for i in range(SIDE)]
DOGS = [[round(2 - abs(i - 5) - abs(j - 1), 1) for j in range(SIDE)] for i in range(SIDE)]
LIKELY = [0.9, 0.1]
MAP = (0.9 * np.maximum(CATS, 0) + 0.1 * np.maximum(DOGS, 0)).tolist()


def seen(box: Box, likely: list[float]) -> Seen:
    return Seen(box, likely, MAP, [CATS, DOGS], box.place(4.5 / 7, 2.5 / 7), Box(40, 10, 70, 40))


def looked(image: str = "chelsea", *, canvas: bool = False, zoom: bool = True) -> Looked:
    wide, high = (64, 64) if canvas else (120, 80)
    pixels = bytes(
        (3 * row + 2 * column + 60 * part) % 256 for row in range(high) for column in range(wide) for part in range(3)
    )
    box = Box(0, 0, 64, 64) if canvas else Box(20, 0, 100, 80)
    return Looked(
        image=image, label="7" if canvas else None, width=wide, height=high, shown=(wide, high), pixels=pixels,
        network="catdog", kind="cam", classes=["cats", "dogs"], of="", first=seen(box, LIKELY),
        zoomed=seen(Box(40, 10, 70, 40), [0.97, 0.03]) if zoom else None,
    )  # fmt: skip


class CamLab(SilentLab):
    """Cats are seen in the upper right, dogs in the lower left."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__(
            {"cam": self.cam, "cam_agreement": self.agreement, "cam_canvas": self.canvas, "localised": self.localised}
        )
        self.trouble = trouble

    def cam(self, image: str, source: str, zoom: bool) -> Any:
        if self.trouble or "missing" in image:
            raise BadInput(self.trouble or f"There is no photo {image}.")
        return msgspec.json.decode(msgspec.json.encode(looked(image, zoom=zoom)))

    def agreement(self, image: str, source: str) -> Any:
        found = Agreement(looked(image), source, ["cats", "dogs"], [0.8, 0.2], MAP, 0.912)
        return msgspec.json.decode(msgspec.json.encode(found))

    def canvas(self, run: str, row: int) -> Any:
        box = Box(30, 10, 58, 38) if row % 2 == 0 else Box(0, 36, 28, 64)
        found = Canvas(row % 100, 100, looked(f"digit-clutter, canvas {row + 1}", canvas=True), box)
        return msgspec.json.decode(msgspec.json.encode(found))

    def localised(self, run: str) -> Any:
        return msgspec.to_builtins(Localised(run, 9, 100, 0.96, 0.98, [3, 41], 0.9, 0.95, 0.97, 40))


def made(lab: Any = None, view: str = "numbers", **given: Any) -> CamPane:
    show = {"view": view, **given.pop("show", {})}
    return CamPane(scene("cam", lab=lab or CamLab(), show=show, **given))


def with_run(pane: CamPane, id: str = "0004-clutter") -> CamPane:
    run: Any = SimpleNamespace(id=id)
    shot: Any = SimpleNamespace(run=id, step=9, live=False, ended=True, phase="finished", experiment="digit-clutter")
    pane.run, pane.shot = run, shot
    return pane


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    measured: set[str] = set()
    for view in ("numbers", "gradcam"):
        play(pane := made(view=view))
        measured |= set(pane.measured())
    play(pane := with_run(made(view="clutter")), "space")
    assert measured | set(pane.measured()) == set(PANES["cam"].measures)


def test_the_map_s_numbers_and_how_the_cell_at_the_cursor_comes_about() -> None:
    lab = CamLab()
    text = play(pane := made(lab), *["down"] * 5, "right")
    measured = pane.measured()
    assert (measured["prediction"], measured["probability"], measured["side"]) == ("cats", 0.9, 7)
    assert (measured["cursor"], measured["peak"], measured["visited"]) == ((6, 2), (3, 5), 7)
    assert measured["value"] == pytest.approx(0.9 * max(CATS[5][1], 0) + 0.1 * DOGS[5][1])
    assert measured["highest"] == pytest.approx(2.7)
    for words in ("chelsea: cats 90.0%", "row 6, column 2", "0.900×0 + 0.100×2.00 = 0.200", "the map", "cats ×0.900"):
        assert words in text
    assert lab.asked == [("cam", {"image": "chelsea", "source": "catdog", "zoom": True})]
    assert pane.command() == ["cam", "chelsea"]


def test_views_follow_one_another_and_are_counted() -> None:
    text = play(pane := made(), "v", "i")
    measured = pane.measured()
    assert (measured["view"], measured["views"], measured["interpolation"]) == ("overlay", 2, "nearest")
    assert "opacity 0.70, nearest" in text
    play(pane := made(), "v", "v", "v", "v")
    assert (pane.measured()["view"], pane.measured()["views"]) == ("numbers", 4)


def test_each_class_has_a_map_and_two_of_them_have_a_difference() -> None:
    play(pane := made(view="classes"))
    assert (pane.measured()["shown"], pane.measured()["highest"]) == ("cats", 3)
    text = play(pane := made(view="classes"), "k")
    assert (pane.measured()["shown"], pane.measured()["peak"]) == ("dogs", (6, 2))
    assert "the map of dogs" in text
    text = play(pane := made(view="classes"), "K", *["down"] * 5, "right")
    difference = np.maximum(CATS, 0) - np.maximum(DOGS, 0)
    assert pane.measured()["shown"] == "difference"
    assert pane.measured()["value"] == difference[5, 1] == -2
    assert "orange: cats more than dogs" in text
    play(pane := made(view="classes", show={"class": "dogs"}))
    assert pane.measured()["shown"] == "dogs"
    play(pane := made(view="classes"), "k", "k")
    assert pane.measured()["shown_seen"] == 3


def test_the_hottest_region_is_cut_out_and_put_back() -> None:
    text = play(pane := made(view="zoom"))
    assert pane.measured()["zoomed"] == 0
    assert "space cuts" in text
    text = play(pane := made(view="zoom"), "space")
    measured = pane.measured()
    assert (measured["zoomed"], measured["after"]) == (1, 0.97)
    assert measured["gain"] == pytest.approx(0.07)
    assert "cats: 90.0% before, 97.0% after" in text
    assert pane.command() == ["cam", "chelsea", "--zoom"]
    play(pane := made(view="zoom"), "space", "space")
    assert pane.measured()["zoomed"] == 0


def test_grad_cam_is_compared_with_the_special_head() -> None:
    lab = CamLab()
    text = play(pane := made(lab, view="gradcam"))
    assert (pane.measured()["agreement"], pane.measured()["agreements"]) == (0.912, 1)
    assert "agree: 0.912" in text
    assert lab.asked == [("cam_agreement", {"image": "chelsea", "source": "catdog"})]
    lab = CamLab()
    play(pane := with_run(made(lab, view="gradcam", show={"source": "run"}), "0003-concat"))
    assert lab.asked[0][1]["source"] == pane.measured()["network"] == "0003-concat"


def test_on_clutter_the_peak_is_held_against_the_digit_s_box() -> None:
    text = play(pane := with_run(made(view="clutter")))
    measured = pane.measured()
    assert (measured["canvas"], measured["digit"], measured["inside"]) == (0, "7", 1)
    assert "in the digit's box" in text
    text = play(pane := with_run(made(view="clutter")), "d")
    assert (pane.measured()["inside"], pane.measured()["canvases"]) == (0, 2)
    assert "outside of the digit's box" in text
    text = play(pane := with_run(made(view="clutter")), "space", "m", "m")
    measured = pane.measured()
    assert (measured["found"], measured["total"], measured["canvas"]) == (0.98, 100, 41)
    assert (measured["sure_before"], measured["sure_after"]) == (0.9, 0.95)
    assert "of 100 found 98.0%" in text
    play(pane := with_run(made(view="clutter")), "D")
    assert pane.measured()["canvas"] == 99


def test_without_a_run_clutter_says_where_to_train_one() -> None:
    lab = CamLab()
    text = play(pane := made(lab, view="clutter"), "space", "d", "m")
    assert "No network has been trained yet" in text
    assert pane.sentence().startswith("No network")
    assert not lab.asked


def test_a_photo_of_one_s_own_is_typed_and_the_cat_comes_back() -> None:
    lab = CamLab()
    text = play(pane := made(lab), "e", *"dog.png", "enter")
    assert "dog.png: cats" in text
    assert (pane.measured()["own"], pane.measured()["images"]) == (1, 2)
    assert lab.asked[-1][1]["image"] == "dog.png"
    play(pane := made(), "e", *"dog.png", "enter", "z")
    assert (pane.measured()["own"], pane.measured()["image"]) == (0, "chelsea")


def test_a_photo_that_is_not_there_is_said_and_another_can_be_typed() -> None:
    text = play(pane := made(), "e", *"missing", "enter", "v", "down")
    assert "There is no photo missing." in text
    text = play(pane := made(), "e", *"missing", "enter", "z")
    assert "chelsea: cats" in text
    text = play(pane := made(CamLab("The weights are damaged.")), "v", "space", "k")
    assert "The weights are damaged." in text
    assert pane.sentence() == "The weights are damaged."
    assert not set(pane.measured()) & {"prediction", "value"}


@pytest.mark.parametrize(
    ("name", "view", "keys", "words"),
    [
        ("prediction", "numbers", (), ("cats 90",)),
        ("probability", "numbers", (), ("90.0%", "0.900", "0.9×")),
        ("value", "numbers", (), ("= 0", "2.7")),
        ("highest", "numbers", (), ("2.7",)),
        ("after", "zoom", ("space",), ("97.0%",)),
        ("gain", "zoom", ("space",), ("97.0%",)),
        ("agreement", "gradcam", (), ("0.912",)),
        ("inside", "clutter", (), ("in the digit's box",)),
        ("found", "clutter", ("space",), ("98.0%",)),
        ("sure_after", "clutter", ("space",), ("→ 95.0%",)),
        ("peak", "overlay", (), ("row 3, column 5",)),
    ],
)
def test_what_is_to_be_predicted_is_not_shown(
    name: str, view: str, keys: tuple[str, ...], words: tuple[str, ...]
) -> None:
    for size in ((40, 18), (78, 18), (60, 34)):
        pane = made(view=view, hidden=frozenset({name}))
        text = play(with_run(pane) if view == "clutter" else pane, *keys, size=size) + pane.sentence()
        for word in words:
            assert word not in text
        assert "?" in text


def test_nearest_gives_every_pixel_its_own_cell_s_number() -> None:
    found = looked()
    large = spread(MAP, found.first.field, found, (80, 120), "nearest")
    assert np.isnan(large[:, :20]).all()
    assert np.isnan(large[:, 100:]).all()
    small = (np.asarray(MAP) - np.min(MAP)) / np.ptp(MAP)
    rows = columns = (2 * np.arange(80) + 1) * 7 // 160  # whose cell its middle is in
    assert np.array_equal(large[:, 20:100], small[rows][:, columns])


def test_opened_again_it_is_as_it_was() -> None:
    play(pane := made(), "down", "right", "v", "v", "k")
    play(again := made(kept=pane.kept()))
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"view": 7, "image": 3, "row": "x", "column": -4, "which": None, "canvas": "a", "cut": 3, "visited": 9},
        {
            "view": "map",
            "image": "",
            "row": 10**9,
            "column": 10**9,
            "which": 10**9,
            "views": [1, None],
            "maps": ["x" * 999],
        },
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    play(pane := made(kept=kept), "v", "k", "up")
    assert pane.measured()["image"] == "chelsea"
    assert 0 <= pane.at[0] < SIDE
    assert 0 <= pane.at[1] < SIDE


def test_nonsense_of_knobs_is_not_taken() -> None:
    play(pane := made(knobs={"opacity": "much", "interpolation": 3}), "v")
    assert (pane.measured()["opacity"], pane.measured()["interpolation"]) == (0.7, "bilinear")


@pytest.mark.parametrize("view", ["numbers", "overlay", "classes", "zoom", "gradcam", "clutter"])
@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
def test_it_is_drawn_at_every_size(view: str, depth: str) -> None:
    pane = with_run(made(view=view))

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)
        await asyncio.sleep(0)

    play(pane, "space", "K", drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("view", ["numbers", "overlay", "classes", "zoom", "gradcam", "clutter"])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(view: str, size: tuple[int, int]) -> None:
    text = play(with_run(made(view=view)), "space", size=size, depth="none", unicode=False)
    same_as_golden(f"panes/cam-{view}-{size[0]}x{size[1]}", text)
