"""Settings: whatever is typed becomes a value within bounds, or a sentence."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.settings import Schema, Setting, Value, pairs

WHOLE = Setting(name="bs", kind="int", default=64, low=1, high=65_536, about="")
NUMBER = Setting(name="wd", kind="float", default=0.01, low=0, high=10, about="")
RATES = Setting(name="lr", kind="rates", default=0.01, low=0, high=100, about="")
CHOICE = Setting(name="opt", kind="choice", default="adam", choices=("adam", "sgd"), about="")
ALL = [WHOLE, NUMBER, RATES, CHOICE]

numbers = st.one_of(st.integers(), st.floats(allow_nan=True, allow_infinity=True)).map(str)
near_misses = st.text(alphabet="0123456789.,/-+eE_ []infa٣½", max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5), st.lists, max_leaves=5
)


def fits(setting: Setting, value: Value) -> bool:
    if setting.kind == "choice":
        return value in setting.choices
    values = value if isinstance(value, list) else [value]
    kinds: tuple[type, ...] = (int,) if setting.kind == "int" else (float,)
    return bool(values) and all(isinstance(v, kinds) and setting.low <= float(v) <= setting.high for v in values)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ALL), st.text() | numbers | near_misses | plain)
def test_anything_gives_a_value_within_bounds_or_a_sentence(setting: Setting, given: object) -> None:
    try:
        value = setting.parse(given)
    except BadInput as error:
        sentence = str(error)
        assert sentence.startswith(f"{setting.name}=")
        assert "allowed: " in sentence
        assert sentence.isprintable()
        assert len(sentence) < 250
    else:
        assert fits(setting, value)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([NUMBER, RATES]), st.floats(0, 10))
def test_a_number_within_bounds_is_taken_as_it_is(setting: Setting, number: float) -> None:
    assert setting.parse(repr(number)) == number


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        (WHOLE, "512", 512),
        (WHOLE, "65,536", 65536),
        (WHOLE, " 64 ", 64),
        (NUMBER, "1e-2", 0.01),
        (RATES, "0.06", 0.06),
        (RATES, "1e-5/1e-4/1e-3", [1e-5, 1e-4, 1e-3]),
        (RATES, "[0.1, 0.2]", [0.1, 0.2]),
        (CHOICE, "sgd", "sgd"),
    ],
)
def test_what_people_write(setting: Setting, text: str, value: Value) -> None:
    assert setting.parse(text) == value


@pytest.mark.parametrize(
    ("setting", "text"),
    [(WHOLE, t) for t in ["0", "65537", "1.5", "1,2", "6_4", "٣", "1e2", "", "9" * 6000]]
    + [(NUMBER, t) for t in ["nan", "inf", "-1e-9", "10.1", "1_0", "1,5"]]
    + [(RATES, t) for t in ["1//2", "0.1/x", "101", "/", "[]", "0.1/nan"]]
    + [(CHOICE, t) for t in ["Adam", "", "rmsprop"]],
)
def test_what_is_refused(setting: Setting, text: str) -> None:
    with pytest.raises(BadInput, match="allowed"):
        setting.parse(text)


def test_a_schema_fills_in_defaults_and_names_what_there_is() -> None:
    schema = Schema(tuple(ALL))
    assert schema.fill({"bs": "32"}) == {"bs": 32, "wd": 0.01, "lr": 0.01, "opt": "adam"}
    assert schema.but(bs=8).fill({})["bs"] == 8
    with pytest.raises(BadInput, match="bs, wd, lr, opt"):
        schema.fill({"batch\x1b[2J": 3})


def test_a_schema_is_taken_with_other_fields_and_is_as_it_was() -> None:
    schema = Schema(tuple(ALL))
    other = schema.changed(opt={"choices": ("sgd",), "default": "sgd"}, bs={"low": 8})
    assert [setting.name for setting in other.settings] == ["bs", "wd", "lr", "opt"]
    assert (other["opt"].choices, other["bs"].low, other["bs"].default) == (("sgd",), 8, 64)
    assert (other["wd"], other["lr"], schema["opt"].choices) == (NUMBER, RATES, ("adam", "sgd"))
    with pytest.raises(BadInput, match="no setting momentum here"):
        schema.changed(momentum={"low": 0})


def test_pairs_are_key_and_value() -> None:
    assert pairs(["lr=0.1", " bs = 3", "x=a=b", "y="]) == {"lr": "0.1", "bs": "3", "x": "a=b", "y": ""}


@pytest.mark.parametrize("given", [["lr"], ["=3"], [""], ["a=1", "a=2"], ["\x1b=1", "\x1b=2"]])
def test_what_is_no_pair_gets_a_sentence(given: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        pairs(given)
    assert str(caught.value).isprintable()


def test_bounds_are_told_in_words() -> None:
    assert WHOLE.allowed == "a whole number from 1 to 65536"
    assert math.isfinite(float(NUMBER.allowed.split()[-1]))
    assert CHOICE.allowed == "adam, sgd"
