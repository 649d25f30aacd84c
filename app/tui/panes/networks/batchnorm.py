"""The pane of batch norm: a real batch's numbers at each stage, in training and in evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.run_picture import instead
from fastai_tui.app.tui.panes.networks import batchnorm_drawing as drawing
from fastai_tui.app.tui.panes.networks.batchnorm_known import FAR, Known, fed_of, marks, whole
from fastai_tui.app.tui.panes.networks.batchnorm_shown import WORDS, Shown
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.normalising import STAGES, Norm, running

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

OWN = ("gamma", "beta", "shift", "eps")  # knobs whose turning asks nothing of the lab
WITH_NUMBERS = frozenset({"stage", "number", "channel", "feed", "mode", "mode_training", "anew"})  # what needs some
ENOUGH = 60  # batches after which a running average with momentum .1 has arrived
LEAST_EPS = 1e-12  # whatever a chapter declares: nothing is divided by nought


class BatchNormPane(Pane):
    """The arrows choose a number and a stage, k a channel, [ and ] a layer; m trains or evaluates, space feeds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "stage(1)", "stage", tooltip="the next stage: minus the mean, divided, scaled and shifted"),
        Binding("left", "stage(-1)", "stage", tooltip="the stage before"),
        Binding("down", "number(1)", "number", tooltip="another of the batch's numbers"),
        Binding("up", "number(-1)", "number", tooltip="another of the batch's numbers"),
        Binding("home", "number(-999)", "the smallest number", show=False),
        Binding("end", "number(999)", "the largest number", show=False),
        Binding("space", "feed", "next batch", tooltip="feed the next batch: in training the running averages move"),
        Binding("m", "mode", "evaluate", tooltip="evaluation: by the running averages"),
        Binding("m", "mode_training", "train", tooltip="training: by the batch's own mean and variance"),
        Binding("v", "view", "view", tooltip="numbers, histograms, running averages"),
        Binding("k", "channel(1)", "channel", tooltip="the next channel"),
        Binding("K", "channel(-1)", "channel before", show=False),
        Binding("right_square_bracket", "layer(1)", "layer", tooltip="the next layer, deeper in the network"),
        Binding("left_square_bracket", "layer(-1)", "layer", tooltip="the layer before"),
        Binding("f", "source('run')", "trained", tooltip="the same in the run's network, as it is now"),
        Binding("f", "source('fresh')", "fresh", tooltip="the same in a fresh network"),
        Binding("z", "anew", "anew", tooltip="nothing fed yet, the first batch, training"),
    ]
    FIRST = ("space", "m", "v", "k")
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept, view = scene.kept, self.option("view")
        self.depth = whole(self.option("layer"), 1, FAR)
        self.number = whole(kept.get("channel"), 1, FAR)
        self.at = whole(kept.get("at"), 0, FAR)
        self.stage = whole(kept.get("stage"), 0, STAGES - 1)
        self.view = view if view in drawing.ORDER else drawing.ORDER[0]
        self.training = kept.get("mode") != "eval"
        self.own = kept.get("own") != 0  # gamma and beta are the knobs', not what the run has learned
        self.source = "run" if kept.get("source") == "run" else "fresh"
        self.passed = whole(kept.get("passed"), 0, ENOUGH)
        self.fed = fed_of(kept.get("fed"), self.passed)
        self.visited = marks(kept.get("visited"))
        self.stages = {s for s in marks(kept.get("stages")) if s < STAGES} | {self.stage}
        self.known = Known()
        self.job: Job | None = None
        self.trouble = ""
        self.pulse, self.plotter = Pulse(self), Plotter(self)

    def on_mount(self) -> None:
        super().on_mount()
        self._order()

    def refused(self, sentence: str) -> None:
        if self.now() is None:
            self.trouble = sentence
        super().refused(sentence)
        self.redraw()

    # What it knows

    @property
    def last(self) -> int:
        """The batch that is shown, from 0."""
        return max(self.passed - 1, 0)

    @property
    def of_run(self) -> str:
        """The run whose network is shown; none for a fresh one."""
        return self.run.id if self.source == "run" and self.run is not None else ""

    def now(self) -> Shown | None:
        """All that is to be shown, as far as the lab has answered."""
        channel = self.known.channel(self.of_run, self.depth, self.number)
        if channel is None:
            return None
        fed = self.known.fed(self.of_run, self.depth, channel.number, self.fed)
        answer, shift = self.known.answers[self.of_run, self.depth], self._knob("shift", 0.0)
        averages = running(channel.running, fed, answer["momentum"])
        channel = channel.shifted(shift)
        by = channel.batch if self.training else averages[-1]
        gamma, beta = self._knob("gamma", channel.gamma), self._knob("beta", channel.beta)
        learned = bool(self.of_run and channel.norm and not self.own)
        gamma, beta = (channel.gamma, channel.beta) if learned else (gamma, beta)
        return Shown(
            channel=channel,
            norm=Norm(by.mean, by.variance, max(self._knob("eps", answer["eps"]), LEAST_EPS), gamma, beta),
            training=self.training,
            stage=self.stage,
            at=min(self.at, len(channel.numbers) - 1),
            batch=answer["start"] + len(answer["means"]) - 1,
            source=self.of_run or "a fresh network",
            fed=fed,
            averages=averages,
            momentum=answer["momentum"],
            learned=learned,
            shift=shift,
            hidden=self.hidden,
        )

    def _knob(self, name: str, default: float) -> float:
        value = self.knobs.get(name, default)
        return float(value) if isinstance(value, (int, float)) else default

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "stage": self.stage + 1,
            "stages": len(self.stages),
            "layer": self.depth,
            "channel": self.number,
            "visited": len(self.visited),
            "view": self.view,
            "mode": "train" if self.training else "eval",
            "batches": len(self.fed),
            "passed": self.passed,
            "evaluated": self.passed - len(self.fed),
            "source": self.source if self.of_run else "fresh",
            "shift": self._knob("shift", 0.0),
        }
        now = self.now()
        return {**found, **now.figures()} if now else found

    def kept(self) -> State:
        return {
            "layer": self.depth,
            "channel": self.number,
            "at": self.at,
            "stage": self.stage,
            "view": self.view,
            "mode": "train" if self.training else "eval",
            "own": int(self.own),
            "source": self.source,
            "passed": self.passed,
            "fed": [part for pair in self.fed for part in pair],
            "visited": sorted(self.visited),
            "stages": sorted(self.stages),
        }

    def sentence(self) -> str:
        now = self.now()
        if now is None:
            return self.trouble or "The lab has not answered yet."
        here = f"; {WORDS[now.stage]}, {now.told(now.stage)}" if now.stage else ""
        return (
            f"{now.mode.capitalize()} of {now.source}, batch {now.batch + 1}, {now.channel.layer}, channel "
            f"{now.channel.number} of {now.channel.channels}: raw, {now.told(0)}{here}, with {now.used()}. "
            f"{now.arithmetic()}. {now.moved()}"
        ).replace("σ²", "variance")

    def command(self) -> Sequence[str]:
        return orders.command_of(self.scene.step, self.knobs, "summary") if self.scene.step.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.normalising:Norm.stages"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        if knob in ("gamma", "beta"):
            self.own = True
        if knob not in OWN:
            self.known.forget()
            self._order()
        self.changed()

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = (self.of_run, self.shot.step if self.shot and self.shot.ended else 0)
        super().follow(run, shot, runs)
        if before != (self.of_run, shot.step if shot and shot.ended else 0):
            self.known.forget(self.of_run)
            self._ask()
        self.refresh_bindings()

    # Asking

    def _order(self) -> None:
        try:
            self.job, self.trouble = orders.job_of(self.scene.step, self.knobs), ""
        except FastaiTuiError as error:
            self.job, self.trouble = None, str(error)
        self._ask()

    def _ask(self) -> None:
        """Ask the lab for the batches that are shown or were fed, as far as they are not known in this layer."""
        missing = self.known.missing(self.of_run, self.depth, self.last, [number for number, _ in self.fed])
        if missing is None:
            self._settle()
        elif self.job is not None and self.is_attached:
            run = self.of_run

            def then(answer: Any) -> None:
                self.trouble = ""
                self.known.take(run, answer)
                self._ask()

            start, stop = missing
            self.ask_lab("batch_norm", then, job=self.job, run=run, layer=self.depth, start=start, stop=stop)

    def _settle(self) -> None:
        """Keep the cursor among what there is, and note what was looked at."""
        answer = self.known.answers.get((self.of_run, self.depth))
        if answer is not None:
            self.number = min(self.number, len(answer["numbers"]))
            self.at = min(self.at, len(answer["numbers"][0]) - 1)
            self.visited.add(1000 * self.depth + self.number)
            self.refresh_bindings()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "layer":
            return 1 <= self.depth + int(str(parameters[0])) <= self.known.layers
        if action in WITH_NUMBERS and self.known.channel(self.of_run, self.depth, self.number) is None:
            return False
        if action in ("mode", "mode_training"):
            return (action == "mode") == self.training
        if action == "source":
            return parameters[0] == "fresh" if self.of_run else bool(self.begun_run) and parameters[0] == "run"
        return True

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()

    def action_stage(self, step: int) -> None:
        self.stage = min(max(self.stage + step, 0), STAGES - 1)
        self.stages.add(self.stage)
        self.changed()

    def action_number(self, step: int) -> None:
        self.at = min(max(self.at + step, 0), FAR)
        self._settle()
        self.changed()

    def action_channel(self, step: int) -> None:
        self.number = min(max(self.number + step, 1), FAR)
        self._settle()
        self.changed()

    def action_layer(self, step: int) -> None:
        self.depth = min(max(self.depth + step, 1), self.known.layers)
        self._ask()
        self.changed()

    def action_feed(self) -> None:
        if self.passed >= ENOUGH:
            self.say(f"{ENOUGH} batches are enough: the averages have arrived. z begins anew.")
            return
        if self.training:
            self.fed.append((self.passed, self._knob("shift", 0.0)))
        self.passed += 1
        self._ask()
        self.changed()

    def action_mode(self) -> None:
        self.training = not self.training
        self.refresh_bindings()
        self.changed()

    action_mode_training = action_mode

    def action_view(self) -> None:
        self.view = drawing.ORDER[(drawing.ORDER.index(self.view) + 1) % len(drawing.ORDER)]
        self.changed()

    def action_source(self, which: str) -> None:
        self.source, self.own = which, which == "fresh"
        self.passed, self.fed = 0, []
        self._ask()
        self.refresh_bindings()
        self.changed()

    def action_anew(self) -> None:
        self.passed, self.fed, self.training, self.at, self.stage = 0, [], True, 0, 0
        self.own = not self.of_run
        self._ask()
        self.refresh_bindings()
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        now = self.now()
        self.pulse.beat(now is None and not self.trouble)
        if now is not None:
            drawing.draw(sheet, now, self.view, self.plotter)
            return
        sign = self.pulse.sign(sheet.sight.unicode)
        words = self.trouble or (
            f"{sign} The lab sends a batch of the data through the network. The first time it has to start PyTorch."
        )
        instead(sheet, words)
