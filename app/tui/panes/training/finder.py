"""The pane of the learning rate finder: its curve while it grows, what it suggests, and proof that it left no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app import rate_finding
from fastai_tui.app.rate_finding import Finding
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common import rate_asked
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.training import finder_drawing, finder_rungs
from fastai_tui.app.tui.panes.training.finder_drawing import HIDING, Shown
from fastai_tui.app.tui.panes.training.finder_kept import KeptCurvesPane
from fastai_tui.app.tui.panes.training.finder_rungs import KNOB
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.suggestions import NAMES
from fastai_tui.engine.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

VIEWS = ("curve", "proof")


class FinderPane(KeptCurvesPane):
    """Space starts and stops the finder; arrows point at the curve, brackets at what it suggests."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "find", "find", tooltip="let the rate rise, with what the knobs say"),
        Binding("space", "stop", "stop", tooltip="stop the finder"),
        Binding("left", "move(-1)", "rate", tooltip="a batch to the left"),
        Binding("right", "move(1)", "rate", tooltip="a batch to the right"),
        Binding("home", "move(-99999)", "first batch", show=False),
        Binding("end", "move(99999)", "last batch", show=False),
        Binding("left_square_bracket", "mark(-1)", "suggestion", tooltip="the suggestion before"),
        Binding("right_square_bracket", "mark(1)", "suggestion", tooltip="the next suggestion"),
        Binding("v", "view", "view", tooltip="the curve, or the proof that nothing was moved"),
        Binding(
            "m", "restore", "put back", tooltip="as it is after putting everything back, or as it would be without"
        ),
        Binding("z", "forget", "forget", tooltip="forget this curve"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "left_square_bracket", "right_square_bracket", "v", "m")
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.plotter, self.pulse = Plotter(self), Pulse(self)
        self.views = ("curve", "rungs", "proof") if self.rungs.names else VIEWS
        view = self.option("view", "curve")
        self.view = view if view in self.views else "curve"
        self.busy, self.restored, self.finished = False, True, 0
        self.cursor: int | None = None  # a point; without one it is the last
        self.at_mark = ""
        self.job: Job | None = None
        self.sweep = Sweep()
        self.trouble = ""

    def on_mount(self) -> None:
        super().on_mount()
        self._order()

    def turned(self, knob: str, value: Value) -> None:
        self._order()
        if knob == KNOB and self.rungs.names:
            self._take_rung()
        self.changed()

    def _take_rung(self) -> None:
        """Another network's curve, if it has been found; what is being found is for the one before."""
        if self.busy:
            self.action_stop()
        self.recall()
        self.cursor, self.at_mark = None, ""
        self.refresh_bindings()

    def _order(self) -> None:
        """What space would find now."""
        try:
            self.sweep = _sweep(self.knobs)
            self.job, self.trouble = orders.job_of(self.scene.step, self.knobs), ""
        except FastaiTuiError as error:
            self.job, self.trouble = None, str(error)

    # The finder

    def action_find(self) -> None:
        if self.job is None:
            self.say(self.trouble)
            return
        self.asked = self.job, self.sweep
        self.finding, self.busy, self.cursor, self.at_mark = Finding(self.sweep), True, None, ""
        self._find(self.job, self.sweep)
        self._tell()

    @work(exclusive=True, group="finder", exit_on_error=True)
    async def _find(self, job: Job, sweep: Sweep) -> None:
        """Have it found, until it is done or nobody waits any more."""
        try:
            await rate_asked.find(self.services.lab, job, sweep, self._grow)
        except FastaiTuiError as error:
            self.finding, self.trouble = None, str(error)
            self.say(self.trouble)
        self.busy = False
        self._tell()

    def _grow(self, finding: Finding) -> None:
        self.finding = finding
        if finding.done:
            self.finished += 1
            self.remember()
        self.changed()

    def action_stop(self) -> None:
        self.workers.cancel_group(self, "finder")
        self.busy = False
        self.say("Stopped: the curve ends where it was, and everything is as before.")
        self._tell()

    def action_forget(self) -> None:
        self.forget()
        self.cursor, self.at_mark = None, ""
        self._tell()

    def _tell(self) -> None:
        """Draw, and have the keys that matter shown anew."""
        self.refresh_bindings()
        self.changed()

    # Looking at it

    @property
    def point(self) -> int | None:
        """The point that the cursor is on."""
        count = len(self.finding.rates) if self.finding else 0
        return None if not count else count - 1 if self.cursor is None else min(self.cursor, count - 1)

    @property
    def marked(self) -> str:
        """The suggestion that the cursor is on: the one it was sent to, or the first of those nearest to its point."""
        if self.finding is None or self.point is None:
            return ""
        here = [one.name for one in self._seen() if one.rate and self._nearest(one.rate) == self.point]
        return self.at_mark if self.at_mark in here else here[0] if here else ""

    def _seen(self) -> list[Any]:
        """The suggestions that the learner may see, in the order of their rates."""
        gone = finder_drawing.unmarked(self.hidden)
        found = [one for one in self.finding.suggestions if one.name not in gone] if self.finding else []
        return sorted(found, key=lambda one: one.rate or 0.0)

    def _nearest(self, rate: float) -> int:
        rates = self.finding.rates if self.finding else ()
        return min(
            range(len(rates)), key=lambda i: abs(rates[i] / rate - 1 if rates[i] > rate else rate / rates[i] - 1)
        )

    def action_move(self, by: int) -> None:
        if self.finding is None or self.point is None:
            return
        self.at_mark = ""
        self.cursor = min(max(self.point + by, 0), len(self.finding.rates) - 1)
        self.changed()

    def action_mark(self, by: int) -> None:
        seen = self._seen()
        if not seen:
            return
        names = [one.name for one in seen]
        now = self.marked
        if now in names:
            at = (names.index(now) + by) % len(names)
        else:
            here = self.finding.rates[self.point or 0] if self.finding else 0.0
            ahead = [i for i, one in enumerate(seen) if ((one.rate or 0.0) > here) == (by > 0)]
            at = (ahead or range(len(seen)))[0 if by > 0 else -1]
        self.at_mark, self.cursor = names[at], self._nearest(seen[at].rate or 1.0)
        self.changed()

    def action_view(self) -> None:
        self.view = self.views[(self.views.index(self.view) + 1) % len(self.views)]
        self._tell()

    def action_restore(self) -> None:
        self.restored = not self.restored
        self.view = "proof"
        self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        there = self.finding is not None and bool(self.finding.rates)
        if action in ("find", "stop"):
            return self.busy == (action == "stop")
        if action == "rung":
            return bool(self.rungs.names)
        if action == "move":
            return there and self.view == "curve"
        if action == "mark":
            return bool(self._seen()) and self.view == "curve"
        if action == "restore":
            return self.finding is not None and self.finding.done
        return there and not self.busy if action == "forget" else True

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()

    # What it says of itself

    def measured(self) -> Measured:
        found: dict[str, float | str] = {"done": 0, "runs": self.finished, "points": 0, "view": self.view}
        found |= self.rungs.measured(self.rung)
        finding, point = self.finding, self.point
        if finding is None or point is None:
            return found
        best = finding.lowest
        found |= {
            "points": len(finding.rates),
            "last_rate": finding.rates[-1],
            "end": finding.sweep.end,
            "stop": finding.sweep.stop,
            "marked": self.marked or "none",
            "rate": self._rate_here(finding, point),
            "loss": finding.smooth[point],
        }
        if best is not None:
            found |= {"best_loss": finding.smooth[best], "best_rate": finding.rates[best]}
        return found | (self._measured_at_the_end(finding) if finding.done else {})

    def _rate_here(self, finding: Finding, point: int) -> float:
        """The rate at the cursor: a suggestion's own, where it is on one."""
        rates = {one.name: one.rate for one in finding.suggestions}
        return rates.get(self.marked) or finding.rates[point]

    def _measured_at_the_end(self, finding: Finding) -> dict[str, float | str]:
        differing = finding.differing(restored=self.restored)
        # A proof that is not shown yet has not been read
        proof = {} if {"same", "differ"} & self.hidden else {"same": int(not differing), "differ": len(differing)}
        stopped = finding.last is not None and finding.last.stopped_early
        rates = {one.name: one.rate for one in finding.suggestions if one.rate is not None}
        return {
            "done": 1, "stopped": int(stopped), "restored": int(self.restored), **proof, **rates,
        }  # fmt: skip

    def kept(self) -> State:
        return {"view": self.view}

    def sentence(self) -> str:
        finding, gone = self.finding, self.hidden
        if finding is None or self.asked is None:
            return self.trouble or finder_drawing.invitation(self.sweep)
        if not finding.done:
            return f"{'The finder is at' if self.busy else 'Stopped at'} {rate_finding.progress(finding)}."
        told = {name: f"{name} {words}" for name, words in rate_finding.sentences(finding)}
        for name in NAMES:
            if name in finder_drawing.unmarked(gone):
                told[f"{rate_finding.MARKS[name]} {name}"] = f"{name} ?"
        for what, names in HIDING.items():
            if names & gone:
                told[what] = f"{what} ?"
        own = ". ".join(words.rstrip(".") for words in told.values()) + "."
        return f"{own} {finder_rungs.sentence(self.rungs.known(self.rung), gone)}".strip()

    def command(self) -> Sequence[str]:
        if not self.scene.step.run:
            return ()
        words, usual = orders.command_of(self.scene.step, self.knobs, "lr-find"), Sweep()
        for name in ("start", "end", "batches", "stop"):
            if (value := getattr(self.sweep, name)) != getattr(usual, name):
                words += [f"--{name}", f"{value:g}"]
        return words

    def code(self) -> str:
        return self.scene.step.code or "engine.finder:Finder"

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.busy and not (self.finding and self.finding.rates))
        note = self.trouble
        if not note and self.asked is not None and not self.busy and self.asked != (self.job, self.sweep):
            note = "The knobs have moved: space finds with what they say now."
        shown = Shown(
            finding=self.finding,
            job=self.asked[0] if self.asked else self.job,
            sweep=self.asked[1] if self.asked else self.sweep,
            busy=self.busy,
            sign=self.pulse.sign(sheet.sight.unicode),
            cursor=self.point,
            marked=self.marked,
            restored=self.restored,
            hidden=self.hidden,
            note=note,
        )
        if self.view == "rungs":
            top, known = finder_drawing.head(sheet, shown), self.rungs.known(self.rung, self.finding)
            finder_rungs.draw(sheet, top, known, self.rung, self.rungs.names, self.hidden, self.plotter)
        else:
            (finder_drawing.curve if self.view == "curve" else finder_drawing.proof)(sheet, shown, self.plotter)


def _sweep(knobs: Any) -> Sweep:
    """What the knobs say; what they do not say, or in a word that is no number, is as usual. Raises `BadInput`."""
    usual = Sweep()
    given = {name: knobs.get(name) for name in ("start", "end", "batches", "stop")}
    numbers = {name: value for name, value in given.items() if isinstance(value, (int, float))}
    found = {name: float(value) for name, value in numbers.items() if name != "batches"}
    return Sweep(**found, batches=int(numbers.get("batches", usual.batches))).checked()
