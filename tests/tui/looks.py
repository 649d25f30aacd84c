"""What an app sends to the terminal, as text that can be read in a diff: the characters, and a map of their styles.

An SVG would show true colours whatever the terminal's; here stand the SGR codes after Rich has reduced them. The
commonest style is a dot in the map, the others are letters in the order of their appearance, explained below it:
`a #87d75f on #1c1c1c bold` in true colour, `a 113 on 234 bold` in 256 colours, `a 2 on - bold` in 16 (`-`: the
terminal's own).
"""

import functools
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.color import ColorSystem
from rich.style import Style
from textual._context import visible_screen_stack

GOLDEN = Path(__file__).parent.parent / "golden"
LETTERS = [chr(code) for code in (*range(97, 123), *range(65, 91), *range(48, 58), *range(0xC0, 0x530))]
LETTERS = [
    c for c in LETTERS if c.isalnum() and unicodedata.east_asian_width(c) in "NaNA" and not unicodedata.combining(c)
]
ATTRIBUTES = {
    "1": "bold",
    "2": "dim",
    "3": "italic",
    "4": "underlined",
    "5": "blinking",
    "7": "reversed",
    "9": "struck",
}
SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    None: None,
}
WIDE = 118  # columns of the legend

Cell = tuple[str, str]  # a character (or nothing, right of a wide one) and its style in words


@dataclass(frozen=True)
class Look:
    """A screen as it is sent."""

    cells: tuple[tuple[Cell, ...], ...]

    @property
    def text(self) -> str:
        return "\n".join("".join(character for character, _ in row).rstrip() for row in self.cells)

    @property
    def styles(self) -> str:
        """The map of styles, and what its letters mean."""
        counted = Counter(style for row in self.cells for _, style in row)
        commonest = counted.most_common(1)[0][0] if counted else ""
        letters = {commonest: "·"}
        for row in self.cells:
            for _, style in row:
                letters.setdefault(style, LETTERS[len(letters) - 1])
        picture = ("".join(letters[style] for _, style in row).rstrip("·") for row in self.cells)
        return "\n".join([*picture, *packed([f"{letter} {style}" for style, letter in letters.items()])])


def packed(entries: list[str]) -> Iterator[str]:
    """As many entries to a line as fit."""
    line = ""
    for entry in entries:
        if line and len(line) + 3 + len(entry) > WIDE:
            yield line
            line = ""
        line += " │ " * bool(line) + entry
    yield line


def look(app: Any) -> Look:
    """What the terminal of an app would show now."""
    system = SYSTEMS[app.console.color_system]
    visible_screen_stack.set(app._background_screens)  # what shows through a screen that does not cover all
    rows = []
    for strip in app.screen._compositor.render_strips(app.size):
        row: list[Cell] = []
        for segment in strip:
            style = words(segment.style, system)
            if segment.text.isascii():
                row += [(character, style) for character in segment.text]
                continue
            for character in segment.text:
                wide = unicodedata.east_asian_width(character) in "WF"
                row += [(character, style), ("", style)] if wide else [(character, style)]
        rows.append(tuple(row))
    return Look(tuple(rows))


@functools.lru_cache(4096)
def words(style: Style | None, system: ColorSystem | None) -> str:
    """A style as it is sent: `#87d75f on #1c1c1c bold`."""
    if style is None or (system is None and not style):
        return "- on -"
    style._ansi = None  # Rich keeps the codes of the first colour system that it was asked for
    codes = style.render("x", color_system=system or ColorSystem.STANDARD).partition("x")[0][2:-1].split(";")
    front, back, more = "-", "-", []
    while codes and codes != [""]:
        code = codes.pop(0)
        if code in ("38", "48"):
            found = _extended(codes)
            front, back = (found, back) if code == "38" else (front, found)
        elif code in ATTRIBUTES:
            more.append(ATTRIBUTES[code])
        elif code not in ("39", "49"):
            number = int(code)
            plain = number % 10 + (8 if number >= 90 else 0)
            front, back = (front, str(plain)) if number // 10 in (4, 10) else (str(plain), back)
    return " ".join([front, "on", back, *more])


def _extended(codes: list[str]) -> str:
    if codes.pop(0) == "5":
        return codes.pop(0)
    return "#" + "".join(f"{int(codes.pop(0)):02x}" for _ in range(3))


def same_as_golden(name: str, text: str, part: str = "") -> None:
    """Compare with the file, or with that part of it which begins with the line `part`; FASTAI_TUI_GOLDEN=write writes
    the file anew, for a person to look at in the diff."""
    path = GOLDEN / f"{name}.txt"
    if writes_goldens() and not part:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert path.exists(), f"{path} is missing: FASTAI_TUI_GOLDEN=write makes it"
    kept = path.read_text(encoding="utf-8")
    if part:
        kept = next(found for found in re.split(r"(?m)^(?=═══ )", kept) if found.startswith(f"{part}\n"))
    assert text + "\n" == kept, f"not as in {path}: FASTAI_TUI_GOLDEN=write, and look at the diff"


def writes_goldens() -> bool:
    """Are they to be written anew?"""
    return os.environ.get("FASTAI_TUI_GOLDEN") == "write"
