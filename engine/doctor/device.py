"""What trains: the device that torch finds, the driver, the processors and the memory that this session may use."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from threading import Thread
from typing import Any

from fastai_tui.engine.doctor.machine import Finding, Machine
from fastai_tui.engine.errors import FastaiTuiError

LAB_SECONDS = 90.0  # loading torch from a cold network disk takes half a minute; a stuck driver takes for ever
LITTLE_MEMORY = 2 * 10**9  # a run with torch, MNIST and the optimiser takes about 1 GB
_finding = partial(Finding, group="device")
_UNLIMITED = 2**60  # cgroup version 1 writes a huge number for no limit


def findings(machine: Machine, seconds: float = LAB_SECONDS) -> Iterator[Finding]:
    """The device's findings; the lab has so many `seconds` to answer."""
    cards = list(_cards(machine))
    yield from _device(machine, cards, seconds)
    yield from _driver(machine, cards)
    yield _processors(machine)
    yield from _memory(machine)


def cpu_quota(machine: Machine) -> float | None:
    """Processors' worth of time that the control groups allow, None without a limit (cgroup versions 1 and 2)."""
    quotas = []
    for folder in _groups(machine, "cpu"):
        old = f"{machine.text(f'{folder}/cpu.cfs_quota_us')} {machine.text(f'{folder}/cpu.cfs_period_us')}"
        quotas += [_quota(machine.text(f"{folder}/cpu.max")), _quota(old)]
    return min((quota for quota in quotas if quota), default=None)


def _device(machine: Machine, cards: list[str], seconds: float) -> Iterator[Finding]:
    try:
        answer = _ask(machine, seconds)
    except FastaiTuiError as error:
        advice = "Mend the versions named above, or reinstall: `pip install --force-reinstall torch torchvision`."
        yield _finding(name="torch", status="problem", seen=str(error), advice=advice, stops_training=True)
        return
    if not answer:
        seen = f"torch did not start within {seconds:.0f} seconds"
        advice = (
            "See whether `nvidia-smi` answers; if it hangs too, the driver is stuck and the machine needs a restart."
        )
        yield _finding(name="torch", status="problem", seen=seen, advice=advice, stops_training=True)
        return
    yield _chosen(machine, answer, cards)


def _ask(machine: Machine, seconds: float) -> Mapping[str, Any]:
    """The lab's answer; empty if it did not come in time."""
    answer: dict[str, Any] = {}
    trouble: list[Exception] = []

    def ask() -> None:
        try:
            answer.update(machine.ask("device"))
        except Exception as error:  # raised again below, where there is somebody to catch it
            trouble.append(error)

    thread = Thread(target=ask, daemon=True)  # a stuck driver must not keep us from ending
    thread.start()
    thread.join(seconds)
    if trouble:
        raise trouble[0]
    return answer if not thread.is_alive() else {}


def _chosen(machine: Machine, answer: Mapping[str, Any], cards: list[str]) -> Finding:
    found, auto = answer["cuda"], answer["auto"]
    if found:
        names = "; ".join(
            f"cuda:{number}: {card['name']}, {card['free'] / 2**30:.0f} of {card['memory'] / 2**30:.0f} GiB free"
            for number, card in enumerate(found)
        )
        return _finding(name="device", status="ok", seen=f"auto takes {auto} ({names})")
    if auto == "mps":
        return _finding(name="device", status="ok", seen="auto takes mps, the Apple GPU")
    seen = f"auto takes the CPU, with {answer['threads']} thread{'s' * (answer['threads'] != 1)}"
    if not cards:
        return _finding(name="device", status="ok", seen=seen)
    return _finding(
        name="device", status="note", seen=f"{seen}, although there is a GPU", advice=_unused(machine, answer)
    )


def _unused(machine: Machine, answer: Mapping[str, Any]) -> str:
    """What to do about a GPU that torch does not use."""
    visible = machine.environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides it: `unset CUDA_VISIBLE_DEVICES`."
    if not answer["cuda_built"]:
        return "This torch is a CPU build: reinstall torch and torchvision for CUDA, as pytorch.org/get-started says."
    return (
        f"This torch was built for CUDA {answer['cuda_built']}: the driver may be older than that; "
        "renew it, or install a torch for an older CUDA."
    )


def _cards(machine: Machine) -> Iterator[str]:
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.used,utilization.gpu", "--format=csv,noheader"]
    output = machine.run(query)
    if output and not output.code:
        yield from (line.strip() for line in output.text.splitlines() if line.strip())


def _driver(machine: Machine, cards: list[str]) -> Iterator[Finding]:
    for card in cards:
        name, driver, used, busy = (f"{card},,,".split(",") + [""] * 4)[:4]
        seen = f"NVIDIA {driver.strip()} for {name.strip()}: {used.strip()} in use, {busy.strip()} busy"
        yield _finding(name="driver", status="ok", seen=seen)
    if cards:
        return
    output = machine.run(["nvidia-smi", "-L"])
    if output and output.code:
        said = " ".join(output.text.split())[:120]
        advice = "After a renewed driver a restart helps; in a container, start it with the GPUs (`--gpus all`)."
        yield _finding(name="driver", status="problem", seen=f"nvidia-smi fails: {said}", advice=advice)
    elif machine.exists("/proc/driver/nvidia/version"):
        seen = "an NVIDIA driver is loaded but nvidia-smi does not answer"
        yield _finding(name="driver", status="note", seen=seen, advice="Run `nvidia-smi` to see why.")
    else:
        yield _finding(name="driver", status="ok", seen="no NVIDIA driver here")


def _processors(machine: Machine) -> Finding:
    quota = cpu_quota(machine)
    seen = f"{machine.cores} cores"
    if machine.usable < machine.cores:
        seen += f", of which this session may use {machine.usable}"
    if quota is not None and quota < machine.usable:
        seen += f", limited to the time of {quota:.3g} by its control group"
        threads = max(int(quota), 1)
        advice = f"More threads than that wait for one another: `export OMP_NUM_THREADS={threads}`."
        if _number(machine.environment.get("OMP_NUM_THREADS", "")) != threads:
            return _finding(name="processors", status="note", seen=seen, advice=advice)
    return _finding(name="processors", status="ok", seen=seen)


def _memory(machine: Machine) -> Iterator[Finding]:
    meminfo = re.search(r"^MemAvailable:\s+(\d+) kB", machine.text("/proc/meminfo"), re.MULTILINE)
    if not meminfo:
        return
    free = int(meminfo[1]) * 1024
    names = ("memory.max", "memory.limit_in_bytes")
    texts = [machine.text(f"{folder}/{name}") for folder in _groups(machine, "memory") for name in names]
    limit = min((value for text in texts if 0 < (value := _number(text)) < _UNLIMITED), default=None)
    seen = f"{free / 2**30:.1f} GiB free"
    if limit is not None:
        seen += f", limited to {limit / 2**30:.1f} GiB by its control group"
    if min(free, limit or free) < LITTLE_MEMORY:
        advice = "A run takes about 1 GiB: end what else is running, or ask for more."
        yield _finding(name="memory", status="note", seen=seen, advice=advice)
    else:
        yield _finding(name="memory", status="ok", seen=seen)


def _groups(machine: Machine, controller: str) -> Iterator[str]:
    """The folders of this process's control group and of all groups above it; limits hold downwards.

    In a container the group's own path is often not visible; then the root's files are the container's.
    """
    for line in machine.text("/proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            base = "/sys/fs/cgroup"  # version 2: one tree for all
        elif controller in controllers.split(","):
            both = f"/sys/fs/cgroup/{controllers}"  # such as cpu,cpuacct
            base = both if machine.exists(both) else f"/sys/fs/cgroup/{controller}"
        else:
            continue
        group = PurePosixPath(path)
        yield from (f"{base}{part}".rstrip("/") for part in (group, *group.parents))


def _quota(text: str) -> float:
    """Processors' worth of `200000 100000`, 2 here; 0 where there is no limit (`max 100000`, `-1 100000`)."""
    words = [_number(word) for word in text.split()]
    return words[0] / words[1] if len(words) == 2 and min(words) > 0 else 0


def _number(text: str) -> int:
    """The number, or −1 for a word."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]+\s*", text) else -1
