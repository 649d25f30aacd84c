"""The set of all runs: a folder each under `runs/` of the user's home."""

import contextlib
import os
import shutil
import time
from pathlib import Path

from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import disk_errors, home, private_dir, write_whole
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.versions import versions

NAME_LENGTH = 60
NEWEST = "newest"  # what a run that begins with another one calls it: the newest finished one that fits
MOST_DIGITS = 9  # of a run's number; folders with longer ones are not ours


class RunStore:
    """Finds, makes and removes runs. `unreadable` lists the folders that `runs()` last had to pass over, and why."""

    def __init__(self, place: Path | None = None) -> None:
        self.place = place or home() / "runs"
        self.unreadable: list[tuple[Path, str]] = []

    def runs(self) -> list[Run]:
        """All that can be opened, the oldest first."""
        self.unreadable = []
        found = []
        for path in self.folders():
            try:
                _ = Run(path).spec
            except DiskTrouble as error:
                self.unreadable.append((path, str(error)))
            else:
                found.append(Run(path))
        return found

    def find(self, ref: str) -> Run:
        """The run that `ref` means: `last`, an id, its number, a name or an unambiguous prefix. Raises `BadInput`."""
        run = Run(self.folder(ref))
        _ = run.spec
        return run

    def folder(self, ref: str) -> Path:
        """The folder that `ref` means, whether it can be opened or not. Raises `BadInput`."""
        paths = self.folders()
        if not paths:
            raise BadInput("There are no runs yet; `fastai-tui train mnist` makes one.")
        if ref == "last":  # not a folder that a crash left before there was a run in it
            return next((p for p in reversed(paths) if (p / "run.json").exists()), paths[-1])
        for matches in (
            [
                p
                for p in paths
                if p.name == ref or (ref.isdecimal() and len(ref) <= MOST_DIGITS and _number(p)[0] == int(ref) > 0)
            ],
            [p for p in paths if ref and _name(p) == ref][-1:],
            [p for p in paths if ref and p.name.startswith(ref)],
        ):
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise BadInput(f"{ref} may mean {', '.join(p.name for p in matches[:5])}; say more of it.")
        raise BadInput(f"There is no run called {ref[:NAME_LENGTH]!r}; `fastai-tui runs` lists those there are.")

    def create(self, job: Job, name: str, command: list[str], *, at_once: bool = False, gpus: int = 1) -> Run:
        """A new run that nobody has started yet; `at_once`: it will not queue for the device; `gpus`: by how many
        processes it will be trained.

        Raises `BadInput` for a bad name, `DiskTrouble`.
        """
        check_name(name)
        path = self._new_folder(job.experiment)
        try:
            return self._fill(path, job, name, command, at_once, gpus)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise

    def _fill(self, path: Path, job: Job, name: str, command: list[str], at_once: bool, gpus: int) -> Run:
        private_dir(path / "checkpoints")
        made = spec.RunSpec(
            id=path.name,
            name=name,
            created=time.time(),
            job=job,
            command=command,
            versions=versions(),
            at_once=at_once,
            gpus=gpus,
        )
        write_whole(path / "run.json", spec.encode(made))
        return Run(path)

    def remove(self, path: Path) -> None:
        """Remove a run's folder for good. Raises `BadInput` while its process lives."""
        with contextlib.suppress(DiskTrouble):
            if Run(path).state().live:
                raise BadInput(f"{path.name} is still going; `fastai-tui stop {path.name}` first.")
        with disk_errors(f"remove {path}"):
            gone = path.with_name(f".gone-{path.name}-{os.getpid()}")
            path.rename(gone)
            shutil.rmtree(gone)

    def folders(self) -> list[Path]:
        """Every run's folder, whether it can be opened or not, the oldest first."""
        if not self.place.is_dir():
            return []
        with disk_errors(f"read {self.place}"):
            found = [p for p in self.place.iterdir() if p.is_dir() and not p.name.startswith(".")]
        return sorted(found, key=_number)

    def _new_folder(self, experiment: str) -> Path:
        private_dir(self.place)
        counter = self.place / ".count"
        number = max([_counted(counter), *(_number(path)[0] for path in self.folders())])
        with disk_errors(f"make a folder in {self.place}"):
            while True:
                number += 1
                if any(_number(path)[0] == number for path in self.folders()):
                    continue
                path = self.place / f"{number:04d}-{experiment}"
                with contextlib.suppress(FileExistsError):
                    path.mkdir(mode=0o700)
                    with contextlib.suppress(DiskTrouble):  # the folders tell too, unless this one is removed
                        write_whole(counter, str(number).encode(), sync=False)
                    return path


def _counted(counter: Path) -> int:
    """The number of the last run made, whether it is still there or not; 0 if nobody knows."""
    try:
        return int(counter.read_bytes()[:MOST_DIGITS])
    except (OSError, ValueError):
        return 0


def _number(path: Path) -> tuple[int, str]:
    digits = path.name.partition("-")[0]
    return (int(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else 0, path.name)


def _name(path: Path) -> str:
    try:
        return Run(path).spec.name
    except DiskTrouble:
        return ""


def check_name(name: str, what: str = "run", longest: int = NAME_LENGTH) -> None:
    """Raises `BadInput` for a name that a run (or `what` it is) cannot have."""
    fine = len(name) <= longest and all(c.isalnum() or c in "-_.+" for c in name) and not name.startswith("-")
    if not fine or name in ("last", NEWEST) or name.isdecimal():
        raise BadInput(
            f"A {what} cannot be called {name[:NAME_LENGTH]!r}; use up to {longest} letters, digits and - _ . + "
            "(not `last` or `newest`, and not a number alone)."
        )
