"""What to try when training goes wrong: settings that differ from the run's, which `train --set` takes as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastai_tui.engine.recorded import Record
    from fastai_tui.engine.settings import Value

Remedy = Mapping[str, "Value"]


def calmer(record: Record) -> tuple[Remedy, ...]:
    """Against steps that are too large: norm, a smaller rate, a rate that begins small."""
    found: list[Remedy] = []
    if "batch" in record.choices.get("norm", ()) and record.settings.get("norm") == "none":
        found.append({"norm": "batch"})
    found += _rate(record, 0.1)
    if record.settings.get("schedule") == "flat" and "1cycle" in record.choices.get("schedule", ()):
        found.append({"schedule": "1cycle"})
    return tuple(found)


def faster(record: Record) -> tuple[Remedy, ...]:
    """Against steps that are too small."""
    return tuple(_rate(record, 10))


def other_rate(record: Record) -> tuple[Remedy, ...]:
    """Against steps that lead nowhere: the rate that most networks bear, from whichever side."""
    top = float(record.rates.max()) if len(record.rates) else 0.0
    if top <= 0:
        return ({"lr": 0.01},) if "lr" in record.settings else ()
    return tuple(_rate(record, 10 if top < 0.001 else 0.1))


def less(record: Record, epochs: int) -> tuple[Remedy, ...]:
    """Against learning by heart: to stop where the validation loss was lowest, or more weight decay."""
    wd = record.settings.get("wd")
    more = [{"wd": _round(max(10 * wd, 0.01))}] if isinstance(wd, (int, float)) and 10 * wd <= 1 else []
    stop: list[Remedy] = [] if record.settings.get("schedule") == "sgdr" else [{"epochs": epochs}]
    return (*stop, *more)


def in_words(remedies: Sequence[Remedy]) -> str:
    """`Try norm=batch, or lr=0.006.`"""
    return f"Try {', or '.join(remedy_in_words(one) for one in remedies)}." if remedies else ""


def remedy_in_words(remedy: Remedy) -> str:
    """`norm=batch lr=0.006`, as `train --set` takes them."""
    return " ".join(f"{name}={_value(value)}" for name, value in remedy.items())


def _rate(record: Record, factor: float) -> list[Remedy]:
    lr: Any = record.settings.get("lr")
    if isinstance(lr, list):
        return [{"lr": [_round(rate * factor) for rate in lr]}]
    return [{"lr": _round(lr * factor)}] if isinstance(lr, (int, float)) and lr > 0 else []


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _value(value: object) -> str:
    if isinstance(value, list):
        return "/".join(_value(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
