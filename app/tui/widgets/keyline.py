"""The key line: what the keys do now, as many as fit, the most local first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import width
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.keynames import matters

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet

HELP = "help"  # the way to all the others is always there


class KeyLine(Canvas):
    """Follows the bindings of its screen."""

    def __init__(self) -> None:
        super().__init__(id="keys")

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda screen: self.redraw())

    def draw(self, sheet: Sheet) -> None:
        sheet.fill(0, 0, sheet.width, 1, "shade")
        column, room = 1, sheet.width - len(HELP) - 4
        for key, does in matters(self.screen):
            if does == HELP or column + width(key) + width(does) + 1 > room:
                continue
            column = sheet.put(0, column, key, "key")
            column = sheet.put(0, column + 1, does, "shade") + 2
        sheet.put(0, room + 1, "?", "key")
        sheet.put(0, room + 3, HELP, "shade")
