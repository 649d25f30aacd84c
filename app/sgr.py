"""SGR codes, the part of a terminal's language that sets colours and attributes: the fewest that turn one into another.

A style is the inside of an SGR sequence, such as `1;38;5;208;48;5;17`; an empty one is the terminal's own.
"""

from functools import lru_cache
from typing import NamedTuple

_VISIBLE_ON_A_BLANK = {"4", "7", "9", "21", "51", "52", "53"}  # underlines, reverse, strike, frames
_OPERANDS = {"5": 1, "2": 3}  # numbers that follow 38;5 and 38;2


class Parts(NamedTuple):
    """A style taken apart: attributes, the codes of the text's colour and of the background's."""

    attributes: tuple[str, ...]
    foreground: str
    background: str


@lru_cache(4096)
def parts(style: str) -> Parts:
    """The parts of `style`; a later colour replaces an earlier one, a zero everything before it."""
    attributes: list[str] = []
    foreground = background = ""
    codes = iter(style.split(";"))
    for code in codes:
        if code in ("", "0"):
            attributes, foreground, background = [], "", ""
        elif code in ("38", "48"):
            kind = next(codes, "5")
            colour = ";".join([code, kind, *(next(codes, "0") for _ in range(_OPERANDS.get(kind, 0)))])
            foreground, background = (colour, background) if code == "38" else (foreground, colour)
        elif _is_foreground(code):
            foreground = "" if code == "39" else code
        elif _is_background(code):
            background = "" if code == "49" else code
        else:
            attributes.append(code)
    return Parts(tuple(sorted(set(attributes))), foreground, background)


@lru_cache(4096)
def on_blank(style: str) -> str:
    """What of `style` can be seen on a blank: all of it where there is a line through it or under it, else the
    background."""
    taken = parts(style)
    return style if _VISIBLE_ON_A_BLANK.intersection(taken.attributes) else taken.background


@lru_cache(4096)
def change(old: str, new: str) -> str:
    """The shortest sequence that turns `old` into `new`; empty if they are the same."""
    before, after = parts(old), parts(new)
    if before == after:
        return ""
    anew = ";".join(code for code in (*after.attributes, after.foreground, after.background) if code)
    codes = [f"0;{anew}" if anew else ""]
    if set(before.attributes) <= set(after.attributes):
        codes.append(_added(before, after))
    return f"\x1b[{min(codes, key=len)}m"


def _added(before: Parts, after: Parts) -> str:
    codes = [code for code in after.attributes if code not in before.attributes]
    if after.foreground != before.foreground:
        codes.append(after.foreground or "39")
    if after.background != before.background:
        codes.append(after.background or "49")
    return ";".join(codes)


def _is_foreground(code: str) -> bool:
    return code.isdecimal() and (30 <= int(code) <= 39 or 90 <= int(code) <= 97)


def _is_background(code: str) -> bool:
    return code.isdecimal() and (40 <= int(code) <= 49 or 100 <= int(code) <= 107)
