"""A snapshot: what a front end shows of a run at one moment, as plain numbers and strings; and how it is taken."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastai_tui.app.curves import Curve, Folding
from fastai_tui.engine import events, schedules
from fastai_tui.engine.runs import estimate
from fastai_tui.engine.runs.log import LineReader, decoded
from fastai_tui.engine.runs.run import Run, State, follow
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
class Written:
    """What the network wrote after `step` batches, on from `prompt`."""

    step: int
    prompt: str
    text: str


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    `data` is a sentence's part (`mnist, full: 60,000 + 10,000`), `items` what there is to train on, `left` the seconds
    that it still needs, `message` its own last words, `elapsed` the seconds since it was asked for (or that it took),
    `loss` that of the newest batch, `plan` the rates that are planned (of the last layer group), evenly spaced over the
    run, `left_out` how many of the older epochs `table` lacks, `samples` what it wrote on the way (if it is one that
    writes), `asked` the settings with their values, `turned` those that were changed on the way, `resumes` how often it
    was gone on with after it had ended, `prepared` what is computed before the first batch, and how many of how many
    are done.
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
    items: int = 0
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
    left_out: int = 0
    warnings: tuple[str, ...] = ()
    samples: tuple[Written, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    asked: tuple[tuple[str, object], ...] = ()
    turned: tuple[tuple[str, object], ...] = ()
    changes: tuple[str, ...] = ()
    pauses: int = 0
    resumes: int = 0
    seed: int = 0
    parameters: int = 0
    versions: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    prepared: tuple[str, int, int] | None = None

    @property
    def ended(self) -> bool:
        """Is there nothing more to come?"""
        return not self.live and self.phase != "new"

    @property
    def epochs_done(self) -> int:
        """How many epochs are behind it."""
        return len(self.table) + self.left_out


class Watcher:
    """Takes snapshots of one run, reading only what is new each time. `most` bounds the rows of the epochs' table, and
    so the memory: an app is left open for days. The newest rows stay, of the older ones fewer and fewer."""

    def __init__(self, run: Run, most: int | None = None) -> None:
        self.run, self._most = run, most
        self._begin()

    def _begin(self) -> None:
        """Know nothing."""
        self._folding, self._lines = Folding(), LineReader(self.run.path / "events.jsonl")
        self._log: list[events.AnyEvent] = []  # without the epochs, which become rows
        self._table: list[Row] = []
        self._epochs, self._every = 0, 1

    def snapshot(self) -> Snapshot:
        """The run now."""
        state = self.run.state()  # first: what is read after an end is all there is
        self._read_log()
        steps = self.run.steps()
        if len(steps) < self._folding.done:
            self._folding = Folding()
        self._folding.follow(steps)
        table = tuple(self._table)
        return _snapshot(self.run, state, self._log, steps, self._folding.curve(), table, self._epochs)

    def _read_log(self) -> None:
        new = list(decoded(self._lines.poll()))
        if any(isinstance(event, events.Resumed) for event in new):  # it makes void what was recorded before
            self._begin()
            new = []
            for event in decoded(self._lines.poll()):
                follow(new, event)
        for event in new:
            if isinstance(event, events.Epoch):
                self._add(_row(event))
            else:
                follow(self._log, event)

    def _add(self, row: Row) -> None:
        self._epochs += 1
        self._table.append(row)
        if self._most is not None and len(self._table) > self._most:
            self._thin(self._most // 2)

    def _thin(self, kept: int) -> None:
        """Keep so many of the newest rows, and at most half as many of the older ones, evenly spaced."""
        older, newest = self._table[:-kept], self._table[-kept:]
        while len(older) > kept // 2:
            older = [row for row in older if row.epoch % self._every == 0]
            self._every *= 2 if len(older) > kept // 2 else 1
        self._table = older + newest


def _snapshot(
    run: Run,
    state: State,
    log: list[events.AnyEvent],
    steps: StepReader,
    curve: Curve,
    table: tuple[Row, ...],
    epochs_done: int,
) -> Snapshot:
    spec, job = run.spec, run.spec.job
    started = next((e for e in log if isinstance(e, events.RunStarted)), None)
    recent = steps.read(len(steps) - RECENT)
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
        items=started.data.train if started else 0,
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
        table=table,
        left_out=epochs_done - len(table),
        warnings=tuple(e.message for e in log if isinstance(e, events.Warned)),
        samples=tuple(Written(e.step, e.prompt, e.text) for e in log if isinstance(e, events.Sample)),
        settings=tuple((name, setting_in_words(value)) for name, value in job.settings.items()),
        asked=tuple(job.settings.items()),
        turned=tuple(_changed(log).items()),
        changes=tuple(_change(e) for e in log if isinstance(e, events.Changed) and "paused" not in e.settings),
        pauses=sum(e.settings.get("paused") is True for e in log if isinstance(e, events.Changed)),
        resumes=sum(isinstance(e, events.Resumed) for e in log),
        seed=job.seed,
        parameters=started.parameters if started else 0,
        versions=tuple((started.versions if started else spec.versions).items()),
        command=tuple(spec.command),
        prepared=next(((e.what, e.done, e.total) for e in reversed(log) if isinstance(e, events.Preparing)), None),
    )


def _row(epoch: events.Epoch) -> Row:
    metrics = tuple(epoch.metrics.items())
    return Row(epoch.epoch + 1, epoch.step, epoch.train_loss, epoch.valid_loss, metrics, epoch.seconds)


def _elapsed(created: float, log: list[events.AnyEvent], state: State) -> float:
    if state.live:
        begun = next((e.time for e in reversed(log) if isinstance(e, (events.RunStarted, events.Resumed))), created)
        return max(0.0, time.time() - begun - _paused(log, begun))
    return next((e.seconds for e in reversed(log) if isinstance(e, events.RunEnded)), 0.0)


def _paused(log: list[events.AnyEvent], since: float) -> float:
    """For how many seconds it has been held since then: from each pause to what ended it, or to now."""
    held, at = 0.0, None
    for event in log:
        if isinstance(event, events.Changed) and "paused" in event.settings and event.time >= since:
            held += event.time - at if at is not None else 0.0
            at = event.time if event.settings["paused"] else None
    return held + (time.time() - at if at is not None else 0.0)


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
    changed = (e.settings for e in log if isinstance(e, events.Changed))
    return {name: value for settings in changed for name, value in settings.items() if name != "paused"}


def _change(event: events.Changed) -> str:
    what = ", ".join(f"{name}={setting_in_words(value)}" for name, value in event.settings.items())
    return f"{what} after batch {event.step:,}"


def data_in_words(data: events.DataFacts) -> str:
    """`mnist-sample, the embedded sample: 4,500 to train on, 500 to validate`."""
    named = {"full": "the full set", "sample": "the embedded sample", "path": "from a path", "stand-in": "a stand-in"}
    source = named.get(data.source, data.source)
    what = " characters" if data.vocabulary else ""
    return f"{data.name}, {source}: {data.train:,}{what} to train on, {data.valid:,} to validate"


def setting_in_words(value: object) -> str:
    """A setting's value as it is given on the command line: `0.06`, `1e-5/1e-4/1e-3`, `cosine`."""
    if isinstance(value, (list, tuple)):
        return "/".join(f"{rate:g}" for rate in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
