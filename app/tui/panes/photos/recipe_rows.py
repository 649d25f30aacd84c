"""The recipe's lines with what has become of each: pure functions of runs and of rates that were found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.tui.panes.ladder.rung_rows import metric
from fastai_tui.lessons import recipe
from fastai_tui.lessons.recipe import COUNT, LINES, Done

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastai_tui.app.snapshots import Snapshot

KEPT = 40  # rates that are remembered: the newest


@dataclass(frozen=True)
class Found:
    """A rate that the finder suggested for a line, on these data; nan where it suggested none."""

    line: int
    rate: float
    data: str


@dataclass(frozen=True)
class Row:
    """A line: is it ticked off, the run whose numbers belong here, one that goes on, why the newest one failed, and the
    rate that was found."""

    number: int
    done: bool = False
    shot: Snapshot | None = None
    live: Snapshot | None = None
    failure: str = ""
    rate: float | None = None

    @property
    def line(self) -> recipe.Line:
        return LINES[self.number - 1]

    @property
    def accuracy(self) -> float | None:
        """What its run came to."""
        return accuracy(self.shot)

    @property
    def loss(self) -> float | None:
        """The log-loss of the same answers."""
        return loss(self.shot)


def accuracy(shot: Snapshot | None) -> float | None:
    """After the newest epoch; over several views where the run looked so."""
    several = metric(shot, "tta_accuracy")
    return metric(shot, "accuracy") if several is None else several


def loss(shot: Snapshot | None) -> float | None:
    """The log-loss, with as many views."""
    several = metric(shot, "tta_loss")
    own = shot.table[-1].valid_loss if shot and shot.table else None
    found = own if several is None else several
    return found if found is not None and math.isfinite(found) else None


def carried(shot: Snapshot) -> Done:
    """A run as the recipe sees it: with the settings that it had in the end."""
    return Done({**dict(shot.asked), **dict(shot.turned)}, shot.phase, shot.step)  # type: ignore[arg-type]


def rows(shots: Sequence[Snapshot], found: Iterable[Found]) -> tuple[Row, ...]:
    """All lines, of the runs on the data, the oldest first, and of the rates found there."""
    pairs = [(shot, carried(shot)) for shot in shots]
    rates = {each.line: each.rate for each in found}  # the newest of a line
    done = {*recipe.ticked(each for _, each in pairs), *rates}
    return tuple(_row(number, pairs, done, rates) for number in range(1, COUNT + 1))


def _row(number: int, pairs: Sequence[tuple[Snapshot, Done]], done: Iterable[int], rates: dict[int, float]) -> Row:
    fitting = [(shot, each) for shot, each in pairs if recipe.fits(number, each)]
    placed = [(shot, each) for shot, each in fitting if recipe.place(each) == number]
    own = [shot for shot, _ in placed]
    ended = [shot for shot, each in placed if recipe.counts(number, each)]
    ticked = number in done
    going = [shot for shot, _ in fitting if not shot.ended and (shot in own or not ticked)]
    last = (own or [shot for shot, _ in fitting if not ticked])[-1:]
    failed = last[0].message if last and last[0].phase == "failed" else ""
    return Row(
        number=number,
        done=ticked,
        shot=ended[-1] if ended else None,
        live=going[-1] if going else None,
        failure=failed,
        rate=rates.get(number),
    )


def newest(shots: Sequence[Snapshot]) -> Snapshot | None:
    """The newest run that has come to an epoch's end."""
    return next((shot for shot in reversed(shots) if shot.table), None)


def best(shots: Iterable[Snapshot]) -> float | None:
    """The highest accuracy that a finished run ended with."""
    known = [accuracy(shot) for shot in shots if shot.phase == "finished"]
    return max((each for each in known if each is not None), default=None)


def open_after(found: Sequence[Row], at: int) -> int:
    """The next line, as an index, that is not ticked off, the first of all after the last; `at` if there is none."""
    order = [(at + 1 + i) % len(found) for i in range(len(found))]
    return next((i for i in order if not found[i].done), at)


# As it is kept


def kept(found: Sequence[Found]) -> list[int | float | str]:
    """Rates in texts: the line, the rate, the data."""
    return [f"{each.line} {each.rate:g} {each.data}" for each in found[-KEPT:]]


def restored(texts: object) -> tuple[Found, ...]:
    """Of what was kept that which means something."""
    return tuple(each for text in texts if (each := _restored(text))) if isinstance(texts, list) else ()


def _restored(text: object) -> Found | None:
    parts = text.split(" ", 2) if isinstance(text, str) else ()
    if len(parts) != 3:
        return None
    try:
        line, rate = int(parts[0]), float(parts[1])
    except ValueError:
        return None
    return Found(line, rate, parts[2]) if 1 <= line <= COUNT and LINES[line - 1].finds else None
