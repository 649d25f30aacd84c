"""What the doctor's probes may ask of the machine, in one place, so that a test can stand in for all of it."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

COMMAND_SECONDS = 5.0
Status = Literal["ok", "note", "problem"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: `seen` is what is there, `advice` what to do about it (empty if nothing).

    `note` works but could be better; with `problem` something will fail, and with `stops_training` training itself.
    """

    group: str
    name: str
    status: Status
    seen: str
    advice: str = ""
    stops_training: bool = False


@dataclass(frozen=True)
class Output:
    """What a command printed, and its exit status."""

    code: int
    text: str


@dataclass(frozen=True)
class Screen:
    """What the front end knows of its terminal: `depth` is truecolor, 256, 16 or none."""

    tty: bool = False
    columns: int = 80
    lines: int = 24
    depth: str = "none"
    encoding: str = "utf-8"


def run_command(command: Sequence[str]) -> Output | None:
    """The command's output, or None where it is absent or takes too long."""
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Output(done.returncode, done.stdout.decode(errors="replace"))


def ask_lab(request: str) -> Any:
    """The lab's answer (torch lives there)."""
    from fastai_tui.engine.client import ask

    return ask(request)


@dataclass(frozen=True)
class Machine:
    """The machine as the probes see it: files below `root`, the environment, and the few calls they make.

    `cores` counts the processors there are, `usable` those this process may run on; `cpu_seconds` is its limit on
    processor time, None without one.
    """

    environment: Mapping[str, str]
    home: Path
    user: str
    uid: int
    cores: int
    usable: int
    cpu_seconds: int | None = None
    root: Path = Path("/")
    screen: Screen = field(default_factory=Screen)
    run: Callable[[Sequence[str]], Output | None] = run_command
    ask: Callable[[str], Any] = ask_lab
    statvfs: Callable[[Path], os.statvfs_result] = os.statvfs

    def path(self, name: str) -> Path:
        """A file of this machine, named as from `/`."""
        return self.root / name.lstrip("/")

    def exists(self, name: str) -> bool:
        """Is there such a file or folder?"""
        return os.path.exists(self.path(name))

    def text(self, name: str) -> str:
        """The file's text; empty where it is absent or not readable, which comes to the same for a probe."""
        try:
            return self.path(name).read_text(errors="replace")
        except OSError:
            return ""


def this_machine(screen: Screen) -> Machine:
    """The machine that this runs on."""
    import getpass
    import resource

    from fastai_tui.engine.home import home

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores  # macOS has no affinity
    limit = resource.getrlimit(resource.RLIMIT_CPU)[0]
    return Machine(
        environment=os.environ,
        home=home(),
        user=user,
        uid=os.getuid(),
        cores=cores,
        usable=usable,
        cpu_seconds=None if limit == resource.RLIM_INFINITY else limit,
        screen=screen,
    )
