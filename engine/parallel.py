"""Several processes that train one network together (DistributedDataParallel): each learns from its share of every
batch, and all take the same step.

Number 0 leads: it records, validates, saves and does what users ask for; before every batch it tells the others whether
to go on. A share is an equal part of the rows that one process would have in the batch, so the mean of the gradients is
the gradient of the whole batch.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.data.batches import Nothing
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.ranks import Rank, check_share
from fastai_tui.engine.training import LIVE, JobLearner

MEETING = "FASTAI_TUI_MEETING"  # names the file by which the processes of one machine find each other
PATIENT = timedelta(days=30)  # while one waits for the device, validates or pauses, the others wait
PROMPT = timedelta(minutes=5)  # what all of them do at the same time
GO, HEAR = 0, 1
SIGNS = ("closed by peer", "connection reset", "broken pipe", "gloo", "nccl", "process group")


class Group:
    """The processes, and what they say to each other. Made by all of them, it waits until all are there."""

    def __init__(self, rank: Rank) -> None:
        self.rank = rank
        meeting = os.environ.get(MEETING)
        store = dist.FileStore(meeting, rank.count) if meeting else None
        number, count = (rank.number, rank.count) if store else (-1, -1)  # torch finds them in the environment
        with self._together():
            dist.init_process_group("gloo", timeout=PATIENT, store=store, rank=number, world_size=count)
        self.fast: Any = dist.group.WORLD  # for tensors on the device
        self._word = torch.zeros(1, dtype=torch.int64)

    def go(self) -> None:
        """Have the others do the next batch. One small message: it is said before every batch."""
        self._say(GO)

    def tell(self, what: Any) -> None:
        """Tell the others something before they go on."""
        self._say(HEAR)
        with self._together():
            dist.broadcast_object_list([what], src=0)

    def hear(self) -> Any:
        """What is told next; None: go on."""
        self._say(GO)  # what it is becomes what the leading one says
        if int(self._word) == GO:
            return None
        told = [None]
        with self._together():
            dist.broadcast_object_list(told, src=0)
        return told[0]

    def _say(self, word: int) -> None:
        self._word.fill_(word)
        with self._together():
            dist.broadcast(self._word, src=0)

    def gather(self, mine: Any = None) -> list[Any]:
        """What the others give, in the order of their numbers; for them, nothing."""
        leads = self.rank.number == 0
        found: list[Any] | None = [None] * self.rank.count if leads else None
        with self._together():
            dist.gather_object(mine, found, dst=0)
        return found[1:] if found else []

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes, for all of them."""
        total = value.detach().clone()
        with self._together():
            dist.all_reduce(total, group=self.fast)
        return total / self.rank.count

    def spread(self, learn: JobLearner) -> None:
        """Have training batches go through what adds up all processes' gradients: anew whenever other layers are
        frozen. All processes get the weights that the leading one has."""
        where = [learn.device] if learn.device.type == "cuda" else None
        with self._together():
            learn.through = DistributedDataParallel(learn.model, device_ids=where, process_group=self.fast)

    def share(self, learn: JobLearner) -> None:
        """Give a Learner this process's share of every batch. Raises `BadInput` for batches that are not to be divided
        evenly, and for a model without parameters."""
        number, count = self.rank.number, self.rank.count
        if learn.device.type == "cuda":
            with self._together():
                self.fast = dist.new_group(backend="nccl", timeout=PROMPT)
        check_share(learn.data.train.bs, count)
        learn.groups.check_learns()
        learn.data = replace(learn.data, train=learn.data.train.shared(number, count))
        learn.processes = count
        self.spread(learn)

    def dismiss(self) -> None:
        """Nothing is needed of the others any more."""
        self.tell(("over",))
        self.leave()

    def leave(self) -> None:
        """End it, once all are done."""
        dist.destroy_process_group()

    @contextmanager
    def _together(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            if not is_loss(error):
                raise
            raise lost(self.rank.count) from error


def lost(count: int) -> RunFailed:
    """What is said when another process is not there any more."""
    return RunFailed(
        f"One of the {count} processes that trained together has ended (output.log in the run's folder may say why); "
        "`fastai-tui resume` goes on from the last checkpoint."
    )


def is_loss(error: Exception) -> bool:
    """Did training fail because another process has gone?"""
    text = str(error).lower()
    return isinstance(error, dist.DistError) or (
        isinstance(error, RuntimeError) and any(sign in text for sign in SIGNS)
    )


class Leading(Callback):
    """What the leading process does for the others. A checkpoint has their callbacks' states besides its own."""

    order = -5  # after what steers

    def __init__(self, group: Group) -> None:
        self.group = group

    def before_fit(self) -> None:
        """From here on the others have these settings."""
        self._told = _live(self.learn)

    def before_batch(self) -> None:
        """Tell what has been changed; go on."""
        now = _live(self.learn)
        if now != self._told:
            self.group.tell(("set", now))
            self.group.spread(self.learn)  # type: ignore[arg-type]
            self._told = now
        self.group.go()

    def after_batch(self) -> None:
        """What is recorded is the whole batch's loss."""
        self.learn.loss = self.group.mean(self.learn.loss)

    def state(self) -> list[dict[str, Any]]:
        """What the others' callbacks must know for an exact resume."""
        self.group.tell(("state",))
        return self.group.gather()


class Following(Callback):
    """What all processes but the leading one do: their share, and what they are told."""

    order = -5

    def __init__(self, group: Group, seed: int) -> None:
        self.group, self.seed, self.over = group, seed, False

    def before_batch(self) -> None:
        """Wait until it goes on; what is random then depends on the batch and on which process this is."""
        while (told := self.group.hear()) is not None:
            self._do(*told)
            if self.over:
                raise CancelFit
        own = np.random.SeedSequence([self.seed, self.group.rank.number, self.learn.step])
        torch.manual_seed(int(own.generate_state(1, np.uint64)[0]))

    def after_batch(self) -> None:
        """The whole batch's loss."""
        self.learn.loss = self.group.mean(self.learn.loss)

    def wait(self) -> None:
        """After the last batch: until the leading process needs nothing any more."""
        while not self.over:
            self._do(*(self.group.hear() or ("over",)))

    def _do(self, word: str, what: Any = None) -> None:
        assert isinstance(self.learn, JobLearner)
        if word == "set":
            self.learn.change(what)
            self.group.spread(self.learn)
        elif word == "state":
            self.group.gather(states(self.learn))
        else:
            self.over = True


def encoded(state: dict[str, Any] | None, count: int) -> bytes:
    """A checkpoint for the other processes; empty if there is none. Raises `RunFailed` if as many as now have not
    written it together: how batches are shared, and what goes on from batch to batch, depends on it."""
    if state is None:
        return b""
    before = len(state["callbacks"].get("Leading", [])) + 1
    if before != count:
        raise RunFailed(f"This run is trained by {before} and not by {count} processes; resume it with as many.")
    stored = io.BytesIO()
    torch.save(state, stored)
    return stored.getvalue()


def states(learn: JobLearner) -> dict[str, Any]:
    """The callbacks' states by their names."""
    return {type(callback).__name__: callback.state() for callback in learn.callbacks}


def follow_only(learn: JobLearner) -> None:
    """Leave a Learner with what a process needs that does not lead: nothing to validate."""
    learn.data = replace(learn.data, valid=Nothing())
    learn.callbacks = [callback for callback in learn.callbacks if not callback.leads]


def _live(learn: Any) -> dict[str, Any]:
    return {name: learn.settings[name] for name in LIVE if name in learn.settings}
