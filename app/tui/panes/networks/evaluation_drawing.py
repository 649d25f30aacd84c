"""Evaluation on paper: a row for each size of batch, a column for each way to say what mean and variance are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit, number, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.engine.normed import SIZES, STATISTICS, Row
from fastai_tui.engine.viewed import Score

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet

HEADS = {"batch": ("each", "batch's"), "last": ("the last", "batch's"), "running": ("running", "average")}
BY = {
    "batch": "by each batch's own mean and variance",
    "last": "by what the last batch of training had",
    "running": "by running averages over training",
}
WHY = {
    "batch": "Each batch's own: an image's answer depends on which others are in its batch.",
    "last": "The last batch's: all images are normalised by what one batch of training happened to have.",
    "running": "Running averages: every batch of training moves them a tenth of the way; they are the same for all.",
}
MEASURES = {"batch": "own", "last": "last", "running": "running"}
SIDE, BARS = 7, 17  # columns for the size; of a cell from which it has room for a bar
LOW, HIGH, LEAST = 10, 30, 9  # rows of a pane with few words, of one with curves, and of the curves
WHOLE = frozenset({"accuracy", "loss", "best", "worst"})  # who is to predict one of these is told nothing


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: by size what was evaluated in this order (`own`), one row with these batches of training
    (`mine`), and the accuracies with the `lasts` that were tried; `number` is the last batch's, from 1; `waits` the
    size that is being evaluated, or 0."""

    own: Mapping[int, Row]
    mine: Row | None
    lasts: tuple[float, ...]
    at: int
    column: int
    by_class: bool
    bs: int
    number: int
    hidden: frozenset[str] = frozenset()
    waits: int = 0
    trouble: str = ""

    @property
    def one(self) -> Row | None:
        """Any row, for what all have in common."""
        return self.mine or next(iter(self.own.values()), None)

    @property
    def training(self) -> int:
        """Images in a batch of training; 0 while that is not known."""
        return self.mine.bs if self.mine else self.bs or (self.one.own_bs if self.one else 0)

    def score(self, size: int, statistics: str) -> Score | None:
        """A cell of the table; None where nothing was evaluated yet."""
        if size not in self.own:
            return None
        if statistics == "batch":
            return self.own[size].batch
        return self.mine.score(statistics) if self.mine else None

    def secret(self, statistics: str) -> bool:
        """Is that column the learner's to predict?"""
        return bool(self.hidden & WHOLE) or MEASURES[statistics] in self.hidden

    @property
    def order(self) -> str:
        return "one class a batch" if self.by_class else "all classes mixed"


def draw(sheet: Sheet, shown: Shown, plotter: Plotter, pulse: str) -> None:
    """The table, what its cell under the cursor says, and as there is room the curves and why."""
    sheet.put(0, 0, fit(_title(shown), sheet.width), "strong")
    said = _said(shown, pulse) if sheet.height >= LOW else _briefly(shown, pulse)
    lines: list[tuple[str, Role]] = []
    for words, style in said:
        lines += spoken(sheet, words, sheet.width, 3, style)
    heads = 2 if sheet.height >= 8 else 1
    room = sheet.height - 1 - heads
    rows = min(len(SIZES), max(room - len(lines), min(room, 3)))
    lines = lines[: max(room - rows, 0)]
    _table(sheet, Area(1, 0, sheet.width, heads + rows), shown, heads)
    row = 1 + heads + rows
    gap = int(row + len(lines) < sheet.height)
    for i, (line, style) in enumerate(lines):
        sheet.put(row + gap + i, 0, line, style)
    if sheet.height >= HIGH:
        row = _reasons(sheet, row + 2 * gap + len(lines))
        _curves(sheet, Area(row + 1, 0, sheet.width, sheet.height - row - 1), shown, plotter)


def _title(shown: Shown) -> str:
    one = shown.one
    return f"{one.images:,} images, {shown.order}" if one else f"nothing evaluated yet, {shown.order}"


def _table(sheet: Sheet, area: Area, shown: Shown, heads: int) -> None:
    wide = (area.width - SIDE) // len(STATISTICS)
    for line in range(heads):
        names = ("images", "a batch") if heads == 2 else ("batch",)
        sheet.put(area.row + line, 0, fit(names[line], SIDE), "dim")
        for j, name in enumerate(STATISTICS):
            head = HEADS[name][line] if heads == 2 else ("own", "last", "running")[j]
            style: Role = "strong" if j == shown.column else "dim"
            sheet.put(area.row + line, SIDE + j * wide, fit(head.rjust(min(wide - 1, 8)), wide), style)
    rows = max(area.height - heads, 0)
    top = parts.around(shown.at, rows, len(SIZES))
    for i in range(top, min(top + rows, len(SIZES))):
        row = area.row + heads + i - top
        sheet.put(row, 0, f"{'›' if i == shown.at else ' '}{SIZES[i]:4}", "strong" if i == shown.at else "plain")
        for j, name in enumerate(STATISTICS):
            _cell(sheet, Area(row, SIDE + j * wide, wide, 1), shown, SIZES[i], name, (i, j) == (shown.at, shown.column))
    if rows < len(SIZES):
        sheet.leave_out(f"{len(SIZES) - rows} of the sizes")


def _cell(sheet: Sheet, area: Area, shown: Shown, size: int, name: str, cursor: bool) -> None:
    """A share of right answers on the shade it stands for, and a bar where there is room."""
    score = shown.score(size, name)
    if score is None:
        words = "…" if size == shown.waits or size in shown.own else "·"
    else:
        words = "?" if shown.secret(name) else f"{score.accuracy:.1%}"
    wide = min(area.width - 1, 8)
    told = score is not None and not shown.secret(name)
    scale = halfblocks.amount(1)
    look = "cursor" if cursor else parts.tint(scale, score.accuracy, sheet.sight) if told and score else "dim"
    sheet.put(area.row, area.column, words.rjust(wide - 1) + " ", look)
    if area.width >= BARS and told and score:
        room = area.width - wide - 2
        done = round(room * score.accuracy)
        sheet.put(area.row, area.column + wide + 1, "█" * done, "accent")
        sheet.put(area.row, area.column + wide + 1 + done, "░" * (room - done), "dim")


def _said(shown: Shown, pulse: str) -> list[tuple[str, Role]]:
    """The cell at the cursor in words, the last batches that were tried, and what goes on."""
    said: list[tuple[str, Role]] = []
    if shown.trouble:
        return [(shown.trouble, "bad")]
    if shown.waits:
        said.append((f"{pulse} evaluating in batches of {shown.waits}", "accent"))
    size, name = SIZES[shown.at], STATISTICS[shown.column]
    score = shown.score(size, name)
    if score is None:
        said.append((f"Batches of {size}, {BY[name]}: space evaluates them.", "plain"))
    elif shown.secret(name):
        said.append((f"Batches of {size}, {BY[name]}: predict it first.", "plain"))
    else:
        words = f"{score.accuracy:.1%} right, log-loss {number(score.loss, 3)}"
        said.append((f"Batches of {size}, {BY[name]}: {words}.", "plain"))
    said.append((_tried(shown), "dim"))
    return said


def _briefly(shown: Shown, pulse: str) -> list[tuple[str, Role]]:
    """The same in a line."""
    if shown.trouble:
        return [(shown.trouble, "bad")]
    if shown.waits:
        return [(f"{pulse} evaluating in batches of {shown.waits}", "accent")]
    name = STATISTICS[shown.column]
    score = shown.score(SIZES[shown.at], name)
    if score is None or shown.secret(name):
        return [("predict it first" if score else "space evaluates this size", "plain")]
    return [(f"{MEASURES[name]}: {score.accuracy:.1%} right, log-loss {number(score.loss, 3)}", "plain")]


def _tried(shown: Shown) -> str:
    """The last batches of training."""
    of = f", {plural(shown.training, 'image')}" if shown.training else ""
    if len(shown.lasts) < 2 or shown.secret("last") or {"last_low", "last_high"} & shown.hidden:
        return f"Last batch of training: number {shown.number}{of}; l takes another one."
    low, high = min(shown.lasts), max(shown.lasts)
    return f"Last batch of training: number {shown.number}{of}; {len(shown.lasts)} tried, {low:.1%} to {high:.1%}."


def _reasons(sheet: Sheet, row: int) -> int:
    """Why they differ; returns the row after it."""
    for name in STATISTICS:
        for line, style in spoken(sheet, WHY[name], sheet.width, 3, "dim"):
            sheet.put(row, 0, line, style)
            row += 1
    return row


def _curves(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    """The share that is right over the size of a batch, which doubles from place to place."""
    sizes = [size for size in SIZES if size in shown.own]
    open_ = [name for name in STATISTICS if not shown.secret(name)]
    if area.height < LEAST or len(sizes) < 2 or not open_:
        return
    curves = tuple(
        (
            MEASURES[name],
            tuple((float(SIZES.index(s)), score.accuracy) for s in sizes if (score := shown.score(s, name))),
        )
        for name in open_
    )
    known = tuple(curve for curve in curves if curve[1])

    def make(look: Look, width: int, height: int) -> list[str]:
        from fastai_tui.app import plots

        lines = [(name, [x for x, _ in points], [y for _, y in points]) for name, points in known]
        title = "right in batches of 2^n images"
        return plots.overlaid(
            lines, width=width, height=height, title=title, look=look, total=len(SIZES) - 1, limit=(0, 1)
        )

    plotter.show(sheet, area, make, name="curves", view=(shown.by_class, shown.training), data=known)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    one = shown.one
    if one is None:
        return f"Nothing was evaluated yet; the cursor is at batches of {SIZES[shown.at]}, {shown.order}."
    rows = []
    for size in sorted(shown.own):
        cells = [(name, shown.score(size, name)) for name in STATISTICS]
        told = ", ".join(
            f"{MEASURES[name]} {'?' if shown.secret(name) else f'{score.accuracy:.1%}'}"
            for name, score in cells
            if score
        )
        rows.append(f"{size}: {told}")
    cell = _said(shown, "")[-2][0]
    return (
        f"{one.run}, the same weights on {one.images:,} validation images, {shown.order}, right in batches of "
        f"{'; '.join(rows)}. {cell} {_tried(shown)}"
    )
