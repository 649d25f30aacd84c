"""Which graphics a terminal has, and how large its cells are: what its variables say, or else what it answers.

It is asked only if it is ours: a terminal at both ends, and this process in its foreground. tmux and screen answer for
themselves and lose pictures that they do not know, so in them there are none unless they are asked for.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from fastai_tui.app.terminal import depth_of

if TYPE_CHECKING:
    from fastai_tui.app.graphics import Protocol

PATIENCE = 1.0  # seconds: a terminal at the end of a slow line takes so long; every one answers the last question
CELL = (10, 20)  # pixels of a cell, where nobody says
_KITTY, _SIXEL = ("xterm-kitty", "xterm-ghostty"), ("foot", "mlterm", "yaft")
_NONE = ("linux", "screen", "tmux", "vt", "dumb")
# "May I send you pictures as kitty takes them?", "How large are your cells?", and "What are you?", which all answer
QUESTION = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]+)c")
_CELL = re.compile(rb"\x1b\[6;(\d+);(\d+)t")


def protocol(environment: Mapping[str, str], ask: Callable[[], bytes]) -> Protocol | None:
    """The graphics that the terminal has; `ask` is called where its variables do not tell."""
    term = environment.get("TERM", "dumb")
    if in_multiplexer(environment) or term.startswith(_NONE) or depth_of(environment) == "none":
        return None
    if term.startswith(_KITTY):
        return "kitty"
    if term.startswith(_SIXEL):
        return "sixel"
    answer = ask()
    if b"\x1b_Gi=31;OK" in answer:
        return "kitty"
    attributes = _ATTRIBUTES.search(answer)
    return "sixel" if attributes and b"4" in attributes[1].split(b";")[1:] else None


def in_multiplexer(environment: Mapping[str, str]) -> bool:
    """Is there a program between us and the terminal that keeps a screen of its own?"""
    return any(environment.get(name) for name in ("TMUX", "STY", "ZELLIJ"))


def cell_size(ask: Callable[[], bytes]) -> tuple[int, int]:
    """(width, height) of a cell in pixels: as the terminal's driver says, or the terminal itself, or else `CELL`."""
    if found := _by_driver():
        return found
    answered = _CELL.search(ask())
    height, width = (int(part) for part in answered.groups()) if answered else (0, 0)
    return (width, height) if 2 <= width <= 100 and 4 <= height <= 200 else CELL


def asked(patience: float = PATIENCE) -> bytes:
    """What the terminal answers to `QUESTION`; nothing where there is none, or where it keeps silent."""
    with contextlib.suppress(OSError, ValueError), _own_terminal() as terminal:
        os.write(terminal, QUESTION)
        return _answer(terminal, time.monotonic() + patience)
    return b""


def _answer(terminal: int, until: float) -> bytes:
    found = b""
    while not _ATTRIBUTES.search(found) and (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            found += os.read(terminal, 1024)
    return found


@contextlib.contextmanager
def _own_terminal() -> Iterator[int]:
    """Our terminal, told to hand on what it answers at once and without showing it. Raises `OSError` where it is not
    ours to ask."""
    import termios
    import tty

    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stdout__ and sys.__stdout__.isatty()):
        raise OSError("no terminal")
    terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():  # in the background, where changing its modes would stop us
            raise OSError("in the background")
        try:
            before = termios.tcgetattr(terminal)
            tty.setcbreak(terminal)
        except termios.error as error:
            raise OSError(str(error)) from error
        try:
            yield terminal
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)  # what comes too late is nobody's input
    finally:
        os.close(terminal)


def _by_driver() -> tuple[int, int] | None:
    import fcntl
    import struct
    import termios

    try:
        packed = fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return None
    rows, columns, width, height = struct.unpack("4H", packed)
    return (width // columns, height // rows) if rows and columns and width >= columns and height >= rows else None
