"""The pane of gradient descent: a point on a curve, its tangent, and the step that the rate makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.playing import PlayingPane, numbers, one_of
from fastai_tui.app.tui.panes.training import descent_drawing
from fastai_tui.app.tui.panes.training.descent_drawing import Walk
from fastai_tui.engine import descent
from fastai_tui.engine.descent import CURVES, Curve

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

RATE = 0.125
LONGEST = 200  # steps
NUDGE = 50  # presses of an arrow from one end to the other
NAMES = tuple(curve.name for curve in CURVES)


class DescentPane(PlayingPane):
    """`self.path` holds the places so far, the first of them where the arrows have put it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "start", tooltip="begin further left"),
        Binding("right", "move(1)", "start", tooltip="begin further right"),
        Binding("home", "edge(0)", "begin at the left edge", show=False),
        Binding("end", "edge(1)", "begin at the right edge", show=False),
        Binding("k", "curve(1)", "curve", tooltip="next curve"),
        Binding("K", "curve(-1)", "curve before", show=False),
    ]
    FIRST = (*PlayingPane.FIRST, "k")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.curve: Curve = CURVES[NAMES.index(one_of(NAMES, self.option("curve")))]
        given = one_of(NAMES, scene.step.show.get("curve"))  # whose start the step may say
        begin = numbers([scene.step.show.get("start")], 1) if self.curve.name == given else []
        path = numbers(scene.kept.get("path"), LONGEST + 1) or begin
        self.path = path if path and all(map(self.curve.holds, path[:-1])) else [self.curve.start]
        self.path[0] = self._inside(self.path[0])

    @property
    def rate(self) -> float:
        return self.knob("rate", RATE, 0.0, 1000.0)

    @property
    def walk(self) -> Walk:
        """Everything that is drawn."""
        return Walk(self.curve, tuple(self.path), self.rate, LONGEST, self.hidden)

    # What it says of itself

    def measured(self) -> Measured:
        walk = self.walk
        return {
            "steps": walk.steps,
            "loss": walk.loss,
            "rate": self.rate,
            "arrived": int(walk.arrived),
            "left": int(walk.left),
            "curve": self.curve.name,
            "place": walk.place,
            "slope": walk.slope,
            "bound": walk.bound,
        }

    def kept(self) -> State:
        return {"curve": self.curve.name, "path": list(self.path)}

    def sentence(self) -> str:
        return descent_drawing.sentence(self.walk)

    def code(self) -> str:
        return self.scene.step.code or "engine.descent:step"

    # Steps

    @property
    def begun(self) -> bool:
        return len(self.path) > 1

    @property
    def over(self) -> bool:
        return self.walk.over

    def ended(self) -> str:
        return f"{self.walk.outcome} u goes back, z begins anew."

    def advance(self) -> None:
        self.path.append(descent.step(self.curve, self.path[-1], self.rate))

    def retreat(self) -> None:
        self.path.pop()

    def restart(self) -> None:
        del self.path[1:]

    # Keys

    def action_move(self, way: int) -> None:
        curve = self.curve
        self._begin_at(self.path[0] + way * (curve.high - curve.low) / NUDGE)

    def action_edge(self, which: int) -> None:
        self._begin_at((self.curve.low, self.curve.high)[which])

    def action_curve(self, way: int) -> None:
        self.curve = CURVES[(CURVES.index(self.curve) + way) % len(CURVES)]
        self._begin_at(self.curve.start)

    def _begin_at(self, place: float) -> None:
        self.stop()
        self.path = [self._inside(place)]
        self.settle()

    def _inside(self, place: float) -> float:
        return round(min(max(place, self.curve.low), self.curve.high), 6)

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        descent_drawing.draw(sheet, self.walk)
