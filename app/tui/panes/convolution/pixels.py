"""A digit as numbers and as shades, side by side, with a cursor; and a brush to draw one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.layout import Area, Frame, Need, arrange
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.brush import PENS, BrushPane
from fastai_tui.lessons import drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.lessons.conditions import Measured

SIZES = ((28, 56), (14, 28))
# Squares only where at least as many numbers fit with them as under half blocks
LARGE, NEEDS = (Need(11, 20), Need(42, 0)), (Need(42, 0), Need(11, 4), Need(0, 5))
SHADES = halfblocks.grey()


class PixelsPane(BrushPane):
    """The arrows move the cursor, or the brush."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
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
