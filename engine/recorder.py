"""The Recorder: the one callback that turns training into events.

Numbers stay on the device and are fetched together, at most 20 times a second: a batch costs an append.
"""

import contextlib
import math
import time
from typing import Any, Protocol

import numpy as np
import torch

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.interpret.stats import ActivationStats

EVERY = 0.05  # seconds between two fetches
BETA = 0.98  # of the moving average, as fastai's


class Sink(Protocol):
    """Where the Recorder's numbers go: a run's folder, or a test's list."""

    def now(self) -> float:
        """The time that is written, in Unix seconds."""
        ...

    def emit(self, event: events.AnyEvent) -> None:
        """Keep a rare event until the next `flush`."""
        ...

    def flush(self, first_step: int, batches: dict[str, np.ndarray], stats: np.ndarray | None) -> None:
        """Write the batches from `first_step` on: arrays `time`, `epoch`, `loss`, `smooth_loss`, `momentum`,
        `samples_per_second`, `lr` (batches, groups); and `stats` (batches, layers, 43 + 1), if recorded."""
        ...


class Recorder(Callback):
    """Records every batch's loss, smoothed loss, rates, momentum and speed, every epoch's results and, given `stats`,
    the layers' activations."""

    order = 50

    def __init__(self, sink: Sink, stats: ActivationStats | None = None, every: float = EVERY) -> None:
        self.sink, self.stats, self.every = sink, stats, every
        self.smooth, self.count, self.seconds = 0.0, 0, 0.0
        self.smooth_loss, self.diverged = math.nan, False
        self._clear(time.perf_counter())

    def state(self) -> dict[str, float]:
        """The moving average and the epoch's time so far."""
        seconds = self.seconds + time.perf_counter() - self._since
        return {"smooth": self.smooth, "count": self.count, "seconds": seconds}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the moving average of a checkpoint."""
        self.smooth, self.count, self.seconds = state["smooth"], int(state["count"]), state["seconds"]
        self.smooth_loss = self.smooth / (1 - BETA**self.count) if self.count else math.nan

    def before_fit(self) -> None:
        """Start the clocks."""
        self._since = time.perf_counter()
        self._clear(self._since)

    def before_epoch(self) -> None:
        """Start the epoch's clock; an epoch that goes on after a resume keeps the time it had."""
        self._since = time.perf_counter()
        if self.learn.batch == 0:
            self.seconds = 0.0

    def after_batch(self) -> None:
        """Keep the batch's numbers, on the device; write when it is time."""
        learn = self.learn
        self._losses.append(learn.loss.detach())
        self._rows.append((self.sink.now(), learn.epoch, learn.momentum, *learn.lr))
        self._items += len(learn.yb) * learn.processes
        if self.stats is not None:
            self._stats.append(self.stats.take())
        if time.perf_counter() - self._flushed >= self.every:
            self.flush()

    def after_epoch(self) -> None:
        """Tell how the epoch went."""
        self.flush()
        learn = self.learn
        self.sink.emit(
            events.Epoch(
                time=self.sink.now(),
                step=learn.step,
                epoch=learn.epoch,
                train_loss=self.smooth_loss,
                valid_loss=learn.valid_loss,
                metrics={**learn.results},
                seconds=self.seconds + time.perf_counter() - self._since,
            )
        )
        self.flush()

    def cleanup_fit(self) -> None:
        """Write what is left. A loss among it that is no number has nothing to end any more."""
        with contextlib.suppress(CancelFit):
            self.flush()

    def leave_out(self, seconds: float) -> None:
        """So many seconds of the epoch were a pause."""
        self._since += seconds

    def flush(self) -> None:
        """Fetch what has been kept, and write it. Raises `CancelFit` for a loss that is no number."""
        now = time.perf_counter()
        losses = torch.stack(self._losses).float().cpu().numpy() if self._losses else np.zeros(0, np.float32)
        stats = torch.stack(self._stats).cpu().numpy() if self._stats else None
        columns = self._columns(losses, now - self._flushed)
        self._clear(now)  # first: what a full disk refused is smoothed once, and not tried again
        self.sink.flush(self.learn.step - len(losses) + 1, columns, stats)
        if not np.isfinite(losses).all():
            self.diverged = True
            raise CancelFit

    def _columns(self, losses: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
        if not len(losses):
            return {}
        rows = np.array(self._rows, np.float64)
        return {
            "time": rows[:, 0],
            "epoch": rows[:, 1],
            "momentum": rows[:, 2],
            "lr": rows[:, 3:],
            "loss": losses,
            "smooth_loss": np.array([self._smoothed(float(loss)) for loss in losses]),
            "samples_per_second": np.full(len(losses), self._items / max(seconds, 1e-9)),
        }

    def _smoothed(self, loss: float) -> float:
        """fastai's smooth loss: an exponential moving average, debiased."""
        self.count += 1
        self.smooth = BETA * self.smooth + (1 - BETA) * loss
        self.smooth_loss = self.smooth / (1 - BETA**self.count)
        return self.smooth_loss

    def _clear(self, now: float) -> None:
        self._losses: list[torch.Tensor] = []
        self._stats: list[torch.Tensor] = []
        self._rows: list[tuple[float, ...]] = []
        self._items, self._flushed = 0, now
