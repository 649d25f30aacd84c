"""A closer look at what a pane shows: its code, its command line, or itself in words."""

from typing import Any

from textual.screen import Screen

from fastai_tui.app.tui.panes.common.base import Pane


def closer(pane: Pane, what: str) -> Screen[Any]:
    """The screen for `what`: code, command or words. Each is imported when it is first wanted."""
    if what == "code":
        from fastai_tui.app.tui.screens.code import CodeScreen

        return CodeScreen(pane.code())
    if what == "command":
        from fastai_tui.app.tui.screens.command import CommandScreen

        return CommandScreen(pane.command())
    from fastai_tui.app.tui.screens.say import SayScreen

    return SayScreen(pane.sentence())


def possible(pane: Pane, what: str) -> bool:
    """Is there anything to show? Words there always are."""
    return what == "words" or bool(pane.code() if what == "code" else pane.command())
