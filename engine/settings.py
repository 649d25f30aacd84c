"""Settings: named, typed, bounded hyper-parameters, described so that a command, a knob or a schema can use them."""

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from fastai_tui.engine.errors import BadInput

Value = int | float | str | list[float]
Kind = Literal["int", "float", "rates", "choice", "text"]
LONGEST = 4096  # characters of a text


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One hyper-parameter.

    `kind` is `int`, `float`, `rates` (a number, or one per layer group), `choice` (of `choices`) or `text` (a path, or
    the name of something, as `unit` says in words). `low` and `high` are inclusive bounds; `live` says that a running
    run takes new values.
    """

    name: str
    kind: Kind
    default: Value
    about: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    unit: str = ""
    live: bool = False

    def parse(self, given: object) -> Value:
        """The value that `given` (text from a command, or a plain value) stands for. Raises `BadInput`."""
        try:
            value = _READERS[self.kind](given)
            within = self._within(value)
        except (TypeError, ValueError, OverflowError):  # the last for whole numbers beyond what a float can be
            raise BadInput(f"{self.name}={_shown(given)} does not fit; allowed: {self.allowed}.") from None
        if not within:
            raise BadInput(f"{self.name}={_shown(given)} is out of bounds; allowed: {self.allowed}.")
        return value

    @property
    def allowed(self) -> str:
        """What may be given, in words: `a whole number from 1 to 65536`."""
        if self.kind == "choice":
            return ", ".join(self.choices)
        if self.kind == "text":
            return self.unit
        what = {"int": "a whole number", "float": "a number", "rates": "a number, or one per layer group as a/b/c,"}
        return f"{what[self.kind]} from {self.low:g} to {self.high:g}"

    def _within(self, value: Value) -> bool:
        if self.kind == "choice":
            return value in self.choices
        if self.kind == "text":
            return True
        numbers = value if isinstance(value, list) else [value]
        return bool(numbers) and all(self.low <= float(number) <= self.high for number in numbers)


class Schema(msgspec.Struct, frozen=True):
    """The settings that an experiment has, in the order in which they are shown."""

    settings: tuple[Setting, ...]

    def __getitem__(self, name: str) -> Setting:
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise BadInput(
            f"There is no setting {_shown(name)} here; there are {', '.join(s.name for s in self.settings)}."
        )

    def fill(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Every setting's value: what is `given`, parsed, and the defaults for the rest. Raises `BadInput`."""
        chosen = {name: self[name].parse(value) for name, value in given.items()}
        return {s.name: chosen.get(s.name, s.default) for s in self.settings}

    def but(self, **defaults: Value) -> "Schema":
        """The same settings with other defaults."""
        return self.changed(**{name: {"default": value} for name, value in defaults.items()})

    def changed(self, **changes: Mapping[str, Any]) -> "Schema":
        """The same settings, those named with other fields: `changed(opt={"choices": ("sgd", "adam")})`. Raises
        `BadInput`."""
        others = {name: msgspec.structs.replace(self[name], **fields) for name, fields in changes.items()}
        return Schema(tuple(others.get(s.name, s) for s in self.settings))


def pairs(given: list[str]) -> dict[str, str]:
    """`KEY=VALUE` arguments as a mapping. Raises `BadInput` for what has another form or comes twice."""
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise BadInput(f"{_shown(text)} is not of the form KEY=VALUE, as in lr=0.06.")
        if key in found:
            raise BadInput(f"{_shown(key)} is given twice; give it once.")
        found[key] = value.strip()
    return found


def _shown(given: object) -> str:
    text = given if isinstance(given, str) else repr(given)
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if 0 < len(text) <= 40 else f"{text[:37]!r}{'…' if len(text) > 40 else ''}"


_WHOLE = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)")  # 60000 or 60,000


def _int(given: object) -> int:
    if isinstance(given, bool) or (isinstance(given, float) and not given.is_integer()):
        raise ValueError(given)
    if isinstance(given, str):
        if not _WHOLE.fullmatch(given.strip()):
            raise ValueError(given)
        return int(given.replace(",", ""))
    return int(given)  # type: ignore[call-overload]


def _float(given: object) -> float:
    if isinstance(given, bool) or (isinstance(given, str) and (not given.isascii() or "_" in given)):
        raise ValueError(given)
    value = float(given)  # type: ignore[arg-type]
    if not math.isfinite(value):
        raise ValueError(given)
    return value


def _rates(given: object) -> float | list[float]:
    if isinstance(given, str):
        parts: list[object] = list(given.strip("[]").replace(",", "/").split("/"))
    elif isinstance(given, (list, tuple)):
        parts = list(given)
    else:
        return _float(given)
    rates = [_float(part) for part in parts]
    return rates[0] if len(rates) == 1 else rates


def _choice(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(given)
    return given


def _text(given: object) -> str:
    if not isinstance(given, str) or len(given) > LONGEST or not given.isprintable():
        raise ValueError(given)
    return given


_READERS: Mapping[Kind, Any] = {"int": _int, "float": _float, "rates": _rates, "choice": _choice, "text": _text}
