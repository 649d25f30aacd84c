"""Text for terminals: lines with optional SGR styles, cut and padded to a width, and numbers as people read them."""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SAYS = "fastai-tui: "  # before every sentence on standard error
SGR = re.compile(r"\x1b\[([0-9;]*)m")
_ASCII = str.maketrans("│─┌┐└┘├┤┬┴┼█░·…×−✓✗●○▲▼›‹→←↑↓•–≤≥≈±⏎␣⇥", "|-+++++++++#.:.x-vx*o^v><><^v*-<>~~$_>")


@dataclass(frozen=True)
class Look:
    """What the place we draw in can show: colours, and characters beyond ASCII."""

    colours: bool = False
    unicode: bool = True

    def paint(self, text: str, style: str) -> str:
        """`text` in an SGR style such as `1;31`, or as it is where there are no colours."""
        return f"\x1b[{style}m{text}\x1b[m" if self.colours and style and text else text

    def spell(self, text: str) -> str:
        """`text` in the characters there are."""
        if self.unicode:
            return text
        return text.translate(_ASCII).encode("ascii", "replace").decode()


def cells(line: str) -> list[tuple[str, str]]:
    """The line's cells from left to right as (characters, style). A wide character's second cell is empty; what takes
    no room joins the cell before it; what is no character (a control code, say) becomes `?`."""
    found: list[tuple[str, str]] = []
    style = ""
    for i, part in enumerate(SGR.split(line)):
        if i % 2:
            style = _then(style, part)
            continue
        for character in part:
            _add(found, character, style)
    return found


def _add(found: list[tuple[str, str]], character: str, style: str) -> None:
    if " " <= character <= "~":  # by far the most
        found.append((character, style))
        return
    width = char_width(character)
    if width > 0:
        found += [(character, style), ("", style)][:width]
    elif width < 0:
        found.append(("?", style))
    elif found and found[-1][0]:
        found[-1] = (found[-1][0] + character, found[-1][1])


def char_width(character: str) -> int:
    """Cells that a character takes: 1, 2, 0 for one that joins the one before, −1 for a control code."""
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return 0
    if category in ("Cc", "Cs", "Zl", "Zp"):
        return -1
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _then(style: str, sgr: str) -> str:
    """The style after an SGR sequence: `0` (or nothing) clears what came before."""
    now = [] if not style else style.split(";")
    for code in sgr.split(";"):
        now = [] if code in ("", "0") else [*(c for c in now if not (_foreground(c) and _foreground(code))), code]
    return ";".join(now)


def _foreground(code: str) -> bool:
    return code.isdecimal() and (30 <= int(code) <= 37 or 90 <= int(code) <= 97)


def plain(line: str) -> str:
    """The line without its styles."""
    return SGR.sub("", line)


def width(line: str) -> int:
    """How many cells the line takes."""
    return len(cells(line))


def fit(line: str, columns: int, *, more: str = "…") -> str:
    """The line in exactly so many cells: padded with spaces, or cut, which `more` shows."""
    row = cells(line)
    if len(row) <= columns:
        return line + " " * (columns - len(row))
    keep = max(columns - len(more), 0)
    while keep and row[keep][0] == "":  # never half of a wide character
        keep -= 1
    return render(row[:keep] + [(c, "") for c in more[:columns]] + [(" ", "")] * (columns - keep - len(more)))


def render(row: Iterable[tuple[str, str]]) -> str:
    """Cells as a line with SGR styles."""
    line, now = "", ""
    for character, style in row:
        if style != now and character:
            line, now = line + ("\x1b[m" if now else "") + (f"\x1b[{style}m" if style else ""), style
        line += character
    return line + ("\x1b[m" if now else "")


def printable(text: str, limit: int = 500) -> str:
    """Text from outside (a name, a message) as one line without control codes."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:limit]


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits, with an exponent only where it is short: `0.0613`, `2.310`,
    `1.2e+08`."""
    if value is None or not math.isfinite(value):
        return "not a number" if value is None or math.isnan(value) else "infinite"
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}g}"
    places = digits - 1 - (math.floor(math.log10(abs(value))) if abs(value) >= 0.1 else -1)
    return f"{value:.{max(places, 0)}f}"


def rate(value: float) -> str:
    """A learning rate, to three digits: `0.06`, `0.00053`, `1.2e-05`."""
    return f"{value:.3g}"


def count(value: float) -> str:
    """A whole number with its thousands apart: `60,000`."""
    return f"{round(value):,}"


def pace(value: float) -> str:
    """A number of things a second, to three digits, so that it stands still while it is read: `12,300`."""
    if value <= 0 or not math.isfinite(value):
        return "0"
    unit = 10 ** max(math.floor(math.log10(value)) - 2, 0)
    return count(round(value / unit) * unit)


def duration(seconds: float, *, tenths: bool = True) -> str:
    """`8.4 s` (below ten seconds, with `tenths`), `41 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    if tenths and seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def plural(many: float, one: str) -> str:
    """`1 batch`, `118 batches`, `2 epochs`."""
    ending = "" if many == 1 else "es" if one.endswith("tch") else "s"
    return f"{count(many)} {one}{ending}"
