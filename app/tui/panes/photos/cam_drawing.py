"""A network's maps drawn: as numbers, and laid over the photo. numpy is imported once there is something to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, printable
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts, typed_drawing
from fastai_tui.app.tui.panes.common.run_picture import instead
from fastai_tui.app.tui.panes.photos import cam_shown

if TYPE_CHECKING:
    import numpy as np

    from fastai_tui.app.photo_picture import Look
    from fastai_tui.app.tui.panes.photos.cam_shown import Rows, Shown
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.framing import Box
    from fastai_tui.engine.looking import Looked

TYPING = "a photo's path; enter: done; ctrl+u: anew"
GAP = 2
FULL = 0.7  # opacity at which heat has all its colours where there are few of them


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The title, the view, and what is said of it."""
    if shown.line is not None:
        typed_drawing.draw(sheet, shown.line, TYPING)
        return
    if shown.trouble:
        instead(sheet, shown.trouble, "bad")
        return
    if shown.found is None:
        instead(sheet, f"{pulse} The lab has the photo looked at. The first time it has to start PyTorch.")
        return
    sign = f"{pulse} " if shown.waits else ""
    sheet.put(0, 0, fit(sign + cam_shown.title(shown), sheet.width), "title")
    words = cam_shown.lines(shown)
    if shown.view == "numbers":  # on one line, that there is room for a map more
        words = [" ".join(words)] if len(" ".join(words)) <= sheet.width else words[1:]
    most = min(len(words), max((sheet.height - 1) // 3, int(sheet.height > 1)))
    if most < len(words):
        sheet.leave_out("some of the words")
    for i, line in enumerate(words[:most]):
        sheet.put(sheet.height - most + i, 0, fit(line, sheet.width), "accent" if i == 0 else "plain")
    area = Area(1, 0, sheet.width, max(sheet.height - 1 - most, 0))
    if not area.height:
        return
    if shown.view == "numbers":
        _numbers(sheet, area, shown)
    else:
        _photos(sheet, area, shown)


# Numbers


def _numbers(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The map, and as many of those that it is the sum of as there is room for."""
    found = shown.found
    assert found is not None
    blocks: list[tuple[str, Rows]] = [("the map", shown.map)]
    for i in shown.ranked:
        likely = shown.said("probability", f"{found.first.probabilities[i]:.3f}")
        blocks.append((f"{printable(found.classes[i])} ×{likely}", found.first.channels[i]))
    written = [_written(rows) for _, rows in blocks]
    side, down = len(shown.map[0]), len(shown.map) + 1
    for count in (3, 2, 1):  # maps: the fewer, the narrower their numbers may be
        drawn = written[:count] if count < 3 else written
        wide = max(len(word) for each in drawn for row in each for word in row) + 1
        across = wide * side
        columns = max((area.width + GAP) // (across + GAP), 1)
        places = columns * max(area.height // down, 1)
        if across <= area.width and places >= count:
            break
    if places < min(len(blocks), 3):
        sheet.leave_out(f"the map of {blocks[places][0].partition(' ×')[0]}")
    for place, (name, _) in enumerate(blocks[: min(places, 3) if columns < 3 else places]):
        row, column = divmod(place, columns)
        top, left = area.row + row * down, area.column + column * (across + GAP)
        room = Area(top, left, min(across, area.width - column * (across + GAP)), min(down, area.below - top))
        _map(sheet, room, shown, name, written[place], wide, first=place == 0)


def _map(sheet: Sheet, area: Area, shown: Shown, name: str, words: list[list[str]], wide: int, *, first: bool) -> None:
    """A map's numbers round the cursor, under its name."""
    sheet.put(area.row, area.column, fit(name, area.width), "strong" if first else "dim")
    rows, columns = min(area.height - 1, len(words)), min(max(area.width // wide, 1), len(words[0]))
    if rows < len(words) or columns < len(words[0]):
        sheet.leave_out("a part of the map")
    at, peak = shown.cell, shown.peak
    top, left = parts.around(at[0], rows, len(words)), parts.around(at[1], columns, len(words[0]))
    for i in range(top, top + rows):
        for j in range(left, left + columns):
            there = (i, j) == at
            hides = first and ("value" in shown.hidden or ((i, j) == peak and "highest" in shown.hidden))
            style: Role = "cursor" if there else "mark" if first and (i, j) == peak and not shown.covered else "plain"
            word = ("?" if hides else words[i][j]).rjust(wide)
            sheet.put(area.row + 1 + i - top, area.column + (j - left) * wide, word[: area.width], style)


def _written(rows: Rows) -> list[list[str]]:
    largest = max(abs(value) for row in rows for value in row)
    decimals = 1 if largest >= 1 else 2 if largest >= 0.1 else 3
    return [[f"{value:.{decimals}f}".replace("-", "−") for value in row] for row in rows]


# Photos


def _photos(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The photo with its map, and beside or below it what it is compared with."""
    found = shown.found
    assert found is not None
    cut = shown.view == "clutter" or (shown.view == "zoom" and shown.cut)
    second = shown.view == "gradcam" or (found.zoomed is not None and cut)
    rooms = _halves(area, found) if second else (area, None)
    _overlaid(sheet, rooms[0], shown, found, shown.map, found.first.field)
    if rooms[1] is None:
        return
    if shown.view == "gradcam" and shown.agreement is not None:
        _overlaid(sheet, rooms[1], shown, found, shown.agreement.map, shown.agreement.field)
    elif found.zoomed is not None:
        _cut_out(sheet, rooms[1], shown, found)


def _halves(area: Area, found: Looked) -> tuple[Area, Area]:
    """Two rooms of the same size: beside each other unless photos are the larger for lying below each other."""
    from fastai_tui.app import photo_picture

    across, down = max((area.width - GAP) // 2, 1), area.height // 2
    beside = photo_picture.size(found.width, found.height, across, area.height)
    below = photo_picture.size(found.width, found.height, area.width, down)
    if beside >= below:
        return area._replace(width=across), Area(area.row, across + GAP, across, area.height)
    return area._replace(height=down), Area(area.row + down, area.column, area.width, down)


def _overlaid(sheet: Sheet, area: Area, shown: Shown, found: Looked, rows: Rows, field: Box) -> None:
    """The whole photo under a map with that field; the digit's box, or the frame of what is cut out, is marked."""
    from fastai_tui.app import photo_picture

    photo = _pixels(found)
    wide, tall = photo_picture.size(found.width, found.height, area.width, area.height)
    pixels = photo_picture.scaled(photo, wide, tall)
    marks = None
    if shown.view == "clutter" and shown.canvas is not None and "inside" not in shown.hidden:
        marks = _frame(shown.canvas.box, found, pixels)
    elif shown.view == "zoom" and found.zoomed is not None and not shown.covered:
        marks = _frame(found.zoomed.box, found, pixels)
    heat = None if shown.covered else spread(rows, field, found, pixels.shape[:2], shown.interpolation)
    signed = shown.view == "classes" and shown.map_shown == cam_shown.DIFFERENCE
    look = photo_picture.DIFFERENCE if signed else photo_picture.HEAT
    _put(sheet, area, pixels, heat, shown.opacity, look, marks)


def _cut_out(sheet: Sheet, area: Area, shown: Shown, found: Looked) -> None:
    """What was cut out of the photo, larger, as it was looked at again."""
    from fastai_tui.app import photo_picture

    assert found.zoomed is not None
    if shown.covered:
        return
    box, factor = found.zoomed.box, found.shown[0] / found.width
    left, top, right, bottom = (round(edge * factor) for edge in box.bounds())
    part = _pixels(found)[top : max(bottom, top + 1), left : max(right, left + 1)]
    wide, tall = photo_picture.size(box.width, box.height, area.width, area.height)
    _put(sheet, area, photo_picture.scaled(part, wide, tall), None, 0, photo_picture.HEAT, None)


def _pixels(found: Looked) -> np.ndarray:
    import numpy as np

    wide, high = found.shown
    return np.frombuffer(found.pixels, np.uint8).reshape(high, wide, 3)


def _frame(box: Box, found: Looked, pixels: np.ndarray) -> np.ndarray:
    from fastai_tui.app.photo_picture import outline

    return outline(box.bounds(), (found.width, found.height), (pixels.shape[0], pixels.shape[1]))


def spread(rows: Rows, field: Box, found: Looked, shape: tuple[int, ...], interpolation: str) -> np.ndarray:
    """A map with that field of what was looked at first, where it belongs in a photo of `shape` (height, width), scaled
    to 0…1 (−1…1 where it goes below nought); NaN outside."""
    import numpy as np

    from fastai_tui.app import photo_picture
    from fastai_tui.engine import heat

    small = np.asarray(rows)
    small = heat.signed(small) if float(small.min()) < 0 else heat.scaled(small)
    size, smooth = (found.width, found.height), interpolation != "nearest"
    return photo_picture.spread(small, found.first.box.bounds(), size, (shape[0], shape[1]), field, smooth=smooth)


def _put(
    sheet: Sheet, area: Area, pixels: np.ndarray, heat: np.ndarray | None, opacity: float, look: Look,
    marks: np.ndarray | None,
) -> None:  # fmt: skip
    """Pixels under heat that covers them as far as `opacity` says, in the middle of an area's columns."""
    from fastai_tui.app import photo_picture

    depth = sheet.sight.depth
    if heat is not None and depth in ("truecolor", "256"):
        mixed = (1 - opacity) * pixels + opacity * photo_picture.laid(pixels, heat, look)
        pixels, heat = mixed.round().clip(0, 255).astype(pixels.dtype), None
    elif heat is not None:
        heat = heat * min(opacity / FULL, 1)
    drawn = photo_picture.cells(pixels, depth, heat, look, marks=marks, unicode=sheet.sight.unicode)
    sheet.photo(area.row, area.column + max((area.width - len(drawn[0])) // 2, 0), drawn)
