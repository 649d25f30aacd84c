"""The contents: what is chosen first, where enter leads, and what a broken chapter does."""

import msgspec

from fastai_tui.app.tui.screens.contents import ContentsScreen, art
from fastai_tui.app.tui.screens.page import Page
from fastai_tui.engine.convolution import KERNELS
from fastai_tui.lessons.problems import Problem
from fastai_tui.lessons.progress import Progress
from tests.tui.looks import look
from tests.tui.pages import CHAPTERS, FIRST, PROBLEMS, PROGRESS
from tests.tui.screens import ScreenHost


def opened(app: ScreenHost) -> list[tuple[str, str]]:
    return [(message.chapter, message.step) for message in app.told if isinstance(message, Page.Open)]


async def test_a_new_learner_begins_with_the_first_step() -> None:
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], Progress()))
    async with app.run_test() as pilot:
        assert "Begin with Edges" in look(app).text
        await pilot.press("enter")
        assert opened(app) == [("edges", FIRST.steps[0].id)]


async def test_a_new_learner_sees_every_chapter_and_then_the_steps_of_the_first() -> None:
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], Progress()))
    async with app.run_test(size=(80, 24)) as pilot:
        assert all(chapter.title in look(app).text for chapter in CHAPTERS)
        assert FIRST.steps[0].title not in look(app).text
        await pilot.press("down")
        assert all(step.title in look(app).text for step in FIRST.steps)
        await pilot.press("enter")
        assert opened(app) == [("edges", FIRST.steps[0].id)]


async def test_enter_goes_on_where_the_learner_left_off() -> None:
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], PROGRESS))
    async with app.run_test() as pilot:
        assert "you left off here" in look(app).text
        assert "1 of 3" in look(app).text
        await pilot.press("enter")
        assert opened(app) == [("edges", FIRST.steps[1].id)]


async def test_a_chapter_that_is_done_leads_on_to_the_next() -> None:
    done = Progress().at("edges", FIRST.steps[-1].id)
    for step in FIRST.steps:
        done = done.put("edges", step.id, done=True)
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], done))
    async with app.run_test() as pilot:
        await pilot.press("enter")
        assert opened(app) == [("second", CHAPTERS[1].steps[0].id)]


async def test_the_arrow_keys_and_numbers_reach_every_step_of_every_chapter() -> None:
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], Progress()))
    async with app.run_test() as pilot:
        await pilot.press("enter")
        for _ in range(2 * len(FIRST.steps) + 1):
            await pilot.press("down", "enter")
        every = [(chapter.slug, step.id) for chapter in CHAPTERS for step in chapter.steps]
        assert set(opened(app)) == set(every)
        app.told.clear()
        await pilot.press("1", "enter", "2", "enter", "up", "enter")
        assert opened(app) == [("edges", every[0][1]), ("second", every[0][1]), ("edges", every[0][1])]


async def test_a_chapter_opens_at_the_first_step_that_is_not_done() -> None:
    progress = Progress().put("second", FIRST.steps[0].id, done=True)
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], progress))
    async with app.run_test() as pilot:
        await pilot.press("2", "enter")
        assert opened(app) == [("second", FIRST.steps[1].id)]


async def test_a_broken_chapter_is_named_with_the_way_out_and_can_not_be_chosen() -> None:
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, PROBLEMS, Progress()))
    async with app.run_test() as pilot:
        assert "03-broken.md is left out for 2 mistakes: fastai-tui check" in look(app).text
        await pilot.press("end", "enter")
        assert opened(app)[0][0] == "second"


async def test_without_any_good_chapter_nothing_breaks() -> None:
    evil = [Problem("/x/\x1b[31m.md", 1, "it is wrong", "mend it")]
    for problems, says in ((evil, "fastai-tui check"), ([], "No chapters came")):
        app = ScreenHost(lambda problems=problems: ContentsScreen([], problems, PROGRESS))  # type: ignore[misc]
        async with app.run_test() as pilot:
            await pilot.press("enter", "down", "end", "1", "enter")
            assert says in look(app).text
            assert "\x1b" not in look(app).text
            assert opened(app) == []


async def test_a_place_that_is_no_more_and_a_chapter_without_steps() -> None:
    lost = Progress().at("edges", "gone")
    bare = msgspec.structs.replace(FIRST, slug="bare", number=3, steps=())
    app = ScreenHost(lambda: ContentsScreen([*CHAPTERS, bare], [], lost))
    async with app.run_test() as pilot:
        await pilot.press("enter", "3", "enter")
        assert opened(app) == [("edges", FIRST.steps[0].id), ("bare", "")]


async def test_progress_that_can_not_be_kept_is_said_and_new_progress_shown() -> None:
    screen = ContentsScreen(CHAPTERS, [], Progress(), "progress.json is read-only: nothing is saved.")
    app = ScreenHost(lambda: screen)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "progress.json is read-only" in look(app).text
        screen.show(CHAPTERS, [], PROGRESS)
        await pilot.pause()
        assert "1 of 3" in look(app).text


def test_the_banner_is_the_real_thing() -> None:
    """The digit is the course's three, and its map what `conv2d` would say."""
    import numpy as np

    from fastai_tui.engine.data.digits import digit

    pixels, label = digit(1502)
    small, edges = art(1)
    image, kernel = np.array(pixels), np.array(KERNELS["top_edge"])
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    assert label == 3
    assert np.array_equal(np.array(small), image)
    assert np.array_equal(np.array(edges), (windows * kernel).sum((2, 3)))
    half, half_edges = art(2)
    assert np.allclose(np.array(half), image.reshape(14, 2, 14, 2).mean((1, 3)))
    assert np.array(half_edges).shape == (13, 13)


async def test_the_banner_gives_way_to_the_chapters_on_small_terminals() -> None:
    app = ScreenHost(lambda: ContentsScreen(CHAPTERS, [], Progress()))
    async with app.run_test(size=(120, 40)) as pilot:
        heights = []
        for size in ((120, 40), (80, 24), (40, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            heights.append(app.screen.query_one("#banner").size.height)
            assert "Edges" in look(app).text
        assert heights == [15, 8, 0]
