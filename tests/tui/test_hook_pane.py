"""The pane of a hook: it is set, fires when its layer is called, keeps what that makes, and is removed."""

from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.photos.hook import HookPane
from fastai_tui.engine.hooked import Hooked, Passed
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, scene
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (7, 2), (1, 1)]
CORNER = [[round(0.37 * row - 0.21 * column, 2) for column in range(7)] for row in range(7)]
LAYERS = [
    Passed("trunk.features.0", "Conv2dNormActivation", [1, 32, 112, 112], CORNER),
    Passed("trunk.features.1", "InvertedResidual", [1, 16, 56, 56], CORNER),
    Passed("trunk.features.18", "Conv2dNormActivation", [1, 1280, 7, 7], CORNER),
    Passed("head.conv", "Conv2d", [1, 2, 7, 7], CORNER),
    Passed("head.pool", "Sequential", [1, 2], [[2.5, -1.0]]),
]


def made(**given: Any) -> HookPane:
    answer = msgspec.to_builtins(Hooked("catdog", "chelsea", LAYERS, "cats", 0.97))
    return HookPane(scene("hook", lab=given.pop("lab", SilentLab({"hooked": answer})), **given))


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    play(pane := made(), "k", "f")
    assert set(pane.measured()) == set(PANES["hook"].measures)


def test_a_hook_fires_when_its_layer_is_called_and_keeps_what_that_made() -> None:
    text = play(pane := made(), "down", "down", "k", "space", "space")
    measured = pane.measured()
    assert (measured["hooked"], measured["fired"], measured["held"], measured["step"]) == (3, 0, "", 2)
    assert "hook at trunk.features.18: fired 0 times" in text
    text = play(pane := made(), "down", "down", "k", "space", "space", "space")
    measured = pane.measured()
    assert (measured["fired"], measured["held"], measured["side"]) == (1, "1×1280×7×7", 7)
    assert (measured["channels"], measured["calls"], measured["name"]) == (1280, 0, "trunk.features.18")
    assert "it holds 1×1280×7×7" in text
    assert "channel 0" in text
    assert "−1.26" in text


def test_it_fires_once_a_call_and_not_when_it_came_too_late() -> None:
    text = play(pane := made(), "down", "k", "f", "f")
    assert (pane.measured()["fired"], pane.measured()["calls"]) == (2, 2)
    assert "the call returned: cats 97.0%" in text
    play(pane := made(), "space", "space", "k", "f")
    assert (pane.measured()["fired"], pane.measured()["calls"]) == (0, 1)


def test_a_removed_hook_fires_no_more_and_what_it_held_stays() -> None:
    text = play(pane := made(), "k", "f", "k", "f")
    measured = pane.measured()
    assert (measured["hooked"], measured["removed"], measured["fired"]) == (0, 1, 1)
    assert measured["held"] == "1×32×112×112"
    assert "the hook is removed; what it held stays" in text
    play(pane := made(), "k", "k")
    assert pane.measured()["removed"] == 0
    play(pane := made(), "k", "f", "down", "k")
    assert (pane.measured()["hooked"], pane.measured()["fired"], pane.measured()["hooks"]) == (2, 0, 2)


def test_what_is_no_map_has_no_side() -> None:
    text = play(pane := made(), "end", "k", "f")
    assert (pane.measured()["side"], pane.measured()["channels"], pane.measured()["held"]) == (0, 2, "1×2")
    assert "its numbers" in text


def test_a_call_is_given_up_and_all_is_begun_anew() -> None:
    play(pane := made(), "k", "space", "u")
    assert (pane.measured()["step"], pane.measured()["hooked"]) == (0, 1)
    play(pane := made(), "k", "f", "z")
    assert (pane.measured()["step"], pane.measured()["hooked"], pane.measured()["fired"]) == (0, 0, 0)


@pytest.mark.parametrize("name", ["held", "fired"])
def test_what_is_to_be_predicted_is_not_shown(name: str) -> None:
    for size in ((40, 18), (78, 18), (60, 34)):
        text = play(pane := made(hidden=frozenset({name})), "down", "down", "k", "f", size=size) + pane.sentence()
        assert {"held": "1×1280×7×7", "fired": "fired 1"}[name] not in text
        assert "?" in text


def test_without_a_lab_it_says_so_at_any_key() -> None:
    text = play(pane := made(lab=SilentLab()), "k", "space", "a", "f", "u", "z", "down", "end", "up")
    assert "There is no lab here." in text
    assert pane.measured()["layers"] == 0


def test_opened_again_it_is_as_it_was() -> None:
    play(pane := made(), "down", "k", "f", "k", "space")
    play(again := made(kept=pane.kept()))
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "x", "step": -1, "hook": None, "holds": [], "calls": "a", "fired": 1.5, "hooks": 3},
        {"at": 10**9, "step": 10**9, "hook": 99, "holds": 99, "calls": 10**9, "hooks": [99, "x", -1, 2]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    play(pane := made(kept=kept), "up", "space")
    assert 0 <= pane.at < len(LAYERS)
    assert pane.hooks <= {2}
    assert pane.hook == pane.holds == 0


@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, "down", "k", "f", drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    text = play(made(), "down", "down", "k", "f", size=size)
    same_as_golden(f"panes/hook-{size[0]}x{size[1]}", text)
