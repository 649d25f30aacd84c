"""A study's record, `study.json`, written once before anything starts; and where studies are kept.

What has become of its runs is not written anywhere: a run belongs to a study if it bears the study's name and the run's
number, is younger, and has the very job. So a crash between two files cannot make the books wrong.
"""

import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from fastai_tui.engine.ablation.grid import Cell, Factor, Member, label, varying
from fastai_tui.engine.errors import NOT_JSON, BadInput, DiskTrouble
from fastai_tui.engine.home import disk_errors, home, private_dir, write_whole
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import check_name

SCHEMA_VERSION = 1
FILE = "study.json"
LONGEST = 50  # characters of a name: a run's, which may have 60, is this and a number


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a study: its factors, the cells of their grid, and a run for every cell and seed."""

    schema_version: Annotated[int, msgspec.Meta(ge=1)] = SCHEMA_VERSION
    name: str
    created: float
    experiment: str
    factors: tuple[Factor, ...]
    seeds: tuple[int, ...]
    cells: list[Cell]
    members: list[Member]
    command: list[str]

    def label(self, cell: int) -> str:
        """A cell in words, by what varies; where nothing does, by all that was given."""
        names = [factor.name for factor in varying(self.factors) or self.factors]
        return label(self.cells[cell], names) or self.experiment

    def run_name(self, member: Member) -> str:
        """What a member's run is called: `cifar10-1.07`."""
        return f"{self.name}.{member.number:02d}"


def found(study: Study, runs: Iterable[Run]) -> dict[int, Run]:
    """The runs that belong to a study, by their members' numbers; of several, the newest."""
    wanted = {study.run_name(member): member for member in study.members}
    there: dict[int, Run] = {}
    for run in runs:  # the oldest first
        spec = run.spec
        member = wanted.get(spec.name)
        if member is not None and spec.job == member.job and spec.created >= study.created:
            there[member.number] = run
    return there


class StudyStore:
    """The studies: a folder each under `ablations/` of the user's home."""

    def __init__(self, place: Path | None = None) -> None:
        self.place = place or home() / "ablations"

    def create(
        self,
        experiment: str,
        name: str,
        factors: Sequence[Factor],
        cells: Sequence[Cell],
        members: Sequence[Member],
        command: Sequence[str],
    ) -> Study:
        """Record a plan; without a `name` it gets one. Raises `BadInput` for a name that is bad or taken."""
        if name:
            check_name(name, "study", LONGEST)
        private_dir(self.place)
        path = self._folder(experiment, name)
        study = Study(
            name=path.name,
            created=time.time(),
            experiment=experiment,
            factors=tuple(factors),
            seeds=tuple(dict.fromkeys(member.job.seed for member in members)),
            cells=list(cells),
            members=list(members),
            command=list(command),
        )
        write_whole(path / FILE, msgspec.json.format(msgspec.json.encode(study), indent=1) + b"\n")
        return study

    def _folder(self, experiment: str, name: str) -> Path:
        number = 0
        while True:
            number += 1
            path = self.place / (name or f"{experiment}-{number}")
            try:
                with disk_errors(f"make the folder {path}"):
                    path.mkdir(mode=0o700)
            except DiskTrouble as error:
                if not isinstance(error.__cause__, FileExistsError):
                    raise
                if name and (path / FILE).exists():
                    raise BadInput(
                        f"There is a study {name} already; `fastai-tui ablate --resume {name}` goes on with it, "
                        "or take another name."
                    ) from None
                if name:  # a crash left it, before there was a study in it
                    return path
            else:
                return path

    def names(self) -> list[str]:
        """The studies there are, the oldest first."""
        if not self.place.is_dir():
            return []
        with disk_errors(f"read {self.place}"):
            files = sorted((path.stat().st_mtime_ns, path.parent.name) for path in self.place.glob(f"*/{FILE}"))
        return [name for _, name in files]

    def find(self, ref: str) -> Study:
        """The study of that name, or the `last`. Raises `BadInput`, `DiskTrouble`."""
        names = self.names()
        if not names:
            raise BadInput("There are no studies yet; `fastai-tui ablate EXPERIMENT --model A,B` makes one.")
        if ref != "last" and ref not in names:
            raise BadInput(f"There is no study called {ref[:LONGEST]!r}; there are {', '.join(names[-10:])}.")
        return self._read(self.folder(names[-1] if ref == "last" else ref) / FILE)

    def remove(self, name: str) -> None:
        """Forget the study of that name, whether it can be read or not. Raises `BadInput` where there is none."""
        if name not in self.names():
            self.find(name)  # says so
            raise BadInput("Say which study by its name: `last` may be another one by now.")
        with disk_errors(f"remove {self.folder(name)}"):
            (self.folder(name) / FILE).unlink()  # from here on there is none
            shutil.rmtree(self.folder(name))

    def folder(self, name: str) -> Path:
        """The folder of the study of that name."""
        return self.place / name

    def _read(self, path: Path) -> Study:
        with disk_errors(f"read {path}"):
            content = path.read_bytes()
        try:
            version = msgspec.json.decode(content, type=dict[str, Any]).get("schema_version")
            if isinstance(version, int) and version > SCHEMA_VERSION:
                raise DiskTrouble(f"{path} was written by a newer fastai-tui; upgrade to open it.")
            return msgspec.json.decode(content, type=Study)
        except NOT_JSON as error:
            raise DiskTrouble(f"{path} is damaged ({error}); its runs are not, `fastai-tui runs` lists them.") from None
