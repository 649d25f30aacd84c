"""Batch norm on paper: a head, as many of the views as there is room for, and the arithmetic of one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.layers import short
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.networks.batchnorm_shown import WORDS, Shown, put, spelt
from fastai_tui.app.tui.panes.networks.batchnorm_views import VIEWS

if TYPE_CHECKING:
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet

ORDER = tuple(VIEWS)
NAMES = {"numbers": "the numbers", "histograms": "the histograms", "averages": "the running averages"}
WIDE, TALL = 38, 11  # what one of them wants
HEAD, FOOT, GAP = 2, 5, 2
SMALL = 8  # rows from which there is room for a view


def panels(width: int, height: int, view: str) -> list[tuple[str, Area]]:
    """What is shown where: the chosen view, and as many of the others, in their order, as there is room for."""
    across = min(max((width + GAP) // (WIDE + GAP), 1), len(ORDER))
    down = min(max((height + 1) // (TALL + 1), 1), len(ORDER))
    many = min(across * down, len(ORDER))
    at = ORDER.index(view)
    shown = [name for name in ORDER if name in {ORDER[(at + i) % len(ORDER)] for i in range(many)}]
    rows = [shown[i : i + across] for i in range(0, many, across)]
    found, top = [], 0
    for i, row in enumerate(rows):
        tall = (height - top) // (len(rows) - i) - (1 if i + 1 < len(rows) else 0)
        wide = (width + GAP) // len(row) - GAP
        found += [(name, Area(top, j * (wide + GAP), wide, tall)) for j, name in enumerate(row)]
        top += tall + 1
    return found


def draw(sheet: Sheet, now: Shown, view: str, plotter: Plotter) -> None:
    """All of it, as the room allows."""
    title = f"{short(now.channel.layer)}, channel {now.channel.number}/{now.channel.channels}, batch {now.batch + 1}"
    if sheet.width >= 60:
        title = f"{now.source}: {title}"
    sheet.put(0, 0, fit(title, max(sheet.width - len(now.mode) - 1, 0)), "strong")
    sheet.put(0, max(sheet.width - len(now.mode), 0), now.mode, "accent" if now.training else "warn")
    if sheet.height < SMALL:
        _small(sheet, now, view)
        return
    put(sheet, 1, 0, fit(f"with {now.used()}{now.about()}", sheet.width), "dim")
    foot = _foot(sheet, now, sheet.height - HEAD - TALL)
    body = Area(HEAD, 0, sheet.width, sheet.height - HEAD - len(foot))
    places = panels(body.width, body.height, view)
    if [name for name, _ in places] == ["averages"]:  # which one number is no part of
        foot, body = [], body._replace(height=sheet.height - HEAD)
        places = [("averages", body._replace(row=0))]
    for name, place in places:
        VIEWS[name](sheet, place._replace(row=place.row + body.row), now, plotter)
    for name in ORDER:
        if name not in dict(places):
            sheet.leave_out(f"{NAMES[name]} (press v)")
    for i, (line, style) in enumerate(foot):
        sheet.put(body.below + i, 0, line, style)


def _small(sheet: Sheet, now: Shown, view: str) -> None:
    """A few rows: the cursor's number and what becomes of it, or the running averages."""
    words = [f"{WORDS[now.stage]}: {now.arithmetic()}", f"with {now.used()}", f"all of them: {now.told(now.stage)}"]
    if view == "averages":
        words = [now.moved(), f"with {now.used()}"]
    lines = [line for one in words for line, _ in spoken(sheet, spelt(one, sheet), sheet.width, 2, "plain")]
    sheet.put_lines(1, 0, lines[: max(sheet.height - 1, 0)])
    sheet.leave_out("the tables and the histograms")


def _foot(sheet: Sheet, now: Shown, most: int) -> list[tuple[str, Role]]:
    """What becomes of the number under the cursor: the stage's part, and all of it."""
    lines: list[tuple[str, Role]] = [("", "plain")]
    lines += spoken(sheet, spelt(f"{WORDS[now.stage]}: {now.arithmetic()}", sheet), sheet.width, 2, "accent")
    lines += spoken(sheet, spelt(now.whole(), sheet), sheet.width, 2, "plain")
    return lines[: max(min(most, FOOT), 2)]
