"""What every pane is: a canvas with keys of its own, that measures, keeps its state, and speaks up by message only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.message import Message

from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene, Services
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State
    from fastai_tui.lessons.schema import Run as Order


class Pane(Canvas, can_focus=True):
    """One kind of pane. A subclass draws, binds its keys, and calls `changed` after every change of its state."""

    OPTIONS: ClassVar[Mapping[str, Any]] = {}  # what `show` may hold, and what stands where it is silent

    FIRST: ClassVar[tuple[str, ...]] = ()  # its keys that come first in the key line, after the arrows
    TRAINS: ClassVar[bool] = True  # with a step's [run] it can train; else the run says only of which network it tells
    STEERS: ClassVar[bool] = True  # a knob that is turned while a run trains tells that run, if it can still take it

    class Changed(Message):
        """What the pane measures, or what it wants kept, may be different now."""

    class Said(Message):
        """A sentence for the learner, shown for a while in the line that asks."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    class Train(Message):
        """The learner wants a run of the step's experiment, with the settings that the knobs say, or else the `order`
        that the pane gives."""

        def __init__(self, order: Order | None = None) -> None:
            super().__init__()
            self.order = order

    class Turn(Message):
        """Give one of the step's knobs another value, as if the learner had turned it."""

        def __init__(self, knob: str, value: Value) -> None:
            super().__init__()
            self.knob, self.value = knob, value

    class Steer(Message):
        """Ask something of the run that is shown: `do` is pause, resume or stop."""

        def __init__(self, do: str) -> None:
            super().__init__()
            self.do = do

    def __init__(self, scene: Scene) -> None:
        super().__init__(id="pane")
        self.scene = scene
        self.knobs: dict[str, Value] = dict(scene.knobs)
        self.hidden = scene.hidden
        self.shot: Snapshot | None = None
        self.run: Run | None = None
        self.runs: tuple[str, ...] = ()
        self.chapter_runs: tuple[str, ...] = ()  # those of the step's experiment with any network, the oldest first
        self.home_runs: frozenset[str] = frozenset()  # of those the ones started where their network is first trained

    # What a subclass says of itself

    def measured(self) -> Measured:
        """The measurements that `lessons/panes.py` declares for this kind, as they are now."""
        return {}

    def kept(self) -> State:
        """What it wants back (as `scene.kept`) when the step is opened again."""
        return {}

    def sentence(self) -> str:
        """The picture in words, for whoever can not see it."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """Arguments of the `fastai-tui` command that shows the same; none where there is no such command."""
        return ()

    def code(self) -> str:
        """The code that it runs, as `module:object` for `lessons.sources`."""
        return self.scene.step.code

    @property
    def types(self) -> bool:
        """Is a line being typed, so that keys with a character are characters?"""
        return False

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        """A knob has another value; `self.knobs` holds it already."""
        self.changed()

    def reveal(self, hidden: frozenset[str]) -> None:
        """Another set of measurements is hidden now."""
        if hidden != self.hidden:
            self.hidden = hidden
            self.redraw()

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        """The run that belongs here (the newest of this step, or else of an earlier one), its newest snapshot, and the
        ids of all runs of the step's experiment that the chapter has started, the oldest first."""
        self.run, self.shot, self.runs = run, shot, runs
        self.redraw()

    # What a subclass uses

    @property
    def services(self) -> Services:
        return self.scene.services

    @property
    def begun_run(self) -> str:
        """The run's name, once there is something to see in it."""
        there = self.shot is not None and bool(self.shot.step or self.shot.ended)
        return self.run.id if self.run is not None and there else ""

    def option(self, name: str, default: Any = None) -> Any:
        """What it begins with: what was kept, or the step's `show`, or `default`."""
        return self.scene.kept.get(name, self.scene.step.show.get(name, default))

    def changed(self) -> None:
        """Draw anew, and tell the screen."""
        self.redraw()
        self.post_message(self.Changed())

    def say(self, sentence: str) -> None:
        """Tell the learner something."""
        self.post_message(self.Said(sentence))

    def refused(self, sentence: str) -> None:
        """The lab has no answer, and this is why."""
        self.say(sentence)

    @work(exit_on_error=True)
    async def ask_lab(self, request: str, then: Callable[[Any], None], **arguments: Any) -> None:
        """Ask the lab; `then` gets the answer. A newer question of the same kind replaces one that still waits; what
        stands in the way is said."""
        try:
            answer = await self.services.lab.ask(request, topic=f"{self.scene.step.pane}:{request}", **arguments)
        except FastaiTuiError as error:
            self.refused(str(error))
            return
        if self.is_attached:
            then(answer)
            self.changed()

    def on_mount(self) -> None:
        self.focus()
