"""What precomputing saves, drawn: the cache in numbers, a bar for an epoch of each way, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, duration, number, plural
from fastai_tui.app.tui.panes.common import measuring_drawing as parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.engine.precompute_costs import Costs, megabytes

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet

NAME, TIME = 8, 8  # columns of a bar's name, and of its seconds
BAR, LEAST = "█", "▏"
HEADER = "head    size   bs  numbers  as long"


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: what the knobs say, what of it is or has been measured (`now`), and all rows so far."""

    head: str
    size: int
    bs: int
    photos: int
    now: Costs | None
    rows: Sequence[Costs]
    busy: bool
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def title(self) -> str:
        return f"head {self.head}, {self.size} pixels, batches of {self.bs}"

    @property
    def veiled(self) -> bool:
        """Would times give away what is to be predicted?"""
        return bool({"ratio", "through", "cached"} & self.hidden)

    def told(self, measure: str, words: str) -> str:
        """Words, unless they would give away what is to be predicted."""
        return "?" if measure in self.hidden else words

    def kept(self, now: Costs) -> str:
        """What the cache holds."""
        numbers = self.told("numbers", count(now.numbers))
        size = "?" if {"numbers", "megabytes"} & self.hidden else number(megabytes(self.photos, now.numbers), 3)
        return f"The cache holds {numbers} numbers of each of {count(self.photos)} photos: {size} MB."

    def said(self) -> Iterator[str]:
        """What it comes to."""
        if self.now is not None:
            yield self.kept(self.now)
            if not self.busy:
                yield f"An epoch through the trunk takes {self.ratio(self.now)} times as long."

    def ratio(self, row: Costs) -> str:
        """How many times as long, in words."""
        return "?" if self.veiled else number(row.ratio, 3)


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The title, how far it has got, both bars, what they come to, and the table."""
    row = parts.head(sheet, shown.title, _stage(shown, pulse), shown.trouble, 6)
    if shown.trouble:
        return
    gap = int(sheet.height >= parts.ROOMY)
    if shown.now is not None:
        row = _bars(sheet, row + gap, shown, shown.now)
        row = _words(sheet, row + gap, shown)
    if len(shown.rows) > 1:
        parts.table(sheet, row + gap, HEADER, [_row(shown, each) for each in shown.rows])


def _stage(shown: Shown, pulse: str) -> str:
    if shown.busy and shown.now is None:
        return f"{pulse} The network is built …"
    if shown.busy and shown.now is not None:
        return f"{pulse} {plural(shown.now.through_photos, 'photo')} through the trunk …"
    if shown.now is not None:
        return f"An epoch of {count(shown.photos)} photos, by {count(shown.now.through_photos)} copies of the cat:"
    return (
        "Space trains a head on copies of the cat, once through the trunk each time, and once from what the trunk has "
        "made of them before, and measures both."
    )


def _bars(sheet: Sheet, row: int, shown: Shown, now: Costs) -> int:
    """A bar for each way, on one scale; returns the row after them."""
    times = (("trunk", "through", now.epoch(shown.photos)), ("cache", "cached", now.epoch_cached(shown.photos)))
    wide, longest = max(sheet.width - NAME - TIME, 1), max(time for _, _, time in times) or 1.0
    for name, measure, time in times:
        sheet.put(row, 0, name, "plain")
        if shown.veiled:
            sheet.put(row, NAME, "?", "dim")
        else:
            long = round(wide * time / longest)
            sheet.put(row, NAME, BAR * long or LEAST, "warn" if measure == "through" else "accent")
        words = "?" if shown.veiled else duration(time)
        sheet.put(row, max(sheet.width - len(words), 0), words, "strong")
        row += 1
    return row


def _words(sheet: Sheet, row: int, shown: Shown) -> int:
    for words in shown.said():
        lines = spoken(sheet, words, sheet.width, 3, "plain")
        if row + len(lines) > sheet.height:
            sheet.leave_out("what it comes to")
            break
        for line, style in lines:
            sheet.put(row, 0, line, style)
            row += 1
    return row


def _row(shown: Shown, each: Costs) -> tuple[str, bool]:
    """What was measured, and whether it is what the knobs say now."""
    numbers = shown.told("numbers", count(each.numbers))
    words = f"{each.head:6}{each.size:6}{each.bs:5}{numbers:>9}{'×' + shown.ratio(each):>9}"
    return words, (each.head, each.size, each.bs) == (shown.head, shown.size, shown.bs)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    now = shown.now
    if now is None or shown.busy:
        return f"{shown.title}: {_stage(shown, '').strip()}"
    times = "" if shown.veiled else (
        f" An epoch takes {duration(now.epoch(shown.photos))} through the trunk, and "
        f"{duration(now.epoch_cached(shown.photos))} from the cache."
    )  # fmt: skip
    return f"{shown.title}: {' '.join(shown.said())}{times}"
