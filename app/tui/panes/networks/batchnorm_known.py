"""What the lab has answered about batches, layer by layer, and what has to be asked yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastai_tui.engine.normalising import Channel, Moments, channel

FAR = 999  # no number that a chapter or a progress file has is larger
AT_ONCE = 100  # batches that the lab takes in one question
Batch = tuple[list[float], list[float], int]  # of each channel the mean and the variance; of how many numbers


class Known:
    """`answers` has, by run ("" for the fresh network) and layer, the newest answer; it ends with the batch shown."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, int], dict[str, Any]] = {}
        self._batches: dict[tuple[str, int, int], Batch] = {}  # by run, layer and batch

    @property
    def layers(self) -> int:
        """How many layers there are to choose from; one until the lab has told."""
        return next((len(answer["layers"]) for answer in self.answers.values()), 1)

    def take(self, run: str, answer: dict[str, Any]) -> None:
        """Note an answer."""
        layer = answer["layer"]
        self.answers[run, layer] = answer
        batches: Iterable[Batch] = zip(answer["means"], answer["variances"], answer["counts"], strict=True)
        for number, batch in enumerate(batches, answer["start"]):
            self._batches[run, layer, number] = batch

    def forget(self, run: str | None = None) -> None:
        """What is known of a run's network, or of any, is out of date."""
        self.answers = {key: found for key, found in self.answers.items() if run not in (None, key[0])}
        self._batches = {key: found for key, found in self._batches.items() if run not in (None, key[0])}

    def missing(self, run: str, layer: int, shown: int, fed: Sequence[int]) -> tuple[int, int] | None:
        """The batches to ask for, as (first, after the last); None where nothing is missing."""
        lacking = [batch for batch in fed if (run, layer, batch) not in self._batches]
        answer = self.answers.get((run, layer))
        if answer is None or answer["start"] + len(answer["means"]) - 1 != shown:
            lacking.append(shown)
        if not lacking:
            return None
        return min(lacking), min(shown + 1, min(lacking) + AT_ONCE)

    def channel(self, run: str, layer: int, number: int) -> Channel | None:
        """A channel of the batch that was answered last."""
        answer = self.answers.get((run, layer))
        return channel(answer, min(number, len(answer["numbers"]))) if answer else None

    def fed(self, run: str, layer: int, number: int, fed: Sequence[tuple[int, float]]) -> list[Moments]:
        """A channel's mean and variance in each batch that was fed and is known, with what was added to its numbers."""
        found = []
        for batch, by in fed:
            batches = self._batches.get((run, layer, batch))
            if batches is not None:
                means, variances, count = batches
                found.append(Moments(means[number - 1], variances[number - 1], count).shifted(by))
        return found


def whole(value: object, low: int, high: int) -> int:
    """A number as a chapter or a progress file says it."""
    whole = int(value) if isinstance(value, (int, float)) and abs(value) <= FAR else low
    return min(max(whole, low), high)


def marks(value: object) -> set[int]:
    """A set of whole numbers as a progress file has it."""
    return {n for n in value if isinstance(n, int) and n >= 0} if isinstance(value, list) else set()


def fed_of(value: object, passed: int) -> list[tuple[int, float]]:
    """The batches that were fed, with what was added to their numbers, as a progress file has them."""
    parts = value if isinstance(value, list) and all(isinstance(n, (int, float)) for n in value) else []
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return [(int(number), float(by)) for number, by in pairs if 0 <= number < passed and abs(by) <= FAR]
