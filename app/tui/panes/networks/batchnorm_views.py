"""The views of batch norm: some numbers at each stage, the histograms of all of them, and the running averages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastai_tui.app.text import Look, fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.networks.batchnorm_shown import HEADS, WORDS, Shown, short, spelt

if TYPE_CHECKING:
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.normalising import Moments

NARROW, PLAIN_HEADS = ("raw", "− mean", "÷ √σ²", "·γ+β"), ("raw", "- mean", "/ dev.", "scaled")
BARS, PLAIN_BARS = " ▁▂▃▄▅▆▇█", " _.,-=+*#"


def _numbers(sheet: Sheet, area: Area, now: Shown, plotter: Plotter) -> None:
    """The table: a row a number, a column a stage, and below it the batch's mean and deviation."""
    cell = min((area.width - 5) // 4, 12)
    heads = HEADS if cell >= 10 and sheet.sight.unicode else NARROW if sheet.sight.unicode else PLAIN_HEADS
    for stage, head in enumerate(heads):
        style: Role = "strong" if stage == now.stage else "dim"
        sheet.put(area.row, area.column + 5 + stage * cell, head.rjust(cell), style)
    numbers = now.channel.numbers
    room = max(area.height - 3, 1)
    first = min(max(now.at - room // 2, 0), max(len(numbers) - room, 0))
    if room < len(numbers):
        sheet.leave_out(f"{len(numbers) - room} of the numbers")
    for i in range(first, min(first + room, len(numbers))):
        row = area.row + 1 + i - first
        sheet.put(row, area.column, f"{i + 1:>3}", "strong" if i == now.at else "dim")
        for stage, words in enumerate(now.stages(i)):
            here = (stage, i) == (now.stage, now.at)
            near: Role = "strong" if i == now.at or stage == now.stage else "plain"
            sheet.put(row, area.column + 5 + stage * cell, words.rjust(cell), "cursor" if here else near)
    _summed(sheet, Area(area.row + 1 + min(room, len(numbers)), area.column, area.width, 2), now, cell)


def _summed(sheet: Sheet, area: Area, now: Shown, cell: int) -> None:
    """The batch's mean and deviation at each stage."""
    for i, name in enumerate(("mean", "dev.")):
        sheet.put(area.row + i, area.column, name, "dim")
        for stage, found in enumerate(now.moments):
            value = found.deviation if i else found.mean
            words = "?" if now.secret(stage) else short(value)
            sheet.put(area.row + i, area.column + 5 + stage * cell, words.rjust(cell), "accent")


def _histograms(sheet: Sheet, area: Area, now: Shown, plotter: Plotter) -> None:
    """Every stage's histogram over one axis, so that moving and widening are seen."""
    if area.height < 4:
        return
    ends = _ends(now)
    tall = (area.height - 1) // 4
    stages = range(4) if tall >= 2 else (now.stage,)
    tall = min(tall, 9) if tall >= 2 else area.height - 1
    if len(stages) == 1:
        sheet.leave_out("the other stages")
    row = area.row
    for stage in stages:
        style: Role = "strong" if stage == now.stage else "dim"
        words = spelt(f"{WORDS[stage]}: {now.told(stage)}", sheet)
        if len(words) > area.width:
            words = spelt(f"{HEADS[stage]}: {now.told(stage)}", sheet)
        sheet.put(row, area.column, fit(words, area.width), style)
        _bars(sheet, Area(row + 1, area.column, area.width, tall - 1), now, stage, ends)
        row += tall
    _axis(sheet, row, area, ends)


def _bars(sheet: Sheet, area: Area, now: Shown, stage: int, ends: tuple[float, float]) -> None:
    if now.secret(stage):
        sheet.put(area.row, area.column, "? (predict it first)", "dim")
        return
    low, high = (now.norm.stages(edge)[stage] for edge in (now.channel.low, now.channel.high))
    heights = [math.log1p(n) for n in columns(now.channel.histogram, low, high, ends, area.width)]
    most, bars = max(heights) or 1.0, BARS if sheet.sight.unicode else PLAIN_BARS
    style: Role = "accent" if stage == now.stage else "dim"
    for column, tall in enumerate(heights):
        eighths = max(round(tall / most * 8 * area.height), 1 if tall else 0)
        for i in range(area.height):
            part = min(max(eighths - 8 * i, 0), 8)
            if part:
                sheet.put(area.below - 1 - i, area.column + column, bars[part], style)


def _axis(sheet: Sheet, row: int, area: Area, ends: tuple[float, float]) -> None:
    low, high = (f"{end:g}".replace("-", "−") for end in ends)
    nought = round(-ends[0] / (ends[1] - ends[0]) * area.width)
    sheet.put(row, area.column, low, "dim")
    sheet.put(row, area.column + area.width - len(high), high, "dim")
    if len(low) < nought < area.width - len(high) - 1:
        sheet.put(row, area.column + nought, "0", "dim")
    counts = "log of counts"
    if len(low) + 1 < nought - len(counts) - 2:
        sheet.put(row, area.column + len(low) + 2, counts, "dim")
    elif nought + len(counts) + 2 < area.width - len(high) - 1:
        sheet.put(row, area.column + nought + 2, counts, "dim")


def _ends(now: Shown) -> tuple[float, float]:
    """Whole numbers round everything that is shown at any stage."""
    edges = [v for edge in (now.channel.low, now.channel.high) for v in now.norm.stages(edge)]
    low, high = math.floor(min(edges)), math.ceil(max(edges))
    return float(low), float(max(high, low + 1))


def columns(histogram: Sequence[int], low: float, high: float, ends: tuple[float, float], wide: int) -> list[float]:
    """A histogram between `low` and `high` in `wide` columns from `ends[0]` to `ends[1]`: the count of a bin is shared
    out over the columns that it lies over. With a negative gamma `low` is above `high`."""
    found = [0.0] * wide
    scale, step = wide / (ends[1] - ends[0]), (high - low) / len(histogram)
    for i, count in enumerate(histogram):
        a, b = sorted((low + edge * step - ends[0]) * scale for edge in (i, i + 1))
        if b - a < 1e-9:
            found[min(max(int(a), 0), wide - 1)] += count
            continue
        for at in range(max(int(a), 0), min(math.ceil(b), wide)):
            found[at] += count * max(min(b, at + 1) - max(a, at), 0.0) / (b - a)
    return found


def _averages(sheet: Sheet, area: Area, now: Shown, plotter: Plotter) -> None:
    """The running averages beside the batches' own figures: two plots, or a table where there is no room for them."""
    words = [line for line, _ in spoken(sheet, now.moved(), area.width, 3, "plain")]
    sheet.put_lines(area.below - len(words), area.column, words)
    area = area._replace(height=area.height - len(words))
    if area.height < 10 or not now.fed or "gap" in now.hidden:
        _table(sheet, area, now)
        return
    for i, name in enumerate(("mean", "variance")):
        half = area.height // 2
        place = area._replace(row=area.row + i * half, height=area.height - half if i else half)
        _plot(sheet, place, now, name, plotter)


def _table(sheet: Sheet, area: Area, now: Shown) -> None:
    """The last batches, the newest at the foot."""
    cell = max(min((area.width - 6) // 4, 10), 7)
    for i, head in enumerate(("mean", "running", "var.", "running")):
        sheet.put(area.row, area.column + 6 + i * cell, head.rjust(cell), "dim")
    room = max(area.height - 1, 0)
    lines = list(enumerate(now.averages))[-room:] if room else []
    for row, (i, average) in enumerate(lines, area.row + 1):
        batch = now.fed[i - 1] if i else None
        figures = (batch.mean if batch else None, average.mean, batch.unbiased if batch else None, average.variance)
        sheet.put(row, area.column, f"{i:>4}" if i else "start", "dim")
        for j, value in enumerate(figures):
            own = j % 2 == 0  # the batch's
            words = "–" if value is None else short(value) if own or "gap" not in now.hidden else "?"
            style: Role = "plain" if own else "accent"
            sheet.put(row, area.column + 6 + j * cell, words.rjust(cell), style)


def _plot(sheet: Sheet, area: Area, now: Shown, name: str, plotter: Plotter) -> None:
    from fastai_tui.app import plots

    def figure(found: Moments, own: bool) -> float:
        return found.mean if name == "mean" else found.unbiased if own else found.variance

    batches = [figure(found, True) for found in now.fed]
    averages = [figure(found, False) for found in now.averages]

    def make(look: Look, width: int, height: int) -> list[str]:
        steps = [float(i) for i in range(len(averages))]
        series = [("running", steps, averages), ("batch", steps[1:], batches)]
        return plots.overlaid(series, width=width, height=height, title=name, look=look)

    view = (now.source, now.channel.layer, now.channel.number, len(now.fed), now.shift)
    plotter.show(sheet, area, make, name=name, view=view)


VIEWS = {"numbers": _numbers, "histograms": _histograms, "averages": _averages}
