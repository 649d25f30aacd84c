"""A pane with a picture that the learner can draw: with keys or the mouse, kept at every stroke."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.panes.common.pictured import PicturePane
from fastai_tui.app.tui.pictures import Picture
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.lessons import drawing

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.data.digits import Pixels

UNDO = 100  # strokes that can be taken back
PENS = {"up": "pen up", "down": "drawing", "rub": "rubbing"}


class BrushPane(PicturePane):
    """`e` takes up the learner's own drawing: then the arrows move a brush, space sets it down. `pictured` is called
    after every stroke."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "draw", "draw", tooltip="draw a digit of your own"),
        Binding("e", "leave", "stop drawing"),
        Binding("escape", "leave", "stop drawing", show=False),
        Binding("space", "pen('down')", "brush", tooltip="brush down, up"),
        Binding("backspace", "pen('rub')", "rub out"),
        Binding("delete", "pen('rub')", "rub out", show=False),
        Binding("u", "undo", "undo", tooltip="take a stroke back"),
        Binding("z", "clear", "clear", tooltip="clear the drawing"),
        Binding("y", "copy", "copy this digit to draw on it", show=False),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "e", "backspace")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.drawing = False
        self.pen = "up"
        self._history: list[Pixels] = []
        self._last: tuple[float, float] | None = None  # where a mouse's stroke has come to

    # Drawing with keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("pen", "clear", "undo", "leave"):
            return self.drawing
        if action == "copy":
            return self.picture.name != pictures.DRAWN
        if action in ("picture", "example", "drawing", "draw"):
            return not self.drawing
        return super().check_action(action, parameters) and not (action == "given" and self.drawing)

    def action_draw(self) -> None:
        self._take_up()

    def action_drawing(self) -> None:
        """Who has not drawn anything yet begins to."""
        if self.picture.name == pictures.DRAWN or os.path.lexists(drawing.path()):
            super().action_drawing()
        else:
            self.action_draw()

    def action_leave(self) -> None:
        self._lift(False)

    def action_pen(self, pen: str) -> None:
        self.pen = "up" if self.pen == pen else pen
        self._remember()
        self._stroke(self.at, self.at)
        self.refresh_bindings()

    def action_move(self, down: int, across: int) -> None:
        start = self.at
        super().action_move(down, across)
        if self.drawing and self.at != start:
            self._stroke(start, self.at)

    def action_clear(self) -> None:
        self._remember()
        self._paint(drawing.BLANK)

    def action_undo(self) -> None:
        if self._history:
            self._paint(self._history.pop())
        else:
            self.say("There is nothing to take back.")

    def action_copy(self) -> None:
        """The digit that is shown becomes the learner's drawing, to draw on."""
        pixels = self.picture.rows
        if self._take_up():
            self._remember()
            self._paint(pixels)

    # Drawing with the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        spot = self.spot(event.x, event.y)
        if self.drawing and spot:
            self.capture_mouse()
            self._remember()
            self._drag(spot)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        spot = self.spot(event.x, event.y)
        if self.drawing and spot and self._last:
            self._drag(spot)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._last = None
        self.release_mouse()

    def _drag(self, spot: tuple[float, float]) -> None:
        start, self._last = self._last or spot, spot
        self.at = self.inside((int(spot[0]), int(spot[1])))
        self._paint(drawing.stroked(self.picture.rows, start, spot, rub=self.pen == "rub"))

    # What drawing changes

    def _take_up(self) -> bool:
        """Show the learner's drawing and hold the brush over it; False where there is one that can not be read."""
        try:
            own = drawing.read() or drawing.BLANK
        except FastaiTuiError as error:
            self.say(str(error))
            return False
        if self.picture.name != pictures.DRAWN:
            self.before = self.picture.name
        self.picture = Picture(pictures.DRAWN, own)
        self.pictured()
        self._lift(True)
        return True

    def _lift(self, drawing_now: bool) -> None:
        self.drawing, self.pen, self._last = drawing_now, "up", None
        self.refresh_bindings()
        self.changed()

    def _stroke(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        if self.pen == "up":
            self.changed()
            return
        self._paint(drawing.stroked(self.picture.rows, start, end, rub=self.pen == "rub"))

    def _remember(self) -> None:
        if not self._history or self._history[-1] != self.picture.rows:
            self._history = [*self._history[-UNDO:], self.picture.rows]

    def _paint(self, pixels: Pixels) -> None:
        """Show the drawing as it is now, and keep it at once."""
        self.picture = Picture(pictures.DRAWN, pixels)
        try:
            drawing.keep(pixels)
        except FastaiTuiError as error:
            self.say(str(error))
        self.pictured()
        self.changed()
