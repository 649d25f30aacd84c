"""What the pane of learned kernels draws: a tile for every channel, and the chosen one as digit, kernel and map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import inside, layers, parts
from fastai_tui.app.tui.panes.networks.mistakes_images import named

if TYPE_CHECKING:
    from fastai_tui.app.halfblocks import Scale
    from fastai_tui.app.tui.pictures import Picture
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.convolution import Rows

SMALL = 7  # pixels across, up to which a picture may be drawn in squares
SOME = 4  # tiles with kernels that are better than all tiles without
LARGE = 12  # rows from which there is room for the chosen channel besides the tiles


@dataclass(frozen=True)
class Seen:
    """A layer with one channel of it chosen: `kernels` has the chosen channel's slices, one for each input channel,
    `firsts` every channel's only slice (none where there are several); maps are after ReLU where one follows."""

    layer: int
    layers: int
    name: str
    shape: tuple[int, ...]
    step: int
    channel: int
    kernels: tuple[Rows, ...]
    firsts: tuple[Rows, ...]
    bias: float
    weights: float  # the largest weight of the layer, either way
    maps: tuple[Rows, ...]
    activated: bool
    classes: tuple[str, ...]
    likely: tuple[float, ...]
    picture: Picture
    all: tuple[tuple[Rows, ...], ...] = ()  # every channel's slices, where they are three

    @property
    def coloured(self) -> tuple[tuple[Rows, ...], ...]:
        """Every channel's slices, of a layer that sees three colours; elsewhere the chosen one's alone."""
        return self.all or (self.kernels,)

    @property
    def map(self) -> Rows:
        """The chosen channel's."""
        return self.maps[self.channel - 1]

    @property
    def most(self) -> float:
        """The largest number on any of the layer's maps, either way."""
        return max((parts.largest(found) for found in self.maps), default=0.0)

    @property
    def prediction(self) -> str:
        """The class that the network takes the digit for; none where its outputs are no classes."""
        return self.classes[self.likely.index(max(self.likely))] if self.likely else ""


def seen(learned: dict[str, Any], maps: dict[str, Any], layer: int, channel: int, picture: Picture) -> Seen:
    """What the lab's answers to `learned` and `maps` come to."""
    weights, passed = learned["weights"], maps["layers"][layer - 1]
    channel = min(max(channel, 1), len(weights))
    described = learned["layers"][layer - 1]
    return Seen(
        layer=layer,
        layers=len(learned["layers"]),
        name=layers.short(described["name"]),
        shape=tuple(described["shape"]),
        step=learned["step"],
        channel=channel,
        kernels=tuple(weights[channel - 1]),
        firsts=tuple(slices[0] for slices in weights) if described["shape"][1] == 1 else (),
        bias=learned["bias"][channel - 1],
        weights=learned["scale"],
        maps=tuple(passed["after"]),
        activated=passed["activated"],
        classes=tuple(maps["classes"]),
        likely=tuple(share or 0.0 for share in maps["probabilities"]),
        picture=picture,
        all=tuple(map(tuple, weights)) if described["shape"][1] == 3 else (),
    )


def packed(seen: set[tuple[int, int]]) -> list[int | float | str]:
    """(layer, channel) pairs as a progress file keeps them: 3012 is channel 12 of layer 3."""
    return [1000 * layer + channel for layer, channel in sorted(seen)]


def pairs(kept: object) -> set[tuple[int, int]]:
    """The pairs that a progress file says were seen."""
    found = kept if isinstance(kept, list) else []
    return {divmod(number, 1000) for number in found if type(number) is int and 1000 < number < 10**6}


def in_words(now: Seen, *, hidden: bool) -> str:
    """The picture as a sentence."""
    weights = [weight for rows in now.kernels for row in rows for weight in row]
    strongest = max((value, i, j) for i, row in enumerate(now.map) for j, value in enumerate(row))
    taken = "what the network takes it for is yours to predict"
    if not hidden:
        share = max(now.likely, default=0.0)
        taken = (
            f"the network takes it for {named(now.prediction)} ({share:.1%})"
            if now.likely
            else f"its outputs are no classes, so it takes the {'digit' if now.picture.rows else 'picture'} for nothing"
        )
    return (
        f"layer {now.name}, channel {now.channel} of {len(now.maps)}: {plural(len(now.kernels), 'kernel')} of "
        f"{now.shape[2]}×{now.shape[3]} with weights from {min(weights):.2f} to {max(weights):.2f}; on "
        f"{now.picture.title}, its map of {len(now.map)}×{len(now.map[0])} is largest ({strongest[0]:.2f}) in row "
        f"{strongest[1]}, column {strongest[2]}; {taken}."
    )


def draw(sheet: Sheet, now: Seen, *, hidden: bool, other: dict[str, Any] | None = None) -> int:
    """Draw all of it, with the weights of another moment (an answer of the lab's) beside where there is room; returns
    how many channels stand in a row."""
    width, height = sheet.width, sheet.height
    sheet.put(0, 0, fit(heading(now, width), width), "strong")
    below = height - outcome(sheet, now, hidden=hidden)
    if below - 1 < LARGE:
        sheet.leave_out("the chosen channel, enlarged")
        return tiles(sheet, Area(1, 0, width, below - 1), now)
    tall = _enlarged_rows(width, below - 1)
    columns = tiles(sheet, Area(1, 0, width, below - 1 - tall), now)
    _enlarged(sheet, Area(below - tall, 0, width, tall), now, other)
    return columns


def outcome(sheet: Sheet, now: Seen, *, hidden: bool) -> int:
    """What the network takes the digit for, on the last rows; returns how many."""
    bars = _bars(now, sheet.height)
    _outcome(sheet, Area(sheet.height - bars, 0, sheet.width, bars), now, hidden)
    return bars


def heading(now: Seen, width: int) -> str:
    """The layer, when that was, and how many kernels it has."""
    outputs, inputs, rows, columns = now.shape
    of = f"{outputs}×{inputs} kernels" if inputs > 1 else plural(outputs, "kernel")
    long = f"{now.name}, {inside.batches(now.step)}: {of} {rows}×{columns}"
    return long if len(long) <= width else f"{now.name}, {inside.batches(now.step)}: {of}"


def _bars(now: Seen, height: int) -> int:
    """Rows for the outcome: a sixth of the height at the most, less where every row counts."""
    return min(max(len(now.likely), 1), max(height // (6 if height >= 24 else 8), 1))


def _outcome(sheet: Sheet, area: Area, now: Seen, hidden: bool) -> None:
    """What the network takes the digit for."""
    if hidden:
        what = "digit" if now.picture.rows else "picture"
        sheet.put(area.row, 0, fit(f"What does it take the {what} for? ?", area.width), "dim")
    elif now.likely:
        inside.probabilities(sheet, area, now.classes, now.likely)
    else:
        sheet.put(area.row, 0, fit("No classes come out, but a whole grid.", area.width), "warn")


class _Tile(NamedTuple):
    """How each channel is drawn: its map shrunk by a factor, in squares or not; above it its kernel in squares
    ("large"), in half blocks ("small") or not at all. `wide` × `tall` cells with its number."""

    factor: int
    squares: bool
    kernel: str
    wide: int
    tall: int

    def room(self, area: Area) -> int:
        """How many such tiles fit, with a gap of one column."""
        return (area.width + 1) // (self.wide + 1) * (area.height // self.tall)


def tiles(sheet: Sheet, area: Area, now: Seen) -> int:
    """A tile for each channel, the chosen one's number lit; returns how many stand in a row."""
    tile = _fitting(area, now)
    columns = max((area.width + 1) // (tile.wide + 1), 1)
    rows = max(area.height // tile.tall, 1)
    top = parts.around((now.channel - 1) // columns, rows, -(-len(now.maps) // columns))
    first, last = top * columns, min((top + rows) * columns, len(now.maps))
    for index in range(first, last):
        down, across = divmod(index - first, columns)
        _tile(sheet, area.row + down * tile.tall, across * (tile.wide + 1), now, index, tile)
    if last - first < len(now.maps):
        sheet.leave_out(f"{len(now.maps) - (last - first)} of the channels (the arrows bring them)")
    return columns


def _fitting(area: Area, now: Seen) -> _Tile:
    """The largest tiles of which all find room, with kernels if some do; or else the smallest."""
    with_kernels = [tile for kernel in ("large", "small") for tile in _choices(now, kernel)]
    without = _choices(now, "")
    for choices, enough in ((with_kernels, SOME), (without, 0)):
        fitting = [tile for tile in choices if tile.room(area) >= len(now.maps)]
        if fitting:
            return fitting[0]
        most = max(choices, key=lambda tile: tile.room(area), default=None)
        if most is not None and most.room(area) >= enough:
            return most
    return without[-1]


def _choices(now: Seen, kernel: str) -> list[_Tile]:
    """Tiles from large to small; with the kernel only where there is one a channel, and a little one."""
    down, across = len(now.map), len(now.map[0])
    if kernel and (not now.firsts or now.shape[2] > SMALL):
        return []
    of_kernel = {"large": (now.shape[2], 2 * now.shape[3]), "small": (-(-now.shape[2] // 2), now.shape[3])}
    above, least = of_kernel.get(kernel, (0, len(str(len(now.maps)))))
    found = []
    for factor, squares in ((1, True), (1, False), (2, False), (3, False)):
        if squares and across > SMALL:
            continue
        wide, tall = (2 * across, down) if squares else (-(-across // factor), -(-down // (2 * factor)))
        found.append(_Tile(factor, squares, kernel, max(wide, least), tall + above + 1))
    return found


def _tile(sheet: Sheet, row: int, column: int, now: Seen, index: int, tile: _Tile) -> None:
    sheet.put(row, column, str(index + 1), "cursor" if index + 1 == now.channel else "dim")
    row += 1
    if tile.kernel:
        draw_kernel = sheet.squares if tile.kernel == "large" else sheet.picture
        row += draw_kernel(row, column, now.firsts[index], halfblocks.signed(now.weights))[0]
    rows = parts.strongest(now.maps[index], tile.factor)
    (sheet.squares if tile.squares else sheet.picture)(row, column, rows, map_scale(now))


def map_scale(now: Seen) -> Scale:
    """The maps' scale: from nought on after a ReLU, in two hues where there is none."""
    return halfblocks.grey(0, now.most or 1) if now.activated else halfblocks.signed(now.most)


def _enlarged_rows(width: int, height: int) -> int:
    """Rows for the chosen channel: a digit in full, if two thirds of the height are enough for one."""
    return 15 if width >= 72 and height >= 24 else 8


def _enlarged(sheet: Sheet, area: Area, now: Seen, other: dict[str, Any] | None) -> None:
    """The chosen channel as digit, kernel and map, one beside the other, under their names."""
    factor = 1 if area.height > 8 else 2
    side = 28 // factor
    rows, columns = enlarge(
        sheet, Area(area.row + 1, area.width - side, side, area.height - 1), now.map, map_scale(now)
    )
    between = area.width - 2 * side - 2
    sheet.put(area.row, 0, fit(f"{now.picture.label or 'drawn'}", side), "dim")
    sheet.put(area.row, side + 1, fit(f"kernel {now.channel}", between), "dim")
    sheet.put(area.row, area.width - side, fit(f"map {rows}×{columns}", side), "dim")
    sheet.picture(area.row + 1, 0, parts.strongest(now.picture.rows, factor), halfblocks.grey())
    middle = Area(area.row + 1, side + 1, between, area.height - 1)
    down, across = now.shape[2:]
    if (
        len(now.kernels) == 1
        and other is not None
        and 2 * down + 1 <= middle.height
        and 2 * across + len(" was") <= between
    ):
        _then_and_now(sheet, middle, now, other)
    else:
        slices(sheet, middle, now)


def _then_and_now(sheet: Sheet, area: Area, now: Seen, other: dict[str, Any]) -> None:
    """The chosen kernel before training, and below it what has become of it, on one scale; the words stand beside."""
    moments = sorted(
        [(now.step, now.kernels[0]), (other["step"], other["weights"][now.channel - 1][0])], key=lambda m: m[0]
    )
    scale = halfblocks.signed(max(now.weights, other["scale"]))
    down, across = now.shape[2:]
    times = max(min((area.height - 1) // 2 // down, (area.width - len(" was")) // (2 * across)), 1)
    for i, (word, (step, rows)) in enumerate(zip(("was", "is"), moments, strict=True)):
        row = area.row + i * (times * down + 1)
        blown = [[value for value in line for _ in range(times)] for line in rows for _ in range(times)]
        sheet.squares(row, area.column, blown, scale)
        sheet.put(row, area.column + 2 * across * times + 1, word, "strong" if step == now.step else "dim")


def enlarge(sheet: Sheet, area: Area, rows: Rows, scale: Scale) -> tuple[int, int]:
    """Pixels as large as fit: blown up, as squares, or shrunk; returns how many there are."""
    down, across = len(rows), len(rows[0])
    factor = max(-(-across // area.width), -(-down // (2 * area.height)), 1)
    squares = 2 * across <= area.width and down <= area.height
    times = max(min(area.width // (2 * across), area.height // down), 1) if squares else 1
    blown = [[value for value in row for _ in range(times)] for row in rows for _ in range(times)]
    shown = blown if squares else parts.strongest(rows, factor)
    (sheet.squares if squares else sheet.picture)(area.row, area.column, shown, scale)
    return down, across


def slices(sheet: Sheet, area: Area, now: Seen) -> None:
    """The chosen channel's kernel: its one slice with its numbers if there is room, or its slices as pictures."""
    scale = halfblocks.signed(now.weights)
    down, across = now.shape[2:]
    words = [[f"{weight:.2f}" for weight in row] for row in now.kernels[0]]
    cell = max(len(word) for row in words for word in row) + 1
    if len(now.kernels) == 1 and across * cell <= area.width and down <= area.height:
        for i, (line, row) in enumerate(zip(words, now.kernels[0], strict=True)):
            for j, (word, weight) in enumerate(zip(line, row, strict=True)):
                sheet.put(
                    area.row + i, area.column + j * cell, word.rjust(cell), parts.tint(scale, weight, sheet.sight)
                )
        if down < area.height:
            sheet.put(area.row + down, area.column, fit(f"bias {now.bias:.2f}", area.width), "dim")
        return
    if len(now.kernels) == 1:
        enlarge(sheet, area, now.kernels[0], scale)
        return
    _pictures(sheet, area, now.kernels, scale)


def _pictures(sheet: Sheet, area: Area, slices: Sequence[Rows], scale: Scale) -> None:
    """As many slices as fit, in squares if that is all of them."""
    down, across = len(slices[0]), len(slices[0][0])
    for squares in (True, False):
        gap = 1 if squares or down % 2 == 0 else 0  # of an odd picture half a row is empty
        wide, tall = (2 * across + 1, down + gap) if squares else (across + 1, -(-down // 2) + gap)
        columns, rows = max((area.width + 1) // wide, 1), max((area.height + gap) // tall, 1)
        if columns * rows >= len(slices):
            break
    for index, found in enumerate(slices[: columns * rows]):
        i, j = divmod(index, columns)
        (sheet.squares if squares else sheet.picture)(area.row + i * tall, area.column + j * wide, found, scale)
    if columns * rows < len(slices):
        sheet.leave_out(f"{len(slices) - columns * rows} of the kernel's slices")
