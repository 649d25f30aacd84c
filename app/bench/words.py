"""A report for a reader: a table of at most 80 columns, and below it what was not measured, and on what all was."""

import textwrap

from fastai_tui.app.bench.result import Measurement
from fastai_tui.app.bench.suite import Report
from fastai_tui.app.cli.output import table
from fastai_tui.app.text import number

WIDTH = 80
HEADING = ("measurement", "median", "promised", "from … to", "")


def words(made: Report) -> str:
    """The report as text."""
    rows = [HEADING, *(_row(one) for one in made.measurements)]
    parts = [table(rows, right="0111")] if made.measurements else []
    parts += [_wrapped(f"Not measured: {one.name}, {one.reason}", "  ") for one in made.omitted]
    parts.append(_wrapped(f"On {_machine(made)}.", "  "))
    if made.rough:
        parts.append("These numbers are rough (--quick); leave it out for ones worth keeping.")
    return "\n".join(parts)


def _row(one: Measurement) -> tuple[str, ...]:
    sign = "≥" if one.at_least else "≤"
    promised = "" if one.limit is None else f"{sign} {_with_unit(one.limit, one.unit)}"
    spread = f"{number(one.low, 3)} … {number(one.high, 3)}" if one.low < one.high else ""
    verdict = "" if one.holds is None else "holds" if one.holds else "MISSED"
    return one.name, _with_unit(one.value, one.unit), promised, spread, verdict


def _with_unit(value: float, unit: str) -> str:
    if unit == "share":
        return number(value, 3)
    return f"{number(value, 3)}{'' if unit == '×' else ' '}{unit}"


def _machine(made: Report) -> str:
    here = made.machine
    parts = [f"{here.cpu}, {here.cores} cores, {here.memory:g} GB, {here.gpu or 'no GPU'}, {here.system}"]
    parts += [f"{name} {version}" for name, version in made.versions.items()]
    parts += [f"commit {made.commit}"] if made.commit else []
    return ", ".join(parts)


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
