"""What is wrong with a lesson, said so that its writer can put it right."""

import difflib
from collections.abc import Iterable

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One mistake: in which `file`, on which `line` (counted from 1), `what` is wrong and the `remedy`."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        file = "".join(c if c.isprintable() else "?" for c in self.file)
        return f"{file}:{self.line}: {self.what}; {self.remedy}"


class Problems:
    """The problems found in one file so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, line: int, what: str, remedy: str) -> None:
        """Note a problem on `line`."""
        self.found.append(Problem(self.file, max(line, 1), what, remedy))


def one_of(given: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the one that was probably meant, or all that there are."""
    names = list(known)
    if near := difflib.get_close_matches(given[:80], names, n=1):
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(names)}" if names else "there are none yet"


def shown(text: object) -> str:
    """`text` in quotation marks on one line, not longer than 40 characters, without what a terminal would obey."""
    plain = "".join(c if c.isprintable() else "?" for c in str(text))
    return f'"{plain}"' if len(plain) <= 40 else f'"{plain[:37]}…"'
