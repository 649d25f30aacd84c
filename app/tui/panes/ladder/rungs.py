"""What the ladder and the road have in common: rows, each with a run of its own, found, trained and followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.text import plural
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.following import BEAT
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.common.running import RunPane
from fastai_tui.app.tui.panes.ladder import rung_drawing, rung_rows, rung_words
from fastai_tui.app.tui.panes.ladder.rung_drawing import Shown
from fastai_tui.app.tui.panes.ladder.rung_runs import RungRuns
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.lessons.rungs import REAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.panes.ladder.rung_rows import Row
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State
    from fastai_tui.lessons.rungs import Rung
    from fastai_tui.lessons.schema import Step


class RungsPane(RunPane):
    """A subclass says which rungs there are, its columns, its title, and what it measures beside `common`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "row", tooltip="choose a row"),
        Binding("up", "move(-1)", "row", tooltip="choose a row"),
        Binding("home", "move(-999)", "first row", show=False),
        Binding("end", "move(999)", "last row", show=False),
        Binding("a", "every", "train all", tooltip="train all rows that are not, one after the other"),
        Binding("a", "enough", "no more", tooltip="let this run be the last"),
        Binding("v", "view", "bars", tooltip="what the bars show"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "u", "p", "v")
    STEERS = False  # what is compared keeps what it was begun with
    COLUMNS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.pulse = beginning.Pulse(self)
        self.found = RungRuns(scene.services.runs)
        self.described: dict[str, int] = {}  # rung → parameters, where the lab has told
        self.data = ""
        self.rungs = self.rungs_on("")
        self.jobs: list[Job | None] = []
        self.errors: list[str] = []  # why a rung can not be trained
        self.order()
        names = tuple(rung.name for rung in self.rungs)
        self.view = one_of(self.COLUMNS, self.option("view"))
        self.at = whole(scene.kept.get("at"), len(self.rungs) - 1)
        self.seen = {*_words(scene.kept.get("seen"), names), names[self.at]}
        self.views = {*_words(scene.kept.get("views"), self.COLUMNS), self.view}
        self.all = False  # train what is missing, one run after the other
        self._tried: list[str] = []  # rungs that were begun for that,
        self._newest = ""  # and the newest run of those
        self._awaited = beginning.Awaited(self, self.action_enough)
        self._ready = False  # all runs of the chapter have been looked at
        self._told: object = None

    def rungs_on(self, data: str) -> tuple[Rung, ...]:
        """The rungs, as they are trained on these data."""
        raise NotImplementedError

    def title(self) -> str:
        """What the table is of."""
        raise NotImplementedError

    # What would be trained

    def order(self) -> None:
        super().order()
        self.data = self.job.data if self.job is not None else ""
        self.rungs = self.rungs_on(self.data)
        pairs = [self._job(rung) for rung in self.rungs]
        self.jobs, self.errors = [job for job, _ in pairs], [error for _, error in pairs]

    def _job(self, rung: Rung) -> tuple[Job | None, str]:
        if rung.closed:
            return None, f"{rung.closed}."
        try:
            return orders.job_of(self.step_of(rung), {}), ""
        except FastaiTuiError as error:
            return None, str(error)

    def step_of(self, rung: Rung) -> Step:
        """The step, as if it asked for that rung alone."""
        step = self.scene.step
        if step.run is None:
            return step
        settings = {**orders.chosen(step, self.knobs), **rung.key, **rung.set}
        return msgspec.structs.replace(step, run=msgspec.structs.replace(step.run, set=settings), knobs=())

    # The runs

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rungs with their runs."""
        return self.found.rows(self.rungs, self.jobs, self.described)

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.shot.run if self.shot else ""
        super().follow(run, shot, runs)
        self.found.listed = self.chapter_runs
        if shot is not None:
            self.found.shots[shot.run] = shot
            if shot.run != before and self._awaited.row >= 0:
                self._newest = shot.run
                self._awaited.came()
        self._ready = False
        self._watch()
        self._tell()

    @work(exclusive=True, group="watch")
    async def _watch(self) -> None:
        """Read the chapter's runs, beside the event loop: those that are over once."""
        await asyncio.to_thread(self.found.learn)
        while wanted := self.found.wanted(self.rungs, self.jobs, self.shot.run if self.shot else ""):
            if not await asyncio.to_thread(self.found.read, wanted):  # all of them go on
                self._looked()
                await asyncio.sleep(BEAT)
        self._looked()

    def _looked(self) -> None:
        self._ready = True
        self._tell()

    def _tell(self) -> None:
        """Draw, tell the screen what is measured anew, and go on with the next rung if all are wanted."""
        if not self.is_attached:
            return
        self.redraw()
        if self._told != (told := dict(self.measured())):
            self._told = told
            self.refresh_bindings()
            self.changed()
        if self.all and self._ready:
            self._go_on()

    def _go_on(self) -> None:
        """Begin the next one, if the one before has ended well."""
        last = self.found.shots.get(self._newest)
        if self._awaited.row >= 0 or (self.ours is not None and not self.ours.ended) or (last and not last.ended):
            return
        missing = [] if last is not None and last.phase != "finished" else self._missing()
        if missing:
            self._tried.append(self.rungs[missing[0]].name)
            self._train(missing[0])
        else:
            self.action_enough()

    def untrained(self) -> list[int]:
        """The rows that could be trained, and have not been."""
        return [i for i, row in enumerate(self.rows) if not self.errors[i] and not row.trained]

    def _missing(self) -> list[int]:
        """The rows that are to be trained, if all are: what has failed once would fail again."""
        return [i for i in self.untrained() if self.rungs[i].name not in self._tried]

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "every":
            return not self.all and any(not row.trained and not row.rung.closed for row in self.rows)
        return self.all if action == "enough" else super().check_action(action, parameters)

    def action_move(self, by: int) -> None:
        self.at = min(max(self.at + by, 0), len(self.rungs) - 1)
        self.seen.add(self.rungs[self.at].name)
        self.changed()

    def action_view(self) -> None:
        self.view = self.COLUMNS[(self.COLUMNS.index(self.view) + 1) % len(self.COLUMNS)]
        self.views.add(self.view)
        self.changed()

    def action_train(self) -> None:
        if self.errors[self.at]:
            self.say(self.errors[self.at])
        elif self._awaited.row < 0 and self.once.first("train"):
            self._train(self.at)

    def _train(self, at: int) -> None:
        self._newest = ""
        self._awaited.ask(at)
        self.post_message(self.Train(self.step_of(self.rungs[at]).run))
        self.changed()

    def action_every(self) -> None:
        self._tried, self._newest = [], ""
        self.all = True
        self.say("Whatever is not trained is now, one run after the other, as long as this page is open.")
        self.refresh_bindings()
        self._tell()

    def action_enough(self) -> None:
        self.all = False
        self.refresh_bindings()
        self.changed()

    def action_steer(self, do: str) -> None:
        if do == "stop":
            self.all = False
        super().action_steer(do)

    # The picture

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        rows = self.rows
        note, mood = self._note(rows[self.at])
        return Shown(
            rows=rows,
            at=self.at,
            columns=self.COLUMNS,
            view=self.view,
            title=self.title(),
            course=any(rung.course for rung in self.rungs) and self.data == REAL,
            hidden=self.hidden,
            note=note,
            mood=mood,
            begins=self._awaited.row,
            pulse=self.pulse.sign(self.app.sight.unicode) if self.is_attached else "",  # type: ignore[attr-defined]
        )

    def _note(self, row: Row) -> tuple[str, Role]:
        """What space does, or why it does nothing."""
        if self.ours is not None and self.ours.phase == "paused":
            return "Paused: space goes on.", "warn"
        if self._awaited.row >= 0 or (self.ours is not None and not self.ours.ended):
            more = f", then {plural(len(self._missing()), 'run')} more" if self.all and self._missing() else ""
            return f"It trains{more}. u stops it." if self._awaited.row < 0 else "The run begins.", "accent"
        if error := self.errors[self.at]:
            return error, "warn" if row.rung.closed else "bad"
        if row.failure:
            return f"{row.failure} space tries again.", "bad"
        missing, again = len(self._missing()), " again" if row.trained and not row.differs else ""
        others = f"; a: all {missing} that are missing" if missing > 1 else ""
        return f"space trains {row.rung.name}{again}{others}.", "accent"

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self._awaited.row >= 0 or beginning.begins(self.ours))
        rung_drawing.draw(sheet, self.plotter, self.shown)

    # What it says of itself

    def common(self, rows: Sequence[Row], prefix: str) -> dict[str, float | str]:
        """What both measure, those of the row at the cursor with a prefix."""
        row, best = rows[self.at], rung_rows.best(rows)
        found: dict[str, float | str | None] = {
            prefix: row.rung.name,
            "rows": sum(not each.closed for each in self.rungs),
            "trained": sum(each.trained for each in rows),
            "visited": len(self.seen),
            "running": int(any(each.live for each in rows)),
            "view": self.view,
            "views": len(self.views),
            f"{prefix}_accuracy": row.accuracy,
            f"{prefix}_loss": row.loss,
            f"{prefix}_seconds": row.seconds,
            "gain": rung_rows.gain(rows, self.at),
            "best_accuracy": best.accuracy if best else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def measured(self) -> Measured:
        raise NotImplementedError

    def kept(self) -> State:
        return {"at": self.at, "view": self.view, "seen": [*sorted(self.seen)], "views": [*sorted(self.views)]}

    def sentence(self) -> str:
        return rung_words.sentence(self.shown)

    def command(self) -> Sequence[str]:
        row = self.rows[self.at]
        if row.shot is not None and row.live:
            return ["watch", row.shot.run]
        return orders.command_of(self.step_of(row.rung), {}) if self.scene.step.run and not row.rung.closed else ()


def _words(value: object, among: Sequence[str]) -> set[str]:
    """Of words that were kept, those that mean something."""
    return {str(one) for one in value if one in among} if isinstance(value, list) else set()
