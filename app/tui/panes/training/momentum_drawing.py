"""A ball with momentum on paper: the landscape with its way, the two lines of arithmetic, slopes and their average."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.training.landscape import Landscape, folded, ink, num, page
from fastai_tui.engine import ball, descent
from fastai_tui.engine.ball import Ball
from fastai_tui.engine.descent import Curve

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet, Style

TRAIL = 80  # places that are still to be seen
OUTCOMES = frozenset({"found", "escaped", "left"})
Line = tuple[str, "Style"]


@dataclass(frozen=True)
class Roll:
    """A ball's way: where it was, how the knobs stand for the next step, how many it may have, what is not told yet."""

    curve: Curve
    balls: tuple[Ball, ...]
    rate: float
    momentum: float
    noise: float
    longest: int
    hidden: frozenset[str] = frozenset()

    @property
    def place(self) -> float:
        return self.balls[-1].place

    @property
    def steps(self) -> int:
        return len(self.balls) - 1

    @property
    def speed(self) -> float:
        """How far the last step went, to the right."""
        return self.place - self.balls[-2].place if self.steps else 0.0

    @cached_property
    def next(self) -> Ball:
        off = ball.noise(self.noise, self.steps)
        return ball.roll(self.curve, self.balls[-1], self.rate, self.momentum, off)

    @cached_property
    def places(self) -> list[float]:
        return [each.place for each in self.balls]

    @property
    def left(self) -> bool:
        """Has it rolled out of sight?"""
        return not self.curve.holds(self.place)

    @cached_property
    def rest(self) -> float | None:
        """The bottom that it has come to rest at."""
        return ball.settled(self.curve, self.places)

    @property
    def found(self) -> bool:
        return self.rest is not None and self.rest == descent.lowest(self.curve)

    @property
    def escaped(self) -> bool:
        """Did it ever come over the hump behind the shallow dip?"""
        return max(self.places) > ball.crest(self.curve)

    @cached_property
    def overshoots(self) -> int:
        return ball.overshoots(self.curve, self.places)

    @property
    def distance(self) -> float:
        """How far it is from the deep dip's bottom."""
        return abs(self.place - descent.lowest(self.curve))

    @property
    def over(self) -> bool:
        return self.left or self.steps >= self.longest or self.rest is not None

    @property
    def outcome(self) -> str:
        """What has become of it, in a sentence; nothing while it rolls."""
        if self.hidden & OUTCOMES:
            return "Where it ends is yours to predict."
        if self.left:
            where = "over the rim on the right" if self.place > 0 else "out of sight on the left"
            return f"It flew {where} at step {self.steps}."
        if self.found:
            return f"It stays in the deep dip: {plural(self.steps, 'step')}."
        if self.rest is not None:
            return f"It stays in the shallow dip: {plural(self.steps, 'step')}."
        return f"{self.steps} steps, and it does not rest." if self.over else ""

    def said(self, name: str, value: float) -> str:
        """A number, or the mark in its place."""
        return "?" if name in self.hidden else num(value)


def draw(sheet: Sheet, roll: Roll) -> None:
    """All of it, as the room allows."""
    noise = f", noise {num(roll.noise)}" if roll.noise else ""
    title = f"momentum {num(roll.momentum)}, rate {num(roll.rate)}{noise}"
    land, panel = page(sheet, title, "", f"step {roll.said('steps', roll.steps)}")
    _land(sheet, roll, land)
    if panel.height > 1:
        _panel(sheet, roll, panel)
    else:
        words = roll.outcome if roll.over else _velocity(roll)
        sheet.put(panel.row, 0, fit(words, panel.width), "plain")
        sheet.leave_out("the slopes' average")


def _land(sheet: Sheet, roll: Roll, area: Area) -> None:
    """The landscape, the ball's way, and its next step: with momentum, and by the slope alone."""
    if area.height <= 0 or area.width <= 0:
        return
    curve = roll.curve
    land = Landscape(sheet, area, (curve.low, curve.high), (-0.25, curve.top))
    land.ground(curve.loss)
    before = [place for place in roll.places[-TRAIL - 1 :] if curve.holds(place)]
    land.thread([(w, curve.loss(w)) for w in before], "trail")
    for w in before[: None if roll.left else -1]:
        land.mark(w, curve.loss(w), "•", "trail", above=True)
    if roll.left:
        words = "gone →" if roll.place > 0 else "← gone"
        sheet.put(area.row, area.right - len(words) if roll.place > 0 else area.column, words, "bad")
        return
    height = curve.loss(roll.place)
    if not roll.over and not roll.hidden & OUTCOMES:
        alone = roll.place - roll.rate * roll.next.slope
        land.arrow(roll.place, alone, height + (curve.top + 0.25) / area.height, "tangent")
        land.arrow(roll.place, roll.next.place, height, "arrow")
    land.mark(roll.place, height, "●", "point", above=True)


def _velocity(roll: Roll) -> str:
    """The next velocity as a sum, after PyTorch's convention."""
    last, after = roll.balls[-1], roll.next
    sign, slope = ("−", -after.slope) if after.slope < 0 else ("+", after.slope)
    return f"{num(roll.momentum)} × {_bracketed(last.velocity)} {sign} {num(slope)} = {num(after.velocity)}"


def _move(roll: Roll) -> str:
    velocity = _bracketed(roll.next.velocity)
    after = "?" if roll.hidden & OUTCOMES else roll.said("place", roll.next.place)
    return f"{roll.said('place', roll.place)} − {num(roll.rate)} × {velocity} = {after}"


def _bracketed(value: float) -> str:
    words = num(value)
    return f"({words})" if words.startswith("−") else words


def _panel(sheet: Sheet, roll: Roll, area: Area) -> None:
    """The arithmetic, what has become of the ball, and how the velocity averages the slopes."""
    row = area.row
    for words, style in _lines(roll, area)[: area.height]:
        sheet.put(row, area.column, fit(words, area.width), style)
        row += 1
    left = Area(row, area.column, area.width, area.below - row)
    if left.height > 6:
        left = left._replace(row=left.row + 1, height=left.height - 1)
    if left.height >= 3:
        _slopes(sheet, roll, left)
    else:
        sheet.leave_out("the slopes' average")


def _lines(roll: Roll, area: Area) -> list[Line]:
    sums: list[Line] = [
        ("v = momentum × v + slope", "dim"),
        (_velocity(roll), "strong"),
        ("w = w − rate × v", "dim"),
        (_move(roll), "strong"),
    ]
    if area.height < 10:
        sums = sums[1::2]
    style: Style = "bad" if roll.left else "good" if roll.found else "warn"
    ends: list[Line] = [(line, style) for line in textwrap.wrap(roll.outcome, max(area.width, 12))]
    past: list[Line] = [(f"past a bottom: {roll.said('overshoots', roll.overshoots)}×", "plain")]
    return [*([] if roll.over and roll.outcome else sums), *ends, *past]


def _slopes(sheet: Sheet, roll: Roll, area: Area) -> None:
    """Every batch's slope as a dot, and as a line what the velocity makes of them: their average."""
    row, column = area.row, area.column
    column = sheet.put(row, column, "• slope", ink("trail", sheet.sight))
    sheet.put(row, column + 2, "─ average v·(1−momentum)", ink("arrow", sheet.sight))
    plot = area._replace(row=row + 1, height=area.height - 1)
    rolled = roll.balls[1:]
    slopes = folded([each.slope for each in rolled], plot.width)
    averages = folded([ball.average(each.velocity, roll.momentum) for each in rolled], plot.width)
    most = max([abs(value) for value in (*slopes, *averages)], default=1.0) * 1.05 or 1.0
    land = Landscape(sheet, plot, (0, plot.width), (-most, most))
    for i in range(plot.width):
        land.over(plot.height // 2, i, "╌" if sheet.sight.unicode else "-", "trail")
    for i, slope in enumerate(slopes):
        land.mark(i + 0.5, slope, "•", "trail")
    land.line([(i + 0.5, average) for i, average in enumerate(averages)], "arrow")


def sentence(roll: Roll) -> str:
    """The picture in words."""
    steps = "Some steps" if "steps" in roll.hidden else plural(roll.steps, "step")
    place, passed = roll.said("place", roll.place), roll.said("overshoots", roll.overshoots)
    noise = f", each slope off by about {num(roll.noise)}" if roll.noise else ""
    begin = (
        f"{steps} of a ball on a landscape with a shallow dip before a deep one, "
        f"with momentum {num(roll.momentum)} and rate {num(roll.rate)}{noise}: it is at {place}, "
        f"and has run past a bottom {passed} times."
    )
    following = "" if roll.over else f"The next velocity: {_velocity(roll)}; the next place: {_move(roll)}."
    return " ".join(part for part in (begin, roll.outcome, following) if part)
