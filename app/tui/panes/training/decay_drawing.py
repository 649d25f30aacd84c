"""Weight decay on paper: two weights' ways on a map of the loss, coupled and decoupled, and where they are now."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cached_property
from math import dist
from typing import TYPE_CHECKING

from fastai_tui.app.text import plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.training.landscape import Ink, Landscape, ink, num, page
from fastai_tui.engine import decay
from fastai_tui.engine.decay import Mode, Opt, Weight

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet, Style

MODES: tuple[Mode, Mode] = ("coupled", "decoupled")
INKS: dict[Mode, Ink] = {"coupled": "arrow", "decoupled": "tangent"}
SIGNS: dict[Mode, str] = {"coupled": "●", "decoupled": "▲"}
LARGE, SMALL = (0.0, 4.0), (-0.35, 3.0)  # what the map holds of each weight
BRIEF = 24  # columns of the table at its narrowest
SAME = 1e-9  # nearer than this the two have come to the same
ENDS = frozenset({"large", "small", "apart"})
Line = tuple[str, "Style"]


@dataclass(frozen=True)
class Decay:
    """So many batches with a rate and a decay; `mode` is the one that is asked about, `hidden` what is not told yet."""

    steps: int
    rate: float
    wd: float
    opt: Opt
    mode: Mode
    hidden: frozenset[str] = frozenset()

    @cached_property
    def paths(self) -> dict[Mode, list[tuple[Weight, Weight]]]:
        return {mode: decay.path(self.steps, self.rate, self.wd, self.opt, mode) for mode in MODES}

    @property
    def ends(self) -> dict[Mode, tuple[Weight, Weight]]:
        return {mode: path[-1] for mode, path in self.paths.items()}

    @property
    def apart(self) -> float:
        """How far the two ways have come from one another."""
        coupled, decoupled = ([weight.value for weight in end] for end in self.ends.values())
        return dist(coupled, decoupled)

    @property
    def sizes(self) -> tuple[float, float]:
        """How large Adam finds either weight's gradients, with coupled decay."""
        large, small = (decay.size(weight.square, weight.steps) for weight in self.ends["coupled"])
        return large, small

    @property
    def rule(self) -> str:
        """What the chosen mode does to a weight."""
        if self.mode == "decoupled":
            return f"w × (1 − {num(self.rate)} × {num(self.wd)}), then the step"
        return f"gradient + {num(self.wd)} × w" + (", then Adam's step" if self.opt == "adam" else ", then the step")

    @property
    def outcome(self) -> str:
        """What there is to see."""
        if not self.steps or self.secret:
            return ""
        if not self.wd:
            return "Without decay there is nothing to couple: one way."
        if self.opt == "sgd":
            return "With plain SGD both come to the same."
        large, small = map(num, self.sizes)
        return f"Adam divides coupled decay by the gradients' size: {large} for large, {small} for small."

    @property
    def secret(self) -> bool:
        """Is where the weights end still to be predicted?"""
        return bool(self.hidden & ENDS)

    @property
    def apart_said(self) -> str:
        """How far apart, or the mark in its place: a weight that is hidden could be told from it."""
        return "?" if self.secret else self.said("apart", self.apart)

    def said(self, name: str, value: float) -> str:
        """A number, or the mark in its place."""
        return "?" if name in self.hidden else num(value) if abs(value) >= SAME else "0"


def draw(sheet: Sheet, what: Decay) -> None:
    """All of it, as the room allows."""
    title = f"{what.opt}, wd {num(what.wd)}, rate {num(what.rate)}"
    area, panel = page(sheet, title, "", f"batch {what.said('steps', what.steps)}")
    if panel.height > 1:
        _map(sheet, what, area)
        _panel(sheet, what, panel)
        return
    left = max(area.width - BRIEF, 0)
    _map(sheet, what, Area(1, 0, left, max(sheet.height - 1, 0)))
    _table(sheet, what, 1, left + 1, brief=True)
    sheet.leave_out("what the decay does")


def _map(sheet: Sheet, what: Decay, area: Area) -> None:
    """The loss seen from above, a valley along `small`, and both ways; the chosen one lies on top."""
    axis = area.height >= 6
    area = area._replace(height=area.height - axis)
    if area.height <= 0 or area.width <= 0:
        return
    land = Landscape(sheet, area, LARGE, SMALL)
    most = decay.loss(LARGE[0])
    land.heat(lambda large: (decay.loss(large) / most) ** 0.5)
    shown = [mode for mode in MODES if not what.secret]
    for mode in sorted(shown, key=lambda mode: mode == what.mode):
        points = [(large.value, small.value) for large, small in what.paths[mode]]
        land.line(points, INKS[mode])
    for mode in sorted(shown, key=lambda mode: mode == what.mode):
        large, small = what.ends[mode]
        land.mark(large.value, small.value, SIGNS[mode], INKS[mode])
    land.mark(*decay.START, "○", "point")
    if area.height >= 8 and area.width >= 20:
        _sides(land)
    if axis:
        _axis(sheet, area, land)


def _sides(land: Landscape) -> None:
    """The names of the weights, and the line on which the second is nought."""
    zero = int(land.row(0))
    for column in range(land.area.width):
        if (zero, column) in land.free:
            land.over(zero, column, "╌" if land.sheet.sight.unicode else "-", "trail")
    for i, letter in enumerate("3 small"):
        if (0, i) in land.free:
            land.over(0, i, letter, "trail")
    land.over(zero - 1, 0, "0", "trail")


def _axis(sheet: Sheet, area: Area, land: Landscape) -> None:
    wanted = land.at(decay.WANTED)
    sheet.put(area.below, area.column, "large 0", "dim")
    words = "↑ the data want 3"
    sheet.put(area.below, area.column + min(wanted, max(area.width - len(words), 8)), words, "dim")


def _table(sheet: Sheet, what: Decay, row: int, column: int, *, brief: bool = False) -> int:
    """Both weights as each mode has them now; returns the row after."""
    first = 12
    sheet.put(row, column + first, "large small" if brief else " large   small   apart", "dim")
    if not brief:
        sheet.put(row + 1, column + first + 22 - len(apart := what.apart_said), apart, "plain")
    for mode in MODES:
        row += 1
        chosen: Style = "strong" if mode == what.mode else "plain"
        sheet.put(row, column, SIGNS[mode], ink(INKS[mode], sheet.sight, bold=True))
        sheet.put(row, column + 2, mode, chosen)
        for i, (name, weight) in enumerate(zip(("large", "small"), what.ends[mode], strict=True)):
            words = "?" if name in what.hidden else f"{weight.value + 0.0:.2f}".replace("-0.00", "0.00")
            place = column + first + (i * 5 + 5 if brief else i * 8 + 6)
            sheet.put(row, place - len(words), words.replace("-", "−"), chosen)
    return row + 1


def _panel(sheet: Sheet, what: Decay, area: Area) -> None:
    row = _table(sheet, what, area.row, area.column)
    said: list[Line] = [(what.rule, "code"), (what.outcome, "plain")]
    lines = [(line, style) for words, style in said for line in textwrap.wrap(words, max(area.width, 12))]
    row += area.below - row > len(lines)  # a line between, where there is one to spare
    room = max(area.below - row, 0)
    for i, (line, style) in enumerate(lines[:room]):
        sheet.put(row + i, area.column, line, style)
    if len(lines) > room:
        sheet.leave_out("some of the notes")


def sentence(what: Decay) -> str:
    """The picture in words."""
    steps = "Some batches" if "steps" in what.hidden else plural(what.steps, "batch")
    ends = "; ".join(
        f"{mode}: large {what.said('large', large.value)}, small {what.said('small', small.value)}"
        for mode, (large, small) in what.ends.items()
    )
    return (
        f"{steps} with {what.opt}, weight decay {num(what.wd)} and rate {num(what.rate)}, on two weights: the data "
        f"want large to be {num(decay.WANTED)} and do not care about small. {ends}. They are "
        f"{what.apart_said} apart. Chosen: {what.mode}, {what.rule}. {what.outcome}"
    ).rstrip()
