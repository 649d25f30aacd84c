"""The linter of the lessons: what a well-formed chapter still can have wrong, each with file, line and remedy."""

import re
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from fastai_tui.engine.job import Experiment
from fastai_tui.lessons import loader
from fastai_tui.lessons.check_step import check_step
from fastai_tui.lessons.glossary import Glossary, glossary, shipped
from fastai_tui.lessons.legible import SENTENCE_CELLS, TITLE_CELLS, address_fault, check_sentence, check_text
from fastai_tui.lessons.problems import Problem, Problems, one_of, shown
from fastai_tui.lessons.schema import Chapter

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
LONGEST_SLUG = 30


class World(msgspec.Struct, frozen=True):
    """What chapters may refer to: the experiments, the glossary, and the chapters by their slugs."""

    experiments: Mapping[str, Experiment]
    glossary: Glossary
    chapters: Mapping[str, Chapter]


class Report(msgspec.Struct, frozen=True):
    """What the linter has read, and what it found."""

    chapters: tuple[Chapter, ...]
    problems: tuple[Problem, ...]

    @property
    def steps(self) -> int:
        return sum(len(chapter.steps) for chapter in self.chapters)


def check_shipped() -> Report:
    """Check what is shipped: every chapter, and the glossary."""
    terms, problems = shipped()
    report = check_files(loader.chapter_files(loader.folder()))
    found = [*report.problems, *problems, *check_glossary(terms)]
    return Report(report.chapters, tuple(sorted(found)))


def check_files(paths: Iterable[Traversable | Path]) -> Report:
    """Check chapters in files, among those that are shipped: one with a shipped chapter's slug takes its place."""
    from fastai_tui.lessons.experiments import EXPERIMENTS

    loaded = [loader.load(path) for path in paths]
    chapters = [one for one in loaded if isinstance(one, Chapter)]
    known = {chapter.slug: chapter for chapter in [*loader.chapters(), *chapters]}
    world = World(EXPERIMENTS, glossary(), known)
    problems = [problem for one in loaded if isinstance(one, list) for problem in one]
    problems += [problem for chapter in chapters for problem in check_chapter(chapter, world)]
    return Report(tuple(chapters), tuple(sorted([*problems, *duplicates(chapters)])))


def check_chapter(chapter: Chapter, world: World) -> list[Problem]:
    """What is wrong with one chapter."""
    problems = Problems(chapter.file)

    def link(target: str) -> tuple[str, str] | None:
        return _link_fault(target, chapter, world)

    _check_head(chapter, world, problems)
    check_sentence(chapter.title, 1, "the chapter's title", problems, link, most=TITLE_CELLS)
    check_sentence(chapter.about, 1, "about", problems, link, most=SENTENCE_CELLS)
    check_text(chapter.opening, chapter.opening_line, "the opening", problems, link)
    seen: dict[str, int] = {}
    for step in chapter.steps:
        if fault := slug_fault(step.id):
            problems.add(step.line, f"the step's id {fault[0]}", fault[1])
        if (first := seen.setdefault(step.id, step.line)) != step.line:
            problems.add(step.line, f"the id {shown(step.id)} is that of the step on line {first}", "choose another")
        check_step(step, world.experiments, problems, link)
    return problems.found


def _check_head(chapter: Chapter, world: World, problems: Problems) -> None:
    if fault := slug_fault(chapter.slug):
        problems.add(1, f"the chapter's slug {fault[0]}", fault[1])
    if not 1 <= chapter.number <= 99:
        problems.add(1, f"the number {chapter.number} is out of bounds", "number the chapters from 1 to 99")
    elif Path(chapter.file).name != (name := f"{chapter.number:02d}-{chapter.slug}.md"):
        problems.add(1, "the file's name does not go with its number and slug", f"call it {shown(name)}")
    for need in chapter.needs:
        other = world.chapters.get(need)
        if other is None:
            problems.add(1, f"the chapter needs {shown(need)}, which is none", one_of(need, world.chapters))
        elif other.number >= chapter.number:
            problems.add(1, f"the chapter needs {shown(need)}, which comes no earlier", "give it a lower number")


def slug_fault(slug: str) -> tuple[str, str] | None:
    """What is wrong with a slug or id, and the remedy."""
    if SLUG.fullmatch(slug) and len(slug) <= LONGEST_SLUG:
        return None
    return f"{shown(slug)} is no slug", f"use small letters, digits and single hyphens, {LONGEST_SLUG} at most"


def _link_fault(target: str, chapter: Chapter, world: World) -> tuple[str, str] | None:
    scheme, _, rest = target.partition(":")
    if scheme == "glossary":
        if world.glossary.find(rest):
            return None
        names = [term.name for term in world.glossary]
        near = one_of(rest, names) if len(names) < 9 or one_of(rest, names).startswith("did") else ""
        return f"the glossary has no {shown(rest)}", near or "add it to lessons/glossary.toml"
    if scheme != "step":
        return address_fault(target)
    slug, slash, id = rest.partition("/")
    slug, id = (slug, id) if slash else (chapter.slug, rest)
    other = chapter if slug == chapter.slug else world.chapters.get(slug)
    if other is None:
        return f"the link leads to the chapter {shown(slug)}, which is none", one_of(slug, world.chapters)
    if other.step(id) is None:
        return f"the link leads to the step {shown(id)}, which is none", one_of(id, [s.id for s in other.steps])
    return None


def duplicates(chapters: Iterable[Chapter]) -> list[Problem]:
    """Chapters that share a slug or a number."""
    found: list[Problem] = []
    seen: dict[object, Chapter] = {}
    for chapter in chapters:
        for what, key in (("slug", chapter.slug), ("number", chapter.number)):
            if (first := seen.setdefault(key, chapter)) is not chapter:
                message = f"the {what} {shown(key)} is that of {first.file}"
                found.append(Problem(chapter.file, 1, message, f"choose another {what}"))
    return found


def check_glossary(terms: Glossary) -> list[Problem]:
    """What is wrong with the glossary's terms."""
    problems = Problems(terms.file)

    def link(target: str) -> tuple[str, str] | None:
        scheme, _, rest = target.partition(":")
        if scheme == "glossary" and not terms.find(rest):
            return f"the glossary has no {shown(rest)}", "add it, or link to another term"
        return address_fault(target) if scheme != "glossary" else None

    before = ""
    for term in terms:
        for name in term.names:
            if terms.find(name) is not term:
                problems.add(term.line, f"{shown(name)} leads to another term already", "take it out of one of them")
        if term.name.casefold() < before:
            problems.add(term.line, f"{shown(term.name)} is out of order", "sort the terms by their names")
        before = term.name.casefold()
        check_text(term.text.strip("\n"), term.line + 1, shown(term.name), problems, link)
    return problems.found
