"""What the pane of kept weights draws: where on the rate's curve each was kept, how large it is, and how good."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastai_tui.app import axes, plots
from fastai_tui.app.text import count, fit, number, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import LEAST, bar, spoken
from fastai_tui.app.tui.panes.training import schedule_drawing as schedule

if TYPE_CHECKING:
    from fastai_tui.app.kept import Weights
    from fastai_tui.app.tui.panes.training.course import Course
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet

CYCLE, CHECKPOINT, PLANNED, OUT = "●", "○", "·", "✗"
ALONE, TOGETHER = frozenset({"accuracy", "best"}), frozenset({"ensemble", "gain"})  # what hides which accuracies
TALLEST = 30  # rows of the curve and its marks
WIDE = 56  # columns from which a line has room for the epoch and the loss
BARS, LOSS = 24, 14  # columns that bars do not need more than, and that a loss takes


@dataclass(frozen=True)
class Score:
    """How good weights are on the validation set."""

    loss: float
    accuracy: float
    right: int
    total: int


@dataclass(frozen=True)
class Album:
    """What is known of a run's weights: the files, their scores by file, the chosen one, those that are `out` of the
    ensemble, and the score of the ensemble of the others."""

    files: tuple[Weights, ...] = ()
    scores: Mapping[str, Score] = field(default_factory=dict)
    at: int = 0
    out: frozenset[str] = frozenset()
    ensemble: Score | None = None

    @property
    def chosen(self) -> Weights | None:
        """The file under the cursor."""
        return self.files[self.at] if self.at < len(self.files) else None

    @property
    def members(self) -> tuple[Weights, ...]:
        """The cycles' ends that the ensemble is made of."""
        return tuple(one for one in self.files if one.cycle and one.file not in self.out)

    @property
    def best(self) -> float | None:
        """The best accuracy among those, as far as all are known."""
        known = [self.scores[one.file].accuracy for one in self.members if one.file in self.scores]
        return max(known) if known and len(known) == len(self.members) else None


def size_in_words(size: int) -> str:
    """`126 kB`, `3.4 MB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 1):.0f} kB"


def score_in_words(score: Score, *, brief: bool = False) -> str:
    """`accuracy 0.9590, loss 0.3457 (959 of 1,000)`, without what is in brackets if it has to be `brief`."""
    right = "" if brief else f" ({count(score.right)} of {count(score.total)})"
    return f"accuracy {score.accuracy:.4f}, loss {number(score.loss)}{right}"


def draw(
    sheet: Sheet, area: Area, plotter: Plotter, course: Course | None, album: Album, hidden: Collection[str]
) -> None:
    """The time line on top, the list under it."""
    lines = len(album.files) + 2 if album.files else 1
    top = _plot_rows(area, lines)
    if course is not None and top:
        line = Area(area.row, area.column, area.width, top)
        _time_line(sheet, line, plotter, course, album, hidden)
    elif course is not None:
        sheet.leave_out("the learning rate")
        top = 0
    _list(sheet, Area(area.row + top, area.column, area.width, area.height - top), album, hidden)


def _plot_rows(area: Area, lines: int) -> int:
    """Rows of the curve and its marks: what the list leaves, within reason."""
    if area.height < LEAST + 1 + 3 or area.width < 24:
        return 0
    return min(max(area.height - lines, LEAST + 1), TALLEST)


def _time_line(
    sheet: Sheet, area: Area, plotter: Plotter, course: Course, album: Album, hidden: Collection[str]
) -> None:
    chosen = album.chosen
    plot = area._replace(height=area.height - 1)
    schedule.plot(sheet, plot, plotter, "rate", course, chosen.step if chosen and chosen.step else 0, hidden)
    if not course.counted:
        return
    row, total = area.below - 1, course.now.total

    def column(step: float) -> int:
        return area.column + plots.column_of(step, total, area.width, schedule.MARGIN)

    sheet.put(row, area.column, fit("kept", schedule.MARGIN), "dim")
    for step in ends(course):
        sheet.put(row, column(step), PLANNED, "dim")
    for one in sorted(album.files, key=lambda one: bool(one.cycle)):
        sheet.put(row, column(one.step), _mark(one), _look(one, album))
    if chosen is not None:
        sheet.put(row, column(chosen.step), _mark(chosen), "cursor")


def ends(course: Course) -> list[int]:
    """The batches after which a cycle ends."""
    lengths = course.now.cycles
    return [sum(lengths[: i + 1]) * course.now.per_epoch for i in range(len(lengths))]


def _mark(one: Weights) -> str:
    return CYCLE if one.cycle else CHECKPOINT


def _look(one: Weights, album: Album) -> Role:
    if one.cycle:
        return "dim" if one.file in album.out else "accent"
    return "good" if one.best else "plain"


def _list(sheet: Sheet, area: Area, album: Album, hidden: Collection[str]) -> None:
    """A line for each file, the ensemble's last; as many as there is room for, around the chosen one."""
    if area.height <= 0:
        return
    if not album.files:
        sheet.put(area.row, area.column, fit("Nothing is kept yet.", area.width), "dim")
        return
    shown = _shown(album)
    limits = axes.close([score.accuracy for score in shown])
    together = album.ensemble is not None and area.height >= 2
    head = area.height >= 7 or area.height > len(album.files) + together
    if head:
        sheet.put(area.row, area.column, fit(_header(area.width, shown, limits, hidden), area.width), "dim")
    elif shown:
        sheet.leave_out("the bars' scale")
    room = area.height - head - together
    top = parts.around(album.at, max(room, 1), len(album.files))
    files = album.files[top : top + max(room, 1)]
    for i, one in enumerate(files):
        _line(sheet, area.row + head + i, area, one, album, limits, hidden)
    if len(files) < len(album.files):
        sheet.leave_out(f"{len(album.files) - len(files)} of the files (the arrows bring them)")
    if together and album.ensemble is not None:
        row = area.row + head + len(files)
        title = f"{CYCLE} {plural(len(album.members), 'cycle')} together"
        sheet.put(row, area.column, fit(title, _before(area.width)), "strong")
        _score(sheet, row, area, album.ensemble, limits, hidden, TOGETHER)


def _shown(album: Album) -> list[Score]:
    """What the bars have to have room for: untrained weights, which lie far below all others, need no bar of theirs."""
    known = [album.scores[one.file] for one in album.files if one.file in album.scores]
    if album.ensemble is not None:
        known.append(album.ensemble)
    best = max((score.accuracy for score in known), default=0.0)
    return [score for score in known if score.accuracy >= best - 0.25] or known


def _header(width: int, shown: Sequence[Score], limits: axes.Limits, hidden: Collection[str]) -> str:
    left = fit("  weights          epochs    size" if width >= WIDE else "  weights     size", _before(width))
    if not shown or (ALONE | TOGETHER) & set(hidden):
        return f"{left}accuracy"
    bars = f", bars from {limits[0]:.3g} to {limits[1]:.3g}"
    return f"{left}accuracy{bars if len(left) + 8 + len(bars) <= width else ''}"


def _before(width: int) -> int:
    """Columns of a line before its score."""
    return 35 if width >= WIDE else 21


def _line(
    sheet: Sheet, row: int, area: Area, one: Weights, album: Album, limits: axes.Limits, hidden: Collection[str]
) -> None:
    brief = f"best {one.step:,}" if one.best else one.name
    name = fit(brief, 11) if area.width < WIDE else fit(one.name + (" best" if one.best else ""), 16)
    size = size_in_words(one.size).rjust(7)
    words = f"{name} {one.epochs:6.3g} {size}  " if area.width >= WIDE else f"{name}{size}"
    sheet.put(row, area.column, OUT if one.file in album.out else _mark(one), _look(one, album))
    chosen = album.chosen is not None and one.file == album.chosen.file
    looks: Role = "cursor" if chosen else "dim" if one.file in album.out else "plain"
    sheet.put(row, area.column + 2, words.rstrip(), looks)
    score = album.scores.get(one.file)
    if score is not None:
        _score(sheet, row, area, score, limits, hidden, ALONE)


def _score(
    sheet: Sheet,
    row: int,
    area: Area,
    score: Score,
    limits: axes.Limits,
    hidden: Collection[str],
    secret: frozenset[str],
) -> None:
    """A bar with the accuracy, and with room for it the loss."""
    at = area.column + _before(area.width)
    wide = area.width - _before(area.width)
    if secret & set(hidden):
        sheet.put(row, at, "?", "dim")
        return
    loss = f"  loss {number(score.loss)}" if wide >= BARS + LOSS else ""
    room = min(wide - LOSS if loss else wide, BARS + 7)
    share = (score.accuracy - limits[0]) / (limits[1] - limits[0])
    bar(sheet, row, at, room, share, f"{score.accuracy:.4f}")
    sheet.put(row, at + room, fit(loss, max(wide - room, 0)), "dim")


# In words


def detail(album: Album, hidden: Collection[str], *, brief: bool = False) -> str:
    """The chosen file: what is in it, and how good it is."""
    one = album.chosen
    if one is None:
        return ""
    what = "the weights alone" if one.cycle else "all it takes to go on"
    score = album.scores.get(one.file)
    known = (
        "" if score is None else "; accuracy ?" if ALONE & set(hidden) else f"; {score_in_words(score, brief=brief)}"
    )
    file = one.file if not brief else one.name
    return f"{file}: {what}{known}"


def verdict(album: Album, hidden: Collection[str], *, brief: bool = False) -> str:
    """What the ensemble is worth, against the best single one."""
    if album.ensemble is None or album.best is None:
        return ""
    if (ALONE | TOGETHER) & set(hidden):
        return "Together: ? (predict it first)"
    gain = album.ensemble.accuracy - album.best
    how = (
        "as good as the best alone"
        if not gain
        else f"{abs(gain):.4f} {'above' if gain > 0 else 'below'} the best alone"
    )
    return f"Together {score_in_words(album.ensemble, brief=brief)}: {how}."


def sentence(album: Album, hidden: Collection[str]) -> str:
    """All of it in words."""
    if not album.files:
        return "Nothing is kept yet."
    named = [f"{one.name} ({size_in_words(one.size)}{', the best' if one.best else ''})" for one in album.files[:20]]
    listed = f"{plural(len(album.files), 'file')} with weights: {', '.join(named)}"
    return " ".join(part for part in (f"{listed}. Chosen: {detail(album, hidden)}.", verdict(album, hidden)) if part)


def message(sheet: Sheet, words: str, style: Role, rows: int) -> list[tuple[str, Role]]:
    """Words for the foot of the pane."""
    return spoken(sheet, words, sheet.width, rows, style) if words else []
