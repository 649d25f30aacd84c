"""A pane that shows a study, has it run by a process of its own, and finds it again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from fastai_tui.app import studying
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.ladder.ablation_reading import Books, Reader
from fastai_tui.app.tui.plotting import is_thin
from fastai_tui.engine.ablation.study import StudyStore
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.progress import State

LOOK, THIN_LOOK = 0.7, 3.0  # seconds between two looks at a study that goes on
KEPT = 50  # names of studies


class StudyPane(Pane):
    """`study` is the name of the one that is shown, "" for none, and `books` what is known of it; `ended` are the
    studies that have been seen to come to their end here. `begins` while a process is being started."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.studies = StudyStore(scene.services.runs.place.parent / "ablations")
        self.reader = Reader(self.studies, scene.services.runs)
        left = scene.services.memory.get(self._place, scene.kept.get("study"))
        self.study = left if isinstance(left, str) else ""
        ended = scene.kept.get("ended")
        self.ended = [name for name in ended if isinstance(name, str)][-KEPT:] if isinstance(ended, list) else []
        self.books: Books | None = None
        self.trouble = ""
        self.begins = self._serving = False
        self._timer: Timer | None = None

    @property
    def _place(self) -> tuple[str, str]:
        return self.scene.chapter, f"{self.scene.step.id}:study"

    def kept(self) -> State:
        return {"study": self.study, "ended": [*self.ended]}

    def on_mount(self) -> None:
        super().on_mount()
        if self.study:
            self.look()

    def look(self) -> None:
        """Read the study, if nobody does so already."""
        if self.study and not self._serving and self.is_attached:
            self._serving = True
            self._read()

    @work(exit_on_error=True)
    async def _read(self) -> None:
        try:
            name = ""
            while self.study and self.study != name:  # another one was chosen meanwhile
                name = self.study
                books = await asyncio.to_thread(self.reader.read, name)
                if self.study == name and self.is_attached:
                    self._heard(books)
        except FastaiTuiError as error:
            self.say(str(error))
            self.leave()
            self.changed()
        finally:
            self._serving = False

    def _heard(self, books: Books) -> None:
        before, self.books = self.books, books
        if before is None:
            self.opened(books)
        if books.whole and not books.running and books.study.name not in self.ended:
            self.ended = [*self.ended, books.study.name][-KEPT:]
        self.begins = self.begins and not books.running and not books.whole
        self.keep_looking(books.running)
        if before != books:
            self.refresh_bindings()
            self.changed()

    def opened(self, books: Books) -> None:
        """Another study is shown."""

    def keep_looking(self, goes_on: bool) -> None:
        """Look again and again while it goes on."""
        if goes_on and self._timer is None:
            self._timer = self.set_interval(THIN_LOOK if is_thin(self) else LOOK, self.look)
        elif not goes_on and self._timer is not None:
            self._timer.stop()
            self._timer = None

    def leave(self) -> None:
        """Show the plan again; the study goes its own way."""
        self.study, self.books = "", None
        self.services.memory.pop(self._place, None)
        self.keep_looking(goes_on=False)
        self.refresh_bindings()

    def begin(self, create: Callable[[], str] | None) -> None:
        """Have the study run that `create` makes and names, or else the one that is shown go on."""
        self.begins, self.trouble = True, ""
        self.refresh_bindings()
        self.changed()
        self.app.run_worker(self._launch(create, self.study))  # the app's: it outlives the learner's leaving the step

    async def _launch(self, create: Callable[[], str] | None, name: str) -> None:
        trouble = ""
        try:
            if create is not None:
                name = await asyncio.to_thread(create)
            self.services.memory[self._place] = name
            await asyncio.to_thread(self.launch, name)
        except FastaiTuiError as error:
            trouble = str(error)
        self.begins = False
        if self.is_attached:
            self.study, self.trouble = name, trouble
            self.refresh_bindings()
            self.changed()
            self.look()

    def launch(self, name: str) -> None:
        """Start the study's process."""
        studying.launch(name, self.studies)

    def action_resume(self) -> None:
        self.begin(None)

    def action_stop(self) -> None:
        try:
            studying.stop(self.study, self.studies)
        except FastaiTuiError as error:
            self.say(str(error))
        else:
            self.say("Stopping: what trains ends with a checkpoint, and space goes on.")
