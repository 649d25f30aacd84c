"""One window: the patch, the kernel, the nine products and their sum at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.tui.layout import arrange
from fastai_tui.app.tui.panes.convolution import arithmetic
from fastai_tui.app.tui.panes.convolution.stepped import SteppedPane

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet

SIZES = ((28, 56), (14, 28))  # cells of a digit: each pixel two cells wide, or two pixels in a cell


class WindowPane(SteppedPane):
    """The arrows move the window; the arithmetic follows."""

    def lay_out(self, sheet: Sheet) -> None:
        frame = arrange(sheet.width, sheet.height, SIZES, arithmetic.NEEDS)
        if frame is not None:
            self.digit(sheet, frame.picture, self.window_marks())
        arithmetic.draw(sheet, frame, self.sum_(), [f"digit {self.picture.label}" if self.picture.label else "drawn"])
