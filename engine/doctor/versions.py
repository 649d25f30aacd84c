"""Python and the packages: are they there, in the range that this version wants, and do they fit together?"""

import platform
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata

from fastai_tui.engine.doctor.machine import Finding, Machine

# The newest that the tests ran with; newer ones usually work.
TESTED = {"python": (3, 12), "torch": (2, 15)}
OLDEST_PYTHON = (3, 11)
_finding = partial(Finding, group="versions")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;()]*)\)?\s*(;.*)?")

Requires = Callable[[str], list[str] | None]
Version = Callable[[str], str]


def findings(
    machine: Machine,
    requires: Requires = metadata.requires,
    version: Version = metadata.version,
    python: str = platform.python_version(),
) -> Iterator[Finding]:
    """The versions' findings; the last three arguments are where they are read."""
    yield _python(python)
    yield from _torch(version)
    yield from _pair(requires, version)
    yield from _others(requires, version)


def satisfied(version: str, specifier: str) -> bool:
    """Is a version within a specifier such as `>=2.6,<3`? Release numbers only: `1.0rc1` counts as 1.0, `+cpu` not."""
    return all(_clause(version, clause.strip()) for clause in specifier.split(",") if clause.strip())


def _clause(version: str, clause: str) -> bool:
    found = re.fullmatch(r"(>=|<=|==|!=|~=|>|<)\s*v?([0-9][0-9A-Za-z.+]*?)(\.\*)?", clause)
    if not found:
        return True  # what we cannot read (a URL, an arbitrary equality) is pip's business
    operator, wanted, any_end = found[1], _release(found[2]), bool(found[3])
    have = _release(version)
    length = len(wanted) if any_end else max(len(have), len(wanted))
    a, b = (numbers[:length] + (0,) * (length - len(numbers)) for numbers in (have, wanted))
    if operator == "~=":
        return a >= b and a[: len(wanted) - 1] == b[: len(wanted) - 1]
    return {">=": a >= b, "<=": a <= b, "==": a == b, "!=": a != b, ">": a > b, "<": a < b}[operator]


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part)  # type: ignore[index]


def _python(python: str) -> Finding:
    release = _release(python)
    if release < OLDEST_PYTHON:
        advice = f"Install Python {_dotted(OLDEST_PYTHON)} or newer, and fastai-tui with it."
        return _finding(name="python", status="problem", seen=python, advice=advice, stops_training=True)
    if release[:2] > TESTED["python"]:
        seen = f"{python}, newer than {_dotted(TESTED['python'])}, the last one tested"
        return _finding(name="python", status="note", seen=seen, advice="If something breaks, try the tested one.")
    return _finding(name="python", status="ok", seen=python)


def _torch(version: Version) -> Iterator[Finding]:
    have = _installed("torch", version)
    if have and _release(have)[:2] > TESTED["torch"]:
        tested = _dotted(TESTED["torch"])
        seen = f"{have}, newer than {tested}, the last one tested"
        advice = f"If something breaks, try `pip install torch=={tested}.*` with the torchvision it goes with."
        yield _finding(name="torch", status="note", seen=seen, advice=advice)
    elif have:
        yield _finding(name="torch", status="ok", seen=have)


def _pair(requires: Requires, version: Version) -> Iterator[Finding]:
    """Every torchvision says which torch it was built for; and a CPU build works only beside a CPU build."""
    torch, vision = _installed("torch", version), _installed("torchvision", version)
    if not (torch and vision):
        return  # _others says what is missing
    wanted = dict(_requirements("torchvision", requires)).get("torch", "")
    seen = f"torch {torch} and torchvision {vision}"
    advice = "Install them together, from one place: `pip install --force-reinstall torch torchvision`."
    if not satisfied(torch, wanted):
        seen += f" do not go together: this torchvision wants torch {wanted}"
    elif ("+cpu" in torch) != ("+cpu" in vision):
        seen += " do not go together: one is a CPU build, the other is not"
    else:
        yield _finding(name="torchvision", status="ok", seen=f"{vision}, goes with torch {torch}")
        return
    yield _finding(name="torchvision", status="problem", seen=seen, advice=advice)


def _others(requires: Requires, version: Version) -> Iterator[Finding]:
    wanted = list(_requirements("fastai-tui", requires))
    wrong = [(name, range_) for name, range_ in wanted if not _fits(_installed(name, version), range_)]
    for name, range_ in wrong:
        have = _installed(name, version)
        seen = f"{have}, but {range_} is wanted" if have else "not installed"
        advice = f'Install it: `pip install "{name}{range_}"`.'
        yield _finding(name=name, status="problem", seen=seen, advice=advice, stops_training=name == "torch")
    if wanted and not wrong:
        yield _finding(name="packages", status="ok", seen=f"all {len(wanted)} are there, within their ranges")


def _fits(have: str, range_: str) -> bool:
    return bool(have) and satisfied(have, range_)


def _requirements(package: str, requires: Requires) -> Iterator[tuple[str, str]]:
    """(name, specifier) of what a package always needs; what hangs on a condition is left out."""
    try:
        lines = requires(package) or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        if (found := _REQUIREMENT.fullmatch(line)) and not found[3]:
            yield found[1], found[2].strip()


def _installed(name: str, version: Version) -> str:
    try:
        return version(name)
    except metadata.PackageNotFoundError:
        return ""


def _dotted(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release))
