"""What the pane of mistakes draws: one digit with what it is and was taken for, all of them, the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import inside, parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.networks import mistakes_images

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.convolution import Rows

VIEWS = ("one", "all", "matrix")
SIDE = 28
GRAND = 62  # columns from which the gallery has room beside a digit


@dataclass(frozen=True)
class Mistake:
    """One picture that was taken for another; `index` is its place among the validation images. `channels` has all of
    its pixels, `pixels` those of a grey one."""

    index: int
    name: str
    pixels: Rows
    channels: tuple[Rows, ...]
    truth: str
    prediction: str
    likely: tuple[float, ...]

    @property
    def sure(self) -> float:
        """The prediction's probability."""
        return max(self.likely, default=0.0)


@dataclass(frozen=True)
class Mistakes:
    """What a run gets wrong: the most confident mistakes, and how many images of each class it takes for which."""

    run: str
    step: int
    total: int
    wrong: int
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    shown: tuple[Mistake, ...]

    @property
    def of_digits(self) -> bool:
        """Are they grey pictures of 28×28 whose classes have names of one character?"""
        shapes = {(len(one.channels), len(one.channels[0]), len(one.channels[0][0])) for one in self.shown[:1]}
        return all(len(name) == 1 for name in self.classes) and shapes <= {(1, SIDE, SIDE)}

    def one(self, at: int) -> Mistake | None:
        """The mistake in that place; None where nothing is wrong."""
        return self.shown[at] if at < len(self.shown) else None


def mistakes(answer: dict[str, Any]) -> Mistakes:
    """What the lab's answer comes to."""
    classes = tuple(answer["classes"])
    return Mistakes(
        run=answer["run"],
        step=answer["step"],
        total=answer["total"],
        wrong=answer["wrong"],
        classes=classes,
        confusion=tuple(tuple(row) for row in answer["confusion"]),
        shown=tuple(
            Mistake(
                index=found["index"],
                name=found["reference"] or f"validation image {found['index']}",
                pixels=_channels(found["pixels"])[0],
                channels=_channels(found["pixels"]),
                truth=classes[found["truth"]],
                prediction=classes[found["prediction"]],
                likely=tuple(share or 0.0 for share in found["probabilities"]),
            )
            for found in answer["mistakes"]
        ),
    )


def _channels(pixels: list[Any]) -> tuple[Rows, ...]:
    """A grey picture's (height, width), or a coloured one's (3, height, width), as channels."""
    every = pixels if isinstance(pixels[0][0], (list, tuple)) else [pixels]
    return tuple(tuple(map(tuple, rows)) for rows in every)


def in_words(known: Mistakes, at: int, *, hidden: bool) -> str:
    """The picture as a sentence."""
    much = (
        "how many it gets wrong is yours to predict"
        if hidden
        else f"{known.wrong:,} of {known.total:,} validation images are wrong, "
        f"{1 - known.wrong / known.total:.1%} are right"
    )
    one = known.one(at)
    chosen = (
        f"mistake {at + 1}, {one.name}, is {mistakes_images.named(one.truth)}, taken for "
        f"{mistakes_images.named(one.prediction)} with {one.sure:.1%}"
        if one
        else "there is no mistake to look at"
    )
    return f"{known.run} {inside.batches(known.step)}: {much}; {chosen}."


def draw(sheet: Sheet, known: Mistakes, at: int, view: str, *, hidden: bool, covered: bool = False) -> int:
    """Draw a view of them; returns how many mistakes stand in a row. `hidden` is how many there are, `covered` which
    classes are taken for which."""
    sheet.put(0, 0, fit(_heading(known, hidden, sheet.width), sheet.width), "strong")
    area = Area(1, 0, sheet.width, sheet.height - 1)
    if not known.of_digits and (known.shown or view == "matrix"):
        return mistakes_images.draw(sheet, area, known, at, view, hidden=hidden, covered=covered)
    if view == "matrix":
        _matrix(sheet, area, known, known.one(at), hidden)
        return 1
    if not known.shown:
        for i, (line, style) in enumerate(
            spoken(sheet, "Nothing is wrong: every one is right.", area.width, 3, "good")
        ):
            sheet.put(area.row + i, 0, line, style)
        return 1
    if view == "all" and not hidden:
        return _gallery(sheet, area, known, at)
    if sheet.width < GRAND or hidden:  # all of them together would give their number away
        _one(sheet, area, known, at, hidden)
        return 1
    side = 2 * SIDE if area.width >= 4 * SIDE and area.height >= SIDE + 4 else SIDE
    _one(sheet, Area(1, 0, side + 12, area.height), known, at, hidden)
    return _gallery(sheet, Area(1, side + 14, area.width - side - 14, area.height), known, at)


def _heading(known: Mistakes, hidden: bool, width: int) -> str:
    """How many are wrong, and as there is room, how many are right and when that was."""
    heading = f"{'?' if hidden else f'{known.wrong:,}'} of {known.total:,} wrong"
    share = "" if hidden else f", {1 - known.wrong / known.total:.1%} right"
    for more in (share, f", {inside.batches(known.step)}"):
        if len(heading) + len(more) <= width:
            heading += more
    return heading


def _one(sheet: Sheet, area: Area, known: Mistakes, at: int, hidden: bool) -> None:
    """A digit as large as fits, with what it is and what it was taken for, the probabilities, and the next ones."""
    one = known.shown[at]
    factor = 1 if area.height >= SIDE // 2 + 1 else 2 if area.height >= SIDE // 4 else 3
    side, tall = -(-SIDE // factor), -(-SIDE // (2 * factor))
    if area.width > 2 * SIDE and area.height >= SIDE:
        tall, side = sheet.squares(area.row, area.column, one.pixels, halfblocks.grey())
    else:
        sheet.picture(area.row, area.column, parts.strongest(one.pixels, factor), halfblocks.grey())
    beside = Area(area.row, area.column + side + 1, area.width - side - 1, min(tall, area.height))
    words = [
        f"{at + 1}/{'?' if hidden else len(known.shown)}",
        f"a {one.truth}",
        "taken for",
        f"a {one.prediction}",
        f"{one.sure:.1%}",
    ]
    looks = ("dim", "good", "dim", "bad", "strong")
    for i, (line, look) in enumerate(zip(words, looks, strict=True)):
        if i < beside.height:
            sheet.put(beside.row + i, beside.column, fit(line, beside.width), look)  # type: ignore[arg-type]
    if beside.height > 8:
        for i, line in enumerate(one.name.split(":")):
            sheet.put(beside.row + 7 + i, beside.column, fit(line, beside.width), "dim")
    below = area.below - (area.row + tall)
    if below > 0:
        inside.probabilities(sheet, Area(area.row + tall, area.column, area.width, below), known.classes, one.likely)
    else:
        sheet.leave_out("the other probabilities")


def _gallery(sheet: Sheet, area: Area, known: Mistakes, at: int) -> int:
    """As many digits as fit, shrunk, under `truth→prediction`; returns how many stand in a row."""
    factor = next((f for f in (1, 2, 3) if _room(area, f) >= min(len(known.shown), 6)), 4)
    side, tall = -(-SIDE // factor), -(-SIDE // (2 * factor)) + 1
    columns, rows = max((area.width + 1) // (side + 1), 1), max(area.height // tall, 1)
    top = parts.around(at // columns, rows, -(-len(known.shown) // columns))
    shown = known.shown[top * columns : (top + rows) * columns]
    for i, one in enumerate(shown):
        down, across = divmod(i, columns)
        row, column = area.row + down * tall, area.column + across * (side + 1)
        title = f"{one.truth}→{one.prediction} {one.sure:.0%}"
        sheet.put(row, column, fit(title, side), "cursor" if top * columns + i == at else "dim")
        sheet.picture(row + 1, column, parts.strongest(one.pixels, factor), halfblocks.grey())
    if len(shown) < len(known.shown):
        sheet.leave_out(f"{len(known.shown) - len(shown)} of the mistakes (the arrows bring them)")
    return columns


def _room(area: Area, factor: int) -> int:
    """How many digits there is room for, shrunk by a factor."""
    return (area.width + 1) // (-(-SIDE // factor) + 1) * (area.height // (-(-SIDE // (2 * factor)) + 1))


def _matrix(sheet: Sheet, area: Area, known: Mistakes, one: Mistake | None, hidden: bool) -> None:
    """A row for each digit there is, a column for each that it was taken for; the chosen mistake's cell is lit."""
    digits = max(len(_count(count)) for row in known.confusion for count in row)
    cell = max(min(digits + 2, (area.width - 3) // len(known.classes)), min(digits, 3))
    sheet.put(area.row, area.column, fit("is a ↓  taken for →", area.width), "dim")
    columns = [name.rjust(cell) for name in known.classes]
    sheet.put(area.row + 1, area.column, fit("   " + "".join(columns), area.width), "strong")
    rows = min(len(known.classes), area.height - 2)
    top = parts.around(known.classes.index(one.truth) if one else 0, max(rows, 1), len(known.classes))
    for i in range(top, top + rows):
        sheet.put(area.row + 2 + i - top, area.column, known.classes[i].rjust(2), "strong")
        for j, count in enumerate(known.confusion[i]):
            _cell(sheet, area.row + 2 + i - top, area.column + 3 + j * cell, cell, (i, j, count), known, one, hidden)
    if rows < len(known.classes):
        sheet.leave_out(f"{len(known.classes) - max(rows, 0)} rows of the matrix")


def _cell(
    sheet: Sheet,
    row: int,
    column: int,
    width: int,
    entry: tuple[int, int, int],
    known: Mistakes,
    one: Mistake | None,
    hidden: bool,
) -> None:
    """One number of the matrix: right ones in the colour of good, wrong ones on a shade that tells how many."""
    i, j, count = entry
    words = ("?" if hidden else _count(count)).rjust(width)
    if one and (known.classes[i], known.classes[j]) == (one.truth, one.prediction):
        sheet.put(row, column, words, "cursor")
    elif i == j:
        sheet.put(row, column, words, "good")
    elif hidden or not count:
        sheet.put(row, column, words, "dim")
    else:
        sheet.put(row, column, words, parts.tint(halfblocks.grey(0, _worst(known.confusion)), count, sheet.sight))


def _worst(confusion: Sequence[Sequence[int]]) -> int:
    """The most frequent confusion."""
    return max(count for i, row in enumerate(confusion) for j, count in enumerate(row) if i != j)


def _count(count: int) -> str:
    return str(count) if count < 1000 else f"{count / 1000:.0f}k"
