"""A sheet: a rectangle of cells to draw on, without any widget, so that a drawing can be tested as a pure function.

A cell is a character and a style. A style is a role (`palette.py` says what each looks like in a theme) or a `Paint`
with colours of its own, which pictures and plots need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from fastai_tui.app import halfblocks, text
from fastai_tui.app.halfblocks import RGB, Grid, Scale

if TYPE_CHECKING:
    from fastai_tui.app.terminal import Depth

# What a theme has a look for: "mark" is the cursor's own colour, "shade" the ground of bars, "head" what is bold on it.
Role = Literal[
    "plain", "dim", "strong", "emphasis", "code", "link", "title", "accent", "good", "bad", "warn", "cursor", "mark",
    "shade", "head", "key", "field",
]  # fmt: skip
ROLES: tuple[Role, ...] = Role.__args__  # type: ignore[attr-defined]
Colour: TypeAlias = int | RGB | None  # one of the terminal's own 16 (or 256), a true colour, or the theme's
Cell: TypeAlias = "tuple[str, Style]"


class Paint(NamedTuple):
    """A style in colours of its own."""

    front: Colour = None
    back: Colour = None
    bold: bool = False
    dim: bool = False
    underline: bool = False
    reverse: bool = False


Style: TypeAlias = Role | Paint


@dataclass(frozen=True)
class Sight:
    """What the terminal can show, and the theme's colour for marks laid over pictures."""

    depth: Depth = "truecolor"
    unicode: bool = True
    mark: RGB = (95, 255, 95)
    mark16: int = 10
    light: bool = False

    @property
    def look(self) -> text.Look:
        """The same for drawings made of lines of text (plots and tables)."""
        return text.Look(colours=self.depth != "none", unicode=self.unicode)


class Sheet:
    """`height` rows of `width` cells. Whatever is put beyond the edges is cut off."""

    def __init__(self, width: int, height: int, sight: Sight | None = None) -> None:
        self.width, self.height, self.sight = width, height, sight or Sight()
        self.rows: list[list[Cell]] = [[(" ", "plain")] * width for _ in range(height)]
        self.left_out: list[str] = []

    def put(self, row: int, column: int, words: str, style: Style = "plain") -> int:
        """Write one line; returns the column after it. Characters the terminal lacks are spelled in ASCII."""
        for character, _ in text.cells(self.sight.look.spell(words)):
            if 0 <= row < self.height and 0 <= column < self.width:
                self.rows[row][column] = (character, style)
            column += 1
        return column

    def put_lines(self, row: int, column: int, lines: Iterable[str], style: Style = "plain") -> int:
        """Write lines below one another; returns the row after them."""
        for line in lines:
            self.put(row, column, line, style)
            row += 1
        return row

    def spans(self, row: int, column: int, pieces: Iterable[tuple[str, Style]]) -> int:
        """Write pieces of text, each in its style, one after the other; returns the column after them."""
        for words, style in pieces:
            column = self.put(row, column, words, style)
        return column

    def ansi(self, row: int, column: int, lines: Iterable[str]) -> int:
        """Lines with SGR codes, such as plots.py makes; returns the row after them."""
        for line in lines:
            for i, (character, codes) in enumerate(text.cells(line)):
                if 0 <= row < self.height and 0 <= column + i < self.width:
                    self.rows[row][column + i] = (character, _from_codes(codes) if codes else "plain")
            row += 1
        return row

    def paint(self, row: int, column: int, width: int, style: Style) -> None:
        """Give cells that are there another style, and leave their characters."""
        if 0 <= row < self.height:
            for at in range(max(column, 0), min(column + width, self.width)):
                self.rows[row][at] = (self.rows[row][at][0], style)

    def fill(self, row: int, column: int, width: int, height: int, style: Style, character: str = " ") -> None:
        """A rectangle of one character."""
        for at in range(row, row + height):
            self.put(at, column, character * width, style)

    def picture(
        self, row: int, column: int, grid: Grid, scale: Scale, marks: Mapping[tuple[int, int], float] | None = None
    ) -> tuple[int, int]:
        """Pixels, two a cell, one above the other; returns (rows, columns) of cells taken.

        `marks` lays the mark's colour over pixels, as (row, column) → how strongly (1 hides the pixel, .4 tints it);
        without colours the marked cells are shown reversed.
        """
        pixels = [list(line) for line in grid]
        marks = marks or {}
        looks: dict[tuple[float | None, ...], Cell] = {}  # half of most pictures is ground: 2 to 4 times as quick
        for top in range(0, len(pixels), 2):
            for at in range(len(pixels[0])):
                here, there = (row + top // 2, column + at)
                if not (0 <= here < self.height and 0 <= there < self.width):
                    continue
                lower = pixels[top + 1][at] if top + 1 < len(pixels) else None
                covers = (marks.get((top, at), 0.0), marks.get((top + 1, at), 0.0))
                key = (pixels[top][at], lower, *covers)
                if key not in looks:
                    looks[key] = _half_block(pixels[top][at], lower, scale, covers, self.sight)
                self.rows[here][there] = looks[key]
        return (len(pixels) + 1) // 2, len(pixels[0]) if pixels else 0

    def squares(
        self, row: int, column: int, grid: Grid, scale: Scale, marks: Mapping[tuple[int, int], float] | None = None
    ) -> tuple[int, int]:
        """Pixels, each one two cells wide and one high, so that they are square; returns (rows, columns) of cells."""
        marks = marks or {}
        looks: dict[tuple[float, float], Cell] = {}
        for i, line in enumerate(grid):
            for j, value in enumerate(line):
                key = (value, marks.get((i, j), 0.0))
                cell = looks[key] if key in looks else looks.setdefault(key, _block(value, scale, key[1], self.sight))
                for half in (0, 1):
                    if 0 <= row + i < self.height and 0 <= column + 2 * j + half < self.width:
                        self.rows[row + i][column + 2 * j + half] = cell
        return len(grid), 2 * len(grid[0]) if len(grid) else 0

    def photo(self, row: int, column: int, drawn: Sequence[Sequence[tuple[str, Colour, Colour]]]) -> None:
        """A photo's cells, as `photo_picture.cells` makes them."""
        for i, line in enumerate(drawn):
            for j, (character, front, back) in enumerate(line):
                if 0 <= row + i < self.height and 0 <= column + j < self.width:
                    bare = front is None and back is None
                    self.rows[row + i][column + j] = (character, "plain" if bare else Paint(front, back))

    def legend(self, row: int, column: int, scale: Scale, low: str, high: str, cells: int = 9) -> int:
        """The scale as a line: the low end's words, its looks from low to high, the high end's words."""
        column = self.put(row, column, f"{low} ")
        if self.sight.depth == "none":
            column = self.put(row, column, f"[{scale.ramp.characters}]")
        else:
            steps = [scale.low + (scale.high - scale.low) * i / (cells - 1) for i in range(cells)]
            for value in steps:
                self.put(row, column, " ", _block(value, scale, 0.0, self.sight)[1])
                column += 1
        return self.put(row, column, f" {high}")

    def leave_out(self, what: str) -> None:
        """Say that something did not fit: the screen tells the learner."""
        if what not in self.left_out:
            self.left_out.append(what)

    @property
    def text(self) -> str:
        """The characters alone, a line for each row."""
        return "\n".join("".join(character for character, _ in row).rstrip() for row in self.rows)

    def changed(self, before: Sheet) -> list[tuple[int, int, int]]:
        """Where this sheet differs from one of the same size: (row, first column, columns), one span a row."""
        found = []
        for row, (now, then) in enumerate(zip(self.rows, before.rows, strict=True)):
            if now != then:
                places = [i for i, (a, b) in enumerate(zip(now, then, strict=True)) if a != b]
                found.append((row, places[0], places[-1] - places[0] + 1))
        return found


def centred(width: int, words: str) -> int:
    """The column at which `words` stand in the middle of `width`."""
    return max((width - len(words)) // 2, 0)


def colour_at(scale: Scale, value: float, sight: Sight) -> Colour:
    """A value's colour on a scale, in what the terminal can show."""
    if sight.depth == "16":
        return scale.ramp.sixteen[round(scale.place(value) * (len(scale.ramp.sixteen) - 1))]
    if sight.depth == "256":
        return halfblocks.of_256(scale.ramp, scale.place(value))
    return _shown(halfblocks.rgb(scale.ramp, scale.place(value)), sight.depth)


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """Two true colours, `share` of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


@lru_cache(maxsize=8192)
def _shown(colour: RGB, depth: Depth) -> Colour:
    return halfblocks.nearest_256(colour) if depth == "256" else colour


def _half_block(up: float, down: float | None, scale: Scale, covers: tuple[float, float], sight: Sight) -> Cell:
    if sight.depth == "none":
        stronger = up if down is None else max(up, down, key=lambda value: abs(value - scale.rest))
        look = scale.ramp.characters[round(scale.place(stronger) * (len(scale.ramp.characters) - 1))]
        return look, Paint(reverse=True) if any(covers) else "plain"
    front = _covered(up, scale, covers[0], sight)
    back = _covered(down, scale, covers[1], sight) if down is not None else None
    return ("▀" if sight.unicode else " ", Paint(front, back if sight.unicode else front))


def _block(value: float, scale: Scale, cover: float, sight: Sight) -> Cell:
    if sight.depth == "none":
        look = scale.ramp.characters[round(scale.place(value) * (len(scale.ramp.characters) - 1))]
        return look, Paint(reverse=True) if cover else "plain"
    return " ", Paint(None, _covered(value, scale, cover, sight))


def _covered(value: float, scale: Scale, cover: float, sight: Sight) -> Colour:
    if not cover:
        return colour_at(scale, value, sight)
    if sight.depth == "16":  # a tint is impossible: two looks of the mark, for light and for dark
        return sight.mark16 if cover >= 1 or scale.place(value) >= 0.5 else sight.mark16 - 8
    return _shown(mixed(halfblocks.rgb(scale.ramp, scale.place(value)), sight.mark, cover), sight.depth)


@lru_cache(maxsize=1024)
def _from_codes(codes: str) -> Style:
    """The style of SGR codes: the 16 colours in front, bold, dim, underlined, reversed. What is but dim is as dim as
    the theme has it."""
    if codes == "2":
        return "dim"
    numbers = [int(code) for code in codes.split(";") if code.isdecimal()]
    front = next((n - 30 if n < 40 else n - 82 for n in reversed(numbers) if 30 <= n <= 37 or 90 <= n <= 97), None)
    return Paint(front, None, 1 in numbers, 2 in numbers, 4 in numbers, 7 in numbers)


def columns_of(pieces: Sequence[tuple[str, Style]]) -> int:
    """How many cells pieces of text take."""
    return sum(len(text.cells(words)) for words, _ in pieces)
