"""One writer per run: a lock that says who holds it, and readers who find out whether the holder still lives.

Process ids are recycled, machines restart and homes are shared by NFS, so a holder is known by host, boot, process id
and the moment the process started. A reader on the same host asks the system; a reader on another host goes by the
heartbeat, the file's modification time. Nobody but the holder writes.
"""

import contextlib
import fcntl
import os
import platform
import subprocess
import threading
import time
from pathlib import Path

import msgspec

from fastai_tui.engine.errors import NOT_JSON, RunFailed
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors, write_at

SIZE = 1024  # the record is padded to this, so that one write replaces it whole
HEARTBEAT = 5.0  # seconds between two touches
LINGER = 20.0  # seconds that a killed process may need to end: the system gives its lock back with its last thread
SILENT = 90.0  # seconds without one after which another host's run counts as lost: clocks differ and NFS caches


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes a run, and what it is doing: queued (behind another run), running or paused. `turn` orders a queue."""

    host: str
    boot: str
    pid: int
    started: str
    phase: str = "queued"
    device: str = ""
    behind: str = ""
    turn: float = 0.0


class Lock:
    """The writer's side. The system's own lock keeps a second writer out and goes away with the process, however it
    ends; where a file system has no locks, the record alone must do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holder = myself()
        self._file = -1
        self._released = threading.Event()

    def acquire(self) -> None:
        """Take it. Raises `RunFailed` if a living process has it."""
        with disk_errors(f"open {self.path}"):
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        end = time.monotonic() + LINGER
        while not _locked(self._file):
            other = read(self.path)
            if (other is not None and alive(other, self.path)) or time.monotonic() > end:
                os.close(self._file)
                raise RunFailed("This run is being written by another process; `fastai-tui watch` shows it.")
            time.sleep(0.02)
        other = read(self.path)
        if other is not None and other != self.holder and alive(other, self.path):
            os.close(self._file)
            raise RunFailed(f"This run is being written by process {other.pid} on {other.host}.")
        os.ftruncate(self._file, 0)  # what is longer than a record is not ours
        self.say(phase="queued")
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def say(self, **changes: object) -> None:
        """Change the record: `phase`, `device`, `behind`, `turn`."""
        self.holder = msgspec.structs.replace(self.holder, **changes)
        with disk_errors(f"write {self.path}"):
            write_at(self._file, msgspec.json.encode(self.holder).ljust(SIZE), 0)

    def _beat(self) -> None:
        """Show that the holder lives, on a thread of its own: reading data or validating may take minutes."""
        while not self._released.wait(HEARTBEAT):
            with contextlib.suppress(OSError):
                os.utime(self._file)

    def release(self) -> None:
        """Give it up."""
        self._released.set()
        self._heart.join()
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
        os.close(self._file)


def read(path: Path) -> Holder | None:
    """The record, or None where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, *NOT_JSON):
        return None


def alive(holder: Holder, path: Path) -> bool:
    """Does the process that wrote the record at `path` still live?"""
    if holder.host != platform.node():
        try:
            return time.time() - path.stat().st_mtime < SILENT
        except OSError:
            return False
    return holder.boot == _boot() and _started(holder.pid) == holder.started


def myself() -> Holder:
    """This process, as others can recognise it."""
    return Holder(host=platform.node(), boot=_boot(), pid=os.getpid(), started=_started(os.getpid()) or "?")


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When a process started, in the system's own words (not the clock's, which may jump); None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    except OSError:
        if Path("/proc/self").exists():
            return None
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
