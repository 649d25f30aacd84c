"""Following a run: its snapshots, taken off the event loop, one message for each that differs from the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.run import Run

BEAT = 0.2  # seconds between two looks at a live run: as often as its recorder writes is no use to the eye
PATIENCE = 60  # beats for a run's process to begin; then it is looked at only now and then
SLOW_BEAT = 2.0
ROWS = 1000  # epochs of a run that are remembered: more than any plot of them has columns


async def follow(run: Run, tell: Callable[[Snapshot], None], trouble: Callable[[str], None]) -> None:
    """Tell of every new snapshot until the run has ended, however it ends."""
    watcher, before, beats = Watcher(run, ROWS), None, 0
    while True:
        try:
            shot = await asyncio.to_thread(watcher.snapshot)
        except (FastaiTuiError, OSError) as error:
            trouble(f"{run.id} can not be read any more: {error}")
            return
        if _differs(shot, before):
            tell(shot)
        before = shot
        if shot.ended:
            return
        beats = 0 if shot.live else beats + 1
        await asyncio.sleep(BEAT if beats < PATIENCE else SLOW_BEAT)


def _differs(now: Snapshot, before: Snapshot | None) -> bool:
    """Is there anything new to see? The clock alone is, once a second, while the run is busy with something else."""
    if before is None:
        return True
    same = (now.phase, now.step, now.message, now.epochs_done, len(now.warnings), now.changes, now.behind)
    then = (
        before.phase, before.step, before.message, before.epochs_done, len(before.warnings), before.changes,
        before.behind,
    )  # fmt: skip
    return same != then or int(now.elapsed) != int(before.elapsed)
