"""The pane in which a deep network's numbers double from layer to layer, step after step, until they are none."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.playing import PlayingPane, one_of, whole
from fastai_tui.app.tui.panes.networks import signals_drawing
from fastai_tui.app.tui.panes.networks.signals_drawing import VIEWS, Shown
from fastai_tui.engine.signal_sizes import (
    HIGH,
    INITS,
    LOW,
    MOST,
    NORMS,
    Net,
    Signals,
    broke,
    growth,
    growth_back,
    over,
)

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

LOOKED_AT = 0.8  # seconds that a network has to be seen to stay beside the next: not every turn of a knob is meant
FAR = 999
REMEMBERED = 300  # networks


class SignalsPane(AskingPane, PlayingPane):
    """`self.wanted` steps are to be seen; the lab tells of as many as it has had the time for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "step", "step", tooltip="one step of training, and the next batch"),
        Binding("f", "finish", "to the end", tooltip=f"{MOST} steps, or until nothing is a number any more"),
        Binding("right", "layer(1)", "layer", tooltip="the next layer"),
        Binding("left", "layer(-1)", "layer", tooltip="the layer before"),
        Binding("home", f"layer(-{FAR})", "first layer", show=False),
        Binding("end", f"layer({FAR})", "last layer", show=False),
        Binding("v", "view", "view", tooltip="forward, the gradient back, the gradient of the weights"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "f", "v", "a", "u", "z")
    WALKED: ClassVar[bool] = False
    FRAMES: ClassVar[float] = 2

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.wanted = whole(scene.kept.get("steps"), MOST)
        self.view = one_of(VIEWS, self.option("view"))
        self.at = whole(self.option("layer"), FAR, 1) - 1
        tried, views = scene.kept.get("tried"), scene.kept.get("views")
        self.tried = {each for each in tried if isinstance(each, str)} if isinstance(tried, list) else set[str]()
        self.views = {v for v in views if v in VIEWS} if isinstance(views, list) else set[str]()
        self.views.add(self.view)
        self.signals: Signals | None = None
        self.before: tuple[Net, Signals] | None = None
        self._since = 0.0
        self._net = self.net
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    # What is asked for

    @property
    def net(self) -> Net:
        """The network that the knobs say, or the step where there is no such knob."""
        skips = self._word("skips", ("off", "on"))
        return Net(
            depth=round(self._number("depth", 3, LOW, HIGH)),
            init=self._word("init", INITS),
            gain=self._number("gain", 1, 0.01, 100),
            norm=self._word("norm", NORMS),
            skips=skips == "on",
            rate=self._number("rate", 0.1, 0, 1000),
        )

    def _word(self, name: str, among: tuple[str, ...]) -> str:
        return one_of(among, self.knobs.get(name, self.option(name)))

    def _number(self, name: str, default: float, low: float, high: float) -> float:
        said = self.option(name)
        usual = float(said) if isinstance(said, (int, float)) and low <= said <= high else default
        return self.knob(name, usual, low, high)

    @property
    def data(self) -> str:
        said = self.option("data")
        return said if isinstance(said, str) else ""

    @property
    def missing(self) -> bool:
        """Is there more to be computed?"""
        known = self.signals
        return known is None or (len(known.points) <= self.wanted and not over(known.points))

    async def ask_next(self) -> None:
        """What is told of a network before a knob was turned is dropped."""
        net = self._net
        asks: dict[str, Any] = {"data": self.data, **msgspec.structs.asdict(net)}
        answer = await self.services.lab.ask("signals", topic="signals", steps=self.wanted, **asks)
        if net == self._net and self.is_attached:
            self._take(msgspec.convert(answer, Signals))

    def refused(self, sentence: str) -> None:
        super().refused(sentence)
        self.stop()
        self.settle()

    def _take(self, found: Signals) -> None:
        self._since = self._since or monotonic()
        self.signals = found
        net = self._net
        if len(self.tried) < REMEMBERED:
            self.tried.add(f"{net.depth} {net.init} {net.gain:g} {net.norm} {int(net.skips)} {net.rate:g}")
        if over(found.points):
            self.wanted = min(self.wanted, len(found.points) - 1)
        self.at = min(self.at, net.layers - 1)
        self.settle()

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        waits = self.missing and not self.trouble
        at = min(self.at, self._net.layers - 1)
        return Shown(self._net, self.signals, self.wanted, self.view, at, self.before, self.hidden, self.trouble, waits)

    def measured(self) -> Measured:
        shown, kinds = self.shown, [each.split(" ") for each in self.tried]
        found: dict[str, float | str | None] = {
            "view": self.view,
            "views": len(self.views),
            "layers": self._net.layers,
            "layer": shown.at + 1,
            "steps": shown.steps,
            "tried": len(self.tried),
            "plain": int(any(kind[3:5] == ["none", "0"] for kind in kinds)),
            "normed": int(any(kind[3:4] not in ([], ["none"]) for kind in kinds)),
            "skipped": int(any(kind[4:5] == ["1"] for kind in kinds)),
        }
        if (point := shown.point) is not None:
            sizes = shown.sizes(self.view)
            found |= {
                "size": sizes[shown.at],
                "first": sizes[0],
                "last": sizes[-2],
                "growth": growth(point.forward),
                "growth_back": growth_back(point.backward),
                "nan": int(point.broken),
                "broke": broke(shown.points),
                "loss": point.loss,
                "loss_first": shown.points[0].loss,
            }
        return {name: value for name, value in found.items() if value is not None}

    def kept(self) -> State:
        return {
            "steps": self.wanted,
            "view": self.view,
            "layer": self.at + 1,
            "tried": [*sorted(self.tried)],
            "views": [*sorted(self.views)],
        }

    def sentence(self) -> str:
        return signals_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.signals:Walk"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        if self.net != self._net:
            self.stop()
            if self.signals is not None and monotonic() - self._since >= LOOKED_AT:
                self.before = self._net, self.signals
            self._net, self.signals, self.wanted, self._since, self.trouble = self.net, None, 0, 0.0, ""
            self.serve_anew()
        super().turned(knob, value)
        self.refresh_bindings()

    # Steps

    @property
    def over(self) -> bool:
        known = self.signals
        lost = known is not None and over(known.points) and self.wanted >= len(known.points) - 1
        return not self.trouble and (self.wanted >= MOST or lost)

    @property
    def begun(self) -> bool:
        return self.wanted > 0

    def ended(self) -> str:
        lost = self.signals is not None and self.signals.points[-1].loss is None
        why = "There is no loss any more, so no step can be taken" if lost else f"{MOST} steps are enough"
        return f"{why}: u goes back, z begins anew, and + and - turn the knob."

    def advance(self) -> None:
        self.wanted = min(self.wanted + 1, MOST)
        self.serve_anew()

    def retreat(self) -> None:
        self.wanted = max(self.shown.steps - 1, 0)

    def restart(self) -> None:
        self.wanted = 0

    # Keys

    def action_layer(self, by: int) -> None:
        self.at = min(max(self.at + by, 0), self._net.layers - 1)
        self.changed()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.views.add(self.view)
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        signals_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))
