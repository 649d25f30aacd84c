"""How answers leave: one JSON document, a stream of JSON lines, or text; and what the terminal can show."""

import os
import sys
from typing import Any

import msgspec


def print_json(answer: Any) -> None:
    """One JSON document on standard output, and nothing else."""
    print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def print_line(value: Any) -> None:
    """One JSON object on a line of its own, sent at once."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def in_terminal() -> bool:
    """Does a person look at standard output?"""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def colours() -> bool:
    """May colours be used? https://no-color.org"""
    return in_terminal() and not os.environ.get("NO_COLOR")


def table(rows: list[tuple[str, ...]], *, right: str = "") -> str:
    """Rows as aligned columns, two spaces apart; `right` names the columns to flush right, as in `"0011"`."""
    from fastai_tui.app.text import width

    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    flush = [right[i : i + 1] == "1" for i in range(len(widths))]
    lines = ("  ".join(_padded(*cell) for cell in zip(row, widths, flush, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _padded(cell: str, columns: int, flush_right: bool) -> str:
    from fastai_tui.app.text import width

    gap = " " * (columns - width(cell))
    return gap + cell if flush_right else cell + gap
