"""A canvas: the widget that shows a sheet, and sends to the terminal only the cells that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from fastai_tui.app.tui.sheet import Sheet, Sight

if TYPE_CHECKING:
    from textual import events
    from textual.timer import Timer, TimerCallback

    from fastai_tui.app.tui.palette import Palette
    from fastai_tui.app.tui.sheet import Cell


class Canvas(Widget):
    """Override `draw`; call `redraw` when what it draws has changed."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.sheet = Sheet(0, 0)
        self._strips: dict[int, Strip] = {}

    def draw(self, sheet: Sheet) -> None:
        """Draw everything on an empty sheet of the widget's size."""
        raise NotImplementedError

    @property
    def sight(self) -> Sight:
        """What the terminal can show, in the theme of now."""
        return self.app.sight  # type: ignore[attr-defined]

    @property
    def palette(self) -> Palette:
        """The looks of the theme of now."""
        return self.app.palette  # type: ignore[attr-defined]

    def redraw(self) -> None:
        """Draw anew; refresh only what is different. Nothing happens to a widget that has been taken out already."""
        if not self.is_attached:
            return
        width, height = self.size
        sheet = Sheet(width, height, self.sight)
        if width and height:
            self.draw(sheet)
        before, self.sheet = self.sheet, sheet
        if (before.width, before.height, before.sight) != (width, height, sheet.sight):
            self._strips.clear()
            self.refresh()
            return
        changed = sheet.changed(before)
        for row, _, _ in changed:
            self._strips.pop(row, None)
        if changed:
            self.refresh(*(Region(column, row, columns, 1) for row, column, columns in changed))

    def refresh_bindings(self) -> None:
        """Have the keys that matter shown anew; may be called late, when the widget has been taken out already."""
        if self.is_attached:
            super().refresh_bindings()

    def set_timer(
        self,
        delay: float,
        callback: TimerCallback | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        """Textual's, but one that comes too late comes all the same: it passes over what is due before the timer has
        begun to wait, which happens to short delays on a busy machine."""
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # read when its task begins; `set_timer` has no argument for it
        return timer

    def forget(self) -> None:
        """Draw everything anew, for the theme has changed."""
        self.sheet = Sheet(0, 0)
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        if (self.sheet.width, self.sheet.height) != tuple(self.size):  # textual says so twice when a screen opens
            self.redraw()

    def render_line(self, y: int) -> Strip:
        if (self.sheet.width, self.sheet.height) != tuple(self.size):
            self.redraw()
        if y not in self._strips:
            self._strips[y] = self._strip(self.sheet.rows[y]) if y < self.sheet.height else Strip.blank(self.size.width)
        return self._strips[y]

    def _strip(self, row: list[Cell]) -> Strip:
        segments: list[Segment] = []
        words, now = "", None
        for character, style in row:
            if style is not now and style != now:
                if words and now is not None:
                    segments.append(Segment(words, self.palette.style(now)))
                words, now = "", style
            words += character
        if words and now is not None:
            segments.append(Segment(words, self.palette.style(now)))
        return Strip(segments, len(row))
