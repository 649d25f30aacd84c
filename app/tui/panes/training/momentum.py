"""The pane of momentum: a ball on a landscape, which keeps a share of its velocity at every step."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.playing import LONGEST, PlayingPane, numbers
from fastai_tui.app.tui.panes.training import momentum_drawing
from fastai_tui.app.tui.panes.training.momentum_drawing import Roll
from fastai_tui.engine import ball
from fastai_tui.engine.ball import Ball
from fastai_tui.engine.descent import LANDSCAPE

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

RATE, MOMENTUM, NOISE = 0.02, 0.9, 0.0
NUDGE = 50  # presses of an arrow from one end to the other
Turn = tuple[float, float, float]  # rate, momentum and noise


class MomentumPane(PlayingPane):
    """`self.balls` is where it was at every step; `self.turns` how the knobs stood at each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "start", tooltip="begin further left"),
        Binding("right", "move(1)", "start", tooltip="begin further right"),
        Binding("home", "edge(0)", "begin at the left edge", show=False),
        Binding("end", "edge(1)", "begin at the right edge", show=False),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        start = numbers([self.option("start")], 1) or [LANDSCAPE.start]
        self.balls = [Ball(_inside(start[0]))]
        self.turns: list[Turn] = []
        for turn in _turns(scene.kept.get("turns")):
            if not self.over:
                self._roll(turn)

    @property
    def now(self) -> Turn:
        """How the knobs stand."""
        momentum = self.knob("momentum", MOMENTUM, 0.0, 1.0)
        return self.knob("rate", RATE, 0.0, 100.0), momentum, self.knob("noise", NOISE, 0.0, 1000.0)

    @property
    def roll(self) -> Roll:
        """Everything that is drawn."""
        return Roll(LANDSCAPE, tuple(self.balls), *self.now, LONGEST, self.hidden)

    # What it says of itself

    def measured(self) -> Measured:
        roll = self.roll
        return {
            "steps": roll.steps,
            "found": int(roll.found),
            "escaped": int(roll.escaped),
            "left": int(roll.left),
            "overshoots": roll.overshoots,
            "speed": abs(roll.speed),
            "place": roll.place,
            "distance": roll.distance,
            "momentum": roll.momentum,
            "rate": roll.rate,
            "noise": roll.noise,
        }

    def kept(self) -> State:
        turns = [(len(list(alike)), *turn) for turn, alike in groupby(self.turns)]
        return {"start": self.balls[0].place, "turns": [value for each in turns for value in each]}

    def sentence(self) -> str:
        return momentum_drawing.sentence(self.roll)

    def code(self) -> str:
        return self.scene.step.code or "engine.ball:roll"

    # Steps

    @property
    def begun(self) -> bool:
        return bool(self.turns)

    @property
    def over(self) -> bool:
        roll = Roll(LANDSCAPE, tuple(self.balls), RATE, MOMENTUM, NOISE, LONGEST)
        return roll.over

    def ended(self) -> str:
        return f"{self.roll.outcome} u goes back, z begins anew."

    def advance(self) -> None:
        self._roll(self.now)

    def retreat(self) -> None:
        self.balls.pop()
        self.turns.pop()

    def restart(self) -> None:
        del self.balls[1:], self.turns[:]

    def _roll(self, turn: Turn) -> None:
        rate, momentum, noise = turn
        off = ball.noise(noise, len(self.turns))
        self.balls.append(ball.roll(LANDSCAPE, self.balls[-1], rate, momentum, off))
        self.turns.append(turn)

    # Keys

    def action_move(self, way: int) -> None:
        self._begin_at(self.balls[0].place + way * (LANDSCAPE.high - LANDSCAPE.low) / NUDGE)

    def action_edge(self, which: int) -> None:
        self._begin_at((LANDSCAPE.low, LANDSCAPE.high)[which])

    def _begin_at(self, place: float) -> None:
        self.stop()
        self.restart()
        self.balls = [Ball(_inside(place))]
        self.settle()

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        momentum_drawing.draw(sheet, self.roll)


def _inside(place: float) -> float:
    return round(min(max(place, LANDSCAPE.low), LANDSCAPE.high), 6)


def _turns(kept: object) -> list[Turn]:
    """How the knobs stood at every step, kept as steps, rate, momentum, noise, steps, …; nonsense is no step."""
    values, found = numbers(kept, 4 * LONGEST), list[Turn]()
    for steps, *turn in zip(*[iter(values)] * 4, strict=False):
        rate, momentum, noise = (min(max(value, 0.0), 1000.0) for value in turn)
        found += [(rate, momentum, noise)] * int(min(max(steps, 0), LONGEST))
    return found[:LONGEST]
