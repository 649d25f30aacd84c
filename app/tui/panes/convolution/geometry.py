"""The pane of padding and stride: a window falling on a padded grid, the output it fills, and the size formula."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.convolution import fields
from fastai_tui.app.tui.panes.convolution import geometry_words as words
from fastai_tui.engine.geometry import Geometry

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.convolution.fields import View
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

BOUNDS = {"size": (1, 64), "kernel_size": (1, 31), "padding": (0, 15), "stride": (1, 16)}
BEGIN = {"size": 7, "kernel_size": 3, "padding": 0, "stride": 1}
GAP = 3  # columns between the two grids
NOTES = 14  # columns in which notes can be read
NARROWEST = 5  # columns of the output that are worth showing
Cell = tuple[int, int]


class GeometryPane(Pane):
    """Move the window over the grid; the knobs say how large everything is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "move", tooltip="window up"),
        Binding("down", "move(1, 0)", "move", tooltip="window down"),
        Binding("left", "move(0, -1)", "move", tooltip="window left"),
        Binding("right", "move(0, 1)", "move", tooltip="window right"),
        Binding("space", "step", "step", tooltip="next place"),
        Binding("home", "go(0)", "first place", show=False),
        Binding("end", "go(-1)", "last place", show=False),
        Binding("f", "finish", "all", tooltip="visit all places"),
        Binding("z", "begin", "anew", tooltip="begin anew"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.grid = _geometry(self.knobs)
        self.cell = self._clamped(_cell(self.option("at")))
        self.visited = {self.cell}

    # What it says of itself

    def measured(self) -> Measured:
        grid = self.grid
        return {
            "size": grid.size,
            "kernel_size": grid.kernel_size,
            "padding": grid.padding,
            "stride": grid.stride,
            "output": grid.output,
            "cursor": self.cell,
        }

    def kept(self) -> State:
        return {"at": list(self.cell)}

    def sentence(self) -> str:
        grid = self.grid
        if grid.trouble:
            return grid.trouble
        return (
            f"{words.what(grid)} {'' if 'output' in self.hidden else f'The output is {words.square(grid.output)}. '}"
            + (" ".join(self._notes()))
        )

    def turned(self, knob: str, value: Value) -> None:
        self.grid = _geometry(self.knobs)
        self.cell = self._clamped(self.cell)
        self.visited = {self.cell}
        self.changed()

    # Keys

    def action_move(self, down: int, across: int) -> None:
        self._visit((self.cell[0] + down, self.cell[1] + across))

    def action_step(self) -> None:
        """The next place, row by row; after the last comes the first."""
        across = max(self.grid.output, 1)
        self._visit(divmod((self.cell[0] * across + self.cell[1] + 1) % across**2, across))

    def action_go(self, end: int) -> None:
        last = self.grid.output - 1
        self._visit((last, last) if end else (0, 0))

    def action_finish(self) -> None:
        across = range(self.grid.output)
        self.visited.update((row, column) for row in across for column in across)
        self.action_go(-1)

    def action_begin(self) -> None:
        self.cell = (0, 0)
        self.visited = {self.cell}
        self.changed()

    def _visit(self, cell: Cell) -> None:
        self.cell = self._clamped(cell)
        self.visited.add(self.cell)
        self.changed()

    def _clamped(self, cell: Cell) -> Cell:
        last = max(self.grid.output - 1, 0)
        return min(max(cell[0], 0), last), min(max(cell[1], 0), last)

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        grid = self.grid
        lines = words.formula(grid, "?" if "output" in self.hidden else str(grid.output), sheet.sight.unicode)
        lines = lines if sheet.height >= 12 else lines[-1:]
        sheet.put_lines(0, 0, lines, "strong")
        notes = self._wrapped(sheet.width)
        top = len(lines)
        room = sheet.height - top - self._lines_below(sheet, top, len(notes))
        taken = self._draw_grids(sheet, top, room) if room > 0 else (0, 0)
        end = top + taken[0] + (top + taken[0] + len(notes) < sheet.height)
        column = taken[1] + GAP
        if len(notes) > sheet.height - end and sheet.width - column >= NOTES:  # beside the grids rather than cut
            end, notes = top + 1, self._wrapped(sheet.width - column)
        else:
            column = 0
        shown = notes[: max(sheet.height - end, 0)]
        sheet.put_lines(end, column, shown, "warn" if grid.trouble else "plain")
        if len(shown) < len(notes):
            sheet.leave_out("some of the notes")

    def _wrapped(self, width: int) -> list[str]:
        return [line for note in self._notes() for line in textwrap.wrap(note, max(width, 12))]

    def _lines_below(self, sheet: Sheet, top: int, notes: int) -> int:
        """How many lines of notes there are room for: fewer of them, if the input fits as a whole then."""
        most = min(notes, max((sheet.height - 4) // 4, 0))
        padded, output = self.grid.padded, 0 if "output" in self.hidden else self.grid.output
        for count in range(most, -1, -1):
            room = sheet.height - top - count - 1
            if room > 0 and _views(sheet, padded, output, room, self._centre(), self.cell)[0].whole:
                return count
        return most

    def _draw_grids(self, sheet: Sheet, top: int, room: int) -> Cell:
        """The input and, beside it, the output; returns how many (lines, columns) they took."""
        padded, output = self.grid.padded, 0 if "output" in self.hidden else self.grid.output
        headed = room > 4
        left, right = _views(sheet, padded, output, room - headed, self._centre(), self.cell)
        if headed:
            self._head(sheet, top, left, right)
        fields.draw(sheet, top + headed, 0, self._input_kinds(), left, self._window())
        if right is not None:
            fields.draw(sheet, top + headed, left.width + GAP, self._output_kinds(), right, {self.cell: 1.0})
            if not right.whole:
                sheet.leave_out("part of the output")
        elif output:
            sheet.leave_out("the output grid")
        if not left.whole:
            sheet.leave_out("part of the input grid")
        if right is None:
            return headed + left.height, left.width
        return headed + max(left.height, right.height), left.width + GAP + right.width

    def _head(self, sheet: Sheet, row: int, left: View, right: View | None) -> None:
        grid = self.grid
        title = f"input {words.square(grid.size)}"
        if grid.padding and left.width >= len(title) + 9:
            title += f" + 2·{grid.padding} zeros"
        sheet.put(row, 0, title[: left.width + GAP - 1] if right else title, "dim")
        if "output" in self.hidden:
            sheet.put(row, max(left.width, len(title)) + GAP, "output ?", "dim")
        elif right is not None:
            column = max(left.width + GAP, len(title) + 1) if left.width < len(title) else left.width + GAP
            title = f"output {words.square(grid.output)}"
            sheet.put(row, column, title if column + len(title) <= sheet.width else words.square(grid.output), "dim")

    def _input_kinds(self) -> list[list[int]]:
        grid = self.grid
        inside = range(grid.padding, grid.padding + grid.size)
        unreached = set() if grid.trouble else set(grid.unreached)
        return [
            [
                fields.UNREACHED
                if row in unreached or column in unreached
                else (fields.PIXEL if (row + column) % 2 else fields.OTHER)
                if row in inside and column in inside
                else fields.PADDING
                for column in range(grid.padded)
            ]
            for row in range(grid.padded)
        ]

    def _output_kinds(self) -> list[list[int]]:
        across = range(self.grid.output)
        return [
            [fields.VISITED if (row, column) in self.visited else fields.EMPTY for column in across] for row in across
        ]

    def _window(self) -> dict[Cell, float]:
        """The window's cells; the middle one, where there is one, is marked more strongly."""
        if not self.grid.output:
            return {}
        rows, columns = (self.grid.covered(index) for index in self.cell)
        marks = {(row, column): 0.55 for row in rows for column in columns}
        return marks if self.grid.even else {**marks, self._centre(): 1.0}

    def _centre(self) -> Cell:
        half = self.grid.kernel_size // 2
        return self.cell[0] * self.grid.stride + half, self.cell[1] * self.grid.stride + half

    def _notes(self) -> Iterator[str]:
        grid = self.grid
        if grid.trouble:
            yield grid.trouble
            return
        told = "output" not in self.hidden  # else it would give the answer away
        if grid.even and told:
            yield words.keeping(grid)
        rows, columns = (words.pixels(grid, index) for index in self.cell)
        padded = ", padding included" if any(words.on_padding(grid, index) for index in self.cell) else ""
        yield f"Output {self.cell[0]},{self.cell[1]}: rows {rows}, columns {columns}{padded}."
        if grid.leftover:
            last = words.counted(grid.leftover)
            yield f"No window reaches the last {last}: the stride does not divide n + 2p − k."
        if grid.stride > grid.kernel_size:
            skipped = words.counted(grid.stride - grid.kernel_size)
            yield f"Between two windows {skipped} are skipped: the stride is the longer."
        if told and not grid.even:
            yield words.keeping(grid)


def _views(sheet: Sheet, padded: int, output: int, room: int, about: Cell, cell: Cell) -> tuple[View, View | None]:
    """How both grids are drawn: whole and side by side in the largest form that fits, else as much as there is room."""
    for form in fields.forms(sheet):
        left = fields.part(form, (padded, padded), sheet.width, room, about)
        beside = sheet.width - left.width - GAP
        if left.whole and (not output or fields.fits(form, (output, output), beside, room)):
            return left, fields.part(form, (output, output), beside, room, cell) if output else None
    form = fields.forms(sheet)[-1]
    spare = sheet.width - GAP - padded  # what the whole input would leave
    share = min(output, spare if spare >= NARROWEST else sheet.width // 4) if sheet.width > 20 else 0
    left = fields.part(form, (padded, padded), sheet.width - (share + GAP if share else 0), room, about)
    return left, fields.part(form, (output, output), share, room, cell) if share else None


def _geometry(knobs: Any) -> Geometry:
    """The knobs' values, each within its bounds."""
    found = {}
    for name, (low, high) in BOUNDS.items():
        value = knobs.get(name, BEGIN[name])
        whole = int(value) if isinstance(value, (int, float)) and value == value and abs(value) < 1e9 else BEGIN[name]
        found[name] = min(max(whole, low), high)
    return Geometry(**found)


def _cell(value: Any) -> Cell:
    """A cell as a chapter or a progress file says it; nonsense is the first one."""
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(type(part) is int for part in value):
        return value[0], value[1]
    return 0, 0
