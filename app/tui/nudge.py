"""Turning a knob: the next value up or down, within its bounds. Pure functions."""

from fastai_tui.engine.settings import Setting, Value
from fastai_tui.lessons.schema import Knob

TENTH = 10 ** (1 / 3)  # a factor that reaches ten times in three presses, for a knob that says nothing


def nudged(knob: Knob, setting: Setting, value: Value, direction: int) -> Value:
    """The value one press further; `direction` is 1 or −1. At a bound it stays there; choices go round."""
    if setting.kind == "choice":
        at = setting.choices.index(str(value)) if value in setting.choices else -direction
        return setting.choices[(at + direction) % len(setting.choices)]
    if isinstance(value, list):
        return [float(_moved(knob, setting, rate, direction)) for rate in value]
    return _moved(knob, setting, float(value), direction)


def _moved(knob: Knob, setting: Setting, value: float, direction: int) -> int | float:
    if knob.factor:
        moved = value * knob.factor**direction
    elif knob.step or setting.kind == "int":
        moved = value + direction * (knob.step or 1)
    else:
        moved = value * TENTH**direction
    within = min(max(moved, setting.low), setting.high)
    return round(within) if setting.kind == "int" else float(f"{within:.3g}")


def shown(value: Value) -> str:
    """A knob's value in a few characters."""
    if isinstance(value, list):
        return "/".join(f"{rate:g}" for rate in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
