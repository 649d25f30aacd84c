"""How a download shows: one line that moves in a terminal, plain lines in a pipe, JSON lines for a program."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastai_tui.app import terminal
from fastai_tui.app.cli.output import in_terminal, print_line

if TYPE_CHECKING:
    from fastai_tui.engine.data.fetch import Notice, Progress

EVERY = 0.25  # seconds between two lines in a terminal: four small writes a second suit a thin link


def amount(size: float) -> str:
    """Bytes for people: `9.9 MB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} B"


def duration(seconds: float) -> str:
    """Seconds for people: `0:42`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def reporter(*, as_json: bool) -> "Callable[[Progress | Notice], None]":
    """What suits standard output. Whoever uses it calls `done` when the last file is there."""
    if as_json:
        return print_line
    return Line() if in_terminal() else Lines()


class Lines:
    """A line when a file begins, at each quarter and for whatever happens."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def __call__(self, report: "Progress | Notice") -> None:
        from fastai_tui.engine.data.fetch import Notice

        if isinstance(report, Notice):
            print(report.message, flush=True)
            return
        quarter = 4 * report.done // report.total if report.total else 0
        if quarter > self._said.get(report.file, -1):
            self._said[report.file] = quarter
            of = f"{amount(report.done)} of {amount(report.total)}" if report.total else amount(report.done)
            print(f"{report.file}: {of} from {report.address}", flush=True)


class Line:
    """One line that is written over and over; what happens on the way stays above it."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, report: "Progress | Notice") -> None:
        from fastai_tui.engine.data.fetch import Notice

        if isinstance(report, Notice):
            self._write(report.message + "\n")
        elif report.done == report.total:
            self._write(f"{report.file}  {amount(report.done)}\n")
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            self._write(line(report, terminal.size()[0] - 1))

    def _write(self, text: str) -> None:
        sys.stdout.write(f"\r\x1b[K{text}")
        sys.stdout.flush()


def line(report: "Progress", width: int) -> str:
    """File, bar, bytes, speed and time left, in at most `width` columns; the bar takes what the rest leaves."""
    done, total, speed = report.done, report.total, f"{amount(report.speed)}/s"
    if not total:
        return f"{report.file}  {amount(done)}  {speed}"[:width]
    left = f"{duration((total - done) / report.speed)} left" if report.speed else ""
    facts = f"{done / total:4.0%}  {amount(done)} of {amount(total)}  {speed}  {left}".rstrip()
    space = width - len(report.file) - len(facts) - 4
    bar = _bar(done / total, min(space, 40)) if space >= 8 else ""
    return "  ".join(part for part in (report.file, bar, facts) if part)[:width]


def _bar(share: float, width: int) -> str:
    full, empty = ("━", "┄") if (sys.stdout.encoding or "").lower().startswith("utf") else ("#", "-")
    done = int(share * width)
    return full * done + empty * (width - done)
