"""The command palette offers chapters, steps, themes, terms and what the keys do."""

from textual.command import CommandPalette

from fastai_tui.app.tui.commands import LessonCommands, ThemeChosen
from fastai_tui.app.tui.screens.glossary import GlossaryScreen
from fastai_tui.app.tui.screens.page import Page
from tests.tui.pages import CHAPTERS, TERMS
from tests.tui.screens import ScreenHost


class CommandsHost(ScreenHost):
    """A course with two chapters."""

    COMMANDS = {LessonCommands}  # noqa: RUF012
    chapters = CHAPTERS
    glossary = TERMS

    def on_theme_chosen(self, message: ThemeChosen) -> None:
        self.told.append(message)


async def chosen(typed: str) -> CommandsHost:
    """The app after a command was typed and taken."""
    app = CommandsHost(lambda: GlossaryScreen(TERMS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*typed)
        await pilot.pause(1)
        await pilot.press("enter")
        await pilot.pause(0.5)
        app.at_list = isinstance(app.screen, GlossaryScreen)  # type: ignore[attr-defined]
    return app


async def test_a_chapter_a_step_a_theme_and_a_term() -> None:
    told = [*(await chosen("Chapter 2")).told, *(await chosen("One window")).told]
    assert [(m.chapter, m.step) for m in told if isinstance(m, Page.Open)] == [("second", ""), ("edges", "one-window")]
    assert [m.name for m in (await chosen("Theme: safe")).told if isinstance(m, ThemeChosen)] == ["safe"]
    assert [m.name for m in (await chosen("What is stride")).told if isinstance(m, Page.Term)] == ["stride"]


async def test_the_function_of_a_key() -> None:
    assert not (await chosen("back")).at_list  # type: ignore[attr-defined]
