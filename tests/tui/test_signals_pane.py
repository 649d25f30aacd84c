"""The pane of signals: it shows what was computed, computes no more than it is asked for, and survives what it is
given."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from fastai_tui.app.tui.panes.networks import signals
from fastai_tui.app.tui.panes.networks.signals import SignalsPane
from fastai_tui.app.tui.panes.networks.signals_chart import LABEL, decades, power, window
from fastai_tui.app.tui.panes.networks.signals_drawing import VIEWS
from fastai_tui.engine.signal_sizes import MOST, Net
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import Host, scene, settled
from tests.tui.looks import same_as_golden
from tests.tui.signal_labs import MeasuringLab

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (7, 2), (1, 1)]
KNOBS: dict[str, Any] = {"depth": 2, "init": "kaiming", "gain": 2.0, "norm": "none", "skips": "off", "rate": 0.1}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "LOOKED_AT", 0.0)


play = partial(host.play, size=(40, 18))


def made(lab: Any = None, *, knobs: dict[str, Any] | None = None, **given: Any) -> SignalsPane:
    return SignalsPane(scene("signals", lab=lab or MeasuringLab(), knobs={**KNOBS, **(knobs or {})}, **given))


def turning(pane: SignalsPane, **values: Any) -> Callable[[Any], Awaitable[None]]:
    async def drive(pilot: Any) -> None:
        for knob, value in values.items():
            pane.knobs[knob] = value
            pane.turned(knob, value)
            await settled(pilot)

    return drive


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    play(pane := made())
    assert set(pane.measured()) == set(PANES["signals"].measures) - {"broke"}
    play(pane := made(knobs={"rate": 2.0}), "space", "space", "space")
    assert set(pane.measured()) == set(PANES["signals"].measures) - {"growth", "last"}
    assert set(PANES["signals"].knobs) == set(KNOBS)


def test_before_the_first_step_the_layers_are_seen_and_their_growth() -> None:
    text = play(pane := made(), "right", "right")
    measured = pane.measured()
    assert (measured["layers"], measured["layer"], measured["steps"], measured["nan"]) == (10, 3, 0, 0)
    assert (measured["size"], measured["first"], measured["last"]) == (4, 1, 256)
    assert measured["growth"] == pytest.approx(2)
    assert measured["growth_back"] == pytest.approx(2)
    for words in ("10 layers, kaiming ×2", "before training: loss 2.5", "layer 3", "4.00, ×2.00 from layer 2"):
        assert words in text
    assert "on average ×2.00 a layer" in text


def test_the_views_are_forward_back_and_the_weights() -> None:
    text = play(pane := made(), "v", "end")
    assert (pane.measured()["view"], pane.measured()["views"]) == ("backward", 2)
    assert pane.measured()["size"] == 0.5**9
    assert pane.measured()["last"] == 0.5**8
    assert "on average ×2.00 a layer back" in text
    text = play(pane := made(), "v", "v", "right", size=(78, 18))
    assert pane.measured()["size"] == pytest.approx(0.02)
    assert "layer 2, 10×32×32: 0.020 of the weights, a step moves them by 0.200 %" in text
    assert "most: 0.100 at 10, least: 0.010 at 1" in text
    play(pane := made(), "v", "v", "v")
    assert (pane.measured()["view"], pane.measured()["views"]) == ("forward", 3)


def test_space_takes_steps_until_there_are_no_numbers_any_more() -> None:
    text = play(pane := made(knobs={"rate": 2.0}), "space", "space", "space")
    measured = pane.measured()
    assert (measured["steps"], measured["nan"], measured["broke"]) == (3, 1, 3)
    assert "loss 5.50, some lost" in text
    assert "5 of 10 layers have lost their numbers" in text
    assert "×" in text.splitlines()[5]
    text = play(pane := made(knobs={"rate": 2.0}), "f", "space")
    measured = pane.measured()
    assert (measured["steps"], measured["nan"], measured["broke"]) == (5, 1, 3)
    assert "size" not in measured
    assert "loss" not in measured
    assert measured["loss_first"] == 2.5
    assert "the loss is no number" in text
    assert "no loss any more" in pane.ended()
    play(pane := made(knobs={"rate": 2.0}), "f", "u", "u", "u")
    assert (pane.measured()["steps"], pane.measured()["nan"]) == (2, 0)
    assert "broke" not in pane.measured()


def test_what_goes_well_goes_on_to_the_end() -> None:
    play(pane := made(), "f")
    assert (pane.measured()["steps"], pane.measured()["nan"]) == (MOST, 0)
    assert "steps are enough" in pane.ended()
    play(pane := made(), "f", "space", "u", "u")
    assert pane.measured()["steps"] == MOST - 2
    play(pane := made(), "f", "z")
    assert pane.measured()["steps"] == 0


def test_another_network_begins_anew_beside_the_one_before() -> None:
    pane = made()
    text = play(pane, "space", "space", drive=turning(pane, norm="after", skips="on"), size=(100, 18))
    measured = pane.measured()
    assert (measured["steps"], measured["tried"]) == (0, 3)
    assert (measured["plain"], measured["normed"], measured["skipped"]) == (1, 1, 1)
    assert measured["growth"] == pytest.approx(1)
    assert "before (10 layers, kaiming ×2 weights, norm after ReLU, rate 0.1): 1.00" in text
    assert "░" in text
    pane = made()
    text = play(pane, "end", drive=turning(pane, gain=1.5, depth=1), size=(100, 18))
    assert pane.measured()["layer"] == 6  # there are no more layers now
    assert "before (10 layers, kaiming ×1.5 weights" in text


def test_a_network_that_was_only_passed_on_the_way_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "LOOKED_AT", 1e9)
    pane = made()
    play(pane, drive=turning(pane, gain=1.5))
    assert pane.before is None


def test_keys_that_come_before_the_lab_s_first_answer_take_effect_when_it_comes() -> None:
    gate = asyncio.Event()

    class SlowLab(MeasuringLab):
        async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
            await gate.wait()
            return await super().ask(request, topic=topic, **arguments)

    pane = made(SlowLab())

    async def run() -> None:
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.pause()
            assert "A batch goes through" in pane.sheet.text
            assert pane.measured()["steps"] == 0
            for key in ("space", "space", "v", "right"):
                await pilot.press(key)
            gate.set()
            await settled(pilot)

    asyncio.run(run())
    measured = pane.measured()
    assert (measured["steps"], measured["view"], measured["layer"]) == (2, "backward", 2)


@pytest.mark.parametrize(
    ("name", "keys", "shown"),
    [
        ("growth", (), ("on average ×2.00", "256")),
        ("growth_back", ("v",), ("on average ×2.00",)),
        ("size", ("right",), (": 2.00", "×2.00 from")),
        ("last", ("end", "left"), ("256", "on average ×2.00")),
        ("first", ("v",), ("on average ×2.00", "1.00")),
        ("loss", (), ("2.50",)),
        ("nan", ("f",), ("no number", "lost")),
        ("broke", ("space", "space", "space"), ("lost", "× ×")),
    ],
)
def test_what_is_to_be_predicted_is_not_shown(name: str, keys: tuple[str, ...], shown: tuple[str, ...]) -> None:
    knobs = {"rate": 2.0, "norm": "none", "gain": 2.0, "depth": 2}
    for size in ((40, 18), (78, 18), (60, 34), (38, 6)):
        text = play(pane := made(knobs=knobs, hidden=frozenset({name})), *keys, size=size)
        text = "\n".join([*text.splitlines()[1:], pane.sentence().partition(";")[2]])  # the network has its own ×
        for words in shown if name != "broke" or size[1] < 30 else shown[:1]:
            assert words not in text
        assert "?" in text


def test_trouble_is_said_and_a_key_tries_again() -> None:
    lab = MeasuringLab(trouble="The lab process ended.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "The lab process ended." in pane.sheet.text
        assert pane.sentence() == "The lab process ended."
        lab.trouble = ""
        await pilot.press("space")

    play(pane, drive=drive)
    assert pane.measured()["steps"] == 1


def test_opened_again_it_is_as_it_was() -> None:
    pane = made()
    play(pane, "space", "space", "v", "right", "right")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"steps": "x", "view": 3, "layer": "far", "tried": 7, "views": 2},
        {"steps": -4, "layer": -2, "tried": [3, "x", "1 2"], "views": ["none"]},
        {"steps": 10**9, "layer": 10**9, "tried": [], "depth": 50, "init": 2},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"depth": 10**9, "init": "none", "gain": "far", "rate": float("nan"), "skips": 2})
    play(pane, "v", "u", "left", "a", "a")
    assert pane.net == Net(8, "usual", 1.0, "none", False, 0.1)
    assert 0 <= pane.wanted <= MOST


def test_what_the_step_says_stands_where_there_is_no_knob() -> None:
    show = {"depth": 4, "init": "kaiming", "gain": 0.5, "norm": "before", "skips": "on", "rate": 0.5, "layer": 3}
    pane = SignalsPane(scene("signals", lab=MeasuringLab(), show={**show, "view": "weights", "data": "cifar10"}))
    play(pane)
    assert pane.net == Net(4, "kaiming", 0.5, "before", True, 0.5)
    assert (pane.measured()["layer"], pane.measured()["view"], pane.data) == (3, "weights", "cifar10")
    assert set(show) | {"view", "data"} == set(PANES["signals"].options)


def test_an_axis_of_powers_of_ten_holds_all_there_is() -> None:
    for sizes in ([1e-7, 3.0, None], [1.0, 1.0], [], [None], [0.0, 2e30], [1e-2, 1e2]):
        ends = decades(sizes)
        assert ends.low <= -1
        assert ends.high >= 1
        for size in sizes:
            assert size is None or 0 <= ends.share(size) <= 1
    assert [power(p) for p in (-7, -2, 0, 3, 30)] == ["1e-7", "0.01", "1", "1000", "1e30"]
    assert all(len(power(p)) < LABEL for p in range(-45, 40))
    assert window(34, 10, 20) == range(15, 25)
    assert window(34, 10, 33) == range(24, 34)
    assert window(5, 10, 2) == range(5)


@pytest.mark.parametrize("keys", [(), ("f",), ("space", "v"), ("v", "v", "end")])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made(knobs={"depth": 8, "rate": 2.0})

    async def drive(pilot: Any) -> None:
        await turning(pane, gain=1.5)(pilot)
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(view: str, size: tuple[int, int]) -> None:
    pane = made(show={"view": view})
    text = play(pane, drive=turning(pane, norm="after", gain=2.0), size=size)
    same_as_golden(f"panes/signals-{view}-{size[0]}x{size[1]}", text)
