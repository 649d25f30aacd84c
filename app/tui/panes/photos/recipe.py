"""The pane of the recipe: eight lines that are carried out one after the other, ticked off as runs and finders end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common import beginning, rate_asked, typed_drawing
from fastai_tui.app.tui.panes.common.playing import whole
from fastai_tui.app.tui.panes.common.running import RunPane
from fastai_tui.app.tui.panes.common.typed import as_line
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.photos import recipe_drawing, recipe_rows, recipe_words
from fastai_tui.app.tui.panes.photos.recipe_drawing import Shown
from fastai_tui.app.tui.panes.photos.recipe_lines import RecipeLines
from fastai_tui.app.tui.panes.photos.recipe_rows import Row
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.sweep import Sweep
from fastai_tui.lessons.recipe import COUNT, DATA, LINES, STAND_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.rate_finding import Finding
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

TYPED = "A folder of photos, a folder per class:"


class RecipePane(TypingPane, RecipeLines):
    """The line at the cursor is `at`; `finding` is the finder's curve while it grows, for the line `finds` (-1: none),
    and `folder` the learner's own photos."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *RunPane.BINDINGS,  # a key that is bound here again would lose what it does there
        Binding("space", "find", "find", tooltip="let the rate rise, for this line"),
        Binding("down", "move(1)", "line", tooltip="choose a line"),
        Binding("up", "move(-1)", "line", tooltip="choose a line"),
        Binding("home", "move(-999)", "first line", show=False),
        Binding("end", "move(999)", "last line", show=False),
        Binding("j", "open", "next open", tooltip="the next line that is not ticked off"),
        Binding("k", "data(1)", "data", tooltip="dogs and cats, 120 breeds, coloured digits, your folder"),
        Binding("K", "data(-1)", "data before", show=False),
        Binding("e", "edit", "own photos", tooltip="type the path of a folder of photos; ctrl+u empties the line"),
        Binding("u", "leave_off", "stop", tooltip="stop the finder"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "u", "k", "e", "j", "p")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.pulse = beginning.Pulse(self)
        self.folder = as_line(scene.kept.get("folder"))
        self.at = whole(scene.kept.get("at"), COUNT - 1)
        seen = scene.kept.get("seen")
        self.seen = {*(n for n in seen if type(n) is int and 0 <= n < COUNT)} if isinstance(seen, list) else set()
        self.finds = -1
        self.finding: Finding | None = None
        self._awaited = beginning.Awaited(self, self.changed)
        self._doing = -1  # the line that was begun here last
        self._moved = "at" in scene.kept  # until then the cursor waits at the first open line
        self._told: object = None

    # The runs

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.shot.run if self.shot else ""
        super().follow(run, shot, runs)
        if shot is not None:
            self.runs_read.shots[shot.run] = shot
            if shot.run != before:
                self._awaited.came()
        if shot is None or shot.ended or shot.run != before:
            self.look()
        self.told()

    def told(self) -> None:
        """Draw, go on to the next line where one has come to its end, and tell the screen what is measured anew."""
        if not self.is_attached:
            return
        rows = self.rows
        if not self._moved and not self._busy:
            self.at = recipe_rows.open_after(rows, COUNT - 1)
        if self._doing >= 0 and rows[self._doing].done and not self._busy:
            self.at = recipe_rows.open_after(rows, self._doing) if self.at == self._doing else self.at
            self._doing = -1
        self.seen.add(self.at)
        self.redraw()
        if self._told != (told := dict(self.measured())):
            self._told = told
            self.refresh_bindings()
            self.changed()

    # Keys

    @property
    def _busy(self) -> bool:
        """Does a line go on that was begun here?"""
        shot = self.ours
        return self.finds >= 0 or self._awaited.row >= 0 or (shot is not None and (shot.live or shot.phase == "new"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.line is None:
            if action in ("train", "find"):
                return not self._busy and LINES[self.at].finds == (action == "find")
            if action == "leave_off" or (self.finds >= 0 and action == "steer"):
                return self.finds >= 0 and action == "leave_off"
            if action == "open":
                return not all(row.done for row in self.rows)
        return super().check_action(action, parameters)

    def turned(self, knob: str, value: object) -> None:
        self.order()
        self.told()

    def action_move(self, by: int) -> None:
        self._go(min(max(self.at + by, 0), COUNT - 1))

    def action_open(self) -> None:
        self._go(recipe_rows.open_after(self.rows, self.at))

    def _go(self, at: int) -> None:
        self.at, self._moved = at, True
        self.seen.add(at)
        self.refresh_bindings()
        self.changed()

    def action_train(self) -> None:
        if self.errors[self.at]:
            self.say(self.errors[self.at])
        elif self._awaited.row < 0 and self.once.first("train"):
            self._doing = self.at
            self._awaited.ask(self.at)
            self.post_message(self.Train(self.step_of(self.at + 1).run))
            self.changed()

    def action_find(self) -> None:
        job = self.jobs[self.at]
        if job is None:
            self.say(self.errors[self.at])
        elif self.finds < 0:
            self.finds = self._doing = self.at
            self._find(job)
            self.refresh_bindings()
            self.changed()

    @work(exclusive=True, group="finder", exit_on_error=True)
    async def _find(self, job: Job) -> None:
        """Have a rate found, until it is done or nobody waits any more."""
        try:
            await rate_asked.find(self.services.lab, job, Sweep(), self._grow)
        except FastaiTuiError as error:
            self.say(str(error))
        else:
            self._remember(job)
        self._rest()

    def _grow(self, finding: Finding) -> None:
        self.finding = finding
        self.redraw()

    def _remember(self, job: Job) -> None:
        """What it has suggested is kept, and is the rate from now on."""
        assert self.finding is not None
        found = self.suggested(self.finding, job)
        self.found = (*self.found, *found)[-recipe_rows.KEPT :]
        for rate in [each.rate for each in found if each.rate > 0]:
            if self._turns(rate):
                self.post_message(self.Turn("lr", rate))
            else:
                self.say(f"{rate:g} is out of the knob's bounds: the curve hardly falls. The rate stays {self.rate:g}.")

    def _turns(self, rate: float) -> bool:
        """Does the step's knob go so far?"""
        knob = next((knob for knob in self.scene.step.knobs if knob.setting == "lr"), None)
        low, high = (knob.low, knob.high) if knob else (None, None)
        return (low is None or rate >= low) and (high is None or rate <= high)

    def _rest(self) -> None:
        self.finds, self.finding = -1, None
        self.refresh_bindings()
        self.told()
        self.changed()

    def action_leave_off(self) -> None:
        self.workers.cancel_group(self, "finder")
        self.say("Stopped: the line stays open, and the network is as before.")
        self._doing = -1
        self._rest()

    # The data

    def action_data(self, by: int) -> None:
        names = [*DATA, *([self.folder] if self.folder else [])]
        now = names.index(self.data) if self.data in names else len(names) - 1
        self._take(names[(now + by) % len(names)])

    def before_typing(self) -> str:
        return self.folder

    def take(self, text: str) -> None:
        if text.strip():
            self.folder = os.path.abspath(os.path.expanduser(text.strip()))
            self._take(self.folder)

    def _take(self, data: str) -> None:
        if self.finds >= 0:
            self.action_leave_off()
        self.wanted, self._doing = data, -1
        self.order()
        self._go(recipe_rows.open_after(self.rows, COUNT - 1))
        self._moved = False
        self.look()

    # The picture

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        rows, shots = self.rows, self.runs_read.of(self.data)
        newest = recipe_rows.newest(shots)
        note, mood = self._note(rows[self.at])
        return Shown(
            rows=rows,
            at=self.at,
            data=self.data,
            accuracy=recipe_rows.accuracy(newest),
            loss=recipe_rows.loss(newest),
            best=recipe_rows.best(shots),
            begins=self._awaited.row,
            finds=self.finds,
            finding=self.finding,
            hidden=self.hidden,
            note=note,
            mood=mood,
            command=self.command(),
            pulse=self.pulse.sign(self.app.sight.unicode) if self.is_attached else "",  # type: ignore[attr-defined]
        )

    def _note(self, row: Row) -> tuple[str, Role]:
        """What space does, or why it does nothing."""
        if self.ours is not None and self.ours.phase == "paused":
            return "Paused: space goes on.", "warn"
        if self._busy:
            return "The run begins." if self._awaited.row >= 0 else "u stops it.", "accent"
        if error := self.errors[self.at]:
            return error, "bad"
        if row.failure:
            return f"{row.failure} space tries again.", "bad"
        does = "finds a rate" if row.line.finds else f"does line {row.number}"
        left = sum(not each.done for each in self.rows)
        return f"space {does}{' again' if row.done else ''}{'' if left else '; all eight are done'}.", "accent"

    def draw(self, sheet: Sheet) -> None:
        if self.line is not None and sheet.height:
            typed_drawing.draw(sheet, self.line, TYPED)
            return
        shown = self.shown
        self.pulse.beat(self.finds >= 0 or self._awaited.row >= 0 or any(row.live for row in shown.rows))
        recipe_drawing.draw(sheet, self.plotter, shown)

    # What it says of itself

    def measured(self) -> Measured:
        rows, shots = self.rows, self.runs_read.of(self.data)
        ticked, newest = sum(row.done for row in rows), recipe_rows.newest(shots)
        found: dict[str, float | str | None] = {
            "line": self.at + 1,
            "visited": len(self.seen),
            "ticked": ticked,
            "whole": int(ticked == COUNT),
            "running": int(self.finds >= 0 or any(row.live for row in rows)),
            "data": self.data,
            "stand_in": int(self.data == STAND_IN),
            "own": int(self.data not in DATA),
            "accuracy": recipe_rows.accuracy(newest),
            "loss": recipe_rows.loss(newest),
            "best": recipe_rows.best(shots) if ticked == COUNT else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def kept(self) -> State:
        return {
            "at": self.at,
            "seen": [*sorted(self.seen)],
            "data": self.wanted,
            "folder": self.folder,
            "found": recipe_rows.kept(self.found),
        }

    def sentence(self) -> str:
        return recipe_words.sentence(self.shown)

    def command(self) -> Sequence[str]:
        if self.scene.step.run is None:
            return ()
        return orders.command_of(self.step_of(self.at + 1), {}, "lr-find" if LINES[self.at].finds else "train")

    def code(self) -> str:
        return self.scene.step.code or "engine.photo_network:network"
