"""Colour: patches, slices, 27 products and sums are PyTorch's, in every view and at every size."""

import asyncio
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app import halfblocks
from fastai_tui.app.tui.panes.common import colours
from fastai_tui.app.tui.panes.convolution.colour import ColourPane
from fastai_tui.app.tui.sheet import Paint, Sight
from fastai_tui.engine.colour import COLOUR_KERNELS, cat
from tests.tui.canvas_text import SIZES, integers, sheet_of
from tests.tui.host import Host, scene

PLACES = st.tuples(st.integers(1, 22), st.integers(1, 34))
CAT = torch.tensor(cat(), dtype=torch.float64)


def play(keys: list[str], size: tuple[int, int] = (40, 18), **where: Any) -> tuple[ColourPane, str]:
    async def run() -> tuple[ColourPane, str]:
        pane = ColourPane(scene("colour", **where))
        async with Host(pane).run_test(size=size) as pilot:
            await pilot.press(*keys)
            return pane, pane.sheet.text

    return asyncio.run(run())


def expected(kernel: Any, at: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, list[int], int]:
    """Patch, products (channel, row, column), each channel's sum, and all of it, by PyTorch."""
    weights = torch.tensor(kernel.slices, dtype=torch.float64)
    patch = CAT[:, at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2]
    each = F.conv2d(CAT[None], weights[:, None], groups=3)[0, :, at[0] - 1, at[1] - 1]
    whole = F.conv2d(CAT[None], weights[None])[0, 0, at[0] - 1, at[1] - 1]
    return patch, patch * weights, each.int().tolist(), int(whole)


@settings(deadline=None, max_examples=60)
@given(PLACES, st.sampled_from(COLOUR_KERNELS), st.sampled_from([(40, 18), (78, 18), (60, 34), (118, 54)]))
def test_every_number_of_the_arithmetic(at: tuple[int, int], kernel: Any, size: tuple[int, int]) -> None:
    kept = {"at": list(at), "kernel": kernel.name, "view": "sums"}
    lines = sheet_of("colour", size, Sight(depth="none"), kept=kept).text.split("\n")
    patch, products, each, whole = expected(kernel, at)
    heading = next(
        i
        for i, line in enumerate(lines)
        if all(name in line for name in ("red", "green", "blue")) and "×" in lines[i + 4]
    )
    column = lines[heading].index("red") - 1
    blocks = [[line[column:].ljust(39) for line in lines[heading + first : heading + first + 3]] for first in (1, 5, 9)]
    shown = [
        torch.tensor(
            [[[int(line[13 * c + 4 * i : 13 * c + 4 * i + 4]) for i in range(3)] for line in block] for c in range(3)]
        )
        for block in blocks
    ]
    assert torch.equal(shown[0], patch.int())
    assert torch.equal(shown[1], torch.tensor(kernel.slices))
    assert torch.equal(shown[2], products.int())
    assert integers(lines[heading + 12][column:].replace("=", " ")) == each
    assert lines[heading + 13][column : column + 39].rstrip().endswith(f"= {whole}")
    assert lines[0].endswith(f"at ({at[0]},{at[1]}): {whole}")


@given(PLACES, st.sampled_from(COLOUR_KERNELS))
@settings(deadline=None, max_examples=40)
def test_what_it_measures_and_says(at: tuple[int, int], kernel: Any) -> None:
    pane = ColourPane(scene("colour", kept={"at": list(at), "kernel": kernel.name}))
    _, _, each, whole = expected(kernel, at)
    assert pane.measured() == {"channel": 0, "seen": 1, "cursor": at, "visited": 1, "sum": whole, "kernel": kernel.name}
    assert f"red {each[0]}, green {each[1]}, blue {each[2]}; together {whole}" in pane.sentence()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("view", ["picture", "channel", "map", "sums"])
def test_sums_at_every_size(size: tuple[int, int], depth: Any, view: str) -> None:
    where: dict[str, Any] = {"show": {"at": [10, 32], "kernel": "top_edge"}, "kept": {"view": view}}
    text = sheet_of("colour", size, Sight(depth=depth), **where).text
    for part in ("red", "270", "269", "279", "818", "at (10,32)"):
        assert part in text
    hidden = sheet_of("colour", size, Sight(depth=depth), hidden=frozenset({"sum"}), **where).text
    assert "818" not in hidden
    assert "270" in hidden
    assert "?" in hidden
    assert "818" not in ColourPane(scene("colour", hidden=frozenset({"sum"}), **where)).sentence()


def test_true_colours_are_the_photos_own() -> None:
    sheet = sheet_of("colour", (40, 18), kept={"at": [22, 34]})
    for row in range(10):
        for column in range(30):
            style = sheet.rows[1 + row][column][1]
            assert isinstance(style, Paint)
            upper, lower = (tuple(CAT[:, 2 * row + half, column].int().tolist()) for half in (0, 1))
            assert {style.front, style.back} - {None} == {upper, lower}


def test_256_colours_are_the_nearest() -> None:
    sheet = sheet_of("colour", (40, 18), Sight(depth="256"), kept={"at": [22, 34]})
    style = sheet.rows[3][5][1]
    assert isinstance(style, Paint)
    upper, lower = (halfblocks.nearest_256(tuple(CAT[:, 4 + half, 5].int().tolist())) for half in (0, 1))
    assert {style.front, style.back} - {None} == {upper, lower}


def test_16_colours_keep_the_shapes_and_the_red_nose() -> None:
    sheet = sheet_of("colour", (40, 18), Sight(depth="16"), kept={"at": [1, 1]})
    looks = [
        style[half] for row in sheet.rows[1:13] for _, style in row[:36] if isinstance(style, Paint) for half in (0, 1)
    ]
    assert {0, 7, 8, 15} <= set(looks)
    assert max(looks.count(number) for number in (0, 7, 8, 15)) < len(looks) / 2
    assert 1 in {style[half] for row in sheet.rows[8:11] for _, style in row[16:24] for half in (0, 1)}


def test_without_colours_brighter_is_denser() -> None:
    sheet = sheet_of("colour", (40, 18), Sight(depth="none"), kept={"at": [1, 1]})
    luma = np.tensordot([0.299, 0.587, 0.114], CAT.numpy(), 1).reshape(12, 2, 36).max(1)
    ranks = np.array([[halfblocks.GREY.characters.index(cell[0]) for cell in row[:36]] for row in sheet.rows[1:13]])
    assert np.array_equal(ranks, np.round(luma / 255 * 9).astype(int))


def test_each_channel_is_enlarged_in_its_own_hue() -> None:
    for channel in range(3):
        pane, _ = play(["v", *["right_square_bracket"] * channel], kept={"at": [22, 34]})
        style = pane.sheet.rows[3][4][1]
        assert isinstance(style, Paint)
        shown = {colour for colour in (style.front, style.back) if isinstance(colour, tuple)}
        assert shown == {
            halfblocks.rgb(colours.HUES[channel], float(CAT[channel, 4 + half, 4]) / 255) for half in (0, 1)
        }
        assert all(colour[channel] == max(colour) for colour in shown)


def test_the_enlarged_map_is_conv2ds() -> None:
    pane, _ = play(["v", "v"], kept={"kernel": "red_not_green", "at": [22, 34]})
    found = F.conv2d(CAT[None], torch.tensor(pane.kernel.slices, dtype=torch.float64)[None])[0, 0]
    scale = halfblocks.signed(float(found.abs().max()))
    for row, column in ((2, 3), (5, 20), (9, 30)):
        style = pane.sheet.rows[1 + row][column][1]
        assert isinstance(style, Paint)
        places = [scale.place(float(found[2 * row + half, column])) for half in (0, 1)]
        assert [style.front, style.back] == [halfblocks.rgb(scale.ramp, place) for place in places]


def test_the_course_s_nose() -> None:
    pane, _ = play([], kept={"at": [16, 18], "kernel": "red_not_green"})
    assert pane.measured()["sum"] >= 540


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        (["home"], (1, 1)), (["end"], (22, 34)), (["home", "up", "left"], (1, 1)), (["end", "down", "right"], (22, 34)),
        (["right", "down"], (11, 15)),
    ],
)  # fmt: skip
def test_the_window_stays_on_the_picture(keys: list[str], at: tuple[int, int]) -> None:
    pane, text = play(keys)
    assert pane.at == at
    assert f"at ({at[0]},{at[1]})" in text


def test_keys_for_kernels_channels_and_views() -> None:
    assert play(["k"])[0].kernel.name == COLOUR_KERNELS[1].name
    assert play(["K", "k"])[0].kernel.name == COLOUR_KERNELS[0].name
    pane, _ = play(["right_square_bracket", "right_square_bracket"])
    assert (pane.measured()["channel"], pane.measured()["seen"]) == (2, 3)
    assert play(["left_square_bracket"])[0].measured()["channel"] == 2
    assert [play(["v"] * n)[0].view for n in range(5)] == ["picture", "channel", "map", "sums", "picture"]
    assert [play(["v"] * n, (78, 18))[0].view for n in range(4)] == ["picture", "channel", "map", "picture"]


def test_the_step_s_own_kernel_comes_first_in_every_channel() -> None:
    pane, _ = play([], show={"kernel": "1,2,3;4,5,6;7,8,9"})
    assert pane.kernel.slices == (((1, 2, 3), (4, 5, 6), (7, 8, 9)),) * 3
    assert play([], show={"kernel": "1,2"})[0].kernel == COLOUR_KERNELS[0]


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "x"}, {"at": [99, -2]}, {"channel": 9}, {"channel": True}, {"seen": 99}, {"view": 4}, {"kernel": []},
        {"visits": "zz"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (3, 40), (200, 2), (36, 3)])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int]) -> None:
    sheet_of("colour", size, kept=kept)
    pane = ColourPane(scene("colour", kept=kept))
    assert 1 <= pane.at[0] <= 22
    assert 1 <= pane.at[1] <= 34
    assert pane.measured()["seen"] <= 3


def test_what_it_keeps_comes_back() -> None:
    pane, text = play(["k", "right_square_bracket", "v", "right", "down"])
    again, text_again = play([], kept=pane.kept())
    assert (again.measured(), text_again) == (pane.measured(), text)
