"""The lines under a chapter's step: what enter does is always told, what has been reached, and the keys that matter."""

import pytest

from fastai_tui.app.tui.screens.chapter import ChapterScreen
from fastai_tui.app.tui.sheet import Sheet
from fastai_tui.app.tui.widgets.title import Heading, Title
from tests.tui.course import opened, press

SMALL, USUAL, WIDE = (40, 12), (80, 24), (120, 40)


def asks(app: object) -> str:
    """The line that asks."""
    screen = app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, ChapterScreen)
    return screen.ask.sheet.text.strip()


async def test_the_line_says_what_enter_does_from_the_opening_to_the_next_step() -> None:
    async with opened("convolution", "pixels") as app:
        assert asks(app) == "› enter: begin with “A digit is numbers”"
        await press(app, "enter")
        assert asks(app).startswith("? 1/3 enter: predict · How many of the 784")
        await press(app, "enter")
        assert asks(app) == "? 1/3 enter: this is my prediction · esc: back to the text"
        await press(app, "3", "enter")
        assert asks(app) == "◎ 2/3 Find the one pixel of this three that holds 255."
        await press(app, "h")
        assert asks(app) == "› enter: back to the text"
        await press(app, "enter", "enter")
        assert asks(app) == "That is still to be done: h gives a hint, n goes on without."


async def test_a_goal_that_is_reached_lights_up_and_the_last_one_leads_on() -> None:
    async with opened("convolution", "pixels") as app:
        await press(app, "enter", "enter", "3", "enter", "enter", *["down"] * 7, *["right"] * 5)
        screen = app.screen
        assert isinstance(screen, ChapterScreen)
        assert asks(app) == "✓ Done: Find the one pixel of this three that holds 255."
        assert {style for _, style in screen.ask.sheet.rows[0]} == {"cursor"}
        await press(app, "y")
        assert asks(app) == "✓ Step done. enter: on to “One window”"
        await press(app, "e", "enter")
        assert screen.step.id == "window"


async def test_a_question_opened_right_after_a_goal_says_what_enter_does() -> None:
    """And not that the goal is reached: who presses enter once more would answer without having read the question."""
    async with opened("stability", "momentum") as app:
        await press(app, "enter", "1", "enter", "enter", "+", "+", "+", "f")
        assert asks(app) == "✓ Done: Bring the ball to rest in the deep dip."
        await press(app, "enter")
        assert asks(app) == "? 3/4 enter: this is my prediction · esc: back to the text"


async def test_the_end_of_the_chapter_leads_back_to_what_is_open() -> None:
    async with opened("convolution", "colour") as app:
        screen = app.screen
        assert isinstance(screen, ChapterScreen)
        await press(app, "enter", "1", "enter", "enter", "8", "1", "8", "enter", "enter")
        for goal in screen.step.goals:
            screen._reach(goal.id, goal.say)
        assert asks(app) == "✓ Step done. enter: back to the open step “A digit is numbers”"
        await press(app, "enter")
        assert screen.step.id == "pixels"


@pytest.mark.parametrize("step", ["pixels", "window", "map", "edges", "own", "batch", "padding", "matrix", "colour"])
async def test_at_80_columns_every_step_says_how_to_move_to_get_help_and_to_go_on(step: str) -> None:
    async with opened("convolution", step) as app:
        screen = app.screen
        assert isinstance(screen, ChapterScreen)
        keys = screen.key_line.sheet.text
        assert keys.split()[0] in ("arrows", "←")
        for told in ("h hint", "n next", "b back", "c code", "w widen", "? help"):
            assert told in keys
        assert not screen.status.display  # nothing is trained here, so its line tells keys
        assert ("+ - turn" in keys) is bool(screen.knobs.settings)


async def test_the_smallest_terminal_says_how_to_see_the_rest() -> None:
    async with opened("convolution", "window", SMALL) as app:
        screen = app.screen
        assert isinstance(screen, ChapterScreen)
        assert all(told in screen.key_line.sheet.text for told in ("h hint", "n next", "w widen", "? help"))


async def test_a_step_whose_run_can_be_followed_keeps_its_status_line() -> None:
    async with opened("first-cnn", "training") as app:
        screen = app.screen
        assert isinstance(screen, ChapterScreen)
        assert screen.step.run is not None
        assert screen.status.display


async def test_where_there_is_room_the_column_lists_what_is_to_be_done() -> None:
    async with opened("convolution", "window", WIDE) as app:
        screen = app.screen
        assert isinstance(screen, ChapterScreen)
        text = screen.column.sheet.text
        assert "› Move to (5, 7), the top of the digit." in text
        await press(app, "enter", "7", "6", "2", "enter", "escape")
        assert "✓ Move to (5, 7), the top of the digit." in screen.column.sheet.text


async def test_p_brings_the_digit_back_that_the_step_begins_with() -> None:
    async with opened("convolution", "window") as app:
        pane = app.screen.query_one("#pane")
        await press(app, "d", "d")
        assert pane.picture.name != "mnist-sample:1502"  # type: ignore[attr-defined]
        await press(app, "p")
        assert pane.picture.name == "mnist-sample:1502"  # type: ignore[attr-defined]


async def test_space_goes_on_through_a_full_map_and_comes_round() -> None:
    async with opened("convolution", "map") as app:
        pane = app.screen.query_one("#pane")
        await press(app, "f", "space")
        assert pane.at == (1, 1)  # type: ignore[attr-defined]
        await press(app, "space")
        assert pane.at == (1, 2)  # type: ignore[attr-defined]


def title(width: int, *left_out: str, steps: int = 21, step: str = "What the gates do") -> str:
    """The top line in the middle of a chapter."""
    line, sheet = Title(), Sheet(width, 1)
    line.heading = Heading("A chapter", step, steps // 2, (True,) * (steps // 2) + (False,) * -(-steps // 2), left_out)
    line.draw(sheet)
    return sheet.text.rstrip()


def test_in_a_narrow_title_the_dots_go_before_the_words() -> None:
    assert title(40, "the pane (w)") == " 11/21 What the gates do +the pane (w)"
    assert title(40, "the pane (w)", "the text") == " 11/21 What the gates do +the pane (w)"
    assert title(40, "the pane (w)", steps=5) == " 3/5 What the gate… +the pane (w) ●●○○○"
    wide = title(80, "the pane (w)")
    assert wide.startswith(" 11/21 What the gates do · not shown: the pane (w)  ")
    assert wide.endswith(" ●●●●●●●●●●○○○○○○○○○○○")


def test_a_note_that_has_no_room_in_the_title_is_a_number_or_nothing() -> None:
    assert title(40, "some of the row's numbers", "the legend") == " 11/21 What the gates do +2"
    assert title(16, "the legend") == " 11/21 What t…"
    for width in range(1, 120):
        shown = title(width, "some of the row's numbers", "the pane (w)", step="A step with a title that is long")
        assert shown.startswith(" 11/21 "[: max(width - 3, 0)])
        assert width < 30 or "+" in shown or "not shown" in shown
