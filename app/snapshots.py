"""A snapshot: what a front end shows of a run at one moment, as plain numbers and strings; and how it is taken."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastai_tui.app.curves import Curve, Folding
from fastai_tui.engine import events, schedules
from fastai_tui.engine.runs import estimate
from fastai_tui.engine.runs.run import Run, State
from fastai_tui.engine.runs.steps import StepReader

RECENT = 50  # batches that the shown speed is averaged over
PLANNED = 129  # places at which a schedule is told: more than a plot of it has columns for


@dataclass(frozen=True)
class Row:
    """An epoch's line in the table: its number from 1, losses, metrics and seconds."""

    epoch: int
    step: int
    train_loss: float | None
    valid_loss: float | None
    metrics: tuple[tuple[str, float | None], ...]
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    `data` is a sentence's part (`mnist, full: 60,000 + 10,000`), `left` the seconds that it still needs, `message` its
    own last words, `elapsed` the seconds since it was asked for (or that it took), `loss` that of the newest batch,
    `plan` the rates that are planned (of the last layer group), evenly spaced over the run.
    """

    run: str
    experiment: str
    name: str = ""
    phase: str = "new"
    live: bool = False
    message: str = ""
    behind: str = ""
    device: str = ""
    data: str = ""
    step: int = 0
    total: int = 0
    epochs: int = 0
    batches_per_epoch: int = 0
    left: float | None = None
    elapsed: float = 0.0
    speed: float = 0.0
    loss: float | None = None
    smooth_loss: float | None = None
    lr: tuple[float, ...] = ()
    plan: tuple[float, ...] = ()
    curve: Curve = field(default_factory=Curve)
    table: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    changes: tuple[str, ...] = ()
    seed: int = 0
    parameters: int = 0
    versions: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Is there nothing more to come?"""
        return not self.live and self.phase != "new"


class Watcher:
    """Takes snapshots of one run, reading only what is new each time."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._folding = Folding()
        self._log: list[events.AnyEvent] = []
        self._log_size = -1
        self._resumes = 0

    def snapshot(self) -> Snapshot:
        """The run now."""
        state = self.run.state()  # first: what is read after an end is all there is
        self._read_log()
        steps = self.run.steps()
        if len(steps) < self._folding.done:
            self._folding = Folding()
        self._folding.follow(steps)
        return _snapshot(self.run, state, self._log, steps, self._folding.curve())

    def _read_log(self) -> None:
        path = self.run.path / "events.jsonl"
        size = path.stat().st_size if path.exists() else 0
        if size == self._log_size:
            return
        self._log_size, self._log = size, self.run.log()
        resumes = sum(isinstance(event, events.Resumed) for event in self._log)
        if resumes != self._resumes:  # what was recorded after the checkpoint is being done again
            self._resumes, self._folding = resumes, Folding()


def _snapshot(run: Run, state: State, log: list[events.AnyEvent], steps: StepReader, curve: Curve) -> Snapshot:
    spec, job = run.spec, run.spec.job
    started = next((e for e in log if isinstance(e, events.RunStarted)), None)
    recent = steps.read(len(steps) - RECENT)
    epochs = [e for e in log if isinstance(e, events.Epoch)]
    return Snapshot(
        run=run.id,
        experiment=job.experiment,
        name=spec.name,
        phase=state.phase,
        live=state.live,
        message=state.message,
        behind=state.behind,
        device=spec.device or job.device,
        data=data_in_words(started.data) if started else job.data,
        step=len(steps),
        total=spec.total_batches,
        epochs=job.epochs,
        batches_per_epoch=started.batches_per_epoch if started else 0,
        left=estimate.remaining(run) if state.phase == "running" else None,
        elapsed=_elapsed(spec.created, log, state),
        speed=float(recent["samples_per_second"].mean()) if len(recent) else 0.0,
        loss=float(recent["loss"][-1]) if len(recent) else None,
        smooth_loss=float(recent["smooth_loss"][-1]) if len(recent) else None,
        lr=tuple(recent["lr"][-1].tolist()) if len(recent) else (),
        plan=planned({**job.settings, **_changed(log)}, spec.groups),
        curve=curve,
        table=tuple(_row(epoch) for epoch in epochs),
        warnings=tuple(e.message for e in log if isinstance(e, events.Warned)),
        settings=tuple((name, setting_in_words(value)) for name, value in job.settings.items()),
        changes=tuple(_change(e) for e in log if isinstance(e, events.Changed) and "paused" not in e.settings),
        seed=job.seed,
        parameters=started.parameters if started else 0,
        versions=tuple((started.versions if started else spec.versions).items()),
        command=tuple(spec.command),
    )


def _row(epoch: events.Epoch) -> Row:
    metrics = tuple(epoch.metrics.items())
    return Row(epoch.epoch + 1, epoch.step, epoch.train_loss, epoch.valid_loss, metrics, epoch.seconds)


def _elapsed(created: float, log: list[events.AnyEvent], state: State) -> float:
    if state.live:
        begun = [e.time for e in log if isinstance(e, (events.RunStarted, events.Resumed))]
        return max(0.0, time.time() - (begun[-1] if begun else created))
    return next((e.seconds for e in reversed(log) if isinstance(e, events.RunEnded)), 0.0)


def planned(settings: Mapping[str, object], groups: int = 1, places: int = PLANNED) -> tuple[float, ...]:
    """The rates of the last layer group that `settings` ask for, evenly spaced over a run; none where they ask for no
    schedule that is known here."""
    try:
        rate = schedules.plan(settings, groups).rates[-1]
    except (KeyError, ValueError, TypeError):
        return ()
    return tuple(rate(i / max(places - 1, 1)) for i in range(places))


def _changed(log: list[events.AnyEvent]) -> dict[str, object]:
    """The settings that were changed on the way, as they are now."""
    return {name: value for e in log if isinstance(e, events.Changed) for name, value in e.settings.items()}


def _change(event: events.Changed) -> str:
    what = ", ".join(f"{name}={setting_in_words(value)}" for name, value in event.settings.items())
    return f"{what} after batch {event.step:,}"


def data_in_words(data: events.DataFacts) -> str:
    """`mnist-sample, the embedded sample: 4,500 to train on, 500 to validate`."""
    source = {"full": "the full set", "sample": "the embedded sample", "path": "from a path"}.get(
        data.source, data.source
    )
    return f"{data.name}, {source}: {data.train:,} to train on, {data.valid:,} to validate"


def setting_in_words(value: object) -> str:
    """A setting's value as it is given on the command line: `0.06`, `1e-5/1e-4/1e-3`, `cosine`."""
    if isinstance(value, (list, tuple)):
        return "/".join(f"{rate:g}" for rate in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
