"""The receptive field: widths and patches against the gradient of the network itself."""

import asyncio
from functools import lru_cache
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from fastai_tui.app.tui.panes.convolution import receptive as module
from fastai_tui.app.tui.panes.convolution.receptive import ReceptivePane
from fastai_tui.app.tui.sheet import Paint, Sight
from fastai_tui.engine.interpret import receptive as lab
from fastai_tui.engine.models.first_cnn import strided_net
from fastai_tui.lessons import experiments
from tests.tui.canvas_text import SIZES, sheet_of
from tests.tui.host import Host, SilentLab, scene

WIDTHS = [3, 7, 15, 31, 63]
GRIDS = [14, 7, 4, 2, 1]
CELLS = [(layer, (row, column)) for layer, side in enumerate(GRIDS, 1) for row in range(side) for column in range(side)]


@lru_cache
def outputs() -> tuple[torch.Tensor, list[torch.Tensor]]:
    """A picture of ones and what each convolution of the network makes of it, all weights being one."""
    net = strided_net().double()
    for parameter in net.parameters():
        nn.init.constant_(parameter, float(parameter.ndim > 1))
    ones = torch.ones(1, 1, 28, 28, dtype=torch.float64, requires_grad=True)
    xb, found = ones, []
    for part in net:
        xb = part(xb)
        if isinstance(part, nn.Conv2d):
            found.append(xb)
    return ones, found


def touched(layer: int, cell: tuple[int, int]) -> torch.Tensor:
    """The strength of each pixel's influence on a cell."""
    ones, found = outputs()
    (gradient,) = torch.autograd.grad(found[layer - 1][0, :, cell[0], cell[1]].sum(), ones, retain_graph=True)
    return gradient[0, 0]


def answer(layer: int, cell: list[int], **_: Any) -> dict[str, Any]:
    strengths = touched(layer, (cell[0], cell[1]))
    return {"layer": layer, "cell": cell, "gradient": (strengths / strengths.max()).tolist()}


def play(
    keys: list[str], size: tuple[int, int] = (40, 18), *, asks: Any = answer, wait: float = 0.0, **where: Any
) -> Any:
    async def run() -> Any:
        pane = ReceptivePane(scene("receptive-field", lab=SilentLab({"receptive_field": asks}), **where))
        app = Host(pane)
        async with app.run_test(size=size) as pilot:
            await pilot.press(*keys)
            if wait:
                await pilot.pause(wait)
            return pane, pane.sheet.text, app

    return asyncio.run(run())


def test_every_cells_patch_is_where_the_gradient_is() -> None:
    for layer, cell in CELLS:
        pane = ReceptivePane(scene("receptive-field", kept={"layer": layer, "at": list(cell)}))
        rows, columns = pane.found().box
        inside = torch.zeros(28, 28, dtype=torch.bool)
        inside[rows.start : rows.stop, columns.start : columns.stop] = True
        assert torch.equal(touched(layer, cell) != 0, inside)
        assert pane.measured() == {
            "layer": layer, "cell": cell, "width": WIDTHS[layer - 1], "visited": 1, "picture": "mnist-sample:1502",
        }  # fmt: skip


def test_the_widths_are_those_of_a_network_without_borders() -> None:
    """Layer by layer, from the pixels that move the middle cell of a far larger picture."""
    net = [part for part in strided_net().double() if isinstance(part, nn.Conv2d)]
    for part in net:
        nn.init.constant_(part.weight, 1.0)
    ones = torch.ones(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    xb = ones
    for part, width in zip(net, module.ReceptivePane(scene("receptive-field")).found().widths, strict=True):
        xb = part(xb)
        middle = xb.shape[-1] // 2
        (gradient,) = torch.autograd.grad(xb[0, 0, middle, middle], ones, retain_graph=True)
        assert int((gradient[0, 0].sum(0) != 0).sum()) == width


def test_the_labs_own_answer_agrees() -> None:
    job = experiments.order("mnist-3v7", {"model": "cnn"}, data="mnist-sample", device="cpu")
    found = lab.answer(msgspec.to_builtins(job), layer=3, cell=[1, 2])
    assert torch.equal(torch.tensor(found["gradient"]) != 0, touched(3, (1, 2)) != 0)
    _, text, _ = play([], asks=lambda **_: found, wait=0.4, kept={"layer": 3, "at": [1, 2]})
    assert "The gradient agrees: 225 pixels" in text


@pytest.mark.parametrize(("layer", "cell"), [(1, (0, 0)), (2, (3, 3)), (3, (1, 1)), (4, (1, 0)), (5, (0, 0))])
def test_both_ways_and_whether_they_agree(layer: int, cell: tuple[int, int]) -> None:
    pane, text, _ = play([], wait=0.4, kept={"layer": layer, "at": list(cell)})
    count = int((touched(layer, cell) != 0).sum())
    assert f"The gradient agrees: {count} pixels in both." in " ".join(text.split())
    assert f"sees {WIDTHS[layer - 1]}×{WIDTHS[layer - 1]}" in text
    assert "agrees" in pane.sentence()


def test_a_gradient_elsewhere_is_called_out() -> None:
    def wrong(layer: int, cell: list[int], **_: Any) -> dict[str, Any]:
        return {"layer": layer, "cell": cell, "gradient": torch.rand(28, 28).add(0.1).tolist()}

    _, text, _ = play([], asks=wrong, wait=0.4)
    assert "The gradient is on other pixels" in text


def test_without_an_answer_the_patch_is_there_all_the_same() -> None:
    sheet = sheet_of("receptive-field", (40, 18), Sight(mark=(1, 254, 1)), kept={"layer": 2, "at": [3, 3]})
    tinted = {
        (2 * row + half, column)
        for row, cells in enumerate(sheet.rows[1:15])
        for column, (_, style) in enumerate(cells[:28])
        if isinstance(style, Paint)
        for half in (0, 1)
        if isinstance(style[half], tuple) and len(set(style[half])) > 1
    }
    assert tinted == {(int(i), int(j)) for i, j in torch.nonzero(touched(2, (3, 3)))}
    assert "being worked out" in sheet.text


def test_the_lab_is_asked_once_when_the_cursor_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.0)  # three keys come within that on any machine
    pane, _, _ = play(["right", "right", "down"], wait=1.5)
    asked = pane.services.lab.asked
    assert [(kind, rest["layer"], rest["cell"]) for kind, rest in asked] == [("receptive_field", 1, [7, 8])]
    assert asked[0][1]["job"].settings["model"] == "cnn"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_what_is_on_the_sheet_at_every_size(size: tuple[int, int], depth: Any) -> None:
    where: dict[str, Any] = {"kept": {"layer": 3, "at": [1, 2]}}
    text = sheet_of("receptive-field", size, Sight(depth=depth), **where).text
    assert "layer 3, cell 1,2 sees 15×15" in text
    for width in WIDTHS[: 5 if size[1] > 6 else 4]:
        assert f"{width}×{width}" in text
    if size[1] >= 18:
        assert "15 = 7 + (3 − 1)·4" in text
    hidden = sheet_of("receptive-field", size, Sight(depth=depth), hidden=frozenset({"width"}), **where).text
    assert "sees ?" in hidden
    assert not any(f"{width}×" in hidden for width in WIDTHS[1:])
    assert "15" not in ReceptivePane(scene("receptive-field", hidden=frozenset({"width"}), **where)).sentence()


def test_the_growth_is_true() -> None:
    before = 1
    for layer, width in enumerate(WIDTHS, 1):
        words = ReceptivePane(scene("receptive-field", kept={"layer": layer})).found().growth()
        left, right = words.split(", ")[0].replace("−", "-").replace("·", "*").split(" = ")
        assert (int(left), eval(right)) == (width, width)
        assert right.startswith(f"{before} + ")
        before = width


def test_brackets_change_the_layer() -> None:
    pane, _, _ = play(["right_square_bracket", "right_square_bracket", "left_square_bracket"])
    assert pane.measured()["layer"] == 2
    assert play(["right_square_bracket"] * 9)[0].measured()["layer"] == 5
    assert play(["left_square_bracket"] * 3)[0].measured()["layer"] == 1


def test_visits_are_cells_of_all_layers() -> None:
    assert play(["right", "left", "right_square_bracket", "down"])[0].measured()["visited"] == 4


def test_v_shows_the_gradient_in_the_pictures_place() -> None:
    patch, _, _ = play([], wait=0.4)
    shown, _, _ = play(["v"], wait=0.4)
    assert patch.sheet.rows[1:15] != shown.sheet.rows[1:15]
    assert shown.kept()["view"] == "gradient"
    lit = {
        (2 * row + half, column)
        for row, cells in enumerate(shown.sheet.rows[1:15])
        for column, (_, style) in enumerate(cells[:28])
        if isinstance(style, Paint)
        for half in (0, 1)
        if style[half] != (0, 0, 0)
    }
    assert lit == {(int(i), int(j)) for i, j in torch.nonzero(touched(1, (6, 6)))}


def test_a_click_chooses_the_cell_over_that_pixel() -> None:
    async def run() -> tuple[int, int]:
        pane = ReceptivePane(scene("receptive-field"))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.click(offset=(20, 6))
            return pane.at

    assert asyncio.run(run()) == (5, 10)


@pytest.mark.parametrize(
    "kept",
    [
        {"layer": 9}, {"layer": "x"}, {"layer": float("nan")}, {"at": [40, 2]}, {"at": "x"}, {"cells": "zz"},
        {"cells": "f" * 999}, {"picture": "gone:1"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (3, 40), (200, 2)])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int]) -> None:
    sheet_of("receptive-field", size, kept=kept)
    pane = ReceptivePane(scene("receptive-field", kept=kept))
    assert 1 <= pane.number <= 5
    assert all(0 <= part < GRIDS[pane.number - 1] for part in pane.at)
    assert 1 <= pane.visited <= len(CELLS) + 5 * 196


def test_what_it_keeps_comes_back() -> None:
    pane, _, _ = play(["right_square_bracket", "right", "v", "d"])
    again, _, _ = play([], kept=pane.kept())
    assert again.measured() == pane.measured()
    assert again.kept() == pane.kept()
