"""How fast the link to the terminal is: how long the terminal takes to say where its cursor is.

Every terminal answers that question (DSR 6, `CSI 6 n`), and it answers after it has drawn what was sent before. What is
measured is the way to whatever answers: inside tmux or screen, and with mosh, that is the multiplexer or server on this
side of the slow link, which then drops frames by itself. A terminal that does not answer is never taken for slow.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Literal

from textual.message import Message

Wish = Literal["auto", "on", "off"]
QUERY = "\x1b[6n"
SLOW, FAST = 150.0, 80.0  # ms: thin from the first on, no longer below the second. A busy local terminal takes 1 to 40.
OFTEN, SELDOM = 1.0, 10.0  # seconds between two questions: at first, then
KEPT = 3  # answers, of which the median counts: one hiccup is no slow link
PATIENCE = 2.0  # seconds after which an answer that is still to come counts as slow
TRIES = 3  # unanswered questions after which a terminal that never answered is left in peace
LONGEST = 30.0  # seconds after which an answer will not come any more


@dataclass(frozen=True)
class Link:
    """What is known: milliseconds (None: the terminal has not answered), whether to send little, and why."""

    ms: float | None = None
    thin: bool = False
    reason: str = ""

    @property
    def words(self) -> str:
        """For a status line: `link 180 ms, thin`; nothing where there is nothing to say."""
        if self.ms is None:
            return "link thin" if self.thin else ""
        return f"link {self.ms:.0f} ms" + (", thin" if self.thin else "")


class LinkChanged(Message):
    """Posted to the app when the link has become another."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.link = link


class Meter:
    """Says when to ask, takes the answers, and judges. Times are seconds of any clock that only goes forward."""

    def __init__(self, wish: Wish = "auto") -> None:
        self.wish = wish
        self._answers: deque[float] = deque(maxlen=KEPT)
        self._asked_at: float | None = None
        self._next, self._unanswered, self._thin = 0.0, 0, False

    def due(self, now: float) -> bool:
        """Is it time to ask? Then the question counts as asked."""
        if self._asked_at is not None:
            self._wait(now - self._asked_at)
        if self._asked_at is not None or now < self._next or (self._unanswered >= TRIES and not self._answers):
            return False
        self._asked_at = now
        return True

    def answered(self, now: float) -> bool:
        """Take an answer; False if none is awaited."""
        if self._asked_at is None:
            return False
        self._note((now - self._asked_at) * 1000)
        self._asked_at, self._unanswered = None, 0
        self._next = now + (OFTEN if len(self._answers) < KEPT else SELDOM)
        return True

    def restart(self) -> None:
        """The terminal was away (a suspended program): whatever is still to come says nothing."""
        self._asked_at = None

    @property
    def link(self) -> Link:
        """What is known now."""
        ms = round(median(self._answers)) if self._answers else None
        if self.wish != "auto":
            return Link(ms, self.wish == "on", f"the option says {self.wish}")
        if ms is None:
            return Link(None, False, "the terminal has not said how fast it is")
        return Link(ms, self._thin, f"the terminal answers in {ms:.0f} ms{_to_whom()}")

    def _wait(self, seconds: float) -> None:
        """Nothing has come for so long."""
        if self._answers and seconds >= PATIENCE and self._answers[-1] < PATIENCE * 1000:
            self._answers.extend([seconds * 1000] * KEPT)
            self._judge()
        if seconds >= (LONGEST if self._answers else PATIENCE):
            self._asked_at, self._unanswered = None, self._unanswered + 1

    def _note(self, ms: float) -> None:
        self._answers.append(ms)
        self._judge()

    def _judge(self) -> None:
        if len(self._answers) == KEPT:
            limit = FAST if self._thin else SLOW
            self._thin = median(self._answers) > limit


def _to_whom() -> str:
    """Words about what was measured; they decide nothing."""
    for variable, name in (("TMUX", "tmux"), ("STY", "screen")):
        if os.environ.get(variable):
            return f", which is {name}: the way behind it cannot be seen"
    return " over SSH" if os.environ.get("SSH_CONNECTION") else ""
