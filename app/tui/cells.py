"""What the terminal shows, cell by cell, and the least that must be sent to make it show what it should.

Updates come as Textual writes them: the cursor is put somewhere, and pieces of text follow, each in its style. They are
read onto a grid of what is wanted; `changes` compares it with the grid of what is shown.
"""

import re
from functools import lru_cache

from rich.cells import get_character_cell_size

from fastai_tui.app.sgr import change, on_blank

NEAR = 4  # bytes: unchanged text that is cheaper to send again than to jump over
_CHARACTER = r"[^\x00-\x1f\x7f-\x9f]"
_TOKEN = re.compile(rf"\x1b\[([\d;]*)m({_CHARACTER}*)\x1b\[0?m|({_CHARACTER}+)|\x1b\[(\d*)(?:;(\d*))?H|(\n)")

Row = list[str | None]  # None: nobody knows


class Cells:
    """The cells of a terminal of so many columns and rows, and where its cursor is."""

    def __init__(self, columns: int, rows: int) -> None:
        self.reset(columns, rows)

    def reset(self, columns: int, rows: int) -> None:
        """Know nothing, neither of what is shown nor of what is wanted."""
        self.columns, self.rows = columns, rows
        self._wanted: list[tuple[Row, list[str]]] = [([None] * columns, [""] * columns) for _ in range(rows)]
        self._row = self._column = 0  # where the update has come to
        self.forget()

    def forget(self) -> None:
        """Know nothing of what is shown: `changes` will send every cell that is wanted."""
        self._shown: list[tuple[Row, list[str]]] = [
            ([None] * self.columns, [""] * self.columns) for _ in range(self.rows)
        ]
        self._dirty = dict.fromkeys(range(self.rows), (0, self.columns))
        self._at: tuple[int, int] | None = None
        self._worn: str | None = None
        self._out: list[str] = []

    def read(self, update: str) -> bool:
        """Note what `update` draws; False, with half of it noted, where it holds something else than drawing."""
        end = 0
        for token in _TOKEN.finditer(update):
            if token.start() != end or not self._note(token):
                return False
            end = token.end()
        return end == len(update)

    def changes(self) -> str:
        """What makes the terminal show what is wanted; empty if it does."""
        dirty, self._dirty = self._dirty, {}  # a signal may have everything forgotten while this goes on
        for row in sorted(dirty):
            self._change(row, *dirty[row])
        if not self._out and self._at == self._cursor:
            return ""
        self._wear("")
        self._move(*self._cursor)
        sent, self._out = "".join(self._out), []
        return sent

    @property
    def _cursor(self) -> tuple[int, int]:
        return min(self._row, self.rows - 1), min(self._column, self.columns - 1)

    def _note(self, token: re.Match[str]) -> bool:
        kind = token.lastindex
        if kind == 2:
            return self._put(token[2], token[1])
        if kind == 3:
            return self._put(token[3], "")
        if kind == 6:
            self._row, self._column = self._row + 1, 0
            return self._row < self.rows  # below the last line everything scrolls
        else:
            self._row, self._column = int(token[4] or 1) - 1, int(token[5] or 1) - 1
        return True

    def _put(self, text: str, style: str) -> bool:
        if not text or self._stands(text, style):
            return True
        new = list(text) if text.isascii() else _split(text)
        start, end = self._column, self._column + len(new)
        if end > self.columns or self._row >= self.rows or new[0] == "":
            return False
        self._column = end
        characters, styles = self._wanted[self._row]
        if characters[start:end] == new and styles[start:end] == [style] * len(new):
            return True
        start, end = self._whole(characters, start, end)
        characters[self._column - len(new) : self._column] = new
        styles[self._column - len(new) : self._column] = [style] * len(new)
        low, high = self._dirty.get(self._row, (start, end))
        self._dirty[self._row] = (min(low, start), max(high, end))
        return True

    def _stands(self, text: str, style: str) -> bool:
        """Is it a single character that is wanted there already? Pictures are made of such pieces."""
        if len(text) != 1 or self._row >= self.rows or self._column >= self.columns:
            return False
        characters, styles = self._wanted[self._row]
        if characters[self._column] != text or styles[self._column] != style:
            return False
        self._column += 1 if text.isascii() else _width(text)
        return True

    def _whole(self, characters: Row, start: int, end: int) -> tuple[int, int]:
        """The span from `start` to `end` with the halves that it leaves of wide characters, which become blanks."""
        if characters[start] == "":
            start -= 1
            characters[start] = " "
        if end < self.columns and characters[end] == "":
            characters[end] = " "
            end += 1
        return start, end

    def _change(self, row: int, start: int, end: int) -> None:
        characters, styles = self._wanted[row]
        old_characters, old_styles = self._shown[row]
        for i in range(start, end):
            character, style = characters[i], styles[i]
            if character == old_characters[i] and (
                style == old_styles[i] or (character == " " and on_blank(style) == on_blank(old_styles[i]))
            ):
                continue
            if character:
                self._reach(row, i)
                self._write(character, style)
        old_characters[start:end] = characters[start:end]
        old_styles[start:end] = styles[start:end]

    def _reach(self, row: int, column: int) -> None:
        """Go there, over what is shown already if that is shorter."""
        if self._at is not None and self._at[0] == row and 0 < column - self._at[1] <= NEAR:
            between = self._wanted[row][0][self._at[1] : column]
            styles = self._wanted[row][1][self._at[1] : column]
            text = "".join(character or "" for character in between)
            same = all(
                style == self._worn or (character == " " and on_blank(style) == on_blank(self._worn or ""))
                for character, style in zip(between, styles, strict=True)
            )
            if same and text.isascii() and len(text) == len(between):
                self._out.append(text)
                self._at = row, column
        self._move(row, column)

    def _write(self, character: str, style: str) -> None:
        if character != " " or self._worn is None or on_blank(self._worn) != on_blank(style):
            self._wear(on_blank(style) if character == " " else style)
        self._out.append(character)
        row, column = self._at or (0, 0)
        sure = character.isascii() or (len(character) == 1 and _width(character) == 1)
        self._at = (row, column + 1) if sure and column + 1 < self.columns else None

    def _move(self, row: int, column: int) -> None:
        if self._at == (row, column):
            return
        if self._at is not None and row == self._at[0]:
            ahead = column - self._at[1]
            self._out.append("\r" if not column else f"\x1b[{ahead}C" if ahead > 0 else f"\x1b[{column + 1}G")
        elif self._at is not None and row == self._at[0] + 1 and not column:
            self._out.append("\r\n")
        else:
            place = f"{row + 1};{column + 1}" if column else str(row + 1) if row else ""
            self._out.append(f"\x1b[{place}H")
        self._at = row, column

    def _wear(self, style: str) -> None:
        if self._worn is None:
            self._out.append("\x1b[m")
            self._worn = ""
        if style != self._worn:
            self._out.append(change(self._worn, style))
            self._worn = style


@lru_cache(4096)
def _width(character: str) -> int:
    return get_character_cell_size(character)


@lru_cache(4096)
def _cells_of(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for character in text:
        width = _width(character)
        if width:
            found += [character, ""][:width]
            continue
        last = len(found) - 1
        while last > 0 and not found[last]:
            last -= 1
        if last >= 0:
            found[last] += character
    return tuple(found) or ("",)


def _split(text: str) -> list[str]:
    """The cells of a text: a wide character's second is empty, what takes no room joins the cell before it."""
    return list(_cells_of(text))
