"""The painter: keeps a block of lines in a terminal up to date by sending only the cells that have changed.

It draws where the cursor stands, below the prompt, in the normal screen: what it leaves behind stays readable, in the
scroll-back too. Places are relative to the block's first line, because nobody knows where on the screen that is.
"""

from collections.abc import Callable, Sequence

from fastai_tui.app.sgr import change, on_blank
from fastai_tui.app.text import cells

Row = list[tuple[str, str]]
BLANK = (" ", "")
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
NEAR = 4  # unchanged cells that are cheaper to send again than to jump over


class Painter:
    """Paints frames with `send`; `sent` counts the bytes."""

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send, self.sent = send, 0
        self._shown: list[Row] = []
        self._size = (0, 0)
        self._row = 0  # of the block, where the cursor is
        self._column: int | None = 0  # None where terminals differ: after the last cell of a line
        self._style = ""
        self._out: list[str] = []

    def paint(self, frame: Sequence[str], columns: int, rows: int) -> None:
        """Show `frame` on a terminal of this size. What does not fit into it is cut off."""
        if self._shown and (columns, rows) != self._size:
            self._start_over()
        elif not self._shown:
            self._out.append(HIDE + "\r")
        self._size = (columns, rows)
        wanted = [_row(line, columns) for line in frame[:rows]]
        self._reserve(max(len(wanted), len(self._shown), 1), columns)
        wanted += [_row("", columns)] * (len(self._shown) - len(wanted))
        for i, row in enumerate(wanted):
            if row != self._shown[i]:
                self._change(i, self._shown[i], row)
        self._shown = wanted
        self._flush()

    def forget(self) -> None:
        """Start a new block where the cursor is now, for somebody else has written to the terminal."""
        self._shown, self._row, self._column, self._style = [], 0, 0, ""

    def leave(self) -> None:
        """Leave the last frame on the screen and the cursor on the line below it."""
        if self._shown:
            last = max((i for i, row in enumerate(self._shown) if row != [BLANK] * len(row)), default=0)
            self._wear("")
            self._move(last, 0)
            self._out += ["\r\n", SHOW]
            self._flush()
            self.forget()

    def _start_over(self) -> None:
        """After a resize nobody knows where the lines went (some terminals fold them anew, some do not)."""
        self._out.append("\x1b[m\x1b[H\x1b[J")
        self.forget()

    def _reserve(self, count: int, columns: int) -> None:
        """Make sure that the block has so many lines below its first; the screen scrolls if need be."""
        new = count - len(self._shown)
        if new <= 0:
            return
        if count > 1:
            self._wear("")
            self._move(max(len(self._shown) - 1, 0), 0)
            self._out.append("\r\n" * (new if self._shown else new - 1))
            self._row = count - 1
        self._shown += [[BLANK] * columns for _ in range(new)]

    def _change(self, i: int, old: Row, new: Row) -> None:
        end = _end(new)
        if _wide(old) or _wide(new):  # half of a wide character cannot be replaced: the whole line again
            self._wear("")
            self._move(i, 0)
            self._out.append("\x1b[K")
            self._write(new[:end])
            return
        for start, stop in _spans(old, new, end):
            self._move(i, start)
            self._write(new[start:stop])
        if _end(old) > end:
            self._wear("")
            self._move(i, end)
            self._out.append("\x1b[K")

    def _write(self, row: Row) -> None:
        for character, style in row:
            self._wear(style)
            self._out.append(character)
        self._column = None if self._column is None else self._column + len(row)
        if self._column is not None and self._column >= self._size[0]:
            self._column = None

    def _move(self, row: int, column: int) -> None:
        if row != self._row:
            self._out.append(_step(row - self._row, "B", "A"))
            self._row = row
        if column != self._column:
            if column == 0:
                self._out.append("\r")
            elif self._column is not None and column > self._column:
                self._out.append(_step(column - self._column, "C", "D"))
            else:
                self._out.append(f"\x1b[{column + 1}G")
            self._column = column

    def _wear(self, style: str) -> None:
        """Change the style, with as few codes as do it."""
        if style == self._style:
            return
        self._out.append(change(self._style, style))
        self._style = style

    def _flush(self) -> None:
        content = "".join(self._out).encode("utf-8", "replace")
        self._out = []
        self.sent += len(content)
        if content:
            self._send(content)


def _row(line: str, columns: int) -> Row:
    """Exactly so many cells. A blank in a colour is a blank; half of a wide character at the edge is one too."""
    row = [
        BLANK if character == " " and not on_blank(style) else (character, style) for character, style in cells(line)
    ]
    cut = row[:columns]
    if len(row) > columns and cut and row[columns][0] == "":
        cut[-1] = BLANK
    return cut + [BLANK] * (columns - len(cut))


def _spans(old: Row, new: Row, end: int) -> list[tuple[int, int]]:
    """The stretches of the first `end` cells that have changed; those that are near become one."""
    found: list[tuple[int, int]] = []
    for i in range(end):
        if old[i] == new[i]:
            continue
        if found and i - found[-1][1] <= NEAR and len({style for _, style in new[found[-1][1] - 1 : i + 1]}) == 1:
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def _end(row: Row) -> int:
    """The number of cells up to the last that is not blank."""
    return next((i + 1 for i in range(len(row) - 1, -1, -1) if row[i] != BLANK), 0)


def _wide(row: Row) -> bool:
    """Is there a character that takes another number of cells than one, or a joined one?"""
    return any(len(character) != 1 for character, _ in row)


def _step(by: int, ahead: str, back: str) -> str:
    direction, many = (ahead, by) if by > 0 else (back, -by)
    return f"\x1b[{many if many > 1 else ''}{direction}"
