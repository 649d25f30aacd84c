"""The pane that trains: what will be trained, the run while it goes, and what has come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app import plots, sentences
from fastai_tui.app.snapshots import data_in_words, planned, setting_in_words
from fastai_tui.app.text import Look, count, duration, fit, plural, rate
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.described import DescribedPane
from fastai_tui.app.tui.panes.common.run_picture import LEAST, TEXTS, VIEWS, RunPicture, masked, small, spoken, views_of
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs import estimate

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.events import RunStarted
    from fastai_tui.engine.job import Job
    from fastai_tui.lessons.progress import State

BRIEF = 48  # columns below which facts are told in fewer words


class TrainPane(DescribedPane):
    """Trains with the knobs' values, and shows the newest run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "view", tooltip="loss, accuracy, learning rate, epochs, and what a network writes"),
    ]
    FIRST = (*DescribedPane.FIRST, "v")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.picture = RunPicture(self.plotter, "p goes on with it; space trains anew.", "space tries it again.")
        view = self.option("view", "all")
        self.view = view if view in (*VIEWS, TEXTS) else "all"
        self.expected: str = ""

    def inquire(self) -> None:
        super().inquire()
        if self.job is not None:
            self._estimate(self.job)

    @work(exclusive=True, group="estimate")
    async def _estimate(self, job: Job) -> None:
        """Look for a run like it, beside the event loop."""
        try:
            known = await asyncio.to_thread(estimate.before, job, self.services.runs)
        except (FastaiTuiError, OSError):  # then nobody knows
            known = None
        self.expected = f"about {duration(known[0])}, going by {known[1]}" if known else ""
        self.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "view":
            return bool(self.ours and self.ours.step)
        return super().check_action(action, parameters)

    def action_view(self) -> None:
        views = views_of(self.ours)[int(small(self._body())) :]
        at = views.index(self.view) if self.view in views else 0
        self.view = views[(at + 1) % len(views)]
        self.changed()

    # The picture

    def _body(self) -> Area:
        return Area(0, 0, self.size.width, max(self.size.height - 4, 0))

    def draw(self, sheet: Sheet) -> None:
        shot, area = self.ours, Area(0, 0, sheet.width, sheet.height)
        if shot is not None and self.option("warnings") == "kept back":
            shot = replace(shot, warnings=())
        if shot is not None:
            left = self.picture.draw(sheet, area, shot, self.view, self.hidden, self._note(shot))
            if not shot.ended:
                self._draw_plan(sheet, left._replace(row=left.row + 1, height=left.height - 1))
            return
        title = f"To be trained: {self.job.experiment if self.job else self.scene.step.title}"
        sheet.put(0, 0, fit(title, sheet.width), "strong")
        asked = self.once.pending("train")
        self.picture.pulse.beat(asked)
        if asked:
            beginning.draw(sheet, area._replace(row=1), None, self.picture.pulse.sign(sheet.sight.unicode))
            self._draw_plan(sheet, Area(2 + beginning.ROWS, 0, sheet.width, sheet.height - 2 - beginning.ROWS))
            return
        say = spoken(sheet, self._invitation(), sheet.width, 3, "bad" if self.trouble else "accent")
        self._draw_plan(sheet, Area(1, 0, sheet.width, sheet.height - 1 - len(say)))
        for i, (line, style) in enumerate(say):
            sheet.put(max(sheet.height - len(say), 1) + i, 0, line, style)

    def _note(self, shot: Snapshot) -> str:
        """What another run would do differently."""
        if shot.live or shot.phase == "new":
            return ""
        if self.trouble:
            return self.trouble
        different = orders.different(self.job.settings, dict(shot.settings)) if self.job else []
        if different:
            return f"space trains with {', '.join(different)}; this run is kept."
        return f"{self._right(shot)}space: another seed" if shot.phase == "finished" else ""

    def _right(self, shot: Snapshot) -> str:
        """How many of the held-out items the accuracy stands for."""
        accuracy = dict(shot.table[-1].metrics).get("accuracy") if shot.table else None
        if accuracy is None or "accuracy" in self.hidden or self.described is None or not self.described.data.classes:
            return ""
        of = self.described.data.valid
        return f"{count(round(accuracy * of))} of {count(of)} right; "

    def _draw_plan(self, sheet: Sheet, area: Area) -> None:
        """What will be trained, and how the rate will go."""
        row = area.row
        for name, words in self._facts(brief=area.width < BRIEF):
            for i, (line, style) in enumerate(spoken(sheet, words, max(area.width - 9, 1), 2, "plain")):
                if row < area.below:
                    sheet.put(row, area.column, "" if i else name, "dim")
                    sheet.put(row, area.column + 9, line, style)
                row += 1
        if area.below - row >= LEAST:
            self._plot_plan(sheet, Area(row, area.column, area.width, area.below - row))
        elif self.job and area.height > 0:
            sheet.leave_out("the schedule")

    def _invitation(self) -> str:
        if self.trouble:
            return self.trouble
        return "space trains it, as a process of its own: it goes on when you leave."

    def _facts(self, brief: bool = False) -> list[tuple[str, str]]:
        """What will be trained, as (name, words); what the lab has not told yet is …"""
        job, known = self.job, self.described
        if job is None:
            return []
        own = orders.chosen(self.scene.step, self.knobs)
        others = ", ".join(f"{k}={setting_in_words(v)}" for k, v in own.items() if k not in ("model", "schedule", "lr"))
        parameters = "?" if "parameters" in self.hidden else plural(known.parameters, "parameter") if known else "…"
        facts = [
            ("network", f"{job.settings.get('model', '')}, {parameters}"),
            ("data", _data(known, brief) if known else job.data),
            ("length", _length(known) if known else f"{plural(job.epochs, 'epoch')} of … batches"),
            ("rate", _rates(str(job.settings.get("schedule", "")), planned(job.settings), brief)),
            (
                "time",
                self.expected or ("not known yet" if brief else "not known: nothing like it was trained here yet"),
            ),
        ]
        return facts + ([("also", others)] if others else [])

    def _plot_plan(self, sheet: Sheet, area: Area) -> None:
        job, known = self.job, self.described
        if job is None:
            return
        rates = planned(job.settings)
        total = known.epochs * known.batches_per_epoch if known else job.epochs
        ahead = [(i / max(len(rates) - 1, 1) * total, value) for i, value in enumerate(rates)]

        def make(look: Look, width: int, height: int) -> list[str]:
            return plots.rate_curve([], [], ahead=ahead, width=width, height=height, total=total, look=look)

        self.plotter.show(sheet, area, make, name="plan", view=(rates, total))

    # In words

    def kept(self) -> State:
        return {"view": self.view}

    def sentence(self) -> str:
        shot = self.ours
        if shot is None:
            facts = "; ".join(f"{name}: {words}" for name, words in self._facts())
            return f"To be trained: {facts}. {self._invitation()}" if facts else self._invitation()
        seen = masked(shot, self.hidden)
        loss = sentences.loss_sentence(seen) if seen.curve.steps or not shot.step else "The loss is still hidden."
        done = sentences.metrics_in_words(seen.table[-1]) if seen.table else ""
        parts = [f"{shot.run} is {shot.phase}", f"batch {shot.step} of {shot.total}", *([done] if done else [])]
        return f"{', '.join(parts)}. {loss[:1].upper()}{loss[1:]} {sentences.rate_sentence(seen).capitalize()}"

    def command(self) -> Sequence[str]:
        shot = self.ours
        if shot is not None:
            return ["show" if shot.ended else "watch", shot.run]
        return orders.command_of(self.scene.step, self.knobs) if self.scene.step.run else ()


def _data(known: RunStarted, brief: bool) -> str:
    what = "characters" if known.data.vocabulary else "images"
    stands = ", a stand-in" if known.data.source == "stand-in" else ""
    return f"{known.data.name}{stands}: {count(known.data.train)} {what}" if brief else data_in_words(known.data)


def _length(known: RunStarted) -> str:
    total = known.epochs * known.batches_per_epoch
    return f"{plural(known.epochs, 'epoch')}, {plural(total, 'batch')}"


def _rates(schedule: str, rates: Sequence[float], brief: bool) -> str:
    if not rates:
        return schedule
    if min(rates) == max(rates):
        return f"{schedule}, {rate(rates[0])} all along"
    if brief:
        return f"{schedule}, highest {rate(max(rates))}"
    return f"{schedule}, from {rate(rates[0])}, highest {rate(max(rates))}, to {rate(rates[-1])}"
