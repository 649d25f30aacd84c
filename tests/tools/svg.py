"""Screens of a terminal as SVG: a still picture, or a film of them. Blocks are drawn, so that no font can tear them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from tests.terminal import Terminal

WIDE, HIGH = 9, 18  # pixels of a cell; a monospaced letter of 15 pixels is 9 wide
GROUND, INK = "#1c1c1c", "#dadada"
EDGE = 10
# Parts of a cell that a character fills: left, top, right, bottom in eighths
BLOCKS = {
    "▀": (0, 0, 8, 4),
    "▄": (0, 4, 8, 8),
    "█": (0, 0, 8, 8),
    "▌": (0, 0, 4, 8),
    "▐": (4, 0, 8, 8),
    "▘": (0, 0, 4, 4),
}
WORDS = re.compile(r"\S+(?: \S+)*")
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

Cell = tuple[str, str, str, bool, bool]  # character, colour, background, bold, underlined
Row = tuple[Cell, ...]


def rows_of(terminal: Terminal) -> tuple[Row, ...]:
    """What stands on the screen now."""
    return tuple(
        tuple(_cell(terminal, row, column) for column in range(terminal.width)) for row in range(terminal.height)
    )


def _cell(terminal: Terminal, row: int, column: int) -> Cell:
    cell = terminal.cell(row, column)
    front, back = _colour(cell.fg, INK), _colour(cell.bg, GROUND)
    if cell.reverse:
        front, back = back, front
    return cell.data, front, back, cell.bold, cell.underscore


def _colour(name: str, default: str) -> str:
    return default if name == "default" else f"#{name}"


@dataclass
class Film:
    """Frames with the seconds that each is shown; rows that are alike are drawn once and used again."""

    frames: list[tuple[float, tuple[Row, ...]]] = field(default_factory=list)
    _rows: dict[Row, str] = field(default_factory=dict)
    _styles: dict[str, str] = field(default_factory=dict)

    def add(self, seconds: float, rows: tuple[Row, ...]) -> None:
        """One more frame, or more of the last one if nothing has changed."""
        if self.frames and self.frames[-1][1] == rows:
            self.frames[-1] = (self.frames[-1][0] + seconds, rows)
        else:
            self.frames.append((seconds, rows))

    def svg(self, title: str) -> str:
        """The whole of it; a film of one frame stands still."""
        width, height = len(self.frames[0][1][0]) * WIDE, len(self.frames[0][1]) * HIGH
        shown = [self._frame(rows, number * (width + 2 * EDGE)) for number, (_, rows) in enumerate(self.frames)]
        across, down = width + 2 * EDGE, height + 2 * EDGE
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" width="{across}" height="{down}">'
            f"<title>{escape(title)}</title><style>{self._css(across)}</style>"
            f"<defs>{''.join(self._drawn(row, name) for row, name in self._rows.items())}</defs>"
            f'<rect width="{across}" height="{down}" rx="6" fill="{GROUND}"/>'
            f'<svg x="{EDGE}" y="{EDGE}" width="{width}" height="{height}">'
            f'<g class="film">{"".join(shown)}</g></svg></svg>\n'
        )

    def _frame(self, rows: tuple[Row, ...], left: int) -> str:
        used = (f'<use href="#{self._row(row)}" y="{number * HIGH}"/>' for number, row in enumerate(rows))
        return f'<g transform="translate({left})">{"".join(used)}</g>'

    def _row(self, row: Row) -> str:
        return self._rows.setdefault(row, f"r{len(self._rows)}")

    def _css(self, across: int) -> str:
        for row in self._rows:
            self._drawn(row, "")  # every style gets its name
        text = f"text{{font:15px {FONT};white-space:pre}}.b{{font-weight:700}}.u{{text-decoration:underline}}"
        text += "".join(f".{name}{{fill:{colour}}}" for colour, name in self._styles.items())
        if len(self.frames) == 1:
            return text
        whole, now, stops = sum(seconds for seconds, _ in self.frames), 0.0, []
        for number, (seconds, _) in enumerate(self.frames):
            stops.append(f"{now / whole:.4%}{{transform:translateX(-{number * across}px)}}")
            now += seconds
        return text + f".film{{animation:f {whole:.1f}s steps(1,end) infinite}}@keyframes f{{{''.join(stops)}}}"

    def _class(self, colour: str) -> str:
        return self._styles.setdefault(colour, f"c{len(self._styles)}")

    def _drawn(self, row: Row, name: str) -> str:
        """A row: the backgrounds and blocks of each colour as one path, and the text in runs of one style."""
        areas: dict[str, list[tuple[float, float, float, float]]] = {}
        for column, (character, front, back, _, _) in enumerate(row):
            if back != GROUND:
                areas.setdefault(back, []).append((column * WIDE, 0, WIDE, HIGH))
            if character in BLOCKS:
                left, top, right, bottom = BLOCKS[character]
                place = (
                    column * WIDE + left * WIDE / 8,
                    top * HIGH / 8,
                    (right - left) * WIDE / 8,
                    (bottom - top) * HIGH / 8,
                )
                areas.setdefault(front, []).append(place)
        paths = (f'<path class="{self._class(colour)}" d="{_path(found)}"/>' for colour, found in _ordered(areas, row))
        return f'<g id="{name}">{"".join(paths)}{"".join(self._text(row))}</g>'

    def _text(self, row: Row) -> list[str]:
        found, column = [], 0
        while column < len(row):
            _, front, _, bold, under = row[column]
            end = column
            while (
                end < len(row) and row[end][1] == front and row[end][3:] == (bold, under) and row[end][0] not in BLOCKS
            ):
                end += 1
            words = "".join(cell[0] for cell in row[column:end])
            names = " ".join([self._class(front), *(["b"] if bold else []), *(["u"] if under else [])])
            for part in WORDS.finditer(words):  # apart: not every viewer keeps several spaces
                found.append(
                    f'<text x="{(column + part.start()) * WIDE}" y="14" class="{names}" '
                    f'textLength="{len(part[0]) * WIDE}">{escape(part[0])}</text>'
                )
            column = max(end, column + 1)
        return found


def _ordered(
    areas: dict[str, list[tuple[float, float, float, float]]], row: Row
) -> list[tuple[str, list[tuple[float, float, float, float]]]]:
    """Whole cells first, parts of cells over them: a colour may be both."""
    whole = [(colour, [area for area in found if area[3] == HIGH]) for colour, found in areas.items()]
    parts = [(colour, [area for area in found if area[3] != HIGH]) for colour, found in areas.items()]
    return [(colour, found) for colour, found in [*whole, *parts] if found]


def _path(areas: Sequence[tuple[float, float, float, float]]) -> str:
    """The rectangles as one path; neighbours are joined."""
    joined: list[list[float]] = []
    for left, top, width, height in areas:
        last = joined[-1] if joined else None
        if last and last[0] + last[2] == left and (last[1], last[3]) == (top, height):
            last[2] += width
        else:
            joined.append([left, top, width, height])
    return "".join(f"M{left:g} {top:g}h{width:g}v{height:g}h-{width:g}z" for left, top, width, height in joined)
