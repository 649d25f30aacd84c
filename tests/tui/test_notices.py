"""Notices in a corner: they come, they go, and one that is late does not stop the app."""

from textual.widgets._toast import Toast

from fastai_tui.app.tui.notices import MOMENT, Notice
from tests.tui.course import handled, opened, press, rest
from tests.tui.looks import look


async def test_a_theme_is_told_of_in_a_corner() -> None:
    async with opened("convolution", "window") as app:
        await press(app, "ctrl+t")
        while "Theme: " not in look(app).text:  # the toast is made when there is nothing else to do
            await rest(app)
        assert all(isinstance(notice, Notice) for notice in app._notifications)


async def test_one_whose_time_ends_while_it_is_made_does_not_stop_the_app() -> None:
    late = Notice("too late", timeout=0)
    assert late.has_expired
    assert late.time_left == MOMENT
    async with opened("convolution", "window") as app:
        await app.screen.mount(Toast(late))
        while app.screen.query(Toast):  # it goes away by itself
            await handled(app)
            await rest(app)
        await press(app, "n")
        assert "3/11" in look(app).text


def test_one_that_is_in_time_has_the_time_that_is_left() -> None:
    notice = Notice("in time", timeout=5)
    assert 4 < notice.time_left <= 5
    assert not notice.has_expired
