"""The learner's progress, changed at once in memory and written by a thread of its own: no key waits for a disk."""

import queue
import threading
from collections.abc import Callable

from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.lessons import progress
from fastai_tui.lessons.progress import Progress

Change = Callable[[Progress], Progress]


class Keeper:
    """Holds the progress. `trouble` is the sentence about why nothing can be saved; `on_trouble` hears of it, from the
    thread that writes."""

    def __init__(self, on_trouble: Callable[[str], None] = lambda sentence: None) -> None:
        self.progress, self.trouble = progress.read()
        self._on_trouble = on_trouble
        self._waiting: queue.Queue[Change | None] = queue.Queue()
        self._writer: threading.Thread | None = None

    def update(self, change: Change) -> None:
        """Change what is known, and have the same change made to the file."""
        self.progress = change(self.progress)
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="progress", daemon=True)
            self._writer.start()
        self._waiting.put(change)

    def reread(self) -> None:
        """Take what the file says: it was imported, or reset."""
        self.flush()
        self.progress, self.trouble = progress.read()

    def flush(self, within: float = 5.0) -> None:
        """Return once everything is written, or cannot be."""
        if self._writer is not None:
            self._waiting.put(None)
            self._writer.join(within)
            self._writer = None

    def _write(self) -> None:
        """Write what waits, everything that has gathered in one go."""
        while (first := self._waiting.get()) is not None:
            changes, last = [first], False
            while not self._waiting.empty() and not last:
                following = self._waiting.get()
                last = following is None
                changes += [following] if following else []
            self._try(changes)
            if last:
                return

    def _try(self, changes: list[Change]) -> None:
        try:
            progress.update(lambda kept: _all(changes, kept))
        except FastaiTuiError as error:
            if str(error) != self.trouble:
                self.trouble = str(error)
                self._on_trouble(self.trouble)
        else:
            self.trouble = ""


def _all(changes: list[Change], progress: Progress) -> Progress:
    for change in changes:
        progress = change(progress)
    return progress
