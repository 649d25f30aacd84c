"""The pane of what a network has learned: its kernels, and the maps they make of a digit, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app import halfblocks
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.brush import PENS
from fastai_tui.app.tui.panes.common.inside import InsidePane, batches
from fastai_tui.app.tui.panes.common.pictured import ARROWS, Place
from fastai_tui.app.tui.panes.common.run_images import RunImage, RunImagesPane
from fastai_tui.app.tui.panes.networks import learned_drawing as drawing
from fastai_tui.app.tui.panes.networks import learned_images
from fastai_tui.app.tui.pictures import DRAWN
from fastai_tui.lessons import drawing as own_drawing

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.networks.learned_drawing import Seen
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST_LAYERS = MOST_CHANNELS = 999
BRUSH = (4, 9)  # where it is taken up: a three, a seven, a zero begin about there


class LearnedPane(InsidePane, RunImagesPane):
    """The arrows choose a channel, [ and ] a layer, v shows the same before training, e draws a digit to look at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"move({way})", "move", tooltip="move the brush") for key, way in ARROWS.items()),
        *(Binding(key, f"channel({way})", "channel", tooltip="choose a channel") for key, way in ARROWS.items()),
        Binding("home", "corner(0)", "first channel", show=False),
        Binding("end", "corner(1)", "last channel", show=False),
        Binding("right_square_bracket", "layer(1)", "layer", tooltip="the next layer, deeper in the network"),
        Binding("left_square_bracket", "layer(-1)", "layer", tooltip="the layer before"),
        Binding("v", "view", "before training", tooltip="as it was before training, as it is now"),
        Binding("v", "view_newest", "now", tooltip="as it is now"),
    ]  # fmt: skip
    FIRST = ("space", "right_square_bracket", "left_square_bracket", "v", "e")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.number = _bounded(kept.get("layer", scene.step.show.get("layer", 1)), MOST_LAYERS)
        self.channel = _bounded(kept.get("channel", 1), MOST_CHANNELS)
        self.asked = "first" if kept.get("view") == "first" else "newest"
        self.seen = drawing.pairs(kept.get("seen"))
        self.columns = 1
        self.known: dict[tuple[str, int], dict[str, Any]] = {}  # by moment and layer
        self.mapped: dict[tuple[str, str], dict[str, Any]] = {}  # by moment and picture
        self.ink = 0

    def on_mount(self) -> None:
        super().on_mount()
        self._count_ink()

    # What it says of itself

    def bounds(self) -> tuple[Place, Place]:
        last = len(self.picture.rows) - 1 if self.drawing else 0
        return (0, 0), (last, last)

    @property
    def when(self) -> str:
        """Which weights are shown: the first ones as long as what became of them is to be predicted."""
        return "first" if "view" in self.hidden else self.asked

    def reveal(self, hidden: frozenset[str]) -> None:
        before = self.when
        super().reveal(hidden)
        if self.when != before:
            self._show()
            self.refresh_bindings()

    def now(self) -> Seen | None:
        """All that is known of the chosen layer, or None until the lab has answered."""
        learned = self.known.get((self.when, self.number))
        maps = self.mapped.get((self.when, self._mapped_as))
        return drawing.seen(learned, maps, self.number, self.channel, self.picture) if learned and maps else None

    def measured(self) -> Measured:
        now = self.now()
        found: dict[str, float | str] = {
            "layer": self.number,
            "channel": self.channel,
            "seen": len(self.seen),
            "picture": self.picture.name,
            "drawn": self.ink,
            "view": self.when,
        }
        if isinstance(self.picture, RunImage):
            found |= {"image": self.image} | learned_images.measured(self.picture, now)
        elif self.picture.label:
            found["label"] = int(self.picture.label)
        return found | ({"prediction": now.prediction, "sure": max(now.likely)} if now and now.prediction else {})

    def kept(self) -> State:
        return {
            **({"image": self.image} if self.of_run else {"picture": self.picture.name}),
            "layer": self.number,
            "channel": self.channel,
            "view": self.asked,
            "seen": drawing.packed(self.seen),
        }

    def sentence(self) -> str:
        now = self.now()
        if now is None or self.run is None:
            return self.nothing_yet()
        return f"{self.run.id} {batches(now.step)}: {drawing.in_words(now, hidden='prediction' in self.hidden)}"

    def command(self) -> Sequence[str]:
        return ("show", self.run.id) if self.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.maps:answer"

    # Asking

    def forget_run(self) -> None:
        self.known.clear()
        self.mapped.clear()
        self.trouble = ""

    def look(self) -> None:
        """What it is now has to be asked for anew; what it was before training stays."""
        learned, maps = self._shown_keys()
        self.known = {key: answer for key, answer in self.known.items() if key[0] == "first" or key == learned}
        self.mapped = {key: answer for key, answer in self.mapped.items() if key[0] == "first" or key == maps}
        if self.when == "newest" and maps in self.mapped:
            self._ask_maps()
        if self.when == "newest" and learned in self.known:
            self._ask_learned(self.when)
        self.ask_for_missing()

    def ask_for_missing(self) -> None:
        """Ask for what is to be shown and is not known: the maps first, for they tell how many layers there are."""
        begun = self.shot is not None and (self.shot.step or self.shot.ended)
        if self.run is None or not begun or not self.is_mounted:
            return
        learned, maps = self._shown_keys()
        if maps not in self.mapped:
            self._ask_maps()
        elif learned not in self.known:
            self._ask_learned(self.when)
        elif not self.hidden & {"view"} and self._other() is None:
            self._ask_learned("newest" if self.when == "first" else "first")

    def _shown_keys(self) -> tuple[tuple[str, int], tuple[str, str]]:
        return (self.when, self.number), (self.when, self._mapped_as)

    @property
    def _mapped_as(self) -> str:
        """What maps are known by: the picture; of a run's own images a layer's maps are asked for one by one."""
        return f"{self.picture.name}/{self.number}" if self.of_run else self.picture.name

    def _ask_learned(self, when: str) -> None:
        assert self.run is not None
        self.ask_lab("learned", partial(self._take_learned, when), run=self.run.id, layer=self.number, when=when)

    def _ask_maps(self) -> None:
        assert self.run is not None
        then = partial(self._take_maps, self.when, self._mapped_as)
        if self.of_run:
            self.ask_lab("maps", then, run=self.run.id, image=self.image, layer=self.number, when=self.when)
        else:
            self.ask_lab("maps", then, run=self.run.id, pixels=self.picture.rows, when=self.when)

    def _take_learned(self, when: str, answer: dict[str, Any]) -> None:
        if self.run is not None and answer["run"] == self.run.id:
            self.known[when, answer["layer"]] = answer
            self._settle()
            self.ask_for_missing()

    def _take_maps(self, when: str, picture: str, answer: dict[str, Any]) -> None:
        if self.run is None or answer["run"] != self.run.id:
            return
        if self.of_run and picture == self._mapped_as:
            self.received(answer)
            picture = self._mapped_as  # after the last image the first one comes again
        self.mapped = {key: value for key, value in self.mapped.items() if key[1] == self._mapped_as}
        self.mapped[when, picture] = answer
        self.number = min(self.number, len(answer["layers"]))
        self._settle()
        self.refresh_bindings()
        self.ask_for_missing()

    def _settle(self) -> None:
        """Keep the channel among those there are, and note that it was seen."""
        now = self.now()
        if now is not None:
            self.channel = min(self.channel, len(now.maps))
            self.seen.add((self.number, self.channel))

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("move", "channel"):
            return self.drawing == (action == "move")
        if self.drawing and action in ("layer", "view", "view_newest"):
            return False
        if action == "layer":
            return 1 <= self.number + int(str(parameters[0])) <= self._layers(1)
        if action in ("view", "view_newest"):
            return "view" not in self.hidden and (action == "view") == (self.when == "newest")
        if action == "draw" and self.now() is None:
            return False
        return super().check_action(action, parameters)

    def action_draw(self) -> None:
        self.at = BRUSH
        super().action_draw()

    def action_channel(self, down: int, across: int) -> None:
        self._choose(self.channel + across + down * self.columns)

    def action_corner(self, which: int) -> None:
        if self.drawing:
            super().action_corner(which)
        else:
            self._choose(MOST_CHANNELS if which else 1)

    def _choose(self, channel: int) -> None:
        now = self.now()
        if now is not None:
            self.channel = min(max(channel, 1), len(now.maps))
            self._settle()
            self.changed()
        elif self.run is not None:  # it is chosen once the lab has told
            self.channel = min(max(channel, 1), MOST_CHANNELS)

    def action_layer(self, step: int) -> None:
        layer = min(max(self.number + step, 1), self._layers(1))
        if layer != self.number:
            self.number, self.channel = layer, 1
            self._show()

    def _layers(self, unknown: int) -> int:
        """How many layers the network has, or `unknown` until the lab has told."""
        return next((len(answer["layers"]) for answer in self.mapped.values()), unknown)

    def action_view(self) -> None:
        self.asked = "first"
        self._show()

    def action_view_newest(self) -> None:
        self.asked = "newest"
        self._show()

    def pictured(self) -> None:
        self._count_ink()
        if self.picture.name != DRAWN or self._shown_keys()[1] not in self.mapped:
            self.ask_for_missing()
        elif self.run is not None:  # another stroke: what is known stays until the network has looked at it
            self.mapped = {self._shown_keys()[1]: self.mapped[self._shown_keys()[1]]}
            self._ask_maps()

    def _show(self) -> None:
        """Something else is to be shown."""
        self._settle()
        self.ask_for_missing()
        self.refresh_bindings()
        self.changed()

    def _count_ink(self) -> None:
        """How many pixels of the shown drawing are inked; none while it is not shown."""
        self.ink = own_drawing.inked(self.picture.rows) if self.picture.name == DRAWN else 0

    # Drawing

    def lay_out(self, sheet: Sheet) -> None:
        now, hidden = self.now(), bool({"prediction", "sure"} & self.hidden)
        if now is None:
            self.draw_nothing(sheet)
            return
        self.pulse.beat(False)
        if self.drawing:
            self._lay_out_drawing(sheet, now, hidden)
        elif isinstance(self.picture, RunImage):
            self.columns = learned_images.draw(sheet, now, self.picture, hidden=hidden, other=self._other())
        else:
            self.columns = drawing.draw(sheet, now, hidden=hidden, other=self._other())

    def _lay_out_drawing(self, sheet: Sheet, now: Seen, hidden: bool) -> None:
        """The drawing, as much of it as fits, and what the network makes of it with every stroke."""
        rows = self.picture.rows
        bars, side = drawing.outcome(sheet, now, hidden=hidden), len(rows)
        room = max(sheet.height - 1 - bars, 1)
        sheet.put(0, 0, f"{PENS[self.pen]}, {self.ink} pixels inked", "accent" if self.pen != "up" else "strong")
        if sheet.width >= 2 * side and room >= side:
            self.pixels(sheet, Area(1, 0, 2 * side, side), rows, halfblocks.grey(), {self.at: 1.0})
            return
        across, down = min(sheet.width, side), min(2 * room, side)
        top, left = parts.around(self.at[0], down, side), parts.around(self.at[1], across, side)
        if across < side or down < side:
            sheet.leave_out("part of the drawing (it follows the brush)")
        shown = [row[left : left + across] for row in rows[top : top + down]]
        marks = {(self.at[0] - top, self.at[1] - left): 1.0}
        self.pixels(sheet, Area(1, 0, across, -(-down // 2)), shown, halfblocks.grey(), marks, (top, left))

    def _other(self) -> dict[str, Any] | None:
        """The layer at the other moment, if it is known: to be shown beside."""
        return self.known.get(("newest" if self.when == "first" else "first", self.number))


def _bounded(value: object, most: int) -> int:
    """A number as a chapter or a progress file says it."""
    whole = int(value) if isinstance(value, (int, float)) and abs(value) <= most else 1
    return min(max(whole, 1), most)
