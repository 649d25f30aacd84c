"""A paste presses no key, wherever it is cut and whatever it holds; keys outside it are what they were."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from fastai_tui.app.tui.keyboard import END, FINGERS, HEAP, LONGEST, SILENCE, START, Keyboard

CONTROLS = "".join(map(chr, range(32))) + "\x7f"
JUNK = CONTROLS + "\x1b[A\x1b[31m7 q\x1a\x03 漢\x1b[20" + "x" * 40 + "\x1b\x1b"


def keys(messages: list[events.Event]) -> list[str]:
    return [one.key for one in messages if isinstance(one, events.Key)]


def pasted(messages: list[events.Event]) -> list[str]:
    return [one.text for one in messages if isinstance(one, events.Paste)]


def read(keyboard: Keyboard, text: str, cuts: list[int], at: float = 0.0) -> list:  # type: ignore[type-arg]
    """Feed the text in pieces that end at these bytes."""
    data = text.encode()
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places) if b > a]
    return [message for piece in pieces for message in keyboard.feed(piece, at)]


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_a_paste_of_junk_presses_no_key_however_it_is_cut(cuts: list[int]) -> None:
    messages = read(Keyboard(), f"a\x1b[A{START}{JUNK * 3}{END}b\x1b[B{START}é{END}", cuts)
    assert keys(messages) == ["a", "up", "b", "down"]
    first, second = pasted(messages)
    assert second == "é"
    assert first.count("漢") == 3
    assert not set(first) & set(CONTROLS) - set("\n\t")


def test_of_a_large_paste_the_beginning_is_kept_and_the_end_is_found() -> None:
    text = "9" * 100_000
    messages = read(Keyboard(), f"{START}{text}{END}q", list(range(0, 100_000, 4095)))
    assert pasted(messages) == [text[:LONGEST]]
    assert keys(messages) == ["q"]


def test_what_is_left_out_of_a_paste_makes_no_end_of_what_stands_beside_it() -> None:
    begun = "x" * (LONGEST - 3) + END[:3]  # the last that is kept is the beginning of an END …
    messages = read(Keyboard(), START + begun + "y" * 500 + END[3:] + "q", [len(START + begun) + 500])
    assert not messages  # … and no end has come


def test_a_paste_without_an_end_is_over_when_nothing_more_comes() -> None:
    keyboard = Keyboard()
    assert not read(keyboard, START + "7 6 2", [], at=1.0)
    assert not list(keyboard.tick(1.0 + SILENCE / 2))
    assert pasted(list(keyboard.tick(1.0 + SILENCE))) == ["7 6 2"]
    assert keys(read(keyboard, "q", [], at=3.0)) == ["q"]


def test_what_comes_faster_than_fingers_type_is_no_typing() -> None:
    keyboard = Keyboard()
    assert not keys(read(keyboard, "q\x1a\x03" * FINGERS, [], at=1.0))
    assert not keys(read(keyboard, "rest", [], at=1.0 + HEAP / 2))
    assert keys(read(keyboard, "n", [], at=1.0 + HEAP)) == ["n"]


@pytest.mark.parametrize("key", ["\x1b[A", "n"])
def test_a_key_held_down_while_nobody_looks_is_typing(key: str) -> None:
    assert len(keys(read(Keyboard(), key * FINGERS, []))) == FINGERS


def test_a_mouse_that_moves_fast_is_no_heap() -> None:
    moves = "".join(f"\x1b[<35;{random.Random(n).randrange(1, 80)};{n % 24 + 1}M" for n in range(FINGERS * 3))
    messages = read(Keyboard(), moves + "q", [])
    assert sum(isinstance(one, events.MouseMove) for one in messages) == FINGERS * 3
    assert keys(messages) == ["q"]


def test_escape_alone_is_a_key_when_nothing_follows() -> None:
    keyboard = Keyboard()
    assert not read(keyboard, "\x1b", [])
    assert keyboard.waits
    assert keys(read(keyboard, "[A", [])) == ["up"]
    assert not keyboard.waits
