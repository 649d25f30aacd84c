"""Is a lesson's text legible: does it fit its place on an 80×24 screen, is its markdown known, do its links lead on?"""

import re
from collections.abc import Callable

from fastai_tui.lessons import prose
from fastai_tui.lessons.problems import Problems, shown

TITLE_CELLS = prose.COLUMNS
SENTENCE_CELLS = 76  # a line of an 80 columns wide screen, less two cells on each side
_UNDRAWN = {"#": "a heading", "|": "a table", ">": "a quotation", "<": "HTML", "!": "a picture"}
_ADDRESS = re.compile(r"https://[\w.-]+\.[a-z]{2,}(/[^\s]*)?", re.ASCII)

Link = Callable[[str], tuple[str, str] | None]
"""What is wrong with a link's target, and the remedy; None for one that leads somewhere."""


def check_text(text: str, line: int, label: str, problems: Problems, link: Link, *, lines: int = prose.LINES) -> None:
    """A piece of prose that begins on `line` of its file: at most `lines` high, its markdown known, its links good."""
    rows = prose.layout(text)
    if len(rows) > lines:
        remedy = f"take out {len(rows) - lines} lines, or make it two steps"
        where = line + rows[lines].source - 1
        problems.add(where, f"{label} takes {len(rows)} lines, and {lines} fit an 80×24 screen", remedy)
    for row in rows:
        if (size := prose.cells(row.text)) > prose.COLUMNS:
            what = f"{label} has a line of {size} cells, and {prose.COLUMNS} fit: {shown(row.text)}"
            problems.add(line + row.source - 1, what, "break the code, or use a shorter word")
    _check_blocks(text, line, problems, link)


def check_sentence(text: str, line: int, label: str, problems: Problems, link: Link, *, most: int) -> None:
    """A text that has one line of the screen, `most` cells wide."""
    if (size := sum(prose.cells(span.text) for span in prose.spans(text))) > most or "\n" in text.strip():
        problems.add(line, f"{label} is {size} cells long, and {most} on one line fit", "say it in fewer words")
    _check_blocks(text, line, problems, link)


def _check_blocks(text: str, line: int, problems: Problems, link: Link) -> None:
    rows = text.split("\n")
    for block in prose.blocks(text):
        if block.kind == "code":
            continue
        where = line + block.source - 1
        if kind := _UNDRAWN.get(block.text[:1]) if block.kind == "paragraph" else None:
            problems.add(where, f"{kind} is not drawn in lessons", "say it in sentences, a list or fenced code")
        for mark in prose.unread(block.text):
            remedy = "close it, or put it in `code` to show it" if mark != "`" else "close it"
            problems.add(where, f"{mark} is left over in {shown(block.text)}", remedy)
        for span in prose.spans(block.text):
            if span.link and (fault := link(span.link)):
                problems.add(line + _found(span.link, rows, block.source) - 1, *fault)


def _found(target: str, rows: list[str], first: int) -> int:
    """The row, from `first` on, on which a link's target stands; `first` where it is broken across rows."""
    name = target.removeprefix("glossary:")
    return next((number for number, row in enumerate(rows[first - 1 :], first) if name in row), first)


def address_fault(target: str) -> tuple[str, str] | None:
    """What is wrong with a target that is neither a glossary term nor a step."""
    if _ADDRESS.fullmatch(target):
        return None
    return f"the link to {shown(target)} leads nowhere", "use step:CHAPTER/STEP, [[a term]] or an https address"
