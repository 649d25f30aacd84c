"""Plots on sheets: drawn at most so often, one after the other, and not while keys are being pressed.

A plot costs milliseconds and sends hundreds of cells, so each keeps its last picture: it is drawn anew at once when its
size or what it shows is another, and when its numbers are, only on its beat. STYLE.md has the measurements.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.sheet import Sheet

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.worker import Worker

    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.canvas import Canvas

BEAT, THIN_BEAT = 0.2, 1.0  # seconds between two pictures of a plot; the second on a thin link
HEAT_BEAT = 0.5  # seconds between two pictures of a heat map, which has more cells
APART = 0.06  # seconds between two plots of a canvas, so that no frame has to draw both
SHARE = 25  # times as long as a plot took to draw it stands: 4 % of a core, however large it is and slow the machine
QUIET, AT_MOST = 0.1, 0.5  # seconds that plots wait after a key, and how late that may make them
ANSWERED = 0.015  # seconds after a key in which no plot is drawn, however late it is: the answer has to be sent first


_loaded = False  # whether what plots are made with has been imported


def load() -> None:
    """Import what plots are made with."""
    global _loaded
    from fastai_tui.app import plots

    plots.overlaid([("", [0, 1], [0, 1])], width=20, height=6)
    _loaded = True


Make = Callable[["Look", int, int], "list[str]"]  # look, width, height → lines with SGR codes


@dataclass
class _Kept:
    """A plot's last picture: what it shows (`view`) of which numbers (`data`), when it was drawn, how many seconds
    that took, and since when it has been out of date (0 if it is not)."""

    view: Hashable
    data: Hashable
    picture: Sheet
    drawn: float
    cost: float
    stale: float = 0.0


class Plotter:
    """The plots of one canvas. `clock` is for tests."""

    def __init__(self, canvas: Canvas, clock: Callable[[], float] = time.monotonic) -> None:
        self.canvas, self._clock = canvas, clock
        self._kept: dict[str, _Kept] = {}
        self._key = self._last = -1e9
        self._timer: Timer | None = None
        self._loading: Worker[None] | None = None

    def pressed(self) -> None:
        """A key was pressed: the plots wait, for its answer comes first."""
        self._key = self._clock()

    def show(
        self, sheet: Sheet, area: Area, make: Make, *, name: str, view: Hashable = None, data: Hashable = None
    ) -> None:
        """Put the plot `name` on the sheet, as `make` draws it or as it was drawn before."""
        if not _loaded and self.canvas.is_mounted:
            self._load()
            return

        def draw(picture: Sheet) -> None:
            picture.ansi(0, 0, make(picture.sight.look, picture.width, picture.height))

        self.keep(sheet, area, draw, name=name, view=view, data=data)

    def keep(
        self,
        sheet: Sheet,
        area: Area,
        draw: Callable[[Sheet], None],
        *,
        name: str,
        view: Hashable = None,
        data: Hashable = None,
        beat: float = BEAT,
    ) -> None:
        """The same for whatever `draw` puts on a sheet of the area's size, at most once in `beat` seconds."""
        if area.width <= 0 or area.height <= 0:
            return
        kept, view = self._kept.get(name), (view, area.width, area.height, sheet.sight)
        if kept is None or kept.view != view:
            kept = self._draw(name, view, data, sheet, area, draw)
        elif kept.data != data:
            kept.stale = kept.stale or self._clock()
            wait = self._wait(kept, beat)
            if wait <= 0:
                kept = self._draw(name, view, data, sheet, area, draw)
            else:
                self._later(wait)
        paste(sheet, area, kept.picture)

    def _load(self) -> None:
        """Have the library imported beside the event loop: it takes a tenth of a second and more."""
        if self._loading is None:
            self._loading = self.canvas.run_worker(self._loaded, group="plotting")

    async def _loaded(self) -> None:
        await asyncio.to_thread(load)
        self.canvas.redraw()

    def _draw(
        self, name: str, view: Hashable, data: Hashable, sheet: Sheet, area: Area, draw: Callable[[Sheet], None]
    ) -> _Kept:
        begun = self._clock()
        picture = Sheet(area.width, area.height, sheet.sight)
        draw(picture)
        self._last = self._clock()
        kept = self._kept[name] = _Kept(view, data, picture, self._last, self._last - begun)
        return kept

    def _wait(self, kept: _Kept, beat: float) -> float:
        """Seconds until a plot whose numbers are new may be drawn."""
        now = self._clock()
        beat = max(beat, THIN_BEAT) if is_thin(self.canvas) else beat
        own = max(kept.drawn + max(beat, SHARE * kept.cost), self._last + APART) - now
        key = max(self._key, self._app_key())
        after_key = max(min(key + QUIET, kept.stale + AT_MOST), key + ANSWERED) - now
        return max(own, after_key)

    def _app_key(self) -> float:
        return float(getattr(self.canvas.app, "last_key", -1e9))

    def _later(self, wait: float) -> None:
        """Draw the canvas again once the plot may be drawn."""
        if self._timer is None:
            self._timer = self.canvas.set_timer(wait + 0.005, self._due)

    def _due(self) -> None:
        self._timer = None
        self.canvas.redraw()


def is_thin(canvas: Canvas) -> bool:
    """Is the way to the terminal a slow one?"""
    driver = getattr(canvas.app, "_driver", None)  # only our own measures the link (driver.py)
    return bool(getattr(getattr(driver, "link", None), "thin", False))


def paste(sheet: Sheet, area: Area, picture: Sheet) -> None:
    """Copy a drawing's cells to a place of a sheet, as far as there is room."""
    for i, cells in enumerate(picture.rows[: area.height]):
        row = area.row + i
        if 0 <= row < sheet.height and 0 <= area.column < sheet.width:
            room = min(area.width, len(cells), sheet.width - area.column)
            sheet.rows[row][area.column : area.column + room] = cells[:room]


def sparkline(values: list[float], columns: int, unicode: bool = True, ends: tuple[float, float] | None = None) -> str:
    """Values as one line of bars, from the lowest to the highest (or the `ends` given); newer values are at the right,
    gaps stay empty."""
    import math

    bars = "▁▂▃▄▅▆▇█" if unicode else "_.,-=+*#"
    if columns <= 0 or not values:
        return ""
    shown = [values[i * len(values) // columns] for i in range(columns)] if len(values) > columns else values
    finite = [value for value in shown if math.isfinite(value)]
    low, high = ends or (min(finite, default=0.0), max(finite, default=0.0))
    span = (high - low) or 1.0
    shares = [min(max((v - low) / span, 0.0), 1.0) if math.isfinite(v) else -1.0 for v in shown]
    places = [round(share * (len(bars) - 1)) if share >= 0 else -1 for share in shares]
    return "".join(bars[place] if place >= 0 else " " for place in places)
