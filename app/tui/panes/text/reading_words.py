"""What all panes that have a text read share: who reads it, and what is said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import plural

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.typed import Typed


def who(source: str, step: int) -> str:
    """Whose network it is, and how long it was trained."""
    if source.startswith("fresh-"):
        return f"an untrained {source.removeprefix('fresh-').upper()}"
    return f"{source} after {plural(step, 'batch')}" if step else source


def nothing(text: str, trouble: str, sign: str = "") -> str:
    """Why there is nothing to show."""
    if not text:
        return "There is no text to read: press e, and type some characters."
    return trouble or f"{sign} The network reads the text. The first time the lab has to start PyTorch.".strip()


def typing(line: Typed) -> str:
    """What is going on while a text is typed, in words."""
    return f"You are typing the text to be read: {line.text!r}."
