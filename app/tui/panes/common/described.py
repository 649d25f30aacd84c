"""What panes have in common that say what their run would be: the lab is asked, once the knobs have come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastai_tui.app.tui.panes.common.running import RunPane

if TYPE_CHECKING:
    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.events import RunStarted
    from fastai_tui.engine.settings import Value

SETTLE = 0.4  # seconds after the last turn of a knob before anybody is asked what it comes to


class DescribedPane(RunPane):
    """`described` is the first event that a run of `job` would write; None until the lab has told."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.described: RunStarted | None = None
        self._turning: Timer | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self.inquire()

    def turned(self, knob: str, value: Value) -> None:
        super().turned(knob, value)
        if self._turning is not None:
            self._turning.stop()
        self._turning = self.set_timer(SETTLE, self.inquire)  # the lab computes on the cores that a run trains on

    def order(self) -> None:
        self.described = None
        super().order()

    def inquire(self) -> None:
        """Find out what the job comes to."""
        if self.job is not None:
            self.ask_lab("describe", self.describe, job=self.job)

    def describe(self, answer: Any) -> None:
        """The lab has told."""
        import msgspec

        from fastai_tui.engine.events import RunStarted

        self.described = msgspec.convert(answer, RunStarted)
