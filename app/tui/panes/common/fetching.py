"""A pane that can get a data set: `data get` goes on while the learner goes about, and how far it is is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.getting import Getting
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.plotting import is_thin

if TYPE_CHECKING:
    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene

LOOK, THIN_LOOK = 0.25, 1.0  # seconds between two looks at how far it is


class FetchingPane(Pane):
    """`self.getting` is the attempt to get the set `REAL`, which is `CALLED` so, whichever step it was begun in."""

    REAL: ClassVar[str] = "cifar10"
    CALLED: ClassVar[str] = "CIFAR-10"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "load", "get CIFAR-10", tooltip="fetch CIFAR-10, 170 MB"),
        Binding("u", "stop", "stop", tooltip="stop fetching"),
        Binding("z", "dismiss", "understood", tooltip="put away what stood in the way"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        super().on_mount()
        if self.getting is not None:
            self._watch()

    def arrived(self) -> None:
        """It is here: a subclass shows it."""

    def get(self) -> Getting:
        """Begin to get it."""
        return Getting(self.REAL)

    @property
    def attempt(self) -> tuple[str, str]:
        """Where the attempt is kept, for whichever step asks for it."""
        return "data", self.REAL

    @property
    def getting(self) -> Getting | None:
        """The newest attempt that is going on or has failed."""
        found = self.services.memory.get(self.attempt)
        return found if isinstance(found, Getting) else None

    @property
    def fetching(self) -> bool:
        """Is it being fetched?"""
        return self.getting is not None and not self.getting.ended

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("load", "stop"):
            return self.fetching == (action == "stop")
        if action == "dismiss":
            return self.getting is not None and self.getting.ended
        return super().check_action(action, parameters)

    def action_dismiss(self) -> None:
        self.services.memory.pop(self.attempt, None)
        self._watched()

    def action_load(self) -> None:
        self.services.memory[self.attempt] = self.get()
        self._watch()

    def action_stop(self) -> None:
        if self.getting is not None:
            self.getting.stop()
            self.say("Stopping: what has arrived is kept.")

    def _watch(self) -> None:
        """Look how far it is, now and then."""
        if self._timer is None:
            self._timer = self.set_interval(THIN_LOOK if is_thin(self) else LOOK, self._watched)
        self._watched()

    def _watched(self) -> None:
        getting = self.getting
        if (getting is None or getting.ended) and self._timer is not None:
            self._timer.stop()
            self._timer = None
            if getting is not None and getting.here:
                self.services.memory.pop(self.attempt, None)
                self.arrived()
            self.changed()
        self.refresh_bindings()
        self.redraw()
