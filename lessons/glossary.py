"""The glossary: the field's terms, each in a sentence or two, linked from the prose and from each other."""

from collections.abc import Iterator
from importlib.resources import files

import msgspec

from fastai_tui.lessons.blocks import Block, decoded
from fastai_tui.lessons.problems import Problem, Problems, shown

FILE = "glossary.toml"


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One term: its `name`, what else it is called or written as (`also`), and its meaning, in prose.py's markdown."""

    name: str
    text: str
    also: tuple[str, ...] = ()
    line: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that leads to this term."""
        return (self.name, *self.also)


class Glossary:
    """The terms in their order, found by any of their names in any case."""

    def __init__(self, terms: list[Term], file: str = FILE) -> None:
        self.terms, self.file = terms, file
        self._by_name = {_key(name): term for term in reversed(terms) for name in term.names}

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def find(self, name: str) -> Term | None:
        """The term that `name` leads to, if there is one."""
        return self._by_name.get(_key(name))


def glossary() -> Glossary:
    """The glossary that is shipped. Terms with mistakes are left out: `fastai-tui check` says what they are."""
    return shipped()[0]


def shipped() -> tuple[Glossary, list[Problem]]:
    """The glossary that is shipped, and what is wrong with its file."""
    place = files("fastai_tui.lessons") / FILE
    return parse(place.read_bytes(), str(place))


def parse(content: bytes, file: str) -> tuple[Glossary, list[Problem]]:
    """The terms in a glossary's TOML that are in order, and what is wrong with the rest."""
    problems = Problems(file)
    text = decoded(content, problems)
    if text is None:
        return Glossary([], file), problems.found
    block = Block(text, 1, problems)
    for key in block.values or {}:
        if key != "term":
            problems.add(block.line_of(key), f"a glossary has no {shown(key)}", "it has [[term]] tables only")
    read = (
        block.build(Term, table, ("term", i), f"term {i + 1}", line=block.line_of("term", i))
        for i, table in enumerate(block.tables("term"))
    )
    return Glossary([term for term in read if term], file), problems.found


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
