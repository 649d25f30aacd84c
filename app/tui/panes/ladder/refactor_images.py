"""What is different where both networks see pictures: accuracy instead of texts, epochs instead of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app import plots

if TYPE_CHECKING:
    from collections.abc import Collection

    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.panes.ladder.refactor_runs import Side

VIEWS = ("code", "curves", "accuracy")
AXES = ("epochs", "seconds")
ACCURACIES = frozenset({"accuracy", "gain"})  # what gives the second network's accuracy away


def right(side: Side, hidden: Collection[str], *, second: bool, brief: bool) -> str:
    """`61.2% right`, or nothing where that is not known yet."""
    if side.accuracy is None:
        return ""
    words = "?" if second and ACCURACIES & set(hidden) else f"{side.accuracy:.1%}"
    return words if brief else f"{words} right"


def lasts(side: Side, hidden: Collection[str], *, second: bool) -> str:
    """`2.1 s an epoch`, or nothing where none is over."""
    if side.pace is None:
        return ""
    return "? s an epoch" if second and "pace" in hidden else f"{side.pace:.2g} s an epoch"


def gain(before: Side, after: Side) -> float:
    """How much more accuracy the second has; 0 until both are known."""
    known = before.accuracy is not None and after.accuracy is not None
    return after.accuracy - before.accuracy if known else 0.0  # type: ignore[operator]


def pace(before: Side, after: Side) -> float:
    """How many times as long an epoch of the second takes; 0 until both are known."""
    return after.pace / before.pace if before.pace and after.pace else 0.0


def told(before: Side, after: Side, hidden: Collection[str]) -> str:
    """Both accuracies, and what an epoch takes, as sentences."""
    words = []
    for second, side in enumerate((before, after)):
        if side.accuracy is not None:
            covered = bool(second) and bool(ACCURACIES & set(hidden))
            share = "its accuracy is to be predicted first" if covered else f"{side.accuracy:.1%} are right"
            words.append(f"{side.name}: {share}, {lasts(side, hidden, second=bool(second)) or 'no epoch is over'}.")
    return " ".join(words)


def plot(
    sides: tuple[Side, Side], axis: str, hidden: Collection[str], look: Look, width: int, height: int
) -> list[str]:
    """Both accuracies after every epoch, on the same axes; the second's only once it may be seen."""
    seen = [i for i, side in enumerate(sides) if side.accuracies and not (i and ACCURACIES & set(hidden))]
    runs = []
    for i in seen:
        side = sides[i]
        places = side.places([step for step, _ in side.accuracies], axis)
        runs.append(("", places, [share for _, share in side.accuracies]))
    unit = "epochs" if axis == "epochs" else "seconds of training"
    title = f"accuracy over {unit}"
    total = max((side.end(axis) for side in sides), default=0.0)
    return plots.overlaid(
        runs, width=width, height=height, title=title, look=look, numbers=seen, zoomed=True, total=total
    )
