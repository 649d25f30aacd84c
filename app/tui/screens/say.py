"""The picture in a sentence: plain text, for whoever can not see it, at the place of the terminal's cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Offset

from fastai_tui.app.tui.screens.page import Overlay, Row, wrapped

if TYPE_CHECKING:
    from textual import events


class SayScreen(Overlay):
    """Lays the sentence over the picture, and puts the terminal's cursor at its beginning: there a screen reader reads
    on, and a magnifier looks."""

    KEYS = "In a sentence"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s,enter", "back", "back", show=False),
        Binding("y", "copy", "copy"),
    ]

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence

    def heading(self) -> tuple[str, str]:
        return "In a sentence", ""

    def rows(self, room: int) -> list[Row]:
        return [Row([(line, "plain")]) for line in wrapped(self.sentence, min(room, 90))]

    def on_mount(self) -> None:
        self.call_after_refresh(self._point)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._point)

    def _point(self) -> None:
        self.app.cursor_position = self.lines.region.offset + Offset(1, 0)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.sentence)
        self.say("Copied.", "good")
