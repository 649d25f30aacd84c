"""Test-time augmentation on paper: an image's views and answers, their average, and beside it all images'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import colours, inside, parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.images import tta_all_drawing
from fastai_tui.app.tui.panes.images.tta_all_drawing import SUMMARY
from fastai_tui.app.tui.panes.images.tta_shown import KIND_NAMES, Shown, short
from fastai_tui.engine.viewed import Channels, Viewed, likeliest

if TYPE_CHECKING:
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.convolution import Rows

BESIDE, BELOW = 72, 32  # columns, or rows, from which there is room for the image and for all of them
GRAND = 98  # columns from which the image may be large with all of them beside it
SMALL = 32  # pixels of a picture that is drawn as small images are
LISTED, BARS = 26, 4  # columns for the list beside a large picture; rows of bars that are worth their place under it


def draw(sheet: Sheet, shown: Shown, plotter: Plotter, pulse: str) -> None:
    """The image or all of them, both where there is room."""
    width, height = sheet.width, sheet.height
    sheet.put(0, 0, fit(_title(shown, pulse, width), width), "strong")
    page = Area(1, 0, width, height - 1)
    if width >= BESIDE:
        left = 59 if width >= GRAND else 40
        _image(sheet, Area(1, 0, left, height - 1), shown, summary=False)
        tta_all_drawing.draw(sheet, Area(1, left + 2, width - left - 2, height - 1), shown, plotter, pulse)
    elif height >= BELOW and width >= 38:
        _image(sheet, Area(1, 0, width, 16), shown, summary=False)
        tta_all_drawing.draw(sheet, Area(18, 0, width, height - 18), shown, plotter, pulse)
    elif shown.view == "set":
        tta_all_drawing.draw(sheet, page, shown, plotter, pulse)
    else:
        _image(sheet, page, shown, summary=True)


def _title(shown: Shown, pulse: str, width: int) -> str:
    one = shown.one
    if one is None:
        return f"{pulse} image {shown.at + 1:,}, {KIND_NAMES[shown.kind]}"
    title = f"image {one.index + 1:,} of {one.images:,}: {one.classes[one.truth]}"
    right = f"{KIND_NAMES[shown.kind]} {min(shown.taken, len(one.views))}/{len(one.views)}"
    return f"{title}{right.rjust(width - len(title))}" if len(title) + 2 + len(right) <= width < BESIDE else title


def _image(sheet: Sheet, area: Area, shown: Shown, *, summary: bool) -> None:
    """The last view taken, the list of all, the average's probabilities; and, as `summary`, all images in words."""
    one = shown.one
    if one is None:
        for i, (line, style) in enumerate(spoken(sheet, shown.trouble or "The lab looks at it.", area.width, 4, "dim")):
            sheet.put(area.row + i, area.column, line, style)
        return
    if area.height < 3:
        sheet.leave_out("the picture")
        _list(sheet, area, shown)
        return
    side = len(one.views[0].pixels[0])
    if area.width >= side + LISTED and area.height >= -(-side // 2):
        _large(sheet, area, shown, one, -(-side // 2))
    else:
        _small(sheet, area, shown, one, summary)


def _large(sheet: Sheet, area: Area, shown: Shown, one: Viewed, tall: int) -> None:
    """The view pixel by pixel, the list and the probabilities beside it, and below as many of the views as fit."""
    _pixels(sheet, area.row, area.column, one.views[min(shown.taken, len(one.views)) - 1].pixels, 1)
    wide = len(one.views[0].pixels[0][0])
    beside = Area(area.row, area.column + wide + 1, area.width - wide - 1, tall)
    listed = min(len(one.views) + 1, max(tall - BARS - 1, 2))
    _list(sheet, beside._replace(height=listed), shown)
    _answers(sheet, Area(beside.row + listed, beside.column, beside.width, tall - listed), shown)
    _strip(sheet, Area(area.row + tall + 1, area.column, area.width, area.height - tall - 1), one, shown.taken)


def _small(sheet: Sheet, area: Area, shown: Shown, one: Viewed, summary: bool) -> None:
    """The view shrunk, the list beside it, the probabilities below."""
    side = len(one.views[0].pixels[0])
    factor = next((f for f in range(2, side + 1) if _fits(area, side, f)), side)
    wide = -(-side // factor)
    tall = -(-wide // 2)
    _pixels(sheet, area.row, area.column, one.views[min(shown.taken, len(one.views)) - 1].pixels, factor)
    _list(sheet, Area(area.row, area.column + wide + 1, area.width - wide - 1, min(tall, area.height)), shown)
    below = area.height - tall
    told = SUMMARY if summary and below >= SUMMARY + BARS else 0
    _answers(sheet, Area(area.row + tall, area.column, area.width, below - told), shown)
    if told:
        tta_all_drawing.summary(sheet, Area(area.below - told, area.column, area.width, told), shown)
    elif summary:
        sheet.leave_out("all images (press v)")


def _fits(area: Area, side: int, factor: int) -> bool:
    """Is there room for a picture shrunk so far, a list beside it and something below?"""
    return area.width >= side // factor + 22 and area.height >= side // (2 * factor) + 1


def _strip(sheet: Sheet, area: Area, one: Viewed, taken: int) -> None:
    """As many views as fit, shrunk, under their names."""
    side = -(-len(one.views[0].pixels[0]) // 2)
    tall = -(-side // 2) + 1
    columns, rows = (area.width + 2) // (side + 2), (area.height + 1) // (tall + 1)
    for i, view in enumerate(one.views[: columns * rows]):
        row, column = area.row + i // columns * (tall + 1), area.column + i % columns * (side + 2)
        sheet.put(row, column, fit(short(view.name), side), "cursor" if i + 1 == taken else "dim")
        _pixels(sheet, row + 1, column, view.pixels, 2)


def _pixels(sheet: Sheet, row: int, column: int, channels: Channels, factor: int) -> None:
    if len(channels) == 3 and len(channels[0]) > SMALL:
        _photo(sheet, row, column, channels, factor)
        return
    three: list[Rows] = [tuple(tuple(line) for line in rows) for rows in channels]
    small = [colours.averaged(rows, factor) for rows in three]
    colours.picture(sheet, row, column, small * (3 // len(small)), {}, squares=False)


def _photo(sheet: Sheet, row: int, column: int, channels: Channels, factor: int) -> None:
    """The same of a larger picture, as photos are drawn."""
    import numpy as np

    from fastai_tui.app import photo_picture

    photo = np.array(channels, np.uint8).transpose(1, 2, 0)
    scaled = photo_picture.scaled(photo, -(-photo.shape[1] // factor), -(-photo.shape[0] // (2 * factor)))
    sheet.photo(row, column, photo_picture.cells(scaled, sheet.sight.depth, unicode=sheet.sight.unicode))


def _list(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A line for each view: its name, its answer and how sure it is of that; last the average of those taken. Views
    that have not been taken yet do not tell."""
    one = shown.one
    assert one is not None
    rows = max(area.height - 1, 0)
    top = parts.around(shown.taken - 1, rows, len(one.views))
    longest = max(len(f"mean of {len(one.views)}"), *(len(short(view.name)) for view in one.views))
    name = max(min(longest, area.width - 8 - min(5, max(map(len, one.classes)))), 1)
    for i, view in enumerate(one.views[top : top + rows], top):
        sign: Role = "cursor" if i == shown.taken - 1 else "plain" if i < shown.taken else "dim"
        row = area.row + i - top
        sheet.put(row, area.column, fit(short(view.name), name), sign)
        if i < shown.taken and (i == 0 or shown.together):
            _answer(sheet, row, area.column + name + 1, area.right, one, view.probabilities)
        else:
            sheet.put(row, area.column + name + 1, "?" if i < shown.taken else "·", "dim")
    if rows < len(one.views):
        sheet.leave_out(f"{len(one.views) - rows} of the views")
    row = area.row + min(rows, len(one.views))
    taken = min(shown.taken, len(one.views))
    sheet.put(row, area.column, fit(f"mean of {taken}", name), "strong")
    if shown.together:
        _answer(sheet, row, area.column + name + 1, area.right, one, one.average(taken))
    else:
        sheet.put(row, area.column + name + 1, "?", "dim")


def _answer(sheet: Sheet, row: int, column: int, end: int, one: Viewed, likely: list[float]) -> None:
    """The class that is the likeliest, in the colour of right or wrong, and its probability."""
    answer = likeliest(likely)
    right = answer == one.truth
    words = f"{likely[answer]:4.0%}"
    wide = max(end - column - len(words) - 3, 0)
    sheet.put(row, column, ("✓" if right else "✗"), "good" if right else "bad")
    sheet.put(row, column + 2, fit(one.classes[answer], wide, more=""), "good" if right else "bad")
    sheet.put(row, end - len(words), words, "plain")


def _answers(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The classes with the original's probability and the average's, the likeliest first where not all fit."""
    one = shown.one
    if one is None or area.height < 1:
        return
    taken = min(shown.taken, len(one.views))
    alone, mean = one.views[0].probabilities, one.average(taken)
    if not shown.together:
        mean = alone
    rows = area.height - 1
    if rows < 1:
        sheet.leave_out("the probabilities")
        return
    head = "alone → mean" if taken > 1 else "alone"
    sheet.put(area.row, area.column, fit(head.rjust(area.width), area.width), "dim")
    most = inside.ranked([max(a, m) for a, m in zip(alone, mean, strict=True)], rows)
    name = max(len(one.classes[i]) for i in most)
    for place, i in enumerate(sorted(most)):
        _share(sheet, Area(area.row + 1 + place, area.column, area.width, 1), shown, i, (alone[i], mean[i]), name)
    if len(most) < len(one.classes):
        sheet.leave_out(f"{len(one.classes) - len(most)} of the probabilities")


def _share(sheet: Sheet, area: Area, shown: Shown, i: int, shares: tuple[float, float], name: int) -> None:
    """A class's bar as the average has it, with a mark where the original had it, and both numbers."""
    one = shown.one
    assert one is not None
    taken = shown.taken > 1
    later = f"{shares[1]:4.0%}" if shown.together else "   ?"
    words = f"{shares[0]:4.0%} → {later}" if taken else f"{shares[0]:4.0%}"
    sheet.put(area.row, area.column, fit(one.classes[i], name), "good" if i == one.truth else "plain")
    wide = area.width - name - len(words) - 2
    done = round(wide * shares[1])
    sheet.put(area.row, area.column + name + 1, "█" * done, "accent")
    sheet.put(area.row, area.column + name + 1 + done, "░" * (wide - done), "dim")
    if taken and wide > 0 and (was := round(wide * shares[0])) != done:
        sheet.put(area.row, area.column + name + 1 + min(was, wide - 1), "│", "warn")
    sheet.put(area.row, area.right - len(words), words, "plain")
