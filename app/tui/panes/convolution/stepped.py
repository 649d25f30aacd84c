"""A pane in which a kernel is stepped over a picture: which kernel, where it may go, and its window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.convolution import number
from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.panes.common import pictured
from fastai_tui.app.tui.panes.common.pictured import PicturePane, Place
from fastai_tui.app.tui.panes.convolution.arithmetic import Sum
from fastai_tui.engine import convolution
from fastai_tui.engine.convolution import Kernel, Window
from fastai_tui.lessons import kernels

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

COVER, CENTRE = 0.4, 0.75  # how strongly the window, and the pixel under its centre, are tinted on the digit


class SteppedPane(PicturePane):
    """`self.kernel` lies on `self.picture` with its centre on `self.at`, wholly inside."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "kernel(1)", "kernel", tooltip="next kernel"),
        Binding("K", "kernel(-1)", "kernel before", show=False),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.given = kernels.kernel(scene.step.show.get("kernel"))  # the step's own is among those to choose from
        self.kernel = self._fitting(kernels.kernel(scene.kept.get("kernel"), self.given))
        self.settle()

    def bounds(self) -> tuple[Place, Place]:
        rows, columns = convolution.map_shape(self.picture.rows, self.kernel)
        return convolution.place((0, 0), self.kernel), convolution.place((rows - 1, columns - 1), self.kernel)

    def window(self) -> Window:
        """The kernel's work at the cursor."""
        return convolution.window(self.picture.rows, self.kernel, self.at)

    def sum_(self) -> Sum:
        """The same as it is drawn."""
        return Sum(self.window(), self.kernel, "sum" in self.hidden)

    def measured(self) -> Measured:
        return {**super().measured(), "sum": self.window().result, "kernel": kernels.word(self.kernel)}

    def kept(self) -> State:
        return {**super().kept(), "kernel": kernels.word(self.kernel)}

    def window_marks(self) -> Mapping[Place, float]:
        """The pixels under the kernel, and how strongly each is tinted."""
        top, left = self.at[0] - self.kernel.centre[0], self.at[1] - self.kernel.centre[1]
        marks = {(top + i, left + j): COVER for i in range(self.kernel.height) for j in range(self.kernel.width)}
        return {**marks, self.at: CENTRE}

    def command(self) -> Sequence[str]:
        kernel, at = kernels.argument(self.kernel), f"{self.at[0]},{self.at[1]}"
        return ("convolve", "--image", pictures.reference(self.picture.name), f"--kernel={kernel}", "--at", at)

    def sentence(self) -> str:
        sum_, (row, column) = self.sum_(), self.at
        low, high = kernels.reach(self.kernel)
        what = (
            "what it adds up to is yours to predict"
            if sum_.hidden
            else f"the products add up to {sum_.word}, of {number(low)} to {number(high)} that are possible"
        )
        return (
            f"The kernel {sum_.name} lies with its centre on row {row}, column {column} of {self.picture.title}: "
            f"under it are {_spoken(sum_.window.patch)}; its weights are {_spoken(self.kernel.rows)}; {what}."
        )

    def code(self) -> str:
        return super().code() or "engine.convolution:window"

    def kernel_changed(self) -> None:
        """There is another kernel."""

    def action_kernel(self, step: int) -> None:
        self.kernel = self._fitting(kernels.beside(self.kernel, step, self.given))
        self.kernel_changed()
        self.at = self.inside(self.at)
        self.visits |= pictured.bit(self.at)
        self.changed()

    def _fitting(self, kernel: Kernel) -> Kernel:
        size = len(self.picture.rows), len(self.picture.rows[0])
        return kernel if kernel.height <= size[0] and kernel.width <= size[1] else kernels.FIRST


def _spoken(rows: convolution.Rows) -> str:
    return ", ".join(" ".join(number(value) for value in row) for row in rows)
