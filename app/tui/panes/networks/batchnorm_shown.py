"""What the pane of batch norm shows, in numbers and in words: one channel of a batch, and what its norm makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.engine.normalising import undone

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.normalising import Channel, Moments, Norm

HEADS = ("raw", "− mean", "÷ √(σ²+ε)", "· γ + β")
WORDS = ("raw", "minus the mean", "divided by √(σ²+ε)", "times γ plus β")
PLAIN = str.maketrans(
    {"γ": "gamma", "β": "beta", "σ": "s", "ε": "eps", "√": "sqrt", "÷": "/", "²": "2", "−": "-", "·": "*"}
)


@dataclass(frozen=True)
class Shown:
    """What is to be drawn: one channel of a batch, how it is normalised (`norm`), the stage and the number under the
    cursor (from 0), the batches fed so far with the running averages before the first and after each."""

    channel: Channel
    norm: Norm
    training: bool
    stage: int
    at: int
    batch: int
    source: str
    fed: Sequence[Moments]
    averages: Sequence[Moments]
    momentum: float
    shift: float = 0.0
    learned: bool = False
    hidden: frozenset[str] = frozenset()

    @property
    def moments(self) -> tuple[Moments, ...]:
        """The mean and the variance of the whole batch at each stage."""
        return self.norm.moments(self.channel.batch)

    @property
    def mode(self) -> str:
        """What the network is doing."""
        return "training" if self.training else "evaluation"

    @property
    def veiled(self) -> bool:
        """Would every number after the first stage tell the running averages, which are to be predicted?"""
        return not self.training and "gap" in self.hidden

    def secret(self, stage: int) -> bool:
        """Are the batch's mean and deviation at that stage to be predicted?"""
        return stage > 0 and (self.veiled or bool({"mean", "std"} & self.hidden))

    def stages(self, at: int) -> list[str]:
        """One of the numbers at each stage, in words."""
        x, *later = self.norm.stages(self.channel.numbers[at])
        return [short(x), *("?" if self.veiled else short(value) for value in later)]

    def about(self) -> str:
        """What is out of the ordinary."""
        learned = f"; γ {short(self.norm.gamma)}, β {short(self.norm.beta)}, as learned" if self.learned else ""
        return f"; {briefly(self.shift)} added to every raw number{learned}" if self.shift else learned

    def used(self) -> str:
        """Which mean and which variance it subtracts and divides by."""
        if self.training:
            return f"the batch's mean {short(self.norm.mean)}, σ² {short(self.norm.variance)}"
        if self.veiled:
            return "the running mean ?, σ² ?"
        return f"the running mean {short(self.norm.mean)}, σ² {short(self.norm.variance)}"

    def arithmetic(self) -> str:
        """How the number at the cursor's stage came about from the one before."""
        x, centred, divided, out = self.stages(self.at)
        mean, variance, gamma, beta = self._operands()
        if self.stage == 0:
            image, row, column = self.channel.where[self.at]
            return f"{x} is at row {row}, column {column} of image {image + 1}"
        if self.stage == 1:
            return f"{x} − {mean} = {centred}"
        if self.stage == 2:
            return f"{centred} / √({variance} + {self.norm.eps:g}) = {divided}"
        return f"{divided} · {gamma} + {beta} = {out}"

    def whole(self) -> str:
        """All of it in one line."""
        x, *_, out = self.stages(self.at)
        mean, variance, gamma, beta = self._operands()
        return f"({x} − {mean}) / √({variance} + {self.norm.eps:g}) · {gamma} + {beta} = {out}"

    def told(self, stage: int) -> str:
        """The batch's mean and deviation at a stage."""
        if self.secret(stage):
            return "mean ?, deviation ?"
        found = self.moments[stage]
        return f"mean {short(found.mean)}, deviation {short(found.deviation)}"

    def moved(self) -> str:
        """What the last batch that was fed has done to the running mean."""
        keep, after = 1 - self.momentum, self.averages[-1]
        if "gap" in self.hidden:
            return "The running averages: ? (predict them first)"
        if not self.fed:
            start = f"Running mean {short(after.mean)}, variance {short(after.variance)}"
            return f"{start}: nothing was fed yet. space feeds a batch."
        if not self.training:
            return f"Evaluation moves nothing: the running mean stays {short(after.mean)}."
        before, batch = self.averages[-2], self.fed[-1]
        share = f"{keep:g} · {short(before.mean)} + {self.momentum:g} · {short(batch.mean)}"
        return f"Running mean: {share} = {short(after.mean)}"

    def figures(self) -> dict[str, float | str]:
        """What a step may ask about the chosen channel."""
        raw, *_, out = self.moments
        at, average = self.moments[self.stage], self.averages[-1]
        return {
            "mean": at.mean,
            "std": at.deviation,
            "raw_mean": raw.mean,
            "raw_std": raw.deviation,
            "out_mean": out.mean,
            "out_std": out.deviation,
            "gamma": self.norm.gamma,
            "beta": self.norm.beta,
            "gap": abs(average.mean - raw.mean),
            "undone": int(undone(raw, out)),
        }

    def _operands(self) -> tuple[str, ...]:
        norm = self.norm
        numbers = (norm.mean, norm.variance, norm.gamma, norm.beta)
        mean, variance, gamma, beta = (f"({briefly(n)})" if n < 0 else briefly(n) for n in numbers)
        return ("?", "?", gamma, beta) if self.veiled else (mean, variance, gamma, beta)


def short(value: float) -> str:
    """A number in at most eight characters."""
    if not math.isfinite(value):
        return "?"
    words = f"{value:.3f}" if abs(value) < 1000 else f"{value:.2e}"
    return words.replace("-0.000", "0.000").replace("-", "−")


def briefly(value: float) -> str:
    """The same without noughts behind the point: `1` for what has not been turned."""
    return f"{value:g}".replace("-", "−") if value == round(value, 2) and abs(value) < 1000 else short(value)


def put(sheet: Sheet, row: int, column: int, words: str, style: Role = "plain") -> int:
    """Write with Greek letters, where there are any."""
    return sheet.put(row, column, spelt(words, sheet), style)


def spelt(words: str, sheet: Sheet) -> str:
    """The words in the characters that there are."""
    return words if sheet.sight.unicode else words.translate(PLAIN)
