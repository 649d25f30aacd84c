"""A key that is held down asks for a thing once."""

import time
from collections.abc import Callable

WITHIN = 2.0  # seconds in which the same wish is one and the same


class Once:
    """Remembers the last wish. `clock` is for tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last, self._when = "", -1e9

    def first(self, wish: str) -> bool:
        """Is it the first of its kind for a while?"""
        if self.pending(wish):
            return False
        self._last, self._when = wish, self._clock()
        return True

    def pending(self, wish: str) -> bool:
        """Was it wished a moment ago?"""
        return self._last == wish and self._clock() - self._when < WITHIN

    def forget(self) -> None:
        """It has come true."""
        self._last = ""
