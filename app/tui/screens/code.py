"""The code of the step just run, as it stands in its file, moved to the left edge."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import plural
from fastai_tui.app.tui.highlighting import coloured, cut
from fastai_tui.app.tui.screens.command import COPIED
from fastai_tui.app.tui.screens.page import Page, Row, wrapped
from fastai_tui.engine.errors import FastaiTuiError


class CodeScreen(Page):
    """`reference` is a step's `code`, such as `engine.learner:Learner.fit`."""

    KEYS = "Code"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy"),
        Binding("c", "back", "back", show=False),
    ]

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.reference = reference
        self.code, self.file, self.first, self.trouble = _read(reference)

    def heading(self) -> tuple[str, str]:
        where = f"{self.file}, line {self.first}" if self.code else ""
        return self.reference or "Code", where

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.code) if action == "copy" else True

    def rows(self, room: int) -> list[Row]:
        if self.trouble:
            return [Row([(line, "warn")]) for line in wrapped(self.trouble, room)]
        lines = coloured(self.code)
        digits = len(str(self.first + len(lines)))
        rows = []
        for number, pieces in enumerate(lines, self.first):
            for i, part in enumerate(cut(pieces, max(room - digits - 2, 8))):
                head = f"{number:>{digits}}  " if i == 0 else " " * (digits + 2)
                rows.append(Row([(head, "dim"), *part]))
        return rows

    def on_mount(self) -> None:
        if self.code:
            self.say(
                f"{plural(self.code.count(chr(10)) + 1, 'line')} of {self.file}, from line {self.first} on.", "dim"
            )

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.code + "\n")
        self.say(COPIED, "good")


def _read(reference: str) -> tuple[str, str, int, str]:
    """(the code, its file, its first line, why there is none)."""
    from fastai_tui.lessons import sources

    if not reference:
        return "", "", 0, "This step runs no code of its own."
    try:
        found = sources.located(reference)
    except FastaiTuiError as error:
        return "", "", 0, str(error)
    return textwrap.dedent(found.text), found.file, found.line, ""
