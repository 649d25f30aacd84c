"""The pane of pooling: both kinds on one grid, until they agree, and the head after them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from fastai_tui.app.tui.panes.images.pooling import PoolingPane
from fastai_tui.engine.data.digits import digit
from fastai_tui.lessons.panes import PANES
from tests.tui.host import Host, scene
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]


def play(
    pane: PoolingPane,
    *keys: str,
    size: tuple[int, int] = (40, 18),
    drive: Callable[[Any], Awaitable[None]] | None = None,
    **look: Any,
) -> str:
    async def run() -> str:
        async with Host(pane, **look).run_test(size=size) as pilot:
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            if drive is not None:
                await drive(pilot)
            await pilot.pause()
            return pane.sheet.text

    return asyncio.run(run())


def made(**given: Any) -> PoolingPane:
    return PoolingPane(scene("pooling", **given))


def knobs(size: int, output: int, kernel_size: int, stride: int) -> dict[str, int]:
    return {"size": size, "output": output, "kernel_size": kernel_size, "stride": stride}


@pytest.mark.parametrize("keys", [(), ("right", "v")])
def test_every_measure_that_is_declared_is_measured_and_no_other(keys: tuple[str, ...]) -> None:
    play(pane := made(), *keys)
    assert set(pane.measured()) == set(PANES["pooling"].measures)


def test_its_values_are_pytorchs_at_every_output() -> None:
    pane = made()
    play(pane, "home")
    grid = torch.tensor(digit(1502)[0], dtype=torch.float32)[None, None]
    adaptive, ordinary = F.adaptive_max_pool2d(grid, 14)[0, 0], F.max_pool2d(grid, 3, 2)[0, 0]
    for row, column in ((0, 0), (5, 7), (12, 6), (13, 13)):
        pane.at = (row, column)
        measured = pane.measured()
        assert measured["value"] == adaptive[row, column]
        assert measured["value_ordinary"] == (ordinary[row, column] if max(row, column) < 13 else 0)
    assert pane.measured()["ordinary"] == 13
    assert pane.measured()["same"] == int((adaptive[:13, :13] == ordinary).sum())


def test_they_agree_once_the_window_is_the_quotient_and_that_is_remembered() -> None:
    pane = made(knobs=knobs(28, 14, 3, 2))

    async def drive(pilot: Any) -> None:
        assert pane.measured()["agree"] == 0
        for output, window in ((14, 2), (2, 14), (1, 28)):
            for name, value in knobs(28, output, window, window).items():
                pane.knobs[name] = value
                pane.turned(name, value)
            assert pane.measured()["agree"] == 1
        await pilot.pause()
        assert "They agree" in pane.sheet.text

    play(pane, drive=drive)
    assert pane.measured()["agreed"] == 3
    assert pane.measured()["flat"] == 80
    again = made(kept=pane.kept(), knobs=knobs(28, 14, 3, 2))
    assert again.measured()["agreed"] == 3


def test_where_no_window_can_do_it_it_says_so() -> None:
    text = play(pane := made(knobs=knobs(8, 3, 3, 2)), size=(78, 18))
    assert pane.measured()["possible"] == 0
    assert "no kernel and stride do it" in text
    text = play(pane := made(knobs=knobs(7, 3, 2, 2)), size=(78, 18))
    assert (pane.measured()["possible"], pane.measured()["overlap"]) == (1, 1)
    assert "no kernel and stride" not in text


def test_a_window_that_does_not_fit_gives_nothing() -> None:
    text = play(pane := made(knobs=knobs(6, 2, 9, 1)), size=(78, 18))
    assert pane.measured()["ordinary"] == 0
    assert "larger than the grid" in text


def test_the_arrows_stay_on_the_outputs_and_count_what_was_visited() -> None:
    play(pane := made(knobs=knobs(8, 2, 4, 4)), "home", "left", "down", "right", "right", "end")
    assert pane.measured()["cursor"] == (1, 1)
    assert pane.measured()["visited"] == 3
    play(pane := made(), "d", "z")
    assert pane.measured()["picture"] == "mnist-sample:1502"


def test_the_head_says_what_minus_one_stands_for() -> None:
    text = play(pane := made(show={"channels": 20, "output": 4}), "v", size=(78, 18))
    assert pane.measured()["flat"] == torch.zeros(5, 20, 4, 4).view(5, -1).shape[1] == 320
    for words in ("(bs, 20, 4, 4)", "(bs, 320)", "becomes number 15", "of channel 1 number 31", "28×28"):
        assert words in text
    assert pane.measured()["view"] == "head"
    assert "320" not in play(made(show={"channels": 20, "output": 4}, hidden=frozenset({"flat"})), "v", size=(60, 34))


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("ordinary", ("13×13", "10–12")),
        ("agree", ("They differ", "13×13")),
        ("value", ("max 254",)),
        ("same", ("values are equal", "max 254")),
        ("left", ("leave 1 of",)),
    ],
)
def test_what_is_to_be_predicted_is_not_shown(name: str, secrets: tuple[str, ...]) -> None:
    for size in ((40, 18), (60, 34), (78, 18), (38, 6)):
        pane = made(hidden=frozenset({name}))
        text = play(pane, size=size)
        for words in secrets:
            assert text.count(words) == (name == "value")  # ordinary pooling's may be seen
        assert "?" in text
    open_ = play(made(), size=(100, 54)) + made().sentence()
    assert all(words in open_ or words == "They differ" for words in secrets)


@pytest.mark.parametrize(
    "kept",
    [{"view": 3, "at": "x", "agreed": 7, "which": 1}, {"agreed": ["1/", 3, [2], "99/99"], "at": [10**9, -4]}],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"size": "large", "output": 10**20, "kernel_size": -3, "stride": float("nan")})
    play(pane, "down", "v", "m", "z")
    measured = pane.measured()
    assert [measured[name] for name in ("size", "output", "kernel_size", "stride")] == [28, 14, 1, 2]


@pytest.mark.parametrize("keys", [("v",), ("m", "end"), ("right",)])
@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
@pytest.mark.parametrize("sizes", [(28, 14, 3, 2), (4, 2, 2, 2), (32, 31, 40, 1), (1, 1, 1, 1), (12, 5, 1, 7)])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str, sizes: tuple[int, int, int, int]) -> None:
    pane = made(knobs=knobs(*sizes))

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    name = f"panes/pooling-{size[0]}x{size[1]}"
    same_as_golden(name, play(made(knobs=knobs(8, 4, 3, 2)), size=size, depth="none"))
    same_as_golden(f"{name}-head", play(made(), "v", size=size))
