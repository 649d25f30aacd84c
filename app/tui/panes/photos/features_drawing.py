"""One channel's numbers over all photos: a histogram for each class, one above the other, cut by a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit, number
from fastai_tui.app.tui.panes.common import bars
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.engine import features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.features import Feature

CUT, CAT = "│", "▲"
SIDES: tuple[Role, Role] = ("warn", "accent")  # the two classes' colours


@dataclass(frozen=True)
class Shown:
    """A channel, the threshold on it, and the best accuracy that was set so far."""

    feature: Feature
    threshold: float
    top: float
    hidden: frozenset[str] = frozenset()

    @property
    def answer(self) -> int:
        """The class that is said above the threshold."""
        return _above(tuple(self.feature.values), tuple(self.feature.labels), self.threshold)

    @property
    def accuracy(self) -> float:
        """Of the photos to learn from."""
        return features.accuracy(self.feature.values, self.feature.labels, self.threshold, self.answer)

    @property
    def valid_accuracy(self) -> float:
        """Of the others."""
        return features.accuracy(self.feature.valid_values, self.feature.valid_labels, self.threshold, self.answer)

    @property
    def said_of_cat(self) -> int:
        """The class that the threshold makes of the embedded cat."""
        return self.answer if self.feature.cat > self.threshold else 1 - self.answer

    def told(self, measure: str, words: str) -> str:
        """Words, unless they would give away what is to be predicted."""
        return "?" if measure in self.hidden else words

    @property
    def title(self) -> str:
        pool = "average" if self.feature.pool == "average" else "largest value"
        return f"channel {self.feature.channel} of {count(self.feature.channels)}, its {pool} over each photo"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the threshold comes to."""
        names, known = self.feature.classes, self.feature
        high, low = names[self.answer], names[1 - self.answer]
        rule = (
            f"Above {number(self.threshold, 3)} {self.told('above', high)}, else {self.told('above', low)}: "
            f"{self.told('accuracy', f'{self.accuracy:.1%}')} of {count(len(known.values))} photos are right, "
            f"{self.told('valid_accuracy', f'{self.valid_accuracy:.1%}')} of {count(len(known.valid_values))} others."
        )
        cat = (
            f"The cat ({CAT}) has {self.told('cat', number(known.cat, 3))}: "
            f"{self.told('cat_answer', names[self.said_of_cat])}."
        )
        return rule, cat, f"Your best so far: {self.told('top', f'{self.top:.1%}')}."


@lru_cache(maxsize=8)
def _above(values: tuple[float, ...], labels: tuple[int, ...], threshold: float) -> int:
    return features.above(values, labels, threshold)


def draw(sheet: Sheet, shown: Shown) -> None:
    """The title, both histograms on one scale, the axis with the cat on it, and what the threshold comes to."""
    sheet.put(0, 0, fit(shown.title, sheet.width), "dim")
    lines: list[tuple[str, Role]] = []
    for i, words in enumerate(shown.sentences):
        style: Role = "plain" if i else "strong"
        added = spoken(sheet, words, sheet.width, max(sheet.height // 3, 1), style)
        if len(lines) + len(added) > max(sheet.height // 2 - 1, 1):
            sheet.leave_out("what the threshold comes to")
            break
        lines += added
    room = sheet.height - 1 - len(lines)
    if room >= 5 and sheet.width >= 10:
        _histograms(sheet, shown, room)
    elif sheet.height > 1:
        sheet.leave_out("the histograms")
    for i, (line, look) in enumerate(lines):
        sheet.put(max(sheet.height - len(lines), 1) + i, 0, line, look)


def _histograms(sheet: Sheet, shown: Shown, room: int) -> None:
    known, width = shown.feature, sheet.width
    high = (room - 2) // 2  # the row of the cat, and that of the axis
    heights = [
        features.histogram(_of(known, label), known.low, known.high, width) for label in range(len(known.classes[:2]))
    ]
    largest = max(max(each) for each in heights) or 1
    cut = features.place(shown.threshold, known.low, known.high, width)
    for label, counts in enumerate(heights):
        top = 1 + label * high
        for column, many in enumerate(counts):
            bars.upright(sheet, top, column, high, many / largest, SIDES[label])
        name = f"{known.classes[label]} "
        sheet.put(top, width - len(name), name, SIDES[label])
        for row in range(top, top + high):
            sheet.put(row, cut, CUT, "mark")
    row = 1 + 2 * high
    if "cat" not in shown.hidden:
        sheet.put(row, features.place(known.cat, known.low, known.high, width), CAT, "strong")
    ends = number(known.low, 3), number(known.high, 3)
    sheet.put(row + 1, 0, ends[0], "dim")
    sheet.put(row + 1, width - len(ends[1]), ends[1], "dim")
    middle = f"{CUT} {number(shown.threshold, 3)}"
    sheet.put(row + 1, min(max(cut, len(ends[0]) + 1), max(width - len(ends[1]) - len(middle) - 1, 0)), middle, "mark")


def _of(known: Feature, label: int) -> Sequence[float]:
    return [value for value, its in zip(known.values, known.labels, strict=True) if its == label]


def sentence(shown: Shown) -> str:
    """The picture in words."""
    return " ".join([f"{shown.title[0].upper()}{shown.title[1:]}.", *shown.sentences])
