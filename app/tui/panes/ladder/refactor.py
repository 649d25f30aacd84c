"""The pane that sets one network beside the next: the difference between their code, their losses, what they write."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.following import follow
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import layers
from fastai_tui.app.tui.panes.common.described import DescribedPane
from fastai_tui.app.tui.panes.common.playing import one_of
from fastai_tui.app.tui.panes.ladder import refactor_drawing as drawing
from fastai_tui.app.tui.panes.ladder import refactor_heads, refactor_images
from fastai_tui.app.tui.panes.ladder.refactor_code import changes
from fastai_tui.app.tui.panes.ladder.refactor_drawing import VIEWS, Shown
from fastai_tui.app.tui.panes.ladder.refactor_runs import AXES, Side
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.lessons import refactoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.panes.common.layers import Network
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST = 10_000  # rows down, and samples back, that are remembered


class RefactorPane(DescribedPane):
    """`before` is the network of the step before, `after` the one that space trains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "v",
            "view",
            "view",
            tooltip="code, losses or layers, what they write or how often they are right",
        ),
        Binding("m", "mode", "side/lines", tooltip="side by side, or line below line"),
        Binding("a", "whole", "all lines", tooltip="also the lines that are the same, or only the changes"),
        Binding("m", "axis", "axis", tooltip="over characters read or epochs, or over seconds"),
        Binding("down", "scroll(1)", "scroll", tooltip="scroll the code"),
        Binding("up", "scroll(-1)", "scroll", tooltip="scroll the code"),
        Binding("home", "scroll(-9999)", "first line", show=False),
        Binding("end", "scroll(9999)", "last line", show=False),
        Binding("full_stop", "change(1)", "change", tooltip="the next change"),
        Binding("comma", "change(-1)", "change before", tooltip="the change before"),
        Binding("comma", "older(1)", "earlier", tooltip="what they wrote earlier"),
        Binding("full_stop", "older(-1)", "later", tooltip="what they wrote later"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", *DescribedPane.FIRST, "full_stop", "comma", "m")
    STEERS = False  # what is compared keeps what it was begun with

    def __init__(self, scene: Scene) -> None:
        asked = scene.step.run.set.get("model") if scene.step.run else None
        before, after = scene.step.show.get("before"), scene.step.show.get("after", asked)
        names = tuple(refactoring.family(asked, before, after))
        self.after, self.before = one_of(names, after), one_of(names, before)
        family = refactoring.family(self.after)
        self.views = (
            refactor_images.VIEWS if family is refactoring.LADDER else
            refactor_heads.VIEWS if family is refactoring.HEADS else VIEWS
        )  # fmt: skip
        self.axes = refactor_images.AXES if "accuracy" in self.views else AXES
        super().__init__(scene)
        self.difference = refactoring.refactoring(self.before, self.after)
        self.about = refactoring.about(self.after)
        self.view, self.axis = one_of(self.views, self.option("view")), one_of(self.axes, scene.kept.get("axis"))
        split, top, seen = scene.kept.get("split"), scene.kept.get("top"), scene.kept.get("seen")
        self.split = {"on": True, "off": False}.get(str(split))
        self.top = min(max(top, 0), MOST) if isinstance(top, int) else -1  # −1: at the first change
        self.ago, self.whole = 0, scene.kept.get("whole") == "on"
        self.seen = {view for view in self.views if isinstance(seen, list) and view in seen} | {self.view}
        self.earlier: Snapshot | None = None  # the newest run of the network before
        self._known: tuple[str, ...] | None = None
        self._area = Area(0, 0, 1, 1)  # what the head leaves
        self._parameters = 0  # of the network before, where the lab was asked
        self.summaries: dict[str, Network] = {}
        self.down, self._last = 0, 0  # lines down in the summary, and at most

    # The two

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        note, mood = self._note()
        own = self.ours if self.ours is not None and _has(dict(self.ours.asked), self.after) else None
        known = (own.parameters if own else 0) or (self.described.parameters if self.described else 0)
        before = (self.earlier.parameters if self.earlier else 0) or self._parameters
        return Shown(
            code=self.difference,
            about=self.about,
            before=Side(self.before, before, self.earlier),
            after=Side(self.after, known, own),
            view=self.view,
            views=self.views,
            split=self.split,
            top=self.top,
            whole=self.whole,
            ago=self.ago,
            axis=self.axes[0] if "pace" in self.hidden else self.axis,
            hidden=self.hidden,
            note=note,
            mood="bad" if mood else "accent",
        )

    def _note(self) -> tuple[str, bool]:
        """What space does, or why it can not; whether that is bad news."""
        if self.trouble:
            return self.trouble, True
        if self.once.pending("train"):
            return "The run begins.", False
        if self.ours is not None:
            if self.ours.phase == "failed" and "accuracy" in self.views:
                return self.ours.message, True
            if self.view == "accuracy" and refactor_images.ACCURACIES & self.hidden:
                return "Predict the accuracy to see its curve.", False
            covered = self.view == "curves" and drawing.LOSSES & self.hidden
            return "Predict the loss to see its curve." if covered else "", False
        compared = f"; {self.before} has not been trained yet" if self.earlier is None else ""
        return f"space trains {self.after}{compared}.", False

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.ours.samples if self.ours else ()
        super().follow(run, shot, runs)
        if self.ago and self.ours and len(self.ours.samples) != len(before):
            self.ago = min(self.ago + len(self.ours.samples) - len(before), MOST)  # the same samples stay in sight
        if self.chapter_runs != self._known:
            self._known = self.chapter_runs
            self._look(self.chapter_runs)

    @work(exclusive=True, group="before")
    async def _look(self, runs: tuple[str, ...]) -> None:
        """Find the run of the network before, and follow it to its end."""
        run = await asyncio.to_thread(self._newest, runs)
        if run is None:
            self._earlier(None)
        else:
            await follow(run, self._earlier, self.say)

    def _newest(self, runs: tuple[str, ...]) -> Run | None:
        """Of that network, from the step that it belongs to if there is one; one that has never begun stands back for
        all others."""
        found = [run for ref in reversed(runs) if (run := self._of_before(ref)) is not None]
        found.sort(key=lambda run: run.id not in self.home_runs)
        return next((run for run in found if len(run.steps())), found[0] if found else None)

    def _of_before(self, ref: str) -> Run | None:
        try:
            run = self.services.runs.find(ref)
            return run if _has(run.spec.job.settings, self.before) else None
        except (FastaiTuiError, OSError):  # removed since, or damaged: there is nothing to compare with
            return None

    def _earlier(self, shot: Snapshot | None) -> None:
        self.earlier = shot
        if self.is_attached:
            self.refresh_bindings()
            self.changed()

    def describe(self, answer: Any) -> None:
        super().describe(answer)
        if not self._parameters and (job := self._job_with(self.before)) is not None:
            self.ask_lab("describe", self._described_before, job=job)

    def _job_with(self, network: str, data: str = "") -> Job | None:
        """What a run of the step would be with that network, if it can have what the other one has."""
        from fastai_tui.lessons.experiments import order

        if self.scene.step.run is None or self.job is None:
            return None
        settings = {**orders.chosen(self.scene.step, self.knobs), **refactoring.settings_of(network)}
        try:
            return order(self.job.experiment, settings, data=data or self.job.data)
        except FastaiTuiError:
            return None

    def _described_before(self, answer: Any) -> None:
        self._parameters = int(answer["parameters"])

    def inquire(self) -> None:
        super().inquire()
        self._summarise()

    def _summarise(self) -> None:
        """Ask for the layers of both, one after the other, if they are to be seen."""
        from fastai_tui.lessons.experiments import experiment, smallest

        unknown = [name for name in (self.before, self.after) if name not in self.summaries]
        if self.view != "summary" or self.job is None or not unknown:
            return
        job = self._job_with(unknown[0], smallest(experiment(self.job.experiment)))

        def then(answer: Any) -> None:
            self.summaries[unknown[0]] = layers.network(answer)
            self._summarise()

        if job is not None:
            self.ask_lab("summary", then, job=job)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        views: dict[str, tuple[str, ...]] = {
            **dict.fromkeys(("mode", "change", "whole"), ("code",)),
            "scroll": ("code", "summary"),
            "axis": ("curves", "accuracy"),
            "older": ("text",),
        }
        if action in views:
            return self.view in views[action]
        return super().check_action(action, parameters)

    def action_view(self) -> None:
        self.view = self.views[(self.views.index(self.view) + 1) % len(self.views)]
        self.seen.add(self.view)
        self._summarise()
        self.refresh_bindings()
        self.changed()

    def action_mode(self) -> None:
        self.split, self.top = not self.shown.is_split(self.size.width), -1
        self.changed()

    def action_axis(self) -> None:
        self.axis = self.axes[(self.axes.index(self.axis) + 1) % len(self.axes)]
        self.changed()

    def action_whole(self) -> None:
        self.whole, self.top = not self.whole, -1
        self.changed()

    def action_scroll(self, by: int) -> None:
        if self.view == "summary":
            self.down = min(max(self.down + by, 0), self._last)
            self.changed()
            return
        self._go(self.shown.first(self._body) + by)

    def action_change(self, by: int) -> None:
        shown = self.shown
        first, places = shown.first(self._body), changes(shown.rows(self._body))
        later, earlier = [place for place in places if place > first], [place for place in places if place < first]
        self._go(next(iter(later), first) if by > 0 else next(reversed(earlier), 0))

    def _go(self, top: int) -> None:
        self.top = replace(self.shown, top=max(top, 0)).first(self._body)
        self.changed()

    @property
    def _body(self) -> Area:
        """Where the code stands, as it was drawn last."""
        return drawing.body_of(self._area, self.shown)

    def action_older(self, by: int) -> None:
        most = max(len(side.written) for side in (self.shown.before, self.shown.after))
        self.ago = min(max(self.ago + by, 0), max(most - 1, 0))
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self._area = area = drawing.frame(sheet, shown)
        if shown.view == "code":
            drawing.draw_code(sheet, area, shown)
        elif shown.view == "text":
            drawing.draw_text(sheet, area, shown)
        elif shown.view == "summary":
            names = (self.before, self.after)
            self._last = refactor_heads.draw(sheet, area, names, self.summaries, self.hidden, self.down)
        else:
            self._draw_curves(sheet, area, shown)

    def _draw_curves(self, sheet: Sheet, area: Area, shown: Shown) -> None:
        known = [side for side in shown.known if side.shot is not None]
        accuracy = shown.view == "accuracy"
        if not any(drawing.drawn(shown, side) for side in known):
            words = drawing.HIDDEN if known else "Neither has been trained yet."
            sheet.put(area.row, area.column, words[: area.width], "dim")
            return

        def make(look: Look, width: int, height: int) -> list[str]:
            return (drawing.accuracy if accuracy else drawing.plot)(shown, look, width, height)

        data = tuple((side.shot.run, side.shot.step, side.shot.epochs_done) for side in known if side.shot)
        view = (shown.view, shown.axis, self.hidden, len(known))
        self.plotter.show(sheet, area, make, name="curves", view=view, data=data)

    # What it says of itself

    def measured(self) -> Measured:
        shown = self.shown
        before, after = shown.before.loss, shown.after.loss
        found: dict[str, float | str] = {
            "view": self.view,
            "views": len(self.seen),
            "added": self.difference.added,
            "removed": self.difference.removed,
            "trained": (before is not None) + (after is not None),
            "better": int(before is not None and after is not None and after < before),
            "gain": refactor_images.gain(shown.before, shown.after),
            "pace": refactor_images.pace(shown.before, shown.after),
        }
        numbers = {"parameters": shown.after.parameters, "parameters_before": shown.before.parameters}
        found |= {name: value for name, value in numbers.items() if value}
        losses = {"loss": after, "loss_before": before}
        return found | {name: value for name, value in losses.items() if value is not None}

    def kept(self) -> State:
        split = "" if self.split is None else "on" if self.split else "off"
        whole = "on" if self.whole else "off"
        seen: list[int | float | str] = [*sorted(self.seen)]
        return {"view": self.view, "axis": self.axis, "split": split, "whole": whole, "top": self.top, "seen": seen}

    def sentence(self) -> str:
        words = refactor_heads.told((self.before, self.after), self.summaries, self.hidden)
        return f"{drawing.sentence(self.shown)} {words}".strip()

    def command(self) -> Sequence[str]:
        if self.ours is not None:
            return ["show" if self.ours.ended else "watch", self.ours.run]
        return orders.command_of(self.scene.step, self.knobs) if self.scene.step.run else ()

    def code(self) -> str:
        return self.scene.step.code or refactoring.family(self.after)[self.after][-1]


def _has(settings: Mapping[str, object], network: str) -> bool:
    """Is a run with these settings one of that network?"""
    return all(settings.get(name) == value for name, value in refactoring.settings_of(network).items())
