"""The queue: one run at a time on a device, first come, first served, found out from the runs' own locks."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from fastai_tui.engine.home import PRIVATE_FILE, disk_errors
from fastai_tui.engine.runs import lock
from fastai_tui.engine.runs.inbox import GLANCE, Inbox


def wait_for_turn(mine: lock.Lock, device: str, inbox: Inbox, *, at_once: bool) -> bool:
    """Return once no other run of this home on this host uses `device`; False if asked to stop while waiting."""
    mine.say(device=device, turn=time.time())
    while True:
        with _alone(mine.path.parent.parent, device):
            ahead = "" if at_once else _ahead(mine)
            if not ahead:
                mine.say(phase="running", behind="")
                return True
        if ahead != mine.holder.behind:
            mine.say(behind=ahead)
        time.sleep(GLANCE)
        inbox.poll()
        if inbox.stopping:
            return False


def _ahead(mine: lock.Lock) -> str:
    me = mine.holder
    waiting: list[tuple[float, str]] = []
    for path in mine.path.parent.parent.glob("*/lock"):
        other = lock.read(path)
        if path == mine.path or other is None or (other.host, other.device) != (me.host, me.device):
            continue
        if not lock.alive(other, path):
            continue
        if other.phase != "queued":
            return path.parent.name
        waiting.append((other.turn, path.parent.name))
    first = min(waiting, default=None)
    return first[1] if first is not None and first < (me.turn, mine.path.parent.name) else ""


@contextlib.contextmanager
def _alone(runs: Path, device: str) -> Iterator[None]:
    """Hold the system's lock for this host and device while looking and deciding, so that two cannot both go first."""
    name = f".queue-{lock.myself().host}-{device.replace(':', '-')}"
    with disk_errors(f"open {runs / name}"):
        file = os.open(runs / name, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: the turns alone must do
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def waiting(runs: Path) -> int:
    """How many runs in the folder `runs` wait for their turn now."""
    holders = ((lock.read(path), path) for path in runs.glob("*/lock"))
    return sum(holder is not None and bool(holder.behind) and lock.alive(holder, path) for holder, path in holders)
