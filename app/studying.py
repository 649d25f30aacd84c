"""A study as a process of its own: started so that it outlives whoever started it, found again, and stopped."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from fastai_tui.app.text import SAYS
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors
from fastai_tui.engine.runs import lock

if TYPE_CHECKING:
    from pathlib import Path

    from fastai_tui.engine.ablation.study import StudyStore
    from fastai_tui.engine.runs.lock import Holder

COMMAND = (sys.executable, "-m", "fastai_tui.app.cli.main", "ablate", "--resume")
OUTPUT = "output.log"
STARTING = 60.0  # seconds that the process may take before it holds the study's lock: a cold disk is slow


def launch(name: str, store: StudyStore, jobs: int = 1) -> subprocess.Popen[bytes]:
    """Run the study of that name, or go on with it, in a session of its own. Returns once the process holds the study's
    lock, or has ended well. Raises `BadInput` if it is being run already, `RunFailed` if it could not begin."""
    if holder(name, store) is not None:
        raise BadInput(f"The study {name} is being run already.")
    output = store.folder(name) / OUTPUT
    with disk_errors(f"start the study {name}"):
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        try:
            process = subprocess.Popen(
                [*COMMAND, name, "--jobs", str(jobs)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        finally:
            os.close(file)
    end = time.monotonic() + STARTING
    while process.poll() is None and holder(name, store) is None and time.monotonic() < end:
        time.sleep(0.02)
    if process.poll():
        raise RunFailed(_last_words(output) or f"The study {name} could not begin; {output} may say why.")
    return process


def holder(name: str, store: StudyStore) -> Holder | None:
    """The process that runs the study now; None if none does."""
    path = store.folder(name) / "lock"
    found = lock.read(path)
    return found if found is not None and lock.alive(found, path) else None


def stop(name: str, store: StudyStore) -> None:
    """Have the study end soon: what trains ends with a checkpoint, nothing else begins. Raises `BadInput`."""
    found = holder(name, store)
    if found is None:
        raise BadInput(f"The study {name} is not being run; `fastai-tui ablate --resume {name}` goes on with it.")
    if found.host != platform.node():
        raise BadInput(f"The study {name} is being run on {found.host}; stop it there.")
    os.kill(found.pid, signal.SIGINT)


def _last_words(output: Path) -> str:
    said = output.read_text(errors="replace").strip().splitlines()
    return said[-1].removeprefix(SAYS)[:400] if said else ""
