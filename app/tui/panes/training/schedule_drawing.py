"""What the pane of schedules draws: rate and momentum as they are planned and as they were used, and the loss below."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from fastai_tui.app import planning, plots
from fastai_tui.app.text import Look, count, fit, plural, rate
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import LEAST, LOSSES, WIDE, spoken
from fastai_tui.app.tui.plotting import Plotter, sparkline

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.training.course import Course
    from fastai_tui.app.tui.sheet import Sheet

VIEWS = ("both", "rate", "momentum", "loss")
MARGIN = 6  # columns of the numbers beside the axes: the plots' batches stand exactly below each other
NAMES = {"rate": "the learning rate", "momentum": "the momentum", "loss": "the loss curve"}
TELLS = {"rate": {"rate", "top", "peak"}, "momentum": {"momentum", "peak"}, "loss": LOSSES}  # what a curve gives away
WEIGHTS = {"rate": 3, "momentum": 2, "loss": 3}  # how the plots share the rows


# Places


def layout(area: Area, view: str, begun: bool) -> list[tuple[str, Area]]:
    """Which plots are shown where: beside each other on a wide low pane, else below each other, with the loss last."""
    if area.height < LEAST or area.width < 20:
        return []
    if view == "loss" and begun:
        return [("loss", area)]
    wanted = _schedules(view)
    if area.width >= WIDE and area.height < 3 * LEAST and len(wanted) == 2:
        left = (area.width - 1) // 2
        beside = area._replace(column=area.column + left + 1, width=area.width - left - 1)
        return [("rate", area._replace(width=left)), ("momentum", beside)]
    if begun and area.height >= (len(wanted) + 1) * LEAST + 2:
        wanted.append("loss")
    wanted = wanted[: max(area.height // LEAST, 1)]
    return _stacked(area, wanted)


def _schedules(view: str) -> list[str]:
    """The curves that a plan has, in that view: where there is no loss yet, both of them."""
    return [name for name in ("rate", "momentum") if view in ("both", "loss", name)]


def _stacked(area: Area, names: Sequence[str]) -> list[tuple[str, Area]]:
    spare = area.height - LEAST * len(names)
    weights = sum(WEIGHTS[name] for name in names)
    heights = [LEAST + spare * WEIGHTS[name] // weights for name in names]
    heights[0] += area.height - sum(heights)
    rows = [area.row + sum(heights[:i]) for i in range(len(names))]
    return [(name, area._replace(row=row, height=tall)) for name, row, tall in zip(names, rows, heights, strict=True)]


# Drawing


def draw(
    sheet: Sheet, area: Area, plotter: Plotter, course: Course, at: int, view: str, hidden: Collection[str]
) -> None:
    """The curves with the cursor, and below them what is so at the cursor."""
    words = at_cursor(course, at, hidden, brief=area.width < WIDE)
    foot = [line for part in words for line in spoken(sheet, part, area.width, 2, "strong")]
    room = area.height - len(foot)
    body = area._replace(height=max(room, 0))
    places = layout(body, view, bool(course.done))
    if places:
        for name, place in places:
            plot(sheet, place, plotter, name, course, at, hidden)
        for name in [n for n in _all(view, course) if n not in dict(places)]:
            sheet.leave_out(NAMES[name])
    else:
        _sparks(sheet, body, course, at, view, hidden)
    for i, (line, style) in enumerate(foot[: area.height]):
        sheet.put(max(area.below - len(foot), area.row) + i, area.column, line, style)


def _all(view: str, course: Course) -> list[str]:
    return [*_schedules(view), *(["loss"] if course.done else [])]


def plot(
    sheet: Sheet, area: Area, plotter: Plotter, name: str, course: Course, at: int, hidden: Collection[str]
) -> None:
    """One of the plots, with the cursor at a batch (nowhere, if that is 0)."""
    if TELLS[name] & set(hidden):
        sheet.put(area.row, area.column, fit(name, area.width), "strong")
        sheet.put(area.row + 1, area.column, fit("? (predict it first)", area.width), "dim")
        return
    total = float(course.now.total if course.counted else course.now.total / course.now.per_epoch)

    def make(look: Look, width: int, height: int) -> list[str]:
        return _lines(name, course, total, width, height, look)

    shot = course.shot
    view = (course.first.key, course.now.key, total, shot.run if shot else "", bool(course.done), frozenset(hidden))
    plotter.show(sheet, area, make, name=name, view=view, data=(course.done, shot.phase if shot else ""))
    if course.counted and at:
        _cursor(sheet, area, plots.column_of(at, total, area.width, MARGIN))


def _lines(name: str, course: Course, total: float, width: int, height: int, look: Look) -> list[str]:
    if name == "loss" and course.shot is not None:
        curve, table = course.shot.curve, course.shot.table
        valid = [(row.step, row.valid_loss) for row in table if row.valid_loss is not None]
        bands = (curve.steps, curve.lows, curve.highs, curve.smooth, valid)
        return plots.loss_curve(*bands, width=width, height=height, total=total, look=look, margin=MARGIN)
    ahead = course.planned(name)
    if not course.counted:  # then the axis is one of epochs
        ahead = [(label, [step / course.now.per_epoch for step in steps], values) for label, steps, values in ahead]
    return plots.schedule_curve(
        "learning rate" if name == "rate" else name,
        ahead,
        course.filled(name),
        width=width,
        height=height,
        total=total,
        look=look,
        zoomed=name == "momentum",
        margin=MARGIN,
    )


def _cursor(sheet: Sheet, area: Area, column: int) -> None:
    """A line through the plot at the batch under the cursor; the curve is lit where it crosses it."""
    at = area.column + column
    for row in range(area.row + 1, area.below - 2):
        if 0 <= row < sheet.height and 0 <= at < sheet.width:
            character = sheet.rows[row][at][0]
            if character == " ":
                sheet.put(row, at, "│", "accent")
            else:
                sheet.paint(row, at, 1, "cursor")


def _sparks(sheet: Sheet, area: Area, course: Course, at: int, view: str, hidden: Collection[str]) -> None:
    """A line of bars for each schedule, where no plot has room."""
    names = _schedules(view)
    for i, name in enumerate(names[: max(area.height, 0)]):
        title = f"{'rate' if name == 'rate' else 'mom.'} "
        sheet.put(area.row + i, area.column, title, "dim")
        if TELLS[name] & set(hidden):
            sheet.put(area.row + i, area.column + 5, "?", "dim")
            continue
        wide = max(area.width - 5, 0)
        steps = [round(1 + k * (course.now.total - 1) / max(wide - 1, 1)) for k in range(wide)]
        values = [course.at(step)[0][-1] if name == "rate" else course.at(step)[1] for step in steps]
        ends = (0.0, max(values, default=0.0)) if name == "rate" else None
        bars = sparkline(values, wide, sheet.sight.unicode, ends)
        lit = sum(step <= course.done for step in steps)
        sheet.put(area.row + i, area.column + 5, bars[:lit], "accent")
        sheet.put(area.row + i, area.column + 5 + lit, bars[lit:], "dim" if course.shot else "plain")
        if course.counted and wide:
            nearest = min(range(wide), key=lambda k: abs(steps[k] - at))
            sheet.paint(area.row + i, area.column + 5 + nearest, 1, "cursor")
    for name in [n for n in _all(view, course) if n not in names[: max(area.height, 0)]]:
        sheet.leave_out(NAMES[name])


# In words


def at_cursor(course: Course, at: int, hidden: Collection[str], *, brief: bool) -> list[str]:
    """Where the cursor is, and what is so there, as one line or two."""
    plan = course.now
    if not course.counted:
        return ["The lab counts the batches …"]
    used = course.used(at)
    rates, momentum = used or plan.at(at)
    epochs = plan.total // plan.per_epoch
    place = f"batch {count(at)} of {count(plan.total)}, epoch {count(plan.epoch(at))} of {count(epochs)}"
    shown_rate = "?" if TELLS["rate"] & set(hidden) else "/".join(rate(value) for value in rates)
    shown_momentum = "?" if TELLS["momentum"] & set(hidden) else f"{momentum:.3g}"
    kind = " (used)" if used else " (planned)" if course.shot else ""
    other = _other(course, at, rates) if used and shown_rate != "?" else ""
    values = f"rate {shown_rate}{other}, momentum {shown_momentum}{kind}"
    return [place, values] if brief else [f"{place}: {values}"]


def _other(course: Course, at: int, rates: list[float]) -> str:
    """What had been planned for a batch, if it was trained with another rate."""
    first = course.first.at(at)[0]
    if len(first) == len(rates) and all(abs(a - b) <= 0.02 * max(a, b) for a, b in zip(first, rates, strict=True)):
        return ""
    return f" ({'/'.join(rate(value) for value in first)} at first)"


def facts(course: Course, hidden: Collection[str], *, brief: bool = False) -> str:
    """The plan in a few words: its name, its length, and unless it has to be `brief` its highest rate and where."""
    plan = course.now
    epochs = plural(plan.total // plan.per_epoch, "epoch")
    if not course.counted:
        return f"{plan.name}, {epochs}"
    words = (
        f"{plan.name}, {plural(plan.total, 'batch')}"
        if brief
        else f"{plan.name}, {epochs}, {plural(plan.total, 'batch')}"
    )
    if len(plan.cycles) > 1:
        words += f", {plural(len(plan.cycles), 'cycle')}"
    if brief:
        return words
    if min(plan.rates[-1]) == max(plan.rates[-1]):
        return f"{words}; rate {'?' if 'rate' in hidden or 'top' in hidden else rate(plan.top)}"
    top = "?" if hidden & {"top", "rate"} else rate(plan.top)  # type: ignore[operator]
    peak = "?" if "peak" in hidden else count(plan.peak)
    return f"{words}; highest {top} at batch {peak}"


def sentence(course: Course, at: int, hidden: Collection[str]) -> str:
    """The picture in words."""
    plan = course.now
    told = planning.facts(plan) if course.counted else []
    open_ones = [(n, words) for n, words in told if not TELLS.get(n.split()[0], set()) & set(hidden)]
    secret = [n for n, _ in told if n not in dict(open_ones)]
    words = "; ".join(f"{n} {words}" for n, words in open_ones)
    parts = [facts(course, frozenset(hidden)), words[:1].upper() + words[1:]]
    parts += [f"Still to be predicted: {planning.listed(secret)}"] if secret else []
    parts += [f"{count(course.done)} batches of it are trained"] if course.done else []
    parts += [f"At the cursor: {' '.join(at_cursor(course, at, hidden, brief=False))}"]
    return " ".join(f"{part}." for part in parts if part)
