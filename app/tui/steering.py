"""What screens ask of runs, beside the event loop; the answer is a sentence, also where something stands in the way."""

from __future__ import annotations

import asyncio

from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore


async def steer(run: Run, do: str) -> tuple[str, bool]:
    """Pause, resume or stop a live run, or `continue` one that has ended early: (what to say, did it work)."""
    try:
        if do == "continue":
            await asyncio.to_thread(client.resume, run)
        else:
            await asyncio.to_thread(client.send, run, do, by="app")
    except FastaiTuiError as error:
        return str(error), False
    said = {
        "stop": f"{run.id} stops: it writes a checkpoint first.",
        "continue": f"{run.id} goes on from its last checkpoint.",
        "pause": f"{run.id} pauses after this batch.",
        "resume": f"{run.id} goes on.",
    }
    return said[do], True


async def remove(store: RunStore, name: str) -> tuple[str, bool]:
    """Remove a run's folder for good: (what to say, did it work)."""
    try:
        await asyncio.to_thread(store.remove, store.place / name)
    except FastaiTuiError as error:
        return str(error), False
    return f"{name} is removed.", True


def can(do: str, phase: str, live: bool) -> bool:
    """Is it something that can be asked of a run now?"""
    match do:
        case "pause":
            return live and phase == "running"
        case "resume":
            return live and phase == "paused"
        case "stop":
            return live
        case "continue":
            return not live and phase in ("stopped", "failed", "diverged", "lost")
    return False
