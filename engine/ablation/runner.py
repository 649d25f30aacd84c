"""Runs a study: starts what is not done, so many at a time, and goes on with what was interrupted.

Whoever drives it calls `step` now and then, which never waits for a run: a command in a loop, an app by a timer.
"""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen

import msgspec

from fastai_tui.engine.ablation.grid import Member
from fastai_tui.engine.ablation.outcome import DONE, Outcome, outcome, outcomes
from fastai_tui.engine.ablation.study import Study, StudyStore, found
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.lock import Lock
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

AGAIN = 2.0  # seconds after which a run is asked again to stop: one that is only starting may not have heard


@dataclass
class Going:
    """A run under way; `process` is None for one that somebody else has started."""

    member: Member
    run: Run
    process: "Popen[bytes] | None" = None
    asked: float = -AGAIN

    @property
    def over(self) -> bool:
        """Has it ended, or will it never begin?"""
        return (self.process is None or self.process.poll() is not None) and not self.run.state().live


class Runner:
    """Drives a study's runs; `outcomes` says how its members stand, as far as `step` has seen."""

    def __init__(self, study: Study, store: RunStore, jobs: int = 1) -> None:
        self.study, self.store, self.jobs = study, store, jobs
        self.runs = found(study, store.runs())
        self.outcomes = {each.number: each for each in outcomes(study, self.runs)}
        self.going: dict[int, Going] = {}
        self.stopping = False
        self._members = {member.number: member for member in study.members}
        self._ahead = [number for number, each in self.outcomes.items() if each.phase not in DONE]
        for number in [n for n in self._ahead if self.outcomes[n].phase == "going"]:
            self._ahead.remove(number)
            self.going[number] = Going(self._members[number], self.runs[number])

    @property
    def over(self) -> bool:
        """Is there nothing more to come?"""
        return not self.going and (self.stopping or not self._ahead)

    def step(self) -> list[Outcome]:
        """Start what there is room for; the outcomes of runs that have ended since the last time."""
        ended = [self._end(going) for going in [*self.going.values()] if going.over]
        while not self.stopping and self._ahead and len(self.going) < self.jobs:
            self._begin(self._members[self._ahead.pop(0)])
        if self.stopping:
            self._insist()
        return ended

    def stop(self) -> None:
        """Start no more, and ask those under way to end with a checkpoint."""
        self.stopping = True
        self._insist()

    def _begin(self, member: Member) -> None:
        number = member.number
        if number not in self.runs:
            command = ["fastai-tui", "ablate", "--resume", self.study.name]
            name, at_once = self.study.run_name(member), self.jobs > 1
            self.runs[number] = self.store.create(member.job, name, command, at_once=at_once)
        run = self.runs[number]
        self.going[number] = Going(member, run, client.launch(run))
        self.outcomes[number] = outcome(member, run)

    def _end(self, going: Going) -> Outcome:
        number = going.member.number
        del self.going[number]
        ended = outcome(going.member, going.run)
        if ended.phase == "interrupted" and not ended.message:
            why = f"{going.run.id} could not begin; {going.run.path / 'output.log'} says why."
            ended = msgspec.structs.replace(ended, message=why)
        self.outcomes[number] = ended
        return ended

    def _insist(self) -> None:
        for going in self.going.values():
            if time.monotonic() - going.asked > AGAIN:
                with contextlib.suppress(BadInput):  # not there yet, or no longer
                    client.send(going.run, "stop")
                    going.asked = time.monotonic()


@contextmanager
def alone(study: Study, store: StudyStore) -> Iterator[None]:
    """One process at a time runs a study. Raises `BadInput` if another one does so now."""
    lock = Lock(store.folder(study.name) / "lock")
    try:
        lock.acquire()
    except RunFailed:
        raise BadInput(f"The study {study.name} is being run by another process; stop that one first.") from None
    try:
        yield
    finally:
        lock.release()
