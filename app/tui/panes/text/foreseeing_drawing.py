"""What drawings of a text that a network foresees have in common: whose network, what stands in the way, and
what is said at the bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from fastai_tui.app.halfblocks import amount
from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import text_rows
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.common.text_rows import Shaded
from fastai_tui.app.writing import read_as_unknown, sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.panes.common.typed import Typed
    from fastai_tui.app.tui.sheet import Role, Sheet

SMALL = 10  # rows of a pane below which everything is said as briefly as can be
LOADING = "the network is loaded …"
PREDICT = "? (predict it first)"
UNANSWERED = "The lab has not answered yet."
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Foreseeing(Generic[Answer]):
    """All that is to be seen: `found` is what a network made of the text and `other` what another one did, `line` the
    text while it is typed, `waits` whether the lab has yet to answer."""

    text: str
    at: int
    found: Answer | None = None
    other: Answer | None = None
    line: Typed | None = None
    hidden: frozenset[str] = frozenset()
    trouble: str = ""
    waits: bool = False

    @property
    def instead(self) -> str:
        """What is said while there is nothing to describe."""
        if self.trouble:
            return self.trouble
        if self.line is not None:
            return f"You are typing a text: {self.line.text!r}."
        return UNANSWERED if self.found is None else ""


def who(source: str, network: str, step: int) -> str:
    """Whose network it is: `0003-char-lm, CharGru, after 300 batches`."""
    return f"{source}, {network}, " + (f"after {plural(step, 'batch')}" if step else "the embedded model")


def notes(sheet: Sheet, trouble: str, unknown: str) -> Sequence[tuple[str, Role]]:
    """What stands in the way, or which characters the network does not know, on a few lines."""
    if trouble:
        return spoken(sheet, trouble, sheet.width, max(sheet.height // 3, 1), "bad")
    words = read_as_unknown(unknown)
    return spoken(sheet, words, sheet.width, 2, "warn") if words and sheet.height >= SMALL else []


def nothing(sheet: Sheet, shown: Foreseeing[Answer], pulse: str) -> None:
    """Before the first answer: the text as it is."""
    below = foot(sheet, notes(sheet, shown.trouble, "") or [(fit(f"{pulse} {LOADING}", sheet.width), "dim")])
    text_rows.draw(sheet, Area(0, 0, sheet.width, below), Shaded(shown.text, (), amount(1), shown.at), best=0)


def unknown_ones(text: str, unknown: str) -> dict[int, Role]:
    """A style for those characters that the network does not know."""
    return {place: "warn" for place, character in enumerate(text) if character in unknown}


def before(text: str, at: int, most: int) -> str:
    """The end of what stands before a place, on one line."""
    return "".join(sign(c) if c in "\n\t" else c for c in text[max(at - most, 0) : at])


def foot(sheet: Sheet, lines: Sequence[tuple[str, Role]]) -> int:
    """Lines at the bottom; returns the first row taken."""
    row = max(sheet.height - len(lines), 0)
    for i, (line, style) in enumerate(lines):
        sheet.put(row + i, 0, line, style)
    return row
