"""The pane of pooling: ordinary windows beside adaptive ones, on the same grid, until they agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.pictured import PicturePane, Place, bit
from fastai_tui.app.tui.panes.common.playing import one_of
from fastai_tui.app.tui.panes.images import pooling_drawing, pooling_head
from fastai_tui.app.tui.panes.images.pooling_shown import KINDS, Kind, Shown
from fastai_tui.engine.pooling import Pooling, averaged

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

LARGEST = 32  # cells across
BEGIN = {"size": 28, "output": 14, "kernel_size": 3, "stride": 2}
CHANNELS, MOST_CHANNELS = 80, 4096  # the usual number is that of the course's first convolutional net
VIEWS = ("pool", "head")
REMEMBERED = 200  # pairs of sizes that have agreed
_PAIR = re.compile(r"(\d{1,2})/(\d{1,2})", re.ASCII)


class PoolingPane(PicturePane):
    """The arrows choose an output, the knobs say how it is made; v goes on to the head."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "head", tooltip="what comes after: shapes, and what -1 stands for; or back"),
        Binding("m", "which", "windows", tooltip="mark the windows of the other kind"),
        Binding("z", "begin", "anew", tooltip="the cursor and the digit as at the beginning"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", "m", "d")
    START: ClassVar[Place] = (5, 7)  # where the usual digit has ink

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.view = one_of(VIEWS, self.option("view"))
        self.which: Kind = KINDS[1] if scene.kept.get("which") == KINDS[1] else KINDS[0]
        self.agreed = _pairs(scene.kept.get("agreed"))
        self.channels = _whole(scene.step.show.get("channels"), CHANNELS, MOST_CHANNELS)
        self.pool()
        self.settle()

    def pool(self) -> None:
        """Make both anew, as knobs, step and picture say."""
        given = {name: self.knobs.get(name, self.scene.step.show.get(name)) for name in BEGIN}
        found = {name: _whole(value, BEGIN[name], LARGEST) for name, value in given.items()}
        found["output"] = min(found["output"], found["size"])
        self.pooling = Pooling(**found)
        self.grid = averaged(self.picture.rows, self.pooling.size)
        if self.pooling.agree:
            self.agreed |= {(self.pooling.size, self.pooling.output)}

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(self.pooling, self.grid, self.at, self.which, self.channels, self.hidden)

    # What it says of itself

    def measured(self) -> Measured:
        pooling, shown = self.pooling, self.shown
        return {
            **super().measured(),
            "agree": int(pooling.agree),
            "agreed": len(self.agreed),
            "possible": int(pooling.possible),
            "size": pooling.size,
            "output": pooling.output,
            "ordinary": len(pooling.ordinary),
            "kernel_size": pooling.kernel_size,
            "stride": pooling.stride,
            "smallest": min(pooling.sides),
            "largest": max(pooling.sides),
            "overlap": pooling.overlap,
            "left": pooling.left,
            "same": shown.same,
            "value": shown.value("adaptive") or 0,
            "value_ordinary": shown.value("ordinary") or 0,
            "channels": self.channels,
            "flat": shown.flat,
            "view": self.view,
        }

    def kept(self) -> State:
        agreed: list[int | float | str] = [f"{size}/{output}" for size, output in sorted(self.agreed)[:REMEMBERED]]
        return {**super().kept(), "view": self.view, "which": self.which, "agreed": agreed}

    def sentence(self) -> str:
        shown, size = self.shown, self.pooling.size
        if self.view == "head":
            flat = "?" if "flat" in self.hidden else f"{shown.flat:,}"
            out = self.pooling.output
            return (
                f"After adaptive pooling to {out}×{out}, {self.channels} channels are viewed as one row for each "
                f"image: −1 stands for {flat}."
            )
        adaptive, ordinary = ("".join(shown.said(kind)) for kind in KINDS)
        row, column = self.at
        return (
            f"On a grid of {size}×{size} {shown.name('adaptive')} and pooling with {shown.name('ordinary')}: "
            f"{shown.verdict} The output in row {row}, column {column}: {adaptive}; {ordinary}. {' '.join(shown.notes)}"
        ).strip()

    def code(self) -> str:
        return self.scene.step.code or "engine.pooling:adaptive"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        self.pool()
        self.at = self.inside(self.at)
        self.visits = bit(self.at)
        self.refresh_bindings()
        self.changed()

    def pictured(self) -> None:
        self.pool()

    def on_resize(self, event: events.Resize) -> None:
        self.refresh_bindings()

    def bounds(self) -> tuple[Place, Place]:
        return (0, 0), (self.pooling.output - 1, self.pooling.output - 1)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "which":
            return self.view == "pool" and pooling_drawing.single(*self.size, self.pooling.size)
        return super().check_action(action, parameters)

    def action_view(self) -> None:
        self.view = VIEWS[1 - VIEWS.index(self.view)]
        self.refresh_bindings()
        self.changed()

    def action_which(self) -> None:
        self.which = KINDS[1 - KINDS.index(self.which)]
        self.changed()

    def action_begin(self) -> None:
        self.take(self._given)
        self.at = self.inside(self.START)
        self.visits = bit(self.at)
        self.changed()

    # The picture

    def lay_out(self, sheet: Sheet) -> None:
        (pooling_drawing.draw if self.view == "pool" else pooling_head.head)(sheet, self.shown)


def _whole(value: Any, usual: int, most: int) -> int:
    """A whole number from 1 to `most`; `usual` for anything else than a number."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9
    return min(max(int(value), 1), most) if good else usual


def _pairs(value: Any) -> frozenset[tuple[int, int]]:
    """Pairs of sizes as they were kept, `28/14`; what is no such pair is left out."""
    found = value[:REMEMBERED] if isinstance(value, list) else []
    matches = (_PAIR.fullmatch(each) for each in found if isinstance(each, str))
    return frozenset((int(match[1]), int(match[2])) for match in matches if match)
