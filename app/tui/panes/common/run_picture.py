"""A run as a picture: what it is, how far it is, its curves and epochs, and what there is to say of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from fastai_tui.app import plots, sentences, views
from fastai_tui.app.curves import Curve
from fastai_tui.app.text import Look, fit, number, printable
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import beginning, run_texts
from fastai_tui.app.tui.plotting import Plotter

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Row, Snapshot
    from fastai_tui.app.tui.sheet import Role, Sheet

VIEWS = ("all", "loss", "accuracy", "rate", "table")
TEXTS = "texts"  # a view more for a network that writes
LEAST = 5  # rows that a plot needs
WIDE = 64  # columns that two plots need beside each other
TALL = 18  # rows that two plots need below each other
NAMES = {"loss": "the loss curve", "accuracy": "the accuracy", "rate": "the learning rate", "table": "the epochs"}
MOODS: dict[str, Role] = {"running": "good", "finished": "good", "new": "accent"}
LOSSES = frozenset({"loss", "smooth_loss", "train_loss"})


def masked(shot: Snapshot, hidden: Collection[str]) -> Snapshot:
    """The snapshot without the measurements that the learner has not predicted yet."""
    if not hidden:
        return shot
    kept = frozenset(hidden)
    table = tuple(_masked_row(row, kept) for row in shot.table)
    curve = Curve() if LOSSES & set(hidden) else shot.curve
    return replace(shot, table=table, curve=curve)


@lru_cache(4096)  # the same rows are drawn again and again
def _masked_row(row: Row, hidden: frozenset[str]) -> Row:
    metrics = tuple((name, value) for name, value in row.metrics if name not in hidden)
    return replace(row, metrics=metrics, valid_loss=None if "valid_loss" in hidden else row.valid_loss)


def views_of(shot: Snapshot | None) -> tuple[str, ...]:
    """All views of a run."""
    return (*VIEWS, TEXTS) if shot is not None and shot.samples else VIEWS


def small(area: Area) -> bool:
    """Is there room for one thing at a time only?"""
    return area.width < WIDE and area.height < TALL


def layout(area: Area, epochs: int, view: str) -> list[tuple[str, Area]]:
    """What is shown where: one thing, or (`all`) as much as finds room. Nothing where a plot has no room."""
    row, column, width, height = area
    if height < LEAST or width < 20:
        return []
    if view != "all" or small(area):
        return [("loss" if view == "all" else view, area)]
    rows = min(epochs, 8) + 1
    least = 2 * LEAST if width >= WIDE else TALL
    places, tall = [], height
    if width >= 34 and height - rows >= least:
        tall = height - rows
        places.append(("table", Area(row + tall, column, width, rows)))
    if width >= WIDE:
        return [*_beside(Area(row, column, width, tall)), *places]
    return [*_below(Area(row, column, width, tall)), *places]


def _beside(area: Area) -> list[tuple[str, Area]]:
    row, column, width, height = area
    left = width * 3 // 5
    right, at = width - left - 1, column + left + 1
    if height < 2 * LEAST:
        return [("loss", Area(row, column, left, height)), ("rate", Area(row, at, right, height))]
    upper = height // 2
    return [
        ("loss", Area(row, column, left, height)),
        ("accuracy", Area(row, at, right, upper)),
        ("rate", Area(row + upper, at, right, height - upper)),
    ]


def _below(area: Area) -> list[tuple[str, Area]]:
    row, column, width, height = area
    upper = height * 3 // 5
    lower, at = height - upper, row + upper
    if width < 50:
        return [("loss", Area(row, column, width, upper)), ("accuracy", Area(at, column, width, lower))]
    left = (width - 1) // 2
    return [
        ("loss", Area(row, column, width, upper)),
        ("accuracy", Area(at, column, left, lower)),
        ("rate", Area(at, column + left + 1, width - left - 1, lower)),
    ]


class RunPicture:
    """Draws snapshots with a canvas's plotter. `remedy` says which keys help when a run has ended early, `anew` when it
    has before its first batch."""

    def __init__(self, plotter: Plotter, remedy: str, anew: str) -> None:
        self.plotter, self.remedy, self.anew = plotter, remedy, anew
        self.pulse = beginning.Pulse(plotter.canvas)

    def draw(
        self, sheet: Sheet, area: Area, shot: Snapshot, view: str, hidden: Collection[str], note: str = ""
    ) -> Area:
        """All of it in `area`; `note` is said last, below what the run says itself. Returns what stays empty while
        there is nothing to draw yet."""
        taken = head(sheet, area, shot, hidden)
        body = area._replace(row=area.row + taken, height=max(area.height - taken, 0))
        self.pulse.beat(beginning.begins(shot))
        if beginning.begins(shot):
            return self._beginning(sheet, body, shot)
        if shot.ended and not shot.step:
            return self._never_began(sheet, body, shot)
        room = body.height
        lines = [
            *spoken(sheet, said(masked(shot, hidden), self.remedy), area.width, max(room // 3, 1), mood(shot)),
            *spoken(sheet, note, area.width, max(room // 6, 1), "dim"),
        ][:room]
        for i, (line, style) in enumerate(lines):
            sheet.put(area.below - len(lines) + i, area.column, line, style)
        body = body._replace(height=room - len(lines))
        if view == TEXTS and shot.samples:
            run_texts.draw(sheet, body, shot, hidden)
            return Area(body.below, body.column, body.width, 0)
        body = body._replace(height=body.height - wrote(sheet, body, shot))
        self._body(sheet, body, shot, VIEWS[0] if view == TEXTS else view, hidden)
        return Area(body.below, body.column, body.width, 0)

    def _beginning(self, sheet: Sheet, area: Area, shot: Snapshot) -> Area:
        """What it does before its first batch; returns what stays empty."""
        beginning.draw(sheet, area, shot, self.pulse.sign(sheet.sight.unicode))
        rows = min(beginning.ROWS, area.height)
        return area._replace(row=area.row + rows, height=area.height - rows)

    def _never_began(self, sheet: Sheet, area: Area, shot: Snapshot) -> Area:
        """Why it has come to no batch, in full and where the eye is; returns what stays empty."""
        lines = spoken(sheet, sentences.last_line(shot), area.width, max(area.height - 2, 1), mood(shot))
        lines += [("", "plain"), *spoken(sheet, self.anew, area.width, 1, "accent")]
        for i, (line, style) in enumerate(lines[: area.height]):
            sheet.put(area.row + i, area.column, line, style)
        rows = min(len(lines), area.height)
        return area._replace(row=area.row + rows, height=area.height - rows)

    def _body(self, sheet: Sheet, area: Area, shot: Snapshot, view: str, hidden: Collection[str]) -> None:
        places = layout(area, max(shot.epochs, 1), view)
        for name, place in places:
            if name == "table":
                self._table(sheet, place, shot, hidden)
            else:
                self._plot(sheet, place, name, shot, hidden)
        for name in [name for name in VIEWS[1:] if name not in dict(places)] if view == "all" else []:
            sheet.leave_out(NAMES[name])

    def _plot(self, sheet: Sheet, area: Area, name: str, shot: Snapshot, hidden: Collection[str]) -> None:
        wanted = LOSSES if name == "loss" else {"accuracy"} if name == "accuracy" else set()
        if wanted & set(hidden):
            sheet.put(area.row, area.column, fit(name, area.width), "strong")
            sheet.put(area.row + 1, area.column, fit("? (predict it first)", area.width), "dim")
            return
        seen = masked(shot, hidden)
        data: tuple[object, ...] = (shot.epochs_done, shot.epochs)
        if name != "accuracy":  # which is another after an epoch only
            data = (*data, shot.step, shot.total, shot.plan)
        view = (shot.run, frozenset(hidden))

        def make(look: Look, width: int, height: int) -> list[str]:
            return PLOTS[name](seen, look, width, height)

        self.plotter.show(sheet, area, make, name=name, view=view, data=data)

    def _table(self, sheet: Sheet, area: Area, shot: Snapshot, hidden: Collection[str]) -> None:
        rows = shot.table[-max(area.height - 1, 1) :]
        if len(rows) < len(shot.table):
            sheet.leave_out("earlier epochs")
        header, *body = views.epoch_table(rows, area.width, Look(), hidden)
        sheet.put(area.row, area.column, header, "strong")
        for i, line in enumerate(body[: area.height - 1]):
            sheet.put(area.row + 1 + i, area.column, line, "accent" if i == len(body) - 1 else "plain")


def wrote(sheet: Sheet, area: Area, shot: Snapshot) -> int:
    """What the network wrote last, at the foot of an area with room for it; returns the rows taken."""
    rows = 0 if not shot.samples or area.height < LEAST + 2 else 1 if area.height < TALL else 3
    if shot.samples and not rows:
        sheet.leave_out("what it writes")
    if rows:
        lines = textwrap.wrap(views.written(shot), max(area.width, 1))[:rows]
        sheet.put_lines(area.below - len(lines), area.column, lines, "emphasis")
        return len(lines)
    return 0


def head(sheet: Sheet, area: Area, shot: Snapshot, hidden: Collection[str]) -> int:
    """The run, its progress, and its numbers now; returns the rows taken."""
    row, column, width, height = area
    title = [
        shot.run + (f" ({printable(shot.name, 40)})" if shot.name else ""),
        *([shot.device] if shot.device != "auto" else []),
    ]
    phase = sentences.phase(shot)
    sheet.put(row, column, fit(" · ".join(title), max(width - len(phase) - 1, 0)), "strong")
    sheet.put(row, column + width - len(phase), phase, mood(shot))
    taken = 1
    if height >= 3:
        bar(sheet, row + 1, column, width, shot.step / shot.total if shot.total else 0, views.progress(shot, width))
        taken += 1
    if shot.step and height >= 4:
        sheet.put(row + 2, column, fit(numbers(shot, width, hidden), width))
        taken += 1
    return taken


def numbers(shot: Snapshot, width: int, hidden: Collection[str] = ()) -> str:
    """Loss, rate and speed now, and with room for it the accuracy after the last epoch."""
    line = views.numbers(shot, width, hidden)
    accuracy = dict(shot.table[-1].metrics).get("accuracy") if shot.table else None
    if accuracy is None or "accuracy" in hidden:
        return line
    longer = (f"{line}   accuracy {number(accuracy)}", f"{line}  acc {number(accuracy)}")
    return next((words for words in longer if len(words) <= width), line)


def mood(shot: Snapshot) -> Role:
    """The style of what is said about the run."""
    return MOODS.get(shot.phase, "warn" if shot.live or shot.phase == "stopped" else "bad")


def said(shot: Snapshot, remedy: str) -> str:
    """What the learner must know now, with the keys that help."""
    if shot.phase == "paused":
        return "Paused: space goes on."
    if shot.phase == "finished":
        return f"✓ {(shot.table and sentences.metrics_in_words(shot.table[-1])) or 'finished'}"
    if shot.ended:
        why, command, _ = sentences.last_line(shot).partition("; `fastai-tui resume")
        return f"{why}{'.' if command else ''} {remedy}"  # here a key does what the command would
    return sentences.notice(shot)


def spoken(sheet: Sheet, words: str, width: int, most: int, style: Role) -> list[tuple[str, Role]]:
    """Words on at most so many lines, whole sentences where that is possible; that some are missing is said."""
    lines = _wrapped(words, width)
    if len(lines) > most:
        sheet.leave_out("part of the message")
        ends = [match.end() for match in re.finditer(r"[.!?](?= )", words)]
        shorter = next((short for end in reversed(ends) if len(short := _wrapped(words[:end], width)) <= most), None)
        lines = shorter or [*lines[: most - 1], fit(" ".join(lines[most - 1 :]), width)]
    return [(line, style) for line in lines]


def instead(sheet: Sheet, words: str, style: Role = "plain") -> None:
    """Words where there is no picture yet."""
    for i, (line, look) in enumerate(spoken(sheet, words, sheet.width, sheet.height, style)):
        sheet.put(i, 0, line, look)


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(printable(words, 1000), max(width, 1), break_on_hyphens=False)


def bar(sheet: Sheet, row: int, column: int, width: int, share: float, words: str) -> None:
    """A progress bar with words at its right end."""
    wide = max(width - len(words) - 1, 0)
    done = round(wide * min(max(share, 0.0), 1.0))
    sheet.put(row, column, "█" * done, "accent")
    sheet.put(row, column + done, "░" * (wide - done), "dim")
    sheet.put(row, column + width - min(len(words), width), fit(words, min(len(words), width)))


def _loss(shot: Snapshot, look: Look, width: int, height: int) -> list[str]:
    curve, total = shot.curve, views.axis(shot.step, shot.total)
    valid = [(row.step, row.valid_loss) for row in shot.table if row.valid_loss is not None]
    return plots.loss_curve(
        curve.steps, curve.lows, curve.highs, curve.smooth, valid, width=width, height=height, total=total, look=look
    )


def _rate(shot: Snapshot, look: Look, width: int, height: int) -> list[str]:
    """The whole plan, so that the curve fills it."""
    last = max(len(shot.plan) - 1, 1)
    plan = [(max(i / last * shot.total, 1), rate) for i, rate in enumerate(shot.plan)]
    ahead = [(step, rate) for step, rate in plan if step > shot.step]
    curve = shot.curve
    return plots.rate_curve(
        curve.steps, curve.rates, ahead=ahead, width=width, height=height, total=max(shot.total, shot.step), look=look
    )


def _accuracy(shot: Snapshot, look: Look, width: int, height: int) -> list[str]:
    metrics = [(row.epoch, dict(row.metrics)) for row in shot.table]
    name = next(iter(metrics[-1][1]), "accuracy") if metrics else "accuracy"
    values = [(float(epoch), float(found[name])) for epoch, found in metrics if found.get(name) is not None]  # type: ignore[arg-type]
    return plots.metric_curve(name, values, width=width, height=height, total=shot.epochs, look=look)


PLOTS = {"loss": _loss, "rate": _rate, "accuracy": _accuracy}
