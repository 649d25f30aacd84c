"""Surprise: of every character what a plain pass over the text gives, with nothing left out."""

import math

import pytest
import torch
from torch.nn import functional

from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.expectations import Surprise, surprising
from fastai_tui.engine.interpret import surprise
from fastai_tui.engine.interpret.surprise import expectations
from fastai_tui.lessons.experiments.char_lm import NETWORKS
from tests.unit.text_networks import TEXT, VOCABULARY, given, lent, network


def in_one_pass(name: str, text: str) -> torch.Tensor:
    """Logits for every place of a text, each from all that stands before it."""
    tokens = VOCABULARY.encode(text)
    with torch.no_grad():
        return torch.stack([network(name)(given(name, tokens[:i]))[-1] for i in range(len(tokens) + 1)])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_character_costs_its_cross_entropy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, surprise, name)
    text = TEXT + "\nAb é"
    logits, tokens = in_one_pass(name, text), torch.tensor(VOCABULARY.encode(text))
    found = surprise.answer("0007", text, top=4)
    expected = functional.cross_entropy(logits[:-1], tokens, reduction="none")
    assert torch.allclose(torch.tensor([c.nats for c in found.characters], dtype=torch.float64), expected, atol=1e-9)
    assert found.mean == pytest.approx(float(functional.cross_entropy(logits[:-1], tokens)))
    assert [c.rank for c in found.characters] == [
        sorted(row.tolist(), reverse=True).index(float(row[token])) + 1
        for row, token in zip(logits, tokens, strict=False)
    ]
    entropy = torch.distributions.Categorical(logits=logits).entropy().tolist()
    assert [found.expected(i).entropy for i in range(len(text) + 1)] == pytest.approx(entropy)
    assert (found.source, found.step, found.unknown) == ("0007-char-lm", 30, "é")
    assert found.network == NETWORKS[name].__name__
    assert found.ignorance == pytest.approx(math.log(13))


def test_the_likeliest_are_told_in_their_order_and_padding_is_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, surprise, "gru")
    chances = in_one_pass("gru", TEXT).softmax(1)
    found = surprise.answer("0007", TEXT, top=5)
    for place in range(len(TEXT) + 1):
        order = [i for i in chances[place].argsort(descending=True).tolist() if i != 1][:5]
        told = found.expected(place).top
        assert [guess.text for guess in told] == [VOCABULARY.decode([i]) for i in order]
        assert [guess.p for guess in told] == pytest.approx(chances[place][order].tolist())


def test_the_worst_are_those_with_the_most_nats(monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, surprise, "lstm")
    found = surprise.answer("0007", TEXT)
    nats = [character.nats for character in found.characters]
    assert found.worst == nats.index(max(nats))
    assert [nats[i] for i in surprising(found)] == sorted(nats, reverse=True)


def test_an_empty_text_says_what_a_line_begins_with(monkeypatch: pytest.MonkeyPatch) -> None:
    made = lent(monkeypatch, surprise, "lstm")
    found = surprise.answer("0007", "", top=1)
    assert (found.characters, found.mean, found.worst) == ([], 0, 0)
    with torch.no_grad():
        assert found.next.top[0].p == pytest.approx(float(made(torch.tensor([[2]])).softmax(1).max()))


@pytest.mark.parametrize("top", [0, 101])
def test_what_is_out_of_bounds_is_refused(top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lent(monkeypatch, surprise, "gru")
    with pytest.raises(BadInput, match="from 1 to 100"):
        surprise.answer("0007", TEXT, top)
    with pytest.raises(BadInput, match="at most 2,000"):
        surprise.answer("0007", "a" * 2001)


def test_what_diverged_expects_nothing() -> None:
    made = network("gru")
    with torch.no_grad():
        made.to_output.bias[4] = torch.inf
    with pytest.raises(RunFailed, match="diverged"):
        expectations(made, [3, 4])


def test_the_embedded_network_is_at_home_in_its_own_kind_of_text() -> None:
    def mean(text: str) -> float:
        found: Surprise = surprise.answer("pydocs", text)
        return found.mean / found.ignorance

    assert mean("the value of the expression is a string.") < 0.4
    assert mean("xq zvkw jjyp wqx bbzk vvq") > 1
