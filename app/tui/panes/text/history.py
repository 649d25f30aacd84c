"""The pane in which it is measured what it costs not to cut the history: layers, memory and time, batch after batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.playing import PlayingPane, one_of, whole
from fastai_tui.app.tui.panes.text import history_drawing
from fastai_tui.app.tui.panes.text.history_drawing import KINDS, MOST, Shown
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.app.writing import EMBEDDED
from fastai_tui.engine.history_costs import Costs, History

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

BPTT, HIDDEN = 8, 128


class HistoryPane(AskingPane, PlayingPane):
    """`self.wanted` batches are to be measured; the lab tells of as many as it has had the time for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "step", "batch", tooltip="read one more batch, uncut and cut"),
        Binding("f", "finish", "all", tooltip=f"all {MOST} batches"),
        Binding("v", "view", "view", tooltip="memory or time, where there is no room for both curves"),
        Binding("p", "play", "run", show=False),
        Binding("p", "pause", "pause", show=False),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "f", "v", "a", "u", "z")
    WALKED: ClassVar[bool] = False
    FRAMES: ClassVar[float] = 5

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept.get("batches")
        self.wanted = whole(kept, MOST)
        self.view = one_of(tuple(KINDS), self.option("view", "memory"))
        self.history: History | None = None
        self.pulse, self.plotter = Pulse(self), Plotter(self)

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    # What is asked for

    @property
    def asks(self) -> dict[str, Any]:
        """Which network reads which text, as the lab takes it."""
        data = self.scene.step.show.get("data")
        bptt, hidden = self.knob("bptt", BPTT, 1, 128), self.knob("hidden", HIDDEN, 1, 512)
        return {"data": data if isinstance(data, str) and data else EMBEDDED, "bptt": int(bptt), "hidden": int(hidden)}

    @property
    def points(self) -> tuple[Costs, ...]:
        """What has been measured of the batches that are wanted."""
        return tuple(self.history.points[: self.wanted]) if self.history else ()

    @property
    def missing(self) -> bool:
        """Is there more to be measured?"""
        known = self.history
        return known is None or (len(known.points) < self.wanted and not known.full)

    async def ask_next(self) -> None:
        """What is told of a network before a knob was turned is dropped."""
        asks = self.asks
        answer = await self.services.lab.ask("history", topic="history", batches=self.wanted, **asks)
        if asks == self.asks and self.is_attached:
            self.history = msgspec.convert(answer, History)
            self._bound()
            self.settle()

    def refused(self, sentence: str) -> None:
        super().refused(sentence)
        self.stop()
        self.settle()

    def _bound(self) -> None:
        """Where no more batches can be had, no more are wanted."""
        if self.history is not None and self.history.full:
            self.wanted = min(self.wanted, len(self.history.points))

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        points, asks = self.points, self.asks
        units = asks["hidden"]
        return Shown(points, self.history, asks["bptt"], units, self.wanted, self.view, self.hidden, self.trouble)

    def measured(self) -> Measured:
        shown = self.shown
        return {
            "batches": len(shown.points),
            "deep": shown.deep,
            "memory": shown.memory,
            "seconds": shown.seconds,
            "differs": shown.differs,
            "done": int(self.over and not self.missing),
        }

    def kept(self) -> State:
        return {"batches": self.wanted, "view": self.view}

    def sentence(self) -> str:
        return history_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.history:Side"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        self.stop()
        self.history = None
        self.serve_anew()
        super().turned(knob, value)

    # Batches

    @property
    def over(self) -> bool:
        full = self.history is not None and self.history.full
        return not self.trouble and (self.wanted >= MOST or full)

    @property
    def begun(self) -> bool:
        return self.wanted > 0

    def ended(self) -> str:
        full = self.history is not None and self.history.full
        why = "Another batch would need too much memory" if full else f"{MOST} batches are enough"
        return f"{why}: u goes back, z begins anew, and + and - turn the knob."

    def advance(self) -> None:
        self.wanted = min(self.wanted + 1, MOST)
        self.serve_anew()

    def retreat(self) -> None:
        self._less(len(self.points) - 1)

    def restart(self) -> None:
        self._less(0)

    def _less(self, batches: int) -> None:
        self.wanted = max(batches, 0)
        if self.history is not None:
            self.history = msgspec.structs.replace(self.history, full=False)

    def action_view(self) -> None:
        kinds = tuple(KINDS)
        self.view = kinds[(kinds.index(self.view) + 1) % len(kinds)]
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        history_drawing.draw(sheet, shown, self.plotter, self.pulse.sign(sheet.sight.unicode))
