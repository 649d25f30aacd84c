"""When an app of a test is at rest: told by what its loop has still to do, on a machine as busy as may be."""

import asyncio
from typing import Any, cast

SOON = 0.02  # seconds: a timer that comes so soon is waited for, as those of a change of size and of a new frame
THREADS = 0.002  # seconds between two looks at what other threads do for the loop
TURNS = 200  # of the loop at least, before it is given up: on a busy machine a second may be nothing


async def at_rest(least: float = 0.0, most: float = 1.0) -> None:
    """Until nothing is ready to run, no thread works for the loop, and no timer comes soon; for `most` seconds or so.

    In the place of `textual._wait.wait_for_idle`, which takes the process for idle when it has computed little for 20
    ms: that is three times as long as it takes for each key, and wrong where others compute.
    """
    loop = cast(Any, asyncio.get_running_loop())
    end, turns, still = loop.time() + most, 0, 0
    while still < 2 and (loop.time() < end or turns < TURNS):
        turns += 1
        await asyncio.sleep(0)
        if loop._ready:
            still = 0
        elif _threads_at_work(loop._default_executor):
            still = 0
            await asyncio.sleep(THREADS)
        elif (due := _next(loop)) <= loop.time() + SOON:
            still = 0
            await asyncio.sleep(max(0.0, due - loop.time()))
        else:
            still += 1


def _next(loop: Any) -> float:
    """When the next timer is due."""
    return min((handle.when() for handle in loop._scheduled if not handle.cancelled()), default=float("inf"))


def _threads_at_work(executor: Any) -> bool:
    return executor is not None and executor._idle_semaphore._value < len(executor._threads)
