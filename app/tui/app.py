"""The app: which screen is shown, the theme, the learner's progress, the lab and the link; no drawing of its own."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.constants import TEXTUAL_ANIMATIONS
from textual.notifications import Notify, SeverityLevel

from fastai_tui.app import config
from fastai_tui.app.terminal import light_ground
from fastai_tui.app.tui import themes
from fastai_tui.app.tui.driver import CellsDriver
from fastai_tui.app.tui.in_order import InOrder
from fastai_tui.app.tui.keeper import Keeper
from fastai_tui.app.tui.link import LinkChanged
from fastai_tui.app.tui.notices import Notice
from fastai_tui.app.tui.panes import KINDS
from fastai_tui.app.tui.screens.page import Page
from fastai_tui.app.tui.services import Services
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.lab_client import Lab
from fastai_tui.lessons import loader
from fastai_tui.lessons.problems import Problem, shown
from fastai_tui.lessons.schema import Chapter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.filter import LineFilter
    from textual.screen import Screen

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.terminal import Depth
    from fastai_tui.app.tui.palette import Palette
    from fastai_tui.app.tui.sheet import Sight
    from fastai_tui.lessons.glossary import Glossary


def _commands() -> Any:
    """The palette's provider, imported when the palette is first opened."""
    from fastai_tui.app.tui.commands import LessonCommands

    return LessonCommands


class LessonsApp(InOrder):
    """Opens where the learner left off, or at the chapter and step that were asked for, or at the contents."""

    CSS_PATH = "app.tcss"
    TITLE = "fastai-tui"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar[set[Any]] = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit", show=False),
        Binding("question_mark,f1", "help", "help", show=False),
        Binding("slash", "search", "search", show=False),
        Binding("r", "runs", "runs", show=False),
        Binding("o", "options", "options", show=False),
        Binding("ctrl+t", "theme", "next theme", show=False),
        Binding("ctrl+l", "repaint", "draw the screen anew", show=False),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
        Binding("ctrl+q", "quit", "quit", show=False, system=True),
    ]

    def __init__(
        self,
        chapter: str = "",
        step: str = "",
        *,
        depth: Depth = "truecolor",
        unicode: bool = True,
        lab: Lab | None = None,
        driver_class: Any = None,
    ) -> None:
        self.depth, self.unicode = depth, unicode
        self.config, trouble = config.read()
        super().__init__(driver_class=driver_class)
        self.no_color = depth == "none"
        self.chapters, self.problems = loaded()
        self.keeper = Keeper(lambda sentence: self.call_from_thread(self.warn, sentence))
        self.lab = lab or Lab(self._lab_news)
        self.services = Services(lab=self.lab)
        self.lab_words = self.link_words = ""
        self.last_key = 0.0
        self._troubles = [one for one in (trouble, self.keeper.trouble) if one]
        self._wanted = (chapter, step)
        self._glossary: Glossary | None = None
        self._dress(self.config.theme)

    # Theme and options

    @property
    def palette(self) -> Palette:
        """The looks of the theme of now."""
        return self._worn.palette

    @property
    def sight(self) -> Sight:
        """What the terminal can show, in the theme of now."""
        return self._worn.sight(self.depth, self.unicode)

    def _dress(self, name: str) -> None:
        """Wear a theme, and have everything drawn in it."""
        self._worn = themes.theme_named(name, self.depth, light_ground(os.environ))
        themes.wear(self, self._worn)
        for screen in self.screen_stack if self.is_running else []:
            for canvas in screen.query("Canvas"):
                canvas.forget()  # type: ignore[attr-defined]

    def action_theme(self) -> None:
        self._choose(themes.after(self._worn.name))

    def on_theme_chosen(self, message: Any) -> None:
        self._choose(message.name)

    def _choose(self, theme: str) -> None:
        self._dress(theme)
        self._configure(theme=self._worn.name)
        self.notify(f"Theme: {self._worn.name}, {self._worn.about}", timeout=2)

    def on_options_screen_previewed(self, message: Any) -> None:
        self._dress(message.name)

    def on_options_screen_changed(self, message: Any) -> None:
        self._configure(**message.changes)
        if "theme" in message.changes:
            self._dress(self.config.theme)
        if "link" in message.changes and isinstance(self._driver, CellsDriver):
            self._driver.set_wish(self.config.link)

    def on_options_screen_replaced(self, message: Any) -> None:
        """Progress was imported or reset: what is on the screen belongs to the past."""
        self.keeper.reread()
        self._alone()
        self.open_contents()

    def _configure(self, **changes: Any) -> None:
        try:
            self.config = config.update(**changes)
        except FastaiTuiError as error:
            self.warn(str(error))

    def refresh_css(self, animate: bool = True) -> None:
        """Parse the style sheets anew with the theme's colours; before there is a screen that is done once for all."""
        if self._screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colours only attributes are left."""
        if self.depth == "none":
            from textual.filter import NoColor

            return [NoColor()]
        return super().get_line_filters()

    # Where the learner is

    def _first(self) -> Screen[Any]:
        """The screen to begin with: what was asked for, or where the learner left off, or the contents."""
        slug, step = self._wanted
        place = self.keeper.progress.place
        if not slug and place is not None:
            slug, step = place.chapter, place.step
        chapter = self._chapter(slug)
        return self._contents() if chapter is None else self._chapter_screen(chapter, step)

    def begin_at(self, chapter: str, step: str) -> None:
        """Begin at a step (chapter and id) instead of where the learner left off. To be called before the app runs."""
        self._wanted = (chapter, step)

    def _chapter(self, slug: str) -> Chapter | None:
        return next((chapter for chapter in self.chapters if chapter.slug == slug), None)

    def _contents(self) -> Screen[Any]:
        from fastai_tui.app.tui.screens.contents import ContentsScreen

        return ContentsScreen(self.chapters, self.problems, self.keeper.progress, self.keeper.trouble)

    def _chapter_screen(self, chapter: Chapter, step: str) -> Screen[Any]:
        from fastai_tui.app.tui.screens.chapter import ChapterScreen

        return ChapterScreen(chapter, step, self.keeper, self.services, lambda: self.glossary, self.config.prose_width)

    @property
    def glossary(self) -> Glossary:
        """The glossary, read when it is first asked for."""
        if self._glossary is None:
            from fastai_tui.lessons.glossary import glossary

            self._glossary = glossary()
        return self._glossary

    def open_contents(self) -> None:
        """Show the contents instead of a chapter."""
        self.switch_screen(self._contents())

    def on_page_open(self, message: Page.Open) -> None:
        """Some screen leads to a step: everything over the first screen is closed, and the chapter opened there."""
        chapter = self._chapter(message.chapter)
        if chapter is not None:
            self._alone()
            self.switch_screen(self._chapter_screen(chapter, message.step))

    def on_page_term(self, message: Page.Term) -> None:
        from fastai_tui.app.tui.screens.glossary import GlossaryScreen

        self.push_screen(GlossaryScreen(self.glossary, message.name))

    def _alone(self) -> None:
        """Close what lies over the chapter, or the contents (under which there is only textual's own empty screen)."""
        while len(self.screen_stack) > 2:
            self.pop_screen()

    def on_mount(self) -> None:
        self.push_screen(self._first())
        self.call_after_refresh(self._settled)

    def _settled(self) -> None:
        """After the first frame: what may take its time."""
        for sentence in self._troubles:
            self.warn(sentence)
        self._troubles = []
        self.lab.warm()

    # Screens from anywhere

    def _over(self, make: Callable[[], Screen[Any]]) -> None:
        """Lay a screen over the others, unless one of its kind is there already."""
        screen = make()
        if not any(type(one) is type(screen) for one in self.screen_stack):
            self.push_screen(screen)

    def action_help(self) -> None:
        from fastai_tui.app.tui.keynames import groups
        from fastai_tui.app.tui.screens.help import HelpScreen

        self._over(lambda: HelpScreen(groups(self.screen)))

    def action_search(self) -> None:
        from fastai_tui.app.tui.screens.search import Index, SearchScreen

        self._over(lambda: SearchScreen(Index(self.chapters, self.glossary)))

    def action_runs(self) -> None:
        from fastai_tui.app.tui.screens.runs import RunsScreen

        self._over(lambda: RunsScreen(self.services.runs))

    def action_options(self) -> None:
        from fastai_tui.app.tui.screens.options import OptionsScreen

        self._over(lambda: OptionsScreen(self.config, self._worn.name, self.keeper.trouble))

    def action_repaint(self) -> None:
        """Something else wrote to the terminal: draw every cell again."""
        if isinstance(self._driver, CellsDriver):
            self._driver.repaint()
        self.refresh(repaint=True, layout=True)

    # News

    def warn(self, sentence: str) -> None:
        """Say something that the learner should know, whatever the screen."""
        self.notify(sentence, severity="warning", timeout=10)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something in a corner for `timeout` seconds."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self.post_message(Notify(Notice(message, title, severity, seconds, markup)))

    def _lab_news(self, sentence: str) -> None:
        self.lab_words = "started again"
        self.warn(sentence)

    def on_link_changed(self, message: LinkChanged) -> None:
        """The link to the terminal has become another: on a thin one nothing moves for its own sake."""
        self.link_words = message.link.words
        self.animation_level = "none" if message.link.thin else TEXTUAL_ANIMATIONS
        for screen in self.screen_stack:
            if show := getattr(screen, "show_status", None):
                show()

    def run_ended(self, shot: Snapshot) -> None:
        """A run that was followed has ended: ring, if it was long and a bell is wanted."""
        if self.config.bell and shot.elapsed >= self.config.bell_after:
            self.bell()

    def on_key(self, event: events.Key) -> None:
        self.last_key = time.monotonic()

    async def on_unmount(self) -> None:
        self.keeper.flush()
        await self.lab.close()


def loaded() -> tuple[list[Chapter], list[Problem]]:
    """The chapters that are shipped, and what is wrong with those that can not be read."""
    chapters, problems = [], []
    for path in loader.chapter_files(loader.folder()):
        found = loader.load(path)
        wrong = _unknown_panes(found) if isinstance(found, Chapter) else found
        problems += wrong
        if isinstance(found, Chapter) and not wrong:
            chapters.append(found)
    return sorted(chapters, key=lambda one: (one.number, one.slug)), problems


def _unknown_panes(chapter: Chapter) -> list[Problem]:
    """Steps that nothing here could show."""
    steps = [step for step in chapter.steps if step.pane not in KINDS]
    return [Problem(chapter.file, step.line, f"there is no pane {shown(step.pane)}", "take another") for step in steps]
