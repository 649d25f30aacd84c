"""The pane of the weights that a run keeps as it goes: what each is worth, and what all cycles' are together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.kept import Weights, kept
from fastai_tui.app.sentences import last_line, notice
from fastai_tui.app.text import plural
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import beginning, run_picture
from fastai_tui.app.tui.panes.training import schedule_drawing as schedule
from fastai_tui.app.tui.panes.training import snapshots_drawing as drawing
from fastai_tui.app.tui.panes.training.course import CoursePane
from fastai_tui.app.tui.panes.training.snapshots_drawing import Album, Score
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

PAUSE = 1.0  # seconds between two looks at a folder that a run writes to
TALL = 14  # rows from which the run's progress and numbers have room
Key = tuple[str, str, int]  # run, file, when it was written


class SnapshotsPane(CoursePane):
    """The arrows choose a file and have it tried out; a tries the cycles' ends together, m takes one out of those."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, "move(1)", "weights", tooltip="choose the next file") for key in ("right", "down")),
        *(Binding(key, "move(-1)", "weights", tooltip="choose the file before") for key in ("left", "up")),
        Binding("home", "move(-9999)", "first file", show=False),
        Binding("end", "move(9999)", "last file", show=False),
        Binding("a", "together", "all together", tooltip="the ensemble: average the probabilities of all cycles' ends"),
        Binding("m", "member", "in, out", tooltip="take this cycle's end out of the ensemble, or back into it"),
    ]
    FIRST = ("space", "a", "m", "p", "u")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.pulse = beginning.Pulse(self)
        chosen, out = scene.kept.get("chosen"), scene.kept.get("out")
        self._chosen = chosen if isinstance(chosen, str) else ""
        self.out = {str(file) for file in out} if isinstance(out, list) else set[str]()
        self.files: tuple[Weights, ...] = ()
        self._scores: dict[Key, Score] = {}
        self._together: dict[tuple[Key, ...], Score] = {}
        self._asking: tuple[Key, ...] = ()
        self._wishes: dict[bool, tuple[Weights, ...]] = {}  # what is to be tried next: one alone, several together
        self._looked: tuple[str, int, bool] | None = None
        self._next = 0.0

    # The run and its files

    def followed(self) -> Snapshot | None:
        return self.ours  # what it has kept is there, whatever the knobs say

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.run.id if self.run else ""
        super().follow(run, shot, runs)
        if (run.id if run else "") != before:
            self.files, self._looked = (), None
        if run is None or self.ours is None:
            return
        now = (run.id, self.ours.step, self.ours.ended)
        if now != self._looked and (self.ours.ended or monotonic() >= self._next):
            self._looked, self._next = now, monotonic() + PAUSE
            self._look(run)

    @work(exclusive=True, group="kept")
    async def _look(self, run: Run) -> None:
        """Read the folder, beside the event loop."""
        try:
            found = await asyncio.to_thread(kept, run)
        except (FastaiTuiError, OSError) as error:
            self.say(str(error))
            return
        if self.is_attached and self.run is not None and self.run.id == run.id and found != self.files:
            newest = not self._chosen or (self.files and self._chosen == self.files[-1].file)
            self.files = found
            if found and (newest or self._chosen not in {one.file for one in found}):
                self._chosen = found[-1].file
            if self.ours is not None and self.ours.ended:
                self._try(self._album().chosen)
            self.refresh_bindings()
            self.changed()

    def _key(self, one: Weights) -> Key:
        return (self.run.id if self.run else "", one.file, one.changed)

    def _album(self) -> Album:
        """What is known now."""
        scores = {one.file: self._scores[self._key(one)] for one in self.files if self._key(one) in self._scores}
        at = next((i for i, one in enumerate(self.files) if one.file == self._chosen), max(len(self.files) - 1, 0))
        album = Album(self.files, scores, at, frozenset(self.out))
        together = self._together.get(tuple(self._key(one) for one in album.members))
        return replace(album, ensemble=together)

    def _try(self, *files: Weights | None) -> None:
        """Have weights tried out that have not been: alone, or several also together."""
        wanted = [one for one in files if one is not None]
        keys = tuple(self._key(one) for one in wanted)
        known = keys in self._together if len(keys) > 1 else all(key in self._scores for key in keys)
        if self.run is None or not wanted or known or not self.is_mounted:
            return
        if self._asking:  # the lab would forget what waits for what is asked next
            self._wishes[len(keys) > 1] = tuple(wanted)
            return
        self._asking = keys
        self.ask_lab("ensemble", partial(self._take, keys), run=self.run.id, files=[one.file for one in wanted])

    def _take(self, keys: tuple[Key, ...], answer: dict[str, Any]) -> None:
        for key, found in zip(keys, answer["files"], strict=True):
            self._scores[key] = Score(found["loss"], found["accuracy"], found["right"], found["total"])
        if answer["ensemble"] is not None:
            self._together[keys] = Score(**answer["ensemble"])
        self._asking = ()
        for several in (True, False):
            self._try(*self._wishes.pop(several, ()))

    def refused(self, sentence: str) -> None:
        self._asking, self._wishes = (), {}  # what has come to no answer may be asked for again
        super().refused(sentence)

    # What it says of itself

    def measured(self) -> Measured:
        album = self._album()
        found: dict[str, float | str] = {
            "kept": len(self.files),
            "cycle_ends": sum(bool(one.cycle) for one in self.files),
            "seen": len(album.scores),
        }
        chosen = album.chosen
        if chosen is not None and chosen.file in album.scores:
            found["accuracy"] = album.scores[chosen.file].accuracy
        if album.best is not None:
            found["best"] = album.best
        if album.ensemble is not None:
            found["ensemble"] = album.ensemble.accuracy
            found |= {"gain": round(album.ensemble.accuracy - album.best, 6)} if album.best is not None else {}
        return found

    def kept(self) -> State:
        out: list[int | float | str] = [*sorted(self.out)[:100]]
        return {"chosen": self._chosen, "out": out}

    def sentence(self) -> str:
        return f"{drawing.sentence(self._album(), self.hidden)} {self._say()}"

    def command(self) -> Sequence[str]:
        if self.ours is not None:
            return ("show", self.ours.run)
        return orders.command_of(self.scene.step, self.knobs) if self.scene.step.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.ensemble:answer"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "move":
            return len(self.files) > 1
        if action == "together":
            return len(self._album().members) > 1
        if action == "member":
            chosen = self._album().chosen
            return chosen is not None and bool(chosen.cycle)
        return super().check_action(action, parameters)

    def action_move(self, by: int) -> None:
        album = self._album()
        if album.files:
            self._chosen = album.files[min(max(album.at + by, 0), len(album.files) - 1)].file
            self._try(self._album().chosen)
            self.refresh_bindings()
            self.changed()

    def action_together(self) -> None:
        self._try(*self._album().members)
        self.redraw()

    def action_member(self) -> None:
        chosen = self._album().chosen
        if chosen is not None and chosen.cycle:
            self.out ^= {chosen.file}
            self.refresh_bindings()
            self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shot, album, course = self.ours, self._album(), self.course()
        asked = shot is None and self.once.pending("train")
        self.pulse.beat(asked or beginning.begins(shot) or bool(self._asking))
        area = Area(0, 0, sheet.width, sheet.height)
        if shot is not None:
            rows = 3 if sheet.height >= TALL else 1
            top = run_picture.head(sheet, area._replace(height=rows + 1 if rows > 1 else 1), shot, self.hidden)
        else:
            words = schedule.facts(course, self.hidden, brief=sheet.height < TALL) if course else "To be trained"
            top = sheet.put_lines(0, 0, [line for line, _ in drawing.message(sheet, words, "strong", 2)], "strong")
        foot = self._foot(sheet, album)
        for i, (line, style) in enumerate(foot):
            sheet.put(sheet.height - len(foot) + i, 0, line, style)
        body = Area(top, 0, sheet.width, max(sheet.height - top - len(foot), 0))
        drawing.draw(sheet, body, self.plotter, course, album, self.hidden)

    def _foot(self, sheet: Sheet, album: Album) -> list[tuple[str, Role]]:
        """The chosen file, and what is to be said, in a third of the rows."""
        tall = sheet.height >= TALL
        lines = (
            drawing.message(sheet, drawing.detail(album, self.hidden, brief=sheet.width < drawing.WIDE), "plain", 2)
            if tall
            else []
        )
        words, style = self._words(album, sheet.sight.unicode)
        most = 3 if tall else 1 if sheet.height >= 5 else 0
        return [*lines, *(drawing.message(sheet, words, style, most) if most else [])]

    def _words(self, album: Album, unicode: bool) -> tuple[str, Role]:
        shot, sign = self.ours, self.pulse.sign(unicode)
        if shot is None and self.once.pending("train"):
            return f"{sign} {beginning.STAGES[0]}", "accent"
        if beginning.begins(shot):
            return f"{sign} {beginning.STAGES[beginning.stage(shot)]}", "accent"
        if self._asking:
            return f"{sign} The lab tries the weights out on the validation set.", "accent"
        if self.trouble:
            return self.trouble, "bad"
        verdict = drawing.verdict(album, self.hidden, brief=self.size.width < drawing.WIDE)
        if verdict:
            return verdict, "good" if self.measured().get("gain", 0) > 0 else "warn"  # type: ignore[operator]
        return self._say(), run_picture.mood(shot) if shot else "accent"

    def _say(self) -> str:
        """What could be done now."""
        shot, cycles = self.ours, sum(bool(one.cycle) for one in self.files)
        if shot is None:
            course = self.course()
            ends = len(course.now.cycles) if course else 0
            what = f"; its weights are kept at the end of each of {plural(ends, 'cycle')}" if ends else ""
            return self.trouble or f"space trains it{what}."
        if shot.phase == "paused":
            return "Paused: space goes on."
        if not shot.ended:
            return notice(shot) or "What it keeps appears here as it goes."
        if shot.phase != "finished":
            return (
                f"{last_line(shot).partition('; `')[0]} {'p goes on from the newest checkpoint.' if shot.step else ''}"
            )
        if cycles > 1:
            return f"a averages what the ends of all {cycles} cycles say."
        return "This run has no cycles, only checkpoints: with schedule=sgdr there are weights from each cycle's end."
