"""The panes of photos in numbers: their sizes and classes, one channel as a feature, and what precomputing saves."""

import base64
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.photos.features import FeaturesPane
from fastai_tui.app.tui.panes.photos.photos import PhotosPane
from fastai_tui.app.tui.panes.photos.precompute import PrecomputePane
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.features import Feature
from fastai_tui.engine.photo_facts import OnePhoto, PhotoFacts
from fastai_tui.engine.precompute_costs import Costs
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, scene
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
GOLDEN = SIZES[:5]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)


def feature(channel: int, pool: str) -> Any:
    """Cats from 0 up, dogs from 1 down, the further apart the higher the channel's last digit."""
    apart = channel % 10 / 10
    values = [i % 50 / 50 * (1 - apart) for i in range(100)] + [apart + i % 50 / 50 * (1 - apart) for i in range(100)]
    labels = [0] * 100 + [1] * 100
    better = channel + 1 if channel % 10 < 9 else channel
    known = Feature(channel, 1280, pool, ["cats", "dogs"], values, labels, values[::2], labels[::2], 0.1, better, 9)
    return msgspec.to_builtins(known)


def costs(bs: int, size: int, head: str) -> Any:
    """80 ms a photo through the trunk, 1 ms without."""
    numbers = {"concat": 2560, "linear": 1280, "cam": 62720}[head]
    return msgspec.to_builtins(Costs(0.08 * 3 * bs, 3 * bs, 0.024 * bs, 24 * bs, numbers, head, size, bs, "cpu", True))


def facts(data: str) -> Any:
    if data == "/none":
        raise BadInput("There is nothing at /none: give a folder of photos, with a folder for each class.")
    if data == "dogbreeds":
        return msgspec.to_builtins(
            PhotoFacts(data, 8178, 2044, [f"breed_{i}" for i in range(120)], [], [], [], 0, False, 2882)
        )
    widths, heights = [256, 341, 256, 400] * 50, [341, 256, 256, 200] * 50
    name = data or "photo-activations"
    return msgspec.to_builtins(
        PhotoFacts(name, 150, 50, ["cats", "dogs"], [100, 50], widths, heights, 0, bool(data), 7)
    )


def photo(data: str, image: int) -> Any:
    pixels = bytes((x * 4 + y * 2 + c * 60) % 256 for y in range(30) for x in range(40) for c in range(3))
    found = msgspec.to_builtins(OnePhoto(image, "cats", 400, 300, (40, 30), pixels))
    assert base64.b64decode(found["pixels"]) == pixels
    return found


LAB: dict[str, Any] = {"feature": feature, "precompute_costs": costs, "photo_facts": facts, "photo": photo}
KINDS: dict[str, Any] = {"features": FeaturesPane, "precompute": PrecomputePane, "photos": PhotosPane}


def made(kind: str, lab: Any = None, **given: Any) -> Any:
    return KINDS[kind](scene(kind, lab=lab or SilentLab(LAB), **given))


def again(kind: str, pane: Any, *keys: str, **given: Any) -> Any:
    """The same pane, opened another time."""
    play(found := made(kind, kept=pane.kept(), **given), *keys)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_measure_that_is_declared_is_measured_and_no_other(kind: str) -> None:
    play(pane := made(kind), "space", "v", "v")
    assert set(pane.measured()) == set(PANES[kind].measures)


def test_the_threshold_tells_what_it_gets_right() -> None:
    pane = made("features", show={"channel": 5})
    text = " ".join(play(pane, "f").split())
    found = pane.measured()
    # every cat of this channel has less than .5, and every dog at least that
    assert 0.49 <= found["threshold"] < 0.5
    assert (found["accuracy"], found["valid_accuracy"], found["possible"], found["above"]) == (1, 1, 1, "dogs")
    assert (found["cat_answer"], found["cat_right"], found["top"]) == ("cats", 1, 1)
    assert "else cats: 100.0% of 200 photos are right" in text
    pane = again("features", pane, "home")
    assert (pane.measured()["threshold"], pane.measured()["accuracy"]) == (0, pytest.approx(0.51))


def test_channels_are_looked_through_and_better_ones_found() -> None:
    play(pane := made("features"), "d", "D", "k", "k", "k", "a")
    # four of them are too few for the best of all to be shown
    assert (pane.measured()["channel"], pane.measured()["seen"]) == (3, 4)
    pane = again("features", pane, "greater_than_sign", "a")
    assert pane.measured()["channel"] == 9
    pane = again("features", pane, "m")
    assert (pane.measured()["pool"], pane.measured()["channel"]) == ("maximum", 9)
    assert again("features", pane).measured() == pane.measured()
    pane = again("features", pane, "z", "z")
    assert (pane.measured()["pool"], pane.measured()["channel"]) == ("average", 0)
    assert "threshold" in pane.measured()


def test_space_measures_both_ways() -> None:
    text = " ".join(play(pane := made("precompute"), "space", size=(78, 18)).split())
    found = pane.measured()
    assert found["ratio"] == pytest.approx(80)
    assert found["through"] == pytest.approx(160)  # 2,000 photos of 80 ms
    assert found["cached"] == pytest.approx(2)
    assert found["megabytes"] == pytest.approx(2000 * 2560 * 4 / 1e6)
    assert "80.0 times as long" in text
    assert "2,560 numbers" in text
    assert again("precompute", pane, knobs={"head": "cam"}).measured()["done"] == 0
    pane = again("precompute", pane, "space", knobs={"head": "cam"})
    assert (pane.measured()["heads"], pane.measured()["numbers"]) == (2, 62720)
    pane = again("precompute", pane)
    assert (pane.measured()["ratio"], pane.measured()["tried"]) == (pytest.approx(80), 2)
    assert again("precompute", pane, "z").measured()["tried"] == 0


def test_photos_are_told_of_in_numbers() -> None:
    play(pane := made("photos"), "v", "down", "v", "d")
    found = pane.measured()
    assert (found["width"], found["height"], found["small"]) == (298.5, 256, 0.25)
    assert found["kept"] == pytest.approx(256 / 341)
    assert (found["ratio"], found["square"], found["label"], found["count"]) == (2, 0.25, "dogs", 50)
    assert (found["views"], found["view"], found["image"], found["seen"]) == (3, "one", 1, 2)


def test_a_set_that_is_not_here_says_so_and_tells_what_is_held_out() -> None:
    pane = made("photos", show={"data": "dogbreeds"})
    text = " ".join(play(pane, "v", "end").split())
    assert "not on this machine" in text
    assert "begins with row 2,882" in text
    assert (pane.measured()["class"], pane.measured()["label"]) == (119, "breed_119")
    assert "2,882" not in play(made("photos", show={"data": "dogbreeds"}, hidden=frozenset({"first_held"})))


def test_a_path_can_be_typed() -> None:
    pane = made("photos")
    text = " ".join(play(pane, "e", *("slash", "n", "o", "n", "e"), "enter").split())
    assert "There is nothing at /none" in text
    assert (pane.measured()["own"], pane.sentence()[:8]) == (1, "There is")
    pane = again("photos", pane, "z")
    assert (pane.measured()["own"], pane.measured()["data"]) == (0, "photo-activations")


@pytest.mark.parametrize(
    ("kind", "measure", "secret"),
    [("features", "accuracy", "%"), ("features", "cat_answer", ": cats."), ("precompute", "ratio", "80"),
     ("photos", "small", "25.0%"), ("photos", "kept", "75%")],
)  # fmt: skip
def test_what_is_to_be_predicted_is_not_shown(kind: str, measure: str, secret: str) -> None:
    hidden = frozenset({measure} | ({"valid_accuracy", "top"} if measure == "accuracy" else set()))
    for size in GOLDEN:
        pane = made(kind, hidden=hidden)
        text = play(pane, "space", size=size) + pane.sentence()
        assert "?" in text
        assert secret not in text


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_lab_the_trouble_is_said(kind: str) -> None:
    pane = made(kind, lab=SilentLab())
    assert "There is no lab here." in play(pane, "space", "k", "f", "d", "v", "z", "space")
    assert pane.sentence() == "There is no lab here."


NONSENSE = {"rows": [3, "", "a b", "concat 1 1 1 1 1 nan 1"], "channel": "x", "pool": 3, "threshold": "y", "top": 9,
            "seen": [None], "data": 3, "view": 4, "class": "z", "image": -3, "views": "a", "classes": None}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
def test_it_is_drawn_at_every_size(kind: str, depth: str) -> None:
    pane = made(kind, kept=NONSENSE, show=NONSENSE, knobs={"size": "x", "bs": None, "head": 3})

    async def drive(pilot: Any) -> None:
        for key in ("space", "v", "v"):
            await pilot.press(key)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", GOLDEN)
@pytest.mark.parametrize(
    ("name", "kind", "keys"),
    [("features", "features", ("f",)), ("precompute", "precompute", ("space",)), ("photos-sizes", "photos", ()),
     ("photos-classes", "photos", ("v",)), ("photos-one", "photos", ("d",))],
)  # fmt: skip
def test_it_looks_as_it_did(name: str, kind: str, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    pane = made(kind, show={"channel": 4} if kind == "features" else {})
    same_as_golden(f"panes/{name}-{size[0]}x{size[1]}", play(pane, *keys, size=size))
