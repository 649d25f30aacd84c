"""The pane of what a network has learned: its kernels, and the maps they make of a digit, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes import learned_drawing as drawing
from fastai_tui.app.tui.panes.inside import InsidePane, batches
from fastai_tui.app.tui.panes.pictured import PicturePane, Place
from fastai_tui.app.tui.pictures import DRAWN
from fastai_tui.lessons import drawing as own_drawing

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.learned_drawing import Seen
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST_LAYERS = MOST_CHANNELS = 999


class LearnedPane(InsidePane, PicturePane):
    """The arrows choose a channel, [ and ] a layer, v shows the same before training."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(0, -1)", "channel before", show=False),
        Binding("right", "move(0, 1)", "next channel", show=False),
        Binding("up", "move(-1, 0)", "channels above", show=False),
        Binding("down", "move(1, 0)", "channels below", show=False),
        Binding("home", "corner(0)", "first channel", show=False),
        Binding("end", "corner(1)", "last channel", show=False),
        Binding("right_square_bracket", "layer(1)", "deeper layer", show=True),
        Binding("left_square_bracket", "layer(-1)", "layer before", show=True),
        Binding("v", "view", "before or after training", show=True),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.number = _bounded(kept.get("layer", self.knobs.get("layer", scene.step.show.get("layer", 1))), MOST_LAYERS)
        self.channel = _bounded(kept.get("channel", 1), MOST_CHANNELS)
        self.when = "first" if kept.get("view") == "first" else "newest"
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
        return (0, 0), (0, 0)

    def now(self) -> Seen | None:
        """All that is known of the chosen layer, or None until the lab has answered."""
        learned = self.known.get((self.when, self.number))
        maps = self.mapped.get((self.when, self.picture.name))
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
        if self.picture.label:
            found["label"] = int(self.picture.label)
        return found | ({"prediction": now.prediction, "sure": max(now.likely)} if now and now.prediction else {})

    def kept(self) -> State:
        return {
            "picture": self.picture.name,
            "layer": self.number,
            "channel": self.channel,
            "view": self.when,
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
            self._ask_learned()
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
            self._ask_learned()

    def _shown_keys(self) -> tuple[tuple[str, int], tuple[str, str]]:
        return (self.when, self.number), (self.when, self.picture.name)

    def _ask_learned(self) -> None:
        assert self.run is not None
        then = partial(self._take_learned, self.when)
        self.ask_lab("learned", then, run=self.run.id, layer=self.number, when=self.when)

    def _ask_maps(self) -> None:
        assert self.run is not None
        then = partial(self._take_maps, self.when, self.picture.name)
        self.ask_lab("maps", then, run=self.run.id, pixels=self.picture.rows, when=self.when)

    def _take_learned(self, when: str, answer: dict[str, Any]) -> None:
        if self.run is not None and answer["run"] == self.run.id:
            self.known[when, answer["layer"]] = answer
            self._settle()

    def _take_maps(self, when: str, picture: str, answer: dict[str, Any]) -> None:
        if self.run is None or answer["run"] != self.run.id:
            return
        self.mapped = {key: value for key, value in self.mapped.items() if key[1] == self.picture.name}
        self.mapped[when, picture] = answer
        self.number = min(self.number, len(answer["layers"]))
        self._settle()
        self.ask_for_missing()

    def _settle(self) -> None:
        """Keep the channel among those there are, and note that it was seen."""
        now = self.now()
        if now is not None:
            self.channel = min(self.channel, len(now.maps))
            self.seen.add((self.number, self.channel))

    # Keys

    def action_move(self, down: int, across: int) -> None:
        self._choose(self.channel + across + down * self.columns)

    def action_corner(self, which: int) -> None:
        self._choose(MOST_CHANNELS if which else 1)

    def _choose(self, channel: int) -> None:
        now = self.now()
        if now is not None:
            self.channel = min(max(channel, 1), len(now.maps))
            self._settle()
            self.changed()

    def action_layer(self, step: int) -> None:
        layer = min(max(self.number + step, 1), self._layers(1))
        if layer != self.number:
            self._take_layer(layer)
            self.post_message(self.Turn("layer", layer))

    def turned(self, knob: str, value: Value) -> None:
        if knob == "layer":
            self._take_layer(_bounded(value, MOST_LAYERS))

    def _take_layer(self, layer: int) -> None:
        self.number, self.channel = min(layer, self._layers(MOST_LAYERS)), 1
        self._show()

    def _layers(self, unknown: int) -> int:
        """How many layers the network has, or `unknown` until the lab has told."""
        return next((len(answer["layers"]) for answer in self.mapped.values()), unknown)

    def action_view(self) -> None:
        self.when = "newest" if self.when == "first" else "first"
        self._show()

    def pictured(self) -> None:
        self._count_ink()
        self.ask_for_missing()

    def _show(self) -> None:
        """Something else is to be shown."""
        self._settle()
        self.ask_for_missing()
        self.changed()

    def _count_ink(self) -> None:
        """How many pixels of the shown drawing are inked; none while it is not shown."""
        self.ink = own_drawing.inked(self.picture.rows) if self.picture.name == DRAWN else 0

    # Drawing

    def lay_out(self, sheet: Sheet) -> None:
        now = self.now()
        if now is None:
            self.draw_nothing(sheet)
        else:
            self.columns = drawing.draw(sheet, now, hidden=bool({"prediction", "sure"} & self.hidden))


def _bounded(value: object, most: int) -> int:
    """A number as a knob, a chapter or a progress file says it."""
    whole = int(value) if isinstance(value, (int, float)) and abs(value) <= most else 1
    return min(max(whole, 1), most)
