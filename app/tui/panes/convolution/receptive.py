"""The pane of the receptive field: a cell of any layer, and the patch of the digit that it depends on, found twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.pictured import PicturePane, Place, bits
from fastai_tui.app.tui.panes.convolution import receptive_drawing
from fastai_tui.app.tui.panes.convolution.receptive_drawing import Found
from fastai_tui.engine import receptive
from fastai_tui.engine.receptive import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

EXPERIMENT, MODEL = "mnist-3v7", "cnn"
LAYERS = NETWORKS[EXPERIMENT, MODEL]
PIXELS = 28
WIDEST = receptive.sizes(LAYERS, PIXELS)[1]
PATIENCE = 0.15  # seconds without another key, after which the lab is asked for the gradient


class ReceptivePane(PicturePane):
    """The arrows move over the grid of a layer, [ and ] go through the layers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "layer(-1)", "layer", tooltip="layer before"),
        Binding("right_square_bracket", "layer(1)", "layer", tooltip="deeper layer"),
        Binding("v", "view", "gradient", tooltip="patch or gradient"),
    ]
    START: ClassVar[Place] = (6, 6)

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.number = _layer(scene.kept.get("layer", scene.step.show.get("layer", 1)))
        self.gradient_shown = scene.kept.get("view") == "gradient"
        self.answers: dict[tuple[int, Place], dict[str, Any]] = {}  # at most one for each of 266 cells
        self.seen = bits(scene.kept.get("cells")) & (1 << len(LAYERS) * WIDEST**2) - 1
        self._asking: Timer | None = None
        self.settle()
        self._see()

    def on_mount(self) -> None:
        super().on_mount()
        self._ask_soon()

    # What it says of itself

    def bounds(self) -> tuple[Place, Place]:
        last = receptive.sizes(LAYERS[: self.number], PIXELS)[-1] - 1
        return (0, 0), (last, last)

    @property
    def visited(self) -> int:
        """How many cells, of all layers, the cursor was at."""
        return self.seen.bit_count()

    def measured(self) -> Measured:
        return {
            "layer": self.number,
            "cell": self.at,
            "width": self.found().width,
            "visited": self.visited,
            "picture": self.picture.name,
        }

    def kept(self) -> State:
        return {
            "picture": self.picture.name,
            "at": list(self.at),
            "layer": self.number,
            "cells": f"{self.seen:x}",
            "view": "gradient" if self.gradient_shown else "patch",
        }

    def found(self) -> Found:
        """All that is known about the cell."""
        return Found(LAYERS, self.number, self.at, PIXELS, self.answers.get((self.number, self.at)))

    def sentence(self) -> str:
        found = self.found()
        if "width" in self.hidden:
            return f"Cell {self.at[0]},{self.at[1]} of layer {self.number}: how much it sees is yours to predict."
        return f"{found.where()} {found.growth(True)} {found.agreement()}"

    def command(self) -> Sequence[str]:
        """The sizes of all layers; where the field of one cell lies is for this pane alone."""
        return ("summary", EXPERIMENT)

    def code(self) -> str:
        return self.scene.step.code or "engine.receptive:field"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "layer":
            return 1 <= self.number + int(str(parameters[0])) <= len(LAYERS)
        return super().check_action(action, parameters)

    def action_layer(self, step: int) -> None:
        layer = min(max(self.number + step, 1), len(LAYERS))
        if layer != self.number:
            self._take_layer(layer)
            self.refresh_bindings()

    def action_view(self) -> None:
        self.gradient_shown = not self.gradient_shown
        self.changed()

    def spot(self, column: int, row: int) -> tuple[float, float] | None:
        """The layer's cell that lies over a pixel of the pictures."""
        found = super().spot(column, row)
        if found is None:
            return None
        shrunk = -(-PIXELS // self.spots[0][0].width)
        side = self.bounds()[1][0] + 1
        return found[0] * shrunk * side / PIXELS, found[1] * shrunk * side / PIXELS

    def _take_layer(self, layer: int) -> None:
        """Another layer, with the cursor on the cell that lies over about the same part of the digit."""
        before, after = (receptive.sizes(LAYERS[:depth], PIXELS)[-1] for depth in (self.number, layer))
        self.number = layer
        self.at = self.inside(
            ((2 * self.at[0] + 1) * after // (2 * before), (2 * self.at[1] + 1) * after // (2 * before))
        )
        self.changed()

    def changed(self) -> None:
        self._see()
        self._ask_soon()
        super().changed()

    def _see(self) -> None:
        self.seen |= 1 << ((self.number - 1) * WIDEST**2 + self.at[0] * WIDEST + self.at[1])

    # The gradient

    def _ask_soon(self) -> None:
        """Ask the lab when the cursor has come to rest, if it has not answered for this cell before."""
        if self._asking is not None:
            self._asking.stop()
            self._asking = None
        if self.is_attached and (self.number, self.at) not in self.answers:
            self._asking = self.set_timer(PATIENCE, self._ask)

    def _ask(self) -> None:
        from fastai_tui.lessons import experiments

        self._asking = None
        data = experiments.smallest(experiments.experiment(EXPERIMENT))
        job = experiments.order(EXPERIMENT, {"model": MODEL}, data=data, device="cpu")
        self.ask_lab("receptive_field", self._answered, job=job, layer=self.number, cell=list(self.at))

    def _answered(self, answer: dict[str, Any]) -> None:
        self.answers[answer["layer"], (answer["cell"][0], answer["cell"][1])] = answer

    # Drawing

    def lay_out(self, sheet: Sheet) -> None:
        receptive_drawing.draw(self, sheet, self.found(), self.gradient_shown, "width" in self.hidden)


def _layer(value: object) -> int:
    """A layer as a chapter or a progress file says it."""
    whole = int(value) if isinstance(value, (int, float)) and abs(value) < 1e6 else 1
    return min(max(whole, 1), len(LAYERS))
