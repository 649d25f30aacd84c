"""What `fastai-tui doctor` looks at, group by group. Nothing here imports torch; probes are quick and injectable."""

from collections.abc import Iterator

from fastai_tui.engine.doctor import data, device, disk, survival, terminal, versions
from fastai_tui.engine.doctor.machine import Finding, Machine

GROUPS = (terminal, versions, device, disk, data, survival)


def findings(machine: Machine) -> Iterator[Finding]:
    """Everything found, in the order of GROUPS, as it is found."""
    for group in GROUPS:
        yield from group.findings(machine)
