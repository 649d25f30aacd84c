"""A set of photos, drawn: widths against heights, the classes as bars, or one photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit, number, printable
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.photos import one_photo

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.photo_facts import OnePhoto, PhotoFacts

VIEWS = ("sizes", "classes", "one")
BAR, DOTS = "█", "·•●"
LABEL = 12  # columns of a class's name
LEAST = (12, 5)  # columns and rows that a plot needs


@dataclass(frozen=True)
class Shown:
    """The set, the class at the cursor, the size that is marked, and the photo that is shown, if it is known."""

    facts: PhotoFacts
    view: str
    label: int
    size: int
    photo: OnePhoto | None
    hidden: frozenset[str] = frozenset()

    def told(self, measure: str, words: str) -> str:
        """Words, unless they would give away what is to be predicted."""
        return "?" if measure in self.hidden else words

    @property
    def title(self) -> str:
        known = self.facts
        classes = self.told("classes", f"{len(known.classes)} classes")
        return f"{printable(known.name)}: {count(known.train)} + {count(known.valid)} photos, {classes}"

    def said(self) -> Iterator[str]:
        """What there is to say of the view."""
        known = self.facts
        if (self.view == "sizes" and not known.widths) or (self.view == "classes" and not known.counts):
            yield f"The photos of {printable(known.name)} are not on this machine, so this is not known of them."
        if self.view == "sizes" and known.widths:
            wide, high = known.middle
            yield (
                f"Half are wider than {self.told('width', f'{wide:g}')} pixels, half are higher than "
                f"{self.told('height', f'{high:g}')}; {self.told('small', f'{known.small(self.size):.1%}')} have a "
                f"side shorter than {self.size}. The middle square keeps {self.told('kept', f'{known.kept:.0%}')}."
            )
        if self.view == "classes" and known.counts:
            yield (
                f"Largest {self.told('largest', count(max(known.counts)))}, smallest "
                f"{self.told('smallest', count(min(known.counts)))}: {self.told('ratio', number(known.ratio, 3))} to 1."
            )
        if self.view != "one":
            yield f"A fifth of {count(known.photos)} held out with seed 42 begins with row {self.first_held}."
        elif self.photo is not None:
            name = printable(self.photo.label) or ("the embedded cat" if not known.here else "no label")
            yield f"{name}: {self.photo.width}×{self.photo.height} pixels."

    @property
    def first_held(self) -> str:
        """The first row that is held out."""
        return self.told("first_held", count(self.facts.first_held))


def draw(sheet: Sheet, shown: Shown) -> None:
    """The title, what the view shows, and what there is to say of it."""
    sheet.put(0, 0, fit(shown.title, sheet.width), "dim")
    lines: list[tuple[str, Role]] = []
    for words in shown.said():
        added = spoken(sheet, words, sheet.width, 5, "plain")
        if len(lines) + len(added) > max(sheet.height // 2 - 1, 1):
            sheet.leave_out("some of what there is to say")
            break
        lines += added
    room = sheet.height - 1 - len(lines)
    if room >= LEAST[1] and sheet.width >= LEAST[0]:
        {"sizes": _sizes, "classes": _classes, "one": _one}[shown.view](sheet, shown, room)
    elif sheet.height > 1:
        sheet.leave_out("the picture")
    for i, (line, style) in enumerate(lines):
        sheet.put(max(sheet.height - len(lines), 1) + i, 0, line, style)


def _sizes(sheet: Sheet, shown: Shown, room: int) -> None:
    """A point for each width and height; the lines are where a side has the marked size."""
    known = shown.facts
    if not known.widths:
        return
    wide, high = sheet.width - 5, room - 1
    most = max(*known.widths, *known.heights, shown.size) * 1.02
    places = Counter(
        (high - 1 - int(tall / most * high), int(across / most * wide))
        for across, tall in zip(known.widths, known.heights, strict=True)
    )
    across, down = int(shown.size / most * wide), high - 1 - int(shown.size / most * high)
    for row in range(high):
        sheet.put(1 + row, 5 + across, "│", "mark")
    sheet.put(1 + down, 5, "─" * wide, "mark")
    sheet.put(1 + down, 5 + across, "┼", "mark")
    fullest = max(places.values())
    for (row, column), many in places.items():
        dot = DOTS[min(int(3 * (many / fullest) ** 0.4), 2)]
        sheet.put(1 + row, 5 + column, dot if sheet.sight.unicode else "*", "accent")
    sheet.put(1, 0, f"{most:.0f}".rjust(4), "dim")
    sheet.put(1 + down, 0, str(shown.size).rjust(4), "mark")
    sheet.put(1 + high, 5, fit("height up, width →", wide), "dim")
    sheet.put(1 + high, max(sheet.width - len(f"{most:.0f}"), 0), f"{most:.0f}", "dim")


def _classes(sheet: Sheet, shown: Shown, room: int) -> None:
    """A bar for each class, those around the cursor; names alone where the counts are not known."""
    known = shown.facts
    first = max(min(shown.label - room // 2, len(known.classes) - room), 0)
    if len(known.classes) > room:
        sheet.leave_out("some classes (they follow the cursor)")
    wide, most = max(sheet.width - LABEL - 8, 1), max(known.counts, default=1)
    veiled = bool({"count", "largest", "smallest", "ratio"} & shown.hidden)
    for i, name in enumerate(known.classes[first : first + room]):
        here, row = first + i == shown.label, 1 + i
        words = printable(name).replace("_", " ")
        sheet.put(row, 0, fit(words, LABEL if known.counts else sheet.width), "cursor" if here else "plain")
        if known.counts:
            many = known.counts[first + i]
            sheet.put(row, LABEL + 1, "?" if veiled else BAR * max(round(wide * many / most), 1), "accent")
            sheet.put(row, sheet.width - 6, ("?" if veiled else count(many)).rjust(6), "strong")


def _one(sheet: Sheet, shown: Shown, room: int) -> None:
    if shown.photo is not None:
        one_photo.draw(sheet, Area(1, 0, sheet.width, room), shown.photo)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    return " ".join([f"{shown.title}.", *shown.said()])
