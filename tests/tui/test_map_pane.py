"""The whole map: it fills cell by cell, at any speed, and every number is PyTorch's."""

import asyncio
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.panes.convolution.map import MapPane
from fastai_tui.app.tui.sheet import Sight
from fastai_tui.engine.data import store
from fastai_tui.lessons import kernels
from tests.tui.canvas_text import SIZES, after, integers, sheet_of
from tests.tui.host import Host, scene
from tests.tui.test_window_pane import KERNEL

ALL = 26 * 26


def by_torch(row: int, kernel: str) -> torch.Tensor:
    pixels = torch.tensor(store.image(f"mnist-sample:{row}")[0].tolist(), dtype=torch.float64)
    weights = torch.tensor(kernels.kernel(kernel).rows, dtype=torch.float64)
    return F.conv2d(pixels[None, None], weights[None, None])[0, 0]


def play(keys: list[str], size: tuple[int, int] = (40, 18), wait: float = 0, **where: Any) -> tuple[MapPane, str]:
    async def run() -> tuple[MapPane, str]:
        pane = MapPane(scene("map", **where))
        async with Host(pane).run_test(size=size) as pilot:
            await pilot.press(*keys)
            await asyncio.sleep(wait)
            return pane, pane.sheet.text

    return asyncio.run(run())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4999), KERNEL, st.integers(0, ALL))
def test_the_map_so_far_is_pytorchs(row: int, kernel: str, filled: int) -> None:
    pane = MapPane(scene("map", show={"picture": f"mnist-sample:{row}", "kernel": kernel}, kept={"filled": filled}))
    flat = [value for line in pane._there() for value in line]
    assert flat[:filled] == by_torch(row, kernel).flatten().tolist()[:filled]
    assert flat[filled:] == [None] * (ALL - filled)
    assert pane.measured()["filled"] == filled


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4999), KERNEL, st.tuples(st.integers(1, 26), st.integers(1, 26)), st.sampled_from(SIZES[:3]))
def test_the_sum_and_the_numbers_on_the_screen_are_pytorchs(
    row: int, kernel: str, at: tuple[int, int], size: tuple[int, int]
) -> None:
    show = {"picture": f"mnist-sample:{row}", "kernel": kernel}
    text = sheet_of("map", size, show=show, kept={"filled": ALL, "at": list(at)}).text
    expected = by_torch(row, kernel)
    assert f"sum {int(expected[at[0] - 1, at[1] - 1])}" in text
    if "map's numbers" in text:
        heading, *lines = after(text, "map's numbers", 8)
        for line in filter(str.strip, lines):
            place, *values = integers(line)
            assert values == [int(expected[place - 1, column - 1]) for column in integers(heading)]


def test_space_and_the_arrow_fill_one_cell_the_other_way_empties_it() -> None:
    for keys, filled, at in [
        (["space"], 1, (1, 1)), (["space", "right", "space"], 3, (1, 3)), (["right", "right", "left"], 1, (1, 1)),
        (["down"], 26, (1, 26)), (["down", "right"], 27, (2, 1)), (["left", "up", "left"], 1, (1, 1)),
    ]:  # fmt: skip
        pane, text = play(keys)
        assert (pane.filled, pane.at) == (filled, at), keys
        assert f"{filled} of 676" in text


def test_f_jumps_to_the_end_and_then_the_cursor_is_free() -> None:
    pane, text = play(["f", "up", "left", "left"])
    assert (pane.filled, pane.at) == (ALL, (25, 24))
    assert "all of 676" in text


def test_z_starts_again() -> None:
    pane, text = play(["f", "z"])
    assert pane.filled == 0
    assert "0 of 676" in text
    assert "·" * 26 in text


@pytest.mark.parametrize("view", ["map", "picture"])
def test_v_flips_between_map_and_picture_where_only_one_fits(view: str) -> None:
    pane, text = play(["down", "down", *["v"] * (view == "picture")])
    assert pane.showing_map == (view == "map")
    assert ("·" * 26 in text) == (view == "map")


@pytest.mark.parametrize(("size", "both"), [((40, 18), False), ((60, 34), True), ((78, 18), True), ((118, 34), True)])
def test_picture_and_map_stand_side_by_side_where_there_is_room(size: tuple[int, int], both: bool) -> None:
    pane, _ = play([], size)
    assert len(pane.spots) == 1 + both


def test_it_plays_at_the_speed_of_its_knob_and_stops_at_the_end() -> None:
    pane, _ = play(["a"], knobs={"speed": 40.0}, wait=1)
    assert 10 <= pane.filled <= 80
    pane, _ = play(["a"], knobs={"speed": 100_000.0}, wait=0.4)
    assert pane.filled == ALL
    assert not pane.playing


def test_a_pauses_and_goes_on() -> None:
    pane, _ = play(["a", "a"], knobs={"speed": 5.0}, wait=0.4)
    assert not pane.playing
    assert pane.filled <= 4


@pytest.mark.parametrize("speed", [0, -5, "fast", float("nan"), float("inf"), None])
def test_a_speed_that_makes_no_sense_is_an_ordinary_one(speed: Any) -> None:
    assert MapPane(scene("map", knobs={"speed": speed})).speed == 60


def test_every_cell_is_linked_to_its_window() -> None:
    pane = MapPane(scene("map", kept={"filled": ALL}))
    for index in range(ALL):
        pane.at = pane.place_of(index)
        row, column = pane.cell()
        assert row * pane.columns + column == index
        assert pane.window().result == pane.map[row][column]


def test_a_place_in_the_step_is_filled_up_to() -> None:
    pane = MapPane(scene("map", show={"at": [5, 7]}))
    assert (pane.filled, pane.at, pane.measured()["sum"]) == (4 * 26 + 7, (5, 7), 762)


@pytest.mark.parametrize("kernel", ["5", "1,1;1,1", "1,0,0,0,0,0,1", ";".join(["1,1,1,1,1"] * 5)])
@pytest.mark.parametrize("size", [*SIZES, (1, 1), (28, 14)])
def test_kernels_of_other_sizes(kernel: str, size: tuple[int, int]) -> None:
    pane = MapPane(scene("map", show={"kernel": kernel}, kept={"filled": 10_000}))
    assert torch.equal(torch.tensor(pane.map, dtype=torch.float64), by_torch(1502, kernel))
    assert pane.filled == pane.count
    sheet_of("map", size, show={"kernel": kernel}, kept={"filled": 10_000})


def test_another_kernel_or_picture_keeps_what_was_filled() -> None:
    assert play(["f", "k"])[0].filled == ALL
    assert play(["down", "space", "k", "d"])[0].filled == 27


def test_a_click_on_the_map_goes_to_that_cell() -> None:
    async def run(keys: list[str]) -> MapPane:
        pane = MapPane(scene("map"))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.press(*keys)
            await pilot.click(offset=(6, 2))
            return pane

    assert asyncio.run(run(["f"])).at == (5, 7)
    early = asyncio.run(run([]))
    assert (early.at, early.filled) == ((5, 7), 4 * 26 + 7)


@pytest.mark.parametrize("size", SIZES)
def test_a_hidden_sum_is_not_shown(size: tuple[int, int]) -> None:
    text = sheet_of("map", size, show={"at": [5, 7]}, hidden=frozenset({"sum"})).text
    assert "sum 762" not in text
    assert ": 762" not in text
    assert "?" in text


@pytest.mark.parametrize("kept", [{"filled": -3}, {"filled": "x"}, {"filled": 1e9}, {"view": 5}, {"at": [0, 0]}, {}])
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (30, 3), (200, 60)])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int]) -> None:
    pane = MapPane(scene("map", kept=kept))
    assert 0 <= pane.filled <= ALL
    sheet_of("map", size, Sight(depth="none", unicode=False), kept=kept)


def test_what_it_keeps_comes_back() -> None:
    pane, text = play(["down", "space", "k", "v"])
    again, text_again = play([], kept=pane.kept())
    assert text_again == text
    assert again.measured() == pane.measured()


@pytest.mark.parametrize("size", SIZES)
def test_a_hidden_count_is_not_shown(size: tuple[int, int]) -> None:
    where: dict[str, Any] = {"kept": {"filled": ALL}, "hidden": frozenset({"filled"})}
    assert "676" not in sheet_of("map", size, **where).text
    assert "676" not in MapPane(scene("map", **where)).sentence()


def test_in_words_it_tells_the_balance_of_the_map() -> None:
    pane, _ = play(["f"])
    expected = by_torch(1502, "top_edge")
    assert f"{(expected > 0).double().mean().item():.0%} of them above nought" in pane.sentence()
    assert f"from {int(expected.min())} to {int(expected.max())}" in pane.sentence()
