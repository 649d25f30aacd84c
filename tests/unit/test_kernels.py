"""Ready-made kernels and one's own; the whole map in plain Python, against PyTorch."""

from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine.convolution import Kernel, convolve, parse_kernel, plain_map
from fastai_tui.engine.data import digits
from fastai_tui.lessons import kernels, own_kernel

WEIGHTS = st.integers(-99, 99)
SQUARES = st.sampled_from([1, 2, 3, 5]).flatmap(
    lambda n: st.lists(st.lists(WEIGHTS, min_size=n, max_size=n).map(tuple), min_size=n, max_size=n).map(tuple)
)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(-1, 1), st.integers(-1, 1)),
        st.tuples(st.just("put"), st.integers(-200, 200)),
        st.tuples(st.just("undo")),
        st.tuples(st.just("take"), st.sampled_from(list(kernels.KNOWN))),
    )
)


@settings(max_examples=60, deadline=None)
@given(SQUARES, st.integers(0, digits.COUNT - 1))
def test_the_plain_map_is_pytorchs(rows: tuple[tuple[int, ...], ...], row: int) -> None:
    pixels, _ = digits.digit(row)
    expected = F.conv2d(
        torch.tensor(pixels, dtype=torch.float64)[None, None], torch.tensor(rows, dtype=torch.float64)[None, None]
    )[0, 0]
    found = plain_map(pixels, Kernel(None, rows))
    assert torch.equal(torch.tensor(found, dtype=torch.float64), expected)
    assert [list(line) for line in found] == convolve(pixels, Kernel(None, rows)).tolist()


@given(SQUARES)
def test_a_kernel_in_a_word_is_read_back(rows: tuple[tuple[int, ...], ...]) -> None:
    written = kernels.argument(Kernel(None, rows))
    if len(rows) > 1 or len(rows[0]) > 1:
        assert parse_kernel(written).rows == rows
    assert kernels.kernel(written).rows == rows


def test_every_name_is_read_back_and_what_the_command_line_takes_for_it_is_the_same_kernel() -> None:
    for name, rows in kernels.KNOWN.items():
        found = kernels.kernel(name)
        assert (kernels.word(found), found.rows) == (name, rows)
        assert parse_kernel(kernels.argument(found)).rows == rows
        assert kernels.known_as(found) == name
        assert kernels.ABOUT[name]


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))
def test_nonsense_is_the_default(wanted: object) -> None:
    found = kernels.kernel(wanted)
    assert found.rows == kernels.KNOWN["top_edge"] or isinstance(wanted, str)


def test_the_ring_of_kernels_closes_and_holds_a_step_s_own() -> None:
    special = parse_kernel("1,2,3;4,5,6;7,8,9")
    met, now = [], special
    for _ in range(len(kernels.KNOWN) + 1):
        met.append(kernels.word(now))
        now = kernels.beside(now, 1, special)
    assert now == special
    assert len(set(met)) == len(kernels.KNOWN) + 1
    assert kernels.beside(kernels.beside(special, 1, special), -1, special) == special


@given(SQUARES)
def test_no_sum_is_beyond_reach_and_the_ends_are_reached(rows: tuple[tuple[int, ...], ...]) -> None:
    weights = torch.tensor(rows, dtype=torch.float64)
    low, high = kernels.reach(Kernel(None, rows))
    assert low == 255 * weights.clamp(max=0).sum().item()
    assert high == 255 * weights.clamp(min=0).sum().item()


def edited(own: own_kernel.OwnKernel, what: str, *how: Any) -> own_kernel.OwnKernel:
    if what == "take":
        return own.with_rows(kernels.KNOWN[how[0]])
    if what == "undo":
        return own.undone()
    return own.moved(*how) if what == "move" else own.put(*how)


@given(EDITS)
def test_editing_keeps_within_bounds_counts_changes_and_can_be_taken_back(edits: list[tuple]) -> None:
    own = own_kernel.OwnKernel()
    for what, *how in edits:
        before = own
        own = edited(before, what, *how)
        if what in ("put", "take"):
            changed = own.rows != before.rows
            assert own.edits == before.edits + changed
            assert not changed or own.undone().rows == before.rows
        if what == "put":
            assert own.weight == min(max(how[0], -99), 99)
    assert all(abs(weight) <= 99 for row in own.rows for weight in row)
    assert own_kernel.read(kernels.cells(own.rows), own.edits).rows == own.rows


@given(st.one_of(st.none(), st.text(), st.integers(), st.just("1e9,1;2,3")), st.one_of(st.none(), st.integers()))
def test_a_damaged_own_kernel_is_a_fresh_one(text: object, edits: object) -> None:
    own = own_kernel.read(text, edits)
    assert own.edits >= 0
    assert len(own.rows) <= 5
