"""A pane in which a line can be typed: while it is, every key that types belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.typed import Typed

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.tui.services import Scene


class TypingPane(Pane):
    """`self.line` is what is being typed, or None. A subclass says what there is to change, and takes the new text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "text", tooltip="type a text of your own; ctrl+u empties the line"),
        Binding("enter", "leave", "done", tooltip="done with typing"),
        Binding("escape", "leave", "done", show=False),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.line: Typed | None = None

    @property
    def types(self) -> bool:
        return self.line is not None

    def before_typing(self) -> str:
        """The text as it is."""
        raise NotImplementedError

    def take(self, text: str) -> None:
        """The text as it was typed, whether it is another one or not."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave" or self.line is not None:
            return action == "leave" and self.line is not None
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        line = self.line.pressed(event.key, event.character) if self.line is not None else None
        if line is not None:
            event.stop()
            event.prevent_default()
            self.line = line
            self.redraw()

    def on_paste(self, event: events.Paste) -> None:
        if self.line is not None:
            event.stop()
            self.line = self.line.put(event.text)
            self.redraw()

    def action_edit(self) -> None:
        before = self.before_typing()
        self.line = Typed(before, len(before))
        self.refresh_bindings()
        self.changed()

    def action_leave(self) -> None:
        if self.line is not None:
            text, self.line = self.line.text, None
            self.refresh_bindings()
            self.take(text)
            self.changed()
