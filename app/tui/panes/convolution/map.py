"""The whole feature map, filled cell by cell at any speed: the window on the picture, its result on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app import halfblocks
from fastai_tui.app.convolution import number
from fastai_tui.app.tui.layout import Area, Frame, arrange
from fastai_tui.app.tui.panes.common import parts, pictured
from fastai_tui.app.tui.panes.common.pictured import ARROWS
from fastai_tui.app.tui.panes.convolution import arithmetic
from fastai_tui.app.tui.panes.convolution.stepped import SteppedPane
from fastai_tui.engine import convolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from fastai_tui.app.tui.panes.common.pictured import Place
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.convolution import Number, Rows
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

FRAMES = 10  # redrawings a second while it plays
SPEED = 60.0  # cells a second, where the step has no such knob
# Picture and map: one above the other in squares, side by side in squares, the same in half blocks, or one of them
STACKED, PAIR, HALVES, ONE, SMALL = range(5)
SIZES = ((54, 56), (28, 110), (14, 56), (28, 56), (14, 28))


class MapPane(SteppedPane):
    """The first `filled` cells of the map are there, row by row. Until all are, moving fills or empties; then the
    cursor is free."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"move({way})", "move", tooltip="step on and back, or move") for key, way in ARROWS.items()),
        Binding("space", "step", "step", tooltip="next cell"),
        Binding("a", "play", "play", tooltip="fill the map by itself, from the start if it is full"),
        Binding("a", "pause", "pause"),
        Binding("f", "finish", "fill", tooltip="to the end"),
        Binding("v", "view", "flip", tooltip="the picture or the map, where there is room for one"),
        Binding("z", "restart", "anew", tooltip="empty the map"),
    ]
    FIRST = ("space", "a", "f", "v")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.map: Rows = ()
        self._computed()
        self.filled = self._first_filled(scene)
        self.showing_map = scene.kept.get("view") != "picture"
        self._timer: Timer | None = None
        self._due = 0.0
        self._both = False  # are picture and map both to be seen, as drawn last?
        if self.filled < self.count:
            self.at = self.place_of(max(self.filled - 1, 0))

    @property
    def columns(self) -> int:
        return len(self.map[0])

    @property
    def count(self) -> int:
        """Cells of the map."""
        return len(self.map) * self.columns

    @property
    def playing(self) -> bool:
        return self._timer is not None

    @property
    def speed(self) -> float:
        """Cells a second."""
        value = self.knobs.get("speed", SPEED)
        return float(value) if isinstance(value, (int, float)) and 0 < value < 1e6 else SPEED

    def place_of(self, index: int) -> Place:
        """The place of the map's cell of that number, counted row by row."""
        return convolution.place(divmod(index, self.columns), self.kernel)

    def cell(self) -> Place:
        """The map's cell that the cursor's window makes."""
        (top, left), _ = self.bounds()
        return self.at[0] - top, self.at[1] - left

    # State

    def measured(self) -> Measured:
        return {**super().measured(), "filled": self.filled}

    def kept(self) -> State:
        return {**super().kept(), "filled": self.filled, "view": "map" if self.showing_map else "picture"}

    def pictured(self) -> None:
        self._computed()

    def kernel_changed(self) -> None:
        before = self.count
        self._computed()
        self.filled = self.count if self.filled >= before else min(self.filled, self.count)

    def turned(self, knob: str, value: Value) -> None:
        self._due = 0.0
        super().turned(knob, value)

    def fill(self, filled: int) -> None:
        """Let so many cells be there, the cursor on the last of them."""
        self.filled = min(max(filled, 1), self.count)
        self.at = self.place_of(self.filled - 1)
        self.visits |= pictured.bit(self.at)
        if self.filled == self.count:
            self.stop()
            self.refresh_bindings()
        self.changed()

    def go(self, at: Place) -> None:
        if self.filled >= self.count:
            super().go(at)
            return
        (top, left), _ = self.bounds()
        row, column = self.inside(at)
        self.fill((row - top) * self.columns + column - left + 1)

    def stop(self) -> None:
        """Pause."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("play", "pause"):
            return self.playing == (action == "pause")
        if action == "finish":
            return self.filled < self.count
        return super().check_action(action, parameters)

    # Keys

    def action_move(self, down: int, across: int) -> None:
        if self.filled >= self.count:
            super().action_move(down, across)
            return
        self.stop()
        self.fill(self.filled + down * self.columns + across)

    def action_corner(self, which: int) -> None:
        if self.filled >= self.count:
            super().action_corner(which)
        elif which:
            self.action_finish()
        else:
            self.action_restart()

    def action_step(self) -> None:
        self.stop()
        if self.filled < self.count:
            self.fill(self.filled + 1)
            return
        down, across = self.cell()  # all are there: on to the next place, from the last one to the first
        self.go(self.place_of((down * self.columns + across + 1) % self.count))

    def action_pause(self) -> None:
        self.stop()
        self.changed()

    def action_play(self) -> None:
        if self.filled >= self.count:
            self.filled = 0
        self._due = 0.0
        self._timer = self.set_interval(1 / FRAMES, self._play)
        self.refresh_bindings()
        self.fill(self.filled + 1)

    def action_finish(self) -> None:
        self.stop()
        self.fill(self.count)

    def action_restart(self) -> None:
        self.stop()
        self.filled = 0
        self.at = self.bounds()[0]
        self.changed()

    def action_view(self) -> None:
        if self._both:
            self.say("There is room for both here: the picture and its map are in view.")
            return
        self.showing_map = not self.showing_map
        self.changed()

    def _play(self) -> None:
        self._due += self.speed / FRAMES
        if self._due >= 1:
            self.fill(self.filled + int(self._due))
            self._due %= 1

    # Drawing

    def lay_out(self, sheet: Sheet) -> None:
        frame = arrange(sheet.width, sheet.height, SIZES, arithmetic.NEEDS)
        done = "all" if self.filled == self.count else f"{self.filled}"
        so_far = f"{done} filled" if "filled" in self.hidden else f"{done} of {self.count}"
        notes = [so_far, "playing" if self.playing else ""]
        if frame is None and self.showing_map and not self._secret:
            sheet.leave_out("the pictures and the window's arithmetic (v)")
            sheet.put(0, 0, f"{self.sum_().name}: {notes[0]} cells", "strong")
            self._numbers(sheet, Area(1, 0, sheet.width, sheet.height - 1))
            return
        if frame is not None:
            self._pictures(sheet, frame)
        free = arithmetic.draw(sheet, frame, self.sum_(), notes)
        if frame is not None and frame.size == STACKED:
            self._legend(sheet, free.below - 1, free.column)
            free = free._replace(height=free.height - 2)
        if free.height >= 6 and not self._secret:
            sheet.put(free.row, free.column, "the map's numbers, by the window's place", "dim")
            self._numbers(sheet, free._replace(row=free.row + 1, height=free.height - 1))

    @property
    def _secret(self) -> bool:
        return "sum" in self.hidden

    def _numbers(self, sheet: Sheet, area: Area) -> None:
        parts.excerpt(sheet, area, self._there(), self.cell(), self._scale, self.bounds()[0])

    def _pictures(self, sheet: Sheet, frame: Frame) -> None:
        self._both = frame.size in (STACKED, PAIR, HALVES)
        row, column, width, height = frame.picture
        if frame.size == STACKED:
            self.digit(sheet, Area(row, column, width, 28), self.window_marks())
            self._map(sheet, Area(row + 28, column, width, height - 28))
        elif frame.size in (PAIR, HALVES):
            half = width // 2
            self.digit(sheet, Area(row, column, half, height), self.window_marks())
            self._map(sheet, Area(row, column + half + 1, width - half - 1, height))
        elif self.showing_map:
            self._map(sheet, frame.picture)
        else:
            self.digit(sheet, frame.picture, self.window_marks())

    def _map(self, sheet: Sheet, area: Area) -> None:
        """The map so far; what is not there yet is dotted; under it, if there is room, its scale."""
        squares = area.width >= 2 * self.columns
        wide, tall = (2, 1) if squares else (1, 2)
        size = Area(area.row, area.column, wide * self.columns, -(-len(self.map) // tall))
        values = [[value if value is not None else 0 for value in row] for row in self._there()]
        self.pixels(sheet, size, values, self._scale, {self.cell(): 0.75}, self.bounds()[0])
        for row in range(size.height):
            start = min(max(self.filled - row * tall * self.columns, 0), self.columns)
            for column in range(start, self.columns):
                sheet.put(area.row + row, area.column + wide * column, "·" + " " * (wide - 1), "dim")
        if size.height < area.height:
            self._legend(sheet, size.below, area.column)

    def _legend(self, sheet: Sheet, row: int, column: int) -> None:
        largest = number(self._scale.high)
        sheet.legend(row, column, self._scale, f"-{largest}", largest)

    def _there(self) -> tuple[tuple[Number | None, ...], ...]:
        """The map's numbers, None where it is not filled yet."""
        return tuple(
            tuple(value if i * self.columns + j < self.filled else None for j, value in enumerate(row))
            for i, row in enumerate(self.map)
        )

    def sentence(self) -> str:
        there = [value for row in self._there() for value in row if value is not None]
        full = self.filled == self.count
        so_far = f"{'all' if full else len(there)} of the map's cells are there"
        if "filled" not in self.hidden:
            so_far = f"{len(there)} of the map's {self.count} cells are there"
        if there and not self._secret:
            shares = [sum(test(v) for v in there) / len(there) for test in (lambda v: v > 0, lambda v: v < 0)]
            so_far += (
                f", {shares[0]:.0%} of them above nought and {shares[1]:.0%} below, "
                f"from {number(min(there))} to {number(max(there))}"
            )
        return f"{super().sentence()} {so_far}."

    def command(self) -> Sequence[str]:
        return tuple(super().command()[:-2]) if self.filled == self.count else super().command()

    def code(self) -> str:
        return self.scene.step.code or "engine.convolution:plain_map"

    def _computed(self) -> None:
        self.map = convolution.plain_map(self.picture.rows, self.kernel)
        self._scale = halfblocks.signed(parts.largest(self.map))

    def _first_filled(self, scene: Scene) -> int:
        """What was kept; else up to the place with which the step begins; else nothing."""
        kept = scene.kept.get("filled")
        if isinstance(kept, int):
            return min(max(kept, 0), self.count)
        if "at" not in scene.step.show:
            return 0
        row, column = self.cell()
        return row * self.columns + column + 1
