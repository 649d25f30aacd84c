"""The matrix: rows, columns and products are PyTorch's unfolded windows, in both views and at every size."""

import asyncio
import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.panes.convolution import matrix_entries
from fastai_tui.app.tui.panes.convolution.matrix import MatrixPane
from fastai_tui.app.tui.sheet import Paint, Sight
from fastai_tui.engine.data import store
from fastai_tui.lessons import kernels
from tests.tui.canvas_text import SIZES, integers, sheet_of
from tests.tui.host import Host, scene

CELL = st.integers(-9, 9)
KERNEL = st.lists(st.tuples(CELL, CELL, CELL), min_size=3, max_size=3).map(lambda rows: kernels.cells(tuple(rows)))
PLACES = st.tuples(st.integers(1, 26), st.integers(1, 26))


def play(keys: list[str], size: tuple[int, int] = (40, 18), **where: Any) -> tuple[MatrixPane, str]:
    async def run() -> tuple[MatrixPane, str]:
        pane = MatrixPane(scene("matrix", **where))
        async with Host(pane).run_test(size=size) as pilot:
            await pilot.press(*keys)
            return pane, pane.sheet.text

    return asyncio.run(run())


def image(row: int) -> torch.Tensor:
    return torch.tensor(store.image(f"mnist-sample:{row}")[0].tolist(), dtype=torch.float64)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4999), KERNEL, PLACES)
def test_the_whole_view_names_the_columns_that_pytorch_unfolds(row: int, kernel: str, at: tuple[int, int]) -> None:
    show = {"at": list(at), "kernel": kernel, "picture": f"mnist-sample:{row}"}
    text = " ".join(sheet_of("matrix", (78, 18), show=show).text.split())
    number = (at[0] - 1) * 26 + at[1] - 1
    columns = F.unfold(torch.arange(784.0).view(1, 1, 28, 28), 3)[0, :, number].int().tolist()
    assert f"row {number} of 676 makes cell {at[0] - 1},{at[1] - 1}" in text
    found = re.search(r"Filled: columns ([\d ,]+)\.", text)
    assert found
    assert integers(found[1].replace(",", " ")) == columns
    weights = torch.tensor(kernels.kernel(kernel).rows, dtype=torch.float64)
    result = int(F.conv2d(image(row)[None, None], weights[None, None])[0, 0].flatten()[number])
    assert f"The window's sum is the same: {result}." in text
    assert f"= {result} The" in text


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4999), KERNEL, PLACES)
def test_the_small_view_is_conv2ds_matrix_entry_for_entry(row: int, kernel: str, at: tuple[int, int]) -> None:
    show = {"at": list(at), "kernel": kernel, "picture": f"mnist-sample:{row}"}
    pane = MatrixPane(scene("matrix", show=show, kept={"view": "small"}))
    text = sheet_of("matrix", (118, 34), show=show, kept={"view": "small"}).text
    top, left = pane.corner
    crop = image(row)[top : top + 5, left : left + 5]
    weights = torch.tensor(kernels.kernel(kernel).rows, dtype=torch.float64)[None, None]
    matrix = F.conv2d(torch.eye(25, dtype=torch.float64).view(25, 1, 5, 5), weights).view(25, 9).T
    lines = [line.replace("›", " ").replace("=", " ") for line in text.split("\n")[2:11]]
    for number, line in enumerate(lines):
        shown = integers(line)
        assert shown == [number, *matrix[number].int().tolist(), int(matrix[number] @ crop.flatten())]
    assert [int(word) for word in text.split("\n")[1].split() if word.isdigit()] == crop.flatten().int().tolist()


@pytest.mark.parametrize("kernel", ["top_edge", "1,0,0,0,1;0,1,0,1,0;0,0,1,0,0;0,1,0,1,0;1,0,0,0,1"])
def test_letters_tie_the_entries_that_are_one_weight(kernel: str) -> None:
    sheet = sheet_of("matrix", (40, 18), show={"kernel": kernel}, kept={"view": "small"})
    chosen = kernels.kernel(kernel)
    count = chosen.height * chosen.width
    columns = (chosen.height + 2) * (chosen.width + 2)
    numbers = F.conv2d(
        torch.eye(columns).view(columns, 1, chosen.height + 2, chosen.width + 2),
        torch.arange(1.0, count + 1).view(1, 1, chosen.height, chosen.width),
    ).view(columns, 9).T  # fmt: skip
    letters = "·" + matrix_entries.LETTERS
    width = min(columns, 40 - 3)
    for row, line in enumerate(sheet.text.split("\n")[2:11]):
        assert line[3 : 3 + width] == "".join(letters[int(value)] for value in numbers[row])[:width]


def test_one_weight_one_hue() -> None:
    sheet = sheet_of("matrix", (40, 18), show={"at": [5, 7]}, kept={"view": "small"})
    hues: dict[str, set[Any]] = {}
    for row in sheet.rows[2:11]:
        for character, style in row[3:28]:
            if character.isalpha() and isinstance(style, Paint):
                hues.setdefault(character, set()).add(style.back or style.front)
    assert set(hues) == set("abcdefghi")
    assert all(len(found) == 1 for found in hues.values())
    assert len({found.copy().pop() for found in hues.values()}) == 9


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", ["whole", "small"])
@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
def test_what_is_on_the_sheet_at_every_size(size: tuple[int, int], view: str, depth: Any) -> None:
    where: dict[str, Any] = {"show": {"at": [5, 7], "kernel": "top_edge"}, "kept": {"view": view}}
    sheet = sheet_of("matrix", size, Sight(depth=depth), **where)
    text = " ".join(sheet.text.split())
    assert "makes cell 4,6" in text
    if view == "whole":
        assert "row 110 of 676" in text
        assert "676×784" in text
        assert "529,984" in text
    else:
        assert "row 4 of 9" in text
        assert "=762" in text
    if size[1] >= 18:
        assert "= 762" in text
        assert view == "small" or ("6,084" in text and "9 weights" in text and "98.9 %" in text)
    hidden = sheet_of("matrix", size, Sight(depth=depth), hidden=frozenset({"sum"}), **where).text
    assert "762" not in hidden


def test_the_lit_row_moves_with_the_cursor() -> None:
    def lit(at: list[int]) -> set[int]:
        sheet = sheet_of("matrix", (40, 18), Sight(mark=(1, 254, 1)), show={"at": at})
        return {
            2 * row + half
            for row, cells in enumerate(sheet.rows[1:13])
            for _, style in cells[:25]
            if isinstance(style, Paint)
            for half in (0, 1)
            if style[half] == (1, 254, 1)
        }

    height = len(lit([1, 1])) and max(lit([26, 26])) + 1
    assert lit([1, 1]) == {0}
    for row in (5, 13, 20):
        number = (row - 1) * 26 + 12
        assert lit([row, 13]) == {number * height // 676}


def test_keys_change_the_view_the_cell_and_the_kernel() -> None:
    pane, text = play(["v"])
    assert pane.kept()["view"] == "small"
    assert "row 4 of 9" in text
    pane, text = play(["v", "right"])
    assert "row 5 of 9" in text
    assert pane.measured()["row"] == 4 * 26 + 7
    pane, text = play(["v", "right", "right"])
    assert "row 5 of 9" in text  # the part of the digit has moved on instead
    assert "row 110 of 676" in play(["v", "v"])[1]
    assert "row 199 of 676" in play(["home", *["down"] * 7, *["right"] * 17])[1]
    pane, _ = play(["k"])
    assert pane.measured()["kernel"] == "bottom_edge"


@pytest.mark.parametrize("keys", [["v"], ["end", "v"], ["v", "home"], ["v", "end", "left", "left", "left", "up"]])
def test_the_small_part_always_holds_the_cursor(keys: list[str]) -> None:
    pane, text = play(keys)
    for first, at, size in zip(pane.corner, pane.cell, (26, 26), strict=True):
        assert 0 <= first <= at <= first + 2 < size
    assert "›" in text


def test_the_sentence_tells_it_all() -> None:
    pane, _ = play([], show={"at": [8, 18]})
    words = pane.sentence()
    for part in ("676 rows", "784 columns", "529,984", "6,084", "Row 199", "is -29", "213, 214, 215, 241"):
        assert part in words
    assert "-29" not in MatrixPane(scene("matrix", show={"at": [8, 18]}, hidden=frozenset({"sum"}))).sentence()


@pytest.mark.parametrize(
    "kept", [{"view": 3}, {"at": [99, -4]}, {"kernel": "1" + ",1" * 30}, {"kernel": ";".join(["1"] * 28)}]
)
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (3, 40), (200, 2)])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int]) -> None:
    for view in ({}, {"view": "small"}):
        sheet_of("matrix", size, kept={**kept, **view})
        pane = MatrixPane(scene("matrix", kept={**kept, **view}))
        assert 0 <= pane.measured()["row"] < pane.form.shape[0]


def test_what_it_keeps_comes_back() -> None:
    pane, text = play(["v", "k", "d", "right", "down"])
    again, text_again = play([], kept=pane.kept())
    assert again.measured() == pane.measured()
    assert "makes cell 5,7" in text
    assert "makes cell 5,7" in text_again
