"""The knobs of a step: their settings, their values, and which of them is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.tui.nudge import nudged
from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from fastai_tui.engine.settings import Schema, Setting, Value
    from fastai_tui.lessons.progress import State
    from fastai_tui.lessons.schema import Knob, Step

PREFIX = "knob."  # under which a value is kept in the step's state


class Knobs:
    """Takes the values that were kept, where they still fit."""

    def __init__(self, step: Step, kept: State) -> None:
        from fastai_tui.lessons.experiments import EXPERIMENTS

        schema = EXPERIMENTS[step.run.experiment].schema if step.run and step.run.experiment in EXPERIMENTS else None
        self.step, self.chosen = step, 0
        self._turned = [(knob, setting) for knob in step.knobs if (setting := _resolved(knob, schema))]
        self.settings: list[Setting] = [setting for _, setting in self._turned]
        self.values: dict[str, Value] = {}
        for setting in self.settings:
            self.values[setting.name] = _fitting(setting, kept.get(PREFIX + setting.name))

    def choose(self, direction: int) -> None:
        """The next knob, or the one before."""
        self.chosen = (self.chosen + direction) % max(len(self.settings), 1)

    def turn(self, direction: int) -> tuple[Setting, Value]:
        """Turn the chosen knob; returns it with its new value."""
        knob, setting = self._turned[self.chosen]
        value = nudged(knob, setting, self.values[setting.name], direction)
        self.values[setting.name] = value
        return setting, value

    def put(self, name: str, value: Value) -> tuple[Setting, Value] | None:
        """Give a knob a value and choose it; returns both, or nothing where the step has no knob that goes so far."""
        for at, setting in enumerate(self.settings):
            if setting.name == name and _fitting(setting, value) == value:
                self.chosen, self.values[name] = at, value
                return setting, value
        return None

    def kept(self) -> State:
        """The values, as they are kept."""
        return {PREFIX + name: value for name, value in self.values.items()}  # type: ignore[misc]


def _resolved(knob: Knob, schema: Schema | None) -> Setting | None:
    """What a knob turns; nothing for one that is declared wrongly, which `fastai-tui check` explains."""
    try:
        return knob.resolve(schema)
    except BadInput:
        return None


def _fitting(setting: Setting, kept: object) -> Value:
    """The value that was kept, if it is one; a lesson may have changed since."""
    if kept is None:
        return setting.default
    try:
        return setting.parse(kept)
    except BadInput:
        return setting.default
