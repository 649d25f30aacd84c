"""Two networks' runs beside each other: how far each has come, on axes that both share. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.lessons.experiments.text import STATEFUL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.snapshots import Snapshot, Written

AXES = ("characters", "seconds")
SLIDING = ("loop", "concat", "rnn")  # their windows begin at every character
SHORT = 3  # characters in a window of the network `three`


@dataclass(frozen=True)
class Side:
    """One of the two: its name, how many parameters (0: nobody knows yet), and its newest run's snapshot."""

    name: str
    parameters: int = 0
    shot: Snapshot | None = None

    @property
    def loss(self) -> float | None:
        """The newest validation loss, in nats per character."""
        return self.loss_at(self.shot.step) if self.shot else None

    def loss_at(self, step: int) -> float | None:
        """The validation loss that was the newest after so many batches."""
        rows = self.shot.table if self.shot else ()
        return next((row.valid_loss for row in reversed(rows) if row.step <= step and _known(row.valid_loss)), None)

    @property
    def accuracies(self) -> tuple[tuple[int, float], ...]:
        """The accuracy after each epoch, as (batches done, share)."""
        found = [(row.step, dict(row.metrics).get("accuracy")) for row in (self.shot.table if self.shot else ())]
        return tuple((step, share) for step, share in found if share is not None and math.isfinite(share))

    @property
    def accuracy(self) -> float | None:
        """The newest one."""
        return self.accuracies[-1][1] if self.accuracies else None

    @property
    def pace(self) -> float | None:
        """Seconds that an epoch takes, on average."""
        rows = self.shot.table if self.shot else ()
        return sum(row.seconds for row in rows) / len(rows) if rows else None

    @property
    def written(self) -> tuple[Written, ...]:
        """What it wrote on the way."""
        return self.shot.samples if self.shot else ()

    def places(self, steps: Sequence[float], axis: str) -> list[float]:
        """Where batches lie on an axis: by characters read so far, by epochs, or by seconds of training."""
        if self.shot is None:
            return []
        if axis == "epochs":
            return [step / max(self.shot.batches_per_epoch, 1) for step in steps]
        if axis == "characters":
            each = read_in_an_epoch(self.shot) / max(self.shot.batches_per_epoch, 1)
            return [step * each for step in steps]
        return _seconds(self.shot, steps)

    def end(self, axis: str) -> float:
        """Where the run's last batch lies, as far as that is known."""
        found = self.places([max(self.shot.step, self.shot.total)], axis) if self.shot else []
        return found[0] if found else 0.0


def read_in_an_epoch(shot: Snapshot) -> float:
    """How many characters a network is given in an epoch: overlapping windows give it each one several times."""
    settings = dict(shot.asked)
    model, bs, bptt = str(settings.get("model", "")), _whole(settings.get("bs")), _whole(settings.get("bptt"))
    if model in STATEFUL:
        return max(shot.items // bs - 1, 0) * bs
    return shot.batches_per_epoch * bs * (SHORT if model == "three" else bptt)


def _seconds(shot: Snapshot, steps: Sequence[float]) -> list[float]:
    """Along straight lines between the epochs' ends, and beyond them as steeply as before."""
    ends, total = [(0.0, 0.0)], 0.0
    for row in shot.table:
        total += row.seconds
        ends.append((float(row.step), total))
    if len(ends) == 1:
        ends.append((float(max(shot.step, 1)), shot.elapsed))
    return [_between(ends, step) for step in steps]


def _between(ends: Sequence[tuple[float, float]], step: float) -> float:
    at = next((i for i in range(1, len(ends) - 1) if step <= ends[i][0]), len(ends) - 1)
    (first, since), (last, until) = ends[at - 1], ends[at]
    return since + (until - since) * (step - first) / max(last - first, 1e-9)


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 1
