"""The pane of the convolution as one large matrix: the whole of it folded, or a small one with every entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.convolution import number
from fastai_tui.app.tui.panes.convolution import matrix_entries, matrix_whole
from fastai_tui.app.tui.panes.convolution.stepped import SteppedPane
from fastai_tui.engine.convolution import Kernel
from fastai_tui.engine.matrix_form import MatrixForm
from fastai_tui.lessons import kernels

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

SMALL = 3  # the small matrix makes 3×3 cells of the map: nine rows fit in every terminal
LARGEST_KERNEL = 5  # the small matrix has (5 + 2)² columns then
Cell = tuple[int, int]


class MatrixPane(SteppedPane):
    """The cursor is a cell of the map, which is a row of the matrix."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "zoom", tooltip="the whole matrix, or its entries near the lit row"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.small = scene.kept.get("view") == "small"
        self.corner = self._corner((self.cell[0] - SMALL // 2, self.cell[1] - SMALL // 2))

    # What it says of itself

    def measured(self) -> Measured:
        return {**super().measured(), "row": self.form.number(self.cell)}

    def kept(self) -> State:
        return {**super().kept(), "view": "small" if self.small else "whole"}

    @property
    def form(self) -> MatrixForm:
        """The matrix for the whole picture."""
        return MatrixForm(len(self.picture.rows), len(self.picture.rows[0]), self.kernel)

    @property
    def cell(self) -> Cell:
        """The cell of the map that the cursor is on."""
        return self.at[0] - self.kernel.centre[0], self.at[1] - self.kernel.centre[1]

    def sentence(self) -> str:
        form, row = self.form, self.form.row(self.cell)
        first = (
            f"The convolution with {self.sum_().name} is a matrix of {form.shape[0]} rows and {form.shape[1]} columns"
        )
        filled = f"of its {form.entries:,} entries the kernel fills {form.filled:,}, with {form.ties} weights"
        columns = ", ".join(str(entry.column) for entry in row)
        result = "is yours to predict" if "sum" in self.hidden else f"is {number(self.window().result)}"
        return (
            f"{first}; {filled}. Row {form.number(self.cell)} makes the map's cell {self.cell[0]},{self.cell[1]}: it "
            f"is filled in the columns {columns}, and times the pixels it {result}, the same as the window's sum."
        )

    def code(self) -> str:
        return self.scene.step.code or "engine.matrix_form:MatrixForm"

    # Keys

    def action_view(self) -> None:
        self.small = not self.small
        self.changed()

    def _fitting(self, kernel: Kernel) -> Kernel:
        large = max(kernel.height, kernel.width) > LARGEST_KERNEL
        return super()._fitting(kernels.kernel(None) if large else kernel)

    # Drawing

    def lay_out(self, sheet: Sheet) -> None:
        self.corner = self._corner(self.corner)
        hidden = "sum" in self.hidden
        if self.small:
            matrix_entries.draw(sheet, self.picture.rows, self.kernel, self.corner, self.cell, hidden)
        else:
            matrix_whole.draw(sheet, self.picture.rows, self.form, self.cell, hidden)

    def _corner(self, corner: Cell) -> Cell:
        """The first cell of the small matrix's part of the map: it moves no further than the cursor makes it."""
        found = [
            max(min(max(first, at - SMALL + 1), at, size - SMALL), 0)
            for first, at, size in zip(corner, self.cell, self.form.output, strict=True)
        ]
        return found[0], found[1]
