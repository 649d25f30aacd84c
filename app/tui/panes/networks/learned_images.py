"""What the pane of learned kernels draws where a network sees colours: the first layer's kernels as little pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import colours, parts
from fastai_tui.app.tui.panes.networks import learned_drawing, mistakes_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.panes.common.run_images import RunImage
    from fastai_tui.app.tui.panes.networks.learned_drawing import Seen
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.convolution import Rows

SLICES = ("red", "green", "blue")
SMALL = 11  # pixels across, up to which a kernel is shown slice by slice
MIDDLE = 128  # what a weight of nought looks like
FACTORS = (1, 2, 3, 4, 6, 8)
WIDE, TALL = 76, 34  # a sheet on which the picture is shown in full


class Part(NamedTuple):
    """Something to draw under a name: in colours, or (one grid) on the scale of weights."""

    name: str
    channels: tuple[Rows, ...]


def measured(picture: RunImage, now: Seen | None) -> dict[str, float | str]:
    """What the picture is, and how large a kernel."""
    found: dict[str, float | str] = {"label": picture.number, "truth": picture.label} if picture.label else {}
    return found | ({"side": now.shape[2]} if now else {})


def draw(sheet: Sheet, now: Seen, picture: RunImage, *, hidden: bool, other: dict[str, Any] | None) -> int:
    """Draw all of it, with the weights of another moment beside where there is room; returns how many channels stand in
    a row."""
    width, height = sheet.width, sheet.height
    sheet.put(0, 0, fit(heading(now, width), width), "strong")
    below = height - learned_drawing.outcome(sheet, now, hidden=hidden)
    tall = 0 if below - 1 < learned_drawing.LARGE else 17 if width >= WIDE and height >= TALL else 9
    area = Area(1, 0, width, below - 1 - tall)
    columns = _kernels(sheet, area, now) if in_colour(now) else learned_drawing.tiles(sheet, area, now)
    if tall:
        _enlarged(sheet, Area(below - tall, 0, width, tall), now, picture, other)
    else:
        sheet.leave_out("the chosen channel, enlarged")
    return columns


def heading(now: Seen, width: int) -> str:
    """The layer and how many kernels it has, and as there is room when that was."""
    long = learned_drawing.heading(now, width)
    return long if len(long) <= width else "{}: {}×{} of {}×{}".format(now.name, *now.shape)


def in_colour(now: Seen) -> bool:
    """Do the kernels see three colours?"""
    return now.layer == 1 and now.shape[1] == 3


def coloured(slices: Sequence[Rows], largest: float) -> tuple[Rows, ...]:
    """A kernel's three slices as a picture: nought is grey, a weight towards `largest` adds its colour, one towards
    −`largest` takes it away."""
    scale = (255 - MIDDLE) / (largest or 1)
    return tuple(
        tuple(tuple(min(max(round(MIDDLE + scale * weight), 0), 255) for weight in row) for row in rows)
        for rows in slices
    )


# All kernels


def _kernels(sheet: Sheet, area: Area, now: Seen) -> int:
    """Every channel's kernel in colour under its number, as large as all of them fit, or as small as can be."""
    every = now.coloured
    forms = [(True, 1), *((False, factor) for factor in FACTORS if factor == 1 or now.shape[3] > 2 * factor)]
    squares, factor = next((form for form in forms if _room(area, every[0], *form) >= len(every)), forms[-1])
    wide, tall = _size(every[0], squares, factor, len(every))
    columns, rows = max((area.width + 1) // (wide + 1), 1), max(area.height // tall, 1)
    top = parts.around((now.channel - 1) // columns, rows, -(-len(every) // columns))
    shown = every[top * columns : (top + rows) * columns]
    shades = _stretched([mistakes_images.small(coloured(kernel, now.weights), factor) for kernel in shown], factor)
    for i, kernel in enumerate(shades):
        down, across = divmod(i, columns)
        row, column, number = area.row + down * tall, area.column + across * (wide + 1), top * columns + i + 1
        if row + tall <= area.below or not down:
            sheet.put(row, column, str(number), "cursor" if number == now.channel else "dim")
            mistakes_images.put(sheet, row + 1, column, kernel, squares=squares)
    if len(shown) < len(every):
        sheet.leave_out(f"{len(every) - len(shown)} of the channels (the arrows bring them)")
    return columns


def _stretched(kernels: list[tuple[Rows, ...]], factor: int) -> list[tuple[Rows, ...]]:
    """What was averaged, made as strong again as it was: the same for all of them, so that they can be compared."""
    most = max(
        (abs(value - MIDDLE) for kernel in kernels for rows in kernel for row in rows for value in row), default=0
    )
    if factor == 1 or not most:
        return kernels
    scale = (255 - MIDDLE) / most
    return [
        tuple(
            tuple(tuple(max(round(MIDDLE + scale * (value - MIDDLE)), 0) for value in row) for row in rows)
            for rows in kernel
        )
        for kernel in kernels
    ]


def _room(area: Area, kernel: tuple[Rows, ...], squares: bool, factor: int) -> int:
    wide, tall = _size(kernel, squares, factor, 10)
    return (area.width + 1) // (wide + 1) * (area.height // tall)


def _size(kernel: tuple[Rows, ...], squares: bool, factor: int, count: int) -> tuple[int, int]:
    """(columns, rows) of cells, with the number above."""
    wide, tall = mistakes_images.size(kernel, factor, squares=squares)
    return max(wide, len(str(count))), tall + 1


# The chosen one


def _enlarged(sheet: Sheet, area: Area, now: Seen, picture: RunImage, other: dict[str, Any] | None) -> None:
    """The picture, the chosen kernel and its map, beside each other under their names."""
    room = Area(area.row + 1, area.column, (area.width - 2) // 2 - 3, area.height - 1)
    factor = next((f for f in FACTORS if _fits(picture.channels, f, room)), FACTORS[-1])
    side, _ = mistakes_images.size(picture.channels, factor)
    sheet.put(area.row, 0, fit(picture.label, side), "dim")
    mistakes_images.put(sheet, area.row + 1, 0, picture.channels, factor, squares=False)
    across = min(side, room.width)
    at = Area(area.row + 1, area.width - across, across, area.height - 1)
    rows, columns = learned_drawing.enlarge(sheet, at, now.map, learned_drawing.map_scale(now))
    sheet.put(area.row, at.column, fit(f"map {rows}×{columns}", across), "dim")
    middle = Area(area.row, side + 1, at.column - side - 2, area.height)
    if not in_colour(now):
        sheet.put(middle.row, middle.column, fit(f"kernel {now.channel}", middle.width), "dim")
        learned_drawing.slices(sheet, middle._replace(row=middle.row + 1, height=middle.height - 1), now)
    elif now.shape[2] > SMALL:
        _whole(sheet, middle, now)
    else:
        _slice_by_slice(sheet, middle, now, other)


def _fits(channels: tuple[Rows, ...], factor: int, area: Area) -> bool:
    wide, tall = mistakes_images.size(channels, factor)
    return wide <= area.width and tall <= area.height


def _whole(sheet: Sheet, area: Area, now: Seen) -> None:
    """A kernel as large as the picture, shrunk."""
    shades = coloured(now.kernels, now.weights)
    room = area._replace(height=area.height - 1)
    factor = next((f for f in FACTORS if _fits(shades, f, room)), FACTORS[-1])
    (shrunk,) = _stretched([mistakes_images.small(shades, factor)], factor)
    sheet.put(area.row, area.column, fit(f"kernel {now.channel}", area.width), "dim")
    mistakes_images.put(sheet, area.row + 1, area.column, shrunk, squares=False)


def _slice_by_slice(sheet: Sheet, area: Area, now: Seen, other: dict[str, Any] | None) -> None:
    """The kernel in colour, its three slices on one scale, and what it was (or is) at the other moment."""
    name = f"kernel {now.channel}" if area.width > 8 else f"{now.channel}"
    found = [Part(name, coloured(now.kernels, now.weights))]
    found += [Part(name, (rows,)) for name, rows in zip(SLICES, now.kernels, strict=True)]
    if other is not None:
        then = tuple(tuple(map(tuple, rows)) for rows in other["weights"][now.channel - 1])
        found.append(Part("is" if now.step < other["step"] else "was", coloured(then, other["scale"])))
    for squares in (True, False):
        wide, tall = mistakes_images.size(found[0].channels, 1, squares=squares)
        columns, rows = max((area.width + 1) // (wide + 1), 1), max(area.height // (tall + 1), 1)
        if columns * rows >= min(len(found), 4):
            break
    for i, part in enumerate(found[: columns * rows]):
        down, across = divmod(i, columns)
        row, column = area.row + down * (tall + 1), area.column + across * (wide + 1)
        sheet.put(row, column, fit(part.name, min(wide, area.right - column)), "dim")
        if len(part.channels) == 3:
            colours.picture(sheet, row + 1, column, part.channels, {}, squares=squares)
        else:
            grid, scale = part.channels[0], halfblocks.signed(now.weights)
            (sheet.squares if squares else sheet.picture)(row + 1, column, grid, scale)
    if columns * rows < 4:
        sheet.leave_out("slices of the kernel")
