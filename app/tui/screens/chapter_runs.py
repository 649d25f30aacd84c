"""The runs of a step: starting them, steering them, following them, and finding them again another day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from fastai_tui.app.snapshots import Snapshot
from fastai_tui.app.tui.following import follow
from fastai_tui.app.tui.screens import which_run
from fastai_tui.app.tui.widgets.status import StatusFacts
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.worker import Worker

    from fastai_tui.app.tui.screens.chapter import ChapterScreen
    from fastai_tui.app.tui.services import Services
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Setting, Value
    from fastai_tui.lessons.progress import Progress, State
    from fastai_tui.lessons.schema import Chapter, Step
    from fastai_tui.lessons.schema import Run as Order

Work = Callable[[], Coroutine[Any, Any, None]]

SETTLE = 0.4  # seconds after the last turn of a knob before a running run is told
COUNT_EVERY = 3.0  # seconds between two looks at the queue
KEPT = 50  # runs that a step remembers: the newest


class StepRuns:
    """`own` are the ids of the runs started in this step, `family` those of its experiment and network in the whole
    chapter, wherever they were started, `all` those of its experiment with any network, the oldest first; `home` are
    those of all that were started in the first step that trains their network. `shown` is the newest of the first, or
    else of those of the second that have the step's settings, or else of all of the second; `shot` its newest snapshot.
    """

    def __init__(self, screen: ChapterScreen, services: Services) -> None:
        self.screen, self.services = screen, services
        self.own: list[str] = []
        self.family: tuple[str, ...] = ()
        self.all: tuple[str, ...] = ()
        self.home: frozenset[str] = frozenset()
        self.shown: Run | None = None
        self.shot: Snapshot | None = None
        self.shots: dict[str, Snapshot] = {}
        self.waiting = 0
        self._launching: Worker[None] | None = None
        self._workers: list[Worker[Any]] = []
        self._settling: Any = None

    @property
    def own_shots(self) -> list[Snapshot]:
        """The snapshots of the step's own runs, as far as they are known."""
        return [self.shots[run] for run in self.own if run in self.shots]

    def open(self, chapter: Chapter, step: Step, progress: Progress) -> None:
        """Find the runs of a step that is shown now, and follow the one that belongs there."""
        self.shots, self.shown, self.shot = {}, None, None
        self.own = which_run.ids(progress.of(chapter.slug, step.id).state)
        self.family, self.all = which_run.family(chapter, step, progress), which_run.whole(chapter, step, progress)
        self.home = which_run.home(chapter, step, progress)
        if step.run is not None:
            self._work(self._find)

    def close(self) -> None:
        """Follow nothing any more; the runs go on."""
        for worker in self._workers:
            worker.cancel()
        self._workers = []

    def kept(self) -> State:
        """What the step remembers of its runs."""
        return {"runs": list(self.own[-KEPT:])} if self.own else {}

    def facts(self, *, trains: bool, note: str) -> StatusFacts:
        """What the status line tells: of the run that is shown, the lab and the link. Where nothing `trains`, a run of
        another step that has ended is no news."""
        app: Any = self.screen.app
        shot = self.shot if trains or (self.shot is not None and self.shot.live) else None
        return StatusFacts.of(
            shot, trains=trains, waiting=self.waiting, lab=app.lab_words, link=app.link_words, note=note
        )

    def train(self, knobs: Mapping[str, Value], order: Order | None = None) -> None:
        """Start a run of the step's experiment, or the one that `order` asks for."""
        if self._launching is not None and not self._launching.is_finished:
            return
        self.screen.tell("The run begins: starting PyTorch takes a few seconds.", "accent")
        start: Work = partial(self._train, self.screen.step, dict(knobs), order)
        self._launching = self.screen.app.run_worker(start)  # the app's: it outlives the learner's leaving the step

    def steer(self, do: str) -> None:
        """Pause, resume or stop the run that is shown; one whose process has ended is gone on with."""
        if self.shown is not None:
            self._work(partial(self._steer, self.shown, do))

    def turned(self, setting: Setting, value: Value) -> None:
        """A knob was turned: a running run of this step takes what it can take while it runs."""
        shot = self.shot
        if setting.live and shot is not None and shot.live and shot.run in self.own:
            if self._settling is not None:
                self._settling.stop()
            change = partial(self._set, {setting.name: value})
            self._settling = self.screen.set_timer(SETTLE, partial(self._work, change))

    def _work(self, work: Work) -> None:
        if not self.screen.is_attached:  # the learner has left meanwhile
            return
        self._workers = [worker for worker in self._workers if not worker.is_finished]
        self._workers.append(self.screen.run_worker(work))

    def _trouble(self, sentence: str) -> None:
        self.screen.tell(sentence, "bad")

    async def _train(self, step: Step, knobs: dict[str, Value], order: Order | None) -> None:
        try:
            run = await asyncio.to_thread(self._launch, _ordering(step, order), knobs)
        except FastaiTuiError as error:
            self._trouble(str(error))
            return
        if self.screen.is_attached and self.screen.step is step:
            self._adopt(run)
        else:  # the learner has gone on meanwhile, and will find it there
            slug = self.screen.chapter.slug
            self.screen.keeper.update(lambda progress: _with(progress, slug, step.id, run.id))

    def _adopt(self, run: Run) -> None:
        self.own.append(run.id)
        self.family, self.all = (*self.family, run.id), (*self.all, run.id)
        self.screen.keep()
        self.screen.tell("")
        self._show(run)

    def _launch(self, step: Step, knobs: dict[str, Value]) -> Run:
        from fastai_tui.app.tui.orders import command_of, job_of, seed_for
        from fastai_tui.engine.runs import client

        store = self.services.runs
        seed = seed_for(job_of(step, knobs), self.family, store)
        job = job_of(step, knobs, seed)
        run = store.create(job, "", ["fastai-tui", *command_of(step, knobs, seed=seed)])
        client.launch(run)
        return run

    async def _steer(self, run: Run, do: str) -> None:
        from fastai_tui.app.tui.steering import steer

        again = do == "resume" and not (await asyncio.to_thread(run.state)).live
        said, worked = await steer(run, "continue" if again else do)
        if not worked:
            self._trouble(said)
        elif again:
            self._show(run)

    async def _set(self, settings: dict[str, Value]) -> None:
        from fastai_tui.engine.runs import client

        if self.shown is None:
            return
        try:
            command = await asyncio.to_thread(client.send, self.shown, "set", by="app", settings=settings)
            changed = await asyncio.to_thread(client.wait_for, self.shown, command)
        except FastaiTuiError as error:
            self._trouble(str(error))
            return
        if changed is not None:
            words = ", ".join(f"{name} {value}" for name, value in settings.items())
            self.screen.tell(f"The run goes on with {words} after batch {changed.step:,}.", "accent")

    async def _find(self) -> None:
        """The runs that are still there, and their last snapshots."""
        asked = {*self.own, *self.all}
        found = await asyncio.to_thread(self._there, asked)
        gone = asked - {*found}  # but not a run that has been started meanwhile
        self.own = [run for run in self.own if run not in gone]
        self.family = tuple(run for run in self.family if run not in gone)
        self.all = tuple(run for run in self.all if run not in gone)
        for run in [run for run in self.own[:-1] if run in found]:
            shot = await asyncio.to_thread(_once, found[run])
            if shot is not None:
                self.shots[run] = shot
        alike = [found[run] for run in self.family if run in found]
        others = await asyncio.to_thread(which_run.of_others, self.screen.step, alike)
        self.family = tuple(run for run in self.family if run not in others)
        newest = await asyncio.to_thread(self._belongs, found)
        if newest in found:
            self._show(found[newest])
        elif not newest:
            self.screen.followed()

    def _belongs(self, found: Mapping[str, Run]) -> str:
        """The run that the step shows; one that was stopped before its first batch stands back for all others."""
        step = self.screen.step
        alike = [found[run] for run in self.family if run in found]
        like = [run.id for run in alike if which_run.as_asked(step, run)]
        blind = which_run.blind(step, alike)
        ranked = [*reversed(self.own), *reversed(like), *(run for run in reversed(self.family) if run not in blind)]
        return next((run for run in ranked if run not in found or not _idle(found[run])), next(iter(ranked), ""))

    def _there(self, ids: set[str]) -> dict[str, Run]:
        found = {}
        for run in ids:
            try:
                found[run] = self.services.runs.find(run)
            except FastaiTuiError:  # removed since: the lesson goes on without it
                continue
        return found

    def _show(self, run: Run) -> None:
        self.shown, self.shot = run, None
        self._work(partial(follow, run, self._told, self._trouble))
        self._work(partial(self._count, run))

    def _told(self, shot: Snapshot) -> None:
        """A run is further: the one that is shown, or an older one that was not over when the next was started."""
        before = self.shots.get(shot.run)
        self.shots[shot.run] = shot
        if self.shown is not None and shot.run == self.shown.id:
            self.shot = shot
        self.screen.followed()
        if before is not None and before.live and shot.ended:
            self.screen.app.run_ended(shot)  # type: ignore[attr-defined]

    async def _count(self, run: Run) -> None:
        """How many runs wait for a device, while one that is shown is live."""
        from fastai_tui.engine.runs.queue import waiting

        explained = False
        while self.shown is run and (self.shot is None or self.shot.live):
            self.waiting = await asyncio.to_thread(waiting, self.services.runs.place)
            if not explained:
                explained = await self._explained(self.shot)
            await asyncio.sleep(COUNT_EVERY)

    async def _explained(self, shot: Snapshot | None) -> bool:
        """Say so, if a run waits for one that is paused: it would wait for ever."""
        from fastai_tui.engine.runs.run import Run

        if shot is None or shot.phase != "queued" or not shot.behind:
            return False
        ahead = await asyncio.to_thread(Run(self.services.runs.place / shot.behind).state)
        if ahead.phase == "paused":
            self.screen.tell(f"{shot.behind} is paused and keeps the device: r lists all runs, u there stops it.")
        return ahead.phase == "paused"


def _once(run: Run) -> Snapshot | None:
    from fastai_tui.app.snapshots import Watcher

    try:
        return Watcher(run).snapshot()
    except (FastaiTuiError, OSError):
        return None


def _with(progress: Progress, chapter: str, step: str, run: str) -> Progress:
    """The progress with one more run in a step that is not shown."""
    state = progress.of(chapter, step).state
    return progress.put(chapter, step, state={**state, "runs": [*which_run.ids(state), run][-KEPT:]})


def _ordering(step: Step, order: Order | None) -> Step:
    """The step, or what it would be if it asked for just that."""
    return step if order is None else msgspec.structs.replace(step, run=order, knobs=())


def _idle(run: Run) -> bool:
    """Was it stopped before it had done anything?"""
    return run.state().phase == "stopped" and not len(run.steps())
