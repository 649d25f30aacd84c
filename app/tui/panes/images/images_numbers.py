"""The numbers of a set's images: means and deviations, a pixel as it is and as a network gets it, and how often each
value is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import colours
from fastai_tui.engine.image_views import COLOURS, PUBLISHED, Channel, spread

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.images.images_drawing import Shown
    from fastai_tui.app.tui.sheet import Role, Sheet

NARROW = 29  # columns of the table with three channels
LABEL, CELL, WIDE_LABEL, WIDE_CELL = 10, 6, 12, 8
OUTSIDE, WITHIN = 110, 230  # of a hue's 255: bars further from the mean than the deviation, and those nearer
Line = tuple[str, list[str], "Role"]


def share(value: float) -> str:
    """A number between 0 and 1 with four digits, as papers print them: `.4914`."""
    return f"{value:.4f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.3f}"


def names(shown: Shown) -> tuple[str, ...]:
    """The channels' names."""
    return COLOURS if len(shown.facts.channels) > 1 else ("grey",)


def normalised(shown: Shown, channel: int) -> str:
    """What the pixel becomes in a channel."""
    if "normalised" in shown.hidden:
        return "?"
    assert shown.picture is not None
    return signed(shown.facts.channels[channel].normalised(shown.picture.value(channel, shown.at)))


def signed(number: float) -> str:
    """A number with two places behind the point: `−1.16`."""
    return f"{number:.2f}".replace("-", "−")


def mean(shown: Shown, channel: int) -> str:
    """A channel's mean."""
    return "?" if "mean" in shown.hidden else share(shown.facts.channels[channel].mean)


def deviation(shown: Shown, channel: int) -> str:
    """A channel's deviation."""
    return "?" if "std" in shown.hidden else share(shown.facts.channels[channel].std)


def value(shown: Shown, channel: int) -> str:
    """The pixel's byte in a channel."""
    assert shown.picture is not None
    return "?" if "value" in shown.hidden else str(shown.picture.value(channel, shown.at))


def formula(shown: Shown) -> str:
    """How the pixel's number comes about, in the chosen channel."""
    c = shown.channel
    inside = f"({value(shown, c)}/255 − {mean(shown, c)})/{deviation(shown, c)}"
    return f"{names(shown)[c]} {inside} = {normalised(shown, c)}"


def table(sheet: Sheet, area: Area, shown: Shown) -> None:
    """All three channels: the pixel, what becomes of it, and the numbers of all training images; as many lines as fit,
    those that matter most."""
    wide = area.width >= WIDE_LABEL + len(names(shown)) * WIDE_CELL
    label, cell = (WIDE_LABEL, WIDE_CELL) if wide else (LABEL, CELL)
    lines = _lines(shown)
    most = max(area.height, 0)
    kept = sorted(sorted(range(len(lines)), key=lambda i: lines[i][0])[:most])
    for row, i in enumerate(kept):
        _, (words, cells, style) = lines[i]
        sheet.put(area.row + row, area.column, fit(words, label if cells else area.width), "dim")
        for c, each in enumerate(cells):
            look: Role = "strong" if c == shown.channel and style == "plain" else style
            sheet.put(area.row + row, area.column + label + c * cell, each.rjust(cell), look)
    if len(kept) < len(lines):
        sheet.leave_out("some of the numbers")
    elif area.height > len(lines) + 1:
        sheet.put(area.row + len(lines) + 1, area.column, fit(formula(shown), area.width), "strong")


def _lines(shown: Shown) -> list[tuple[int, Line]]:
    """Each line with its rank (the lowest matter most): its words, a cell for each channel, its look."""
    facts, every = shown.facts, range(len(shown.facts.channels))
    row, column = shown.at
    lines: list[tuple[int, Line]] = [
        (6, (shown.title, [], "plain")),
        (1, ("", list(names(shown)), "dim")),
        (2, (f"at {row},{column}", [value(shown, c) for c in every], "plain")),
        (3, ("normalised", [normalised(shown, c) for c in every], "plain")),
        (9, ("", [], "plain")),
        (4, ("mean", [mean(shown, c) for c in every], "plain")),
        (5, ("deviation", [deviation(shown, c) for c in every], "plain")),
    ]
    if facts.name in PUBLISHED:
        for i, (name, words) in enumerate((("mean", "published"), ("std", "published"))):
            cells = ["?" if name in shown.hidden else share(each[i]) for each in PUBLISHED[facts.name]]
            lines.insert(6 + 2 * i, (7 + i, (f" {words}", cells, "dim")))
    return lines


def column(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The same in a few columns beside a picture: a channel's byte, and under it what becomes of it."""
    if shown.picture is None or area.width < 1:
        return
    width = area.width
    lines: list[tuple[str, Role]] = [
        (shown.name, "strong"),
        (f"#{count(shown.picture.row)}", "dim"),
        ("", "plain"),
        (f"{shown.at[0]},{shown.at[1]}", "dim"),
    ]
    for c, name in enumerate(names(shown)):
        look: Role = "strong" if c == shown.channel else "plain"
        lines.append((f"{name[0].upper()}{value(shown, c):>{max(width - 1, 1)}}", look))
        lines.append((f"{normalised(shown, c):>{width}}", "accent" if c == shown.channel else "dim"))
    lines += [("", "plain"), ("mean", "dim"), (mean(shown, shown.channel).rjust(width), "plain")]
    lines += [("dev.", "dim"), (deviation(shown, shown.channel).rjust(width), "plain")]
    for i, (words, look) in enumerate(lines[: area.height]):
        sheet.put(area.row + i, area.column, fit(words, width), look)


def channels(sheet: Sheet, area: Area, shown: Shown) -> None:
    """How often every value is there, channel by channel, with mean and deviation; the chosen one alone where there is
    no room for all."""
    every = list(range(len(shown.facts.channels)))
    if area.height < 5 * len(every):
        sheet.leave_out("the other channels ([ and ])")
        every = [shown.channel]
    tall = min(area.height // len(every), 12)
    for i, channel in enumerate(every):
        _channel(sheet, Area(area.row + i * tall, area.column, area.width, tall), shown, channel)
    left = area.height - tall * len(every)
    if left > 0 and shown.picture is not None:
        sheet.put(area.row + tall * len(every), area.column, fit(formula(shown), area.width), "strong")


def _channel(sheet: Sheet, area: Area, shown: Shown, channel: int) -> None:
    """One channel: its name and numbers, the bars, and both scales below them."""
    name, known = names(shown)[channel], shown.facts.channels[channel]
    words = f" mean {mean(shown, channel)}, deviation {deviation(shown, channel)}"
    sheet.spans(area.row, area.column, [(name, "cursor" if channel == shown.channel else "strong"), (words, "plain")])
    if shown.facts.name in PUBLISHED and not {"mean", "std"} & shown.hidden:
        other = PUBLISHED[shown.facts.name][channel]
        more = f"  (published {share(other[0])}, {share(other[1])})"
        if len(name + words + more) <= area.width:
            sheet.put(area.row, area.column + len(name + words), more, "dim")
    bins = next((b for b in (128, 64, 32) if b <= area.width), 16)
    rows = max(area.height - 2, 1)
    _bars(sheet, Area(area.row + 1, area.column, bins, rows), shown, channel, bins)
    if area.height >= 3:
        _scale(sheet, Area(area.row + 1 + rows, area.column, bins, 1), shown, known)
    if area.width >= bins + 12 and shown.picture is not None and rows >= 2:
        _pixel(sheet, Area(area.row + 1, area.column + bins + 2, area.width - bins - 2, rows), shown, channel)


def _bars(sheet: Sheet, area: Area, shown: Shown, channel: int, bins: int) -> None:
    """Bars of half a cell each, brighter within one deviation of the mean; the pixel's place is marked."""
    known = shown.facts.channels[channel]
    pixels = 2 * area.height
    tall = [round(each * pixels) for each in spread(known.counts, bins)]
    hidden = bool({"mean", "std"} & shown.hidden)
    near = [not hidden and abs((i + 0.5) / bins - known.mean) <= known.std for i in range(bins)]
    grid = [
        [(WITHIN if near[i] else OUTSIDE) if pixels - row <= tall[i] else 0 for i in range(bins)]
        for row in range(pixels)
    ]
    marks = {}
    if shown.picture is not None and "value" not in shown.hidden:
        mark = shown.picture.value(channel, shown.at) * bins // 256
        marks = {(row, mark): 0.8 for row in range(pixels)}
    hue = channel if len(shown.facts.channels) > 1 else 1
    sheet.picture(area.row, area.column, grid, colours.hue(hue), marks)


def _scale(sheet: Sheet, area: Area, shown: Shown, known: Channel) -> None:
    """0 and 255 under the bars, and what they are for the network."""
    hidden = bool({"normalised", "mean", "std"} & shown.hidden)
    first, last = (f"{end} → {'?' if hidden else signed(known.normalised(end))}" for end in (0, 255))
    sheet.put(area.row, area.column, first, "dim")
    sheet.put(area.row, area.column + max(area.width - len(last), len(first) + 1), last, "dim")


def _pixel(sheet: Sheet, area: Area, shown: Shown, channel: int) -> None:
    """The pixel's number before and after, beside the bars."""
    row, column = shown.at
    words = (f"at {row},{column}", value(shown, channel), f"→ {normalised(shown, channel)}")
    looks: tuple[Role, ...] = ("dim", "plain", "strong")
    for i, (line, look) in enumerate(zip(words, looks, strict=True)):
        if i < area.height:
            sheet.put(area.row + i, area.column, fit(line, area.width), look)
