"""A set's images: all classes side by side, one image with the numbers under its cursor, or the channels' values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import colours
from fastai_tui.app.tui.panes.images import images_numbers
from fastai_tui.engine.image_views import ImageFacts, Picture

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.convolution import Rows

VIEWS = ("classes", "one", "channels")
PAGE = 8  # pictures of each class that are known at once
FACTORS = (1, 2, 3, 4, 6, 8)
LEGIBLE, ENOUGH = 3, 6  # pictures are not shrunk by more than this factor if so many classes are seen at once
COVER = 0.8
Place = tuple[int, int]


@dataclass(frozen=True)
class Shown:
    """What is to be seen: a set, the picture that is chosen (picture `place` of class `label`), and on it a pixel of a
    channel."""

    facts: ImageFacts
    picture: Picture | None
    label: int
    place: int
    at: Place
    channel: int
    view: str
    hidden: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The chosen picture's class, as it is spoken of."""
        return self.class_name(self.label)

    @property
    def title(self) -> str:
        """The chosen picture's name."""
        if self.picture is None:
            return f"{self.name}: no training images"
        return f"{self.name}, image {count(self.picture.row)}"

    def class_name(self, label: int) -> str:
        """A class's name."""
        name = "?" if "label" in self.hidden else self.facts.classes[label]
        return f"digit {name}" if name.isdecimal() else name


@dataclass(frozen=True)
class Grid:
    """How the classes are laid out: `per` pictures of each, side by side, `columns` of them in a row of the sheet, each
    shrunk by `factor` to (columns, rows) of cells `cell`, its name included."""

    per: int
    columns: int
    rows: int
    factor: int
    cell: tuple[int, int]


def grid(width: int, height: int, classes: int, side: int) -> Grid:
    """The largest pictures of which all classes fit, and as many of each as there is then room for; where they would
    be too small to make out, some of the classes."""
    for factor in FACTORS[: FACTORS.index(LEGIBLE) + 2]:
        cell = -(-side // factor) + 1, -(-side // (2 * factor)) + 1
        columns, rows = (width + 1) // cell[0], height // cell[1]
        for per in (8, 4, 2, 1):
            if columns // per * rows >= classes:
                return Grid(per, columns // per * per, rows, factor, cell)
        if factor >= LEGIBLE and columns * rows >= ENOUGH:
            break
    return Grid(1, max(columns, 1), max(rows, 1), factor, cell)


def gallery_area(sheet_width: int, sheet_height: int) -> Area:
    """Where the gallery goes: below the title, and above a line of words where there is room for one."""
    return Area(1, 0, sheet_width, max(sheet_height - (2 if sheet_height > 12 else 1), 1))


def draw(sheet: Sheet, shown: Shown) -> None:
    """The view that was chosen, under a line that says what it is of."""
    _title(sheet, shown)
    if shown.view == "classes":
        _classes(sheet, shown)
    elif shown.view == "one":
        _one(sheet, shown)
    else:
        images_numbers.channels(sheet, Area(1, 0, sheet.width, sheet.height - 1), shown)


def _title(sheet: Sheet, shown: Shown) -> None:
    facts = shown.facts
    pieces: list[tuple[str, Role]] = [(facts.name, "title")]
    if facts.name == "colour-digits":
        long, short = ", standing in for CIFAR-10", " for CIFAR-10"
        pieces.append((long if len(facts.name) + len(long) <= sheet.width else short, "plain"))
    many = f": {count(facts.train)} + {count(facts.valid)} images"
    if sum(len(words) for words, _ in pieces) + len(many) <= sheet.width:
        pieces.append((many, "dim"))
    sheet.spans(0, 0, pieces)


def _classes(sheet: Sheet, shown: Shown) -> None:
    facts, area = shown.facts, gallery_area(sheet.width, sheet.height)
    side = shown.picture.width if shown.picture else 32
    laid = grid(area.width, area.height, len(facts.classes), side)
    across = max(laid.columns // laid.per, 1)
    shift = max(shown.label // across - laid.rows + 1, 0)  # rows above, where they do not all fit
    first = shown.place // laid.per * laid.per
    for label in range(shift * across, min((shift + laid.rows) * across, len(facts.classes))):
        down, column = divmod(label - shift * across, across)
        for i in range(laid.per):
            corner = area.row + down * laid.cell[1], (column * laid.per + i) * laid.cell[0]
            chosen = label == shown.label and first + i == shown.place
            _entry(sheet, corner, laid, shown, (label, first + i), chosen=chosen)
    if laid.rows * across < len(facts.classes):
        sheet.leave_out(f"{len(facts.classes) - laid.rows * across} of the classes")
    if sheet.height > 12:
        sheet.put(sheet.height - 1, 0, fit(_chosen(shown), sheet.width), "plain")


def _entry(sheet: Sheet, corner: Place, laid: Grid, shown: Shown, which: Place, *, chosen: bool) -> None:
    """One picture of the gallery under its class's name."""
    facts, (label, place) = shown.facts, which
    name = shown.class_name(label)
    words = (name if len(name) < laid.cell[0] else name.removeprefix("digit ")) if place % laid.per == 0 else ""
    sheet.put(*corner, fit(words, laid.cell[0] - 1), "cursor" if chosen else "dim")
    of, at = facts.pictures[label], place - facts.first
    if 0 <= at < len(of):
        paint(sheet, Area(corner[0] + 1, corner[1], laid.cell[0] - 1, laid.cell[1] - 1), of[at], laid.factor, {})


def paint(
    sheet: Sheet, area: Area, picture: Picture, factor: int, marks: dict[Place, float], *, squares: bool = False
) -> None:
    """A picture in its colours, shrunk by a factor."""
    colours.picture(sheet, area.row, area.column, _shrunk(picture, factor), marks, squares=squares)


@lru_cache(maxsize=128)
def _shrunk(picture: Picture, factor: int) -> tuple[Rows, ...]:
    """The picture's planes, a square of pixels becoming one."""
    return tuple(colours.averaged(rows, factor) for rows in picture.planes())


def _chosen(shown: Shown) -> str:
    """The chosen picture in a line."""
    return f"{shown.title} · one of {count(shown.facts.counts[shown.label])}" if shown.picture else shown.title


def _one(sheet: Sheet, shown: Shown) -> None:
    """One picture, as large as fits, with the numbers beside or below it."""
    picture = shown.picture
    if picture is None:
        sheet.put(1, 0, fit(shown.title, sheet.width), "plain")
        return
    high, wide = sheet.height - 1, sheet.width
    squares = wide >= 2 * picture.width + 2 + images_numbers.NARROW and high > picture.height
    factor = 1 if squares else _factor(picture, wide, high)
    columns = picture.width * 2 if squares else -(-picture.width // factor)
    rows = picture.height if squares else -(-picture.height // (2 * factor))
    marks = {(shown.at[0] // factor, shown.at[1] // factor): COVER}
    paint(sheet, Area(1, 0, columns, rows), picture, factor, marks, squares=squares)
    beside = Area(1, columns + 1, wide - columns - 1, high)
    below = Area(rows + 1, 0, wide, high - rows)
    if beside.width >= images_numbers.NARROW:
        images_numbers.table(sheet, Area(beside.row, beside.column + 1, beside.width - 1, high), shown)
        return
    if below.height > 5:
        images_numbers.table(sheet, Area(below.row + 1, 0, wide, below.height - 1), shown)
        return
    images_numbers.column(sheet, Area(1, columns + 1, beside.width, rows), shown)
    if below.height:
        sheet.put(below.row, 0, fit(images_numbers.formula(shown), wide), "strong")


def _factor(picture: Picture, width: int, height: int) -> int:
    """The smallest factor by which the picture fits, with some columns for numbers beside it."""
    return next(
        (f for f in FACTORS if picture.height <= 2 * f * height and picture.width <= f * (width - 8)), FACTORS[-1]
    )
