"""A batch of a text and the cursor on it: what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fastai_tui.app.text import plural
from fastai_tui.app.tui.panes.common.letters import NAMES
from fastai_tui.app.tui.panes.common.typed import Typed
from fastai_tui.app.writing import sign
from fastai_tui.engine.text_batch import Folded, FoldedRow


@dataclass(frozen=True)
class Shown:
    """All that is to be seen. `row` and `column` are where the cursor is wanted; `line` is the text while it is
    typed."""

    folded: Folded | None
    row: int = 0
    column: int = 0
    hidden: frozenset[str] = frozenset()
    line: Typed | None = None
    trouble: str = ""

    @property
    def waits(self) -> bool:
        """Has the lab yet to answer for the first time?"""
        return self.folded is None and not self.trouble

    @property
    def batch(self) -> Folded:
        """The batch, once it is there."""
        assert self.folded is not None
        return self.folded

    # Where the cursor is

    @property
    def at_row(self) -> int:
        return min(self.row, len(self.batch.rows) - 1)

    @property
    def at(self) -> int:
        """The character of the row, from 0."""
        return min(self.column, self.batch.length - 1)

    @property
    def line_of(self) -> FoldedRow:
        return self.batch.rows[self.at_row]

    @cached_property
    def answers(self) -> list[tuple[int, str] | None]:
        """What is to be said after each character of the row: a number and its character; None where nothing is."""
        row, folded = self.line_of, self.batch
        letters = row.text[1:] + row.after[:1]
        if folded.view == "windows":
            return [None] * (folded.length - 1) + [(row.targets[0], letters[-1:])]
        return list(zip(row.targets, letters, strict=False))

    @property
    def token(self) -> int:
        return self.line_of.numbers[self.at]

    @property
    def letter(self) -> str:
        return self.line_of.text[self.at]

    @property
    def target(self) -> tuple[int, str] | None:
        return self.answers[self.at]

    @property
    def place(self) -> int:
        """The character's number in its stream, or in the text; the first is 1."""
        return (self.batch.first if self.batch.view == "streams" else self.line_of.start) + self.at + 1

    @property
    def known(self) -> int:
        """Characters that a network has read by then: of this window, or of the whole stream."""
        return self.place if self.batch.view == "streams" else self.at + 1

    # What an epoch comes to

    @property
    def reads(self) -> float:
        """Characters read for each prediction."""
        return self.batch.inputs / self.batch.predictions

    # In words

    def told(self, name: str, words: str) -> str:
        """A measurement's words, unless it is the learner's to predict."""
        return "?" if name in self.hidden else words

    @property
    def cut(self) -> str:
        """`64 streams of 5,781, 53 left over`."""
        folded = self.batch
        if folded.view == "streams":
            left = self.told("dropped", f"{folded.dropped:,}")
            return f"{self.told('streams', f'{folded.streams:,}')} streams of {folded.long:,} · {left} left over"
        each = "one target" if folded.view == "windows" else "every target"
        length = self.told("length", str(folded.length))
        far = "side by side" if folded.stride == folded.length else f"{folded.stride} apart"
        return f"windows of {length}, {far}, {each}"

    @property
    def which(self) -> str:
        """`batch 6 of 683, 7 characters long`."""
        folded = self.batch
        which = f"batch {folded.batch + 1:,} of {self.told('batches', f'{folded.batches:,}')}"
        wide = f"{self.told('length', str(folded.length))} long" if folded.view == "streams" else "shuffled"
        return f"{which} · {wide} · epoch {folded.epoch + 1}"

    @property
    def pair(self) -> str:
        """What follows on the character under the cursor."""
        here = f"{sign(self.letter)} ({self.told('token', str(self.token))})"
        if self.target is None:
            return f"{here}: no answer is asked for here"
        number, letter = self.target
        there = "?" if "target" in self.hidden else f"{sign(letter)} ({number})"
        return f"{here} → {there}, having read {self.told('known', f'{self.known:,}')}"

    @property
    def figures(self) -> tuple[str, ...]:
        """What an epoch comes to, the longest form first."""
        folded = self.batch
        read, said = (self.told(name, f"{getattr(folded, name):,}") for name in ("inputs", "predictions"))
        if {"inputs", "predictions", "reads"} & self.hidden:
            each = "?"
        else:
            each = f"{self.reads:.3g}"
        return (
            f"an epoch: {read} characters read, {said} predicted, {each} read for each",
            f"{read} read, {said} predicted: {each} to 1",
            f"{each} read for 1 predicted",
        )


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.line is not None:
        return f"You are typing the text that is cut up: {shown.line.text!r}."
    if shown.folded is None:
        return shown.trouble or "The lab has not answered yet."
    folded, row = shown.batch, shown.line_of
    what = f"stream {shown.at_row + 1}" if folded.view == "streams" else f"the window at character {row.start + 1:,}"
    to_say = "".join(letter for answer in shown.answers if answer for letter in answer[1])
    asked = "what it is to say is yours to predict" if "target" in shown.hidden else f"it is to say {to_say!r}"
    here = NAMES.get(shown.letter, shown.letter)
    if shown.target is None:
        pair = f"after {here} no answer is asked for"
    else:
        there = "?" if "target" in shown.hidden else NAMES.get(shown.target[1], shown.target[1])
        known = shown.told("known", plural(shown.known, "character"))
        pair = f"{here} is to be followed by {there}, when the network has read {known}"
    cut = shown.cut.replace(" · ", ", ")
    which = shown.which.replace(" · ", ", ")
    return (
        f"{folded.data}, {plural(folded.tokens, 'character')}, as {cut}. Now {which}: {what} gives {row.text!r}, and "
        f"{asked}; at the cursor {pair}. {shown.figures[0].capitalize()}."
    )
