"""Ctrl-C: noted where it arrives and acted upon between two looks, so that it tears nothing that is being read; and in
`train`, what asks the run to stop and waits until it has written its checkpoint."""

import contextlib
import signal
import time
from types import FrameType
from typing import Any, ClassVar

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run

AGAIN = 2.0  # seconds after which it is asked again: a process that is only starting may not have heard


class Interrupts:
    """While entered, presses of Ctrl-C are counted instead of raised. It may be entered again inside: they count
    together, so that none is lost in between. Where they are ignored (`nohup`, `&`), they stay so."""

    _count: ClassVar[int] = 0
    _depth: ClassVar[int] = 0

    def __enter__(self) -> "Interrupts":
        if not Interrupts._depth:
            Interrupts._count = 0
        Interrupts._depth += 1
        self._before: Any = signal.getsignal(signal.SIGINT)
        if self._before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        Interrupts._depth -= 1
        signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        Interrupts._count += 1

    def taken(self) -> int:
        """The presses since the last time."""
        count, Interrupts._count = Interrupts._count, 0
        return count


class Stopper:
    """Counts the presses: the first asks the run to stop, the second leaves it alone with that."""

    def __init__(self, run: Run) -> None:
        self.run, self.presses, self._asked = run, 0, -AGAIN

    def press(self) -> bool:
        """Note a press of Ctrl-C; False if it is time to leave."""
        self.presses += 1
        self.insist()
        return self.presses < 2

    def insist(self) -> None:
        """Once pressed: ask the run to stop, again and again until it has. To be called while waiting."""
        if self.presses and time.monotonic() - self._asked > AGAIN:
            with contextlib.suppress(BadInput):  # not there yet, or no longer
                client.send(self.run, "stop")
                self._asked = time.monotonic()


def leaving(interrupts: Interrupts, stopper: Stopper | None) -> bool:
    """Is it time to leave? Passes presses on to the stopper; without one, the first is enough."""
    presses = interrupts.taken()
    if stopper is None:
        return presses > 0
    stays = [stopper.press() for _ in range(presses)]
    stopper.insist()
    return not all(stays)
