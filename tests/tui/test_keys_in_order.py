"""Quick keys: each finds the app as the one before has left it, however many are under way."""

import asyncio
from typing import Any

from textual import events
from textual.widgets import Input

from fastai_tui.app.tui.app import LessonsApp
from fastai_tui.app.tui.panes.text.streams import StreamsPane
from tests.tui.course import NearLab, handled, opened, post, press, rest
from tests.tui.looks import look

SENTENCE = "exit now, quick brown foxes? run!"


def streams_of(app: LessonsApp) -> StreamsPane:
    found = app.screen.query_one("#pane")
    assert isinstance(found, StreamsPane)
    return found


class SlowLab(NearLab):
    """Answers no sooner than the keys have come."""

    async def ask(self, request: str, **arguments: Any) -> Any:
        await asyncio.sleep(3)
        return await super().ask(request, **arguments)


def test_a_sentence_typed_at_once_after_e_is_text_from_its_first_letter_on() -> None:
    async def run() -> None:
        async with opened("char-lm", "characters", the_lab=SlowLab()) as app:
            for key in ("e", *SENTENCE):
                post(app, key)
            await handled(app)
            line = streams_of(app).line
            assert line is not None
            assert line.text == SENTENCE
            for key in ("enter", "v", "v", "e", "!", "enter"):
                post(app, key)
            await handled(app)
            assert streams_of(app).view == "streams"
            assert streams_of(app).text == f"{SENTENCE}!"

    asyncio.run(run())


def test_a_paste_does_not_overtake_the_key_before_it() -> None:
    async def run() -> None:
        async with opened("char-lm", "characters", the_lab=SlowLab()) as app:
            post(app, "e")
            app.post_message(events.Paste("words from elsewhere"))
            post(app, "enter")
            await handled(app)
            assert streams_of(app).text == "words from elsewhere"

    asyncio.run(run())


def test_keys_after_the_one_that_opens_a_step_belong_to_that_step() -> None:
    async def run() -> None:
        async with opened("char-lm", "rnn", the_lab=SlowLab()) as app:
            for key in ("n", "e", *SENTENCE):
                post(app, key)
            await handled(app)
            line = streams_of(app).line
            assert line is not None
            assert line.text == SENTENCE

    asyncio.run(run())


def test_a_key_whose_widget_is_gone_holds_up_no_other() -> None:
    async def run() -> None:
        async with opened("char-lm", "characters", the_lab=SlowLab()) as app:
            app._under_way, app._since = events.Key("e", "e"), 0.0  # as if it had been lost
            post(app, "e")
            post(app, "x")
            await handled(app)
            line = streams_of(app).line
            assert line is not None
            assert line.text == "x"

    asyncio.run(run())


def test_while_a_line_is_typed_no_letter_is_told_to_be_a_key() -> None:
    async def run() -> None:
        async with opened("char-lm", "rnn", the_lab=SlowLab()) as app:
            await press(app, "n", "e")
            *_, asks, first, second = look(app).text.splitlines()
            assert asks.strip() == "› enter: done with typing"
            assert f"{first} {second}".split() == ["enter", "done", "F1", "help"]
            await press(app, "enter")
            assert "space batch" in look(app).text

    asyncio.run(run())


def test_words_typed_at_once_after_the_key_that_opens_the_search_are_searched_for() -> None:
    async def run() -> None:
        async with opened("char-lm", "characters", the_lab=SlowLab()) as app:
            for key in ("/", *"lstm"):
                post(app, key)
            await handled(app)
            await rest(app)
            assert app.screen.query_one("#field", Input).value == "lstm"

    asyncio.run(run())
