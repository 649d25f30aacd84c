"""The pane of colour: a picture of three channels, and a kernel with a slice for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.convolution import number
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.pictured import Place, bit, bits, place
from fastai_tui.app.tui.panes.convolution import colour_drawing
from fastai_tui.engine import colour
from fastai_tui.engine.colour import CHANNELS, COLOUR_KERNELS, ColourKernel
from fastai_tui.lessons import kernels

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.convolution import Window
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

START: Place = (10, 14)  # the cat's eye
SIDE = 3  # pixels that a kernel is wide and high


class ColourPane(Pane):
    """The arrows move the window over all three channels at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(0, -1)", "move", tooltip="move the window"),
        Binding("right", "move(0, 1)", "move", tooltip="move the window"),
        Binding("up", "move(-1, 0)", "move", tooltip="move the window"),
        Binding("down", "move(1, 0)", "move", tooltip="move the window"),
        Binding("home", "corner(0)", "window to the first place", show=False),
        Binding("end", "corner(1)", "window to the last place", show=False),
        Binding("k", "kernel(1)", "kernel", tooltip="next kernel"),
        Binding("K", "kernel(-1)", "kernel before", show=False),
        Binding("left_square_bracket", "channel(-1)", "channel", tooltip="channel before"),
        Binding("right_square_bracket", "channel(1)", "channel", tooltip="next channel"),
        Binding("v", "view", "enlarge", tooltip="what is enlarged"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.picture = colour.cat()
        self.ring = _ring(scene.step.show.get("kernel"))
        wanted = scene.kept.get("kernel")
        self.kernel = next((kernel for kernel in self.ring if kernel.name == wanted), self.ring[0])
        self.at = self._inside(place(self.option("at")) or START)
        self.channel = _index(scene.kept.get("channel"), len(CHANNELS))
        self.seen = _index(scene.kept.get("seen"), 1 << len(CHANNELS)) | 1 << self.channel
        self.visits = bits(scene.kept.get("visits")) | bit(self.at)
        views = colour_drawing.VIEWS
        self.view = next((view for view in views if view == scene.kept.get("view")), views[0])

    # What it says of itself

    def measured(self) -> Measured:
        return {
            "channel": self.channel,
            "seen": self.seen.bit_count(),
            "cursor": self.at,
            "visited": self.visits.bit_count(),
            "sum": sum(window.result for window in self.windows()),
            "kernel": self.kernel.name,
        }

    def kept(self) -> State:
        return {
            "at": list(self.at),
            "kernel": self.kernel.name,
            "channel": self.channel,
            "seen": self.seen,
            "visits": f"{self.visits:x}",
            "view": self.view,
        }

    def windows(self) -> tuple[Window, ...]:
        """The kernel's work at the cursor, channel by channel."""
        return colour.windows(self.picture, self.kernel, self.at)

    def sentence(self) -> str:
        found = self.windows()
        parts = ", ".join(f"{name} {number(window.result)}" for name, window in zip(CHANNELS, found, strict=True))
        total = number(sum(window.result for window in found))
        whole = "what that is together is yours to predict" if "sum" in self.hidden else f"together {total}"
        result = f"its slices give {parts}; {whole}"
        size = f"{len(self.picture[0][0])} pixels wide and {len(self.picture[0])} high"
        place = f"row {self.at[0]}, column {self.at[1]}"
        kernel = f"The kernel {self.kernel.name} ({self.kernel.about}) lies on {place}: {result}."
        return f"A cat in colour, {size}, in three channels. {kernel}"

    def code(self) -> str:
        return self.scene.step.code or "engine.colour:windows"

    # Keys

    def action_move(self, down: int, across: int) -> None:
        self._go((self.at[0] + down, self.at[1] + across))

    def action_corner(self, which: int) -> None:
        self._go((which * len(self.picture[0]), which * len(self.picture[0][0])))

    def action_kernel(self, step: int) -> None:
        self.kernel = self.ring[(self.ring.index(self.kernel) + step) % len(self.ring)]
        self.changed()

    def action_channel(self, step: int) -> None:
        self.channel = (self.channel + step) % len(CHANNELS)
        self.seen |= 1 << self.channel
        self.changed()

    def action_view(self) -> None:
        views = colour_drawing.VIEWS
        if colour_drawing.all_shown(*self.size):  # the arithmetic is there already
            views = views[:-1]
        self.view = views[(views.index(self.view) + 1) % len(views)] if self.view in views else views[1]
        self.changed()

    def _go(self, at: Place) -> None:
        self.at = self._inside(at)
        self.visits |= bit(self.at)
        self.changed()

    def _inside(self, at: Place) -> Place:
        last = len(self.picture[0]) - 2, len(self.picture[0][0]) - 2
        return min(max(at[0], 1), last[0]), min(max(at[1], 1), last[1])

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        colour_drawing.draw(
            sheet, self.picture, self.kernel, self.at, self.channel, self.view, hidden="sum" in self.hidden
        )


def _ring(wanted: object) -> tuple[ColourKernel, ...]:
    """The kernels to choose from: the step's own first, if it has one, then those for colour."""
    if not isinstance(wanted, str):
        return COLOUR_KERNELS
    own = kernels.kernel(wanted)
    if (own.height, own.width) != (SIDE, SIDE):
        return COLOUR_KERNELS
    first = colour.in_every_channel(own, kernels.ABOUT.get(own.name or "", "your own, in every channel"))
    return (first, *(kernel for kernel in COLOUR_KERNELS if kernel.name != first.name))


def _index(value: object, count: int) -> int:
    """A number below `count`, as a progress file says it; nonsense is 0."""
    return value if type(value) is int and 0 <= value < count else 0
