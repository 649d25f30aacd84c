"""Gradient descent on paper: the curve as ground, the way so far, the tangent and the next step, the loss by step."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.training.landscape import Landscape, folded, num, page
from fastai_tui.engine import descent
from fastai_tui.engine.descent import Curve

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet, Style

FORMULAS = {"bowl": "loss = w²", "narrow": "loss = 8·w²", "dips": "one narrow and deep, one wide"}
WIDE = 50  # columns from which on a step's bar takes two
TRAIL = 60  # places that are still to be seen
TANGENT = 9  # columns that the tangent reaches to either side
ALIKE = 1e-6  # a walk to and fro comes back as near as this
Line = tuple[str, "Style"]


@dataclass(frozen=True)
class Walk:
    """A walk down a curve: its places, the rate of the next step, how many steps it may have, what is not told yet."""

    curve: Curve
    path: tuple[float, ...]
    rate: float
    longest: int
    hidden: frozenset[str] = frozenset()

    @property
    def place(self) -> float:
        return self.path[-1]

    @property
    def steps(self) -> int:
        return len(self.path) - 1

    @property
    def loss(self) -> float:
        return self.curve.loss(self.place)

    @property
    def slope(self) -> float:
        return self.curve.slope(self.place)

    @property
    def next(self) -> float:
        return descent.step(self.curve, self.place, self.rate)

    @property
    def left(self) -> bool:
        """Has it leapt out of sight?"""
        return not self.curve.holds(self.place)

    @property
    def arrived(self) -> bool:
        return self.steps > 0 and descent.arrived(self.curve, self.place, self.rate)

    @property
    def over(self) -> bool:
        return self.left or self.arrived or self.steps >= self.longest

    @property
    def bouncing(self) -> bool:
        """Is it where it was two steps ago?"""
        return self.steps > 1 and abs(self.path[-1] - self.path[-3]) < ALIKE and not self.arrived

    @property
    def bound(self) -> float:
        """The rate from which on the nearest minimum holds nothing."""
        return descent.bound(self.curve, descent.nearest(self.curve, self.place))

    @property
    def outcome(self) -> str:
        """What has become of it, in a sentence; nothing while it is under way."""
        if self.hidden & {"left", "arrived"}:
            return "What comes of it is yours to predict."
        if self.left:
            return f"It leapt out of sight at step {self.steps}."
        if self.arrived:
            return f"It arrived after {plural(self.steps, 'step')}: w = {num(self.place)}."
        if self.bouncing:
            return "To and fro, for ever: no nearer, no further."
        if self.steps >= self.longest:
            return f"{self.steps} steps, and it has not arrived."
        return ""

    @property
    def limit(self) -> str:
        """Which rates are too large here, once the walk is over."""
        if "bound" in self.hidden or self.hidden & {"left", "arrived"} or not (self.over or self.bouncing):
            return ""
        where = "here" if self.curve.dips else "on this curve"
        return f"Too large {where}: rates from 2 / curvature = {num(self.bound)} on."

    def said(self, name: str, value: float) -> str:
        """A number, or the mark in its place."""
        return "?" if name in self.hidden else num(value)


def draw(sheet: Sheet, walk: Walk) -> None:
    """All of it, as the room allows."""
    curve = walk.curve.name
    land, panel = page(sheet, curve, FORMULAS[curve], f"step {walk.said('steps', walk.steps)}")
    _land(sheet, walk, land)
    if panel.height > 1:
        _panel(sheet, walk, panel)
    else:
        sheet.put(panel.row, 0, fit(_small(walk), panel.width), "plain")
        sheet.leave_out("the loss by step")


def _land(sheet: Sheet, walk: Walk, area: Area) -> None:
    """The curve, and on it the way so far, the tangent and the next step; under it the weights."""
    curve = walk.curve
    axis = area.height >= 6
    area = area._replace(height=area.height - axis)
    if area.height <= 0 or area.width <= 0:
        return
    foot = min(curve.loss(bottom) for bottom in descent.bottoms(curve))
    land = Landscape(sheet, area, (curve.low, curve.high), (foot - (curve.top - foot) / area.height, curve.top))
    land.ground(curve.loss)
    told = not walk.hidden & {"left", "arrived", "place"}
    before = walk.path[-TRAIL - 1 :]
    land.thread([(w, curve.loss(w)) for w in before if curve.holds(w)], "trail")
    if not (walk.left or walk.arrived):
        _tangent(land, walk)
    for w in before[:-1]:
        land.mark(w, curve.loss(w), "•", "trail", above=True)
    if walk.left:
        edge = curve.low if walk.place < curve.low else curve.high
        land.arrow(walk.path[-2], walk.place, curve.loss(walk.path[-2]), "arrow")
        land.mark(walk.path[-2], curve.loss(walk.path[-2]), "○", "point", above=True)
        _gone(sheet, area, edge > 0)
    else:
        if told and not walk.arrived:
            land.arrow(walk.place, walk.next, walk.loss, "arrow")
        land.mark(walk.place, walk.loss, "●", "point", above=True)
    if axis:
        _axis(sheet, area, curve)


def _gone(sheet: Sheet, area: Area, right: bool) -> None:
    words = " gone → " if right else " ← gone "
    sheet.put(area.row, area.right - len(words) if right else area.column, words, "bad")


def _tangent(land: Landscape, walk: Walk) -> None:
    """The slope as a straight line through the point, as long on the screen whatever its direction."""
    w, loss, slope = walk.place, walk.loss, walk.slope
    across = land.column(w + 1) - land.column(w)
    down = land.row(loss) - land.row(loss + slope)
    reach = min(TANGENT, land.area.width / 5) / math.hypot(across, 2 * down)
    land.line([(w - reach, loss - reach * slope), (w + reach, loss + reach * slope)], "tangent")


def _axis(sheet: Sheet, area: Area, curve: Curve) -> None:
    high = num(curve.high)
    sheet.put(area.below, area.column, num(curve.low), "dim")
    sheet.put(area.below, area.column + area.width // 2 - 1, "w 0", "dim")
    sheet.put(area.below, area.right - len(high), high, "dim")


def _small(walk: Walk) -> str:
    return walk.outcome if walk.over else _sum(walk)


def _sum(walk: Walk) -> str:
    """The next step as a sum: the place less rate times slope."""
    slope = walk.said("slope", walk.slope)
    slope = f"({slope})" if slope.startswith("−") else slope
    told = not walk.hidden & {"left", "arrived"}
    after = walk.said("place", walk.next) if told else "?"
    return f"{walk.said('place', walk.place)} − {num(walk.rate)} × {slope} = {after}"


def _panel(sheet: Sheet, walk: Walk, area: Area) -> None:
    """The sum of the next step, what has become of the walk, and the loss by step."""
    row = area.row
    for words, style in _lines(walk, area):
        if row < area.below:
            sheet.put(row, area.column, fit(words, area.width), style)
        row += 1
    left = Area(row, area.column, area.width, area.below - row)
    if left.height >= 3:
        left = Area(row + 1, area.column, area.width, left.height - 1) if left.height > 4 else left
    if left.height >= 2:
        _losses(sheet, walk, left)
    else:
        sheet.leave_out("the loss by step")


def _lines(walk: Walk, area: Area) -> list[Line]:
    found: list[Line] = [] if walk.over and walk.outcome else [("w − rate × slope", "dim"), (_sum(walk), "strong")]
    style: Style = "bad" if walk.left else "good" if walk.arrived else "warn"
    for words, look in ((walk.outcome, style), (walk.limit, "plain")):
        found += [(line, look) for line in textwrap.wrap(words, max(area.width, 12))]
    return found


def _losses(sheet: Sheet, walk: Walk, area: Area) -> None:
    """The loss after every step, as ground of that height."""
    curve, now = walk.curve, walk.said("loss", walk.loss)
    sheet.spans(area.row, area.column, [("loss by step, now ", "dim"), (now, "strong")])
    if "loss" in walk.hidden:
        return
    losses = [curve.loss(w) for w in walk.path]
    top = max([loss for loss, w in zip(losses, walk.path, strict=True) if curve.holds(w)], default=1.0)
    plot = area._replace(row=area.row + 1, height=area.height - 1)
    wide = 2 if plot.width >= WIDE else 1
    bars = [loss for loss in folded(losses, plot.width // wide) for _ in range(wide)]
    Landscape(sheet, plot, (0, plot.width), (0.0, top * 1.001)).columns(bars)


def sentence(walk: Walk) -> str:
    """The picture in words."""
    curve = walk.curve
    kind = {"bowl": "a bowl", "narrow": "a narrow bowl", "dips": "a curve with a narrow, deep dip and a wide one"}
    place, loss, slope = (walk.said(n, getattr(walk, n)) for n in ("place", "loss", "slope"))
    steps = "So many steps that are yours to count" if "steps" in walk.hidden else plural(walk.steps, "step")
    if walk.left and not walk.hidden & {"left", "arrived"}:
        now = f"The weight is {place}, out of sight."
    else:
        now = f"The weight is {place}, the loss {loss}, the slope {slope}; the rate {num(walk.rate)}: {_sum(walk)}."
    return " ".join(part for part in (f"{steps} down {kind[curve.name]}.", now, walk.outcome, walk.limit) if part)
