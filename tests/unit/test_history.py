"""The costs of an uncut history: what is counted and measured, against plain passes over the same text."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fastai_tui.engine import history
from fastai_tui.engine.data.text import text
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.history import STREAMS, Measured
from fastai_tui.engine.history_costs import Costs
from fastai_tui.engine.models.char_state import CharStatefulRnn

pytestmark = pytest.mark.usefixtures("one_thread")

BPTT, HIDDEN, BATCHES = 5, 24, 6


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    monkeypatch.setattr(history, "_measured", {})
    return Measured("pydocs", BPTT, HIDDEN, 3)


def grown(measured: Measured, batches: int = BATCHES) -> list[Costs]:
    for _ in range(batches):
        measured.grow()
    return measured.points


def plain_gradient(network: CharStatefulRnn, tokens: Tensor, *, whole: bool) -> Tensor:
    """Of the last batch's loss, by a loop over all characters, with nothing cut off or everything before that batch."""
    network = copy.deepcopy(network)
    network.zero_grad()
    rnn = network.rnn
    h = torch.zeros(STREAMS, HIDDEN)
    first = tokens.shape[1] - 1 - BPTT
    states = []
    for t in range(tokens.shape[1] - 1):
        if t == first and not whole:
            h = h.detach()
        x = network.embedding(tokens[:, t])
        h = torch.tanh(x @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + h @ rnn.weight_hh_l0.T + rnn.bias_hh_l0)
        states.append(h)
    logits = network.to_output(torch.stack(states[first:], 1)).flatten(0, 1)
    cross_entropy(logits, tokens[:, first + 1 :].flatten()).backward()
    return torch.cat([p.grad.flatten() for p in network.parameters()])  # type: ignore[union-attr]


def test_the_gradient_goes_through_a_layer_for_every_character_read(measured: Measured) -> None:
    points = grown(measured)
    assert [p.uncut.layers for p in points] == [BPTT * (i + 1) for i in range(BATCHES)]
    assert {p.cut.layers for p in points} == {BPTT}


def test_the_memory_of_an_uncut_history_grows_by_what_each_batch_is_read_with(measured: Measured) -> None:
    points = grown(measured)
    assert len({p.cut.memory for p in points}) == 1
    growth = {b.uncut.memory - a.uncut.memory for a, b in pairwise(points)}
    assert len(growth) == 1
    numbers = BPTT * STREAMS * (HIDDEN + measured.uncut.network.embedding.embedding_dim)  # states and inputs
    assert 4 * numbers <= growth.pop() <= 1.5 * 4 * numbers
    assert points[0].uncut.memory == points[0].cut.memory


def test_the_bytes_are_those_that_the_graph_holds(measured: Measured) -> None:
    side = measured.cut
    xb, yb = next(measured.batches)
    kept: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    cost, _ = side.read(xb, yb)
    other = copy.deepcopy(side.network)
    other.reset_state()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = cross_entropy(other(xb), yb)
    weights = {p.untyped_storage().data_ptr() for p in other.parameters()}
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in kept}
    assert cost.memory == sum(size for at, size in storages.items() if at not in weights)
    del loss
    assert side.memory() == 0  # the graph has gone with the loss


def test_what_the_cut_takes_away_is_the_difference_of_two_plain_gradients(measured: Measured) -> None:
    network = copy.deepcopy(measured.cut.network)
    points = grown(measured)
    tokens = measured.loader.streams[:, : BPTT * BATCHES + 1].long()
    whole, short = (plain_gradient(network, tokens, whole=each) for each in (True, False))
    assert points[-1].differs == pytest.approx(float((whole - short).norm() / whole.norm()), rel=1e-3)
    assert points[0].differs == 0
    assert points[-1].differs > 0.01


def test_a_longer_way_back_takes_longer(measured: Measured) -> None:
    last = grown(measured, 24)[-1]
    assert last.uncut.seconds > 4 * last.cut.seconds > 0


def test_the_weights_stay_as_they_are(measured: Measured) -> None:
    before = [p.clone() for p in measured.uncut.network.parameters()]
    grown(measured)
    for side in (measured.uncut, measured.cut):
        assert all(torch.equal(a, b) for a, b in zip(before, side.network.parameters(), strict=True))


def test_asked_for_more_it_goes_on_and_asked_for_fewer_it_measures_nothing_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "_measured", {})
    monkeypatch.setattr(history, "LOOK", 60.0)
    threads = torch.get_num_threads()
    first = history.answer(4, bptt=BPTT, hidden=HIDDEN)
    assert len(first.points) == 4
    assert history.answer(2, bptt=BPTT, hidden=HIDDEN).points == first.points[:2]
    more = history.answer(6, bptt=BPTT, hidden=HIDDEN)
    assert more.points[:4] == first.points
    assert len(more.points) == 6
    assert not more.full
    assert more.batches == -(-(len(text("pydocs").train) // STREAMS - 1) // BPTT)
    assert len(history.answer(3, bptt=BPTT + 1, hidden=HIDDEN).points) == 3
    assert torch.get_num_threads() <= max(threads, 1)


def test_one_request_takes_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_measured", {})
    monkeypatch.setattr(history, "LOOK", 0.02)
    found = history.answer(400, bptt=BPTT, hidden=HIDDEN)
    assert 0 < len(found.points) < 400
    assert not found.full


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_measured", {})
    monkeypatch.setattr(history, "LOOK", 60.0)
    monkeypatch.setattr(history, "MOST", 100_000)
    found = history.answer(50, bptt=BPTT, hidden=HIDDEN)
    assert found.full
    assert found.points[-2].uncut.memory <= 100_000
    assert len(found.points) < 50


def test_no_network_is_made_of_nothing() -> None:
    with pytest.raises(BadInput):
        history.answer(1, bptt=0)
