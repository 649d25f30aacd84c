"""The influence of a text's characters on what a network expects: on the text, and by distance, as cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import text_rows, typed_drawing
from fastai_tui.app.tui.panes.common.letters import spelt
from fastai_tui.app.tui.panes.common.text_rows import Shaded
from fastai_tui.app.tui.panes.text import foreseeing_drawing, influence_chart
from fastai_tui.app.tui.panes.text.foreseeing_drawing import PREDICT, SMALL, UNANSWERED, Foreseeing
from fastai_tui.app.tui.panes.text.influence_chart import DECADES, LOG
from fastai_tui.app.writing import read_as_unknown, sign
from fastai_tui.engine.expectations import Influence, farthest, mean, reach, shares, strength

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

NOTHING = "no character before it has any influence"
LEAST, BEST, MOST = 4, 10, 24  # rows of a chart with its axis: that there must be, are worth having, are enough
LEAST_BACK, BEYOND = 8, 4  # distances that a chart has at the least, and beyond the last influence


@dataclass(frozen=True)
class Shown(Foreseeing[Influence]):
    """What is to be seen of the influence: `found` is for the cursor, or (`view` mean) for many places."""

    view: str = "here"

    @cached_property
    def norms(self) -> list[float]:
        """The influence by distance, the nearest first."""
        return by_distance(self.found, self.view)

    @cached_property
    def norms_beside(self) -> list[float]:
        """The same of the other network."""
        return by_distance(self.other, self.view)

    @property
    def late(self) -> bool:
        """Is what is known about another place than the cursor's?"""
        return self.found is not None and self.view == "here" and self.found.places != [self.at]

    @property
    def told(self) -> bool:
        """May the influences be seen? They tell everything that is measured of them."""
        return not {"reach", "nearest", "farthest"} & self.hidden

    def figures(self, norms: Sequence[float]) -> tuple[str, str, str]:
        """Reach, share of the nearest, and the farthest, unless they are the learner's to predict (the farthest tells
        something of the reach)."""
        nearest = f"{100 * next(iter(shares(norms)), 0.0):.0f} %"
        values = {"reach": str(reach(norms)), "nearest": nearest, "farthest": str(farthest(norms))}
        reached, near, far = ("?" if name in self.hidden else value for name, value in values.items())
        return reached, near, "?" if "reach" in self.hidden else far


def by_distance(found: Influence | None, view: str) -> list[float]:
    """The influence that is shown, the nearest first: at the one place, or the mean over all."""
    if found is None:
        return []
    return mean(found) if view == "mean" else found.norms[0]


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The text first; the chart, whose network, and what it comes to as far as there is room."""
    if shown.line is not None:
        typed_drawing.draw(sheet, shown.line, typed_drawing.ANY)
        return
    found, small = shown.found, sheet.height < SMALL
    if found is None:
        foreseeing_drawing.nothing(sheet, shown, pulse)
        return
    lines = foreseeing_drawing.notes(sheet, shown.trouble, found.unknown)
    if not small:
        sheet.put(0, 0, fit(foreseeing_drawing.who(found.source, found.network, found.step), sheet.width), "dim")
    below = foreseeing_drawing.foot(sheet, [*_figures(shown, sheet), *lines])
    room = Area(int(not small), 0, sheet.width, max(below - int(not small), 0))
    _body(sheet, room, shown, found)


def _body(sheet: Sheet, area: Area, shown: Shown, found: Influence) -> None:
    """The text, what is predicted, the chart, and that of another network in the same scale."""
    lines = len(text_rows.folded(shown.text, area.width))
    charts = 2 if shown.other is not None and area.height - 2 - lines >= 2 * LEAST else 1
    if shown.other is not None and charts == 1:
        sheet.leave_out("the other network's chart")
    head = 0 if area.height < LEAST else 2 if area.height >= LEAST + 4 else 1
    room = area.height - head
    row = area.row + _text(sheet, area._replace(height=room - kept_back(room, lines, charts)), shown, found)
    if head == 2:
        _scale(sheet, row, shown)
    if head:
        sheet.put(row + head - 1, 0, fit(_predicted(shown, found), area.width), "strong")
    each = min((area.below - row - head) // charts, MOST)
    if each < LEAST:
        sheet.leave_out("the chart by distance")
        return
    chart = Area(row + head, 0, area.width, each)
    if not shown.told:
        sheet.put(chart.row, 0, fit(f"by distance: {PREDICT}", area.width), "dim")
        return
    name, count = found.source if shown.other is not None else "", far_enough(shown)
    influence_chart.draw(sheet, chart, name, shown.norms, count, found.window)
    if charts == 2 and shown.other is not None:
        below = chart._replace(row=chart.below)
        influence_chart.draw(sheet, below, shown.other.source, shown.norms_beside, count, shown.other.window)


def kept_back(rows: int, lines: int, charts: int) -> int:
    """How many rows the text (`lines` long) leaves to the charts: good ones if it can have a row of bars all the same;
    else what is left beside the text, or so much that there is a chart; none where that is too little for both."""
    for each in range(BEST, LEAST - 1, -1):
        if rows - charts * each >= 2 * lines:
            return charts * each
    left = rows - lines
    if left >= charts * LEAST:
        return left
    return LEAST if rows >= LEAST + 3 else 0


def _text(sheet: Sheet, area: Area, shown: Shown, found: Influence) -> int:
    """The text; what has none of the influence, such as all that is before a window, is not shaded."""
    values: list[float | None] = [None] * len(shown.text)
    styles: dict[int, Role] = {}
    if shown.view == "here" and shown.told:
        strongest = max(shown.norms, default=0.0)
        for back, norm in enumerate(shown.norms, 1):
            values[found.places[0] - back] = strength(norm, strongest, DECADES) or None
    if shown.view == "mean":
        styles = dict.fromkeys(found.places, "accent")
    else:
        styles = {place: "dim" for place, value in enumerate(values) if value is None}
    return text_rows.draw(sheet, area, Shaded(shown.text, values, LOG, shown.at, styles))


def _scale(sheet: Sheet, row: int, shown: Shown) -> None:
    if not shown.told:
        sheet.put(row, 0, f"influence: {PREDICT}"[: sheet.width], "dim")
    elif shown.view == "mean":
        sheet.put(row, 0, fit("the mean over the places in this colour", sheet.width), "accent")
    else:
        words = "the strongest" if sheet.width >= 40 else "most"
        sheet.legend(row, 0, LOG, f"1/{10 ** int(DECADES):,}", words)


def _predicted(shown: Shown, found: Influence) -> str:
    """What the influence is on."""
    if shown.view == "mean":
        return f"influence by distance, mean of {len(found.places)}"
    if shown.late:
        return "influence on …"
    came = "" if shown.at < len(shown.text) else " next"
    return f"influence on p({sign(found.targets[0])}{came}) = {number(found.chances[0], 3)}"


def far_enough(shown: Shown) -> int:
    """How many distances are worth being shown: to the last one that either network is seen to be influenced from, with
    a little beyond it and beyond a window."""
    most = max(len(shown.norms), len(shown.norms_beside))
    seen = [0]
    for norms in (shown.norms, shown.norms_beside):
        strongest = max(norms, default=0.0)
        seen += [back for back, norm in enumerate(norms, 1) if strength(norm, strongest, DECADES)]
    windows = [found.window for found in (shown.found, shown.other) if found is not None]
    return min(most, max(*seen, *windows, LEAST_BACK) + BEYOND)


def _figures(shown: Shown, sheet: Sheet) -> list[tuple[str, Role]]:
    """What is measured, and of another network its reach."""
    if not any(shown.norms):
        return [(fit(NOTHING, sheet.width), "plain")]
    reached, near, far = shown.figures(shown.norms)
    said = [
        f"90 % of it within {reached} characters · the last one {near} · noticeable to {far} back",
        f"90 % within {reached} · last {near} · to {far} back",
        f"90 % within {reached}",
    ]
    lines: list[tuple[str, Role]] = [(_fitting(said, sheet.width), "plain")]
    if shown.other is not None and sheet.height >= SMALL:
        reached, near, far = shown.figures(shown.norms_beside)
        name, tail = shown.other.source, f" · last {near} · to {far} back"
        brief = f"{name}: 90 % within {reached}"
        said = [f"{name}, {shown.other.network}: 90 % within {reached}{tail}", brief + tail, brief]
        lines.append((_fitting(said, sheet.width), "dim"))
    return lines


def _fitting(said: Sequence[str], width: int) -> str:
    return fit(next((words for words in said if len(words) <= width), said[-1]), width)


# In words


def sentence(shown: Shown) -> str:
    """The picture in words."""
    found = shown.found
    if found is None or shown.instead or shown.late:
        return shown.instead or UNANSWERED
    who = foreseeing_drawing.who(found.source, found.network, found.step)
    reached, near, far = shown.figures(shown.norms)
    if shown.view == "mean":
        about = f"reads {shown.text!r}. On the mean over {len(found.places)} places"
    else:
        target = spelt(found.targets[0])
        about = f"after {shown.text[: shown.at]!r}, gives {target} {found.chances[0]:.0%}. Of the influence on that"
    if not any(shown.norms):
        return f"{who}, {about.rpartition('. ')[0]}; {NOTHING}. {read_as_unknown(found.unknown)}".strip()
    said = [f"{who}, {about}, 90 % comes from the last {reached} characters, {near} from the last one alone."]
    said.append(f"More than a hundredth of the strongest comes from up to {far} back.")
    if found.window:
        said.append(f"It is given {found.window} characters: nothing before them has any influence.")
    if shown.other is not None:
        said.append(f"{shown.other.source}: 90 % within {shown.figures(shown.norms_beside)[0]}.")
    return " ".join([*said, read_as_unknown(found.unknown)]).strip()
