"""Conditions: what must be measured for a goal to be met, as a line of text that can be checked without running it.

    condition = clause, { "and", clause }
    clause    = NAME ( ">=" | "<=" | ">" | "<" | "==" | "!=" ) NUMBER      accuracy >= .95
              | NAME "at" ROW "," COLUMN                                   cursor at 5,7
              | NAME "is" WORD                                             kernel is top_edge

A number that is not finite meets no condition, and neither does what was not measured.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from fastai_tui.engine.errors import BadInput

Measurement = float | str | Sequence[int]
Measured = Mapping[str, Measurement]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_NUMBER = re.compile(
    r"(\w+)\s*(>=|<=|==|!=|>|<)\s*([-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:e[-+]?\d{1,3})?)", re.ASCII
)
_PLACE = re.compile(r"(\w+)\s+at\s+(\d{1,6})\s*,\s*(\d{1,6})", re.ASCII)
_WORD = re.compile(r"(\w+)\s+is\s+([\w.:-]+)", re.ASCII)


class Clause(msgspec.Struct, frozen=True):
    """One comparison: `relation` is a comparison sign with a number, `at` with a (row, column), `is` with a word."""

    name: str
    relation: str
    value: float | tuple[int, int] | str

    def met(self, measured: Measured) -> bool:
        """Does the measurement of that name compare so?"""
        found = measured.get(self.name)
        if isinstance(self.value, str):
            return found == self.value
        if isinstance(self.value, tuple):
            return isinstance(found, Sequence) and not isinstance(found, str) and tuple(found) == self.value
        if not isinstance(found, (int, float)) or not math.isfinite(found):
            return False
        return _COMPARISONS[self.relation](found, self.value)

    @property
    def kind(self) -> str:
        """The kind of measurement this clause can be about: number, place or word."""
        return {"at": "place", "is": "word"}.get(self.relation, "number")


def parse(text: str) -> tuple[Clause, ...]:
    """The clauses of a condition, all of which must hold. Raises `BadInput`."""
    return tuple(_clause(part.strip()) for part in re.split(r"\sand\s", text))


def met(clauses: Sequence[Clause], measured: Measured) -> bool:
    """Do all clauses hold? No clauses are met by nothing."""
    return bool(clauses) and all(clause.met(measured) for clause in clauses)


def _clause(text: str) -> Clause:
    if match := _NUMBER.fullmatch(text):
        value = float(match[3])
        if math.isfinite(value):
            return Clause(match[1], match[2], value)
    if match := _PLACE.fullmatch(text):
        return Clause(match[1], "at", (int(match[2]), int(match[3])))
    if match := _WORD.fullmatch(text):
        return Clause(match[1], "is", match[2])
    plain = "".join(c if c.isprintable() else "?" for c in text[:60])
    raise BadInput(f'"{plain}" is no condition: write one as in accuracy >= .95, cursor at 5,7 or kernel is top_edge.')
