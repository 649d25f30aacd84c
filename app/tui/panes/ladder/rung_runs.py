"""The chapter's runs as the ladder and the road read them: which belong to which rung, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.following import ROWS
from fastai_tui.app.tui.panes.ladder import rung_rows
from fastai_tui.app.tui.panes.ladder.rung_rows import Row
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.store import RunStore
    from fastai_tui.lessons.rungs import Rung

MOST = 500  # runs that are looked through: the newest


class RungRuns:
    """`shots` holds what was read of the runs `listed`; a run that can not be read is as good as none."""

    def __init__(self, store: RunStore) -> None:
        self.shots: dict[str, Snapshot] = {}
        self.listed: tuple[str, ...] = ()
        self._store = store
        self._jobs: dict[str, Job | None] = {}
        self._watchers: dict[str, Watcher] = {}

    def rows(self, rungs: Sequence[Rung], asked: Sequence[Job | None], described: Mapping[str, int]) -> tuple[Row, ...]:
        """The rungs with what is known of their runs."""
        jobs, found = self.known(), []
        for rung, job, own in zip(rungs, asked, rung_rows.belonging(rungs, asked, jobs), strict=True):
            shot = rung_rows.best_of([self.shots[run] for run in own if run in self.shots])
            differs = rung_rows.differences(jobs[shot.run], job) if shot is not None and job is not None else ()
            found.append(Row(rung, shot, differs, described.get(rung.name, 0)))
        return tuple(found)

    def wanted(self, rungs: Sequence[Rung], asked: Sequence[Job | None], followed: str) -> list[str]:
        """The runs to be read next: of every rung those that go on, but for the one that is `followed` by others, and
        the next one as long as none is good enough."""
        found = []
        for own in rung_rows.belonging(rungs, asked, self.known()):
            known = [self.shots[run] for run in own if run in self.shots]
            found += [shot.run for shot in known if not shot.ended and shot.run != followed]
            if not any(not shot.ended or shot.phase == "finished" for shot in known):
                found += [run for run in own if run not in self.shots][:1]
        return found

    def read(self, runs: Sequence[str]) -> bool:
        """Read these runs; was there one among them that is over?"""
        over = [self._read(run) for run in runs]
        return any(over)

    def learn(self) -> None:
        """Find out what the runs that are `listed` were asked to do."""
        for run in self.listed[-MOST:]:
            if run not in self._jobs:
                try:
                    self._jobs[run] = self._store.find(run).spec.job
                except (FastaiTuiError, OSError):  # removed since, or damaged
                    self._jobs[run] = None

    def known(self) -> dict[str, Job]:
        """What the `listed` runs were asked to do, as far as that is known."""
        jobs = self._jobs
        return {run: job for run in self.listed[-MOST:] if (job := jobs.get(run)) is not None}

    def _read(self, run: str) -> bool:
        try:
            watcher = self._watchers.get(run) or Watcher(self._store.find(run), ROWS)
            shot = watcher.snapshot()
        except (FastaiTuiError, OSError):  # removed since, or damaged: another one may be there
            self._jobs[run] = None
            return True
        self.shots[run] = shot
        if shot.ended:
            self._watchers.pop(run, None)
        else:
            self._watchers[run] = watcher
        return shot.ended
