"""Streams and windows against direct implementations on lists, and the state that is carried over them."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine.data import streams
from fastai_tui.engine.data.streams import StreamLoader, WindowLoader, lengths, stream_data, window_data
from fastai_tui.engine.data.text import TextSet
from fastai_tui.engine.data.vocabulary import Vocabulary
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models import char_state

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
STATEFUL = (
    char_state.CharStatefulRnn,
    char_state.CharCellRnn,
    char_state.CharGru,
    char_state.CharGruByHand,
    char_state.CharLstm,
    char_state.CharLstmByHand,
)


def text_of(count: int, held: int = 100) -> TextSet:
    tokens = np.arange(count + held) % 50
    itos = ("<unk>", "<pad>", "<eos>", *map(chr, range(97, 144)))
    return TextSet("a", "path", tokens[:count], tokens[count:], Vocabulary(itos), 47)


def reference(tokens: list[int], bs: int, sizes: list[int]) -> list[tuple[list[list[int]], list[int]]]:
    """The batches as one would write them down: cut the text into `bs` pieces, then take `size` characters of each at
    a time, and as targets the characters after them."""
    long = len(tokens) // bs
    pieces = [tokens[i * long : (i + 1) * long] for i in range(bs)]
    found, at = [], 0
    for size in sizes:
        xb = [piece[at : at + size] for piece in pieces]
        yb = [piece[at + 1 : at + size + 1] for piece in pieces]
        found.append((xb, [token for row in yb for token in row]))
        at += size
    return found


def plain(batches: object) -> list[tuple[list[list[int]], list[int]]]:
    return [(xb.tolist(), yb.tolist()) for xb, yb in batches]  # type: ignore[attr-defined]


@given(
    count=st.integers(2, 600),
    bs=st.integers(1, 20),
    bptt=st.integers(1, 40),
    seed=st.none() | st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 3),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_batches_are_those_of_the_reference_from_wherever_they_begin(
    count: int, bs: int, bptt: int, seed: int | None, epoch: int, data: st.DataObject
) -> None:
    bs = min(bs, count // 2)
    tokens = list(range(count))  # every character another one
    loader = StreamLoader(torch.tensor(tokens, dtype=torch.int16), bs=bs, bptt=bptt, seed=seed)
    sizes = [xb.shape[1] for xb, _ in loader.batches(epoch)]
    assert len(sizes) == len(loader)
    assert sum(sizes) == count // bs - 1
    if seed is None:
        assert all(size == bptt for size in sizes[:-1])
        assert sizes[-1] <= bptt
    expected = reference(tokens, bs, sizes)
    assert plain(loader.batches(epoch)) == expected
    start = data.draw(st.integers(0, len(loader)))
    assert plain(loader.batches(epoch, start)) == expected[start:]


@given(count=st.integers(2, 600), bs=st.integers(1, 20), bptt=st.integers(1, 40), seed=st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_every_character_but_each_streams_first_is_a_target_once_and_the_tail_never(
    count: int, bs: int, bptt: int, seed: int
) -> None:
    bs = min(bs, count // 2)
    loader = StreamLoader(torch.arange(count), bs=bs, bptt=bptt, seed=seed)
    long = count // bs
    firsts, tail = set(range(0, long * bs, long)), set(range(long * bs, count))
    assert len(tail) == count % bs
    for epoch in (0, 1):
        targets = Counter(int(token) for _, yb in loader.batches(epoch) for token in yb)
        assert set(targets) == set(range(count)) - firsts - tail
        assert set(targets.values()) <= {1}
        assert loader.items == sum(targets.values())


def test_lengths_are_drawn_around_bptt() -> None:
    drawn = lengths(2_000_000, 70, 1)
    assert drawn.sum() == 2_000_000
    kept = drawn[:-1]
    assert kept.min() >= 5
    halved = (kept < 52).mean()  # 3.5 deviations below 70, 3.4 above 35
    assert 0.045 < halved < 0.055
    whole = kept[kept >= 52]
    assert abs(whole.mean() - 69.5) < 0.15  # the fraction is cut off
    assert abs(whole.std() - 5) < 0.1
    assert abs(kept[kept < 52].mean() - 34.5) < 0.4
    assert lengths(500_000, 8, 1)[:-1].min() == 5


def test_epochs_have_the_same_lengths_in_another_order_and_seeds_have_others() -> None:
    loader = StreamLoader(torch.arange(20_000), bs=4, bptt=8, seed=3)
    first, second = (np.diff(loader.cuts(epoch)).tolist() for epoch in (0, 1))
    assert first != second
    assert sorted(first) == sorted(second)
    assert np.diff(loader.cuts(0)).tolist() == first
    other = StreamLoader(torch.arange(20_000), bs=4, bptt=8, seed=4)
    assert sorted(np.diff(other.cuts(0)).tolist()) != sorted(first)


@given(
    count=st.integers(20, 300),
    size=st.integers(1, 9),
    stride=st.integers(1, 9),
    bs=st.integers(1, 6),
    every=st.booleans(),
    seed=st.none() | st.integers(0, 99),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_windows_are_those_of_a_loop_over_the_text(
    count: int, size: int, stride: int, bs: int, every: bool, seed: int | None, data: st.DataObject
) -> None:
    tokens = list(range(count))
    loader = WindowLoader(torch.tensor(tokens), size=size, stride=stride, bs=bs, every=every, seed=seed)
    pairs = [(tokens[i : i + size], tokens[i + 1 : i + size + 1]) for i in range(0, count - size, stride)]
    expected = {tuple(x): (y if every else y[-1:]) for x, y in pairs}
    found = plain(loader.batches(0))
    assert len(found) == len(loader)
    seen = [tuple(row) for xb, _ in found for row in xb]
    assert len(set(seen)) == len(seen)
    for xb, yb in found:
        assert yb == [token for row in xb for token in expected[tuple(row)]]
    if seed is None:
        assert seen == list(expected)
    else:
        assert len(seen) == len(expected) // bs * bs
    start = data.draw(st.integers(0, len(loader)))
    assert plain(loader.batches(0, start)) == found[start:]


def test_windows_come_in_another_order_every_epoch() -> None:
    loader = WindowLoader(torch.arange(500), size=3, stride=3, bs=4, seed=1)
    assert plain(loader.batches(0)) != plain(loader.batches(1))
    assert plain(loader.batches(0)) == plain(loader.batches(0))


def test_a_very_long_text_has_its_windows_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_WINDOWS", 100)
    loader = WindowLoader(torch.arange(1000), size=8, stride=1, bs=5, seed=1)
    assert 90 <= loader.items <= 100


@pytest.mark.parametrize("network", STATEFUL)
def test_state_carried_from_batch_to_batch_equals_one_long_pass(network: type[char_state.Stateful]) -> None:
    torch.manual_seed(0)
    model = network(50, 12).double()
    loader = StreamLoader(torch.arange(1201) % 50, bs=3, bptt=8, seed=1)
    parts = []
    model.eval()
    for xb, _ in loader.batches(0):
        parts.append(model(xb).view(3, -1, 50))
    model.eval()  # an empty state again
    whole = model(loader.streams[:, :-1]).view(3, -1, 50)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-12, rtol=0)


def test_rows_go_on_where_they_stopped() -> None:
    data = stream_data(text_of(5000), bs=8, bptt=8, seed=1, device=CPU)
    for (before, _), (xb, _) in pairwise(data.train.batches(0)):
        assert ((before[:, -1] + 1) % 50 == xb[:, 0]).all()


def test_the_facts_count_tokens_and_the_vocabulary() -> None:
    facts = stream_data(text_of(5000), bs=8, bptt=8, seed=1, device=CPU).facts
    assert (facts.tokens_train, facts.tokens_valid, facts.vocabulary, facts.characters) == (5000, 100, 50, 47)
    assert (facts.train, facts.valid, facts.classes) == (5000, 100, None)


def test_little_text_to_validate_is_folded_into_fewer_streams() -> None:
    data = stream_data(text_of(5000, held=30), bs=64, bptt=8, seed=1, device=CPU)
    assert data.valid.items > 20  # type: ignore[attr-defined]
    tiny = stream_data(text_of(5000, held=2), bs=64, bptt=8, seed=1, device=CPU)
    assert tiny.valid.items == 1


@pytest.mark.parametrize(("count", "held"), [(127, 100), (1, 100), (5000, 1), (5000, 0)])
def test_a_text_too_short_for_its_streams_says_what_is_needed(count: int, held: int) -> None:
    with pytest.raises(BadInput, match=r"a has [\d,]+ characters .*give"):
        stream_data(text_of(count, held=held), bs=64, bptt=8, seed=1, device=CPU)


@pytest.mark.parametrize(("count", "held"), [(70, 100), (5000, 8), (0, 0)])
def test_a_text_too_short_for_its_windows_says_what_is_needed(count: int, held: int) -> None:
    with pytest.raises(BadInput, match=r"a has [\d,]+ characters .*give"):
        window_data(text_of(count, held=held), size=8, stride=1, bs=64, seed=1, device=CPU)
