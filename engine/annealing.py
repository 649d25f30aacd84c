"""Warm restarts by callbacks alone, as a training loop without any schedules would have them."""

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from fastai_tui.engine import schedules
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.carrying import Carrying
from fastai_tui.engine.data.streams import TextData
from fastai_tui.engine.learner import Learner
from fastai_tui.engine.metrics import cross_entropy
from fastai_tui.engine.optim import optimiser
from fastai_tui.engine.runs.cycles import CycleEnds
from fastai_tui.engine.runs.writer import RunWriter

MOMENTUM = 0.9


class CosineAnnealing(Callback):
    """SGDR (Loshchilov & Hutter, arXiv 1608.03983): for every batch another rate, on half a cosine from `top` (one
    number, or one per layer group) to nought, and then again; the first cycle lasts `cycle_len` epochs, each next
    `cycle_mult` times as many. Hence it must know how many batches an epoch has."""

    def __init__(self, top: float | list[float], cycle_len: int = 1, cycle_mult: int = 1) -> None:
        self.top, self.cycle_len, self.cycle_mult = top, cycle_len, cycle_mult
        self.cycle = self.done = 0

    @property
    def length(self) -> int:
        """How many batches the cycle has."""
        return self.cycle_len * self.cycle_mult**self.cycle * len(self.learn.data.train)

    def before_batch(self) -> None:
        """Give the loop the rate to tell the optimiser."""
        share = (1 + math.cos(math.pi * self.done / self.length)) / 2
        self.learn.plan = constant(self.top, share, len(self.learn.groups))

    def after_batch(self) -> None:
        """Count; a cycle that is over is followed by the next."""
        self.done += 1
        if self.done == self.length:
            self.cycle, self.done = self.cycle + 1, 0

    def state(self) -> dict[str, int]:
        """The cycle, and the batches that are done of it."""
        return {"cycle": self.cycle, "done": self.done}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on in the middle of a cycle."""
        self.cycle, self.done = state["cycle"], state["done"]


def constant(top: float | list[float], share: float = 1.0, groups: int = 1) -> schedules.Plan:
    """A plan that is always the same: a share of `top`, which is one number for all layer groups, or one for each."""
    rates = tuple(schedules.flat(share * rate) for rate in schedules.per_group(top, groups))
    return schedules.Plan(rates, schedules.flat(MOMENTUM))


def by_callbacks(model: nn.Module, data: TextData, annealing: CosineAnnealing, others: Sequence[Callback]) -> Learner:
    """A Learner of nothing but the loop, an optimiser and callbacks: no settings, no schedule, no run."""
    device = next(model.parameters()).device
    opt = optimiser([model], {"opt": "adam", "momentum": MOMENTUM, "wd": 0.0}, device)
    return Learner(model, data, cross_entropy, opt, constant(annealing.top), callbacks=[annealing, *others])


def text_callbacks(data: TextData, annealing: CosineAnnealing, cycles: int, writer: RunWriter) -> list[Callback]:
    """What a network that reads needs besides: a state that is carried, and the weights kept at each cycle's end."""
    ends = schedules.cycle_ends(cycles, annealing.cycle_len, annealing.cycle_mult)
    return [Carrying(data.vocabulary), CycleEnds(writer, ends)]
