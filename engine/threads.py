"""How many threads compute, and how they wait: settled before torch is loaded, so this is free of torch.

Small networks leave a core idle for microseconds at a time, and by default OpenMP's threads spin through those: beside
any other busy process they then burn the time that their colleague needs. `GOMP_SPINCOUNT` bounds the spinning.
"""

import os
from pathlib import Path

# Seconds for an epoch of the stability network on a virtual machine with two cores, alone, beside one and beside two
# busy processes (best of two): one thread 4.4, 6.3, 8.1; two threads that spin 10,000 times 11.2, 17.3, 16.2, and
# 1,000 times 6.0, 8.7, 8.2. So: a core is left free, and spinning is short.
# Where a step is long, as on larger or coloured images, two threads win all the same: milliseconds for a step of
# digit-clutter, alone, beside one and beside two: one thread 60, 57, 93; two that spin 1,000 times 39, 63, 71.
SPINS = "1000"


def threads(spare: int = 1) -> int:
    """Threads to compute with: `$OMP_NUM_THREADS`, or as many as there are cores for this process, less `spare`.

    The one is for whatever else runs: the screen, the shell, another user. Threads that share a core wait for each
    other at every step, which matters where steps are short.
    """
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if first.isascii() and first.isdecimal() and int(first):
        return int(first)
    return max(1, cores() - spare)


def cores() -> int:
    """Cores that this process may use: its affinity, and its control group's share of the machine."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota(Path("/sys/fs/cgroup/cpu.max")) or allowed))


def thread_environment() -> dict[str, str]:
    """The variables for a process that will load torch; what the user has set stays as it is."""
    wanted = {"GOMP_SPINCOUNT": SPINS}
    return {name: value for name, value in wanted.items() if name not in os.environ}


def _quota(path: Path) -> int:
    """Whole cores that a container is given (cgroup 2: microseconds of every so many), or 0 if there is no limit."""
    try:
        share, period = path.read_text().split()
        return max(1, int(share) // int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return 0
