"""Prose: the little markdown that lessons are written in, and how it falls into lines of a column.

Paragraphs, lists (`- ` and `1. `), fenced code, **strong**, *emphasis*, `code`, [text](target) and [[glossary term]]
or [[glossary term|as written here]]. What the linter measures with `layout` is what a screen draws with it.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

import msgspec

# The prose's place on an 80×24 screen: half the width less a space on each side; the height less the title, two lines
# of knobs, the line that asks, the status line and the footer.
COLUMNS, LINES = 38, 18

Style = Literal["plain", "strong", "emphasis", "code"]
_INLINE = re.compile(
    r"\*\*(?P<strong>[^*]+)\*\*"
    r"|\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*"
    r"|`(?P<code>[^`]+)`"
    r"|\[\[(?P<term>[^\[\]|]+)(?:\|(?P<written>[^\[\]|]+))?\]\]"
    r"|\[(?P<text>[^\[\]]+)\]\((?P<target>[^()\s]+)\)"
)
_ITEM = re.compile(r"(- |\d{1,2}\. )\s*")
_FENCE = re.compile(r"(```|~~~)(.*)")


class Span(msgspec.Struct, frozen=True):
    """Text in one style; `link` is `glossary:TERM`, `step:CHAPTER/STEP` or an https address."""

    text: str
    style: Style = "plain"
    link: str = ""


class Line(msgspec.Struct, frozen=True):
    """One line on the screen, and the line of the source it comes from."""

    spans: tuple[Span, ...]
    source: int

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


class Block(msgspec.Struct, frozen=True):
    """A paragraph, an item of a list (with its `marker`) or a line of code, and the line of the source it begins on."""

    kind: Literal["paragraph", "item", "code"]
    text: str
    source: int
    marker: str = ""


def layout(text: str, columns: int = COLUMNS) -> list[Line]:
    """`text` as lines of at most `columns` cells, as far as words and code allow (code and long words stay whole)."""
    lines: list[Line] = []
    before: Block | None = None
    for block in blocks(text):
        if before and not _close(before, block):
            lines.append(Line((), block.source))
        lines += _wrapped(block, columns)
        before = block
    return lines


def _close(before: Block, block: Block) -> bool:
    """Do two blocks follow each other without an empty line: items of a list, lines of one piece of code?"""
    if before.kind == block.kind == "code":
        return block.source == before.source + 1
    return before.kind == block.kind == "item"


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a text; sources are counted from 1."""
    gathered: Block | None = None
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        before, fence = fence, fenced(fence, line)
        if before and fence:
            yield Block("code", line, number)
            continue
        edge = before != fence
        if not edge and gathered and line.strip() and not _ITEM.match(line):
            gathered = msgspec.structs.replace(gathered, text=f"{gathered.text} {line.strip()}")
            continue
        yield from _ended(gathered)
        gathered = None if edge or not line.strip() else _begun(line, number)
    yield from _ended(gathered)


def fenced(fence: str, line: str) -> str:
    """The fence that is open after `line`, if `fence` was before it: a mark, or nothing."""
    if fence:
        return "" if line.rstrip() == fence else fence
    match = _FENCE.match(line)
    return match[1] if match else ""


def _ended(block: Block | None) -> Iterator[Block]:
    if block:
        yield block


def _begun(line: str, number: int) -> Block:
    if item := _ITEM.match(line):
        return Block("item", line[item.end() :].strip(), number, marker=item[1].replace("- ", "• "))
    return Block("paragraph", line.strip(), number)


def spans(text: str) -> list[Span]:
    """A paragraph's text in its styles."""
    found: list[Span] = []
    place = 0
    for match in _INLINE.finditer(text):
        if match.start() > place:
            found.append(Span(text[place : match.start()]))
        found.append(_styled(match))
        place = match.end()
    return found + ([Span(text[place:])] if text[place:] else [])


def plain(text: str) -> str:
    """The same without any style: for one line, where there is none."""
    return "".join(span.text for span in spans(text))


def _styled(match: re.Match[str]) -> Span:
    if term := match["term"]:
        return Span(match["written"] or term, link=f"glossary:{term.strip()}")
    if match["text"]:
        return Span(match["text"], link=match["target"])
    style: Style = "strong" if match["strong"] else "emphasis" if match["emphasis"] else "code"
    return Span(match[style], style)


def unread(text: str) -> list[str]:
    """Marks of markdown that are left over in a paragraph's plain text: something was not closed."""
    marks = ("**", "`", "[[", "]]", "](")
    return [mark for mark in marks if any(mark in span.text for span in spans(text) if span.style != "code")]


def cells(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _wrapped(block: Block, columns: int) -> Iterator[Line]:
    if block.kind == "code":
        yield Line((Span(block.text, "code"),), block.source)
        return
    indent = Span(" " * len(block.marker)) if block.marker else None
    first = Span(block.marker) if block.marker else None
    room = columns - len(block.marker)
    for row in _rows(spans(block.text), room):
        yield Line((*([first] if first else []), *row), block.source)
        first = indent


def _rows(pieces: list[Span], room: int) -> Iterator[tuple[Span, ...]]:
    row: list[Span] = []
    used = 0
    for word in _words(pieces):
        size = sum(cells(span.text) for span in word)
        if row and used + 1 + size > room:
            yield _joined(row)
            row, used = [], 0
        if row:
            row.append(_gap(row[-1], word[0]))
            used += 1
        row += word
        used += size
    if row:
        yield _joined(row)


def _words(pieces: list[Span]) -> Iterator[list[Span]]:
    word: list[Span] = []
    for span in pieces:
        for part in re.split(r"(\s+)", span.text):
            if not part.strip():
                if part and word:
                    yield word
                    word = []
            else:
                word.append(msgspec.structs.replace(span, text=part))
    if word:
        yield word


def _gap(left: Span, right: Span) -> Span:
    """The space between two words: styled like them where they are of one piece."""
    same = (left.style, left.link) == (right.style, right.link)
    return msgspec.structs.replace(left, text=" ") if same else Span(" ")


def _joined(row: list[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for span in row:
        if found and (found[-1].style, found[-1].link) == (span.style, span.link):
            found[-1] = msgspec.structs.replace(found[-1], text=found[-1].text + span.text)
        else:
            found.append(span)
    return tuple(found)
