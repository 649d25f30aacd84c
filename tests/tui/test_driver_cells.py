"""What is sent cell by cell leaves the same screen behind as everything would: shown by a terminal emulator that knows
of neither."""

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui.cells import Cells

COLUMNS, ROWS = 9, 3
STYLES = ("", "31", "1;32", "38;2;1;2;3;48;2;9;9;9", "48;5;17", "4;38;5;208", "7", "1;3;38;5;208;48;5;17")
Cell = tuple[str, str]

styles = st.sampled_from(STYLES)
narrow = st.tuples(st.sampled_from("ab  ·█▀é"), styles).map(lambda cell: [cell])
wide = st.tuples(st.sampled_from("日本"), styles).map(lambda cell: [cell, ("", cell[1])])
line = st.lists(st.one_of(narrow, narrow, narrow, wide), min_size=COLUMNS, max_size=COLUMNS).map(
    lambda made: _cut(made)
)
picture = st.lists(line, min_size=ROWS, max_size=ROWS)
span = st.tuples(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(1, COLUMNS))
# A picture, and which parts of it are drawn: all of it, as after a change of the layout, or a few spans
updates = st.lists(st.tuples(picture, st.one_of(st.none(), st.lists(span, max_size=4))), min_size=1, max_size=6)


def _cut(made: list[list[Cell]]) -> list[Cell]:
    row = [cell for cells in made for cell in cells][:COLUMNS]
    return [*row[:-1], (" ", "")] if _wide(row[-1][0]) else row


def _wide(character: str) -> bool:
    return character in "日本" and bool(character)


def drawn(row: int, column: int, cells: list[Cell]) -> str:
    pieces = (f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in cells)
    return f"\x1b[{row + 1};{column + 1}H" + "".join(pieces)


class Story:
    """Pictures one after the other, as updates in Textual's manner: no span cuts a wide character in two."""

    def __init__(self) -> None:
        self.now: list[list[Cell]] = [[(" ", "")] * COLUMNS for _ in range(ROWS)]

    def update(self, wanted: list[list[Cell]], spans: list[tuple[int, int, int]] | None) -> str:
        if spans is None:
            spans = [(row, 0, COLUMNS) for row in range(ROWS)]
        last = max((row for row, _, _ in spans), default=0)
        pieces = (self._span(wanted, *one) + ("\n" if one[0] != last else "") for one in sorted(spans))
        return "".join(pieces) + "\x1b[1;1H"

    def _span(self, wanted: list[list[Cell]], row: int, start: int, length: int) -> str:
        end = min(start + length, COLUMNS)
        while start and "" in (self.now[row][start][0], wanted[row][start][0]):
            start -= 1
        while end < COLUMNS and "" in (self.now[row][end][0], wanted[row][end][0]):
            end += 1
        self.now[row][start:end] = wanted[row][start:end]
        return drawn(row, start, wanted[row][start:end])


def screen() -> tuple[pyte.Screen, pyte.Stream]:
    made = pyte.Screen(COLUMNS, ROWS)
    made.reset_mode(pyte.modes.DECAWM)  # Textual switches wrapping off
    return made, pyte.Stream(made)


def seen(shown: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """The cells as they look: of a blank the background alone, unless there is a line."""
    return [[_look(shown.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


def _look(cell: pyte.screens.Char) -> tuple[object, ...]:
    if cell.data == " " and not (cell.underscore or cell.strikethrough or cell.reverse):
        return " ", cell.bg
    return ("",) if cell.data == "" else tuple(cell)


@given(updates)
@settings(deadline=None, max_examples=100)
def test_the_screen_is_the_same_as_if_everything_had_been_sent(
    story: list[tuple[list[list[Cell]], list[tuple[int, int, int]] | None]],
) -> None:
    (whole, plainly), (sparse, frugally) = screen(), screen()
    cells, told = Cells(COLUMNS, ROWS), Story()
    for wanted, spans in [([[(" ", "")] * COLUMNS] * ROWS, None), *story]:
        update = told.update(wanted, spans)
        plainly.feed(update)
        assert cells.read(update)
        frugally.feed(cells.changes())
        assert seen(sparse) == seen(whole)
        assert (sparse.cursor.x, sparse.cursor.y) == (whole.cursor.x, whole.cursor.y)
        assert sparse.cursor.attrs == sparse.default_char


@given(updates)
@settings(deadline=None, max_examples=50)
def test_what_was_forgotten_is_sent_again_whole(
    story: list[tuple[list[list[Cell]], list[tuple[int, int, int]] | None]],
) -> None:
    (whole, plainly), (sparse, frugally) = screen(), screen()
    cells, told = Cells(COLUMNS, ROWS), Story()
    for wanted, spans in [([[(" ", "")] * COLUMNS] * ROWS, None), *story]:
        update = told.update(wanted, spans)
        plainly.feed(update)
        assert cells.read(update)
    cells.changes()
    frugally.feed("\x1b[31mnonsense\x1b[2;3Hmore of it")
    cells.forget()
    frugally.feed(cells.changes())
    assert seen(sparse) == seen(whole)


@given(updates)
@settings(deadline=None, max_examples=50)
def test_the_same_again_costs_nothing(
    story: list[tuple[list[list[Cell]], list[tuple[int, int, int]] | None]],
) -> None:
    cells, told = Cells(COLUMNS, ROWS), Story()
    for wanted, spans in [([[(" ", "")] * COLUMNS] * ROWS, None), *story]:
        assert cells.read(told.update(wanted, spans))
    cells.changes()
    assert cells.read(told.update(told.now, None))
    assert cells.changes() == ""


def test_one_changed_digit_costs_a_few_bytes() -> None:
    cells = Cells(80, 24)
    line = "\x1b[10;1H\x1b[38;2;200;200;200;48;2;18;18;18mbatch 17 of 354\x1b[0m\x1b[1;1H"
    cells.read(line)
    cells.changes()
    assert cells.read(line.replace("17", "18"))
    sent = cells.changes()
    assert sent == "\x1b[10;8H\x1b[38;2;200;200;200;48;2;18;18;18m8\x1b[m\x1b[H"


def test_what_is_not_drawing_is_not_read() -> None:
    for strange in (
        "\x1b[2J",
        "a\tb",
        "\x1b[3;1Hok\x1b[K",
        "\x1b]8;;https://example.org\x1b\\here",
        "a" * 15,
        "\n" * 9 + "a",
    ):
        assert not Cells(COLUMNS, ROWS).read(strange), strange
