"""What the recipe's lines would train on the data that were chosen, and the runs and rates that there are of them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec
from textual import work

from fastai_tui.app.rate_finding import Finding
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.following import BEAT
from fastai_tui.app.tui.panes.common.running import RunPane
from fastai_tui.app.tui.panes.common.typed import as_line
from fastai_tui.app.tui.panes.photos import recipe_rows, recipe_words
from fastai_tui.app.tui.panes.photos.recipe_rows import Found, Row
from fastai_tui.app.tui.panes.photos.recipe_runs import RecipeRuns
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.sweep import Sweep
from fastai_tui.lessons import recipe
from fastai_tui.lessons.recipe import COUNT, DATA, STAND_IN, Done

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.job import Job
    from fastai_tui.lessons.schema import Step

AGAIN = 4.0  # seconds between two looks for runs that were started in a terminal
RATE = 0.01  # the head's where nothing says another
SUGGESTION = "minimum"  # a tenth of where the loss is lowest, as the course reads the curve


class RecipeLines(RunPane):
    """`wanted` are the data that were chosen ("": dogs and cats, or what stands in for them), `data` those that there
    are, `found` the rates that were found here."""

    STEERS = False  # each line keeps what it was begun with

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.runs_read = RecipeRuns(scene.services.runs)
        self.found = recipe_rows.restored(scene.kept.get("found"))
        self.wanted = as_line(scene.kept.get("data"))
        self.data = ""
        self.jobs: list[Job | None] = []
        self.errors: list[str] = []  # why a line can not be carried out
        self.order()

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(AGAIN, self.look)
        self.look()

    def told(self) -> None:
        """There may be something new."""
        raise NotImplementedError

    # What the lines would train

    def order(self) -> None:
        """Make the jobs anew."""
        self.data = self._resolved()
        pairs = [self._job(number) for number in range(1, COUNT + 1)]
        missing = recipe_words.missing(self.data)
        self.jobs, self.errors = [job for job, _ in pairs], [missing or error for _, error in pairs]

    def _resolved(self) -> str:
        """The data, by the name that runs give them."""
        if self.wanted in DATA:
            return self.wanted
        if self.wanted:
            return os.path.abspath(os.path.expanduser(self.wanted))
        job, _ = self._job(4, recipe.EXPERIMENTS[0])
        return STAND_IN if job is None else job.data

    def _job(self, number: int, data: str = "") -> tuple[Job | None, str]:
        try:
            return orders.job_of(self.step_of(number, data), {}), ""
        except FastaiTuiError as error:
            return None, str(error)

    def step_of(self, number: int, data: str = "") -> Step:
        """The step, as if it asked for that line alone. Raises `BadInput` if it trains nothing."""
        step = self.scene.step
        base = orders.chosen(step, self.knobs)
        run = recipe.order(number, data or self.data, base, self.rate)
        return msgspec.structs.replace(step, run=run, knobs=())

    @property
    def rate(self) -> float:
        """The head's, as the knob or the step says."""
        run = self.scene.step.run
        value = self.knobs.get("lr", run.set.get("lr") if run else None)
        return float(value) if isinstance(value, (int, float)) and value > 0 else RATE

    # The runs, and the rates that were found

    @property
    def ours(self) -> Snapshot | None:
        """The run that is followed, whichever of the data it is on."""
        return self.shot if self.shot is not None and self.shot.experiment in recipe.EXPERIMENTS else None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The lines with what has become of them, on these data."""
        return recipe_rows.rows(self.runs_read.of(self.data), [each for each in self.rates if each.data == self.data])

    @property
    def rates(self) -> list[Found]:
        """Those that were found here, and in the chapter's other steps since the app was opened."""
        found = []
        for (chapter, _), left in self.services.memory.items():
            match left:
                case (Finding() as finding, (job, Sweep())) if chapter == self.scene.chapter and finding.done:
                    found += self.suggested(finding, job)
        return [*found, *self.found]

    def suggested(self, finding: Finding, job: Job) -> list[Found]:
        """What the finder has found, and for which line."""
        number = recipe.place(Done(job.settings, found=True))
        rates = {one.name: one.rate for one in finding.suggestions}
        rate = rates.get(SUGGESTION)
        return [Found(number, float("nan") if rate is None else float(f"{rate:.1g}"), job.data)] if number else []

    @work(exclusive=True, group="look")
    async def look(self) -> None:
        """Read what is new of the runs, beside the event loop: those that are over once."""
        await asyncio.to_thread(self.runs_read.look)
        while unread := self.runs_read.unread(self.data, self.shot.run if self.shot else ""):
            over = await asyncio.to_thread(self.runs_read.read, unread)
            self.told()
            if not over:  # all of them go on
                await asyncio.sleep(BEAT)
        self.told()
