"""Where the user's things are kept: free space, quota, kind of file system, permissions."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fastai_tui.engine.doctor.machine import Finding, Machine

TOO_LITTLE, LITTLE = 100 * 2**20, 2 * 2**30  # bytes: a run's checkpoints and log; data sets and many runs
NETWORK = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "9p", "fuse.sshfs", "wekafs")
FLEETING = {
    "tmpfs": "what is kept there is gone after a restart",
    "ramfs": "what is kept there is gone after a restart",
    "overlay": "what is kept there is gone with the container",
}
_finding = partial(Finding, group="disk")


def findings(machine: Machine) -> Iterator[Finding]:
    """The disk's findings."""
    place = _nearest(machine.home)
    yield _home(machine, place)
    yield _space(machine, place)
    yield from _quota(machine)
    yield from _file_system(machine, place)


def _nearest(path: Path) -> Path:
    """The path, or the folder above it that exists."""
    return next(part for part in (path, *path.parents) if os.path.exists(part) or part == part.parent)


def _home(machine: Machine, place: Path) -> Finding:
    elsewhere = "Choose another place: `export FASTAI_TUI_HOME=/a/folder/of/yours`."
    problem = partial(_finding, name="home", status="problem", advice=elsewhere, stops_training=True)
    if not os.path.isdir(place):
        return problem(seen=f"{machine.home} cannot be a folder: {place} is a file")
    if not os.access(place, os.W_OK | os.X_OK):
        return problem(seen=f"{machine.home} is not writable for you")
    if place != machine.home:
        return _finding(name="home", status="ok", seen=f"{machine.home}, made when it is needed")
    about = place.stat()
    if about.st_uid != machine.uid:
        seen = f"{machine.home} belongs to another user (number {about.st_uid})"
        return _finding(name="home", status="note", seen=seen, advice=elsewhere)
    if about.st_mode & 0o077:
        seen = f"{machine.home} is open to other users of this machine"
        return _finding(name="home", status="note", seen=seen, advice=f"`chmod 700 {machine.home}` closes it.")
    return _finding(name="home", status="ok", seen=f"{machine.home}, private")


def _space(machine: Machine, place: Path) -> Finding:
    try:
        about = machine.statvfs(place)
    except OSError as error:
        return _finding(name="space", status="note", seen=f"unknown: {(error.strerror or str(error)).lower()}")
    free = about.f_bavail * about.f_frsize
    advice = "Make room: `fastai-tui prune` removes old runs; or choose another disk with FASTAI_TUI_HOME."
    if about.f_files and not about.f_favail:
        seen = "no more files can be made (the disk is out of inodes)"
        return _finding(name="space", status="problem", seen=seen, advice=advice, stops_training=True)
    seen = f"{_amount(free)} free"
    if free < TOO_LITTLE:
        return _finding(name="space", status="problem", seen=seen, advice=advice, stops_training=True)
    return _finding(name="space", status="note" if free < LITTLE else "ok", seen=seen, advice=advice * (free < LITTLE))


def _quota(machine: Machine) -> Iterator[Finding]:
    """Every limit that `quota` knows of; it exits with 1 as soon as one is exceeded."""
    output = machine.run(["quota", "-w"])
    for line in output.text.splitlines() if output else []:
        words = line.split()
        if len(words) < 4 or not all(word.rstrip("*").isdigit() for word in words[1:4]):
            continue
        used, soft, hard = (int(word.rstrip("*")) * 1024 for word in words[1:4])
        limit = soft or hard
        if limit:
            yield _quota_finding(words[0], used, limit, exceeded="*" in words[1])


def _quota_finding(disk: str, used: int, limit: int, *, exceeded: bool) -> Finding:
    seen = f"{_amount(used)} of {_amount(limit)} used on {disk}"
    advice = "Make room (`fastai-tui prune`), or put FASTAI_TUI_HOME on a disk without a quota."
    if exceeded or used >= limit:
        return _finding(name="quota", status="problem", seen=f"{seen}: it is exceeded", advice=advice)
    if used > 0.9 * limit:
        return _finding(name="quota", status="note", seen=seen, advice=advice)
    return _finding(name="quota", status="ok", seen=seen)


def _file_system(machine: Machine, place: Path) -> Iterator[Finding]:
    kind = file_system(machine.text("/proc/self/mountinfo"), Path(os.path.realpath(place)))
    if not kind:
        return
    if kind.startswith(NETWORK):
        seen = f"{kind}, a network's: runs work there, and other machines see them, but data sets load slowly"
        advice = "For speed put FASTAI_TUI_HOME on a local disk (`df -h` lists them)."
        yield _finding(name="file system", status="note", seen=seen, advice=advice)
    elif kind in FLEETING:
        advice = "Put FASTAI_TUI_HOME on a disk that stays (in a container: on a mounted volume)."
        yield _finding(name="file system", status="note", seen=f"{kind}: {FLEETING[kind]}", advice=advice)
    else:
        yield _finding(name="file system", status="ok", seen=kind)


def file_system(mounts: str, place: Path) -> str:
    """The type of the file system that `place` is on, by /proc/self/mountinfo (see proc(5)); empty if unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        if len(words := before.split()) < 5 or not after:
            continue
        point = Path(_unescape(words[4]))
        if place.is_relative_to(point) and len(point.parts) >= best:  # of two on one point, the later one covers
            best, kind = len(point.parts), after.split()[0]
    return kind


def _unescape(text: str) -> str:
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, letter)
    return text


def _amount(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.0f} MiB"
