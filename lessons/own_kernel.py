"""A kernel of the learner's own, edited cell by cell: plain values and pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastai_tui.engine.convolution import Kernel, Number, Rows
from fastai_tui.lessons import kernels

MOST = 99  # weights go so far either way: three characters
BEGIN: Rows = kernels.PRESETS["identity"]
HISTORY = 100


@dataclass(frozen=True)
class OwnKernel:
    """The weights, the cell that is edited, how many edits there were, and what can be taken back."""

    rows: Rows = BEGIN
    cell: tuple[int, int] = (0, 0)
    edits: int = 0
    history: tuple[Rows, ...] = ()

    @property
    def kernel(self) -> Kernel:
        """As a kernel, which has no name."""
        return Kernel(None, self.rows)

    @property
    def weight(self) -> Number:
        """The weight in the edited cell."""
        return self.rows[self.cell[0]][self.cell[1]]

    def moved(self, down: int, across: int) -> OwnKernel:
        """Another cell edited; the edges hold."""
        row = min(max(self.cell[0] + down, 0), len(self.rows) - 1)
        return replace(self, cell=(row, min(max(self.cell[1] + across, 0), len(self.rows[0]) - 1)))

    def put(self, weight: Number) -> OwnKernel:
        """Another weight in the edited cell, within ±MOST."""
        weight = min(max(weight, -MOST), MOST)
        row, column = self.cell
        line = (*self.rows[row][:column], weight, *self.rows[row][column + 1 :])
        return self.with_rows((*self.rows[:row], line, *self.rows[row + 1 :]))

    def with_rows(self, rows: Rows) -> OwnKernel:
        """Other weights altogether; the same ones are no edit."""
        if rows == self.rows:
            return self
        cell = min(self.cell[0], len(rows) - 1), min(self.cell[1], len(rows[0]) - 1)
        return OwnKernel(rows, cell, self.edits + 1, (*self.history[-HISTORY:], self.rows))

    def undone(self) -> OwnKernel:
        """The weights before the last change."""
        if not self.history:
            return self
        return replace(self, rows=self.history[-1], history=self.history[:-1], cell=(0, 0))


def read(text: object, edits: object) -> OwnKernel:
    """The kernel as kept, or a fresh one where that makes no sense."""
    count = edits if type(edits) is int and 0 <= edits < 1_000_000 else 0
    if not isinstance(text, str):
        return OwnKernel(edits=count)
    rows = kernels.kernel(text, Kernel("identity", BEGIN)).rows
    small = len(rows) <= 5 and len(rows[0]) <= 5 and all(abs(weight) <= MOST for row in rows for weight in row)
    return OwnKernel(rows if small else BEGIN, edits=count)
