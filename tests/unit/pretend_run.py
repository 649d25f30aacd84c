"""A run's process that trains nothing: it holds the lock, writes rows at a steady pace, and stops when it is asked to.

`python pretend_run.py FOLDER [finish|fail|die]`
"""

import sys
import time
from pathlib import Path

import msgspec
from canned_runs import DATA, SETTINGS, epoch_of, rows

from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.runs import lock, log, spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.writer import RunWriter

PER_EPOCH, EPOCHS, PIECE = 20, 3, 5


def main(folder: Path, fate: str) -> None:
    """Pretend."""
    held = lock.Lock(folder / "lock")
    held.acquire()
    run, commands = Run(folder), log.LineReader(folder / "commands.jsonl")
    total = PER_EPOCH * EPOCHS
    write_whole(folder / "run.json", spec.encode(msgspec.structs.replace(run.spec, device="cpu", total_batches=total)))
    writer = RunWriter(folder, 1, 0)
    writer.emit(started(run))
    held.say(phase="running")
    reason, done = "finished", 0
    while done < total and reason == "finished":
        made = rows(done + 1, PIECE, total, PER_EPOCH)
        done += PIECE
        if done % PER_EPOCH == 0:
            writer.emit(epoch_of(done // PER_EPOCH - 1, PER_EPOCH))
        writer.flush(done - PIECE + 1, {field: made[field] for field in made.dtype.names or ()})
        time.sleep(0.02 if fate == "finish" else 0.2)
        if fate == "die" and done == 2 * PER_EPOCH:
            sys.exit(9)
        if fate == "fail" and done == 2 * PER_EPOCH:
            reason = "diverged"
        if any(b'"stop"' in line for line in commands.poll()):
            reason = "stopped"
    message = {"diverged": "The loss is no number any more.", "stopped": f"Stopped at batch {done}."}.get(
        reason, "Done."
    )
    writer.last_words(
        events.RunEnded(time=time.time(), step=done, epoch=2, reason=reason, message=message, seconds=1.5)
    )
    held.release()


def started(run: Run) -> events.RunStarted:
    """The first event."""
    return events.RunStarted(
        time=time.time(),
        run=run.id,
        experiment="mnist",
        settings=SETTINGS,
        seed=42,
        epochs=EPOCHS,
        device="cpu",
        data=DATA,
        parameters=7010,
        batches_per_epoch=PER_EPOCH,
        versions={"torch": "0"},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
