"""Callbacks: everything that training does besides learning, each in a place of its own.

A callback may define `before_`, `after_` and `cleanup_` × `fit`, `epoch`, `batch`, and `before_step` (the gradients are
there, the weights have not moved). `after_` is left out when something cancels, `cleanup_` never is. Callbacks are
called in the order of `order`, the smallest first.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastai_tui.engine.learner import Learner


class Cancel(Exception):
    """Leaves a part of training early, as if it had ended there; raised by callbacks."""


class CancelFit(Cancel):
    """Leaves training."""


class CancelEpoch(Cancel):
    """Leaves the epoch; the next one begins."""


class CancelBatch(Cancel):
    """Leaves the batch; the next one begins."""


class Callback:
    """Something that happens around training. `learn` is the Learner, set before the first hook is called."""

    order = 0
    learning = False  # belongs to learning itself, as clipping does: a rate finder, which no other sees, keeps it
    leads = False  # is for the leading one of several processes alone
    learn: "Learner"

    def state(self) -> Any:
        """What an exact resume must know (tensors and plain values), or None."""
        return None

    def restore(self, state: Any) -> None:
        """Take `state()`'s answer back."""


class Hooks:
    """Calls the callbacks' hooks; those that a callback lacks cost nothing."""

    def __init__(self, learn: "Learner", callbacks: Sequence[Callback]) -> None:
        self._ordered = sorted(callbacks, key=lambda callback: callback.order)
        for callback in self._ordered:
            callback.learn = learn
        self._found: dict[str, list[Any]] = {}

    def __call__(self, name: str) -> None:
        if name not in self._found:
            self._found[name] = [getattr(c, name) for c in self._ordered if hasattr(c, name)]
        for hook in self._found[name]:
            hook()

    @contextmanager
    def around(self, part: str, cancel: type[Cancel]) -> Iterator[None]:
        """Call `before_`, `after_` and `cleanup_` of a part; `cancel` ends it early and goes no further."""
        try:
            self("before_" + part)
            yield
            self("after_" + part)
        except cancel:
            pass
        finally:
            self("cleanup_" + part)
