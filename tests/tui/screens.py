"""An app around one screen, for tests: what the screen tells the app is kept in `told`, what it copies in `copied`."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App
from textual.filter import LineFilter, NoColor
from textual.message import Message
from textual.screen import Screen

from fastai_tui.app.tui import themes
from fastai_tui.app.tui.screens.page import Page


class ScreenHost(App[None]):
    """Lays the screen that `make` makes over an empty one."""

    def __init__(
        self,
        make: Callable[[], Screen[Any]],
        *,
        theme: str = "dark",
        depth: Any = "truecolor",
        unicode: bool = True,
        light: bool = False,
    ) -> None:
        self.depth, self.light = depth, light
        super().__init__()
        self.no_color = depth == "none"  # what textual's own widgets reverse then
        self._make, self._unicode = make, unicode
        self.told: list[Message] = []
        self.copied: list[str] = []
        self.dress(theme)

    def dress(self, name: str) -> None:
        """Wear a theme."""
        self.worn = themes.theme_named(name, self.depth, self.light)
        self.sight, self.palette = self.worn.sight(self.depth, self._unicode), self.worn.palette
        themes.wear(self, self.worn)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [NoColor()] if self.depth == "none" else super().get_line_filters()

    def on_mount(self) -> None:
        self.push_screen(self._make())

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)

    def on_page_open(self, message: Page.Open) -> None:
        self.told.append(message)

    def on_page_term(self, message: Page.Term) -> None:
        self.told.append(message)

    def on_options_screen_changed(self, message: Message) -> None:
        self.told.append(message)

    def on_options_screen_previewed(self, message: Message) -> None:
        self.told.append(message)

    def on_options_screen_replaced(self, message: Message) -> None:
        self.told.append(message)
