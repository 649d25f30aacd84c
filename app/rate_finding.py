"""A rate finder's curve as it grows, for whoever shows it: plain values, in words, and as a plot."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from fastai_tui.app import plots
from fastai_tui.app.axes import Limits, close, limits, ticks
from fastai_tui.app.text import Look, number, rate
from fastai_tui.engine.suggestions import NAMES, Suggestion
from fastai_tui.engine.sweep import Piece, Sweep
from fastai_tui.engine.sweep import number as told

MARKS = dict(zip(NAMES, "1234", strict=True))  # what each suggestion is marked with on the curve
ABOVE = 1.5  # times the loss at the beginning, up to which the axis reaches


@dataclass(frozen=True)
class Finding:
    """What is known of a finder: its points so far, and once it is `done`, what they suggest and the hashes."""

    sweep: Sweep
    rates: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    smooth: tuple[float, ...] = ()
    last: Piece | None = None

    @property
    def done(self) -> bool:
        """Has it come to its end?"""
        return self.last is not None and self.last.done

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Those that have a rate, in the order of `NAMES`."""
        return tuple(one for one in (self.last.suggestions if self.last else ()) if one.rate is not None)

    @property
    def lowest(self) -> int | None:
        """The number of the point with the lowest smoothed loss."""
        finite = [i for i, loss in enumerate(self.smooth) if math.isfinite(loss)]
        return min(finite, key=self.smooth.__getitem__) if finite else None

    def grown(self, piece: Piece) -> "Finding":
        """With a piece's points after its own."""
        return replace(
            self,
            rates=(*self.rates[: piece.first], *piece.lrs),
            losses=(*self.losses[: piece.first], *map(told, piece.losses)),
            smooth=(*self.smooth[: piece.first], *map(told, piece.smooth_losses)),
            last=piece,
        )

    def differing(self, *, restored: bool = True) -> list[str]:
        """The parts of the state that are not as before: after everything was put back, or as the finder left it."""
        if self.last is None:
            return []
        then = self.last.after if restored else self.last.left
        return [name for name, digest in self.last.before.items() if then.get(name) != digest]


def extent(finding: Finding) -> Limits:
    """The losses that the axis holds, rounded: what explodes at the end would press the rest flat, so of that only the
    beginning."""
    finite = [loss for loss in (*finding.losses, *finding.smooth) if math.isfinite(loss)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), ABOVE * finite[0]
    return (0.0, limits([high])[1]) if low < high / 3 or high <= 0 else close([low, high])


def margin(finding: Finding, height: int) -> int:
    """The columns that the numbers beside the axis of a plot of that height take."""
    _, labels = ticks(*extent(finding), max(2, (height - 1) // 3 + 1))
    return max(map(len, labels))


def picture(finding: Finding, width: int, height: int, look: Look, unmarked: Collection[str] = ()) -> list[str]:
    """The curve, with the suggestions marked, but for those that are to stay `unmarked`."""
    marks = [
        (MARKS[one.name], one.rate or 0.0, one.loss or 0.0) for one in finding.suggestions if one.name not in unmarked
    ]
    return plots.finder_curve(
        finding.rates,
        finding.losses,
        finding.smooth,
        marks,
        between=(finding.sweep.start, finding.sweep.end),
        y=extent(finding),
        width=width,
        height=height,
        look=look,
        margin=margin(finding, height),
    )


# In words


def progress(finding: Finding) -> str:
    """`batch 57 of 100, rate 0.0037`."""
    points = len(finding.rates)
    now = f", rate {rate(finding.rates[-1])}" if points else ""
    return f"batch {points} of {finding.sweep.batches}{now}"


def ending(finding: Finding, *, brief: bool = False) -> str:
    """How it ended, in a sentence, or in few words."""
    if not finding.done or not finding.rates:
        return ""
    highest, stop = rate(finding.rates[-1]), f"{finding.sweep.stop:g}"
    if not math.isfinite(finding.smooth[-1]):
        return (
            f"ended at {highest}: no number"
            if brief
            else f"It ended at {highest}, where the loss is no number any more."
        )
    if finding.last is not None and finding.last.stopped_early:
        long = f"It ended at {highest}, where the smoothed loss was {stop} times its lowest."
        return f"ended at {highest}: {stop} × its lowest" if brief else long
    return f"went all the way to {highest}" if brief else f"It went all the way to {highest}."


def suggested(one: Suggestion) -> str:
    """`0.0036: a tenth of 0.036, where the loss is lowest`."""
    return f"{rate(one.rate)}: {one.why}" if one.rate is not None else f"none: {one.why}"


def sentences(finding: Finding) -> list[tuple[str, str]]:
    """Everything that there is to say at the end, as (name, words)."""
    last = finding.last
    if last is None:
        return []
    lines = [(f"{MARKS[one.name]} {one.name}", suggested(one)) for one in last.suggestions]
    best = finding.lowest
    if best is not None:
        lines += [("lowest", f"{number(finding.smooth[best])} (smoothed) at {rate(finding.rates[best])}")]
    lines += [("end", " ".join(filter(None, (ending(finding), last.caution))))]
    return [*lines, ("trace", trace(finding.differing(), len(last.before)))]


def trace(differing: Sequence[str], parts: int) -> str:
    """What a comparison of the hashes comes to."""
    if differing:
        return f"{', '.join(differing)} differ{'s' if len(differing) == 1 else ''} from what was there before."
    return f"none: all {parts} hashes of what training goes on with are what they were before."
