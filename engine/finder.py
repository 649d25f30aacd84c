"""The learning rate finder: train a little at rates that rise from batch to batch, and put everything back.

Idea: Smith, arXiv 1506.01186; what it does and what its defaults mean is fastai's (`Learner.lr_find`).
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import torch

from fastai_tui.engine import schedules
from fastai_tui.engine.callback import Callback, CancelEpoch
from fastai_tui.engine.device import choose, prepare
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.engine.kept import Kept, digests, own_random
from fastai_tui.engine.learner import Learner
from fastai_tui.engine.recorder import BETA
from fastai_tui.engine.runs.checkpoints import random_states
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.suggestions import Suggestion, caution, suggest
from fastai_tui.engine.sweep import Piece, Sweep

LOOK = 0.15  # seconds of finding for one request to the lab: long enough to be worth asking, short enough to be live


@dataclass
class Found:
    """What a finder has come to: the rate (the last layer group's), loss and smoothed loss of every batch; hashes of
    what training goes on with, `before` and `after`, and as the finder `left` it before it was put back."""

    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)
    stopped_early: bool = False
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)

    def suggestions(self, batches: int) -> list[Suggestion]:
        """What the curve suggests, of `batches` batches that were asked for."""
        return suggest(self.rates, self.smooth, batches)


class Finder(Callback):
    """A finder on its way: `advance` goes on for a while, `close` puts everything back.

    Between the two the Learner is the finder's. Its callbacks do not see it, and random numbers that others draw
    meanwhile are what they would have been.
    """

    order = 100

    def __init__(self, learn: Learner, sweep: Sweep | None = None) -> None:
        self.sweep, self.found, self.done = (sweep or Sweep()).checked(), Found(), False
        self.found.before = digests(learn)
        self._rates, self._momentum = _proportions(learn), _momentum(learn.opt)
        self._best, self._mean, self._until, self._limit = math.inf, 0.0, math.inf, self.sweep.batches
        self._random, self._kept = random_states(learn.device), Kept(learn)
        self.learn = learn
        try:
            self._kept.lend(self)
        except BaseException:  # there was no memory for copies, say
            self._kept.put_back()
            raise
        learn.epochs, learn.start = max(learn.epochs, 1), 0  # there must be some for the plan to be asked
        self._plan()

    def advance(self, seconds: float = math.inf, until: int | None = None) -> None:
        """Train on, for so many seconds (one batch at the least), or until there are that many points."""
        self._until = time.monotonic() + seconds
        self._limit = self.sweep.batches if until is None else min(until, self.sweep.batches)
        with own_random(self._random, self.learn.device), torch.enable_grad():
            while not self.done and len(self.found.rates) < self._limit and self._goes_on():
                pass

    def _goes_on(self) -> bool:
        """Train to the end of the epoch; False if the time was up before."""
        learn, points = self.learn, len(self.found.rates)
        try:
            learn._train()
        except CancelEpoch:
            return False
        if learn.batch == 0 and len(self.found.rates) == points:
            raise BadInput("There is no batch to train on: take a smaller bs, or more data.")
        learn.epoch, learn.batch = learn.epoch + 1, 0
        return True

    def _plan(self) -> None:
        """Give the Learner the next batch's rates: the groups keep their proportions."""
        rate = self.sweep.rate(len(self.found.rates))
        rates = tuple(schedules.flat(rate * share) for share in self._rates)
        self.learn.plan = schedules.Plan(rates, schedules.flat(self._momentum))

    def after_batch(self) -> None:
        """Note the batch; end where the loss has risen too far or is no number, or when the time is up."""
        found, loss = self.found, float(self.learn.loss.detach().mean())
        self._mean = BETA * self._mean + (1 - BETA) * loss
        smooth = self._mean / (1 - BETA ** (len(found.smooth) + 1))
        found.rates.append(self.sweep.rate(len(found.rates)))
        found.losses.append(loss)
        found.smooth.append(smooth)
        self._best = min(self._best, smooth)
        found.stopped_early = not math.isfinite(smooth) or (0 < self.sweep.stop * self._best < smooth)
        self.done = found.stopped_early or len(found.rates) == self.sweep.batches
        self._plan()
        if self.done or len(found.rates) >= self._limit or time.monotonic() >= self._until:
            raise CancelEpoch

    def close(self) -> Found:
        """Put everything back, and say what was found."""
        try:
            with own_random(self._random, self.learn.device):
                self.found.left = digests(self.learn)
        finally:
            self._kept.put_back()
        self.found.after = digests(self.learn)
        return self.found


def find_rate(learn: Learner, sweep: Sweep | None = None, watch: Callable[[Found], None] | None = None) -> Found:
    """Find a rate for `learn`, before or in the middle of `fit`; all that follows is as if it had not been.

    `watch` is called after every batch. Raises `BadInput` for a sweep that makes no sense.
    """
    finder = Finder(learn, sweep)
    try:
        if watch is None:
            finder.advance()
        while not finder.done:
            finder.advance(0.0)
            if watch is not None:
                watch(finder.found)
    finally:
        finder.close()
    return finder.found


def _proportions(learn: Learner) -> tuple[float, ...]:
    """The layer groups' rates in units of the last one's, or of the highest where the last is 0."""
    planned = learn.total - learn.start
    rates, _ = learn.plan.at(min((learn.step - learn.start) / planned, 1.0) if planned > 0 else 0.0)
    unit = rates[-1] or max(rates) or 1.0
    return tuple(rate / unit for rate in rates) if any(rates) else (1.0,) * len(rates)


def _momentum(opt: torch.optim.Optimizer) -> float:
    """What the optimiser has now: it stays as it is, as in fastai."""
    group = opt.param_groups[0]
    return float(group["betas"][0] if "betas" in group else group["momentum"])


class _Held:
    """The one finder of the lab process, by pieces: what it has found stays, its Learner goes when it is done."""

    def __init__(self, job: Job, sweep: Sweep) -> None:
        self.asked, self.device = (job, sweep), choose(job.device)
        self.random = random_states(self.device)
        with own_random(self.random, self.device):
            prepare(self.device, job.seed)
            learn = build(job)
            self.finder: Finder | None = Finder(learn, sweep)
        self.data, self.found = learn.data.facts.name, self.finder.found

    def advance(self, after: int) -> None:
        """Go on for a moment; first to where it was before, if this process is not the one that was asked then."""
        if self.finder is None:
            return
        with own_random(self.random, self.device):
            if len(self.found.rates) < after:
                self.finder.advance(until=after)
            else:
                self.finder.advance(LOOK)
            if self.finder.done:
                self.finder.close()
                self.finder = None

    def piece(self, after: int) -> Piece:
        """What is new since there were `after` points."""
        found, done = self.found, self.finder is None
        told = Piece(
            first=after,
            lrs=found.rates[after:],
            losses=[*found.losses[after:]],
            smooth_losses=[*found.smooth[after:]],
            before=dict(found.before),
            device=str(self.device),
            data=self.data,
            done=done,
        )
        if not done:
            return told
        return msgspec.structs.replace(
            told,
            stopped_early=found.stopped_early,
            suggestions=found.suggestions(self.asked[1].batches),
            caution=caution(found.smooth, stopped_early=found.stopped_early),
            after=dict(found.after),
            left=dict(found.left),
        )


_held: list[_Held] = []  # at most one: whoever asks for another lets go of it


def answer(job: dict[str, Any], sweep: dict[str, Any], after: int = 0) -> Piece:
    """Go on with a finder for a moment, and tell what came after the first `after` points. A lab request.

    `after` 0 begins anew. A lab that was started again in between does again what was done: the numbers are the same.
    """
    asked = msgspec.convert(job, Job), msgspec.convert(sweep, Sweep)
    if not after or not _held or _held[0].asked != asked:
        _held.clear()
        _held.append(_Held(*asked))
    held = _held.pop()  # what fails in the middle is not gone on with
    held.advance(after)
    _held.append(held)
    return held.piece(after)


def let_go() -> None:
    """Nobody waits for the finder any more: its network and data go. A lab request."""
    _held.clear()
