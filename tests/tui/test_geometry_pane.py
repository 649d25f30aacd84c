"""The window on the grid: sizes are PyTorch's, the window is only where it may be, and every size of sheet says so."""

import asyncio
import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.panes.convolution import fields
from fastai_tui.app.tui.panes.convolution.geometry import GeometryPane
from fastai_tui.app.tui.sheet import Paint, Sight
from tests.tui.canvas_text import SIZES, sheet_of
from tests.tui.host import Host, scene

KNOBS = {"size": 7, "kernel_size": 3, "padding": 1, "stride": 2}


def play(keys: list[str], size: tuple[int, int] = (40, 18), **where: Any) -> tuple[GeometryPane, str]:
    async def run() -> tuple[GeometryPane, str]:
        pane = GeometryPane(scene("geometry", **where))
        async with Host(pane).run_test(size=size) as pilot:
            await pilot.press(*keys)
            return pane, pane.sheet.text

    return asyncio.run(run())


def marked(pane: GeometryPane) -> torch.Tensor:
    """1 where the window lies, on the padded grid."""
    side = pane.grid.padded
    found = torch.zeros(side, side)
    for row, column in pane._window():
        found[row, column] = 1
    return found


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 14), st.integers(1, 6), st.integers(0, 3), st.integers(1, 4), st.data())
def test_size_window_and_reach_are_pytorchs(n: int, k: int, p: int, s: int, data: st.DataObject) -> None:
    knobs = {"size": n, "kernel_size": k, "padding": p, "stride": s}
    pane = GeometryPane(scene("geometry", knobs=knobs))
    text = sheet_of("geometry", (78, 18), knobs=knobs).text
    if k > n + 2 * p:
        assert pane.measured()["output"] == 0
        assert "take a smaller kernel" in " ".join(text.split())
        return
    ones = torch.ones(1, 1, n, n, requires_grad=True)
    padded = F.pad(ones, (p, p, p, p))
    padded.retain_grad()
    found = F.conv2d(padded, torch.ones(1, 1, k, k), stride=s)[0, 0]
    assert pane.measured()["output"] == len(found)
    assert f"⌊({n} + 2·{p} − {k}) / {s}⌋ + 1 = {len(found)}" in text
    cell = data.draw(st.tuples(*[st.integers(0, len(found) - 1)] * 2))
    pane = GeometryPane(scene("geometry", knobs=knobs, kept={"at": list(cell)}))
    found[cell].backward(retain_graph=True)
    assert torch.equal(marked(pane), padded.grad[0, 0])
    padded.grad = None
    found.sum().backward()
    unreached = torch.tensor(pane._input_kinds()) == fields.UNREACHED
    assert torch.equal(unreached, padded.grad[0, 0] == 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_the_formula_has_its_numbers_at_every_size(size: tuple[int, int], depth: Any) -> None:
    sheet = sheet_of("geometry", size, Sight(depth=depth), knobs=KNOBS)
    assert "⌊(7 + 2·1 − 3) / 2⌋ + 1 = 4" in sheet.text
    if size[1] >= 12:
        assert "size = ⌊(n + 2p − k) / s⌋ + 1" in sheet.text
        assert "output 4×4" in sheet.text
        assert "input 7×7" in sheet.text


def test_without_unicode_the_formula_is_plain() -> None:
    text = sheet_of("geometry", (40, 18), Sight(depth="none", unicode=False), knobs=KNOBS).text
    assert "floor((7 + 2*1 - 3) / 2) + 1 = 4" in text
    assert text.isascii()


def test_without_colours_padding_pixels_and_what_is_left_differ() -> None:
    text = sheet_of("geometry", (40, 18), Sight(depth="none"), knobs={**KNOBS, "size": 8}).text
    rows = [line.split()[0] for line in text.split("\n")[3:13]]
    assert rows[0] == "0" * 18 + "xx"
    assert rows[1] == "00" + ":" * 16 + "xx"
    assert rows[9] == "x" * 20


def test_an_even_kernel_has_no_middle_and_needs_half_a_pixel() -> None:
    pane, text = play([], (60, 34), knobs={**KNOBS, "kernel_size": 4, "size": 28, "stride": 1})
    words = " ".join(text.split())
    assert "1 before and 2 after" in words
    assert "p = 1 gives 27, p = 2 gives 29" in words
    assert len(set(pane._window().values())) == 1
    odd, _ = play([], knobs=KNOBS)
    assert sorted(odd._window().values())[-2:] == [0.55, 1.0]


@pytest.mark.parametrize(
    ("keys", "cell"),
    [
        (["right"], (0, 1)), (["left", "up"], (0, 0)), (["end"], (3, 3)), (["end", "right", "down"], (3, 3)),
        (["space"] * 5, (1, 1)), (["space"] * 16, (0, 0)), (["f"], (3, 3)),
        (["f", "z"], (0, 0)), (["end", "home"], (0, 0)),
    ],
)  # fmt: skip
def test_the_window_goes_only_where_it_may(keys: list[str], cell: tuple[int, int]) -> None:
    pane, text = play(keys, knobs=KNOBS)
    assert pane.measured()["cursor"] == cell
    assert f"Output {cell[0]},{cell[1]}" in text
    assert re.search(rf"rows {2 * cell[0] - 1}".replace("-", "−"), text)


def test_notes_stand_beside_the_grids_where_there_is_no_room_below() -> None:
    sheet = sheet_of("geometry", (78, 18), knobs={**KNOBS, "size": 28, "kernel_size": 4, "stride": 1})
    words = " ".join(" ".join(line[63:].split()) for line in sheet.text.split("\n"))
    assert "k is even, no pixel is in its middle" in words
    assert "Output 0,0: rows −1 to 2" in words


def test_visited_places_are_marked_and_f_visits_all() -> None:
    pane, _ = play(["right", "down"], knobs=KNOBS)
    assert pane.visited == {(0, 0), (0, 1), (1, 1)}
    assert sum(kind == fields.VISITED for row in pane._output_kinds() for kind in row) == 3
    assert len(play(["f"], knobs=KNOBS)[0].visited) == 16
    assert play(["f", "z"], knobs=KNOBS)[0].visited == {(0, 0)}


def test_a_knob_changes_the_grid_and_keeps_the_window_inside() -> None:
    async def run() -> tuple[Any, str]:
        pane = GeometryPane(scene("geometry", knobs=KNOBS))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.press("end")
            pane.knobs["stride"] = 4
            pane.turned("stride", 4)
            return pane.measured(), pane.sheet.text

    measured, text = asyncio.run(run())
    assert (measured["stride"], measured["output"], measured["cursor"]) == (4, 2, (1, 1))
    assert "/ 4⌋ + 1 = 2" in text


@pytest.mark.parametrize("size", SIZES)
def test_a_hidden_output_is_nowhere_to_be_seen(size: tuple[int, int]) -> None:
    where: dict[str, Any] = {"knobs": {**KNOBS, "size": 28, "stride": 1}, "hidden": frozenset({"output"})}
    text = sheet_of("geometry", size, **where).text
    assert "+ 1 = ?" in text
    assert "28×28" not in text.replace("input 28×28", "")
    assert "keeps" not in text
    pane = GeometryPane(scene("geometry", **where))
    assert "output is" not in pane.sentence()
    assert pane.measured()["output"] == 28


@pytest.mark.parametrize("size", [(40, 18), (38, 6), (60, 34)])
def test_a_grid_that_is_too_large_follows_the_window_and_says_what_is_missing(size: tuple[int, int]) -> None:
    sheet = sheet_of("geometry", size, knobs={**KNOBS, "size": 64, "stride": 1}, kept={"at": [63, 63]})
    assert "part of the input grid" in sheet.left_out
    mark = Sight().mark
    assert any(mark in style[:2] for row in sheet.rows for _, style in row if isinstance(style, Paint))


@pytest.mark.parametrize(
    "knobs",
    [
        {"size": "x"},
        {"stride": 0},
        {"kernel_size": -3},
        {"padding": float("nan")},
        {"size": 10**12},
    ],
)
@pytest.mark.parametrize("kept", [{}, {"at": "zz"}, {"at": [99, -1]}, {"at": [1.5, 2]}])
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (3, 50), (200, 2)])
def test_nonsense_is_put_right(knobs: dict[str, Any], kept: dict[str, Any], size: tuple[int, int]) -> None:
    sheet_of("geometry", size, knobs=knobs, kept=kept)
    pane = GeometryPane(scene("geometry", knobs=knobs, kept=kept))
    assert all(0 <= part < max(pane.grid.output, 1) for part in pane.cell)
    assert GeometryPane(scene("geometry", knobs=knobs, kept=pane.kept())).kept() == pane.kept()
