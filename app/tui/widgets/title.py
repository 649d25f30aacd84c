"""The top line: chapter, step, how far the learner is, and what the size of the terminal leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.canvas import Canvas

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet


LEAST = 12  # characters of a step's title that stay whatever is not shown


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
        where = f" {heading.at + 1}/{len(heading.done)} " if heading.done else " "
        needed = len(where) + min(len(heading.step), LEAST)
        dots = "".join("●" if done else "○" for done in heading.done)
        if needed + len(self._missing(0, sheet.width)) + len(dots) + 2 > sheet.width:
            dots = ""  # the number tells it, too
        room = max(sheet.width - len(dots) - 2, 0)
        missing = self._missing(room - len(where) - len(heading.step), room - needed)
        at = sheet.put(0, 0, fit(where + heading.step, room - len(missing)).rstrip(), "head")
        if at + len(heading.chapter) + 3 <= room - len(missing):
            at = sheet.put(0, at, f" · {heading.chapter}", "shade")
        sheet.put(0, at, missing, "shade")
        sheet.put(0, sheet.width - len(dots) - 1, dots, "shade")
        sheet.put(0, sheet.width - len(dots) - 1 + heading.at, dots[heading.at : heading.at + 1], "head")

    def _missing(self, room: int, most: int) -> str:
        """What is not shown, in as many words as there is `room` for beside the whole title; in the fewest, or at least
        how many things, where `most` allows them at the cost of the title's end."""
        left_out = self.heading.left_out
        if not left_out:
            return ""
        longer = (f" · not shown: {', '.join(left_out)}", f" · not shown: {left_out[0]} …")
        shortest = (f" +{left_out[0]}", f" +{len(left_out)}")
        fitting = [*(one for one in longer if len(one) <= room), *(one for one in shortest if len(one) <= most)]
        return next(iter(fitting), "")
