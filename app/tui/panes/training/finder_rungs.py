"""Several networks' rate finders: each one's finished curve is kept, and they are drawn on one plot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fastai_tui.app import plots, rate_finding
from fastai_tui.app.text import Look, fit, number, rate
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import LEAST, spoken
from fastai_tui.app.tui.sheet import Paint

if TYPE_CHECKING:
    from collections.abc import Collection

    from fastai_tui.app.rate_finding import Finding
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.sweep import Sweep
    from fastai_tui.lessons.schema import Step

KNOB = "model"
NARROWEST = 20  # columns that the plot needs
WORDY = 60  # columns from which a line says more of a curve


class Found(NamedTuple):
    """A curve, and what it was found with."""

    finding: Finding
    asked: tuple[Job, Sweep]


@dataclass
class Rungs:
    """The networks that a step's knob `model` offers, in their order (none without such a knob), and the curves of
    those that were found."""

    names: tuple[str, ...] = ()
    curves: dict[str, Found] = field(default_factory=dict)

    def after(self, name: str, by: int) -> str:
        """The next one, or the one before."""
        return self.names[(self.names.index(name) + by) % len(self.names)] if name in self.names else self.names[0]

    def known(self, front: str, growing: Finding | None = None) -> list[tuple[str, Finding]]:
        """The curves by name; that of the one in `front` may still be growing."""
        found = {name: one.finding for name, one in self.curves.items()}
        if growing is not None and growing.rates:
            found[front] = growing
        return [(name, found[name]) for name in self.names if name in found]

    def measured(self, front: str) -> dict[str, float | str]:
        """What the finished curves come to."""
        if not self.names:
            return {}
        done = self.known(front)
        early = [one for _, one in done if one.last is not None and one.last.stopped_early]
        found: dict[str, float | str] = {"rung": front, "rungs": len(done), "early": len(early)}
        valleys = {name: at for name, one in done if (at := valley(one)) is not None}
        if valleys:
            found["fastest"] = max(valleys, key=valleys.__getitem__)
        if done:
            found["farthest"] = max(done, key=lambda pair: pair[1].rates[-1])[0]
        return found


def rungs_of(step: Step) -> tuple[str, ...]:
    """The networks that a knob of the step offers."""
    from fastai_tui.lessons.experiments import EXPERIMENTS

    knob = next((knob for knob in step.knobs if knob.setting == KNOB), None)
    if knob is None or step.run is None or step.run.experiment not in EXPERIMENTS:
        return ()
    return knob.choices or EXPERIMENTS[step.run.experiment].schema[KNOB].choices


def valley(finding: Finding) -> float | None:
    """The rate that it suggests by its longest valley."""
    return next((one.rate for one in finding.suggestions if one.name == "valley"), None)


# The picture


def draw(
    sheet: Sheet,
    top: int,
    known: list[tuple[str, Finding]],
    front: str,
    names: tuple[str, ...],
    hidden: Collection[str],
    plotter: Plotter,
) -> None:
    """All curves on one plot, from row `top` on, and a line for each below it."""
    if not known:
        words = "No curve has been found yet: space finds one, k goes to the next network."
        for i, (told, role) in enumerate(spoken(sheet, words, sheet.width, max(sheet.height - top, 1), "plain")):
            sheet.put(top + i, 0, told, role)
        return
    lines = min(len(known), max((sheet.height - top) // 2, 1))
    room = sheet.height - top - lines
    if room >= LEAST and sheet.width >= NARROWEST:
        _plot(sheet, Area(top, 0, sheet.width, room), known, names, plotter)
        top += room
    else:
        sheet.leave_out("the plot")
        lines = min(len(known), max(sheet.height - top, 0))
    at = next((i for i, (name, _) in enumerate(known) if name == front), 0)
    first = min(max(at - lines // 2, 0), len(known) - lines)
    wide = max(len(name) for name, _ in known)
    for i, (name, finding) in enumerate(known[first : first + lines]):
        column = _mark(sheet, top + i, names.index(name))
        look: Role = "cursor" if name == front else "strong"
        column = sheet.put(top + i, column, f"{name:<{wide}}", look) + 1
        sheet.put(top + i, column, fit(line(finding, hidden, sheet.width - column), max(sheet.width - column, 0)))
    if lines < len(known):
        sheet.leave_out(f"{len(known) - lines} of the networks")


def _mark(sheet: Sheet, row: int, which: int) -> int:
    """How its curve looks."""
    if sheet.sight.depth == "none":
        return sheet.put(row, 0, f"{plots.series_letter(which)} ")
    return sheet.put(row, 0, "── " if sheet.sight.unicode else "-- ", Paint(plots.series_colour(which), bold=True))


def line(finding: Finding, hidden: Collection[str], width: int) -> str:
    """A curve in few words: its valley, its lowest loss, its end."""
    at, best = valley(finding), finding.lowest
    suggested = "?" if {"valley", "best_rate", "fastest"} & set(hidden) else rate(at) if at else "none"
    end = "?" if {"last_rate", "farthest"} & set(hidden) else rate(finding.rates[-1])
    if not finding.done:
        return f"at {end}"
    early = finding.last is not None and finding.last.stopped_early
    how = "stopped at" if early else "went to"
    if {"early", "stopped"} & set(hidden):
        how = "ended at"
    if width < WORDY // 2:
        return f"valley {suggested}, {'stop' if how == 'stopped at' else 'end'} {end}"
    if width < WORDY - 20 or best is None:
        return f"valley {suggested}, {how} {end}"
    lowest = "?" if {"best_loss", "best_rate"} & set(hidden) else number(finding.smooth[best])
    where = "?" if {"best_rate", "fastest"} & set(hidden) else rate(finding.rates[best])
    return f"valley {suggested}, lowest {lowest} at {where}, {how} {end}"


def _plot(sheet: Sheet, area: Area, known: list[tuple[str, Finding]], names: tuple[str, ...], plotter: Plotter) -> None:
    def make(look: Look, width: int, height: int) -> list[str]:
        return picture(known, names, look, width, height)

    data = tuple((name, len(one.rates), one.done) for name, one in known)
    view = ("rungs", tuple((name, one.sweep) for name, one in known))
    plotter.show(sheet, area, make, name="rungs", view=view, data=data)


def picture(known: list[tuple[str, Finding]], names: tuple[str, ...], look: Look, width: int, height: int) -> list[str]:
    """The smoothed losses over the rate, each network's in its own look, its valley marked."""
    low = min(one.sweep.start for _, one in known)
    high = max(one.sweep.end for _, one in known)
    extents = [rate_finding.extent(one) for _, one in known]
    limits = min(e[0] for e in extents), max(e[1] for e in extents)
    marks = {name: at for name, one in known if (at := valley(one)) is not None}
    curves = [(names.index(name), one.rates, one.smooth, _at(one, marks.get(name))) for name, one in known]
    return plots.finder_curves(curves, between=(low, high), y=limits, width=width, height=height, look=look)


def _at(finding: Finding, at: float | None) -> tuple[float, float] | None:
    """The place of a suggestion on the curve."""
    return next(((one.rate, one.loss or 0.0) for one in finding.suggestions if one.rate and one.rate == at), None)


def sentence(known: list[tuple[str, Finding]], hidden: Collection[str]) -> str:
    """All of them in words."""
    return " ".join(f"{name}: {line(one, hidden, 200)}." for name, one in known)


def recalled(left: object, names: tuple[str, ...]) -> Rungs:
    """The curves that were left."""
    curves = dict(left) if isinstance(left, dict) else {}
    return Rungs(names, {name: found for name, found in curves.items() if isinstance(found, Found)})
