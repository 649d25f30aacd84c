"""The pane that shows what goes on in a recurrent layer while it reads the learner's text: its state and its gates."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.early import once_told
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.text import reading_words, states_drawing
from fastai_tui.app.tui.panes.text.recurrent import FAR, RecurrentPane
from fastai_tui.app.tui.panes.text.states_drawing import Shown, fitting
from fastai_tui.engine.recurrence import VIEWS, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

ALL = tuple(dict.fromkeys(view for views in VIEWS.values() for view in views))
ORDERS = ("change", "number")


class StatesPane(RecurrentPane[Shown]):
    """The arrows choose a character and a unit, v a view, [ and ] a layer; m orders the units."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view(1)", "view", tooltip="the state, or one of the gates"),
        Binding("V", "view(-1)", "view before", show=False),
        Binding("m", "order", "order", tooltip="units in the order of their numbers, or those first that change most"),
        Binding("a", "together", "all/one", tooltip="all views beside each other where there is room, or one"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", "e", "m", "k")
    CELLS: ClassVar[Mapping[str, str]] = {"rnn": "RnnCell", "gru": "GruCell.gates", "lstm": "LstmCell.gates"}

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.wanted = one_of(ALL, self.option("view", "state"))
        self.order = one_of(ORDERS, kept.get("order"))
        self.together = kept.get("together") != 0
        self.unit = whole(kept.get("unit"), FAR - 1, -1)  # from 0; none chosen yet: the first in order
        seen = kept.get("views")
        self.seen = {view for view in seen if view in ALL} if isinstance(seen, list) else set()
        self.found: Layer | None = None
        self.roomy = False  # whether there was room for all views when it was drawn last
        self._asked: tuple[str, str, int, int] | None = None

    # What it knows

    def inquire(self) -> None:
        asked = (self.source, self.text, self.number, self.shot.step if self.shot and not self.chosen else 0)
        if asked == self._asked or not self.is_attached or not self.text:
            return
        if self._asked is None or asked[:2] != self._asked[:2]:
            self.found = None
        self._asked, self.trouble = asked, ""
        self.ask_lab("states", partial(self._take, asked), source=asked[0], text=asked[1], layer=asked[2])

    def _take(self, asked: tuple[str, str, int, int], answer: Any) -> None:
        if asked != self._asked:
            return
        self.found, self.trouble = msgspec.convert(answer, Layer), ""
        self.number = self.found.layer
        self._asked = (*asked[:2], self.number, asked[3])
        self._look_at()
        self.refresh_bindings()
        self.redraw()  # which finds out what there is room for
        self.catch_up()

    def refused(self, sentence: str) -> None:
        self._asked = None  # what failed may be asked again
        super().refused(sentence)

    def _look_at(self) -> None:
        """Take the first unit in order where the chosen one is none, and note which view is seen."""
        if self.found is None:
            return
        if not 0 <= self.unit < self.found.told:
            self.unit = self.units[0]
        self.seen.add(fitting(self.wanted, self.found.kind))

    @property
    def units(self) -> list[int]:
        """The units in the order in which they are drawn."""
        assert self.found is not None
        return self.found.order if self.order == "change" else list(range(self.found.told))

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has answered."""
        layer = self.found
        if layer is None or layer.length != len(self.text):
            return None
        return Shown(
            text=self.text,
            layer=layer,
            view=fitting(self.wanted, layer.kind),
            at=self.at,
            unit=self.unit,
            order=self.units,
            who=reading_words.who(layer.source, layer.step),
            together=self.together,
            hidden=self.hidden,
        )

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "character": self.at + 1,
            "letter": self.character,
            "typed": self.typed,
            "visited": len(self.visited),
            "views": len(self.seen),
            "layer": self.number,
            "order": self.order,
        }
        shown = self.shown
        if shown is None:
            return found
        return found | {
            "unit": shown.unit + 1,
            "units": shown.layer.units,
            "layers": shown.layer.layers,
            "kind": shown.layer.kind,
            "view": shown.view,
            "value": shown.value,
            "mean": shown.mean,
            "rank": shown.rank,
            "windows": len(shown.layer.begins),
        }

    @property
    def told(self) -> Layer | None:
        return self.found

    def kept(self) -> State:
        return {
            **super().kept(),
            "view": self.wanted,
            "layer": self.number,
            "order": self.order,
            "together": int(self.together),
            "unit": self.unit,
            "views": sorted(self.seen),
        }

    def picture(self, sheet: Sheet, shown: Shown) -> None:
        self.roomy = states_drawing.draw(sheet, shown)

    def words(self, shown: Shown) -> str:
        return states_drawing.sentence(shown)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        layer = self.found
        if action in ("view", "together") and layer is not None:
            return len(layer.views) > 1
        return layer is not None or self.waiting if action in ("view", "together", "order") else True

    @once_told
    def action_unit(self, by: int) -> None:
        units = self.units
        self.unit = units[min(max(units.index(self.unit) + by, 0), len(units) - 1)]
        self.changed()

    @once_told
    def action_view(self, by: int) -> None:
        if self.found is not None:
            there = VIEWS[self.found.kind]
            self.wanted = there[(there.index(fitting(self.wanted, self.found.kind)) + by) % len(there)]
            self._look_at()
            self.changed()

    @once_told
    def action_order(self) -> None:
        self.order = ORDERS[1 - ORDERS.index(self.order)]
        self.changed()

    @once_told
    def action_together(self) -> None:
        if not self.roomy:
            self.say("No room for all at once: v shows each.")
            return
        self.together = not self.together
        self.changed()
