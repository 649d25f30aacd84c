"""A rate finder that the lab runs for a pane: asked for piece by piece, and left when nobody waits any more."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from fastai_tui.app.rate_finding import Finding
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.sweep import Sweep, piece

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastai_tui.app.tui.services import Lab
    from fastai_tui.engine.job import Job

_leaving: set[asyncio.Task[None]] = set()  # the event loop itself would let them be collected


async def find(lab: Lab, job: Job, sweep: Sweep, heard: Callable[[Finding], None]) -> None:
    """Find a rate for the job; `heard` gets the curve whenever it has grown, and at last when it is done. Cancelled,
    it has the lab let go of the network. Raises the `FastaiTuiError` that stood in its way."""
    finding = Finding(sweep)
    try:
        while not finding.done:
            after = len(finding.rates)
            answer = await lab.ask("find_rate", topic="finder", job=job, sweep=sweep, after=after)
            finding = finding.grown(piece(answer))
            heard(finding)
    except asyncio.CancelledError:
        task = asyncio.get_running_loop().create_task(_leave(lab))
        _leaving.add(task)
        task.add_done_callback(_leaving.discard)
        raise


async def _leave(lab: Lab) -> None:
    with contextlib.suppress(FastaiTuiError):  # a lab that is gone has let go
        await lab.ask("leave_rate", topic="finder")
