"""What stands in the column: prose, a question, an explanation, hints or a term, as styled lines. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.app.convolution import number as shown_number
from fastai_tui.lessons import prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.sheet import Style
    from fastai_tui.lessons.glossary import Term
    from fastai_tui.lessons.schema import Answer, Question

Pieces: TypeAlias = "list[tuple[str, Style]]"
_STYLES: dict[str, Style] = {"plain": "plain", "strong": "strong", "emphasis": "emphasis", "code": "code"}


@dataclass(frozen=True)
class Prose:
    """A step's text, or a chapter's opening."""

    text: str


@dataclass(frozen=True)
class Asking:
    """A question, and what has been typed or chosen so far; `trouble` says why it is no answer yet."""

    question: Question
    typed: str = ""
    choice: int | None = None
    trouble: str = ""

    @property
    def given(self) -> Answer | None:
        """The answer as it stands, or None where nothing has been chosen, or what was typed is no number."""
        if self.question.choices:
            return None if self.choice is None else self.question.choices[self.choice]
        return parsed(self.typed)

    def press(self, key: str, character: str | None) -> Asking:
        """The same after a key."""
        if self.question.choices:
            return replace(self, choice=_chosen(key, self.choice, len(self.question.choices)), trouble="")
        if key in ("backspace", "delete"):
            return replace(self, typed=self.typed[:-1], trouble="")
        if character and character in "0123456789.,-−+eE%/":
            return replace(self, typed=(self.typed + character)[:16], trouble="")
        return self

    def takes(self, key: str, character: str | None) -> bool:
        """Is this a key that the question wants for itself?"""
        return self.press(key, character) != replace(self, trouble="") or key in ("up", "down", "backspace", "delete")


@dataclass(frozen=True)
class Answered:
    """What was predicted, what is true (None while nobody knows), and why."""

    question: Question
    given: Answer
    truth: Answer | None = None

    @property
    def right(self) -> bool | None:
        """Was it right? None while nobody knows."""
        if self.truth is None:
            return None
        if self.question.choices or isinstance(self.truth, str) or isinstance(self.given, str):
            return self.given == self.truth
        return abs(self.given - self.truth) <= self.question.tolerance


@dataclass(frozen=True)
class Hinting:
    """The hints so far, the newest last, and how many there are."""

    hints: tuple[str, ...]
    of: int


@dataclass(frozen=True)
class Meaning:
    """A term of the glossary, the `nth` of those that this page links to."""

    term: Term
    nth: int
    of: int


Content: TypeAlias = Prose | Asking | Answered | Hinting | Meaning


def parsed(typed: str) -> float | None:
    """The number somebody typed, with a comma or a point, a percentage too; None where it is none."""
    clean = typed.strip().replace("−", "-").replace("+", "")
    percent = clean.endswith("%")
    clean = clean.rstrip("%")
    clean = clean.replace(",", "" if _thousands(clean) else ".")
    try:
        value = float(clean)
    except ValueError:
        return None
    return value / 100 if percent else value


def lines(content: Content, width: int) -> list[Pieces]:
    """The column's lines at a width in cells; what is longer than the place is scrolled by whoever shows it."""
    match content:
        case Prose():
            return written(content.text, width)
        case Asking():
            return _asking(content, width)
        case Answered():
            return _answered(content, width)
        case Hinting():
            return _hinting(content, width)
        case Meaning():
            return _meaning(content, width)
    raise AssertionError(content)


def written(text: str, width: int) -> list[Pieces]:
    """Lesson markdown as styled lines."""
    return [
        [(span.text, "link" if span.link else _STYLES[span.style]) for span in line.spans]
        for line in prose.layout(text, max(width, 8))
    ]


def todo(asked: Sequence[tuple[bool, str]], width: int) -> list[Pieces]:
    """A list of what a step asks, ticked where it is done (the one that is next stands out)."""
    found: list[Pieces] = [[("To do", "title")]]
    for i, (done, words) in enumerate(asked):
        now = not done and all(before for before, _ in asked[:i])
        mark: tuple[str, Style] = ("✓ ", "good") if done else ("› ", "accent") if now else ("○ ", "dim")
        rows = _plain(words, width - 2, "plain" if now else "dim")
        found += [[mark if n == 0 else ("  ", "plain"), *row] for n, row in enumerate(rows)]
    return found


def terms(text: str) -> list[str]:
    """The glossary terms that a text links to, in their order, each once."""
    found = [
        span.link.removeprefix("glossary:")
        for block in prose.blocks(text)
        if block.kind != "code"
        for span in prose.spans(block.text)
        if span.link.startswith("glossary:")
    ]
    return list(dict.fromkeys(found))


def value(answer: Answer, unit: str = "") -> str:
    """An answer as people read it."""
    words = answer if isinstance(answer, str) else shown_number(round(answer, 6))
    return f"{words} {unit}".rstrip()


def _asking(content: Asking, width: int) -> list[Pieces]:
    question = content.question
    head: list[Pieces] = [[("Predict", "title")], [], *written(question.ask, width), []]
    if question.choices:
        body = [
            line for i, choice in enumerate(question.choices) for line in _choice(i, choice, i == content.choice, width)
        ]
        tail = f"↑ ↓ or 1 to {len(question.choices)}: choose · enter"
    else:
        unit = f" {question.unit}" if question.unit else ""
        body = [[("› ", "accent"), (f"{content.typed}▏", "field"), (unit, "dim")]]
        tail = "type a number · enter"
    found: list[Pieces] = [*head, *body]
    if content.trouble:
        found += [[], *_plain(content.trouble, width, "warn")]
    return [*found, [], [(f"{tail} · esc", "dim")]]


def _choice(i: int, choice: str, chosen: bool, width: int) -> list[Pieces]:
    style: Style = "cursor" if chosen else "plain"
    rows = _plain(choice, width - 4, style)
    mark = "●" if chosen else "○"
    return [
        [(f"{mark} {i + 1} " if n == 0 else "    ", "accent" if chosen else "dim"), *row] for n, row in enumerate(rows)
    ]


def _answered(content: Answered, width: int) -> list[Pieces]:
    question, right = content.question, content.right
    mine = f"You said {value(content.given, question.unit)}."
    if right is None:
        return [[("Kept", "title")], [], *_plain(mine, width), [], *_plain("Your own run will tell.", width, "dim")]
    head: Pieces = [("✓ Right", "good")] if right else [("✗ Not quite", "warn")]
    truth = value(content.truth, question.unit) if content.truth is not None else ""
    said = mine if content.given == content.truth else f"{mine} It is {truth}."
    return [head, [], *_plain(said, width), [], *written(question.why, width)]


def _hinting(content: Hinting, width: int) -> list[Pieces]:
    shown: list[Pieces] = []
    for i, hint in enumerate(content.hints):
        shown += [[(f"Hint {i + 1} of {content.of}", "title")], *written(hint, width), []]
    more = "h: the next one" if len(content.hints) < content.of else "that was the last one"
    return [*shown, [(f"{more} · esc: back", "dim")]]


def _meaning(content: Meaning, width: int) -> list[Pieces]:
    found: list[Pieces] = [[(content.term.name, "title")], [], *written(content.term.text, width)]
    if content.of > 1:
        found += [[], [(f"{content.nth} of {content.of} · g: the next", "dim")]]
    return found


def _plain(text: str, width: int, style: Style = "plain") -> list[Pieces]:
    return [[(line.text, style)] for line in prose.layout(text.replace("*", "∗").replace("`", "'"), max(width, 8))]


def _chosen(key: str, choice: int | None, count: int) -> int | None:
    if key in ("up", "down") and choice is None:
        return 0 if key == "down" else count - 1
    if choice is not None and key in ("up", "down"):
        return (choice + (1 if key == "down" else -1)) % count
    return int(key) - 1 if key.isdecimal() and 1 <= int(key) <= count else choice


def _thousands(text: str) -> bool:
    head, *groups = text.lstrip("-").split(",")
    return bool(groups) and head.isdecimal() and all(len(group) == 3 and group.isdecimal() for group in groups)
