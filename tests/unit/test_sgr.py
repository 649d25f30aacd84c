"""Changes of style, against pyte's understanding of them."""

import pyte
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.app.sgr import change, on_blank

foregrounds = st.sampled_from(("", "31", "97", "38;5;208", "38;2;1;2;3"))
backgrounds = st.sampled_from(("", "41", "102", "48;5;17", "48;2;9;8;7"))
attributes = st.lists(st.sampled_from(("1", "3", "4", "7", "9")), unique=True)
styles = st.tuples(attributes, foregrounds, backgrounds).map(
    lambda parts: ";".join(code for code in (*parts[0], *parts[1:]) if code)
)


def worn(sequences: str) -> pyte.screens.Char:
    screen = pyte.Screen(4, 1)
    pyte.Stream(screen).feed(sequences)
    return screen.cursor.attrs


@given(styles, styles)
def test_a_change_leads_to_the_style_by_no_more_than_starting_over_would_take(old: str, new: str) -> None:
    sent = change(old, new)
    assert worn(f"\x1b[{old}m{sent}") == worn(f"\x1b[{new}m")
    assert len(sent) <= len(f"\x1b[0;{new}m")


@given(styles)
def test_a_style_needs_no_change_to_itself(style: str) -> None:
    assert change(style, style) == ""


@given(styles)
def test_a_blank_looks_the_same_in_what_is_left_of_its_style(style: str) -> None:
    whole, left = worn(f"\x1b[{style}m"), worn(f"\x1b[{on_blank(style)}m")
    assert (whole.bg, whole.reverse, whole.underscore) == (left.bg, left.reverse, left.underscore)
