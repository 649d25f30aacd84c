"""Influence: the gradient by position, against hooks and finite differences; and what is read off it."""

import math

import pytest
import torch
from hypothesis import given as drawn
from hypothesis import strategies as st

from fastai_tui.engine import expectations
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.expectations import Influence, farthest, mean, mean_places, reach, shares, strength
from fastai_tui.engine.interpret import influence
from fastai_tui.engine.interpret.text_model import TextModel
from fastai_tui.lessons.experiments.char_lm import NETWORKS
from tests.unit.text_networks import TEXT, VOCABULARY, WINDOWS, given, lent, network

PLACE = 15


def score(made: torch.nn.Module, read: torch.Tensor, token: int) -> torch.Tensor:
    return made(read)[-1].log_softmax(0)[token]


def by_hooks(name: str, text: str, place: int) -> list[float]:
    """The gradients' lengths for all that a network was given, the nearest first, caught in its embedding."""
    made, tokens, made_of = network(name), VOCABULARY.encode(text), list[torch.Tensor]()

    def catch(module: object, inputs: object, output: torch.Tensor) -> torch.Tensor:
        made_of.append(output)
        return output

    made.embedding.register_forward_hook(catch)
    gradients = torch.autograd.grad(score(made, given(name, tokens[:place]), tokens[place]), made_of)
    each = gradients[0][0] if len(gradients) == 1 else torch.cat(gradients)  # in one go, or a character at a time
    return each.norm(dim=1).flip(0).tolist()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("place", [0, 1, 5, PLACE, len(TEXT) - 1])
def test_it_is_the_length_of_the_gradient(name: str, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, name)
    found = influence.answer("0007", TEXT, [place])
    expected = by_hooks(name, TEXT, place)[:place]
    assert found.norms[0][: len(expected)] == pytest.approx(expected, rel=1e-6)
    assert len(found.norms[0]) == place
    assert found.targets == [TEXT[place]]
    tokens = VOCABULARY.encode(TEXT)
    with torch.no_grad():
        chance = score(network(name), given(name, tokens[:place]), tokens[place]).exp()
    assert found.chances == pytest.approx([float(chance)])


@pytest.mark.parametrize("name", WINDOWS)
def test_before_the_window_there_is_none_at_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, name)
    found = influence.answer("0007", TEXT, [PLACE])
    window = WINDOWS[name]
    assert found.window == window
    assert all(norm > 0 for norm in found.norms[0][:window])
    assert found.norms[0][window:] == [0.0] * (PLACE - window)
    assert farthest(found.norms[0]) <= window
    assert reach(found.norms[0]) <= window


@pytest.mark.parametrize("name", ["stateful", "gru", "lstm", "cell"])
def test_a_state_carries_influence_from_the_very_first(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, name)
    assert all(norm > 0 for norm in influence.answer("0007", TEXT, [PLACE]).norms[0])


def nudged(name: str, at: int, number: int, by: float) -> float:
    """The prediction, with one number of the embedding at one position a little different."""
    made, tokens, seen = network(name), VOCABULARY.encode(TEXT), [0]

    def nudge(module: object, inputs: object, output: torch.Tensor) -> torch.Tensor:
        rows = (output if output.dim() == 3 else output[:, None]).clone()
        if 0 <= at - seen[0] < rows.shape[1]:
            rows[0, at - seen[0], number] += by
        seen[0] += rows.shape[1]
        return rows.view_as(output)

    made.embedding.register_forward_hook(nudge)
    with torch.no_grad():
        return float(score(made, given(name, tokens[:PLACE]), tokens[PLACE]))


@pytest.mark.parametrize("name", ["loop", "lstm"])
def test_it_is_what_finite_differences_find(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, name)
    back, step = 3, 1e-6
    at = given(name, VOCABULARY.encode(TEXT)[:PLACE]).shape[1] - back
    slopes = [(nudged(name, at, i, step) - nudged(name, at, i, -step)) / (2 * step) for i in range(6)]
    assert influence.answer("0007", TEXT, [PLACE]).norms[0][back - 1] == pytest.approx(math.hypot(*slopes), rel=1e-4)


@pytest.mark.parametrize("name", ["rnn", "seq", "gru", "lstm-by-hand"])
def test_many_places_at_once_are_as_each_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, name)
    places = [0, 3, 9, len(TEXT)]
    together = influence.answer("0007", TEXT, places, likeliest=True)
    for i, place in enumerate(places):
        alone = influence.answer("0007", TEXT, [place], likeliest=True)
        assert together.norms[i] == pytest.approx(alone.norms[0], rel=1e-6)
        assert together.targets[i] == alone.targets[0]


def test_the_likeliest_is_asked_for_where_nothing_came(monkeypatch: pytest.MonkeyPatch) -> None:
    made, tokens = lent(monkeypatch, influence, "gru"), VOCABULARY.encode(TEXT)
    with torch.no_grad():
        best = VOCABULARY.decode([int(made(given("gru", tokens))[-1].argmax())])
    assert influence.answer("0007", TEXT, [len(TEXT)]).targets == [best]


def test_equal_characters_do_not_share_their_influence(monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, "gru")
    norms = influence.answer("0007", "aaaaaaa", [6]).norms[0]
    assert len({round(norm, 12) for norm in norms}) == 6


def test_nothing_is_left_in_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    model = TextModel("x", 0, network("lstm"), VOCABULARY, 0)
    before = {name: weight.clone() for name, weight in model.network.state_dict().items()}
    monkeypatch.setattr(influence, "text_model", lambda source: model)
    first = influence.answer("x", TEXT, [PLACE])
    assert influence.answer("x", TEXT, [PLACE]) == first
    assert all(torch.equal(before[name], weight) for name, weight in model.network.state_dict().items())
    assert all(weight.grad is None for weight in model.network.parameters())


@pytest.mark.parametrize("places", [[], [-1], [len(TEXT) + 1], list(range(20)) * 4])
def test_places_out_of_bounds_are_refused(places: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, influence, "gru")
    with pytest.raises(BadInput, match=f"from 0 to {len(TEXT)}"):
        influence.answer("0007", TEXT, places)


# What is read off


def test_reach_and_shares_by_hand() -> None:
    norms = [5.0, 3.0, 1.0, 0.96, 0.04, 0.0]
    assert shares(norms) == pytest.approx([0.5, 0.3, 0.1, 0.096, 0.004, 0])
    assert (reach(norms), reach(norms, 0.5), reach(norms, 0.95)) == (3, 1, 4)
    assert farthest(norms) == 4
    assert (reach([]), farthest([]), reach([0.0, 0.0]), farthest([0.0]), shares([0.0])) == (0, 0, 0, 0, [0.0])


@drawn(st.lists(st.floats(0, 10), min_size=1, max_size=40).filter(any))
def test_the_reach_holds_nine_tenths_and_one_less_does_not(norms: list[float]) -> None:
    found = reach(norms)
    assert sum(norms[:found]) >= expectations.MOST * sum(norms) * (1 - 1e-12)
    assert sum(norms[: found - 1]) < expectations.MOST * sum(norms)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 17, 33, 200])
def test_the_mean_is_over_the_second_half(length: int) -> None:
    places = mean_places(length)
    assert 1 <= len(places) <= expectations.PLACES
    assert len(set(places)) == len(places)
    assert all(length / 2 <= place <= length for place in places)


def test_the_mean_is_that_of_shares_as_far_back_as_all_have_text() -> None:
    found = Influence(
        places=[2, 3],
        norms=[[3.0, 1.0], [1.0, 1.0, 6.0]],
        targets=["a", "b"],
        chances=[0.5, 0.5],
        window=0,
        unknown="",
        source="x",
        step=0,
        network="X",
    )
    assert mean(found) == pytest.approx([0.625, 0.375])


def test_the_scale_is_logarithmic() -> None:
    assert [strength(norm, 2.0, 4) for norm in (2.0, 0.02, 0.0002, 1e-9, 0.0)] == pytest.approx([1, 0.5, 0, 0, 0])
    assert strength(0.0, 0.0, 4) == 0
