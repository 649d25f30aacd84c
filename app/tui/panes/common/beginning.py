"""What a run does before its first batch, as a list that comes to life: what is done, what goes on, what is to come.

PyTorch takes seconds to start. Whoever pressed a key sees at once that it was heard, and what the wait is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.plotting import is_thin

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.canvas import Canvas
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sheet

SIGNS, PLAIN_SIGNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"
BEAT, THIN_BEAT = 0.15, 1.0  # seconds between two signs
PATIENCE = 90  # seconds after which a run that was asked for, and is not there, never will be
STAGES = ("a process of its own", "PyTorch starts, data are read", "the first batch")
ROWS = len(STAGES)


class Pulse:
    """A sign that moves on a canvas while something takes its time; nothing ticks while nothing does."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._timer: Timer | None = None
        self._beats = 0

    def beat(self, going: bool) -> None:
        """Have the canvas drawn again and again while `going`."""
        if going and self._timer is None and self._canvas.is_mounted:
            self._timer = self._canvas.set_interval(THIN_BEAT if is_thin(self._canvas) else BEAT, self._tick)
        elif not going and self._timer is not None:
            self._timer.stop()
            self._timer = None

    def sign(self, unicode: bool) -> str:
        """The sign as it is now."""
        signs = SIGNS if unicode else PLAIN_SIGNS
        return signs[self._beats % len(signs)]

    def _tick(self) -> None:
        self._beats += 1
        self._canvas.redraw()


class Awaited:
    """A run that a canvas has asked for and that is not there yet: `row` says for which row, -1 for none. After
    `PATIENCE` seconds it never will be, and `gone` is called."""

    def __init__(self, canvas: Canvas, gone: Callable[[], None]) -> None:
        self.row = -1
        self._canvas, self._gone = canvas, gone
        self._timer: Timer | None = None
        self._waited = 0

    def ask(self, row: int) -> None:
        """Wait for a row's run."""
        self.row, self._waited = row, 0
        self._timer = self._timer or self._canvas.set_interval(1, self.wait)

    def came(self) -> None:
        """The run is there, or never will be."""
        self.row = -1
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def wait(self) -> None:
        """A second has gone by."""
        self._waited += 1
        if self._waited >= PATIENCE:  # the screen has said why
            self.came()
            self._gone()


def begins(shot: Snapshot | None) -> bool:
    """Is it a run that goes on, but has come to no batch yet?"""
    return shot is not None and not shot.step and not shot.ended and shot.phase != "paused"


def stage(shot: Snapshot | None) -> int:
    """What is going on now: a place in `STAGES`. No snapshot is there before the run is."""
    if shot is None:
        return 0
    return 1 if shot.phase in ("new", "queued") else 2


def draw(sheet: Sheet, area: Area, shot: Snapshot | None, sign: str) -> None:
    """The stages, the one that is going on with the sign and the seconds; with one row, that one alone."""
    now, waits = stage(shot), shot is not None and shot.behind and shot.phase == "queued"
    seconds = f" {shot.elapsed:.0f} s" if shot is not None and shot.elapsed >= 1 else ""
    lines = []
    for i, words in enumerate(STAGES):
        if i == now:
            words = f"its turn: {shot.behind} uses the device" if waits and shot is not None else words
            lines.append((f"{sign} {fit(words, area.width - 2 - len(seconds))}{seconds}", "accent"))
        else:
            lines.append((f"✓ {words}", "good") if i < now else (f"· {words}", "dim"))
    for i, (line, style) in enumerate(lines if area.height >= ROWS else lines[now : now + max(area.height, 0)]):
        sheet.put(area.row + i, area.column, fit(line, area.width), style)  # type: ignore[arg-type]
