"""The pane of test-time augmentation: views are taken one by one, and all images are counted beside."""

from types import SimpleNamespace
from typing import Any

import pytest

from fastai_tui.app.snapshots import Snapshot
from fastai_tui.app.tui import plotting
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.images import tta_shown
from fastai_tui.app.tui.panes.images.tta import TtaPane
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import scene, settled
from tests.tui.image_labs import ViewingLab, probabilities
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
KEYS = ["right", "left", "home", "end", "space", "down", "up", "f", "j", "J", "m", "v"]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)
    plotting.load()


def follow(pane: TtaPane, step: int = 99, run: str = "0001-cifar10", **state: Any) -> None:
    state = {"phase": "finished"} | state
    pane.follow(SimpleNamespace(id=run), Snapshot(run, "cifar10", step=step, **state), (run,))  # type: ignore[arg-type]


def play(pane: TtaPane, *keys: str, run: bool = True, size: tuple[int, int] = (40, 18), **given: Any) -> str:
    return host.play(pane, *keys, first=follow if run else None, size=size, **given)


def made(lab: Any = None, **given: Any) -> TtaPane:
    return TtaPane(scene("tta", lab=lab or ViewingLab(), **given))


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    play(pane := made(), "space", "m")
    assert set(pane.measured()) == set(PANES["tta"].measures)
    play(pane := made(), run=False)
    assert set(pane.measured()) < set(PANES["tta"].measures)


def test_views_are_taken_one_by_one_and_averaged_by_their_weights() -> None:
    text = play(pane := made(), "right", "space", "space")  # image 2: its class loses with every view
    assert pane.measured()["views"] == 3
    assert "mean of 3" in text
    one = pane.one
    assert one is not None
    three = [probabilities(1, n)[1] for n in range(3)]
    assert one.average(3)[1] == pytest.approx((three[0] + 0.5 * three[1] + 0.5 * three[2]) / 2)
    assert f"{one.average(3)[1]:.0%}" in text
    assert "65% →  56%" in text
    assert "automobile" in text
    play(pane := made(), "f", "up", "up")
    assert pane.measured()["views"] == 4
    play(pane := made(), "up", "space", *["down"] * 9)
    assert pane.measured()["views"] == 6


def test_what_an_image_s_average_does_is_measured() -> None:
    play(pane := made(), "right")  # an odd one is right alone and wrong together
    assert [pane.measured()[name] for name in ("right_one", "right_all", "changed")] == [1, 0, 1]
    play(pane := made(show={"image": 1}))  # an even one the other way round
    assert [pane.measured()[name] for name in ("right_one", "right_all", "changed")] == [0, 1, 1]
    assert pane.measured()["image"] == 1


def test_all_images_are_counted_until_none_is_left() -> None:
    lab = ViewingLab()
    text = play(pane := made(lab), size=(78, 18))
    measured = pane.measured()
    assert (measured["done"], measured["accuracy"], measured["tta_accuracy"]) == (1, 0.8, 0.85)
    assert (measured["loss"], measured["tta_loss"], measured["best"]) == (0.6, 0.5, 6)
    assert (measured["fixed"], measured["spoiled"]) == (3, 1)
    assert [request for request, _ in lab.asked].count("views_of_all") == 3
    assert "all 40 images" in text
    assert "85.0%" in text
    assert "all 6: 3 put right, 1 spoiled" in text


def test_of_a_network_that_trains_one_piece_is_counted() -> None:
    lab = ViewingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        follow(pane, phase="running", live=True)
        await settled(pilot)
        assert pane.measured()["done"] == 0
        assert "15 of 40 images" in pane.sheet.text
        follow(pane, step=120)
        await settled(pilot)

    play(pane, drive=drive, run=False)
    assert pane.measured()["done"] == 1


def test_j_goes_to_images_that_are_answered_differently() -> None:
    places = []
    pane = made()

    async def drive(pilot: Any) -> None:
        for key in ("j", "j", "j", "j", "j", "J"):
            await pilot.press(key)
            await settled(pilot)
            places.append(pane.measured()["image"])
        assert "no such image" in "".join(getattr(m, "sentence", "") for m in pilot.app.told)

    play(pane, drive=drive)
    assert places == [3, 8, 13, 31, 31, 13]
    assert pane.measured()["seen"] == 5


def test_kinds_and_knobs_ask_for_other_views() -> None:
    lab = ViewingLab()
    pane = made(lab, knobs={"shift": 2, "count": 3})

    async def drive(pilot: Any) -> None:
        pane.knobs["count"] = 8
        pane.turned("count", 8)
        await settled(pilot)

    play(pane, "m", "m", "f", drive=drive)
    assert lab.asked[-1][1]["count"] == 8
    assert (pane.measured()["kind"], pane.measured()["count"]) == ("random", 9)
    assert {arguments["shift"] for _, arguments in lab.asked} == {2}
    play(pane := made(show={"kind": "flip", "view": "set"}))
    assert (pane.measured()["kind"], pane.measured()["count"], pane.measured()["view"]) == ("flip", 2, "set")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_what_is_to_be_predicted_is_not_shown(size: tuple[int, int]) -> None:
    for view in ("image", "set"):
        text = play(made(show={"view": view}), "right", "f", size=size)
        pane = made(show={"view": view}, hidden=frozenset({"tta_accuracy", "right_all"}))
        hidden = play(pane, "right", "f", "j", size=size) + pane.sentence()
        assert "yours to predict" in hidden
        for words in ("85.0%", "3 put right", " 50%"):
            assert words not in hidden
        assert pane.measured()["image"] == 2  # j would tell
        assert "85.0%" in text or " 50%" in text


def test_keys_pressed_before_the_first_answer_count() -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for key in ("right", "right", "space", "space", "v"):
            await pilot.press(key)
        follow(pane)
        await settled(pilot)

    play(pane, drive=drive, run=False)
    assert [pane.measured()[name] for name in ("image", "views", "view", "seen")] == [3, 3, "set", 1]


def test_without_a_run_and_with_trouble_it_says_what_to_do() -> None:
    text = play(pane := made(), *KEYS, run=False)
    assert "No network has been trained yet" in " ".join(text.split())
    assert pane.command() == ()
    text = play(pane := made(ViewingLab(trouble="The lab process ended.")), *KEYS)
    assert "The lab process ended." in text
    assert pane.sentence() == "The lab process ended."


def test_another_run_is_looked_at_anew() -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        follow(pane, run="0002-cifar10")
        assert pane.one is None
        await settled(pilot)

    play(pane, "f", drive=drive)
    assert pane.one is not None
    assert pane.one.run == "0002-cifar10"
    assert pane.command() == ("show", "0002-cifar10")


def test_opened_again_it_is_where_it_was() -> None:
    play(pane := made(), "right", "right", "m", "space", "v")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "x", "taken": [], "kind": 3, "view": None, "seen": "1"},
        {"at": -4, "taken": 10**9, "kind": "none", "view": "none", "seen": [1.5, -2, "x"]},
        {"at": 10**9, "taken": -1, "seen": [True]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"shift": "far", "count": float("nan")})
    play(pane, "space", "v", "j")
    assert pane.asks == ("crops", 1, 4)
    assert 1 <= pane.measured()["image"] <= 40  # type: ignore[operator]
    assert 1 <= pane.taken <= 6


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_drawn_at_every_size(depth: str, channels: int) -> None:
    pane = made(ViewingLab(channels=channels))

    async def drive(pilot: Any) -> None:
        for key in ("space", "v", "m"):
            await pilot.press(key)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    same_as_golden(f"panes/tta-{size[0]}x{size[1]}", play(made(), "right", "f", size=size))


def test_views_have_short_names() -> None:
    names = ("original", "original, flipped", "−1, −1", "−1, −1, flipped", "augmented 3")
    assert [tta_shown.short(name) for name in names] == ["original", "flipped", "−1,−1", "flip −1,−1", "random 3"]
