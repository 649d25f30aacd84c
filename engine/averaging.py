"""Averages of a network's weights over training, as callbacks: what noise has moved to and fro cancels out.

Both average everything in floating point that a network keeps, the running statistics of its norms too, and put the
average into the network itself, so that whatever comes after (validation, a checkpoint) has it.
"""

from typing import Any

import torch
from torch import Tensor

from fastai_tui.engine.callback import Callback


class Averaging(Callback):
    """Keeps an average of the weights. It begins as the weights are before the first batch."""

    order = 40  # before what records and what saves

    def __init__(self) -> None:
        self.average: list[Tensor] = []

    def state(self) -> list[Tensor]:
        """The average."""
        return self.average

    def restore(self, state: list[Tensor]) -> None:
        """Go on with it."""
        self.average = state

    def before_fit(self) -> None:
        """Take the weights as they are; or, after a resume, what was kept, to the device."""
        weights = self._weights()
        kept = self.average or [weight.clone() for weight in weights]
        self.average = [mean.to(weight.device) for mean, weight in zip(kept, weights, strict=True)]

    def _weights(self) -> list[Tensor]:
        return [t for t in self.learn.model.state_dict().values() if t.is_floating_point()]

    @torch.no_grad()
    def _move(self, share: float) -> None:
        """Move the average by so much of the way to the weights."""
        torch._foreach_lerp_(self.average, self._weights(), share)

    @torch.no_grad()
    def _adopt(self) -> None:
        """Give the network the average."""
        torch._foreach_copy_(self._weights(), self.average)


class Ema(Averaging):
    """An exponential moving average with a memory of a `share` of all batches; the network gets it after the last."""

    def __init__(self, share: float = 0.1) -> None:
        super().__init__()
        self.share = share

    def after_batch(self) -> None:
        """Move the average by one part in as many as its memory has batches (or as there have been, if less)."""
        learn = self.learn
        self._move(1 / max(1.0, min(learn.step, self.share * learn.total)))
        if learn.step == learn.total:
            self._adopt()


class Lookahead(Averaging):
    """Every few steps the average moves towards the weights, and the weights go back to it (Zhang et al., arXiv
    1907.08610): all the way at first, less and less later (Jordan, arXiv 2404.00498), and not at all after the last."""

    def __init__(self, every: int = 5, keep: float = 0.95) -> None:
        super().__init__()
        self.every, self.keep = every, keep

    def after_batch(self) -> None:
        """Meet, if it is time."""
        step, total = self.learn.step, self.learn.total
        if step % self.every and step < total:
            return
        if step < total:
            self._move(1 - self.keep**self.every * (step / total) ** 3)
        self._adopt()


AVERAGES: dict[str, Any] = {"lookahead": Lookahead, "ema": Ema}
