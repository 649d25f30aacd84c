"""The knobs: what the learner may turn, the chosen one with its meaning and its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.nudge import shown

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Setting, Value


class KnobLines(Canvas):
    """Two lines: the knobs with their values, and what the chosen one is about."""

    def __init__(self) -> None:
        super().__init__(id="knobs")
        self.settings: Sequence[Setting] = ()
        self.values: Mapping[str, Value] = {}
        self.chosen = 0

    def show(self, settings: Sequence[Setting], values: Mapping[str, Value], chosen: int) -> None:
        """Show these knobs; `chosen` is the index of the one that + and − turn."""
        self.settings, self.values, self.chosen = settings, values, chosen
        self.redraw()

    def draw(self, sheet: Sheet) -> None:
        column, missing = 1, 0
        for i, setting in enumerate(self.settings):
            words = f" {setting.name} {shown(self.values[setting.name])} "
            if column + len(words) > sheet.width and i != self.chosen:
                missing += 1
                continue
            column = sheet.put(0, column, words, "cursor" if i == self.chosen else "field") + 1
        if missing:
            sheet.leave_out("some knobs")
        if self.settings:
            sheet.put(1, 1, self._about(sheet.width - 2), "dim")

    def _about(self, width: int) -> str:
        setting = self.settings[self.chosen]
        bounds = " ".join(setting.choices) if setting.choices else f"{setting.low:g} to {setting.high:g}"
        unit = f" {setting.unit}" if setting.unit else ""
        keys = "+ − turn it" + (", tab: the next" if len(self.settings) > 1 else "")
        for words in (f"{setting.about} · {bounds}{unit} · {keys}", f"{setting.about} · {bounds}{unit}", setting.about):
            if len(words) <= width:
                return words
        return f"{setting.about[: max(width - 1, 0)]}…"
