"""The pane in which a training loop is gone through hook by hook: which callback acts there, and what it changes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.playing import PlayingPane, one_of
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.training import callbacks_drawing as drawing
from fastai_tui.app.tui.panes.training.callbacks_drawing import VIEWS, Shown
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.loop_trace import HOOKS, LARGEST_MULT, LONGEST_CYCLE, MOST_BATCHES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.timer import Timer

    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.loop_trace import Trace
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

SETTLE = 0.4  # seconds after the last turn of a knob before the lab is asked
MOST = 100_000  # hooks


class CallbacksPane(PlayingPane):
    """The lab trains at once, and what it tells is walked through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "step", "next hook", tooltip="go on to the next hook"),
        Binding("right", "step", "next hook", show=False),
        Binding("left", "undo", "hook before", show=False),
        Binding("home", "begin", "begin anew", show=False),
        Binding("f", "finish", "cycle's end", tooltip="go on to where a cycle's weights are kept, or to the end"),
        Binding("v", "view", "view", tooltip="the loop, or how often each hook was called"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "f", "v", "u", "z")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.plotter, self.pulse = Plotter(self), Pulse(self)
        self.trace: Trace | None = None
        self.trouble = ""
        self.view = one_of(VIEWS, self.option("view"))
        at, seen = scene.kept.get("at"), scene.kept.get("seen")
        self.at = min(max(at, -1), MOST) if isinstance(at, int) else -1
        self.seen = {hook for hook in HOOKS if isinstance(seen, list) and hook in seen}
        self._settling: Timer | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self.inquire()

    @property
    def asked(self) -> dict[str, int]:
        """What the lab is asked to train."""
        return {
            "cycle_len": int(self.knob("cycle_len", 1, 1, LONGEST_CYCLE)),
            "cycle_mult": int(self.knob("cycle_mult", 2, 1, LARGEST_MULT)),
            "batches": int(self.knob("batches", 6, 2, MOST_BATCHES)),
        }

    def inquire(self) -> None:
        """Have it trained."""
        self.trouble = ""
        asked = self.asked
        self.ask_lab("trace", partial(self._told, asked), **asked)

    def _told(self, asked: dict[str, int], answer: Any) -> None:
        import msgspec

        from fastai_tui.engine.loop_trace import Trace

        if asked != self.asked:  # a knob was turned meanwhile
            return
        self.trace = msgspec.convert(answer, Trace)
        self.at = min(self.at, len(self.trace.calls) - 1)
        self.refresh_bindings()

    def turned(self, knob: str, value: Value) -> None:
        if knob in self.asked:
            self.stop()
            self.trace, self.at = None, -1
            if self._settling is not None:
                self._settling.stop()
            self._settling = self.set_timer(SETTLE, self.inquire)
            self.refresh_bindings()
        super().turned(knob, value)

    def refused(self, sentence: str) -> None:
        if self.trace is None:
            self.trouble = sentence
            self.redraw()
        super().refused(sentence)

    # One hook after the other

    @property
    def over(self) -> bool:
        return self.trace is None or self.at >= len(self.trace.calls) - 1

    @property
    def begun(self) -> bool:
        return self.at >= 0 and self.trace is not None

    def advance(self) -> None:
        self.at += 1
        if self.trace is not None:
            self.seen.add(self.trace.calls[self.at].hook)

    def retreat(self) -> None:
        self.at -= 1

    def restart(self) -> None:
        self.at = -1

    def ended(self) -> str:
        if self.trace is None:
            return "The lab is still training the little network; a moment."
        return "Training is over: u goes back, z begins anew."

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("step", "play", "finish") and self.trace is None and self.trouble:
            return action == "step"
        return super().check_action(action, parameters)

    def action_step(self) -> None:
        if self.trace is None and self.trouble:
            self.inquire()
            self.changed()
        else:
            super().action_step()

    def action_finish(self) -> None:
        self.stop()
        if self.trace is None:
            self.say(self.ended())
            return
        calls = self.trace.calls
        ends = [i for i, call in enumerate(calls) if any(act.what == "file" for act in call.acts)]
        self._on(next((end for end in ends if end > self.at), len(calls) - 1) - self.at)

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.changed()

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()

    # The picture

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has told."""
        return Shown(self.trace, self.at, self.view, self.hidden) if self.trace is not None else None

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown is None and not self.trouble)
        if shown is None:
            self._draw_waiting(sheet)
            return
        area = drawing.draw_head(sheet, shown)
        if shown.view == "calls":
            drawing.draw_calls(sheet, area, shown)
            return
        code, acts, curve = drawing.divided(area, shown)
        drawing.draw_loop(sheet, code, shown.call)
        drawing.draw_acts(sheet, acts, shown)
        if not curve.height:
            sheet.leave_out("the rate's curve")
            return

        def make(look: Look, width: int, height: int) -> list[str]:
            return drawing.plot(shown, look, width, height)

        batch = shown.call.batch if shown.call else 0
        self.plotter.show(sheet, curve, make, name="rate", view=tuple(self.asked.items()), data=batch)

    def _draw_waiting(self, sheet: Sheet) -> None:
        """What is waited for, and the loop, which can be read meanwhile."""
        sign = "" if self.trouble else f"{self.pulse.sign(sheet.sight.unicode)} "
        lines = spoken(sheet, sign + self.sentence(), sheet.width, sheet.height, "plain")
        for i, (line, style) in enumerate(lines):
            sheet.put(i, 0, line, style)
        row = len(lines) + 1
        drawing.draw_loop(sheet, Area(row, 0, sheet.width, max(sheet.height - row, 0)), None)

    # What it says of itself

    def measured(self) -> Measured:
        shown = self.shown
        found: dict[str, float | str] = {
            "calls": self.at + 1 if shown else 0,
            "visited": len(self.seen),
            "saved": shown.saved if shown else 0,
            "view": self.view,
        }
        if shown is None or (call := shown.call) is None:
            return found
        place = {"epoch": call.epoch, "batch": call.batch, "cycle": call.cycle, "rate": _rate_after(call)}
        return found | place | {"hook": call.hook}

    def kept(self) -> State:
        seen: list[int | float | str] = [*sorted(self.seen)]
        return {"at": self.at, "view": self.view, "seen": seen}

    def sentence(self) -> str:
        if self.shown is not None:
            return drawing.sentence(self.shown)
        if self.trouble:
            return f"{self.trouble} space tries again."
        return "The lab trains a little network, and writes down every hook. The first time it has to start PyTorch."

    def command(self) -> Sequence[str]:
        asked = self.asked
        words = ["train", "char-lm"]
        for name, value in {"model": "stateful", "preset": "quick", "schedule": "sgdr", "cycles": 3}.items():
            words += ["--set", f"{name}={value}"]
        return [*words, *(w for n in ("cycle_len", "cycle_mult") for w in ("--set", f"{n}={asked[n]}"))]

    def code(self) -> str:
        return self.scene.step.code or "engine.annealing:CosineAnnealing"


def _rate_after(call: Any) -> float:
    """The rate when the hook's callbacks have acted."""
    return next((float(act.after) for act in call.acts if act.what == "rate"), float(call.rate))
