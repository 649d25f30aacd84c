"""A digit as numbers and shades, and the learner's own drawing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from fastai_tui.app.tui.panes.convolution.pixels import PixelsPane
from fastai_tui.app.tui.sheet import Sight
from fastai_tui.engine.data import store
from fastai_tui.lessons import drawing
from tests.tui.canvas_text import SIZES, integers, sheet_of
from tests.tui.host import Host, scene

PLACES = st.tuples(st.integers(0, 27), st.integers(0, 27))


def play(
    keys: list[str],
    size: tuple[int, int] = (40, 18),
    then: Callable[[Pilot[None]], Awaitable[Any]] | None = None,
    **where: Any,
) -> tuple[PixelsPane, str, list[str]]:
    """The pane after the keys, its text, and what it said."""

    async def run() -> tuple[PixelsPane, str, list[str]]:
        pane = PixelsPane(scene("pixels", **where))
        app = Host(pane)
        async with app.run_test(size=size) as pilot:
            await pilot.press(*keys)
            if then:
                await then(pilot)
            await pilot.pause()
            return pane, pane.sheet.text, [told.sentence for told in app.told if hasattr(told, "sentence")]

    return asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4999), PLACES, st.sampled_from(SIZES))
def test_the_numbers_on_the_screen_are_the_picture_s(row: int, at: tuple[int, int], size: tuple[int, int]) -> None:
    image = store.image(f"mnist-sample:{row}")[0]
    sheet = sheet_of("pixels", size, show={"picture": f"mnist-sample:{row}", "at": list(at)})
    lines = sheet.text.split("\n")
    start = next(i for i, line in enumerate(lines) if integers(line) and len(integers(line)) >= 8 and _rising(line))
    columns = integers(lines[start])
    rows = [integers(line) for line in lines[start + 1 :] if line.strip(" ▀")]
    assert rows
    for place, *values in rows:
        assert values == [image[place][column] for column in columns]
    assert at[0] in [place for place, *_ in rows]
    assert at[1] in columns
    assert f"{image[at]}" in sheet.text


def _rising(line: str) -> bool:
    numbers = integers(line)
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_wide_pane_shows_all_784_numbers_and_the_shades() -> None:
    sheet = sheet_of("pixels", (160, 40))
    numbers = [integers(line) for line in sheet.text.split("\n")[2:30]]
    assert [row[1:] for row in numbers] == store.image("mnist-sample:1502")[0].tolist()
    assert sheet.left_out == []


def test_the_arrows_move_the_cursor_over_all_pixels() -> None:
    pane, _, _ = play(["home", "left", "up"])
    assert pane.at == (0, 0)
    pane, text, _ = play(["end", "right", "left"])
    assert pane.at == (27, 26)
    assert "column 26" in text


def test_it_measures_the_value_and_what_was_visited() -> None:
    pane, _, _ = play(["down", "down", "up"])
    assert pane.measured() == {
        "cursor": (6, 7), "visited": 3, "picture": "mnist-sample:1502", "value": 254, "drawn": 0,
    }  # fmt: skip


def test_e_draws_with_space_and_arrows_and_keeps_it_at_once() -> None:
    pane, text, _ = play(["e", "space", "right", "right", "down"])
    expected = drawing.stroked(drawing.BLANK, (5, 7), (5, 9))
    assert pane.picture.rows == drawing.stroked(expected, (5, 9), (6, 9)) == drawing.read()
    assert pane.measured()["drawn"] == sum(value > 0 for row in pane.picture.rows for value in row) > 10
    assert pane.measured()["picture"] == "drawn"
    assert "drawing" in text
    assert f"{pane.measured()['drawn']} inked" in text


def test_with_the_brush_up_the_arrows_only_move() -> None:
    pane, text, _ = play(["e", "right", "space", "space", "right", "right"])
    assert pane.picture.rows == drawing.dabbed(drawing.BLANK, 5, 8)
    assert "pen up" in text


def test_backspace_rubs_out() -> None:
    pane, text, _ = play(["e", "space", "right", "right", "backspace", "left", "left"])
    assert pane.picture.rows[5][7:10] == (0, 0, 0)
    assert "rubbing" in text


def test_z_clears_and_u_takes_back() -> None:
    before, _, _ = play(["e", "space", "right"])
    cleared, _, _ = play(["e", "z"])
    assert cleared.picture.rows == drawing.BLANK
    pane, _, _ = play(["e", "space", "space", "z", "u"])
    assert pane.picture.rows == drawing.dabbed(drawing.BLANK, 5, 7)
    assert before.picture.rows != drawing.BLANK


@pytest.mark.parametrize("leave", ["e", "escape"])
def test_leaving_shows_the_drawing_and_the_keys_are_the_cursor_s_again(leave: str) -> None:
    pane, _, _ = play(["e", "space", leave, "right", "right"])
    assert pane.picture.rows == drawing.dabbed(drawing.BLANK, 5, 7)
    assert not pane.drawing
    pane, _, _ = play(["i", "i"])
    assert pane.picture.name == "mnist-sample:1502"


def test_escape_without_drawing_is_left_to_the_screen() -> None:
    pane, _, _ = play(["escape"])
    assert not pane.drawing


def test_drawing_goes_on_where_it_was_left() -> None:
    play(["e", "space"])
    pane, _, _ = play(["e", "down", "down", "down", "space"])
    assert pane.picture.rows == drawing.dabbed(drawing.dabbed(drawing.BLANK, 5, 7), 8, 7)


def test_y_copies_a_digit_to_draw_on_and_u_brings_the_old_drawing_back() -> None:
    play(["e", "space"])
    pane, _, _ = play(["y"])
    assert [list(row) for row in drawing.read() or ()] == store.image("mnist-sample:1502")[0].tolist()
    assert pane.drawing
    pane, _, _ = play(["e", "u"])
    assert [list(row) for row in pane.picture.rows] == store.image("mnist-sample:1502")[0].tolist()
    drawing.keep(drawing.dabbed(drawing.BLANK, 3, 3))
    pane, _, _ = play(["y", "u"])
    assert pane.picture.rows == drawing.dabbed(drawing.BLANK, 3, 3)


def test_a_mouse_draws_a_line_without_gaps() -> None:
    async def drag(pilot: Pilot[None]) -> None:
        await pilot.mouse_down(offset=(3, 3))
        await pilot.hover(offset=(20, 3))
        await pilot.mouse_up(offset=(20, 3))
        await pilot.hover(offset=(20, 10))

    pane, _, _ = play(["e"], then=drag)
    assert all(pane.picture.rows[6][column] == pane.picture.rows[7][column] == 255 for column in range(3, 21))
    assert pane.picture.rows[14][20] == 0
    assert drawing.read() == pane.picture.rows


def test_without_e_a_mouse_moves_the_cursor_and_draws_nothing() -> None:
    async def drag(pilot: Pilot[None]) -> None:
        await pilot.click(offset=(4, 6))

    pane, _, _ = play([], then=drag)
    assert pane.at == (12, 4)
    assert drawing.read() is None


def test_a_damaged_drawing_is_said_and_kept(home: Any) -> None:
    home.mkdir()
    drawing.path().write_bytes(b"not a drawing")
    pane, _, said = play(["e", "space", "y", "i"])
    assert not pane.drawing
    assert len([sentence for sentence in said if "move it away" in sentence]) == 3
    assert drawing.path().read_bytes() == b"not a drawing"


def test_a_drawing_that_is_gone_is_said_when_it_is_opened_again() -> None:
    pane, _, said = play([], kept={"picture": "drawn"})
    assert pane.picture.name == "mnist-sample:1502"
    assert any("press e" in sentence for sentence in said)


@pytest.mark.parametrize("kept", [{"picture": []}, {"at": "x"}, {"at": [500, 500]}, {"visits": 3}])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (40, 18), (200, 60)])
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_damaged_state_is_put_right(kept: dict[str, Any], size: tuple[int, int], depth: Any) -> None:
    pane = PixelsPane(scene("pixels", kept=kept))
    assert 0 <= pane.at[0] <= 27
    sheet_of("pixels", size, Sight(depth=depth, unicode=depth != "none"), kept=kept)


def test_what_it_keeps_comes_back() -> None:
    pane, text, _ = play(["d", "down", "right"])
    again, text_again, _ = play([], kept=pane.kept())
    assert text_again == text
    assert again.measured() == pane.measured()


def test_in_words() -> None:
    pane, _, _ = play([])
    assert "which is 155 of 255; round it: 0 0 0, 142 155 246, 254 254 254" in pane.sentence()
    assert "rows 5 to 24, columns 3 to 22" in pane.sentence()


@pytest.mark.parametrize("size", [*SIZES, (160, 40)])
def test_a_hidden_value_is_not_shown(size: tuple[int, int]) -> None:
    where: dict[str, Any] = {"show": {"at": [5, 8]}, "hidden": frozenset({"value"})}  # the only 246 in its rows
    text = sheet_of("pixels", size, **where).text
    assert "246" not in "\n".join(line for line in text.split("\n") if not line.startswith("10 "))
    assert "?" in text
    assert "246" not in PixelsPane(scene("pixels", **where)).sentence()
