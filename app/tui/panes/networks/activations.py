"""The pane that looks at what goes on between the layers of a run while it trains: statistics and the colourful
dimension of every recorded layer, live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.orders import command_of
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.common.running import RunPane
from fastai_tui.app.tui.panes.networks.activations_view import ActivationsView
from fastai_tui.engine.runs.run import Run

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST_LAYERS = 999
KEPT = 100  # layers that are remembered as looked at


class ActivationsPane(ActivationsView, RunPane):
    """[ and ] choose a layer, v the view, arrows point at a batch, m lays a second run beside; space trains."""

    REMEDY = "p goes on with it; space trains anew."
    ANEW = "space trains anew."
    FIRST = (*RunPane.FIRST, *ActivationsView.KEYS_FIRST)

    def __init__(self, scene: Scene) -> None:
        RunPane.__init__(self, scene)
        self.begin(_whole(self.option("layer", 1)), str(self.option("view", "colours")))
        seen = scene.kept.get("visited", [])
        self.visited = {str(name) for name in seen[:KEPT]} if isinstance(seen, list) else set()

    # What it follows

    def subject(self) -> Snapshot | None:
        return self.ours

    def others(self) -> list[Run]:
        return [Run(self.services.runs.place / run) for run in reversed(self.runs)]

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.ours
        super().follow(run, shot, runs)
        after = self.ours
        if before is not None and after is not None and (before.run != after.run or self.went_on(before, after)):
            self.another_run()
        self.news()

    def turned(self, knob: str, value: Value) -> None:
        if knob == "layer":
            self.number = _whole(value)
            self.looked()
        super().turned(knob, value)

    def moved(self) -> None:
        self.changed()

    def tell(self, sentence: str) -> None:
        self.say(sentence)

    # What it says of itself

    def measured(self) -> Measured:
        return self.statistics()

    def kept(self) -> State:
        return {"layer": self.number, "view": self.view, "visited": [*sorted(self.visited)[:KEPT]]}

    def sentence(self) -> str:
        return self.in_words() or self._invitation()

    def command(self) -> Sequence[str]:
        if self.ours is not None:
            return ("show" if self.ours.ended else "watch", self.ours.run)
        return command_of(self.scene.step, self.knobs) if self.scene.step.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.stats:ActivationStats"

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shot = self.ours
        if shot is not None:
            self.lay_out(sheet, shot)
            return
        asked = self.once.pending("train")
        self.starting.pulse.beat(asked)
        sheet.put(0, 0, fit(f"To be trained: {self.job.experiment if self.job else ''}", sheet.width), "strong")
        if asked:
            sign = self.starting.pulse.sign(sheet.sight.unicode)
            beginning.draw(sheet, Area(1, 0, sheet.width, sheet.height - 1), None, sign)
            return
        for i, (line, style) in enumerate(
            spoken(sheet, self._invitation(), sheet.width, sheet.height - 1, "bad" if self.trouble else "accent")
        ):
            sheet.put(1 + i, 0, line, style)

    def _invitation(self) -> str:
        if self.trouble:
            return self.trouble
        curves = "a point to three curves: mean, deviation and near-zero share of what each layer gives."
        columns = "a column: the values that each layer gives, counted in 40 bins from 0 to 10."
        return f"space trains it; every batch then adds {curves if self.view == 'stats' else columns}"


def _whole(value: object) -> int:
    """A layer's number as a chapter or a progress file says it."""
    whole = int(value) if isinstance(value, (int, float)) and abs(value) <= MOST_LAYERS else 1
    return max(whole, 1)
