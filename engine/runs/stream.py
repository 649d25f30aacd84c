"""A run's whole story in order: rare events, batches and activations, merged. One code path for live and for replay.

The writer appends events before the rows they belong to (writer.py), so whoever counts the rows first and then reads
the events has every event that belongs before the last row counted. The end alone comes after all rows.
"""

import math
from collections.abc import Iterator

from fastai_tui.engine import events
from fastai_tui.engine.runs.log import LineReader, decoded
from fastai_tui.engine.runs.run import Run, follow
from fastai_tui.engine.runs.steps import CHUNK


class EventStream:
    """What is new in a run, each time it is asked; starts with everything since the first step."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._lines = LineReader(run.path / "events.jsonl")
        self._waiting: list[events.AnyEvent] = []
        self._step = 0

    def poll(self) -> list[events.AnyEvent]:
        """The events that have come since the last time."""
        count = len(self.run.steps())
        for event in decoded(self._lines.poll()):
            follow(self._waiting, event)
        if ended := _ended(self._waiting):
            count = len(self.run.steps())
        told: list[events.AnyEvent] = []
        while self._waiting and (ended or _step(self._waiting[0]) <= max(count, self._step)):
            event = self._waiting.pop(0)
            told += self._until(_place(event, count))
            told.append(event)
        return told + self._until(count)

    def _until(self, step: int) -> list[events.AnyEvent]:
        told = list(batches(self.run, self._step, step))
        self._step = max(self._step, step)
        return told


def replay(run: Run) -> Iterator[events.AnyEvent]:
    """Everything that a run has recorded, in the order of steps, every step once."""
    count, done = len(run.steps()), 0
    log = run.log()
    if _ended(log):
        count = len(run.steps())
    for event in log:
        step = _place(event, count)
        yield from batches(run, done, step)
        done = max(done, step)
        yield event
    yield from batches(run, done, count)


def batches(run: Run, done: int, until: int) -> Iterator[events.AnyEvent]:
    """The batches after `done` up to `until`, each followed by its activations where they are recorded."""
    for start in range(done, until, CHUNK):
        yield from _chunk(run, start, min(start + CHUNK, until))


def _chunk(run: Run, start: int, stop: int) -> Iterator[events.AnyEvent]:
    columns = {c.step: c for c in activations(run, start, stop)}
    for i, row in enumerate(run.steps().read(start, stop)):
        step = start + i + 1
        yield events.Batch(
            time=float(row["time"]),
            step=step,
            epoch=int(row["epoch"]),
            loss=finite(row["loss"]),
            smooth_loss=finite(row["smooth_loss"]),
            lr=[float(lr) for lr in row["lr"]],
            momentum=float(row["momentum"]),
            samples_per_second=round(float(row["samples_per_second"]), 1),
        )
        if step in columns:
            yield columns[step]


def activations(run: Run, start: int, stop: int) -> Iterator[events.Activations]:
    """The columns that end after the batch `start` and not after `stop`."""
    reader = run.activation_columns()
    if reader is None:
        return
    times = run.steps().read(start, stop)["time"]
    span, first, columns = reader.read(start)
    for i, column in enumerate(columns):
        step = (first + i + 1) * span
        if not start < step <= stop or step - start > len(times):
            continue
        layers = [
            events.LayerStats(
                name=name,
                mean=finite(layer["mean"]),
                std=finite(layer["std"]),
                near_zero=float(layer["near_zero"]),
                hist=[int(count) for count in layer["hist"]],
            )
            for name, layer in zip(reader.names, column["layers"], strict=True)
        ]
        time = float(times[step - start - 1])
        yield events.Activations(time=time, step=step, epoch=int(column["epoch"]), layers=layers, batches=span)


def finite(value: float) -> float | None:
    """The number, or None for one that JSON cannot hold."""
    return float(value) if math.isfinite(value) else None


def _ended(log: list[events.AnyEvent]) -> bool:
    return bool(log) and isinstance(log[-1], events.RunEnded)


def _place(event: events.AnyEvent, count: int) -> int:
    """After how many of `count` batches an event is told: the end after all, those of an earlier process too."""
    return count if isinstance(event, events.RunEnded) else min(_step(event), count)


def _step(event: events.AnyEvent) -> int:
    """The batches that come before an event; a resume is told where it stands in the log."""
    return event.step if isinstance(event, events.TrainingEvent) and not isinstance(event, events.Resumed) else 0
