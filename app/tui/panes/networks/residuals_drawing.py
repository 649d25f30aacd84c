"""Residual blocks as a table: what passes each, what it adds, what is lost without it; and the image it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import bar, instead
from fastai_tui.app.tui.panes.images import images_drawing
from fastai_tui.app.tui.panes.networks.residuals_shown import Shown, signed

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

NAME, CELL = 7, 7  # columns of a block's name and state, and of a number
TABLE, BOTH = 36, 70  # columns of a table with one of the views, and with both
GAP = 2
LEAST = 13  # rows of a table that an image may leave, unless it has fewer


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """Whose blocks, the table, the image where there is room, and what it comes to."""
    if shown.trouble:
        instead(sheet, shown.trouble, "bad")
        return
    if shown.now is None:
        instead(sheet, f"{pulse} The lab sends images through the network. The first time it has to start PyTorch.")
        return
    sign = f"{pulse} " if shown.waits else ""
    sheet.put(0, 0, fit(sign + shown.who, sheet.width), "dim")
    lines = _lines(shown)
    lines = lines[: max((sheet.height - 1) // 2, 1 if sheet.height > 1 else 0)]
    for i, (line, style) in enumerate(lines):
        sheet.put(sheet.height - len(lines) + i, 0, fit(line, sheet.width), style)
    area = Area(1, 0, sheet.width, sheet.height - 1 - len(lines))
    area = _picture(sheet, area, shown)
    _table(sheet, area, shown)


def _lines(shown: Shown) -> list[tuple[str, Role]]:
    """What stands under the table, the most important first."""
    found: list[tuple[str, Role]] = [(shown.accuracies, "strong"), (shown.here, "plain"), (shown.ends, "plain")]
    return [*found[:1], (shown.answer, "accent"), *found[1:]] if shown.answer else found


def _picture(sheet: Sheet, area: Area, shown: Shown) -> Area:
    """The image beside the table or under it; returns the room that is left to the table."""
    one = shown.now.one if shown.now is not None else None
    if one is None:
        return area
    picture, table = one.picture, min(len(shown.blocks) + 1, LEAST)
    for factor, squares in ((1, True), (1, False), (2, False)):
        wide = -(-picture.width // factor) * (2 if squares else 1)
        high = -(-picture.height // (factor if squares else 2 * factor))
        if area.height - high - 1 >= table and area.width >= wide:
            place = Area(area.below - high, area.column, wide, high)
            images_drawing.paint(sheet, place, picture, factor, {}, squares=squares)
            return area._replace(height=area.height - high - 1)
        if area.width - wide - GAP >= TABLE and area.height >= high:
            place = Area(area.row, area.right - wide, wide, high)
            images_drawing.paint(sheet, place, picture, factor, {}, squares=squares)
            return area._replace(width=area.width - wide - GAP)
    sheet.leave_out("the image")
    return area


def _table(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A row for each block, as many as there is room for around the cursor; both views where there is room."""
    rows = area.height - 1
    if rows < 1:
        sheet.leave_out("the blocks")
        return
    both = area.width >= BOTH
    views = ("added", "alone") if both else (shown.view,)
    wide = (area.width - NAME - (GAP if both else 0)) // len(views)
    places = [(view, Area(area.row, area.column + NAME + i * (wide + GAP), wide, 1)) for i, view in enumerate(views)]
    for view, place in places:
        for j, name in enumerate(("passes", "adds") if view == "added" else ("without", "change")):
            sheet.put(place.row, place.column + j * CELL, name.rjust(CELL), "strong" if view == shown.view else "dim")
    sheet.put(area.row, area.column, "block", "dim")
    shown_blocks = len(shown.blocks)
    first = min(max(shown.at - rows // 2, 0), max(shown_blocks - rows, 0))
    if rows < shown_blocks:
        sheet.leave_out("some of the blocks")
    for i, which in enumerate(range(first, min(first + rows, shown_blocks))):
        row = area.row + 1 + i
        _name(sheet, row, area.column, shown, which)
        for view, place in places:
            _block(sheet, place._replace(row=row), shown, which, view)


def _name(sheet: Sheet, row: int, column: int, shown: Shown, which: int) -> None:
    here = which == shown.at
    off = which in shown.off
    mark = ("▸" if sheet.sight.unicode else ">") if here else " "
    sheet.put(row, column, mark, "mark" if here else "plain")
    sheet.put(row, column + 1, f"{which + 1:>2}", "cursor" if here else "plain")
    sheet.put(row, column + 4, "off" if off else "on", "bad" if off else "good")


def _block(sheet: Sheet, area: Area, shown: Shown, which: int, view: str) -> None:
    """One block in one view: two numbers, and a bar where there is room."""
    style: Role = "dim" if which in shown.off else "plain"
    cells, share, words = _added(shown, which) if view == "added" else _alone(shown, which)
    for j, cell in enumerate(cells):
        sheet.put(area.row, area.column + j * CELL, cell.rjust(CELL), style)
    column, room = area.column + 2 * CELL + 1, area.width - 2 * CELL - 1
    if room >= 5 and share is not None:
        bar(sheet, area.row, column, room, share, words)


def _added(shown: Shown, which: int) -> tuple[tuple[str, str], float | None, str]:
    block = shown.blocks[which]
    most = max((each.ratio for each in shown.blocks), default=0.0) or 1.0
    words = shown.share(block)
    cells = shown.length("passing", block), shown.length("added", block)
    return cells, None if words == "?" else block.ratio / most, words.rjust(4)


def _alone(shown: Shown, which: int) -> tuple[tuple[str, str], float | None, str]:
    cost = shown.cost(which)
    if cost is None:
        return (shown.without(which), "?" if which in shown.alone else ""), None, ""
    most = max((shown.cost(i) or 0.0 for i in shown.alone), default=0.0) or 1.0
    return (shown.without(which), signed(cost)), max(cost, 0.0) / most, ""
