"""The pane of a hook: a network is called layer by layer, and the hook keeps what one of the layers makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.playing import PlayingPane, whole
from fastai_tui.app.tui.panes.photos import hook_drawing
from fastai_tui.app.tui.panes.photos.hook_drawing import Shown
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.hooked import Hooked

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

FAR = 999


class HookPane(PlayingPane):
    """`self.step` layers of a call are done; `self.hook` is the layer with the hook and `self.holds` the one whose
    output it keeps, both counted from 1, 0 for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "layer(1)", "layer", tooltip="the next layer"),
        Binding("up", "layer(-1)", "layer before", show=False),
        Binding("home", f"layer(-{FAR})", "first layer", show=False),
        Binding("end", f"layer({FAR})", "last layer", show=False),
        Binding("k", "hook", "set hook", tooltip="set the hook at this layer"),
        Binding("k", "unhook", "remove hook", tooltip="take the hook away from this layer"),
        Binding("space", "step", "next layer", tooltip="the next layer of the call; after the last a new call"),
        Binding("f", "finish", "whole call", tooltip="the rest of the call at once"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("k", "space", "a", "f", "u", "z")
    FRAMES: ClassVar[float] = 5
    TRAINS: ClassVar[bool] = False
    STEERS: ClassVar[bool] = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.at, self.step = whole(kept.get("at"), FAR), whole(kept.get("step"), FAR)
        self.hook, self.holds = whole(kept.get("hook"), FAR), whole(kept.get("holds"), FAR)
        self.calls, self.fired = whole(kept.get("calls"), FAR), whole(kept.get("fired"), FAR)
        self.removed = kept.get("removed") == 1
        hooks = kept.get("hooks")
        self.hooks = {n for n in hooks if isinstance(n, int) and 0 < n <= FAR} if isinstance(hooks, list) else set()
        self.looks = max(self.at, self.step - 1)  # the layer that is kept in sight
        self.found: Hooked | None = None
        self.trouble = ""
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self._ask()

    @work(exit_on_error=True)
    async def _ask(self) -> None:
        """Have the lab call the network once."""
        self.trouble = ""
        try:
            answer = await self.services.lab.ask("hooked", topic="hooked")
        except FastaiTuiError as error:
            self.trouble = str(error)
        else:
            self.found = msgspec.convert(answer, Hooked)
            self.at, self.step = min(self.at, self.count - 1), min(self.step, self.count)
            self.looks = min(self.looks, self.count - 1)
            self.hook, self.holds = (number if number <= self.count else 0 for number in (self.hook, self.holds))
            self.hooks = {number for number in self.hooks if number <= self.count}
        if self.is_attached:
            self.settle()

    @property
    def count(self) -> int:
        """How many there are; nought until the lab has told."""
        return len(self.found.layers) if self.found else 0

    # A call

    @property
    def over(self) -> bool:
        return self.step >= self.count

    @property
    def begun(self) -> bool:
        return self.step > 0

    def ended(self) -> str:
        return self.trouble or "The lab calls the network. The first time it has to start PyTorch."

    def advance(self) -> None:
        self.step += 1
        self.looks = self.step - 1
        if self.step == self.hook:
            self.holds, self.fired = self.hook, min(self.fired + 1, FAR)
        if self.over:
            self.calls = min(self.calls + 1, FAR)

    def retreat(self) -> None:
        """A layer cannot be called back: the call is given up."""
        self.step = self.looks = 0

    def restart(self) -> None:
        self.at = self.step = self.hook = self.holds = self.calls = self.fired = self.looks = 0
        self.removed = False

    def _next_call(self) -> None:
        if self.found is not None and self.over:
            self.step = self.looks = 0
        elif self.trouble:
            self._ask()

    def action_step(self) -> None:
        self._next_call()
        super().action_step()

    def action_play(self) -> None:
        self._next_call()
        super().action_play()

    def action_finish(self) -> None:
        self._next_call()
        super().action_finish()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("hook", "unhook"):
            return (self.hook == self.at + 1) == (action == "unhook")
        if action == "begin":
            return bool(self.step or self.hook or self.calls or self.holds)
        return super().check_action(action, parameters)

    def action_layer(self, by: int) -> None:
        self.at = self.looks = min(max(self.at + by, 0), max(self.count - 1, 0))
        self.settle()

    def action_hook(self) -> None:
        if self.found is not None:
            self.hook, self.holds, self.fired, self.removed = self.at + 1, 0, 0, False
            self.hooks.add(self.hook)
            self.settle()

    def action_unhook(self) -> None:
        self.removed = self.fired > 0
        self.hook = 0
        self.settle()

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(
            self.found, self.at, self.step, self.hook, self.holds, self.fired, self.looks, self.hidden, self.trouble
        )

    def measured(self) -> Measured:
        shown = self.shown
        measured: dict[str, Any] = {
            "layer": self.at + 1,
            "layers": self.count,
            "hooked": self.hook,
            "step": self.step,
            "calls": self.calls,
            "fired": self.fired,
            "held": shown.held,
            "removed": int(self.removed),
            "hooks": len(self.hooks),
            "side": 0,
            "channels": 0,
        }
        if self.found is not None:
            measured["name"] = self.found.layers[self.at].name
        if (passed := shown.kept) is not None:
            shape = passed.shape
            measured |= {"side": shape[-1] if len(shape) == 4 else 0, "channels": shape[1] if len(shape) > 1 else 0}
        return measured

    def kept(self) -> State:
        return {
            "at": self.at,
            "step": self.step,
            "hook": self.hook,
            "holds": self.holds,
            "calls": self.calls,
            "fired": self.fired,
            "removed": int(self.removed),
            "hooks": [*sorted(self.hooks)],
        }

    def sentence(self) -> str:
        return hook_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.cam:Features"

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.found is None and not self.trouble)
        hook_drawing.draw(sheet, self.shown, self.pulse.sign(sheet.sight.unicode))
