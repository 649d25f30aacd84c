"""Log-loss drawn: ten answers as bars, and the curve on which the learner's number stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import bars
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.photos.logloss_shown import SCALE, nats, plain
from fastai_tui.engine.logloss import OTHERS, SURE

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.photos.logloss_shown import Shown
    from fastai_tui.app.tui.sheet import Role, Sheet

LOWEST, HERE = "▲", "│"
TALL = 22  # rows of a picture from which the curve is under the bars
BAR, CURVE = (18, 2), (10, 3)  # columns and rows that bars and a curve need


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The title, the picture, and what there is to say of it."""
    sheet.put(0, 0, fit(shown.title, sheet.width), "strong")
    lines = _lines(sheet, shown)
    area = Area(1, 0, sheet.width, max(sheet.height - 1 - len(lines), 0))
    if shown.view == "temperature" and shown.heated is None:
        words = f"{pulse} {shown.instead}".strip()
        for i, (line, style) in enumerate(spoken(sheet, words, area.width, area.height, "plain")):
            sheet.put(area.row + i, area.column, line, style)
    elif shown.view == "one":
        _ten_and_curve(sheet, area, shown)
    else:
        _curve(sheet, area, shown)
    for i, (line, style) in enumerate(lines):
        sheet.put(max(sheet.height - len(lines), 1) + i, 0, line, style)


def _lines(sheet: Sheet, shown: Shown) -> list[tuple[str, Role]]:
    """As many of the sentences as there is room for beside a picture."""
    found: list[tuple[str, Role]] = []
    most = max(sheet.height // 3, min(sheet.height - 1, 2))
    for i, words in enumerate(shown.said()):
        added = spoken(sheet, words, sheet.width, most, "plain" if i else "accent")
        if len(found) + len(added) > most:
            sheet.leave_out("some of what there is to say")
            break
        found += added
    return found


def _ten_and_curve(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The bars, and beside or under them the curve, as there is room."""
    if area.height >= TALL:
        _ten(sheet, area._replace(height=11), shown)
        _curve(sheet, Area(area.row + 12, area.column, area.width, area.height - 12), shown)
        return
    left = area.width // 2
    if area.width - left >= 2 * CURVE[0] and area.height >= CURVE[1]:
        _ten(sheet, area._replace(width=left - 1), shown)
        _curve(sheet, Area(area.row, left, area.width - left, area.height), shown)
        return
    sheet.leave_out("the curve")
    _ten(sheet, area, shown)


def _ten(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A bar for each answer; the nine that are alike as one where there is no room."""
    if area.width < BAR[0] or area.height < BAR[1]:
        sheet.leave_out("the ten answers")
        return
    tenth = f"{OTHERS + 1}", shown.probability, shown.costs[-1]
    each = [(f"{i + 1:>2}", SURE, cost) for i, cost in enumerate(shown.costs[:OTHERS])]
    rows = [*each, tenth] if area.height > OTHERS else [(f"1–{OTHERS}", SURE, shown.costs[0]), tenth]
    for i, (name, probability, cost) in enumerate(rows):
        last, row = i == len(rows) - 1, area.row + i
        wrong = probability < 0.5
        style: Role = "bad" if wrong else "good"
        sheet.put(row, area.column, f"{name:<3}", "strong" if last else "dim")
        sheet.put(row, area.column + 4, f"{plain(probability):<4}", "strong" if last else "plain")
        words = "?" if last and "one_loss" in shown.hidden else nats(cost)
        sheet.put(row, area.right - len(words), words, "strong" if last else "plain")
        bars.lying(sheet, row, area.column + 9, area.width - 9 - 6, cost / SCALE, style)


def _curve(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The loss over what the learner turns: a column for each place, the learner's own in another colour; below, the
    axis and where the lowest is."""
    if area.width < CURVE[0] or area.height < CURVE[1]:
        sheet.leave_out("the curve")
        return
    values, high = shown.curve(area.width), area.height - 2
    top = SCALE if shown.view == "one" else max(values) or 1.0
    here = _column(shown.marked, area.width)
    if shown.secret:
        sheet.put(area.row, area.column, fit("? (predict it first)", area.width), "dim")
    else:
        for column, value in enumerate(values):
            style: Role = "warn" if column == here else "accent"
            bars.upright(sheet, area.row, area.column + column, high, value / top, style)
        _heading(sheet, area, f"{number(top, 3)} nats", values, top, high)
    base = area.row + high
    sheet.put(base, area.column + here, HERE if sheet.sight.unicode else "|", "warn")
    if shown.lowest is not None:
        sign = LOWEST if sheet.sight.unicode else "^"
        sheet.put(base, area.column + _column(shown.lowest, area.width), sign, "good")
    low, middle, end = shown.axis
    sheet.put(base + 1, area.column, low, "dim")
    sheet.put(base + 1, area.column + (area.width - len(middle)) // 2, middle, "dim")
    sheet.put(base + 1, area.right - len(end), end, "dim")


def _heading(sheet: Sheet, area: Area, words: str, values: list[float], top: float, high: int) -> None:
    """How high the picture is, where the first row is free for it."""
    for column in range(area.width - len(words) + 1):
        if all(value / top < (high - 1) / high for value in values[column : column + len(words)]):
            sheet.put(area.row, area.column + column, words, "dim")
            return


def _column(place: float, width: int) -> int:
    return min(max(int(place * width), 0), width - 1)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    words = shown.instead if shown.view == "temperature" and shown.heated is None else " ".join(shown.said())
    return f"{shown.title[0].upper()}{shown.title[1:]}. {words}".strip()
