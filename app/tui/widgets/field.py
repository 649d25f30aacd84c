"""A line to type in."""

from __future__ import annotations

from textual.widgets import Input


class Field(Input):
    """Textual's own field, one line high and without a blinking cursor, which would send bytes all day."""

    DEFAULT_CSS = """
    Field:ansi > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    """

    def __init__(self, asks: str = "", *, id: str = "field") -> None:
        super().__init__(placeholder=asks, id=id, compact=True, select_on_focus=False, max_length=500)
        self.cursor_blink = False
        self.styles.height = 1
        self.styles.margin = (0, 1)

    def validate_value(self, value: str) -> str:
        """Without control codes, which a paste may bring along and the terminal would obey."""
        return "".join(character for character in value if character.isprintable())
