"""Searching the lessons: an index of what can be found, and the ranking of what was. Pure functions, no widgets."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from fastai_tui.lessons import prose

if TYPE_CHECKING:
    from fastai_tui.lessons.glossary import Glossary
    from fastai_tui.lessons.schema import Chapter, Step

MOST = 60  # hits shown
SNIPPET = 3  # words before the first that was found
_WORD = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")

Kind = Literal["chapter", "step", "term", "text"]


@dataclass(frozen=True)
class Entry:
    """Something to be found: in which chapter and step (or which term), under which title, its text, and what else
    leads to it."""

    kind: Kind
    title: str
    where: str
    text: str
    chapter: str = ""
    step: str = ""
    also: str = ""


@dataclass(frozen=True)
class Hit:
    """An entry that was found, and the piece of its text to show."""

    entry: Entry
    snippet: str
    score: float


class Index:
    """Everything there is to search, folded once: titles, prose, questions and goals (no answers), and the terms."""

    def __init__(self, chapters: Iterable[Chapter], glossary: Glossary) -> None:
        found = [*(entry for chapter in chapters for entry in _of_chapter(chapter)), *_of_glossary(glossary)]
        self.entries = [(entry, folded(entry.title), folded(f"{entry.text} {entry.also}")) for entry in found]

    def search(self, query: str) -> list[Hit]:
        """What holds every word of the query, the best first: names before text, whole words before beginnings."""
        words = words_of(query)
        if not words:
            return []
        scored = ((entry, _score(words, title, text)) for entry, title, text in self.entries)
        hits = [Hit(entry, snippet(entry.text, words), score) for entry, score in scored if score > 0]
        return sorted(hits, key=lambda hit: -hit.score)[:MOST]


def words_of(query: str) -> list[str]:
    """The words of a query, folded; marks between them do not count."""
    return [match[0] for match in _WORD.finditer(folded(query[:200]))]


def folded(text: str) -> str:
    """Text as it is compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Text in pieces: (piece, is it what was searched for?)."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for match in _WORD.finditer(text):
        found = folded(match[0])
        if word := max((word for word in words if word in found), key=len, default=""):
            start, end = (match.start() + place for place in _span(match[0], word))
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def _span(text: str, word: str) -> tuple[int, int]:
    """Where a folded word is in a text: folding makes several characters of some (¼ is 1⁄4), and none of others."""
    ends = list(accumulate(len(folded(character)) for character in text))
    at = folded(text).index(word)
    return bisect_right(ends, at), bisect_left(ends, at + len(word)) + 1


def snippet(text: str, words: Sequence[str]) -> str:
    """The text from a few words before the first that was found; from its beginning if none was."""
    plain = " ".join(text.split())
    matches = list(_WORD.finditer(plain))
    hit = next((i for i, match in enumerate(matches) if any(word in folded(match[0]) for word in words)), 0)
    if hit <= SNIPPET:
        return plain
    return f"… {plain[matches[hit - SNIPPET].start() :]}"


def _of_chapter(chapter: Chapter) -> Iterator[Entry]:
    name = f"{chapter.number}. {chapter.title}"
    yield Entry("chapter", chapter.title, f"chapter {chapter.number}", chapter.about, chapter.slug)
    if chapter.opening:
        yield Entry("text", chapter.title, f"chapter {chapter.number}, opening", plain(chapter.opening), chapter.slug)
    for step in chapter.steps:
        yield Entry("step", step.title, name, _text_of(step), chapter.slug, step.id)


def _text_of(step: Step) -> str:
    """What a step says before anything is answered."""
    asked = [question.ask for question in step.questions]
    return " ".join([plain(step.prose), *map(plain, asked), *(plain(goal.say) for goal in step.goals)])


def _of_glossary(glossary: Glossary) -> Iterator[Entry]:
    for term in glossary:
        yield Entry("term", term.name, "glossary", plain(term.text), also=" ".join(term.also))


def plain(text: str) -> str:
    """Lesson markdown without its marks."""
    return " ".join(
        prose.plain(block.text) if block.kind != "code" else block.text for block in prose.blocks(text.strip("\n"))
    )


def _score(words: Sequence[str], title: str, text: str) -> float:
    """How well something fits: nought if a word is nowhere. A name that is just the query comes first."""
    total = 0.0
    for word in words:
        best = max(4 * _fit(word, title), _fit(word, text))
        if not best:
            return 0.0
        total += best
    return total + (8 if title == " ".join(words) else 0) + 1 / (1 + len(title))


def _fit(word: str, text: str) -> float:
    """2 for a whole word, 1.5 for the beginning of one, .5 for the middle of one, 0 for none."""
    best = 0.0
    at = text.find(word)
    while at >= 0 and best < 2:
        begins = at == 0 or not text[at - 1].isalnum()
        ends = at + len(word) == len(text) or not text[at + len(word)].isalnum()
        best = max(best, 2.0 if begins and ends else 1.5 if begins else 0.5)
        at = text.find(word, at + 1)
    return best
