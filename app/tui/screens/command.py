"""The command line that shows the same as the screen, to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import width
from fastai_tui.app.tui.screens.page import Overlay, Row

PROGRAM = "fastai-tui"
COPIED = (
    "Sent to the clipboard. If pasting gives something else, your terminal does not take it (OSC 52): "
    "select it with shift and the mouse."
)
NONE = "There is no command that shows this alone: it belongs to the lesson."


class CommandScreen(Overlay):
    """`arguments` are those of `fastai-tui`; none where no command shows the same."""

    KEYS = "Command line"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "copy", "copy"),
        Binding("x", "back", "back", show=False),
    ]

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__()
        self.arguments = tuple(arguments)

    @property
    def command(self) -> str:
        """The whole line, quoted for a shell; "" where there is none."""
        return shlex.join([PROGRAM, *self.arguments]) if self.arguments else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.arguments) if action == "copy" else True

    def heading(self) -> tuple[str, str]:
        return "The same on the command line", ""

    def rows(self, room: int) -> list[Row]:
        if not self.arguments:
            return [Row([(NONE, "plain")])]
        return [Row([(line, "code")]) for line in broken(self.command, room)]

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.command)
        self.say(COPIED, "good")


def broken(command: str, room: int) -> list[str]:
    """The line in pieces that a shell reads as one: broken between words with a backslash, two spaces in; a word that
    is longer than the room is cut where the room ends."""
    room = max(room - 2, 4)  # the backslash and the space before it
    lines, line = [], ""
    for word in command.split(" "):
        if line.strip() and width(line) + 1 + width(word) > room:
            lines.append(line + " \\")
            line = "  "
        line = f"{line} {word}" if line.strip() else line + word
        while width(line) > room:
            lines.append(line[:room])
            line = line[room:]
    return [*lines, line] if line else lines
