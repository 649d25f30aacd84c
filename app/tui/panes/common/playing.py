"""A pane that goes on in steps: one at a time, by itself, to the end, back, and anew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.base import Pane

if TYPE_CHECKING:
    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.settings import Value

LONGEST = 400  # steps, after which it says that it is getting nowhere


class PlayingPane(Pane):
    """A subclass says what one step does (`advance`), whether there is another (`over`), and what goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "step", "step", tooltip="one step"),
        Binding("a", "play", "run", tooltip="step by step by itself"),
        Binding("a", "pause", "pause"),
        Binding("f", "finish", "finish", tooltip="all steps at once"),
        Binding("u", "undo", "undo", tooltip="take the last step back"),
        Binding("z", "begin", "anew", tooltip="begin anew"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "f", "u", "z")
    FRAMES: ClassVar[float] = 10  # steps a second while it plays
    WALKED: ClassVar[bool] = True  # a step stays as it was taken, whatever the knobs say later

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._timer: Timer | None = None
        self._turned = False  # since the last step

    # What a subclass says

    @property
    def over(self) -> bool:
        """Is there nothing more to come?"""
        raise NotImplementedError

    @property
    def begun(self) -> bool:
        """Has there been a step?"""
        raise NotImplementedError

    def advance(self) -> None:
        """Take one step."""
        raise NotImplementedError

    def retreat(self) -> None:
        """Take the last one back."""
        raise NotImplementedError

    def restart(self) -> None:
        """Be as at the beginning."""
        raise NotImplementedError

    def ended(self) -> str:
        """Why there is no other step, as a sentence."""
        return "It is over: u goes back, z begins anew."

    def turned(self, knob: str, value: Value) -> None:
        self._turned = True
        super().turned(knob, value)

    # Keys

    @property
    def playing(self) -> bool:
        return self._timer is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("play", "pause"):
            return self.playing == (action == "pause")
        if action in ("undo", "begin"):
            return self.begun
        return super().check_action(action, parameters)

    def action_step(self) -> None:
        self.stop()
        self._on(1)

    def action_play(self) -> None:
        if self._on(1) and not self.over:
            self._timer = self.set_interval(1 / self.FRAMES, self._tick)
            self.refresh_bindings()

    def action_pause(self) -> None:
        self.stop()
        self.changed()

    def action_finish(self) -> None:
        self.stop()
        self._on(LONGEST)

    def action_undo(self) -> None:
        self.stop()
        if self.begun:
            self.retreat()
        self.settle()

    def action_begin(self) -> None:
        self.stop()
        self.restart()
        self.settle()

    def stop(self) -> None:
        """Go on no longer."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.refresh_bindings()

    def settle(self) -> None:
        """Show what there is now, and the keys that matter."""
        self.refresh_bindings()
        self.changed()

    def _tick(self) -> None:
        self._on(1)
        if self.over:
            self.stop()

    def _on(self, steps: int) -> bool:
        """Go on by so many steps, or as many as there are; was there any? What is over begins anew with other knobs."""
        if self.over and self._turned and self.WALKED:
            self.restart()
        self._turned = False
        if self.over:
            self.say(self.ended())
            return False
        begun = self.begun
        for _ in range(steps):
            if not self.over:
                self.advance()
        if self.over or not begun:
            self.refresh_bindings()
        self.changed()
        return True

    # Values from outside

    def knob(self, name: str, default: float, low: float, high: float) -> float:
        """A knob's number within bounds; a choice may be one, too."""
        value = self.knobs.get(name, default)
        try:
            found = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return default
        return min(max(found, low), high) if math.isfinite(found) else default


def numbers(value: object, longest: int) -> list[float]:
    """Numbers as they were kept; nonsense is none."""
    if not isinstance(value, list) or not 0 < len(value) <= longest:
        return []
    good = all(type(each) in (int, float) and math.isfinite(each) for each in value)
    return [float(each) for each in value] if good else []


def one_of(among: tuple[str, ...], value: object) -> str:
    """The word that a value is; the first where it is none of them."""
    return next((word for word in among if word == value), among[0])


def whole(value: object, most: int, least: int = 0) -> int:
    """A whole number in these bounds, `least` for anything else."""
    return min(max(value, least), most) if isinstance(value, int) else least
