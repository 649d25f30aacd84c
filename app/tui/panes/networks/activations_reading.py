"""Reading a run's activations for a canvas, beside the event loop: only what is new, only while somebody looks."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from textual import work

from fastai_tui.app.activations import Activations
from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.plotting import HEAT_BEAT
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from textual.strip import Strip
    from textual.timer import Timer

    from fastai_tui.engine.runs.run import Run

OTHERS_BEAT = 1.0  # seconds between two looks at a live run beside, which nobody else follows


class ActivationsReading(Canvas):
    """Keeps `feeds`: what is known of the run that `subject` tells of, and of the one beside it."""

    run: Run | None

    def begin_reading(self) -> None:
        """Know nothing."""
        self.feeds: dict[str, Activations] = {}
        self.other: Snapshot | None = None
        self.unread = ""  # why nothing can be read
        self._other: Watcher | None = None
        self._reading = False
        self._told: object = None
        self._next = 0.0
        self._timer: Timer | None = None

    def subject(self) -> Snapshot | None:
        """The snapshot of the run that is shown."""
        raise NotImplementedError

    def moved(self) -> None:
        """Something else is shown now."""
        self.redraw()

    def looked(self) -> None:
        """There is something new to look at."""
        self.moved()

    @property
    def feed(self) -> Activations | None:
        """What has been read of the run."""
        shot = self.subject()
        return self.feeds.get(shot.run) if shot else None

    @property
    def beside(self) -> Activations | None:
        """What has been read of the run beside it."""
        return self.feeds.get(self.other.run) if self.other else None

    def render_line(self, y: int) -> Strip:
        if y == 0:  # whatever brought it back to the screen: there may be news meanwhile
            self.news()
        return super().render_line(y)

    def news(self) -> None:
        """Read what is new, if anything is, if somebody sees it, and if the last time was long enough ago."""
        shot = self.subject()
        if shot is None or not shot.step or self._reading or self._told == (mark := self._mark(shot)):
            return
        if not self.is_attached or not self.display or not self.size.width or self.app.screen is not self.screen:
            return
        wait = self._next - monotonic()
        if wait <= 0:
            self._told, self._reading, self._next = mark, True, monotonic() + HEAT_BEAT
            self._read(shot.run)
        elif self._timer is None:
            self._timer = self.set_timer(wait, self._due)

    def _mark(self, shot: Snapshot) -> tuple[object, ...]:
        return shot.run, shot.step, shot.ended, self._other and self._other.run.id

    def _due(self) -> None:
        self._timer = None
        self.news()

    @work(group="columns")
    async def _read(self, run: str) -> None:
        try:
            await self._follow(run)
            self.unread = ""
        except (FastaiTuiError, OSError) as error:
            self.unread = str(error)
        finally:
            self._reading = False
        self.looked()
        self.refresh_bindings()
        if self.other is not None and self.other.live and self._timer is None:
            self._told, self._next = None, monotonic() + OTHERS_BEAT
        self.news()

    async def _follow(self, run: str) -> None:
        assert self.run is not None
        own = self.feeds.setdefault(run, Activations(self.run))
        feeds = [own]
        if self._other is not None:
            self.other = await asyncio.to_thread(self._other.snapshot)
            feeds.append(self.feeds.setdefault(self.other.run, Activations(self._other.run)))
        self.feeds = {feed.run.id: feed for feed in feeds}
        for feed in feeds:
            while await asyncio.to_thread(feed.follow):
                pass
