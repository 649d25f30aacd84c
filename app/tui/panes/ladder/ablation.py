"""The pane of the ablation study: settings and seeds are picked, the outcome is guessed, and a process runs it all."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.pictured import ARROWS
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.common.run_picture import instead
from fastai_tui.app.tui.panes.ladder import ablation_drawing, ablation_plan, ablation_words
from fastai_tui.app.tui.panes.ladder.ablation_drawing import VIEWS, Shown
from fastai_tui.app.tui.panes.ladder.ablation_plan import MOST_SEEDS, USUAL_SEEDS, Base, Plan
from fastai_tui.app.tui.panes.ladder.ablation_reading import Books, drafted
from fastai_tui.app.tui.panes.ladder.ablation_study import StudyPane
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.lessons.ablation import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State


class AblationPane(StudyPane):
    """`plan` is what the learner picks; `study` the name of the one that is shown, "" while there is only the plan."""

    TRAINS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "start", "run", tooltip="run the study"),
        Binding("space", "resume", "go on", tooltip="go on with the study; what is done stays"),
        Binding("u", "stop", "stop", tooltip="stop the study; what trains ends with a checkpoint"),
        Binding("e", "value", "value", tooltip="take the value at the cursor in, or out"),
        Binding("left_square_bracket", "seeds(-1)", "fewer", tooltip="one seed fewer"),
        Binding("right_square_bracket", "seeds(1)", "seeds", tooltip="one seed more"),
        Binding("m", "guess", "guess", tooltip="my guess: the row at the cursor is best; again: clearly"),
        Binding("v", "view", "view", tooltip="plan, table, curves or findings"),
        Binding("d", "another(1)", "study", tooltip="the next study of this experiment"),
        Binding("D", "another(-1)", "the study before", show=False),
        Binding("z", "anew", "new plan", tooltip="leave the study as it is, and plan another one"),
        *(Binding(key, f"move({way})", "move", tooltip="move the cursor") for key, way in ARROWS.items()),
        Binding("home", "move(-1000, -1000)", "the first", show=False),
        Binding("end", "move(1000, 1000)", "the last", show=False),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "u", "e", "m", "v")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.plan = self._planned(kept)
        self.view = one_of(VIEWS, self.option("view"))
        self.views = whole(kept.get("views"), 2 ** len(VIEWS) - 1) | 1 << VIEWS.index(self.view)
        self.row = 0  # of the table, or the first line of the findings
        guess, sure = kept.get("guess"), kept.get("sure")
        self.guess, self.sure = guess if isinstance(guess, str) else "", sure == 1
        self.plotter, self.pulse = Plotter(self), Pulse(self)
        self._drafted: tuple[Plan, Books, str] | None = None

    # The plan

    def _base(self) -> Base:
        run = self.scene.step.run
        chosen = orders.chosen(self.scene.step, self.knobs)  # raises where the step has no [run]
        assert run is not None
        return Base(run.experiment, chosen, run.epochs, run.data, run.seed)

    def _planned(self, kept: State) -> Plan | None:
        """The plan that was kept, or the one that the step begins with."""
        show = self.scene.step.show
        values = str(show.get("values", "")).split(BETWEEN)
        seeds = whole(kept.get("seeds", show.get("seeds", USUAL_SEEDS)), MOST_SEEDS, 1)
        try:
            fresh = ablation_plan.plan(self._base(), str(show.get("factor", "")), values, seeds)
        except FastaiTuiError as error:
            self.trouble = str(error)
            return None
        return ablation_plan.restored(fresh, kept.get("chosen"))

    def turned(self, knob: str, value: Value) -> None:
        """A knob is a setting that all runs share: the plan is another one."""
        before = self.plan
        self.trouble = ""
        self.plan = self._planned(self.kept())
        if self.plan is not None and before is not None and self.plan.base != before.base:
            self.leave()
        super().turned(knob, value)

    def _draft(self, plan: Plan) -> tuple[Books, str]:
        """The books of a study that is only planned, and why it cannot be run."""
        if self._drafted is None or self._drafted[0] != plan:
            self._drafted = plan, drafted(plan.draft()), plan.trouble()
        return self._drafted[1:]

    def _create(self, plan: Plan) -> str:
        from fastai_tui.lessons import ablation

        base = plan.base
        given, seeds = plan.given, plan.each_seed
        made = ablation.plan(base.experiment, given, seeds=seeds, epochs=base.epochs, data=base.data)
        command = ["fastai-tui", *plan.command]
        return self.studies.create(base.experiment, "", made.factors, made.cells, made.members, command).name

    def opened(self, books: Books) -> None:
        """The plan is that of the study that is shown."""
        if self.plan is not None:
            self.plan = ablation_plan.like(self.plan, books.study)

    # What it says of itself

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn; None where nothing can be planned."""
        if self.plan is None:
            return None
        books, refused = self._draft(self.plan) if self.books is None or not self.study else (self.books, "")
        return Shown(
            self.plan,
            books,
            started=books is self.books,
            begins=self.begins,
            view=self.view,
            row=self.row,
            guess=self.guess,
            sure=self.sure,
            hidden=self.hidden,
            refused=refused,
            trouble=self.trouble,
        )

    def measured(self) -> Measured:
        shown = self.shown
        if shown is None:
            return {}
        books = shown.books
        found: dict[str, float | str] = {
            "view": self.view,
            "views": self.views.bit_count(),
            "factors": sum(len(factor.values) > 1 for factor in books.study.factors),
            "cells": len(books.study.cells),
            "seeds": len(books.study.seeds),
            "total": books.total,
            "done": books.done,
            "running": int(books.running),
            "whole": int(books.whole),
            "studies": len(self.ended),
            "study": self.study,
            "predicted": self.guess,
        }
        if books.whole:
            found["real"] = sum(each.verdict == "real" for each in books.findings)
        if (lead := books.lead) is not None:
            known = {"gap": lead.gap, "spread": lead.spread, "needed": lead.needed}
            found |= {name: value for name, value in known.items() if value is not None}
            found |= {"best": books.label(lead.best), "clear": int(lead.verdict == "real")}
        if (right := ablation_words.right(shown)) is not None:
            found["predicted_right"] = int(right)
        return found

    def kept(self) -> State:
        state: State = {
            **super().kept(),
            "view": self.view,
            "views": self.views,
            "guess": self.guess,
            "sure": int(self.sure),
        }
        if self.plan is not None:
            state |= {"chosen": ablation_plan.kept(self.plan), "seeds": self.plan.seeds}
        return state

    def sentence(self) -> str:
        shown = self.shown
        return self.trouble if shown is None else ablation_words.sentence(shown)

    def command(self) -> Sequence[str]:
        if self.books is not None and self.study:
            return self.books.study.command[1:]
        return self.plan.command if self.plan is not None else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.ablation.findings:findings"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        books = self.books if self.study else None
        idle = not self.begins and not (books is not None and books.running)
        if action == "start":
            return self.plan is not None and idle and not self.study
        if action == "resume":
            return books is not None and idle and not books.whole
        if action == "stop":
            return books is not None and books.running
        if action == "value":
            return self.plan is not None and self.view == "plan" and not self.begins
        if action == "guess":
            return self.plan is not None and self.view == "table" and not (books is not None and books.done)
        return super().check_action(action, parameters)

    def action_start(self) -> None:
        plan = self.plan
        if plan is None or (trouble := self._draft(plan)[1]):
            self.say(self.trouble if plan is None else trouble)
        else:
            if self.view == "plan":
                self._show("table")
            self.begin(partial(self._create, plan))

    def action_value(self) -> None:
        if self.plan is not None:
            self._replan(self.plan.toggled(), "One value stays.")

    def action_seeds(self, more: int) -> None:
        if self.plan is not None and not self.begins:
            self._replan(self.plan.seeded(more), f"1 to {MOST_SEEDS} seeds are possible.")

    def _replan(self, plan: Plan, otherwise: str) -> None:
        """Another plan is another study: the one that is shown stays as it is. `otherwise` says why there is none."""
        if plan == self.plan:
            self.say(otherwise)
            return
        if self.study:
            self.say("A new plan; d finds the study again.")
            self.leave()
        self.plan, self.guess, self.sure, self.trouble = plan, "", False, ""
        self.changed()

    def action_guess(self) -> None:
        shown = self.shown
        if shown is None or not shown.books.rows:
            return
        label = shown.books.label(shown.books.rows[min(self.row, len(shown.books.rows) - 1)].cell)
        if self.guess != label:
            self.guess, self.sure = label, False
        elif not self.sure:
            self.sure = True
        else:
            self.guess, self.sure = "", False
        self.changed()

    def action_view(self) -> None:
        self._show(VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)])
        self.changed()

    def _show(self, view: str) -> None:
        self.view, self.row = view, 0
        self.views |= 1 << VIEWS.index(view)
        self.refresh_bindings()

    def action_another(self, step: int) -> None:
        if self.plan is not None and not self.begins:
            self._find(step)

    @work(exclusive=True, group="studies")
    async def _find(self, step: int) -> None:
        """Show the next study; after the last comes the first."""
        if self.plan is None:
            return
        names = await asyncio.to_thread(self.reader.names, self.plan.base.experiment)
        others = [name for name in names if name != self.study]
        if not others or not self.is_attached:
            self.say("There is no other study of this experiment.")
            return
        at = names.index(self.study) if self.study in names else -1 if step > 0 else len(names)
        self.keep_looking(goes_on=False)
        self.study, self.books, self.row, self.trouble = names[(at + step) % len(names)], None, 0, ""
        self.guess, self.sure = "", False
        if self.view == "plan":
            self._show("table")
        self.look()

    def action_anew(self) -> None:
        if not self.begins:
            self.leave()
            self.guess, self.sure, self.trouble = "", False, ""
            self.plan = self._planned({})
            self._show("plan")
            self.changed()

    def action_move(self, down: int, across: int) -> None:
        shown = self.shown
        if shown is None:
            return
        if self.view == "plan":
            assert self.plan is not None
            self.plan = self.plan.moved(0 if abs(across) > 1 else down, across)
        else:
            most = len(shown.books.rows) - 1 if self.view == "table" else self._lines(shown)
            self.row = min(max(self.row + down, 0), max(most, 0))
        self.changed()

    def _lines(self, shown: Shown) -> int:
        """The last line of the findings from which a page can begin."""
        return len(ablation_words.findings_lines(shown, max(self.size.width, 1))) - 1

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        if shown is None:
            instead(sheet, self.trouble, "bad")
            return
        self.pulse.beat(self.begins or shown.books.running)
        ablation_drawing.draw(sheet, shown, self.plotter, self.pulse.sign(sheet.sight.unicode))
