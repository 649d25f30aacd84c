"""The best and the worst photos of a run, drawn: a list of them, what the wrong ones cost, and the chosen one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit, number, printable
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import bars, parts
from fastai_tui.app.tui.panes.common.run_picture import bar, spoken
from fastai_tui.app.tui.panes.photos import one_photo

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.photo_facts import OnePhoto
    from fastai_tui.engine.ranked import Photo, Ranked

NUMBERS, ROW = 4 + 7 + 8, 7  # columns of rank, probability and loss, and of a photo's row in the set
NAME = (3, 24)  # columns of a class's name, at least and at most
BESIDE, LIST = 64, 40  # columns from which the photo is beside the list, and of the list then
TALL, LISTED = 12, 5  # rows from which the photo is under the list, and of the list then
LEAST = (8, 4)  # columns and rows that a photo needs
SHARES = 2  # rows of the bars of shares
BARS = 8  # columns from which there are bars beside the losses
NONE = "There is no such photo: v and k take others."


@dataclass(frozen=True)
class Shown:
    """The order, the place in it, the class that it is of (none: all), and the photo that is chosen, once it is known;
    `trouble` is why it is not."""

    ranked: Ranked
    at: int
    label: str
    photo: OnePhoto | None
    trouble: str = ""
    hidden: frozenset[str] = frozenset()

    @property
    def chosen(self) -> Photo | None:
        """The photo at the cursor."""
        return self.ranked.photos[self.at] if self.at < len(self.ranked.photos) else None

    def told(self, measure: str, words: str) -> str:
        """Words, unless they would give away what is to be predicted."""
        return "?" if measure in self.hidden else words

    def named(self, label: int) -> str:
        """A class in words."""
        known = self.ranked.classes
        return printable(known[label], 40).replace("_", " ") if label < len(known) else str(label)

    @property
    def title(self) -> str:
        known = self.ranked
        of = f" {self.label}" if self.label else ""
        many = "?" if known.kind == "wrong" and "wrong" in self.hidden else count(known.matching)
        among = f"{many}{of}" if known.kind == "uncertain" else f"{many}{of} of {count(known.total)}"
        return f"most {known.kind}: {among}; {known.run.partition('-')[0]} on {printable(known.data, 30)}"

    @property
    def costs(self) -> str:
        """What the wrong ones cost of all."""
        known = self.ranked
        share = self.told("wrong_share", f"{known.wrong_share:.0%}")
        return (
            f"{self.told('wrong', count(known.wrong))} of {count(known.total)} photos are wrong, and cost {share} of "
            "the log-loss."
        )

    @property
    def brief(self) -> str:
        """The chosen photo in few words, where the list has the numbers."""
        one = self.chosen
        verdict = "right" if one is not None and one.right else "wrong"
        return f"{self.named(one.truth)}, taken for {self.named(one.prediction)}: {verdict}" if one else NONE

    @property
    def about(self) -> str:
        """The chosen photo in words."""
        if (one := self.chosen) is None:
            return NONE
        given = one.probabilities[one.truth]
        verdict = "right" if one.right else "wrong"
        return (
            f"Photo {count(one.index)}, {self.named(one.truth)}, is taken for {self.named(one.prediction)}: {verdict}, "
            f"with {number(max(one.probabilities), 3)}. The truth was given {number(given, 3)}, which costs "
            f"{number(one.loss, 3)}."
        )


def draw(sheet: Sheet, shown: Shown) -> None:
    """The title, the list, the bars, the chosen one in words, and where there is room as a picture."""
    sheet.put(0, 0, fit(shown.title, sheet.width), "strong")
    pictured = shown.ranked.pixels and sheet.height >= TALL
    under = pictured and sheet.width < BESIDE
    words = spoken(sheet, shown.brief, sheet.width, 1, "plain") if under else _words(sheet, shown)
    area = Area(1, 0, sheet.width, max(sheet.height - 1 - len(words) - SHARES, 0))
    if area.height < 2:
        sheet.leave_out("the bars")
        area = area._replace(height=max(sheet.height - 1 - len(words), 0))
    else:
        _shares(sheet, area.below, shown)
    if pictured and not under:
        _list(sheet, area._replace(width=LIST), shown)
        _photo(sheet, Area(area.row, LIST + 2, area.width - LIST - 2, area.height), shown)
    elif under and area.height - LISTED >= LEAST[1]:
        listed = max(LISTED, area.height // 4)
        _list(sheet, area._replace(height=listed), shown)
        _photo(sheet, Area(area.row + listed, 0, area.width, area.height - listed), shown)
    else:
        if shown.ranked.pixels:
            sheet.leave_out("the photo")
        _list(sheet, area, shown)
    for i, (line, style) in enumerate(words):
        sheet.put(max(sheet.height - len(words), 1) + i, 0, line, style)


def _words(sheet: Sheet, shown: Shown) -> list[tuple[str, Role]]:
    """What there is to say: of the chosen photo first, where not both have room."""
    most = max(sheet.height // 3, min(sheet.height - 1, 1))
    costs = [] if sheet.height >= LISTED + SHARES else [shown.costs]
    lines: list[tuple[str, Role]] = []
    for words in [*costs, shown.about]:
        if len(lines) < most:
            lines += spoken(sheet, words, sheet.width, most - len(lines), "plain")
    return lines


def _shares(sheet: Sheet, row: int, shown: Shown) -> None:
    """Two bars: the wrong ones' share of the photos, and of the loss."""
    known = shown.ranked
    lines = (
        ("wrong", known.wrong / max(known.total, 1), f"{known.wrong} of {count(known.total)} photos"),
        ("wrong_share", known.wrong_share, f"{known.wrong_share:.0%} of the loss"),
    )
    for i, (measure, share, words) in enumerate(lines):
        if measure in shown.hidden:
            sheet.put(
                row + i, 0, fit(f"wrong ? of the {'photos' if measure == 'wrong' else 'loss'}", sheet.width), "dim"
            )
        else:
            sheet.put(row + i, 0, "wrong", "bad")
            longest = max(len(line[2]) for line in lines)
            bar(sheet, row + i, 6, sheet.width - 6, share, f"{words:>{longest}}")


def _list(sheet: Sheet, area: Area, shown: Shown) -> None:
    """Rank, truth, answer, the truth's probability and its cost; where there is room, the row in the set."""
    known = shown.ranked
    rows = max(area.height - 1, 1)
    first = parts.around(shown.at, rows, len(known.photos))
    if rows < len(known.photos):
        sheet.leave_out("some photos (they follow the cursor)")
    named = (area.width - NUMBERS - 2) // 2
    longest = max([len(shown.named(label)) for label in range(len(known.classes))] or [NAME[0]])
    wide = min(max(named, NAME[0]), max(longest, 5), NAME[1])
    row = ROW if area.width - NUMBERS - 2 * wide - 2 >= ROW else 0
    used, most = NUMBERS + 2 * wide + 1 + row, max((one.loss for one in known.photos), default=0.0) or 1.0
    if area.height > 1:
        head = f"{'':>4}{'photo ' if row else '':>{row}}{'truth':<{wide}} {'taken':<{wide}}{'p':>7}{'loss':>8}"
        sheet.put(area.row, area.column, fit(head, area.width), "dim")
    for i, one in enumerate(known.photos[first : first + rows], first):
        style: Role = "cursor" if i == shown.at else "plain" if one.right else "bad"
        barred = area.width - used - 2 >= BARS
        line = fit(_line(shown, i + 1, one, wide, row), used if barred else area.width)
        at, after = area.row + min(area.height - 1, 1) + i - first, area.column + used + 2
        sheet.put(at, area.column, line, style)
        if barred:
            bars.lying(sheet, at, after, area.right - after, one.loss / most, "good" if one.right else "bad")


def _line(shown: Shown, rank: int, one: Photo, wide: int, row: int) -> str:
    photo = f"{count(one.index)} " if row else ""
    truth, taken = fit(shown.named(one.truth), wide), fit(shown.named(one.prediction), wide)
    cost = f"{_brief(one.probabilities[one.truth]):>7}{_brief(one.loss):>8}"
    return f"{rank:>3} {photo:>{row}}{truth:<{wide}} {taken:<{wide}}{cost}"


def _brief(value: float) -> str:
    """A number in at most six columns."""
    return f"{value:.4f}" if value < 10 else f"{value:.2f}"


def _photo(sheet: Sheet, area: Area, shown: Shown) -> None:
    one = shown.chosen
    if area.width < LEAST[0] or area.height < LEAST[1]:
        sheet.leave_out("the photo")
    elif shown.photo is not None and one is not None and shown.photo.image == one.index:
        one_photo.draw(sheet, area, shown.photo)
    else:
        for i, (line, style) in enumerate(spoken(sheet, shown.trouble or "…", area.width, area.height, "dim")):
            sheet.put(area.row + i, area.column, line, style)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    return f"{shown.title[0].upper()}{shown.title[1:]}. {shown.costs} {shown.about}"
