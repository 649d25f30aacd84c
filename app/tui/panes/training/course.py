"""The course of a run: what is planned for it and what was used of that; and what panes that show one share."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastai_tui.app.planning import Planned, planned
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common.described import DescribedPane

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene

UNTOLD = 100  # batches of an epoch as long as nobody has told how many it has: they are not shown as numbers then


@dataclass(frozen=True)
class Course:
    """What is drawn: the plan as it was `first` and as it is `now` (a rate turned by hand makes another), the run that
    follows it, if one does, and whether the lab has told how many batches an epoch has."""

    first: Planned
    now: Planned
    shot: Snapshot | None = None
    counted: bool = True

    @property
    def done(self) -> int:
        """Batches that were trained."""
        return self.shot.step if self.shot else 0

    def used(self, step: int) -> tuple[list[float], float] | None:
        """The rates and the momentum that a batch was trained with; None if it was not."""
        if self.shot is None or not 1 <= step <= self.done or not self.shot.curve.momenta:
            return None
        curve = self.shot.curve
        i = min(bisect_left(curve.steps, step), len(curve.steps) - 1)
        groups = [*curve.earlier, curve.rates][-len(self.now.rates) :]
        return [rates[i] for rates in groups], curve.momenta[i]

    def at(self, step: int) -> tuple[list[float], float]:
        """The rates and the momentum of a batch: those that were used, or else those that are planned."""
        return self.used(step) or self.now.at(step)

    def planned(self, of: str) -> list[tuple[str, Sequence[float], Sequence[float]]]:
        """Curves as (name, steps, values): what is planned for the batches to come; and what was for those that are
        done, if something was turned since: else it is what was used."""
        turned = self.shot is not None and bool(self.shot.turned)
        past, ahead = _upto(self.first, self.done) if turned else 0, _upto(self.now, self.done)
        steps = [*self.first.steps[:past], *self.now.steps[ahead:]]
        if of == "momentum":
            return [("", steps, [*self.first.momenta[:past], *self.now.momenta[ahead:]])]
        rows, names = len(self.now.rates), _names(self.now)
        firsts = self.first.rates if len(self.first.rates) == rows else (self.first.rates[-1],) * rows
        pairs = zip(names, firsts, self.now.rates, strict=True)
        return [(name, steps, [*before[:past], *after[ahead:]]) for name, before, after in pairs]

    def filled(self, of: str) -> list[tuple[Sequence[float], Sequence[float]]]:
        """What was used, as (steps, values) for each curve of `planned`."""
        if self.shot is None or not self.done:
            return []
        curve = self.shot.curve
        if of == "momentum":
            return [(curve.steps, curve.momenta)] if curve.momenta else []
        groups = [*curve.earlier, curve.rates][-len(self.now.rates) :]
        return [(curve.steps, rates) for rates in groups]


def _upto(plan: Planned, done: int) -> int:
    return next((i for i, step in enumerate(plan.steps) if step > done), len(plan.steps))


def _names(plan: Planned) -> list[str]:
    return [f"group {n + 1}" for n in range(len(plan.rates))] if len(plan.rates) > 1 else [""]


class CoursePane(DescribedPane):
    """`course` is what would be trained next, or the run that is."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._batches: dict[object, int] = {}  # an epoch's, by the size of a batch

    def describe(self, answer: Any) -> None:
        super().describe(answer)
        if self.described is not None:
            self._batches[self.described.settings.get("bs")] = self.described.batches_per_epoch

    def course(self) -> Course | None:
        """What is to be drawn now; None where the settings plan nothing."""
        shot = self.followed()
        if shot is not None and shot.batches_per_epoch:
            asked, epochs = dict(shot.asked), shot.epochs
            first = planned(asked, epochs, shot.batches_per_epoch)
            now = planned({**asked, **dict(shot.turned)}, epochs, shot.batches_per_epoch)
            if first is not None and now is not None:
                return Course(first, now, shot)
        if self.job is None:
            return None
        batches = self._batches.get(self.job.settings.get("bs"), 0)
        plan = planned(self.job.settings, self.job.epochs, batches or UNTOLD)
        return Course(plan, plan, shot, counted=bool(batches)) if plan else None

    def followed(self) -> Snapshot | None:
        """The run that is shown with the plan: while it goes on, and after that as long as the knobs say what it was
        asked, and told since."""
        shot = self.ours
        if shot is None or self.job is None or not (shot.ended and self.different(shot)):
            return shot
        return None

    def different(self, shot: Snapshot) -> list[str]:
        """What a run from now on would have otherwise than that one."""
        if self.job is None:
            return []
        then = {**dict(shot.asked), **dict(shot.turned)}
        found = orders.different(self.job.settings, then)
        return found + ([f"{self.job.epochs} epochs"] if self.job.epochs != shot.epochs else [])
