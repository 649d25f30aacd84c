"""What the terminal can show: how many colours, and whether characters beyond ASCII arrive."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Literal

from fastai_tui.app.cli.output import colours

Depth = Literal["truecolor", "256", "16", "none"]
# Terminals that always had true colours, and whose TERM says so where SSH drops COLORTERM
_TRUE_COLOUR_TERMS = (
    "-direct",
    "-truecolor",
    "xterm-kitty",
    "xterm-ghostty",
    "alacritty",
    "foot",
    "wezterm",
    "contour",
)
_MONOCHROME_TERMS = ("vt52", "vt100", "vt102", "vt220", "vt320", "ansi-m", "-mono", "-m")


def colour_depth() -> Depth:
    """The colours that standard output shows now: none to a pipe, to a dumb terminal, or where NO_COLOR is set."""
    return depth_of(os.environ) if colours() and speaks_unicode() else "none"


def depth_of(environment: Mapping[str, str]) -> Depth:
    """The colours that a terminal promises by TERM and COLORTERM; NO_COLOR is another matter."""
    term = environment.get("TERM", "dumb")
    if term in ("", "dumb", "unknown") or term.endswith(_MONOCHROME_TERMS):
        return "none"
    promised = environment.get("COLORTERM", "") in ("truecolor", "24bit") or term.endswith(_TRUE_COLOUR_TERMS)
    if promised and not in_screen(environment):
        return "truecolor"
    return "256" if promised or "256" in term else "16"


def light_ground(environment: Mapping[str, str]) -> bool:
    """Is the terminal's own background light, as far as it says so (COLORFGBG, as in `0;15`)?"""
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return ground.isdecimal() and int(ground) in (7, *range(9, 16))


def in_screen(environment: Mapping[str, str]) -> bool:
    """Inside GNU screen, which garbles true colours (before version 5, and in 5 unless told) yet hands COLORTERM on."""
    return "STY" in environment and "TMUX" not in environment


def speaks_unicode() -> bool:
    """Can standard output carry blocks and lines? Not where the locale is neither UTF-8 nor anything like it."""
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")


def size() -> tuple[int, int]:
    """(columns, lines) of the terminal; where there is none, what `COLUMNS` and `LINES` say, or else 80×24.

    The terminal comes first: the variables keep what was true when the shell began, and frames follow a resize.
    """
    try:
        found = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except (OSError, ValueError):
        found = os.terminal_size((0, 0))
    if not found.columns or not found.lines:
        found = shutil.get_terminal_size((80, 24))
    return max(found.columns, 1), max(found.lines, 1)
