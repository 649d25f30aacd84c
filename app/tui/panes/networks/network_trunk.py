"""The table of a network on a pretrained trunk: its layers have long names and large outputs, and lie in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.panes.common import layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.panes.common.layers import Layer
    from fastai_tui.app.tui.sheet import Role, Sheet

GROUP, NAME, OUTPUT, PARAMETERS, MULTIPLIED, SEES = 2, 16, 10, 12, 14, 8  # columns
NARROW = GROUP + NAME + OUTPUT + PARAMETERS  # columns of the table without what it can do without


def line(sheet: Sheet, row: int, cells: Sequence[str], style: Role, layer: Layer | None, *, bars: bool) -> int:
    """Group, name, output, parameters, and where there is room the multiplications and what one output sees; with
    `bars`, the first two alone. Returns the column after them."""
    name, output, parameters, multiplied, sees = cells
    group = "" if layer is None or layer.group is None else str(layer.group + 1)
    words = f"{group:<{GROUP}}{fit(layers.short(name, NAME - 1), NAME - 1):<{NAME}}"
    if not bars:
        words += f"{output:<{OUTPUT}}{parameters:>{min(PARAMETERS, max(sheet.width - len(words) - OUTPUT, 0))}}"
        words += f"{multiplied:>{MULTIPLIED}}" if sheet.width >= NARROW + MULTIPLIED else ""
        words += f"{sees:>{SEES}}" if sheet.width >= NARROW + MULTIPLIED + SEES else ""
        if sheet.width < NARROW + MULTIPLIED:
            sheet.leave_out("the multiplications")
    sheet.put(row, 0, fit(words, sheet.width), style)
    return min(len(words), sheet.width)
