"""From a chapter's markdown file to a `Chapter`, or to all that is wrong with it. No input makes it raise."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from fastai_tui.lessons.blocks import Block, decoded, hidden
from fastai_tui.lessons.problems import Problem, Problems
from fastai_tui.lessons.prose import fenced
from fastai_tui.lessons.schema import SCHEMA_VERSION, Chapter
from fastai_tui.lessons.steps import STEP_FENCE, Section, read_step, trimmed

LARGEST_FILE = 256 * 1024
EDGE = "+++"


def folder() -> Traversable:
    """Where the chapters that are shipped lie."""
    return files("fastai_tui.lessons") / "chapters"


def chapters() -> list[Chapter]:
    """The chapters that are shipped, in order. One with mistakes is left out: `fastai-tui check` says what they are."""
    loaded = [load(path) for path in chapter_files(folder())]
    return sorted((one for one in loaded if isinstance(one, Chapter)), key=lambda one: (one.number, one.slug))


def chapter_files(place: Traversable | Path) -> list[Traversable | Path]:
    """The chapters' files in a folder, by name; none where there is no folder."""
    if not place.is_dir():
        return []
    found = (file for file in place.iterdir() if file.name.endswith(".md") and file.name != "README.md")
    return sorted(found, key=lambda file: file.name)


def load(path: Traversable | Path) -> Chapter | list[Problem]:
    """The chapter in a file, or what is wrong with it (that it can not be read, too)."""
    file = str(path)
    try:
        if not path.is_file():
            return [Problem(file, 1, "this is no file", "put the chapter's markdown there, or take it away")]
        with path.open("rb") as opened:
            return parse(opened.read(LARGEST_FILE + 1), file)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return [Problem(file, 1, f"the file can not be read ({why})", "make it readable, or take it away")]


def parse(content: bytes, file: str) -> Chapter | list[Problem]:
    """The chapter that a file's bytes hold, or every mistake in its form; `file` is the name to report."""
    problems = Problems(file)
    lines = _text_lines(content, problems)
    chapter = _chapter(lines, problems) if lines and not problems.found else None
    return chapter if chapter and not problems.found else sorted(problems.found)


def _text_lines(content: bytes, problems: Problems) -> list[str]:
    if len(content) > LARGEST_FILE:
        problems.add(1, f"the file is larger than {LARGEST_FILE // 1024} kB", "split the chapter")
        return []
    text = decoded(content, problems)
    if text is None:
        return []
    lines = text.split("\n")
    for number, row in enumerate(lines, 1):
        if bad := hidden(row):
            remedy = "use spaces" if bad == "U+0009" else "take it out, or write what it stands for"
            problems.add(number, f"a character that can not be shown ({bad})", remedy)
    return lines


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The front matter."""

    schema: int
    number: int
    slug: str
    title: str
    about: str
    needs: tuple[str, ...] = ()


def _chapter(lines: list[str], problems: Problems) -> Chapter | None:
    end = _front_matter_end(lines, problems)
    if end is None:
        return None
    block = Block("\n".join(lines[1:end]), 2, problems)
    if block.values is None or not _known_schema(block):
        return None
    head = block.build(_Head, block.values, (), "the front matter")
    opening, sections = _sections(lines, end + 1, problems)
    steps = [read_step(section, problems) for section in sections]
    if not sections:
        problems.add(end + 1, "the chapter has no step", "write one: ## Its title {#its-id}")
    if head is None or problems.found:
        return None
    return Chapter(
        **msgspec.structs.asdict(head),
        opening=opening.text,
        steps=tuple(step for step in steps if step),
        file=problems.file,
        opening_line=opening.line,
    )


def _known_schema(block: Block) -> bool:
    """Is the file written in the one schema that is read here? Of a newer one, nothing else would make sense."""
    schema = (block.values or {}).get("schema", SCHEMA_VERSION)
    if not isinstance(schema, int) or schema == SCHEMA_VERSION:
        return True
    remedy = "update fastai-tui" if schema > SCHEMA_VERSION else f"write schema = {SCHEMA_VERSION}"
    block.problems.add(block.line_of("schema"), f"schema {str(schema)[:9]} is not the one read here", remedy)
    return False


def _front_matter_end(lines: list[str], problems: Problems) -> int | None:
    """The index of the line that closes the front matter."""
    if lines[0].rstrip() != EDGE:
        problems.add(1, "the file does not begin with its front matter", f"begin it with a line of {EDGE}")
        return None
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() == EDGE:
            return index
    problems.add(1, "the front matter does not end", f"close it with a line of {EDGE}")
    return None


class _Opening(msgspec.Struct):
    text: str
    line: int


def _sections(lines: list[str], first: int, problems: Problems) -> tuple[_Opening, list[Section]]:
    """What stands before the first step, and the steps. Headings within fences are none."""
    found = [Section("", first, [])]
    fence, opened = "", 0
    for number, row in enumerate(lines[first:], first + 1):
        before, fence = fence, fenced(fence, row)
        if before and fence and row.rstrip() == fence + STEP_FENCE:
            problems.add(opened, "this block does not end", f"close it with a line of {fence} before the next step")
            opened = number
        elif fence and not before:
            opened = number
        if not fence and row.startswith("## "):
            found.append(Section(row, number, []))
        else:
            found[-1].rows.append(row)
    if fence:
        problems.add(opened, "this block does not end", f"close it with a line of {fence}")
    text, line = trimmed(found[0].rows, first + 1)
    return _Opening(text, line), found[1:]
