"""A canvas: what Textual's timers do not do for it."""

import asyncio

from textual.app import App, ComposeResult
from textual.widget import Widget

from fastai_tui.app.tui import themes
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.sheet import Sheet, Sight


class Blank(Canvas):
    def draw(self, sheet: Sheet) -> None:
        pass


class Two(App[None]):
    sight, palette = Sight(), themes.theme_named("dark", "truecolor").palette

    def compose(self) -> ComposeResult:
        yield Blank(id="ours")
        yield Widget(id="theirs")


async def test_a_timer_whose_time_is_over_before_it_begins_to_wait_still_comes() -> None:
    """Textual passes over such a one: the day its own comes as well, ours is not wanted any more."""
    async with Two().run_test() as pilot:
        came = []
        for name in ("ours", "theirs"):
            pilot.app.query_one(f"#{name}").set_timer(1e-9, lambda name=name: came.append(name))
        await asyncio.sleep(0.1)
        assert came == ["ours"]


async def test_a_timer_of_less_than_no_time_comes_at_once() -> None:
    async with Two().run_test() as pilot:
        came = asyncio.Event()
        pilot.app.query_one("#ours").set_timer(-0.1, came.set)
        await asyncio.wait_for(came.wait(), 60)
