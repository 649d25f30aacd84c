"""One photo as an epoch sees it, beside what it was where there is room: pictures, and the draws in words."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.app.text import count, fit, plural, printable
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import instead

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.typed import Typed
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.photo_draws import PhotoDraw, PhotoDraws

WORDS, LINES = 16, 4  # columns of the words beside the photo, and lines of them below
SMALLEST, LEGIBLE = 10, 24  # pixels across: below the first there is no photo, from the second on there may be two
ROWS = 7  # that a gallery needs
HEADS, FLIPPED = "↑←↓→", "⇑⇐⇓⇒"  # where its head is, by the quarters that it was turned
LAID = ("head up", "head to the left", "head down", "head to the right")
Words = tuple[str, str, "Role"]  # long and short, and how they look


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: the photo, the epochs that were drawn, and the one that is looked at (the first is 1);
    the kind of augmentation, the view, and the line that is being typed."""

    found: PhotoDraws | None
    draws: tuple[PhotoDraw, ...]
    at: int
    kind: str
    view: str
    hidden: frozenset[str] = frozenset()
    trouble: str = ""
    line: Typed | None = None

    @property
    def now(self) -> PhotoDraw | None:
        """The epoch that is looked at."""
        return self.draws[self.at - 1] if 0 < self.at <= len(self.draws) else None

    def told(self, measure: str, words: str) -> str:
        """Words, unless they would give away what is to be predicted."""
        return "?" if measure in self.hidden else words

    @property
    def title(self) -> str:
        """The photo, how it is varied, and the epoch."""
        assert self.found is not None
        name = f"{self.told('label', printable(self.found.label))} {count(self.found.image)}"
        name = name if self.found.here else "the embedded cat"
        epoch = f", epoch {self.now.epoch} of {len(self.draws)}" if self.now else ""
        return f"{name}, {self.kind}{epoch}"


class Place(NamedTuple):
    """How it is laid out: pictures of so many pixels across, the photo as it was beside the other, the words beside
    both or below."""

    side: int
    two: bool
    beside: bool


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The view that was chosen."""
    if shown.line is not None:
        instead(sheet, f"A folder of photos: {shown.line.text}█", "field")
        return
    if shown.found is None:
        instead(sheet, shown.trouble or f"{pulse} PyTorch starts …", "bad" if shown.trouble else "plain")
        return
    sheet.put(0, 0, fit(shown.title, sheet.width), "title")
    area = Area(1, 0, sheet.width, sheet.height - 1)
    if shown.view == "all" and shown.draws:
        _gallery(sheet, area, shown, shown.found)
    else:
        _one(sheet, area, shown, shown.found)


# One epoch


def _one(sheet: Sheet, area: Area, shown: Shown, found: PhotoDraws) -> None:
    place = laid(area.width, area.height)
    if place is None:
        _below(sheet, area, shown)
        sheet.leave_out("the photo")
        return
    side, rows = place.side, place.side // 2
    now, across = shown.now, area.column
    if place.two:
        _picture(sheet, Area(area.row, across, side, rows), found.original, found.side)
        across += side + 2
    if now is not None or not place.two:
        _picture(sheet, Area(area.row, across, side, rows), now.pixels if now else found.original, found.side)
    else:
        sheet.put(area.row + rows // 2, across + max((side - 5) // 2, 0), "space", "strong")
    across += side + 2
    if place.beside:
        _beside(sheet, Area(area.row, across, area.right - across, area.height), shown)
        taken = max(rows, 8)
    else:
        taken = rows + _below(sheet, Area(area.row + rows, area.column, area.width, area.height - rows), shown)
    left = area.height - taken
    if len(shown.draws) > 1 and left > ROWS:
        _gallery(sheet, Area(area.row + taken + 1, area.column, area.width, left - 1), shown, found)


def laid(width: int, height: int) -> Place | None:
    """Two pictures if both can be large enough, or one as large as can be; None where there is no room for any."""
    found = []
    for two in (True, False):
        many, gaps = 1 + two, 2 * two
        beside = Place(min((width - WORDS - 2 - gaps) // many, 2 * height) // 2 * 2, two, True)
        below = Place(min((width - gaps) // many, 2 * (height - LINES)) // 2 * 2, two, False)
        best = max(below, beside, key=lambda place: place.side)
        if best.side >= (LEGIBLE if two else SMALLEST):
            found.append(best)
    return found[0] if found else None


def _picture(sheet: Sheet, area: Area, pixels: bytes, side: int) -> None:
    """A square of so many pixels in the cells that there are."""
    import numpy as np

    from fastai_tui.app import photo_picture

    photo = np.frombuffer(pixels, np.uint8).reshape(side, side, 3)
    scaled = photo_picture.scaled(photo, area.width, area.height)
    sheet.photo(area.row, area.column, photo_picture.cells(scaled, sheet.sight.depth, unicode=sheet.sight.unicode))


# The draws in words


def words_of(shown: Shown) -> list[Words]:
    """What chance drew for the epoch, a part of it each."""
    now = shown.now
    if now is None:
        return [("Space shows what epoch 1 makes of it.", "space: epoch 1", "strong")]
    across, down = now.tilt
    light, contrast = f"{now.light:+.2f}".replace("-", "−"), f"×{now.contrast:.2f}"
    found: list[Words] = [
        (laid_down(shown, now),) * 2 + ("strong",),
        (f"rotated {_angle(shown, now)}", _angle(shown, now), "plain"),
        (f"{(larger := shown.told('larger', f'{now.larger:.2f}'))} times larger", f"{larger} × larger", "plain"),
        (f"light {light}", f"light {light}", "plain"),
        (f"contrast {contrast}", f"contrast {contrast}", "plain"),
    ]
    if across or down:
        leans = shown.told("tilted", f"{across:+.2f} {down:+.2f}".replace("-", "−"))
        found.insert(3, (f"tilted {leans}", f"tilted {leans}", "plain"))
    return found


def laid_down(shown: Shown, now: PhotoDraw) -> str:
    """Which way up it is, and is it flipped?"""
    if {"turn", "upside"} & shown.hidden:
        return "?"
    flip = shown.told("flipped", "flipped" if now.flipped else "not flipped")
    return flip if now.turn % 4 == 0 and shown.kind != "top-down" else f"{LAID[now.turn % 4]}, {flip}"


def _angle(shown: Shown, now: PhotoDraw) -> str:
    way = "left" if now.angle > 0 else "right"
    return shown.told("angle", f"{abs(now.angle):.1f}° {way}" if now.angle else "0°")


def summed(shown: Shown) -> str:
    """What all epochs come to."""
    flips = shown.told("flips", str(sum(draw.flipped for draw in shown.draws)))
    ways = len({draw.turn for draw in shown.draws})
    laid = shown.told("turns", "all laid alike" if ways == 1 else f"laid in {ways} ways")
    return f"{flips} of {len(shown.draws)} flipped, {'laid in ? ways' if laid == '?' else laid}"


def _beside(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A line for each part."""
    lines: list[tuple[str, Role]] = []
    for long, short, style in words_of(shown):
        whole = long if len(long) <= area.width else short
        lines += [(line, style) for line in textwrap.wrap(whole, max(area.width, 1))]
    if shown.draws:
        lines += [("", "plain"), *((line, "dim") for line in textwrap.wrap(summed(shown), max(area.width, 1)))]
    for i, (line, style) in enumerate(lines[: area.height]):
        sheet.put(area.row + i, area.column, line, style)
    if len(lines) < area.height and shown.draws:
        _strip(sheet, Area(area.row + len(lines), area.column, area.width, 1), shown)
    elif len(lines) > area.height:
        sheet.leave_out("some of the words")


def _below(sheet: Sheet, area: Area, shown: Shown) -> int:
    """All parts in a row, and what the epochs come to; returns the lines taken."""
    if area.height < 1:
        return 0
    flowing = textwrap.wrap(" · ".join(long for long, _, _ in words_of(shown)), max(area.width, 1))
    lines: list[tuple[str, Role]] = [(line, "plain") for line in flowing]
    if shown.draws:
        lines.append((fit(summed(shown), area.width), "dim"))
    if len(lines) > area.height:
        sheet.leave_out("some of the words")
    for i, (line, style) in enumerate(lines[: area.height]):
        sheet.put(area.row + i, area.column, line, style)
    if shown.draws and len(lines) < area.height:
        _strip(sheet, Area(area.row + len(lines), area.column, area.width, 1), shown)
        return len(lines) + 1
    return min(len(lines), area.height)


def _strip(sheet: Sheet, area: Area, shown: Shown) -> None:
    """Where its head is in each epoch; the one that is looked at is lit."""
    lead = next((w for w in ("heads (double: flipped): ", "heads: ") if len(w) + len(shown.draws) <= area.width), "")
    room = max(area.width - len(lead), 1)
    column = sheet.put(area.row, area.column, lead, "dim")
    first = parts.around(shown.at - 1, room, len(shown.draws))
    for i, each in enumerate(shown.draws[first : first + room], first + 1):
        column = sheet.put(area.row, column, sign(sheet, shown, each), "cursor" if i == shown.at else "plain")


def sign(sheet: Sheet, shown: Shown, each: PhotoDraw) -> str:
    """Where the head is, in one cell."""
    if {"turn", "upside", "flipped"} & shown.hidden:
        return "?"
    return (FLIPPED if each.flipped else HEADS)[each.turn % 4] if sheet.sight.unicode else str(each.turn)


# All epochs


def _gallery(sheet: Sheet, area: Area, shown: Shown, found: PhotoDraws) -> None:
    """What comes out in every epoch, as large as all of them fit, or as many as do."""
    side = fitting(area, len(shown.draws))
    columns, rows = max((area.width + 1) // (side + 1), 1), max(area.height // (side // 2 + 1), 1)
    top = parts.around((shown.at - 1) // columns, rows, -(-len(shown.draws) // columns)) * columns
    for i, each in enumerate(shown.draws[top : top + columns * rows]):
        row, column = area.row + i // columns * (side // 2 + 1), area.column + i % columns * (side + 1)
        words = f"{each.epoch} {sign(sheet, shown, each)}"
        sheet.put(row, column, fit(words, side), "cursor" if each.epoch == shown.at else "dim")
        if row + side // 2 < area.below:
            _picture(sheet, Area(row + 1, column, side, side // 2), each.pixels, found.side)
    if columns * rows < len(shown.draws):
        sheet.leave_out("some of the epochs (the arrows bring them)")


def fitting(area: Area, many: int) -> int:
    """Pixels across, so that so many pictures fit; where they would be too small, as large as rows of small ones."""
    most = min(area.width, 2 * area.height - 2) // 2 * 2
    for side in range(most, SMALLEST - 1, -2):
        if ((area.width + 1) // (side + 1)) * (area.height // (side // 2 + 1)) >= many:
            return side
    rows = max(area.height // (SMALLEST // 2 + 1), 1)
    return max(min(most, 2 * (area.height // rows - 1)), 2)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.found is None:
        return shown.trouble or "PyTorch starts; then the photo is read."
    parts_of = [long.rstrip(".") for long, _, _ in words_of(shown)]
    whole = f"{shown.title[:1].upper()}{shown.title[1:]}: {', '.join(parts_of)}."
    return f"{whole} Of {plural(len(shown.draws), 'epoch')}, {summed(shown)}." if shown.draws else whole
