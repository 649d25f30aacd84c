"""A line that is typed in a pane: its text and where the cursor stands, changed by keys and pastes."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 200  # characters


@dataclass(frozen=True)
class Typed:
    """A line; the cursor stands before the character numbered `at`."""

    text: str = ""
    at: int = 0

    def put(self, words: str) -> Typed:
        """With `words` at the cursor: line ends become spaces, control codes and what is too long are left out."""
        plain = "".join(c for c in " ".join(words.splitlines()) if c.isprintable())[: LONGEST - len(self.text)]
        return Typed(self.text[: self.at] + plain + self.text[self.at :], self.at + len(plain))

    def pressed(self, key: str, character: str | None) -> Typed | None:
        """After a key; None for one that is not for typing."""
        if character is not None and character.isprintable():
            return self.put(character)
        moves = {
            "left": max(self.at - 1, 0),
            "right": min(self.at + 1, len(self.text)),
            "home": 0,
            "end": len(self.text),
        }
        if key in moves:
            return Typed(self.text, moves[key])
        if key == "ctrl+u":  # as in a shell: what is before the cursor goes
            return Typed(self.text[self.at :], 0)
        if key == "backspace":
            before = max(self.at - 1, 0)
            return Typed(self.text[:before] + self.text[self.at :], before)
        if key == "delete":
            return Typed(self.text[: self.at] + self.text[self.at + 1 :], self.at)
        return None


def as_line(value: object) -> str:
    """A value from outside as a text that could have been typed; empty for anything but a text."""
    return Typed().put(value).text if isinstance(value, str) else ""
