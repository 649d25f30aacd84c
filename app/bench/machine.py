"""What was measured on: numbers mean little without it."""

import os
import platform
import subprocess
from pathlib import Path

import msgspec

from fastai_tui.app.bench import gpu
from fastai_tui.engine.threads import cores


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Processor, cores that this process may use, memory (GB), GPU (or nothing), system, load when the bench began."""

    cpu: str
    cores: int
    memory: float
    gpu: str
    system: str
    load: float


def machine() -> Machine:
    """This machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=_processor(),
        cores=cores(),
        memory=round(memory / 2**30, 1),
        gpu=gpu.name(),
        system=f"{platform.system()} {platform.machine()}",
        load=round(os.getloadavg()[0], 2),
    )


def commit(checkout: Path) -> str:
    """The checkout's commit, with `+` if files differ from it; nothing if it is no repository."""
    found = _git(checkout, "rev-parse", "--short=12", "HEAD")
    return found + ("+" if found and _git(checkout, "status", "--porcelain") else "")


def _git(checkout: Path, *arguments: str) -> str:
    try:
        asked = subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
