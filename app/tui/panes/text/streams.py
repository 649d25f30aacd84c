"""The pane in which a text becomes batches: folded into streams, with a window that moves over them, or cut up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.orders import USUAL_SEED
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.early import EarlyPane, once_told
from fastai_tui.app.tui.panes.common.playing import PlayingPane, whole
from fastai_tui.app.tui.panes.common.typed import as_line
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.text import streams_drawing
from fastai_tui.app.tui.panes.text.streams_shown import Shown
from fastai_tui.app.writing import EMBEDDED
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.text_batch import VIEWS, Folded, View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MODELS = {"windows": "loop", "every": "seq", "streams": "stateful"}  # a network that is fed so
BS, SIZE, FAR = 64, 8, 1_000_000  # the experiment's own; further than any batch, row or column
MOST_SEEN = 400  # batches that are remembered as seen


class StreamsPane(TypingPane, EarlyPane, PlayingPane):
    """Asks the lab for the batch `number` of the loaders that runs train with, and walks over it with a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "column(1)", "character", tooltip="the next character; after the last, the next batch"),
        Binding("left", "column(-1)", "character", tooltip="the character before"),
        Binding("down", "row(1)", "row", tooltip="the next row of the batch"),
        Binding("up", "row(-1)", "row", tooltip="the row before"),
        Binding("home", f"column(-{FAR})", "first character", show=False),
        Binding("end", f"column({FAR})", "last character", show=False),
        Binding("space", "step", "batch", tooltip="the next batch"),
        Binding("p", "play", "play", tooltip="batch after batch by itself"),
        Binding("p", "pause", "pause"),
        Binding("a", "play", "play", show=False),
        Binding("a", "pause", "pause", show=False),
        Binding("u", "undo", "back", tooltip="the batch before"),
        Binding("f", "finish", "last", tooltip="the last batch of the epoch"),
        Binding("z", "begin", "first", tooltip="the first batch of the epoch"),
        Binding("full_stop", "epoch(1)", "epoch", tooltip="the next epoch: cut at other places"),
        Binding("comma", "epoch(-1)", "epoch before", show=False),
        Binding("v", "view", "view", tooltip="windows with one target, windows with every target, streams"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "p", "v", "full_stop", "e", "u", "f", "z")
    WALKED: ClassVar[bool] = False
    FRAMES: ClassVar[float] = 3

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        views = scene.kept.get("view"), scene.step.show.get("view"), "streams"
        self.view: View = next(view for view in views if view in VIEWS)
        self.text = as_line(self.option("text", ""))
        self.given = as_line(scene.step.show.get("text", ""))
        self.number, self.epoch, self.row = (whole(scene.kept.get(name), FAR) for name in ("batch", "epoch", "row"))
        self.column = whole(scene.kept.get("column", FAR if self.view == "windows" else 0), FAR)
        self.count, self.seen = whole(scene.kept.get("seen"), FAR), set[tuple[str, int, int]]()
        seen = scene.kept.get("views")
        self.views = {view for view in seen if view in VIEWS} if isinstance(seen, list) else set()
        self.returns = bool(self.count)  # to a batch that is among those counted
        self.folded: Folded | None = None
        self._job = "", scene.step.run.seed if scene.step.run else USUAL_SEED  # the run's data and seed
        self.trouble, self.asked = "", False
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self.look()

    # What is asked for

    @property
    def waiting(self) -> bool:
        return self.shown.waits

    @property
    def data(self) -> str:
        """The text's name or path: that of the knob, the run, the step."""
        order = self.scene.step.run
        asked = (self.knobs.get("data"), self._job[0], order and order.data, self.scene.step.show.get("data"))
        return next((name for name in asked if isinstance(name, str) and name), EMBEDDED)

    def _setting(self, name: str, default: int) -> int:
        """A knob's value, or what the step shows or trains."""
        order = self.scene.step.run
        for value in (self.knobs.get(name), self.scene.step.show.get(name), (order.set if order else {}).get(name)):
            if isinstance(value, int) and value >= 1:
                return value
        return default

    @property
    def asks(self) -> dict[str, Any]:
        """The batch that is wanted, as the lab takes it. A short text is folded into fewer streams."""
        size = self._setting("bptt", self._setting("size", SIZE))
        stride = self._setting("stride", 3 if size == 3 and "bptt" not in self.knobs else 1)
        bs = self._setting("bs", BS)
        return {
            "data": self.data,
            "view": self.view,
            "bs": max(min(bs, len(self.text) // (size + 1)), 1) if self.text else bs,
            "size": size,
            "stride": min(stride, size),
            "seed": self._job[1],
            "epoch": self.epoch,
            "batch": self.number,
            "own": self.text,
        }

    def look(self) -> None:
        """Have the lab make the batch."""
        self.trouble = ""
        if self.is_attached:
            self._ask(self.asks)

    @work(exit_on_error=True)
    async def _ask(self, asks: dict[str, Any]) -> None:
        try:
            answer = await self.services.lab.ask("fold", topic="streams", **asks)
        except FastaiTuiError as error:
            if asks == self.asks:
                self.trouble, self.folded = str(error), None
                self.early.clear()
                self.stop()
                self.settle()
            return
        if self.is_attached:
            self._take(asks, msgspec.convert(answer, Folded))

    def _take(self, asks: dict[str, Any], folded: Folded) -> None:
        """What was asked for before a change is shown too, but is not what stands."""
        self.folded = folded
        if asks == self.asks:
            self.number = folded.batch
            now = folded.view, folded.epoch, folded.batch
            if now not in self.seen and len(self.seen) < MOST_SEEN:
                self.seen.add(now)
                self.count += not self.returns
                self.returns = False
            self.views.add(folded.view)
        self.settle()
        self.catch_up()

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(self.folded, self.row, self.column, self.hidden, self.line, self.trouble)

    def measured(self) -> Measured:
        shown, folded = self.shown, self.folded
        if folded is None:
            return {"view": self.view, "seen": self.count, "views": len(self.views), "typed": self.typed}
        target = shown.target
        return {
            "view": folded.view,
            "views": len(self.views),
            "batch": folded.batch + 1,
            "batches": folded.batches,
            "epoch": folded.epoch + 1,
            "seen": self.count,
            "length": folded.length,
            "row": shown.at_row + 1,
            "place": shown.place,
            "token": shown.token,
            "known": shown.known,
            "streams": folded.streams,
            "dropped": folded.dropped,
            "inputs": folded.inputs,
            "predictions": folded.predictions,
            "reads": shown.reads,
            "typed": self.typed,
        } | ({} if target is None else {"target": target[0]})

    @property
    def typed(self) -> int:
        """1 if the text is the learner's own."""
        return int(self.text != self.given)

    def kept(self) -> State:
        views: list[int | float | str] = [*sorted(self.views)]
        kept: State = {"view": self.view, "text": self.text, "batch": self.number, "epoch": self.epoch}
        return kept | {"row": self.row, "column": self.column, "seen": self.count, "views": views}

    def sentence(self) -> str:
        return streams_drawing.sentence(self.shown)

    def command(self) -> Sequence[str]:
        if self.text:
            return ()
        asks = self.asks
        model = "three" if asks["view"] == "windows" and asks["stride"] == asks["size"] == 3 else MODELS[self.view]
        chosen = {"model": model, "bs": asks["bs"], "bptt": asks["size"]}
        words = [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]
        return ("train", "char-lm", *words, "--data", asks["data"], "--dry-run")

    def code(self) -> str:
        loader = "StreamLoader" if self.view == "streams" else "WindowLoader"
        return self.scene.step.code or f"engine.data.streams:{loader}"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        self.look()
        super().turned(knob, value)

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.run.id if self.run else ""
        super().follow(run, shot, runs)
        if run is None or run.id == before:
            return
        try:
            self._job = run.spec.job.data, run.spec.job.seed
        except FastaiTuiError:  # it was removed meanwhile
            return
        self.look()

    def before_typing(self) -> str:
        self.stop()
        return self.text

    def take(self, text: str) -> None:
        if text != self.text:
            self.text, self.number, self.row = text, 0, 0
            self.look()
        self.catch_up()

    # Batches

    @property
    def over(self) -> bool:
        return self.folded is not None and self.number >= self.folded.batches - 1

    @property
    def begun(self) -> bool:
        return self.number > 0

    def ended(self) -> str:
        return "That was the epoch's last batch: the full stop begins the next epoch, z this one again."

    def advance(self) -> None:
        self._to(self.number + (not self.trouble))

    def retreat(self) -> None:
        self._to(self.number - 1)

    def restart(self) -> None:
        self._to(0)

    def _to(self, batch: int) -> None:
        self.number = max(batch, 0)
        self.look()

    def action_finish(self) -> None:
        self.stop()
        self._to(self.folded.batches - 1 if self.folded else FAR)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "epoch" and parameters == (-1,) and self.line is None:
            return self.epoch > 0
        return super().check_action(action, parameters)

    @once_told
    def action_column(self, by: int) -> None:
        """Along the row, and from the end of a stream's part to where it goes on."""
        last = self.folded.length - 1 if self.folded else 0
        column = min(self.column, last) + by
        goes_on = self.view == "streams" and self.folded is not None and abs(by) == 1
        if goes_on and column > last and not self.over:
            self.column = 0
            self.action_step()
        elif goes_on and column < 0 and self.begun:
            self.column = FAR
            self.action_undo()
        else:
            self.column = min(max(column, 0), last)
            self.changed()

    @once_told
    def action_row(self, by: int) -> None:
        last = len(self.folded.rows) - 1 if self.folded else 0
        self.row = min(max(min(self.row, last) + by, 0), max(last, 0))
        self.changed()

    def action_epoch(self, by: int) -> None:
        self.stop()
        self.epoch = min(max(self.epoch + by, 0), FAR)
        self.look()
        self.settle()

    def action_view(self) -> None:
        self.stop()
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.column = FAR if self.view == "windows" else 0
        self.look()
        self.settle()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        streams_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))
