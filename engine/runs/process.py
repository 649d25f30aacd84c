"""The run process: `python -m fastai_tui.engine.runs.process FOLDER`. One writer, detached, until the run has ended.

The lock is taken before torch is imported, so that readers know within a moment that the process lives.
"""

import sys
import time
import traceback
from pathlib import Path
from typing import Any

import msgspec

from fastai_tui.engine import events, ranks
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.home import disk_errors, write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.mishap import short_of_memory
from fastai_tui.engine.runs import follower, lock, spec
from fastai_tui.engine.runs.inbox import Inbox
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import NEWEST


def main(folder: Path) -> int:
    """Run what the folder asks for. What goes wrong before there is a log goes to the standard error, `output.log`."""
    rank = ranks.mine()
    if rank is not None and rank.number:
        return follower.main()
    run = Run(folder)
    run_lock = lock.Lock(folder / "lock")
    inbox = Inbox(run_lock)
    run_lock.acquire()
    try:
        return _Session(run, run_lock, inbox, rank).go()
    finally:
        run_lock.release()


class _Session:
    """One process's part in a run's life: from the lock to the last event."""

    def __init__(self, run: Run, run_lock: lock.Lock, inbox: Inbox, rank: ranks.Rank | None) -> None:
        self.run, self.lock, self.inbox, self.rank = run, run_lock, inbox, rank
        self.begun = time.monotonic()
        self.log = run.log()
        self.writer: Any = None
        self.learn: Any = None
        self.group: Any = None  # the processes that this one leads

    def go(self) -> int:
        """Wait for the device, build, train, and say how it ended."""
        try:
            reason, message = self._train()
        except FastaiTuiError as error:
            reason, message = "failed", str(error)
        except Exception as error:  # a bug, or the user's own model: the log has all of it
            traceback.print_exc()
            reason, message = "failed", self._plainly(error)
        self._end(reason, message)
        return 0 if reason == "finished" else 1

    def _train(self) -> tuple[str, str]:
        from fastai_tui.engine.device import choose, prepare, wanted
        from fastai_tui.engine.runs.queue import wait_for_turn

        asked = self.run.spec
        device = choose(wanted(asked.job.device, self.rank.local) if self.rank else asked.job.device)
        if not wait_for_turn(self.lock, str(device), self.inbox, at_once=asked.at_once):
            return "stopped", "Stopped while it waited for the device."
        prepare(device, asked.job.seed)
        if self.rank is not None:
            from fastai_tui.engine.parallel import Group

            self.group = Group(self.rank)
        self.learn = build(self._job(str(device)))
        recorder = self._equip()
        self.learn.fit(asked.job.epochs)
        outcome = self._outcome(recorder)
        if self.group is not None:
            self.group.dismiss()
        return outcome

    def _job(self, device: str) -> Job:
        """What is built. A run that has weights of its own does not need those that it began with any more."""
        from fastai_tui.engine.runs import checkpoints

        job = self.run.spec.job
        goes_on = checkpoints.newest_name(self.run.path / "checkpoints")
        settings = job.settings | ({"begin": ""} if goes_on and "begin" in job.settings else {})
        return msgspec.structs.replace(job, device=device, settings=settings)

    def _outcome(self, recorder: Any) -> tuple[str, str]:
        """How training ended; what ended before its last epoch leaves a checkpoint."""
        from fastai_tui.engine.early_stop import EarlyStop
        from fastai_tui.engine.runs.checkpoints import Checkpointer

        learn = self.learn
        if recorder.diverged:
            return "diverged", _diverged(learn)
        if learn.epoch >= self.run.spec.job.epochs:
            return "finished", "Finished."
        found = {type(callback): callback for callback in learn.callbacks}
        found[Checkpointer].save(learn.epoch, learn.batch)
        if self.inbox.stopping:
            return "stopped", f"Stopped at batch {learn.step} of {learn.total}, with a checkpoint."
        return "finished", found[EarlyStop].sentence

    def _equip(self) -> Any:
        """Give the Learner what records, steers and saves it; put it where the last good checkpoint was."""
        from fastai_tui.engine.interpret.stats import asked_for
        from fastai_tui.engine.live_samples import samples
        from fastai_tui.engine.recorder import Recorder
        from fastai_tui.engine.runs import checkpoints
        from fastai_tui.engine.runs.control import Control
        from fastai_tui.engine.runs.cycles import CycleEnds, cycle_ends
        from fastai_tui.engine.runs.warner import Warner
        from fastai_tui.engine.runs.writer import RunWriter

        learn = self.learn
        stats = asked_for(learn.model, str(learn.settings.get("activations", "off")))
        found = checkpoints.newest(self.run.path / "checkpoints")
        self._describe(stats.names if stats else [])
        self.writer = writer = RunWriter(self.run.path, len(learn.plan.rates), len(stats.names) if stats else 0)
        recorder = Recorder(writer, stats)
        learn.callbacks += [recorder, checkpoints.Checkpointer(writer, recorder)]
        learn.callbacks += samples(learn, self.run.spec.job, writer)
        if ends := cycle_ends(learn.settings):
            learn.callbacks.append(CycleEnds(writer, ends))
        if self.group is not None:
            self._brief(found[0] if found else None)
        if found is not None:
            state, damaged = found
            checkpoints.restore(learn, state)
            writer.rewind(learn.step)
            self._tell_resumed(damaged)
        else:
            writer.rewind(0)
            writer.emit(started(self.run.id, learn, self.run.spec.job, writer.now()))
        if self.group is not None:
            self._lead()
        changes = [e for e in self.log if isinstance(e, events.Changed) and e.step >= learn.step]
        learn.callbacks += [
            Control(self.inbox, self.lock, writer, changes),
            Warner(self.run, writer, self.inbox, self.log),
        ]
        return recorder

    def _brief(self, state: dict[str, Any] | None) -> None:
        """Tell the other processes what the run is, and where it was."""
        from fastai_tui.engine.parallel import encoded

        job = msgspec.json.encode(self.run.spec.job)
        self.group.tell({"job": job, "checkpoint": encoded(state, self.group.rank.count)})

    def _lead(self) -> None:
        """Share the batches with them."""
        from fastai_tui.engine.parallel import Leading

        self.group.share(self.learn)
        self.learn.callbacks.append(Leading(self.group))

    def _describe(self, layers: list[str]) -> None:
        """Complete `run.json` with what only the built network tells."""
        learn, asked = self.learn, self.run.spec
        job = _settled(asked.job, learn.settings)
        total = asked.job.epochs * len(learn.data.train)
        made = msgspec.structs.replace(
            asked, job=job, groups=len(learn.plan.rates), layers=layers, device=str(learn.device), total_batches=total
        )
        if made != asked:
            write_whole(self.run.path / "run.json", spec.encode(made))

    def _tell_resumed(self, damaged: list[str]) -> None:
        from fastai_tui.engine.versions import versions

        at = {"time": self.writer.now(), "step": self.learn.step, "epoch": self.learn.epoch}
        self.writer.emit(events.Resumed(**at, versions=versions()))
        if damaged:
            message = f"{damaged[0]} is damaged; the checkpoint before it is used, and what came after is done again."
            self.writer.emit(events.Warned(**at, code="damaged_checkpoint", message=message))

    def _place(self) -> tuple[int, int]:
        """Batches done and the epoch; what was done before, if this process did not get so far as to go on with it."""
        if self.learn is not None and self.learn.step:
            return self.learn.step, min(self.learn.epoch, self.run.spec.job.epochs - 1)
        steps = self.run.steps()
        last = steps.read(len(steps) - 1)
        return len(steps), int(last["epoch"][-1]) if len(last) else 0

    def _paused(self) -> float:
        """For how many seconds this process was held."""
        return sum(getattr(callback, "held", 0.0) for callback in getattr(self.learn, "callbacks", ()))

    def _end(self, reason: str, message: str) -> None:
        seconds = time.monotonic() - self.begun - self._paused()
        step, epoch = self._place()
        event = events.RunEnded(
            time=time.time(), step=step, epoch=epoch, reason=reason, message=message, seconds=seconds
        )
        with disk_errors(f"write the end of {self.run.id}"):
            if self.writer is not None:
                self.writer.last_words(msgspec.structs.replace(event, time=self.writer.now()))
            else:
                from fastai_tui.engine.runs.log import append

                append(self.run.path / "events.jsonl", events.encode(event))

    def _plainly(self, error: Exception) -> str:
        """An unexpected error in a sentence."""
        if self.group is not None:
            from fastai_tui.engine.parallel import is_loss, lost

            if is_loss(error):
                return str(lost(self.group.rank.count))
        return _plainly(error, self.run)


def build(job: Any) -> Any:
    """The Learner that a job's builder makes."""
    from importlib import import_module

    module, _, function = job.builder.partition(":")
    return getattr(import_module(module), function)(job)


def started(run_id: str, learn: Any, job: Any, now: float) -> events.RunStarted:
    """The first event of a run."""
    from fastai_tui.engine.versions import versions

    return events.RunStarted(
        time=now,
        run=run_id,
        experiment=job.experiment,
        settings=job.settings,
        seed=job.seed,
        epochs=job.epochs,
        device=str(learn.device),
        data=learn.data.facts,
        parameters=sum(p.numel() for p in learn.model.parameters()),
        batches_per_epoch=len(learn.data.train),
        versions=versions(),
    )


def describe(job: dict[str, Any]) -> events.RunStarted:
    """What a run of `job` would say first; nothing is trained or written. A lab request."""
    from fastai_tui.engine.device import choose, prepare

    asked = msgspec.convert(job, Job)
    prepare(choose(asked.device), asked.seed)
    return started("", build(asked), asked, time.time())


def _settled(job: Job, settings: dict[str, Any]) -> Job:
    """The job with the run that it begins with called by its id, not as the newest there was."""
    if job.settings.get("begin") != NEWEST:
        return job
    return msgspec.structs.replace(job, settings=job.settings | {"begin": settings["begin"]})


def _diverged(learn: Any) -> str:
    rate = "/".join(f"{rate:.3g}" for rate in (learn.lr if len(set(learn.lr)) > 1 else learn.lr[-1:]))
    return (
        f"The loss is no number any more at batch {learn.step} (rate {rate}): the steps were too large; "
        "try a tenth of the rate, 1cycle, or batch norm."
    )


def _plainly(error: Exception, run: Run) -> str:
    """An unexpected error in a sentence."""
    if said := short_of_memory(error, run.spec.job.settings):
        return said
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first} (all of it is in {run.path / 'output.log'})."


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except FastaiTuiError as trouble:
        sys.exit(str(trouble))
