"""A digit as numbers and as shades, side by side, with a cursor; and a brush to draw one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app import halfblocks
from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.panes import parts
from fastai_tui.app.tui.panes.layout import Area, Frame, Need, arrange
from fastai_tui.app.tui.panes.pictured import PicturePane
from fastai_tui.app.tui.pictures import Picture
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.lessons import drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.engine.data.digits import Pixels
    from fastai_tui.lessons.conditions import Measured

SIZES = ((28, 56), (14, 28))
# Squares only where at least as many numbers fit with them as under half blocks
LARGE, NEEDS = (Need(11, 20), Need(42, 0)), (Need(42, 0), Need(11, 4), Need(0, 5))
UNDO = 100  # strokes that can be taken back
SHADES = halfblocks.grey()
PENS = {"up": "pen up", "down": "drawing", "rub": "rubbing"}


class PixelsPane(PicturePane):
    """`e` takes up the learner's own drawing: then the arrows move a brush, space sets it down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "draw", "draw, stop"),
        Binding("escape", "leave", "stop drawing", show=False),
        Binding("space", "pen('down')", "brush down, up"),
        Binding("backspace,delete", "pen('rub')", "rub out"),
        Binding("z", "clear", "clear the drawing", show=False),
        Binding("y", "copy", "copy this digit into it", show=False),
        Binding("u", "undo", "take a stroke back", show=False),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.drawing = False
        self.pen = "up"
        self._history: list[Pixels] = []
        self._last: tuple[float, float] | None = None  # where a mouse's stroke has come to
        self.settle()

    @property
    def value(self) -> int:
        """The pixel under the cursor."""
        return self.picture.rows[self.at[0]][self.at[1]]

    def measured(self) -> Measured:
        own = self.picture.rows if self.picture.name == pictures.DRAWN else ()
        return {**super().measured(), "value": self.value, "drawn": drawing.inked(own)}

    def sentence(self) -> str:
        row, column = self.at
        round_it = [line[max(column - 1, 0) : column + 2] for line in self.picture.rows[max(row - 1, 0) : row + 2]]
        near = "" if self._secret else "; round it: " + ", ".join(" ".join(map(str, line)) for line in round_it)
        return (
            f"This is {self.picture.title}: 28 rows of 28 pixels{self._amount()}. "
            f"The cursor is on row {row}, column {column}, which is {self._word} of 255{near}. "
            f"{self._ink_lies()}"
        )

    def command(self) -> Sequence[str]:
        at = f"{self.at[0]},{self.at[1]}"
        inside = all(1 <= part <= 26 for part in self.at)
        place = ("--at", at) if inside else ()
        return ("convolve", "--image", pictures.reference(self.picture.name), "--kernel", "0,0,0;0,1,0;0,0,0", *place)

    def code(self) -> str:
        return super().code() or "engine.data.digits:digit"

    # Drawing with keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("pen", "clear", "undo", "leave"):
            return self.drawing
        if action == "copy":
            return self.picture.name != pictures.DRAWN
        if action in ("picture", "example", "drawing"):
            return not self.drawing
        return True

    def action_draw(self) -> None:
        if self.drawing:
            self._lift(False)
        else:
            self._take_up()

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
        self.changed()

    # The picture of it all

    def lay_out(self, sheet: Sheet) -> None:
        whole = parts.excerpt_size(self.picture.rows)
        if sheet.width >= whole[0] and sheet.height > whole[1]:
            self._whole(sheet, whole)
            return
        large = arrange(sheet.width, sheet.height, SIZES[:1], LARGE)
        frame = large or arrange(sheet.width, sheet.height, SIZES[1:], NEEDS)
        if frame is None:
            sheet.leave_out("the picture")
            sheet.spans(0, 0, self._line())
            self._numbers(sheet, Area(1, 0, sheet.width, sheet.height - 1))
            return
        self.digit(sheet, frame.picture, {self.at: 1.0})
        self._words(sheet, frame)

    def _words(self, sheet: Sheet, frame: Frame) -> None:
        if frame.beside.width >= 42:
            row, column, width, height = frame.beside
            sheet.spans(row, column, self._line())
            self._numbers(sheet, Area(row + 2, column, width, height - 2))
        elif frame.beside.width >= 11:
            self._side(sheet, frame.beside)
            self._numbers(sheet, frame.below)
        else:
            sheet.spans(frame.below.row, 0, self._line())
            self._numbers(sheet, frame.below._replace(row=frame.below.row + 1, height=frame.below.height - 1))

    def _whole(self, sheet: Sheet, whole: tuple[int, int]) -> None:
        """All of the numbers, with the shades beside them where there is room."""
        sheet.spans(0, 0, self._line())
        self._numbers(sheet, Area(1, 0, whole[0], whole[1]))
        room = sheet.width - whole[0] - 2
        size = next(((rows, columns) for rows, columns in SIZES if columns <= room), None)
        if size:
            self.digit(sheet, Area(2, whole[0] + 2, size[1], size[0]), {self.at: 1.0})

    def _numbers(self, sheet: Sheet, area: Area) -> None:
        rows: list[list[int | None]] = [list(row) for row in self.picture.rows]
        if self._secret:
            rows[self.at[0]][self.at[1]] = None
        parts.excerpt(sheet, area, rows, self.at, SHADES)

    @property
    def _secret(self) -> bool:
        """Must the value under the cursor be predicted first?"""
        return "value" in self.hidden

    @property
    def _word(self) -> str:
        return "?" if self._secret else str(self.value)

    def _side(self, sheet: Sheet, area: Area) -> None:
        """Beside a small picture: what it is, the place, the value on its shade, the brush."""
        label = self.picture.label
        sheet.put(area.row, area.column, f"a {label}" if label else "your own", "title")
        if label:
            sheet.put(area.row + 1, area.column, self.picture.name.partition(":")[2].join(("no. ", "")), "dim")
        sheet.put(area.row + 3, area.column, f"row {self.at[0]:>4}")
        sheet.put(area.row + 4, area.column, f"column {self.at[1]}")
        shade = "strong" if self._secret else parts.tint(SHADES, self.value, sheet.sight)
        sheet.put(area.row + 6, area.column, f"{self._word:^7}", shade)
        sheet.put(area.row + 7, area.column, "of 255", "dim")
        if self.drawing:
            sheet.put(area.row + 9, area.column, PENS[self.pen], "accent")
            sheet.put(area.row + 10, area.column, f"{drawing.inked(self.picture.rows)} inked", "dim")
        if sheet.sight.depth == "none":
            sheet.put(area.row + 12, area.column, "0      255", "dim")
            sheet.put(area.row + 13, area.column, SHADES.ramp.characters)
        else:
            sheet.legend(area.row + 13, area.column, SHADES, "0", "255", cells=5)

    def _line(self) -> list[tuple[str, Style]]:
        row, column = self.at
        words: list[tuple[str, Style]] = [
            (f"a {self.picture.label}" if self.picture.label else "your own", "title"),
            (f" ({row},{column}): ", "plain"),
            (self._word, "strong"),
            (" of 255", "dim"),
        ]
        return [*words, (f" {PENS[self.pen]}", "accent")] if self.drawing else words

    def _amount(self) -> str:
        """How much was drawn: for the goal that asks for it."""
        return f", {drawing.inked(self.picture.rows)} of them inked" if self.picture.name == pictures.DRAWN else ""

    def _ink_lies(self) -> str:
        """Where on the grid the ink is, for whoever can not see it."""
        inked = [(i, j) for i, row in enumerate(self.picture.rows) for j, v in enumerate(row) if v > 127]
        if not inked:
            return "Nothing on it is bright."
        rows, columns = zip(*inked, strict=True)
        return f"What is bright lies in rows {min(rows)} to {max(rows)}, columns {min(columns)} to {max(columns)}."
