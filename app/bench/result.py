"""What a measurement is, and the arithmetic behind it: medians of the ratios of runs that took turns."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, TypeVar

import msgspec

First = TypeVar("First")
Second = TypeVar("Second")


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """A number, how far it scattered (`low` to `high`), and what was promised of it.

    `limit` is the most that `value` may be, or with `at_least` the least; without one, nothing was promised and `holds`
    is None. `unit` is `×` for a ratio.
    """

    name: str
    about: str
    value: float
    low: float
    high: float
    unit: str = "×"
    limit: float | None = None
    at_least: bool = False
    holds: bool | None = None
    details: dict[str, Any] = {}


class Omitted(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement that was not made, and why; `failed` if it was tried."""

    name: str
    reason: str
    failed: bool = False


class Unavailable(Exception):
    """Something that a measurement needs is not on this machine; `str(error)` says what."""


def measured(
    name: str,
    about: str,
    values: Sequence[float],
    *,
    unit: str = "×",
    limit: float | None = None,
    at_least: bool = False,
    **details: Any,
) -> Measurement:
    """The median of `values`, judged by `limit`."""
    value = median(values)
    holds = None if limit is None else value >= limit if at_least else value <= limit
    return Measurement(
        name=name,
        about=about,
        value=value,
        low=min(values),
        high=max(values),
        unit=unit,
        limit=limit,
        at_least=at_least,
        holds=holds,
        details=details,
    )


def ratios(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """First ÷ second of every pair."""
    return [first / second for first, second in pairs]


def in_turn(times: int, first: Callable[[], First], second: Callable[[], Second]) -> list[tuple[First, Second]]:
    """Do both, so many times, in turns (A B A B …): what else the machine does then falls on both alike."""
    return [(first(), second()) for _ in range(times)]
