"""The painter, against pyte: a terminal emulator that knows nothing of it."""

import pyte
from hypothesis import example, given
from hypothesis import strategies as st

from fastai_tui.app.painter import Painter
from fastai_tui.app.text import cells

STYLES = {"": ("default", False), "31": ("red", False), "1": ("default", True), "1;32": ("green", True)}
characters = st.sampled_from("ab ·⠋█日é\x07")
piece = st.tuples(st.sampled_from(sorted(STYLES)), st.text(characters, max_size=8))
line = st.lists(piece, max_size=4).map(lambda pieces: "".join(f"\x1b[{s}m{t}\x1b[m" for s, t in pieces))
frames = st.lists(st.lists(line, max_size=8), min_size=1, max_size=6)


class Terminal:
    """An emulated terminal with something on it already."""

    def __init__(self, columns: int, rows: int, before: int = 0) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=1000, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        for i in range(before):
            self.stream.feed(f"p {i}\r\n".encode())

    def line(self, y: int) -> list[tuple[str, str, bool]]:
        row = self.screen.buffer[y]
        return [(row[x].data, row[x].fg, row[x].bold) for x in range(self.screen.columns)]

    def text(self) -> list[str]:
        return [text.rstrip() for text in self.screen.display]


def expected(text: str, columns: int) -> list[tuple[str, str, bool]]:
    """The cells that a reader of `text` would draw, written down without the painter."""
    row = cells(text)
    if len(row) > columns and row[columns][0] == "":
        row = [*row[: columns - 1], (" ", "")]
    shown = [(character, *STYLES[style]) for character, style in row[:columns]]
    return shown + [(" ", "default", False)] * (columns - len(shown))


def seen(row: list[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    """Cells as they look: the style of a blank cannot be seen, nor that of a wide character's second cell."""
    return [(c, "", False) if c in (" ", "") else (c, fg, bold) for c, fg, bold in row]


@given(frames, st.integers(4, 20), st.integers(2, 10), st.integers(0, 12))
@example([["日本日"], ["a日本"]], 5, 3, 0)
def test_the_screen_shows_the_last_frame_whatever_came_before(
    story: list[list[str]], columns: int, rows: int, before: int
) -> None:
    terminal = Terminal(columns, rows, before)
    painter = Painter(terminal.stream.feed)
    for frame in story:
        painter.paint(frame, columns, rows)
    height = min(max(len(f) for f in story), rows)
    first = min(min(before, rows - 1), rows - max(height, 1))
    for i in range(height):
        text = story[-1][i] if i < len(story[-1]) else ""
        assert seen(terminal.line(first + i)) == seen(expected(text, columns))


@given(frames, st.integers(2, 8))
def test_what_was_above_stays_above(story: list[list[str]], rows: int) -> None:
    terminal = Terminal(12, rows, 3)
    painter = Painter(terminal.stream.feed)
    for frame in story:
        painter.paint(frame, 12, rows)
    above = ["".join(line[x].data for x in range(12)).rstrip() for line in terminal.screen.history.top]
    assert (above + terminal.text())[:3] == ["p 0", "p 1", "p 2"]


def test_an_unchanged_frame_sends_nothing() -> None:
    terminal = Terminal(20, 5)
    painter = Painter(terminal.stream.feed)
    painter.paint(["one", "\x1b[31mtwo\x1b[m"], 20, 5)
    before = painter.sent
    painter.paint(["one", "\x1b[31mtwo\x1b[m"], 20, 5)
    assert painter.sent == before


def test_one_changed_digit_costs_a_few_bytes() -> None:
    terminal = Terminal(80, 24)
    painter = Painter(terminal.stream.feed)
    painter.paint(["x" * 80] * 20 + ["batch 17 of 354"], 80, 24)
    before = painter.sent
    painter.paint(["x" * 80] * 20 + ["batch 18 of 354"], 80, 24)
    assert painter.sent - before <= 8
    assert terminal.text()[20] == "batch 18 of 354"


def test_a_resize_draws_everything_anew() -> None:
    terminal = Terminal(20, 6, 2)
    painter = Painter(terminal.stream.feed)
    painter.paint(["first line", "second line"], 20, 6)
    terminal.screen.resize(4, 12)
    painter.paint(["first", "second", "third"], 12, 4)
    assert terminal.text() == ["first", "second", "third", ""]


def test_leaving_keeps_the_frame_and_gives_the_cursor_back_below_it() -> None:
    terminal = Terminal(20, 6, 1)
    painter = Painter(terminal.stream.feed)
    painter.paint(["one", "\x1b[1mtwo\x1b[m", ""], 20, 6)
    assert terminal.screen.cursor.hidden
    painter.leave()
    terminal.stream.feed(b"$ ")
    assert terminal.text() == ["p 0", "one", "two", "$", "", ""]
    assert not terminal.screen.cursor.hidden
    assert not terminal.screen.cursor.attrs.bold


def test_a_frame_as_tall_as_the_terminal_is_whole_after_leaving() -> None:
    terminal = Terminal(10, 4, 3)
    painter = Painter(terminal.stream.feed)
    painter.paint(["1", "2", "3", "4", "cut"], 10, 4)
    assert terminal.text() == ["1", "2", "3", "4"]
    painter.leave()
    assert terminal.text() == ["2", "3", "4", ""]


def test_forgetting_starts_a_new_block_below() -> None:
    terminal = Terminal(20, 8)
    painter = Painter(terminal.stream.feed)
    painter.paint(["one", "two"], 20, 8)
    painter.leave()
    terminal.stream.feed(b"[1]+ Stopped\r\n")
    painter.paint(["one", "three"], 20, 8)
    assert terminal.text()[:5] == ["one", "two", "[1]+ Stopped", "one", "three"]
