"""A pane in which something is measured, piece by piece, and what was measured before stays to be compared with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import work

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene


class MeasuringPane(Pane):
    """A subclass has the actions `measure`, which calls `begin`, and `forget`, and says what is kept of an answer."""

    FIRST: ClassVar[tuple[str, ...]] = ("space", "z")
    TRAINS = False

    rows: list[Any]  # what was measured before

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.told: Any = None  # of what is being measured; `done` says that it is all
        self.busy, self.trouble = False, ""
        self.pulse = Pulse(self)

    def whole(self, name: str, usual: int, least: int, most: int) -> int:
        """A number as the knobs have it, or else the step, or else as usual."""
        value = self.knobs.get(name, self.scene.step.show.get(name))
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9
        return min(max(int(value), least), most) if good else usual  # type: ignore[arg-type]

    def remember(self) -> None:
        """Keep what has been measured."""
        raise NotImplementedError

    def begin(self, request: str, kind: type, **asked: Any) -> None:
        """Measure: ask the lab, which answers with such a `kind`, again and again until it is done."""
        self.busy, self.told, self.trouble = True, None, ""
        self._measure(request, kind, asked)
        self.tell()

    @work(exclusive=True, group="measuring", exit_on_error=True)
    async def _measure(self, request: str, kind: type, asked: dict[str, Any]) -> None:
        """Ask the lab piece by piece, until it is done or nobody waits any more."""
        try:
            while self.is_attached and not (self.told and self.told.done):
                self.told = msgspec.convert(await self.services.lab.ask(request, topic=request, **asked), kind)
                self.changed()
        except FastaiTuiError as error:
            self.trouble = str(error)
        except asyncio.CancelledError:
            raise  # another knob, another step: whoever cancelled has seen to the rest
        else:
            self.remember()
        self.busy = False
        self.tell()

    def cease(self) -> None:
        """Measure no further; what is half measured is forgotten."""
        if self.busy:
            self.workers.cancel_group(self, "measuring")
            self.busy, self.told = False, None

    def action_stop(self) -> None:
        self.cease()
        self.say("Stopped: what was half measured does not count.")
        self.tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("measure", "stop"):
            return self.busy == (action == "stop")
        return bool(self.rows) or bool(self.trouble) if action == "forget" else True

    def tell(self) -> None:
        """Draw, and have the keys that matter shown anew."""
        self.refresh_bindings()
        self.changed()
