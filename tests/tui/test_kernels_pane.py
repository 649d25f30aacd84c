"""Six kernels at once and one of one's own."""

import asyncio
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.panes.convolution.kernels import KernelsPane
from fastai_tui.app.tui.sheet import Sight
from fastai_tui.engine.convolution import KERNELS
from fastai_tui.engine.data import store
from fastai_tui.lessons import kernels
from tests.tui.canvas_text import SIZES, integers, sheet_of
from tests.tui.host import Host, scene
from tests.tui.test_map_pane import by_torch
from tests.tui.test_window_pane import KERNEL


def play(keys: list[str], size: tuple[int, int] = (40, 18), **where: Any) -> tuple[KernelsPane, str]:
    async def run() -> tuple[KernelsPane, str]:
        pane = KernelsPane(scene("kernels", **where))
        async with Host(pane).run_test(size=size) as pilot:
            await pilot.press(*keys)
            return pane, pane.sheet.text

    return asyncio.run(run())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4999), KERNEL)
def test_every_map_is_pytorchs(row: int, own: str) -> None:
    rows = kernels.cells(kernels.kernel(own).rows)
    pane = KernelsPane(scene("kernels", show={"picture": f"mnist-sample:{row}"}, kept={"own": rows}))
    stack = torch.tensor([*KERNELS.values(), kernels.kernel(own).rows], dtype=torch.float64)[:, None]
    pixels = torch.tensor(store.image(f"mnist-sample:{row}")[0].tolist(), dtype=torch.float64)[None, None]
    assert torch.equal(torch.tensor(pane.maps, dtype=torch.float64), F.conv2d(pixels, stack)[0])


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (118, 34)])
def test_six_maps_are_seen_at_once_with_their_scale(size: tuple[int, int]) -> None:
    text = sheet_of("kernels", size).text
    assert all(name in text for name in KERNELS)
    largest = max(int(by_torch(1502, name).abs().max()) for name in KERNELS)
    assert f"-{largest} " in text
    assert f" {largest}" in text


@settings(max_examples=30, deadline=None)
@given(KERNEL, st.sampled_from([(40, 18), (78, 18), (60, 34), (118, 34)]))
def test_one_enlarged_shows_its_weights_and_its_extremes(own: str, size: tuple[int, int]) -> None:
    rows = kernels.kernel(own).rows
    kept = {"own": kernels.cells(rows), "chosen": 6, "view": "one"}
    text = sheet_of("kernels", size, kept=kept).text
    expected = by_torch(1502, own)
    assert f"{int(expected.min())} to {int(expected.max())}" in text
    lines = [integers(line)[:3] for line in text.split("\n")]
    assert [list(row) for row in rows] in [lines[i : i + 3] for i in range(len(lines))]


def test_the_arrows_flip_through_and_v_enlarges() -> None:
    pane, text = play(["right", "v"])
    assert pane.measured()["kernel"] == "bottom_edge"
    assert "top_edge" not in text
    pane, _ = play(["v", "right", "right", "left"])
    peak = int(by_torch(1502, "bottom_edge").max())
    assert pane.measured() == {
        "picture": "mnist-sample:1502", "kernel": "bottom_edge", "seen": 3, "edited": 0, "total": 0, "peak": peak,
    }  # fmt: skip
    assert play(["left"])[0].measured()["kernel"] == "own"
    assert play(["down"])[0].measured()["kernel"] == "right_edge"  # three a row


def test_the_own_kernel_is_none_of_those_to_be_seen() -> None:
    assert play(["left"])[0].measured()["seen"] == 1
    assert play(["right"] * 6)[0].measured()["seen"] == 6


@settings(max_examples=30, deadline=None)
@given(KERNEL)
def test_it_measures_the_weights_total_and_the_map_s_peak(own: str) -> None:
    rows = kernels.kernel(own).rows
    measured = KernelsPane(scene("kernels", kept={"own": kernels.cells(rows), "chosen": 6})).measured()
    assert measured["total"] == torch.tensor(rows).sum().item()
    assert measured["peak"] == by_torch(1502, own).max().item()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kept", [{"chosen": 3}, {"chosen": 3, "view": "one"}])
def test_a_hidden_peak_is_not_shown(size: tuple[int, int], kept: dict[str, Any]) -> None:
    where: dict[str, Any] = {"kept": kept, "hidden": frozenset({"peak"})}
    peak = str(int(by_torch(1502, "right_edge").max()))
    assert peak not in sheet_of("kernels", size, **where).text
    assert peak not in KernelsPane(scene("kernels", **where)).sentence()


def test_a_click_chooses() -> None:
    async def run() -> KernelsPane:
        pane = KernelsPane(scene("kernels"))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.click(offset=(20, 12))
            return pane

    assert asyncio.run(run()).measured()["kernel"] == "diag1_edge"


def test_e_edits_a_cell_in_place() -> None:
    pane, text = play(["e", "7", "right", "full_stop", "down", "comma", "comma", "down", "right", "4", "m"])
    assert pane.own.rows == ((7, 1, 0), (0, -1, 0), (0, 0, -4))
    assert pane.maps[-1] == tuple(tuple(int(v) for v in row) for row in by_torch(1502, "7,1,0;0,-1,0;0,0,-4").tolist())
    assert pane.measured()["kernel"] == "own"
    assert pane.measured()["edited"] == 6
    assert [integers(line) for line in text.split("\n")[2:5]] == [[7, 1, 0], [0, -1, 0], [0, 0, -4]]


def test_u_takes_back_and_z_begins_anew() -> None:
    assert play(["e", "7", "u"])[0].own.rows == kernels.PRESETS["identity"]
    assert play(["e", "7", "right", "5", "z"])[0].own.rows == kernels.PRESETS["identity"]
    assert play(["u", "u"])[0].own.rows == kernels.PRESETS["identity"]


def test_k_takes_a_ready_made_kernel() -> None:
    names = list(kernels.KNOWN)
    following = names[(names.index("identity") + 1) % len(names)]
    pane, _ = play(["k"])
    assert pane.own.rows == kernels.KNOWN[following]
    assert pane._title() == f"own: {following}"
    assert play(["k", "K"])[0].own.rows == kernels.PRESETS["identity"]
    met = {play(["e", "9", *["k"] * n])[0].own.rows for n in range(1, len(names) + 1)}
    assert met == set(kernels.KNOWN.values())


def test_while_editing_the_digits_are_weights_and_otherwise_pictures() -> None:
    assert play(["e", "5"])[0].picture.label == "3"
    assert play(["5"])[0].picture.label == "5"
    assert play(["e", "5", "escape", "5"])[0].picture.label == "5"


def test_a_weight_keeps_within_two_digits() -> None:
    assert play(["e", "9", *["full_stop"] * 3])[0].own.rows[0][0] == 12
    assert play(["e"], kept={"own": "99,0,0;0,0,0;0,0,0"})[0].own.put(500).rows[0][0] == 99


def test_the_kernels_of_the_step_are_the_ones_shown() -> None:
    pane, text = play([], show={"kernels": ["sobel_x", "1,2,1;2,4,2;1,2,1"]})
    assert pane.names == ["sobel_x", "1,2,1;2,4,2;1,2,1", "own"]
    assert "sobel_x" in text


@pytest.mark.parametrize(
    "kept",
    [
        {"own": 5}, {"own": "1,2;3"}, {"own": "1e9"}, {"own": ",".join("1" * 31)}, {"chosen": 99}, {"chosen": "x"},
        {"seen": 3}, {"seen": ["top_edge", "junk", 7]}, {"edited": -1}, {"edited": "x"}, {"view": []}, {"own": "0"},
        {"own": "0.5,1;1,2"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [*SIZES, (1, 1), (9, 3)])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int]) -> None:
    pane = KernelsPane(scene("kernels", kept=kept))
    assert 0 <= pane.chosen < len(pane.all)
    assert pane.measured()["edited"] >= 0  # type: ignore[operator]
    for depth in ("truecolor", "16", "none"):
        sheet_of("kernels", size, Sight(depth=depth, unicode=depth != "none"), kept=kept)


@pytest.mark.parametrize("show", [{"kernels": []}, {"kernels": [1, 2]}, {"kernels": "x"}, {"kernels": ["junk"]}])
def test_a_step_that_makes_no_sense_shows_the_six(show: dict[str, Any]) -> None:
    assert "top_edge" in KernelsPane(scene("kernels", show=show)).names


def test_what_it_keeps_comes_back() -> None:
    pane, text = play(["e", "7", "right", "2", "escape", "v", "left"])
    again, text_again = play([], kept=pane.kept())
    assert text_again == text
    assert again.measured() == pane.measured()


def test_in_words_and_as_a_command() -> None:
    pane, _ = play([])
    expected = by_torch(1502, "top_edge")
    assert f"from {int(expected.min())} to {int(expected.max())}" in pane.sentence()
    assert pane.command() == ("convolve", "--image", "mnist-sample:1502", "--kernel=top_edge")


def test_only_maps_that_the_step_is_about_are_missed() -> None:
    assert not sheet_of("kernels", (40, 18), show={"kernels": list(KERNELS)}).left_out
    assert any("of the maps" in what for what in sheet_of("kernels", (20, 8), show={"kernels": list(KERNELS)}).left_out)


@pytest.mark.parametrize("name", list(KERNELS))
def test_a_kernel_is_described_in_full_with_the_sum_of_its_weights(name: str) -> None:
    text = " ".join(sheet_of("kernels", (40, 20), show={"kernels": [name]}).text.split())
    assert f"weights' sum {sum(map(sum, kernels.kernel(name).rows))}" in text
    for word in kernels.ABOUT[name].split():
        assert word in text
