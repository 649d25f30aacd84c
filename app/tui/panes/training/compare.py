"""The pane that lays runs over each other: which of them, what differs between them, and what they came to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app import plots
from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.app.text import Look, fit
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.once import Once
from fastai_tui.app.tui.panes.common import comparing
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.run_picture import LEAST, LOSSES, WIDE, mood
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.app.tui.sheet import Paint
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.gap import Gap, between
from fastai_tui.engine.runs.run import Run

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

BEAT = 1.0  # seconds between two looks at runs that the screen does not follow
FIRST = len(plots.SERIES)  # runs that are overlaid unasked: as many as there are colours
MOST = 26  # runs that are listed: as many as there are letters
BRIEF = 56  # columns below which what differs is told by its values alone
VIEWS = ("all", "loss", "accuracy", "results")


class ComparePane(Pane):
    """Arrows choose a run, space lays it over the others or takes it away; the last line trains another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "run", tooltip="choose a run"),
        Binding("up", "move(-1)", "run", tooltip="choose a run"),
        Binding("home", "move(-999)", "first run", show=False),
        Binding("end", "move(999)", "last line: a new run", show=False),
        Binding("space", "overlay", "on, off", tooltip="lay the run's curve over the others, or take it away"),
        Binding("space", "train", "train", tooltip="train another run, with what the knobs say"),
        Binding("a", "train", "train", tooltip="train another run, with what the knobs say"),
        Binding("u", "stop", "stop", tooltip="stop the run"),
        Binding("v", "view", "view", tooltip="loss, accuracy, or the results alone"),
    ]
    FIRST = ("space", "a", "u", "v")
    STEERS = False  # the knobs are the next run's: what is compared keeps what it was begun with

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.plotter, self._once = Plotter(self), Once()
        off, view = self.option("off", []), self.option("view", "all")
        self.off = {str(run) for run in off} if isinstance(off, list) else set[str]()
        self.view = view if view in VIEWS else "all"
        self.at = 0
        self.shots: dict[str, Snapshot] = {}
        self.broken: dict[str, str] = {}  # runs that can not be read, and why
        self._watchers: dict[str, Watcher] = {}
        self._overlaid = -1
        self.gap: Gap | None = None  # between the losses of those that are overlaid
        self._gap_of: tuple[tuple[str, int], ...] = ()  # those runs, and how far they have come

    # The runs

    @property
    def listed(self) -> tuple[str, ...]:
        """The runs in the list, the oldest first."""
        return self.runs[-MOST:]

    @property
    def on(self) -> list[str]:
        """Those that are overlaid."""
        return [run for run in self.listed if run in self.shots and run not in self.off]

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.runs
        if shot is not None and shot.run in runs:
            self.shots[shot.run] = shot
        if runs != before:
            if not before:  # those that are too many for the colours wait to be asked for
                self.off |= set(runs[:-FIRST])
            self.runs = runs
            self.at = min(self.at, len(self.listed)) if before else len(self.listed)
            self._once.forget()
            self._watch()
        super().follow(run, shot, runs)
        self.refresh_bindings()
        self._told()

    @work(exclusive=True, group="watch")
    async def _watch(self) -> None:
        """Read the runs that nobody else reads, beside the event loop: those that have ended once."""
        while open_ones := [run for run in self.listed if self._unread(run)]:
            for run in open_ones:
                try:
                    self.shots[run] = await asyncio.to_thread(self._read, run)
                except (FastaiTuiError, OSError) as error:
                    self.broken[run] = str(error)
            self.redraw()
            self._told()
            await asyncio.sleep(BEAT)

    def _unread(self, run: str) -> bool:
        followed = self.run is not None and self.run.id == run and run in self.shots
        return run not in self.broken and not followed and not (run in self.shots and self.shots[run].ended)

    def _read(self, run: str) -> Snapshot:
        watcher = self._watchers.setdefault(run, Watcher(Run(self.services.runs.place / run)))
        shot = watcher.snapshot()
        if shot.ended:
            del self._watchers[run]
        return shot

    def _told(self) -> None:
        """Tell the screen when another number of runs is overlaid."""
        self._compare()
        if self._overlaid != (overlaid := self._count()):
            self._overlaid = overlaid
            self.changed()

    def _compare(self) -> None:
        """Find the gap anew where other runs are overlaid, or one has gone on."""
        of = tuple((run, self.shots[run].step) for run in self.on if self.shots[run].step)
        if of != self._gap_of:
            if [run for run, _ in of] != [run for run, _ in self._gap_of]:
                self.gap = None
            self._gap_of = of
            self._find_gap([Run(self.services.runs.place / run) for run, _ in of])

    @work(exclusive=True, group="gap")
    async def _find_gap(self, runs: list[Run]) -> None:
        """Read all their batches, beside the event loop."""
        try:
            self.gap = await asyncio.to_thread(between, runs)
        except (FastaiTuiError, OSError):  # the list says which of them can not be opened
            self.gap = None
        self.changed()

    def _count(self) -> int:
        return sum(bool(self.shots[run].step) for run in self.on)

    # Keys

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.shot is not None and self.shot.live
        return self.at < len(self.listed) if action == "overlay" else True

    def action_move(self, by: int) -> None:
        self.at = min(max(self.at + by, 0), len(self.listed))
        self.refresh_bindings()
        self.redraw()

    def action_overlay(self) -> None:
        self.off ^= {self.listed[self.at]}
        self._overlaid = self._count()
        self._compare()
        self.changed()

    def action_train(self) -> None:
        if self._once.first("train"):
            self.post_message(self.Train())

    def action_stop(self) -> None:
        if self._once.first("stop"):
            self.post_message(self.Steer("stop"))

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        if self.view == "loss" and self.size.width < WIDE:  # there, it is what "all" shows
            self.view = "accuracy"
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        words = self._apart(brief=sheet.width < WIDE)
        if words and sheet.height > LEAST:
            sheet.put(sheet.height - 1, 0, fit(words, sheet.width), "strong")
            self._draw(sheet, sheet.height - 1)
            return
        if words:
            sheet.leave_out("how far the losses lie apart")
        self._draw(sheet, sheet.height)

    def _draw(self, sheet: Sheet, height: int) -> None:
        """The curves and the list, in the first rows of the sheet."""
        lines = len(self.listed) + 2
        room = height - min(lines, max(height // 3, 4))
        if self.view == "results" or room < LEAST:
            if self.view != "results":
                sheet.leave_out("the curves")
            self._list(sheet, Area(0, 0, sheet.width, height))
            return
        for name, area in self._places(Area(0, 0, sheet.width, room)):
            self._plot(sheet, area, name)
        self._list(sheet, Area(room, 0, sheet.width, height - room))

    def _places(self, area: Area) -> list[tuple[str, Area]]:
        if self.view != "all":
            return [(self.view, area)]
        if area.width < WIDE:
            return [("loss", area)]
        left = area.width * 3 // 5
        right = Area(area.row, area.column + left + 1, area.width - left - 1, area.height)
        return [("loss", area._replace(width=left)), ("accuracy", right)]

    def _plot(self, sheet: Sheet, area: Area, name: str) -> None:
        wanted = LOSSES if name == "loss" else frozenset({"accuracy"})
        if wanted & self.hidden or not self.on:
            words = "? (predict it first)" if self.on else "No run is chosen: space lays one here."
            sheet.put(area.row, area.column, fit(name, area.width), "strong")
            sheet.put(area.row + 1, area.column, fit(words, area.width), "dim")
            return
        runs, numbers = self._series(name), [self.listed.index(run) for run in self.on]
        runs, limit = comparing.cut(runs) if name == "loss" else (runs, None)
        title = "accuracy after each epoch" if name != "loss" else f"smoothed loss{', cut off' if limit else ''}"

        def make(look: Look, width: int, height: int) -> list[str]:
            zoomed = name != "loss"
            return plots.overlaid(
                runs, width=width, height=height, title=title, look=look, numbers=numbers, zoomed=zoomed, limit=limit
            )

        data = tuple((run, self.shots[run].step, self.shots[run].epochs_done) for run in self.on)
        self.plotter.show(sheet, area, make, name=name, view=tuple(self.on), data=data)

    def _series(self, name: str) -> comparing.Curves:
        found: comparing.Curves = []
        for shot in (self.shots[run] for run in self.on):
            if name == "loss":
                found.append(("", shot.curve.steps, shot.curve.smooth))
            else:
                values = [(row.epoch, dict(row.metrics).get("accuracy")) for row in shot.table]
                known = [(float(epoch), value) for epoch, value in values if value is not None]
                found.append(("", [epoch for epoch, _ in known], [value for _, value in known]))
        return found

    def _list(self, sheet: Sheet, area: Area) -> None:
        """The legend and the results in one: a line a run, and one for a run to come."""
        rows = max(area.height - 1, 1)
        first = min(max(self.at - rows // 2, 0), max(len(self.listed) + 1 - rows, 0))
        if rows <= len(self.listed):
            sheet.leave_out("some runs")
        shots = [self.shots[run] for run in self.listed if run in self.shots]
        head, *lines = comparing.table(shots, self.hidden, brief=area.width < BRIEF)
        told = dict(zip([run for run in self.listed if run in self.shots], lines, strict=True))
        widths = _widths([head, *lines], area.width - 7)
        for shown, name in ((widths[2], "the epochs"), (widths[3], "the losses")):
            if not shown:
                sheet.leave_out(name)
        sheet.put(area.row, area.column + 7, _columns(head, widths), "dim")
        for i in range(first, min(first + rows, len(self.listed) + 1)):
            self._line(sheet, area.row + 1 + i - first, area, i, told, widths)

    def _line(
        self, sheet: Sheet, row: int, area: Area, at: int, told: dict[str, tuple[str, ...]], widths: Sequence[int]
    ) -> None:
        style: Style = "cursor" if at == self.at else "plain"
        if at >= len(self.listed):
            sheet.put(row, area.column, fit("  + another run, with the knobs' values", area.width), style)
            return
        run = self.listed[at]
        words = _columns(told[run], widths) if run in told else self._instead(run)
        sheet.put(row, area.column, fit(f"[{'x' if run in self.on else ' '}]    {words}", area.width), style)
        if run in self.on:
            colours = sheet.sight.depth != "none"
            mark = ("──" if sheet.sight.unicode else "--") if colours else f"{plots.series_letter(at)} "
            sheet.put(row, area.column + 4, mark, Paint(plots.series_colour(at), bold=True) if colours else style)
        elif run in self.shots and self.shots[run].phase in ("failed", "diverged", "lost") and at != self.at:
            sheet.paint(row, area.column, area.width, mood(self.shots[run]))

    def _instead(self, run: str) -> str:
        """A run that can not be read, or has not been yet; the list of runs tells the whole reason."""
        return f"{comparing.short(run)} {'can not be opened (r tells why)' if run in self.broken else '…'}"

    # In words

    def measured(self) -> Measured:
        found: dict[str, float | str] = {"overlaid": self._count()}
        ended = all(self.shots[run].ended for run, _ in self._gap_of)  # the first batches of two runs are often alike
        return found | ({"gap": self.gap.largest} if self.gap is not None and ended else {})

    def _apart(self, brief: bool) -> str:
        """How far the losses of the overlaid runs lie apart, in words; nothing where there are not two."""
        if self.gap is None:
            return ""
        secret = bool((LOSSES | {"accuracy", "gap"}) & self.hidden)
        return comparing.gap_in_words(self.gap, brief=brief, secret=secret)

    def kept(self) -> State:
        return {"off": sorted(self.off & set(self.listed)), "view": self.view}

    def command(self) -> Sequence[str]:
        step = self.scene.step
        if step.run is None:
            return ()
        try:
            seed = orders.seed_for(orders.job_of(step, self.knobs), self.runs, self.services.runs)
        except FastaiTuiError:  # the command says itself what is wrong with it
            seed = step.run.seed
        return orders.command_of(step, self.knobs, seed=seed)

    def sentence(self) -> str:
        if not self.on:
            return "No run is overlaid yet."
        head, *lines = comparing.table([self.shots[run] for run in self.on], self.hidden)
        told = [", ".join(f"{name or 'is'} {value}" for name, value in zip(head, line, strict=True) if value)
                for line in lines]  # fmt: skip
        return f"{len(lines)} runs are overlaid. {'; '.join(told)}. {self._apart(brief=False)}".rstrip()


def _widths(lines: Sequence[tuple[str, ...]], width: int) -> list[int]:
    """The columns' widths; what matters least (the time, the losses, the epochs) goes where there is no room, and what
    differs gets what is left."""
    widths = [max(len(line[i]) for line in lines) for i in range(8)]
    for least in (6, 2, 3, 4):
        if sum(w + 1 for w in widths if w) - 1 > width and sum(w + 1 for w in widths if w) - widths[1] > width - 12:
            widths[least] = 0
    others = sum(w + 1 for i, w in enumerate(widths) if w and i != 1)
    widths[1] = max(min(widths[1], width - others), 0)
    return widths


def _columns(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = [fit(text, w) if i in (0, 1, 7) else text.rjust(w) for i, (text, w) in
             enumerate(zip(line, widths, strict=True)) if w]  # fmt: skip
    return " ".join(cells)
