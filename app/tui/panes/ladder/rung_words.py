"""What there is to say of rungs: their numbers, what has become of their runs, what the course had. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import count, duration, number, plural
from fastai_tui.app.tui.panes.ladder import rung_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastai_tui.app.tui.panes.ladder.rung_drawing import Shown
    from fastai_tui.app.tui.panes.ladder.rung_rows import Row
    from fastai_tui.app.tui.sheet import Role

BARS = {
    "accuracy": "accuracy",
    "gain": "points gained",
    "loss": "loss",
    "parameters": "parameters",
    "seconds": "time",
}
PREDICT = "? (predict it first)"
POINT = 0.01


def short(column: str, value: float) -> str:
    """A number of the table in six characters at most."""
    if column == "accuracy":
        return f"{value:.1%}"
    if column == "gain":
        return f"{100 * value:+.1f}".replace("-", "−")
    if column == "parameters":
        return f"{value / 1e6:.1f}M" if value >= 999_500 else f"{value / 1e3:.0f}k" if value >= 9950 else count(value)
    if column == "seconds":
        return f"{value:.0f} s" if 9.95 <= value < 999.5 else " ".join(duration(value).split(" ")[:2])
    return number(value)[:5]


def state(row: Row, begins: str, pulse: str) -> str:
    """What stands in a row in place of its bar: nothing, where there is a number to be shown."""
    shot = row.shot
    if begins:
        return f"{pulse} begins"
    if row.rung.closed:
        return "not for digits"
    if shot is None:
        return "·"
    if row.live and shot.phase in ("new", "queued"):
        return f"{pulse} its turn comes" if shot.behind else f"{pulse} begins"
    if row.live:
        return f"{'paused at' if shot.phase == 'paused' else pulse} {shot.step / max(shot.total, 1):.0%}"
    return "" if row.accuracy is not None and shot.phase == "finished" else _ended(row)


def _ended(row: Row) -> str:
    shot = row.shot
    assert shot is not None
    return f"{shot.phase} after {plural(shot.epochs_done, 'epoch')}" if shot.epochs_done else shot.phase


def detail(shown: Shown) -> Iterator[tuple[int, str, Role]]:
    """Of the rung at the cursor, as (rank, words, style), in the order in which they are read: the lower the rank, the
    sooner they find room. 0 is for what is to be said in any case."""
    row = shown.rows[shown.at]
    since = f" ({row.rung.since})" if row.rung.since else ""
    yield 2, f"{row.rung.name}: {row.rung.about}{since}.", "strong"
    yield 1, compared(shown), "plain"
    yield 3, numbers(shown), "plain"
    yield 5, course(shown), "dim"
    yield 4, f"* {row.shot.run} has {', '.join(row.differs)}." if row.differs and row.shot else "", "warn"


def numbers(shown: Shown) -> str:
    """Its numbers in words."""
    row = shown.rows[shown.at]
    known = f"{count(row.parameters)} parameters" if row.parameters and not shown.covered("parameters") else ""
    if row.shot is None or row.accuracy is None:
        return f"{known}, not trained yet." if known and row.shot is None else f"{known}." if known else ""
    words = []
    if row.one_view is not None and not shown.covered("accuracy"):
        words.append(f"{row.one_view:.1%} with one view")
    if row.loss is not None:
        words.append(f"loss {'?' if shown.covered('loss') else number(row.loss)}")
    words += [known] if known else []
    if row.seconds is not None:
        time = "?" if shown.covered("seconds") else duration(row.seconds)
        words.append(f"{plural(row.shot.epochs_done, 'epoch')} in {time}")
    return f"{', '.join(words)}."


def compared(shown: Shown) -> str:
    """How it stands to the one before it."""
    row, earlier, gain = shown.rows[shown.at], rung_rows.before(shown.rows, shown.at), None
    if earlier is not None:
        gain = rung_rows.gain(shown.rows, shown.at)
    if earlier is None or gain is None or shown.covered("gain"):
        return ""
    words = [f"{short('gain', gain)} points to {earlier.rung.name}"]
    if row.parameters and earlier.parameters and row.parameters != earlier.parameters:
        words.append(_times(row.parameters / earlier.parameters, "parameters"))
    if row.seconds and earlier.seconds and not shown.covered("seconds"):
        words.append(_times(row.seconds / earlier.seconds, "time"))
    return f"{', '.join(words)}."


def _times(share: float, what: str) -> str:
    return f"{'about the same' if 0.95 < share < 1.05 else f'{share:.3g} times the'} {what}"


def course(shown: Shown) -> str:
    """What the course had, or why that says nothing here."""
    found = shown.rows[shown.at].rung.course
    if not shown.course or not found:
        return "What the course had with CIFAR-10 says nothing of these data." if found else ""
    return f"The course: {', '.join(f'{each.accuracy:.0%} after {each.epochs} epochs' for each in found)}."


def sentence(shown: Shown) -> str:
    """The whole table in words."""
    told = [f"{row.rung.name} {shown.words(at, 'accuracy')}" for at, row in enumerate(shown.rows) if row.trained]
    if shown.covered("accuracy") and told:
        told = [f"{len(told)} are trained, their accuracies to be predicted first"]
    rest = [row.rung.name for row in shown.rows if not row.trained and not row.rung.closed]
    closed = [row.rung.name for row in shown.rows if row.rung.closed]
    parts = [f"{shown.title}: {', '.join(told) if told else 'nothing is trained yet'}."]
    parts += [f"Not trained: {', '.join(rest)}."] if rest else []
    parts += [f"Not for these data: {', '.join(closed)}."] if closed else []
    parts += [words for _, words, _ in detail(shown) if words]
    return " ".join([*parts, *([shown.note] if shown.note else [])])
