"""Which keys are told where there is room for few."""

from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.app.tui.widgets.keyline import chosen, flowed

KEYS = [("arrows", "move"), ("space", "step"), ("d", "digit"), ("h", "hint"), ("n", "next"), ("c", "code")]
KEY = st.tuples(st.text("abc", min_size=1, max_size=6), st.text("xyz", min_size=1, max_size=9))


def test_what_must_be_told_goes_before_what_comes_first() -> None:
    assert chosen(KEYS, {"hint", "next"}, 30, 1) == [[("arrows", "move"), ("h", "hint"), ("n", "next")]]
    assert chosen(KEYS, set(), 30, 1) == [[("arrows", "move"), ("space", "step")]]


def test_two_lines_tell_more() -> None:
    assert chosen(KEYS, {"hint"}, 31, 2) == [KEYS[:2], KEYS[2:]]


@given(st.lists(KEY, max_size=12), st.integers(1, 60))
def test_nothing_is_lost_broken_or_out_of_order(keys: list[tuple[str, str]], room: int) -> None:
    lines = flowed(keys, room)
    assert [key for line in lines for key in line] == keys
    for line in lines:
        taken = sum(len(key) + 1 + len(does) for key, does in line) + 2 * (len(line) - 1)
        assert taken <= room or len(line) == 1


@given(st.lists(KEY, unique=True, max_size=12), st.integers(20, 60), st.integers(1, 3))
def test_it_takes_no_more_lines_than_there_are(keys: list[tuple[str, str]], room: int, lines: int) -> None:
    found = [key for line in chosen(keys, set(), room, lines) for key in line]
    assert len(flowed(found, room)) <= lines
    for key in set(keys) - set(found):
        assert len(flowed([one for one in keys if one in found or one == key], room)) > lines
