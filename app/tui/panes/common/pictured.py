"""A pane with a picture and a cursor on it: choosing digits, moving about, what was visited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app import halfblocks
from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.halfblocks import Grid, Scale
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

Place = tuple[int, int]
ARROWS = {"left": "0, -1", "right": "0, 1", "up": "-1, 0", "down": "1, 0"}
SPAN = 64  # more columns than any picture has: a place as one number


class PicturePane(Pane):
    """The picture is `self.picture`, the cursor `self.at`; a subclass says how far it goes (`bounds`) and draws."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"move({way})", "move", tooltip="move the cursor") for key, way in ARROWS.items()),
        Binding("home", "corner(0)", "cursor to the first place", show=False),
        Binding("end", "corner(1)", "cursor to the last place", show=False),
        Binding("d", "picture(1)", "digit", tooltip="next digit"),
        Binding("D", "picture(-1)", "digit before", show=False),
        Binding("i", "drawing", "your drawing, or back", show=False),
        Binding("p", "given", "first digit", tooltip="the digit that this step begins with"),
        *(Binding(str(n), f"example({n})", "an example of that digit", show=False) for n in range(10)),
    ]
    START: ClassVar[Place] = (5, 7)  # where the prose begins, too

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        show = scene.step.show
        self.picture, self.trouble = pictures.first(scene.kept.get("picture"), show.get("picture"))
        self._given = pictures.first(show.get("picture"))[0].name
        self.before = ""  # the digit that was shown before the drawing
        self.visits = bits(scene.kept.get("visits"))
        self.spots: list[tuple[Area, bool, Place]] = []
        self.at = self.START
        self._start = next((found for name in (scene.kept, show) if (found := place(name.get("at")))), self.START)

    def settle(self) -> None:
        """Put the cursor where it belongs; a subclass calls it when `bounds` can be told."""
        self.at = self.inside(self._start)
        self.visits |= bit(self.at)

    def on_mount(self) -> None:
        super().on_mount()
        if self.trouble:
            self.say(self.trouble)

    # What a subclass says

    def lay_out(self, sheet: Sheet) -> None:
        """Draw everything, pictures by `pixels` so that a click finds them."""
        raise NotImplementedError

    def bounds(self) -> tuple[Place, Place]:
        """The first and the last place that the cursor may go to."""
        return (0, 0), (len(self.picture.rows) - 1, len(self.picture.rows[0]) - 1)

    def pictured(self) -> None:
        """There is another picture."""

    # What it does for all

    def draw(self, sheet: Sheet) -> None:
        self.spots.clear()
        self.lay_out(sheet)

    @property
    def visited(self) -> int:
        """How many places the cursor was at."""
        return self.visits.bit_count()

    def inside(self, at: Place) -> Place:
        """The place within the bounds that is nearest."""
        (top, left), (bottom, right) = self.bounds()
        return min(max(at[0], top), bottom), min(max(at[1], left), right)

    def go(self, at: Place) -> None:
        """Move the cursor there, or as near as it may go."""
        at = self.inside(at)
        if at != self.at or not self.visits & bit(at):
            self.at = at
            self.visits |= bit(at)
            self.changed()

    def take(self, name: str) -> None:
        """Show another picture; what stands in the way is said."""
        try:
            self.picture = pictures.load(name)
        except FastaiTuiError as error:
            self.say(str(error))
            return
        self.pictured()
        self.at = self.inside(self.at)
        self.refresh_bindings()
        self.changed()

    def measured(self) -> Measured:
        return {"cursor": self.at, "visited": self.visited, "picture": self.picture.name}

    def kept(self) -> State:
        return {"picture": self.picture.name, "at": list(self.at), "visits": f"{self.visits:x}"}

    def pixels(
        self,
        sheet: Sheet,
        area: Area,
        grid: Grid,
        scale: Scale,
        marks: Mapping[Place, float],
        origin: Place = (0, 0),
    ) -> None:
        """Draw pixels over an area, as squares where it is twice as wide as they are many; clicks on it go to places
        counted from `origin`."""
        squares = area.width >= 2 * len(grid[0])
        (sheet.squares if squares else sheet.picture)(area.row, area.column, grid, scale, marks)
        self.spots.append((area, squares, origin))

    def digit(self, sheet: Sheet, area: Area, marks: Mapping[Place, float]) -> None:
        """Draw the picture over an area."""
        self.pixels(sheet, area, self.picture.rows, halfblocks.grey(), marks)

    def spot(self, column: int, row: int) -> tuple[float, float] | None:
        """The place that a cell of the pane shows: of two pixels in a cell, the line between them."""
        for area, squares, (top, left) in self.spots:
            if area.holds(column, row):
                down, across = row - area.row, column - area.column
                return (top + down, left + across // 2) if squares else (top + 2 * down + 0.5, left + across)
        return None

    # Its actions

    def action_move(self, down: int, across: int) -> None:
        self.go((self.at[0] + down, self.at[1] + across))

    def action_corner(self, which: int) -> None:
        self.go(self.bounds()[which])

    def action_picture(self, step: int) -> None:
        name = self.before if self.picture.name == pictures.DRAWN and self.before else self.picture.name
        self.take(pictures.after(name, step))

    def action_given(self) -> None:
        self.take(self._given)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.picture.name != self._given if action == "given" else True

    def action_example(self, of_class: int) -> None:
        self.take(pictures.example(of_class, self.picture.name))

    def action_drawing(self) -> None:
        if self.picture.name == pictures.DRAWN:
            self.take(self.before or pictures.DEFAULT)
        else:
            self.before = self.picture.name
            self.take(pictures.DRAWN)

    def on_click(self, event: events.Click) -> None:
        found = self.spot(event.x, event.y)
        if found:
            self.go((int(found[0]), int(found[1])))


def place(value: object) -> Place | None:
    """A (row, column) out of what a step or a progress file says, or None where that is no place."""
    if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
        return value[0], value[1]
    return None


def bit(at: Place) -> int:
    """A place as one bit of an integer."""
    return 1 << (at[0] * SPAN + at[1])


def bits(text: object) -> int:
    """Visited places as kept: a bit for each, in hexadecimal."""
    try:
        found = int(text, 16) if isinstance(text, str) and len(text) <= SPAN * SPAN // 4 else 0
    except ValueError:
        return 0
    return max(found, 0)
