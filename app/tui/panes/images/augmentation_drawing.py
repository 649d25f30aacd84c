"""One image as an epoch sees it: with its padding and the frame of its crop, what comes out, and the draws in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.images.images_drawing import paint

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.image_views import Augmented, Draw, Picture

VIEWS = ("one", "all")
FACTORS = (1, 2, 3, 4, 6, 8)
LEAST, LINES = 14, 6  # columns of the words beside the pictures, and lines of them below
FRAME = 0.9
LOW = 8  # rows of a pane that has captions above its pictures


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: the image, the epochs that were drawn, and the one that is looked at (the first is 1)."""

    found: Augmented | None
    draws: tuple[Draw, ...]
    at: int
    padding: str
    view: str
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def now(self) -> Draw | None:
        """The epoch that is looked at."""
        return self.draws[self.at - 1] if 0 < self.at <= len(self.draws) else None

    @property
    def covered(self) -> bool:
        """Would the picture give away what is to be predicted?"""
        return bool({"flipped", "dx", "dy"} & self.hidden)

    @property
    def title(self) -> str:
        """The image, and the epoch."""
        assert self.found is not None
        label = "?" if "label" in self.hidden else self.found.label
        name = f"digit {label}" if label.isdecimal() else label
        image = f"{name}, image {count(self.found.original.row)}"
        return f"{image}, epoch {self.now.epoch}" if self.now else image


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The view that was chosen."""
    if shown.found is None:
        words = shown.trouble or f"{pulse} PyTorch starts …"
        lines = spoken(sheet, words, sheet.width, sheet.height, "bad" if shown.trouble else "plain")
        for i, (line, style) in enumerate(lines):
            sheet.put(i, 0, line, style)
        return
    sheet.put(0, 0, fit(shown.title, sheet.width), "title")
    if shown.view == "all" and not shown.covered and shown.draws:
        _gallery(sheet, Area(1, 0, sheet.width, sheet.height - 1), shown, shown.found)
    else:
        _one(sheet, shown, shown.found)


# One epoch


def _one(sheet: Sheet, shown: Shown, found: Augmented) -> None:
    """The padded picture with the crop's frame, what comes out of it, and the words beside or below them."""
    head = 2 if sheet.height >= LOW else 1
    laid = _laid(sheet.width, sheet.height, head, found)
    if laid is None:
        _words(sheet, Area(1, 0, sheet.width, sheet.height - 1), shown, found)
        sheet.leave_out("the pictures")
        return
    factor, beside = laid
    wide, tall = _cells(found.padded, factor)
    across, down = _cells(found.original, factor)
    if head == 2:
        side = f"{found.padded.width}×{found.padded.height}"
        sheet.put(1, 0, fit(f"padded {side}" if found.pad else f"image {side}", wide + 1), "dim")
        sheet.put(1, wide + 2, f"out {found.original.width}×{found.original.height}", "dim")
    marks = _frame(found, shown.now, factor) if shown.now and not shown.covered else {}
    paint(sheet, Area(head, 0, wide, tall), found.padded, factor, marks)
    _result(sheet, Area(head, wide + 2, across, down), shown, factor)
    if beside:
        left = wide + across + 4
        _words(sheet, Area(head, left, sheet.width - left, max(tall, LINES)), shown, found)
    else:
        _words(sheet, Area(head + tall, 0, sheet.width, LINES), shown, found)
    row = head + max(tall, LINES) if beside else head + tall + LINES
    if shown.draws and not shown.covered and sheet.height - row > 6:
        _gallery(sheet, Area(row + 1, 0, sheet.width, sheet.height - row - 1), shown, found)


def _laid(width: int, height: int, head: int, found: Augmented) -> tuple[int, bool] | None:
    """The smallest factor by which both pictures fit with some words, and whether those are beside them."""
    for factor in FACTORS:
        wide, tall = _cells(found.padded, factor)
        both = wide + 2 + _cells(found.original, factor)[0]
        if head + tall <= height and both + 2 + (LEAST if height < LOW else 2 * LEAST) <= width:
            return factor, True
        if both <= width and head + tall + LINES <= height:
            return factor, False
    return None


def _cells(picture: Picture, factor: int) -> tuple[int, int]:
    """Columns and rows of a picture in half blocks."""
    return -(-picture.width // factor), -(-picture.height // (2 * factor))


def _frame(found: Augmented, now: Draw, factor: int) -> dict[tuple[int, int], float]:
    """The pixels on the edge of the crop, in the padded picture shrunk by `factor`."""
    top, left = found.pad + now.down, found.pad + now.across
    bottom, right = top + found.original.height - 1, left + found.original.width - 1
    edge = {(row, column) for row in (top, bottom) for column in range(left, right + 1)}
    edge |= {(row, column) for row in range(top, bottom + 1) for column in (left, right)}
    return {(row // factor, column // factor): FRAME for row, column in edge}


def _result(sheet: Sheet, area: Area, shown: Shown, factor: int) -> None:
    if shown.now is None or shown.covered:
        words = "?" if shown.covered else "space"
        sheet.put(area.row + area.height // 2, area.column + max((area.width - len(words)) // 2, 0), words, "strong")
        return
    paint(sheet, area, shown.now.picture, factor, {})


def _words(sheet: Sheet, area: Area, shown: Shown, found: Augmented) -> None:
    """What was drawn, as long as there is room for it, and which of the epochs were flipped."""
    lines = told(shown, found)
    if area.height < len(lines) + 1:
        lines = [lines[0], lines[1], *lines[2 : area.height - 1]]
        sheet.leave_out("some of the words")
    for i, (long, short, style) in enumerate(lines[: area.height]):
        sheet.put(area.row + i, area.column, fit(long if len(long) <= area.width else short, area.width), style)
    if len(lines) < area.height and shown.draws:
        _strip(sheet, Area(area.row + len(lines), area.column, area.width, 1), shown)


def _strip(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A letter for each epoch, F where the image is flipped; the one that is looked at is lit."""
    long, short = f"epochs 1 to {len(shown.draws)}: ", "F: "
    lead = next((words for words in (long, short) if len(words) + len(shown.draws) <= area.width), "")
    room = max(area.width - len(lead), 1)
    column = sheet.put(area.row, area.column, lead, "dim")
    first = parts.around(shown.at - 1, room, len(shown.draws))
    for i, each in enumerate(shown.draws[first : first + room], first + 1):
        letter = "?" if "flipped" in shown.hidden else "F" if each.flipped else "·"
        column = sheet.put(area.row, column, letter, "cursor" if i == shown.at else "plain")


def told(shown: Shown, found: Augmented) -> list[tuple[str, str, Role]]:
    """The draws of the epoch in words: each line long and short, with its look."""
    now, side = shown.now, found.original.width
    if now is None:
        return [
            ("Space shows what epoch 1 makes of it.", "space: epoch 1", "strong"),
            (f"{plural(found.pad, 'pixel')} of padding on every side", f"pad {found.pad}", "plain"),
        ]
    flip = "?" if "flipped" in shown.hidden else "flipped" if now.flipped else "not flipped"
    more = ": left and right change places" if flip == "flipped" else ""
    inside = "are reflections" if shown.padding == "reflect" else "are black"
    many, pixels = "?" if shown.covered else count(now.border), count(side * found.original.height)
    formula = f"[y{added(shown, now.down, 'dy')}, {_column(shown, now, side)}]"
    flips, views = sum(each.flipped for each in shown.draws), len({each.view for each in shown.draws})
    counted = ("?", "?") if shown.covered else (str(flips), str(views))
    of = f"{counted[0]} of {len(shown.draws)} flipped"
    return [
        (f"{flip}{more}", flip, "strong"),
        (*shift(shown, now), "strong"),
        (f"out[y, x] = image{formula}", formula, "code"),
        (f"{many} of {pixels} pixels {inside}", f"{many} {inside.removeprefix('are ')}", "plain"),
        (f"{of}, {counted[1]} different views", of, "plain"),
    ]


def shift(shown: Shown, now: Draw) -> tuple[str, str]:
    """Where the crop lies, rows down or up, columns right or left of the middle: long and short."""
    if not (now.down or now.across or {"dx", "dy"} & shown.hidden):
        return "crop: the middle of the padded image", "the middle"
    rows = "? rows" if "dy" in shown.hidden else _way(now.down, "row", ("down", "up"))
    columns = "? columns" if "dx" in shown.hidden else _way(now.across, "column", ("right", "left"))
    return f"crop: {rows}, {columns}", re.sub(" (row|column)s?", "", f"{rows}, {columns}")


def _way(by: int, what: str, ways: tuple[str, str]) -> str:
    return f"{plural(abs(by), what)} {ways[by < 0]}" if by else f"0 {what}s"


def added(shown: Shown, by: int, name: str) -> str:
    """A number to be added, with its sign: ` + 2`; nothing for 0."""
    if name in shown.hidden:
        return " + ?"
    return f" {'−' if by < 0 else '+'} {abs(by)}" if by else ""


def _column(shown: Shown, now: Draw, side: int) -> str:
    """The column of the image that goes to column x."""
    first = "?" if "flipped" in shown.hidden else f"{side - 1} − x" if now.flipped else "x"
    return f"{first}{added(shown, now.across, 'dx')}"


# All epochs


def _gallery(sheet: Sheet, area: Area, shown: Shown, found: Augmented) -> None:
    """What comes out in every epoch, as large as all of them fit, or as many as do."""
    for factor in FACTORS[:4]:
        wide, tall = (side + 1 for side in _cells(found.original, factor))
        columns, rows = max((area.width + 1) // wide, 1), max(area.height // tall, 1)
        if columns * rows >= len(shown.draws):
            break
    top = parts.around((shown.at - 1) // columns, rows, -(-len(shown.draws) // columns)) * columns
    for i, each in enumerate(shown.draws[top : top + columns * rows]):
        row, column = area.row + i // columns * tall, area.column + i % columns * wide
        sheet.put(row, column, fit(_short(each), wide - 1), "cursor" if each.epoch == shown.at else "dim")
        paint(sheet, Area(row + 1, column, wide - 1, tall - 1), each.picture, factor, {})
    if columns * rows < len(shown.draws):
        sheet.leave_out("some of the epochs (the arrows bring them)")


def _short(each: Draw) -> str:
    """An epoch's draws in eight cells: `24F ↑3→3`."""
    down = f"{'↑' if each.down < 0 else '↓'}{abs(each.down)}" if each.down else ""
    across = f"{'←' if each.across < 0 else '→'}{abs(each.across)}" if each.across else ""
    return f"{each.epoch}{'F' if each.flipped else ''} {down}{across}"


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.found is None:
        return shown.trouble or "PyTorch starts; then the image is read."
    lines = [long.rstrip(".") for long, _, _ in told(shown, shown.found)]
    return f"{shown.title[:1].upper()}{shown.title[1:]}: {'; '.join(lines)}."
