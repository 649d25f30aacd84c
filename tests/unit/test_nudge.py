"""Turning knobs: never beyond a bound, and back to where one was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.app.tui.nudge import nudged, shown
from fastai_tui.engine.settings import Setting, Value
from fastai_tui.lessons.schema import Knob

RATE = Setting(name="lr", kind="rates", default=0.01, about="rate", low=1e-4, high=1)
SIZE = Setting(name="bs", kind="int", default=64, about="size", low=1, high=512)
SHARE = Setting(name="p", kind="float", default=0.5, about="share", low=0, high=1)
NETS = Setting(name="model", kind="choice", default="cnn", about="network", choices=("cnn", "linear", "broken"))


@pytest.mark.parametrize(
    ("knob", "setting", "value", "direction", "then"),
    [
        (Knob(setting="lr", factor=2.0), RATE, 0.01, 1, 0.02),
        (Knob(setting="lr", factor=2.0), RATE, 0.01, -1, 0.005),
        (Knob(setting="lr", factor=2.0), RATE, 0.9, 1, 1.0),
        (Knob(setting="lr", factor=2.0), RATE, [0.001, 0.01], 1, [0.002, 0.02]),
        (Knob(setting="lr"), RATE, 0.01, 1, 0.0215),
        (Knob(setting="bs", factor=2.0), SIZE, 64, 1, 128),
        (Knob(setting="bs", factor=2.0), SIZE, 1, -1, 1),
        (Knob(setting="bs"), SIZE, 64, -1, 63),
        (Knob(name="p", step=0.05), SHARE, 0.5, 1, 0.55),
        (Knob(setting="model"), NETS, "broken", 1, "cnn"),
        (Knob(setting="model"), NETS, "cnn", -1, "broken"),
        (Knob(setting="model"), NETS, "gone", 1, "cnn"),
    ],
)
def test_a_press_moves_a_knob_by_its_step(
    knob: Knob, setting: Setting, value: Value, direction: int, then: Value
) -> None:
    assert nudged(knob, setting, value, direction) == then


@given(
    st.sampled_from(
        [(Knob(setting="lr", factor=3.0), RATE), (Knob(setting="bs", step=7), SIZE), (Knob(name="p"), SHARE)]
    ),
    st.lists(st.sampled_from([1, -1]), max_size=60),
)
def test_no_press_leaves_the_bounds(pair: tuple[Knob, Setting], presses: list[int]) -> None:
    knob, setting = pair
    value: Value = setting.default
    for direction in presses:
        value = nudged(knob, setting, value, direction)
        assert setting.parse(value) == value


def test_values_are_shown_short() -> None:
    assert [shown(v) for v in (0.01, 64, [1e-4, 0.01], "cnn")] == ["0.01", "64", "0.0001/0.01", "cnn"]
