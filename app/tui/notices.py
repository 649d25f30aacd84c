"""Sentences in a corner that go away by themselves."""

from textual.notifications import Notification

MOMENT = 0.05  # seconds


class Notice(Notification):
    """One that is shown for a moment at least.

    Textual makes its toast anew with every screen, and gives a timer the time that is left. If that ends while the
    toast is being made, it is less than nothing, and such a timer never lets the event loop go on.
    """

    @property
    def time_left(self) -> float:
        """Seconds for which it is still to be seen."""
        return max(super().time_left, MOMENT)

    @property
    def has_expired(self) -> bool:
        """Is its time over?"""
        return super().time_left <= 0
