"""How a single character is shown in a cell, named in a goal, and spelt in a sentence."""

from fastai_tui.app.text import char_width
from fastai_tui.app.writing import sign

NAMES = {" ": "a space", "\n": "a line's end", "�": "an unknown character"}


def one_cell(character: str, seen: bool = False) -> str:
    """A character in one cell; a space as a sign where it is to be `seen`."""
    if character == " " and not seen:
        return " "
    return sign(character) if char_width(sign(character)) == 1 else "?"


def spelt(character: str) -> str:
    """A character in a sentence."""
    return NAMES.get(character, repr(character))


def named(character: str) -> str:
    """A character as one word, as goals name it."""
    return {" ": "space", "\n": "line-end"}.get(character, character.lower())
