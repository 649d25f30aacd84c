"""Help: every key that does something now and what it does, as the active bindings say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import plural, width
from fastai_tui.app.tui.screens.page import Page, Row, wrapped

if TYPE_CHECKING:
    from fastai_tui.app.tui.keynames import Group

WIDE = 76  # cells from which on two groups stand side by side


class HelpScreen(Page):
    """Lists the groups of keys that `keynames.groups` found on the screen below."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1", "back", "back", show=False)]

    def __init__(self, groups: Sequence[Group]) -> None:
        super().__init__()
        self.groups = groups

    def heading(self) -> tuple[str, str]:
        return "Keys", plural(sum(len(group.keys) for group in self.groups), "function")

    def rows(self, room: int) -> list[Row]:
        if room < WIDE or len(self.groups) < 2:
            return [row for group in self.groups for row in [*_listed(group, room), Row()]][:-1]
        half = (room - 3) // 2
        columns: list[list[Row]] = [[], []]
        for group in self.groups:
            shorter = min(columns, key=len)
            shorter += ([Row()] if shorter else []) + _listed(group, half)
        return _beside(columns[0], columns[1], half)


def as_text(groups: Sequence[Group]) -> str:
    """The same list as plain text, for the documentation."""
    rows = [row for group in groups for row in [*_listed(group, 76), Row()]]
    return "\n".join("".join(words for words, _ in row.pieces).rstrip() for row in rows).rstrip() + "\n"


def _listed(group: Group, room: int) -> list[Row]:
    column = min(max((width(keys) for keys, _ in group.keys), default=0), max(room // 2, 1)) + 2
    rows = [Row([(group.title, "title")])]
    for keys, words in group.keys:
        lines = wrapped(words, max(room - column, 8))
        gap = " " * max(column - width(keys), 1)
        rows.append(Row([(keys, "key"), (gap + lines[0], "plain")]))
        rows += [Row([(" " * column + line, "plain")]) for line in lines[1:]]
    return rows


def _beside(left: Sequence[Row], right: Sequence[Row], half: int) -> list[Row]:
    rows = []
    for i in range(max(len(left), len(right))):
        first = list(left[i].pieces) if i < len(left) else []
        second = list(right[i].pieces) if i < len(right) else []
        gap = half + 3 - sum(width(words) for words, _ in first)
        rows.append(Row([*first, (" " * max(gap, 1), "plain"), *second]))
    return rows
