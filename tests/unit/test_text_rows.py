"""A text folded and shaded: nothing is lost or doubled, the cursor is always seen, with and without colours."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app.halfblocks import amount
from fastai_tui.app.text import char_width
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.text_rows import Shaded, bar, bars, behind, draw, folded, moved, seen
from fastai_tui.app.tui.sheet import Paint, Sheet, Sight

TEXTS = st.text(st.sampled_from("ab é漢\u0301\n\t.-"), max_size=120)


@settings(max_examples=200)
@given(TEXTS, st.integers(1, 30))
def test_lines_hold_every_character_once_and_are_never_too_wide(text: str, width: int) -> None:
    lines = folded(text, width)
    assert [place for first, last in lines for place in range(first, last)] == list(range(len(text) + 1))
    for first, last in lines:
        cells = sum(char_width(seen(character)) for character in (text + " ")[first:last])
        assert cells <= max(width, 2)
        assert last > first
        assert "\n" not in text[first : last - 1]


def test_words_are_kept_whole_unless_that_leaves_too_little() -> None:
    def lines(text: str, width: int) -> list[str]:
        return [(text + "|")[first:last] for first, last in folded(text, width)]

    assert lines("the cat sat", 9) == ["the cat ", "sat|"]
    assert lines("a expression", 9) == ["a express", "ion|"]
    assert lines("ab\ncd", 9) == ["ab\n", "cd|"]
    assert lines("", 9) == ["|"]
    assert lines("abcd", 4) == ["abcd", "|"]


@given(TEXTS, st.integers(1, 30), st.integers(0, 120), st.integers(-3, 3))
def test_moving_by_lines_stays_in_the_text(text: str, width: int, at: int, lines: int) -> None:
    at = min(at, len(text))
    assert 0 <= moved(text, width, at, lines) <= len(text)
    assert moved(text, width, at, 0) == at


def test_moving_by_lines_keeps_the_column() -> None:
    assert folded("the cat sat there", 10) == ((0, 8), (8, 18))
    assert moved("the cat sat there", 10, 2, 1) == 10
    assert moved("the cat sat there", 10, 10, -1) == 2
    assert moved("the cat sat there", 10, 2, -1) == 2


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("size", [(40, 12), (40, 2), (7, 3), (1, 1), (3, 0)])
def test_the_cursor_is_seen_wherever_it_is(depth: str, unicode: bool, size: tuple[int, int]) -> None:
    text = "a 漢 b " * 9
    for at in range(len(text) + 1):
        sheet = Sheet(*size, Sight(depth, unicode))  # type: ignore[arg-type]
        taken = draw(sheet, Area(0, 0, *size), Shaded(text, [i / 60 for i in range(len(text))], amount(1), at))
        assert taken <= size[1]
        if size[0] > 1 and size[1]:
            assert any(style == "cursor" for row in sheet.rows for _, style in row)


def test_a_line_gets_as_many_rows_of_bars_as_fit_and_one_where_colours_can_not_tell() -> None:
    assert [bars(Sight(), rows, 2) for rows in (2, 3, 4, 8, 100)] == [0, 0, 1, 3, 8]
    assert [bars(Sight("none"), rows, 4) for rows in (1, 2, 100)] == [0, 1, 8]
    assert bars(Sight("truecolor", unicode=False), 100, 2) == 1


@pytest.mark.parametrize(
    ("value", "rows", "expected"),
    [(1.0, 2, "██"), (0.5, 2, "█ "), (0.75, 2, "█▄"), (1e-9, 1, "▁"), (0.0, 1, " "), (5.0, 1, "█")],
)
def test_bars_grow_from_their_foot(value: float, rows: int, expected: str) -> None:
    sheet = Sheet(1, rows)
    bar(sheet, 0, 0, rows, amount(1), value)
    assert "".join(sheet.rows[row][0][0] for row in reversed(range(rows))) == expected


@pytest.mark.parametrize(
    ("value", "rows", "expected"), [(1.0, 1, "@"), (0.5, 2, "# "), (1e-9, 2, "# "), (0.0, 2, "  ")]
)
def test_in_ascii_a_row_is_a_ramp_and_several_are_bars(value: float, rows: int, expected: str) -> None:
    sheet = Sheet(1, rows, Sight("none", unicode=False))
    bar(sheet, 0, 0, rows, amount(1), value)
    assert "".join(sheet.rows[row][0][0] for row in reversed(range(rows))) == expected


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
def test_what_stands_on_a_colour_is_read(depth: str) -> None:
    for step in range(11):
        paint = behind(amount(1), step / 10, Sight(depth))  # type: ignore[arg-type]
        assert isinstance(paint, Paint)
        assert paint.front != paint.back
    dark, light = (behind(amount(1), value, Sight()).front for value in (0.0, 1.0))
    assert (dark, light) == ((255, 255, 255), (0, 0, 0))
