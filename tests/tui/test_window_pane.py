"""One window: the arithmetic on the screen is PyTorch's, at every size, and the keys move it."""

import asyncio
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.panes.convolution.window import WindowPane
from fastai_tui.app.tui.sheet import Paint, Sight
from fastai_tui.engine.convolution import KERNELS
from fastai_tui.engine.data import store
from fastai_tui.lessons import drawing, kernels
from tests.tui.canvas_text import SIZES, after, integers, sheet_of
from tests.tui.host import Host, scene
from tests.unit.test_architecture import modules_after

CELLS = st.integers(-9, 9)
KERNEL = st.one_of(
    st.sampled_from(list(kernels.KNOWN)),
    st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=3, max_size=3).map(lambda rows: kernels.cells(tuple(rows))),
)
PLACES = st.tuples(st.integers(1, 26), st.integers(1, 26))


def play(keys: list[str], size: tuple[int, int] = (40, 18), **where: Any) -> tuple[WindowPane, str]:
    async def run() -> tuple[WindowPane, str]:
        pane = WindowPane(scene("window", **where))
        async with Host(pane).run_test(size=size) as pilot:
            await pilot.press(*keys)
            return pane, pane.sheet.text

    return asyncio.run(run())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("at", "result"), [([5, 7], 762), ([8, 18], -29), ([1, 1], 0)])
def test_the_course_s_numbers(size: tuple[int, int], at: list[int], result: int) -> None:
    text = sheet_of("window", size, show={"at": at, "kernel": "top_edge", "picture": "mnist-sample:1502"}).text
    assert f"sum {result}" in text or f"at ({at[0]},{at[1]}): {result}" in text


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4999), KERNEL, PLACES, st.sampled_from(SIZES))
def test_patch_kernel_products_and_sum_are_pytorchs(
    row: int, kernel: str, at: tuple[int, int], size: tuple[int, int]
) -> None:
    show = {"at": list(at), "kernel": kernel, "picture": f"mnist-sample:{row}"}
    sheet = sheet_of("window", size, show=show)
    text = sheet.text
    pixels, weights = (
        torch.tensor(store.image(f"mnist-sample:{row}")[0].tolist()),
        torch.tensor(kernels.kernel(kernel).rows),
    )
    patch = pixels[at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2]
    whole = torch.cat([patch, weights, patch * weights], dim=1)
    cut = "the products" in sheet.left_out  # of four digits and a sign, on the smallest terminal: and it says so
    assert not cut or (size[0] < 40 and (patch * weights).abs().max() >= 1000)
    lines = [integers(line)[: 6 if cut else 9] for line in after(text, "patch" if cut else "products", 3)]
    assert torch.equal(torch.tensor(lines), whole[:, :6] if cut else whole)
    found = F.conv2d(pixels[None, None].double(), weights[None, None].double())[0, 0, at[0] - 1, at[1] - 1]
    assert f"sum {int(found)}" in text or f"at ({at[0]},{at[1]}): {int(found)}" in text


@pytest.mark.parametrize("size", SIZES)
def test_a_hidden_sum_is_nowhere_to_be_seen(size: tuple[int, int]) -> None:
    where: dict[str, Any] = {"show": {"at": [5, 7]}, "hidden": frozenset({"sum"})}
    text = sheet_of("window", size, **where).text
    assert "762" not in text
    assert "?" in text
    pane = WindowPane(scene("window", **where))
    assert "762" not in pane.sentence()
    assert pane.measured()["sum"] == 762


def test_the_sum_comes_when_it_was_predicted() -> None:
    async def run() -> tuple[str, str]:
        pane = WindowPane(scene("window", show={"at": [5, 7]}, hidden=frozenset({"sum"})))
        async with Host(pane).run_test(size=(40, 18)):
            before = pane.sheet.text
            pane.reveal(frozenset())
            return before, pane.sheet.text

    before, now = asyncio.run(run())
    assert ("762" in before, "762" in now) == (False, True)


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        (["right"], (5, 8)), (["left", "up"], (4, 6)), (["home"], (1, 1)), (["end"], (26, 26)),
        (["home", "up", "left"], (1, 1)), (["end", "down", "right"], (26, 26)),
    ],
)  # fmt: skip
def test_the_arrows_move_the_window_and_the_border_holds_it(keys: list[str], at: tuple[int, int]) -> None:
    pane, text = play(keys)
    assert pane.at == at
    assert f"at ({at[0]},{at[1]})" in text


def test_visits_are_places_not_key_presses() -> None:
    pane, _ = play(["right", "left", "right", "down"])
    assert pane.measured()["visited"] == 3


def test_k_goes_through_the_kernels_and_comes_round() -> None:
    pane, _ = play(["k"])
    assert pane.measured()["kernel"] == list(KERNELS)[1]
    pane, _ = play(["K", "k"])
    assert pane.measured()["kernel"] == "top_edge"
    pane, _ = play(["k"] * len(kernels.KNOWN))
    assert pane.measured()["kernel"] == "top_edge"


def test_a_kernel_of_the_step_s_own_can_be_come_back_to() -> None:
    pane, _ = play(["k", "K"], show={"kernel": "1,2,3;4,5,6;7,8,9"})
    assert pane.measured()["kernel"] == "1,2,3;4,5,6;7,8,9"


def test_d_and_the_digits_choose_a_picture() -> None:
    assert play(["d"])[0].picture.label == "4"
    assert play(["D"])[0].picture.label == "2"
    assert play(["7"])[0].picture.label == "7"
    assert play(["3"])[0].picture.name == "mnist-sample:1503"


def test_your_drawing_and_back() -> None:
    drawing.keep(drawing.dabbed(drawing.BLANK, 5, 7))
    pane, text = play(["i"])
    assert pane.picture.name == "drawn"
    assert pane.window().patch[1][1] == 255
    assert "drawn" in text
    assert play(["i", "i"])[0].picture.name == "mnist-sample:1502"


def test_without_a_drawing_it_says_how_to_make_one() -> None:
    async def run() -> list[Any]:
        app = Host(WindowPane(scene("window")))
        async with app.run_test(size=(40, 18)) as pilot:
            await pilot.press("i")
            await pilot.pause()
            return app.told

    assert any("press e" in getattr(message, "sentence", "") for message in asyncio.run(run()))


def test_a_click_moves_the_window() -> None:
    async def run() -> tuple[int, int]:
        pane = WindowPane(scene("window"))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.click(offset=(12, 5))
            return pane.at

    assert asyncio.run(run()) == (10, 12)


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_the_window_is_tinted_on_the_digit(depth: Any) -> None:
    def looks(at: list[int]) -> list[Any]:
        return [
            cell
            for row in sheet_of("window", (40, 18), Sight(depth=depth), show={"at": at}).rows[:14]
            for cell in row[:28]
        ]

    here, there = looks([5, 7]), looks([20, 20])
    changed = {divmod(i, 28) for i, (a, b) in enumerate(zip(here, there, strict=True)) if a != b}
    assert changed == {(row, column) for row in (2, 3) for column in (6, 7, 8)} | {
        (row, column) for row in (9, 10) for column in (19, 20, 21)
    }


def test_positive_and_negative_products_differ_in_hue() -> None:
    sheet = sheet_of("window", (40, 18), show={"at": [8, 10]})
    looks = {value: style for row in sheet.rows[15:18] for value, style in row[25:40] if isinstance(style, Paint)}
    fronts = [style.back for style in looks.values() if isinstance(style.back, tuple)]
    assert any(blue > red for red, _, blue in fronts)


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "nonsense"}, {"at": [99, -4]}, {"at": [1.5, 2]}, {"kernel": 7}, {"kernel": "1,2;3"}, {"visits": "zz"},
        {"visits": "f" * 99999}, {"visits": "-1"}, {"picture": "gone:12"}, {"picture": 3}, {"kernel": "1" + ",1" * 30},
        {"kernel": ";".join([",".join("1" * 31)] * 31)},
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (3, 40), (200, 2)])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int]) -> None:
    pane = WindowPane(scene("window", kept=kept))
    sheet_of("window", size, kept=kept)
    (top, left), (bottom, right) = pane.bounds()
    assert top <= pane.at[0] <= bottom
    assert left <= pane.at[1] <= right
    assert pane.visited >= 1


def test_what_it_keeps_comes_back() -> None:
    pane, text = play(["k", "k", "d", "right", "down"])
    again, text_again = play([], kept=pane.kept())
    assert text_again == text
    assert again.measured() == pane.measured()


def test_the_command_shows_the_same() -> None:
    pane, _ = play(["right"], show={"kernel": "sobel_x"})
    assert pane.command() == (
        "convolve", "--image", "mnist-sample:1502", "--kernel=-1,0,1;-2,0,2;-1,0,1", "--at", "5,8",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["pixels", "window", "map", "kernels"])
def test_a_first_frame_needs_no_numpy(kind: str) -> None:
    loaded = modules_after(f"from tests.tui.canvas_text import sheet_of; print(sheet_of({kind!r}, (40, 18)).text)")
    assert "textual" in loaded
    assert not {"numpy", "PIL", "plotext", "torch"} & loaded
