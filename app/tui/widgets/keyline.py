"""The key line: what the keys do now, as many as fit, the most local first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.app.text import width
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.keynames import essential, matters, typing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fastai_tui.app.tui.sheet import Sheet

Key: TypeAlias = tuple[str, str]  # what it is called, what it does
HELP = "help"  # the way to all the others is always there
GAP = 2


class KeyLine(Canvas):
    """Follows the bindings of its screen. It may be several lines high."""

    def __init__(self) -> None:
        super().__init__(id="keys")

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda screen: self.redraw())

    def draw(self, sheet: Sheet) -> None:
        sheet.fill(0, 0, sheet.width, sheet.height, "shade")
        keys = [key for key in matters(self.screen) if key[1] != HELP]
        ask = "F1" if typing(self.screen) else "?"
        room = sheet.width - len(HELP) - len(ask) - 3
        for row, line in enumerate(chosen(keys, essential(self.screen), room - 1, sheet.height)):
            column = 1
            for key, does in line:
                column = sheet.put(row, column, key, "key")
                column = sheet.put(row, column + 1, does, "shade") + GAP
        sheet.put(sheet.height - 1, room + 1, ask, "key")
        sheet.put(sheet.height - 1, room + 2 + len(ask), HELP, "shade")


def chosen(keys: Sequence[Key], must: Collection[str], room: int, lines: int) -> list[list[Key]]:
    """The keys that fit into lines of `room` cells, in their order: first of all those that do what `must` names."""
    kept = {key for key in keys if key[1] in must}
    for key in keys:
        if len(flowed(_those(keys, {*kept, key}), room)) <= lines:
            kept.add(key)
    return flowed(_those(keys, kept), room)[:lines]


def flowed(keys: Sequence[Key], room: int) -> list[list[Key]]:
    """Keys line by line; nothing is broken."""
    found: list[list[Key]] = [[]]
    left = room
    for key in keys:
        needed = width(key[0]) + width(key[1]) + 1
        if needed > left and found[-1]:
            found.append([])
            left = room
        found[-1].append(key)
        left -= needed + GAP
    return found


def _those(keys: Sequence[Key], kept: Collection[Key]) -> list[Key]:
    return [key for key in keys if key in kept]
