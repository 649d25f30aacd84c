"""A run's activations on a canvas: which layer, which batches, what beside it; read as they come, drawn on the plots'
beat. The pane and the run's own screen are both made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.activations import STATISTICS, Seen, Window, window
from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import RunPicture, instead
from fastai_tui.app.tui.panes.networks import activations_picture as picture
from fastai_tui.app.tui.panes.networks.activations_picture import VIEWS
from fastai_tui.app.tui.panes.networks.activations_reading import ActivationsReading
from fastai_tui.app.tui.panes.networks.activations_shown import Shown
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.run import Run

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet

MOST_ZOOM = 4096


class ActivationsView(ActivationsReading, can_focus=True):
    """A subclass has `run`, `hidden` and `plotter`, and says in `subject` which snapshot is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "layer(1)", "layer", tooltip="the next layer, deeper in the network"),
        Binding("left_square_bracket", "layer(-1)", "layer", tooltip="the layer before"),
        Binding("v", "view", "view", tooltip="colours, statistics, or one layer with both"),
        Binding("left", "point(-1)", "batch", tooltip="point at a batch"),
        Binding("right", "point(1)", "batch", tooltip="point at a batch"),
        Binding("home", "edge(0)", "first batch", show=False),
        Binding("end", "edge(1)", "last batch", show=False),
        Binding("full_stop", "zoom(1)", "zoom in", tooltip="fewer batches, wider; the arrows scroll"),
        Binding("comma", "zoom(-1)", "zoom out", tooltip="more batches"),
        Binding("m", "beside", "beside", tooltip="a second run beside it with the same scales, or none"),
        Binding("M", "another", "another", tooltip="another run beside it"),
        Binding("f", "newest", "newest", tooltip="the whole run again, its newest batch told"),
    ]
    KEYS_FIRST: ClassVar[tuple[str, ...]] = ("right_square_bracket", "left_square_bracket", "v", "full_stop", "m")

    REMEDY: ClassVar[str] = ""  # the keys that help when the run has ended early
    ANEW: ClassVar[str] = ""  # the same where it has ended before its first batch
    plotter: Plotter
    hidden: frozenset[str]

    def begin(self, layer: int = 1, view: str = "colours") -> None:
        """Start from here; every subclass does, when it is made."""
        self.number, self.view = layer, view if view in VIEWS else VIEWS[0]
        self.at: int | None = None  # the batch (from 0) pointed at; none: the newest
        self.zoomed, self.left = 1, 0  # how many times, and from which batch (from 0) on
        self.visited, self.pointed = set[str](), set[int]()
        self.begin_reading()
        self.starting = RunPicture(self.plotter, self.REMEDY, self.ANEW)

    def others(self) -> list[Run]:
        """The runs that may be shown beside it, the newest first. Called beside the event loop."""
        return []

    def another_run(self) -> None:
        """Another run is the subject, or it goes on: what was pointed at and zoomed is no more."""
        self.at, self.zoomed, self.left = None, 1, 0

    @staticmethod
    def went_on(before: Snapshot, after: Snapshot) -> bool:
        """Does a run train again that had paused or ended?"""
        return after.phase == "running" and before.phase != "running"

    # Where it stands

    @property
    def names(self) -> list[str]:
        """The recorded layers' names."""
        return self.feed.names if self.feed else []

    @property
    def still(self) -> bool:
        """Does the run not go on by itself?"""
        shot = self.subject()
        return shot is not None and (shot.ended or shot.phase == "paused")

    def shown(self) -> Shown | None:
        """All that is to be drawn, as plain values; None while nothing is known."""
        shot, feed = self.subject(), self.feed
        if shot is None or feed is None or not feed.count:
            return None
        self.number = min(max(self.number, 1), len(feed.names))
        return Shown(shot, feed, self.number, self.other if self.beside else None, self.beside, self.at, self.zoomed,
                     self.left, self.view, self.hidden, self.REMEDY)  # fmt: skip

    def _window(self) -> Window | None:
        """The window of the (first) heat map as it is drawn."""
        shown = self.shown()
        return shown.window(picture.first_width(shown, self.sheet.width, self.sheet.height)) if shown else None

    def _seen(self) -> tuple[Seen, int] | None:
        """The chosen layer, and the cell that is told about."""
        shown, at = self.shown(), self._window()
        seen = shown.seen(at) if shown and at else None
        return (seen, shown.cell(seen)) if shown and seen and seen.batches else None

    def looked(self) -> None:
        """Note what is looked at, and show it."""
        if self.names and 1 <= self.number <= len(self.names):
            self.visited.add(self.names[self.number - 1])
        self.moved()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "layer":
            return 1 <= self.number + int(str(parameters[0])) <= len(self.names)
        if action in ("view", "point", "edge"):
            return bool(self.feed and self.feed.count)
        if action == "zoom":
            inwards = int(str(parameters[0])) > 0
            return self.still and bool(self.feed and self.feed.count) and (inwards or self.zoomed > 1)
        if action == "newest":
            return self.at is not None or self.zoomed > 1
        if action == "another":
            return self._other is not None
        return super().check_action(action, parameters)

    def action_layer(self, step: int) -> None:
        self.number = min(max(self.number + step, 1), max(len(self.names), 1))
        self.looked()
        self.refresh_bindings()

    def action_view(self) -> None:
        views = [view for view in VIEWS if view != "one" or picture.roomy(*self.size)]
        at = views.index(self.view) if self.view in views else 0
        self.view = views[(at + 1) % len(views)]
        self.moved()
        self.refresh_bindings()

    def action_point(self, step: int) -> None:
        now, shown = self._seen(), self._window()
        if now is None or shown is None or self.feed is None:
            return
        seen, cell = now
        column = shown.start(cell) + step if shown.count <= shown.width else shown.start(max(cell + step, -1))
        self._point(min(max(column, 0), self.feed.count - 1), seen.span, shown)

    def action_edge(self, which: int) -> None:
        shown = self._window()
        if shown is not None and self.feed is not None:
            self._point((self.feed.count - 1) * which, self.feed.span, shown)

    def _point(self, column: int, span: int, shown: Window) -> None:
        """Point at a column, and scroll to where it is seen."""
        self.at = column * span
        self.pointed.add(column)
        if column < shown.first or column >= shown.first + shown.count:
            first = column if column < shown.first else column - shown.count + 1
            self.left = first * span
        self.moved()
        self.refresh_bindings()

    def action_zoom(self, step: int) -> None:
        now, at, shown = self._seen(), self._window(), self.shown()
        if now is None or at is None or shown is None:
            return
        self.zoomed = min(max(self.zoomed * 2 if step > 0 else self.zoomed // 2, 1), MOST_ZOOM)
        seen, cell = now
        middle = at.start(cell) if self.at is not None else at.first + at.count // 2
        total = -(-shown.total // seen.span)
        count = window(total, at.width, self.zoomed).count
        if step > 0 and count == at.count:  # it can not be seen any closer
            self.zoomed //= 2
        self.left = max(middle - count // 2, 0) * seen.span
        self.moved()
        self.refresh_bindings()

    def action_newest(self) -> None:
        self.another_run()
        self.moved()
        self.refresh_bindings()

    def action_beside(self) -> None:
        if self._other is not None:
            self._other = self.other = None
            self.looked()
            self.refresh_bindings()
        else:
            self._choose()

    def action_another(self) -> None:
        self._choose()

    @work(exclusive=True, group="beside")
    async def _choose(self) -> None:
        """Take the next run that has recorded its layers: first those that differ in the fewest settings."""
        try:
            runs = await asyncio.to_thread(self._recorded)
        except (FastaiTuiError, OSError) as error:
            self.tell(str(error))
            return
        if not runs:
            self.tell("No other run has recorded its activations yet: train one, and m shows it.")
            return
        ids = [run.id for run in runs]
        at = ids.index(self._other.run.id) + 1 if self._other and self._other.run.id in ids else 0
        self._other = Watcher(runs[at % len(runs)])
        self._next = 0.0
        self.news()
        self.refresh_bindings()

    def _recorded(self) -> list[Run]:
        own = self.run
        if own is None:
            return []
        found = [run for run in self.others() if run.id != own.id and picture.recorded(run)]
        return sorted(found, key=lambda run: picture.distance(own, run))  # of those that are as near the newest first

    def tell(self, sentence: str) -> None:
        """Say something to the learner."""
        raise NotImplementedError

    # The picture

    def lay_out(self, sheet: Sheet, shot: Snapshot) -> None:
        """Everything, of a run that there is."""
        shown = self.shown()
        if shot.step and shown is not None:
            self.starting.pulse.beat(False)
            picture.draw(sheet, shown, self.plotter)
            return
        area = Area(0, 0, sheet.width, sheet.height)
        if not shot.step:
            self.starting.draw(sheet, area, shot, "loss", self.hidden)
            return
        self.starting.pulse.beat(False)
        instead(sheet, self.nothing_yet(shot))

    def nothing_yet(self, shot: Snapshot) -> str:
        """Why there is nothing to see of a run that trains or has trained."""
        if self.unread:
            return self.unread
        if self.feed is not None and self.feed.reads and not self.names:
            return f"{shot.run} has not recorded its activations: that takes the setting activations=on."
        return f"Reading the activations of {shot.run} …"

    def in_words(self) -> str:
        """The picture in words."""
        shown, now = self.shown(), self._seen()
        shot = self.subject()
        if shown is None or now is None:
            return self.nothing_yet(shot) if shot else ""
        return picture.sentence(shown, *now)

    def statistics(self) -> dict[str, float | str]:
        """What it measures."""
        found: dict[str, float | str] = {
            "layer": self.number,
            "view": self.view,
            "visited": len(self.visited),
            "pointed": len(self.pointed),
            "beside": int(self.beside is not None),
            "zoomed": self.zoomed,
        }
        now = self._seen()
        if now is None:
            return found
        seen, cell = now
        numbers: Sequence[tuple[str, float]] = [(name, float(seen.statistic(name)[cell])) for name in STATISTICS]
        return found | {"layers": len(self.names), "batch": seen.batches[cell][0]} | dict(numbers)
