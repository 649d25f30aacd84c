"""The top line: chapter, step, how far the learner is, and what the size of the terminal leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.canvas import Canvas

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet


@dataclass(frozen=True)
class Heading:
    """What the line says. `done` tells for every step of the chapter whether it is done; `at` is the one shown."""

    chapter: str = ""
    step: str = ""
    at: int = 0
    done: tuple[bool, ...] = ()
    left_out: tuple[str, ...] = ()


class Title(Canvas):
    """Draws a `Heading`."""

    def __init__(self) -> None:
        super().__init__(id="title")
        self.heading = Heading()

    def show(self, heading: Heading) -> None:
        """Say something else."""
        if heading != self.heading:
            self.heading = heading
            self.redraw()

    def draw(self, sheet: Sheet) -> None:
        heading = self.heading
        sheet.fill(0, 0, sheet.width, 1, "shade")
        dots = "".join("●" if done else "○" for done in heading.done)
        room = max(sheet.width - len(dots) - 2, 0)
        where = f" {heading.at + 1}/{len(heading.done)} " if heading.done else " "
        missing = self._missing(room - len(where) - len(heading.step))
        at = sheet.put(0, 0, fit(where + heading.step, room - len(missing)).rstrip(), "head")
        if at + len(heading.chapter) + 3 <= room - len(missing):
            at = sheet.put(0, at, f" · {heading.chapter}", "shade")
        sheet.put(0, at, missing, "shade")
        sheet.put(0, sheet.width - len(dots) - 1, dots, "shade")
        sheet.put(0, sheet.width - len(dots) - 1 + heading.at, dots[heading.at : heading.at + 1], "head")

    def _missing(self, room: int) -> str:
        """What is not shown, in as many words as there is room for; at least how many things."""
        left_out = self.heading.left_out
        if not left_out:
            return ""
        words = (f" · not shown: {', '.join(left_out)}", f" · not shown: {left_out[0]} …", f" +{left_out[0]}")
        return next((one for one in words if len(one) <= room), words[-1])
