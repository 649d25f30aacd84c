"""The pane that reads runs: the learner says what ails one, then its reading is shown, with evidence and a remedy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.once import Once
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training import doctor_cases as cases
from fastai_tui.app.tui.panes.training.doctor_cases import WORDS, Case
from fastai_tui.app.tui.panes.training.doctor_drawing import Picture
from fastai_tui.app.tui.panes.training.doctor_words import TOLD, Shown, in_words
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.run import Run

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.finding import Finding
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

BEAT = 1.0  # seconds between two looks at runs that still train
MOST = 26  # runs that are listed: as many as there are letters
VIEWS = ("evidence", "loss", "layers")


class DoctorPane(Pane):
    """Arrows choose a run; 1 to 7 say what ails it; then space trains what its reading proposes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "run", tooltip="choose a run"),
        Binding("up", "move(-1)", "run", tooltip="choose a run"),
        Binding("home", "move(-999)", "first run", show=False),
        Binding("end", "move(999)", "last run", show=False),
        *[Binding(str(i + 1), f"judge('{word}')", word, tooltip=f"say: {word}") for i, word in enumerate(WORDS)],
        Binding("space", "treat", "train the remedy", tooltip="train the run anew with what the reading proposes"),
        Binding("m", "remedy", "other remedy", tooltip="the next of the proposed remedies"),
        Binding("right", "finding(1)", "next finding", tooltip="what else there is to see in the run"),
        Binding("left", "finding(-1)", "finding before", show=False),
        Binding("v", "view", "view", tooltip="the loss, or what is near zero in the layers"),
        Binding("z", "forget", "judge anew", tooltip="take back what you said of this run"),
        Binding("u", "stop", "stop", tooltip="stop the run that trains"),
    ]
    FIRST = ("1", "space", "m", "v")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._once = Once()
        self.picture = Picture(Plotter(self))
        self.said = _words(self.option("said"))
        self.treated = _treated(self.option("treated"))
        self.view = self.option("view") if self.option("view") in VIEWS else VIEWS[0]
        self.at, self.finding, self.remedy = 0, 0, 0
        self.cases: dict[str, Case] = {}
        self.broken: dict[str, str] = {}  # runs that can not be read, and why
        self._told: tuple[object, ...] = ()

    # The runs

    @property
    def listed(self) -> tuple[str, ...]:
        """The runs in the list, the oldest first."""
        return self.runs[-MOST:]

    @property
    def chosen(self) -> str:
        """The run that is looked at; empty if there is none."""
        return self.listed[min(self.at, len(self.listed) - 1)] if self.listed else ""

    @property
    def case(self) -> Case | None:
        """The same, read; None as long as it is not."""
        return self.cases.get(self.chosen)

    @property
    def judged(self) -> bool:
        """Has the learner said what ails it, so that its reading may be shown?"""
        return self.case is not None and self.case.ready and self.chosen in self.said and not TOLD & self.hidden

    @property
    def found(self) -> Finding | None:
        """The finding that is told now."""
        findings = self.case.reading.findings if self.case is not None else ()
        return findings[self.finding % len(findings)] if findings else None

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.runs
        super().follow(run, shot, runs)
        if runs != before:
            if self._once.pending("treat") and len(runs) > len(before):
                self._choose(len(self.listed) - 1)
            self._once.forget()
        self._watch()
        self.refresh_bindings()

    @work(exclusive=True, group="watch")
    async def _watch(self) -> None:
        """Read the runs, beside the event loop: those that are over once."""
        while open_ones := [run for run in self.listed if self._unread(run)]:
            for run in open_ones:
                try:
                    self.cases[run] = await asyncio.to_thread(cases.case_of, Run(self.services.runs.place / run))
                except (FastaiTuiError, OSError) as error:
                    self.broken[run] = str(error)
                self._tell()
            await asyncio.sleep(BEAT)
        self._tell()

    def _unread(self, run: str) -> bool:
        return run not in self.broken and not (run in self.cases and self.cases[run].shot.ended)

    def _tell(self) -> None:
        """Draw, and tell the screen what is measured anew."""
        self.redraw()
        self.refresh_bindings()
        if self._told != (told := tuple(self.measured().items())):
            self._told = told
            self.changed()

    # Keys

    def on_key(self, event: events.Key) -> None:
        self.picture.plotter.pressed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        case = self.case
        if action == "judge":
            return case is not None and case.ready and self.chosen not in self.said
        if action == "treat":
            return self.judged and bool(cases.remedies(self.found))
        if action == "remedy":
            return self.judged and len(cases.remedies(self.found)) > 1
        if action == "finding":
            return self.judged and case is not None and len(case.reading.findings) > 1
        if action == "forget":
            return self.chosen in self.said
        if action == "stop":
            return self.shot is not None and self.shot.live
        return case is not None and bool(case.shot.step) if action == "view" else len(self.listed) > 1

    def _choose(self, at: int) -> None:
        self.at, self.finding, self.remedy, self.view = at, 0, 0, VIEWS[0]

    def action_move(self, by: int) -> None:
        self._choose(min(max(self.at + by, 0), max(len(self.listed) - 1, 0)))
        self.refresh_bindings()
        self.changed()

    def action_judge(self, word: str) -> None:
        self.said = {**self.said, self.chosen: word}
        self.refresh_bindings()
        self.changed()

    def action_forget(self) -> None:
        self.said = {run: word for run, word in self.said.items() if run != self.chosen}
        self.refresh_bindings()
        self.changed()

    def action_finding(self, by: int) -> None:
        self.finding, self.remedy = self.finding + by, 0
        self.refresh_bindings()
        self.changed()

    def action_remedy(self) -> None:
        self.remedy += 1
        self.changed()

    def action_view(self) -> None:
        views = [VIEWS[0]]  # which is the loss, unless there is evidence of something else
        if self.picture.crowded or (self.judged and self.found is not None and self.case is not None):
            views.append("loss")
        if self.case is not None and self.case.record.inside is not None:
            views.append("layers")
        at = views.index(self.view) if self.view in views else 0
        self.view = views[(at + 1) % len(views)]
        self.changed()

    def action_treat(self) -> None:
        found = cases.remedies(self.found)
        if self.case is None or not found or not self._once.first("treat"):
            return
        remedy = dict(found[self.remedy % len(found)])
        try:
            order = cases.order_of(self.case.job, remedy)
        except FastaiTuiError as error:
            self.say(str(error))
            return
        self.treated = [*self.treated, (self.chosen, max(self.runs, key=cases.number), remedy)]
        self.post_message(self.Train(order))
        self.changed()

    def action_stop(self) -> None:
        if self._once.first("stop"):
            self.post_message(self.Steer("stop"))

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.picture.draw(sheet, self._shown())

    def _shown(self) -> Shown:
        return Shown(
            runs=self.listed,
            cases=self.cases,
            said=self.said,
            at=min(self.at, max(len(self.listed) - 1, 0)),
            judged=self.judged,
            found=self.found,
            remedy=self.remedy,
            view=self.view,
            hidden=self.hidden,
            broken=tuple(self.broken),
        )

    # In words

    def measured(self) -> Measured:
        known = {run: word for run, word in self.said.items() if run in self.cases and self.cases[run].ready}
        return {
            "read": len(known),
            "right": sum(cases.right(self.cases[run], word) for run, word in known.items()),
            "verdict": self.case.reading.verdict if self.case is not None and self.judged else "",
            "cured": int(cases.cured(self.cases, self.treated)),
        }

    def kept(self) -> State:
        return {
            "said": [f"{run} {word}" for run, word in self.said.items()],
            "treated": [json.dumps(one) for one in self.treated],
        }

    def sentence(self) -> str:
        return in_words(self._shown())

    def command(self) -> Sequence[str]:
        return ("show", self.chosen) if self.chosen else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.reading:read"


def _words(kept: Any) -> dict[str, str]:
    """What was said of which run, from what was kept."""
    pairs = [str(one).split(" ") for one in kept] if isinstance(kept, list) else []
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1] in WORDS}


def _treated(kept: Any) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The remedies that were prescribed, from what was kept."""
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for one in kept if isinstance(kept, list) else []:
        try:
            run, newest, remedy = json.loads(one)
        except (ValueError, TypeError):  # damaged: that remedy is forgotten
            continue
        if isinstance(run, str) and isinstance(newest, str) and isinstance(remedy, dict):
            found.append((run, newest, remedy))
    return found
