"""What is to be seen of log-loss: one answer among ten, a run at a temperature, or always the same answer. Plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from fastai_tui.app.text import count, number
from fastai_tui.engine import logloss
from fastai_tui.engine.logloss import COOLEST, DOGS, HOTTEST, OTHERS, SURE, TEMPERATURES

if TYPE_CHECKING:
    from fastai_tui.engine.logloss import Heated

VIEWS = ("one", "temperature", "constant")
LEAST, MOST = 0.001, 0.999  # probabilities that can be set of one answer
SCALE = logloss.cost(LEAST)  # nats that a picture is as high as
NEAR = 0.02  # of the best temperature: so near to 1 it is neither too sure nor too timid
SECRETS = {"one": "mean_loss", "temperature": "best_temperature", "constant": "constant_loss"}


@dataclass(frozen=True)
class Shown:
    """The view, the numbers that the learner turns, and what the lab has told of the run (None: nothing yet, which
    `instead` explains)."""

    view: str
    probability: float
    temperature: float
    constant: float
    heated: Heated | None
    instead: str
    hidden: frozenset[str] = frozenset()

    def told(self, measure: str, value: float, share: bool = False) -> str:
        """A number, unless it is yet to be predicted."""
        return "?" if measure in self.hidden else f"{value:.1%}" if share else nats(value)

    @property
    def costs(self) -> list[float]:
        """What each of the ten answers costs."""
        return logloss.ten(self.probability)

    @property
    def now(self) -> Heated | None:
        """What the lab has told, if it is of this temperature."""
        known = self.heated
        return known if known is not None and known.temperature == self.temperature else None

    @property
    def secret(self) -> bool:
        """Would the curve tell what is to be predicted?"""
        return self.view != "one" and bool({SECRETS[self.view], "run_loss"} & self.hidden)

    @property
    def title(self) -> str:
        if self.view == "one":
            return f"nine answers give {plain(SURE)}, the tenth {plain(self.probability)}"
        if self.view == "temperature":
            of = f"{self.heated.run.partition('-')[0]}, {count(self.heated.photos)} photos" if self.heated else "a run"
            return f"{of}: logits / {number(self.temperature, 3)}"
        return f"{DOGS * 100:.0f} of 100 are dogs: always said {plain(self.constant)}"

    def said(self) -> Iterator[str]:
        """What there is to say of the view, the most important first."""
        yield from {"one": self._one, "temperature": self._heated, "constant": self._constant}[self.view]()

    def _one(self) -> Iterator[str]:
        right = logloss.right(self.probability)
        yield (
            f"Mean log-loss {self.told('mean_loss', logloss.mean(self.costs))}, accuracy "
            f"{self.told('share', right, share=True)}."
        )
        times = self.costs[-1] / self.costs[0]
        verdict = "right" if self.probability >= 0.5 else "wrong"
        yield (
            f"The tenth is {verdict}: −ln {plain(self.probability)} = {self.told('one_loss', self.costs[-1])} nats, "
            f"{self.told('one_loss', times)} times what each of the other {OTHERS} costs."
        )

    def _heated(self) -> Iterator[str]:
        known = self.now
        if known is None:
            return
        yield (
            f"Log-loss {self.told('run_loss', known.loss)}, accuracy "
            f"{self.told('run_accuracy', known.accuracy, share=True)}, {known.sure:.1%} sure on average."
        )
        if not self.secret:
            verdict = "too sure of itself" if known.best > 1 + NEAR else "too timid"
            verdict = "neither too sure nor too timid" if abs(known.best - 1) <= NEAR else verdict
            yield f"Lowest at {number(known.best, 3)}: {nats(known.best_loss)}. So it was {verdict}."

    def _constant(self) -> Iterator[str]:
        dog, cat = logloss.cost(self.constant), logloss.cost(1 - self.constant)
        yield f"Mean log-loss {self.told('constant_loss', logloss.constant(self.constant))}."
        yield (
            f"Each of {DOGS * 100:.0f} dogs costs −ln {plain(self.constant)} = {nats(dog)}, each of "
            f"{100 - DOGS * 100:.0f} cats −ln {plain(1 - self.constant)} = {nats(cat)}."
        )
        if not self.secret:
            yield f"Lowest at {plain(DOGS)}: {self.told('entropy', logloss.entropy())}, the entropy."

    def curve(self, columns: int) -> list[float]:
        """The view's loss at as many places, evenly apart from the left end of the axis to the right one."""
        places = [(i + 0.5) / columns for i in range(columns)]
        if self.view == "one":
            return [logloss.cost(place) for place in places]
        if self.view == "constant":
            return [logloss.constant(place) for place in places]
        return [_between(self.heated.losses, place) for place in places] if self.heated else []

    @property
    def marked(self) -> float:
        """Where on the axis the learner stands, 0…1."""
        return {"one": self.probability, "temperature": _at(self.temperature), "constant": self.constant}[self.view]

    @property
    def lowest(self) -> float | None:
        """Where on the axis the loss is lowest; None where that is at its end, not known, or yet to be predicted."""
        if self.view == "one" or self.secret:
            return None
        if self.view == "constant":
            return DOGS
        return _at(self.heated.best) if self.heated else None

    @property
    def axis(self) -> tuple[str, str, str]:
        """What stands at its left end, its middle and its right end."""
        if self.view == "temperature":
            return plain(COOLEST), "1", f"{HOTTEST:g}"
        return "0", ".5", "1"


def nats(loss: float) -> str:
    """A loss to three digits: `0.611`, `0.0395`."""
    return number(loss, 3 if loss >= 0.1 else 4)


def plain(probability: float) -> str:
    """A probability as the text writes it: `.4`, `.001`."""
    return f"{probability:.3f}".rstrip("0").rstrip(".").removeprefix("0") or "0"


def _at(temperature: float) -> float:
    return log(temperature / COOLEST) / log(HOTTEST / COOLEST)


def _between(losses: list[float], place: float) -> float:
    """The loss at a place of the axis, on the line between its two neighbours."""
    at = place * (len(TEMPERATURES) - 1)
    i = min(int(at), len(TEMPERATURES) - 2)
    return losses[i] + (at - i) * (losses[i + 1] - losses[i])
