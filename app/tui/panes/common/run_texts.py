"""What a network has written while it was trained, from the first to the last, as far as there is room."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, number, plural, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fastai_tui.app.snapshots import Snapshot, Written
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sheet

LINES, FEWER = 3, 2  # of a text at the most, or where there are many; and one above them that says when it was


def draw(sheet: Sheet, area: Area, shot: Snapshot, hidden: Collection[str]) -> None:
    """A text below the other, each with the batches that were done and the loss at that time."""
    most = LINES if len(shot.samples) * (1 + LINES) <= area.height else FEWER
    shown = spread(shot.samples, max(area.height // (1 + most), 1))
    row = area.row
    for text in shown:
        room = area.below - row
        if room < 2:
            break
        sheet.put(row, area.column, fit(_when(shot, text, hidden), area.width), "strong")
        lines = textwrap.wrap(printable(text.prompt + text.text, 1000), max(area.width, 1))[: min(most, room - 1)]
        sheet.put_lines(row + 1, area.column, lines, "emphasis")
        row += 1 + len(lines)


def spread(texts: Sequence[Written], most: int) -> list[Written]:
    """At most so many of them, evenly from the first to the last, which is always there."""
    if len(texts) <= most or most < 2:
        return list(texts[-most:])
    return [texts[round(i * (len(texts) - 1) / (most - 1))] for i in range(most)]


def _when(shot: Snapshot, text: Written, hidden: Collection[str]) -> str:
    """After how many batches it was written, and what the loss had come to by then."""
    if not text.step:
        return "before the first batch"
    when, curve = f"after {plural(text.step, 'batch')}", shot.curve
    known = [i for i, step in enumerate(curve.steps) if step <= text.step]
    if not known or {"loss", "smooth_loss", "train_loss"} & set(hidden):
        return when
    return f"{when}, loss {number(float(curve.smooth[known[-1]]), 3)}"
