"""States and gates of every recurrent network, and one unit's work: PyTorch's own numbers, whatever the network."""

import itertools
import math

import msgspec
import pytest
import torch
from torch import Tensor, nn

from fastai_tui.engine.data.vocabulary import SPECIALS, Vocabulary
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import recurrent, states
from fastai_tui.engine.interpret.text_model import TextModel
from fastai_tui.engine.models.char_state import CharGru, CharLstm, CharStatefulRnn, Stateful
from fastai_tui.engine.recurrence import GATES, VIEWS, Layer, Work
from fastai_tui.lessons.experiments.char_lm import NETWORKS

VOCABULARY = Vocabulary((*SPECIALS, *"abcdefgh ."))
TEXT = "A bad cab.\nÉ fed a cab, dad"
EMB, HIDDEN = 6, 16
WINDOWS = {"rnn": 8, "seq": 8}
MODELS = ["rnn", "seq", "stateful", "cell", "gru", "gru-by-hand", "lstm", "lstm-by-hand"]


def network(name: str, layers: int = 1) -> nn.Module:
    """As far from its beginning as a trained one."""
    torch.manual_seed(5)
    more = {"layers": layers, "dropout": 0.0} if name in ("stateful", "gru", "lstm") else {}
    made = NETWORKS[name](len(VOCABULARY), HIDDEN, EMB, **more).eval()
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(2)
    return made


@pytest.fixture(params=[*MODELS, "stateful/3", "gru/2", "lstm/2"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TextModel:
    name, _, layers = request.param.partition("/")
    model = TextModel(name, 7, network(name, int(layers or 1)), VOCABULARY, WINDOWS.get(name, 0))
    monkeypatch.setattr(recurrent, "text_model", lambda source: model)
    return model


def pieces(model: TextModel) -> list[Tensor]:
    """The text as numbers, in windows where the network reads windows."""
    tokens = torch.tensor(VOCABULARY.encode(TEXT))
    return list(tokens.split(model.window or len(tokens)))


def outputs(model: TextModel) -> Tensor:
    """What torch's own layers give on top of one another, or the network by hand: the states that reach the output."""
    seen: list[Tensor] = []
    hook = model.network.get_submodule("to_output").register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        for piece in pieces(model):
            if isinstance(model.network, Stateful):
                model.network.reset_state()
            for end in range(1, len(piece) + 1) if model.name == "rnn" else [len(piece)]:
                model.network(piece[None, :end])
    hook.remove()
    return torch.cat([one.reshape(-1, HIDDEN) for one in seen])


def test_the_last_layer_s_states_are_those_that_the_network_answers_with(asked: TextModel) -> None:
    last = len(recurrent.cells(asked.network))
    found = states.states("x", TEXT, last)
    wanted = outputs(asked)
    assert found.length == len(TEXT) == len(wanted)
    told = [[found.views["state"].at(u, t) for u in range(HIDDEN)] for t in range(len(TEXT))]
    torch.testing.assert_close(torch.tensor(told), wanted, atol=2e-5, rtol=0)
    exact = recurrent.read(asked, tuple(VOCABULARY.encode(TEXT)), last).views["state"]
    torch.testing.assert_close(exact, wanted, atol=1e-5, rtol=0)
    assert found.begins == list(range(0, len(TEXT), asked.window or len(TEXT)))
    assert (found.source, found.step, found.layers, found.units) == (asked.name, 7, last, HIDDEN)
    assert found.unknown == "É,"


def lstm_by_torch(model: TextModel) -> dict[str, Tensor]:
    """The gates of the first layer, from torch's weights and the states of torch's layer, as its documentation says."""
    rnn = model.network.get_submodule("rnn")
    assert isinstance(rnn, nn.RNNBase)
    embedded = model.network.get_submodule("embedding")(torch.tensor(VOCABULARY.encode(TEXT)))
    first = type(rnn)(EMB, HIDDEN, batch_first=True)
    first.load_state_dict({k: v for k, v in rnn.state_dict().items() if k.endswith("_l0")})
    found: dict[str, list[Tensor]] = {}
    state = None
    for x in embedded:
        h = torch.zeros(HIDDEN) if state is None else (state[0] if isinstance(state, tuple) else state)[0, 0]
        a = rnn.weight_ih_l0 @ x + rnn.bias_ih_l0
        b = rnn.weight_hh_l0 @ h + rnn.bias_hh_l0
        if isinstance(rnn, nn.LSTM):
            names = ("input", "forget", "candidate", "output")
            parts = [torch.tanh(s) if n == "candidate" else torch.sigmoid(s) for n, s in
                     zip(names, (a + b).chunk(4), strict=True)]  # fmt: skip
        else:
            names = ("reset", "update", "candidate")
            (ar, az, an), (br, bz, bn) = a.chunk(3), b.chunk(3)
            reset = torch.sigmoid(ar + br)
            parts = [reset, torch.sigmoid(az + bz), torch.tanh(an + reset * bn)]
        _, state = first(x[None, None], state)
        for name, part in zip(names, parts, strict=True):
            found.setdefault(name, []).append(part)
        if isinstance(state, tuple):
            found.setdefault("cell", []).append(state[1][0, 0])
    return {name: torch.stack(rows) for name, rows in found.items()}


@pytest.mark.parametrize("name", ["gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2])
def test_gates_are_those_of_torch_s_weights(name: str, layers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = TextModel(name, 7, network(name, layers), VOCABULARY, 0)
    monkeypatch.setattr(recurrent, "text_model", lambda source: model)
    found = states.states("x", TEXT, 1)
    with torch.no_grad():
        wanted = lstm_by_torch(model)
    assert set(wanted) | {"state"} == set(VIEWS[name]) == set(found.views)
    for view, rows in wanted.items():
        told = found.views[view]
        numbers = torch.tensor([[told.at(u, t) for u in range(HIDDEN)] for t in range(len(TEXT))])
        torch.testing.assert_close(numbers, rows, atol=told.largest / 60_000 + 1e-6, rtol=0)
        means = rows if view in GATES else rows.abs()
        assert told.means == pytest.approx(means.mean(1).tolist(), abs=1e-6)


def test_units_are_ordered_by_how_much_they_change(asked: TextModel) -> None:
    found = states.states("x", TEXT, 1)
    view = found.views["state"]

    def spread(unit: int) -> float:
        row = [view.at(unit, t) for t in range(found.length)]
        mean = sum(row) / len(row)
        return sum((value - mean) ** 2 for value in row)

    spreads = [spread(unit) for unit in found.order]
    assert sorted(found.order) == list(range(HIDDEN))
    assert all(a >= b - 1e-3 for a, b in itertools.pairwise(spreads))


def total(weights: list[float], numbers: list[float], bias: float) -> float:
    return math.fsum(w * n for w, n in zip(weights, numbers, strict=True)) + bias


def test_a_unit_s_work_adds_up_to_its_state(asked: TextModel) -> None:
    layers = len(recurrent.cells(asked.network))
    for layer in range(1, layers + 1):
        shown = states.states("x", TEXT, layer)
        for unit, character in ((0, 0), (3, 1), (15, 8), (7, 20), (2, len(TEXT) - 1)):
            work = states.cell("x", TEXT, layer, unit, character)
            assert (work.kind, work.layer, work.unit, work.character) == (shown.kind, layer, unit, character)
            value = {part.name: part.value for part in work.parts}
            for part in work.parts:
                share = value["reset"] if work.kind == "gru" and part.name == "candidate" else 1.0
                assert part.sum == pytest.approx(part.input.total + share * part.hidden.total, abs=1e-9)
                squashed = math.tanh(part.sum) if part.name in ("candidate", "state") else 1 / (1 + math.exp(-part.sum))
                assert part.value == pytest.approx(squashed, abs=1e-5)
                for found in (part.input, part.hidden):
                    told = total([t.weight for t in found.terms], [t.number for t in found.terms], found.bias)
                    assert told + found.others == pytest.approx(found.total, abs=1e-9)
                assert (part.input.many, part.hidden.many) == (EMB if layer == 1 else HIDDEN, HIDDEN)
            assert work.value == pytest.approx(mixed(work, value), abs=1e-5)
            assert work.value == pytest.approx(shown.views["state"].at(unit, character), abs=2e-5)
            assert work.course[character] == pytest.approx(work.value)
            begins = character in shown.begins
            assert work.before == (0 if begins else pytest.approx(work.course[character - 1]))


def mixed(work: Work, value: dict[str, float]) -> float:
    """The new state, of the parts."""
    if work.kind == "rnn":
        return value["state"]
    if work.kind == "gru":
        return value["update"] * work.before + (1 - value["update"]) * value["candidate"]
    cell = value["forget"] * work.cell_before + value["input"] * value["candidate"]
    assert work.cell == pytest.approx(cell, abs=1e-5)
    return value["output"] * math.tanh(cell)


def test_its_sums_are_torch_s() -> None:
    model = TextModel("stateful", 0, network("stateful"), VOCABULARY, 0)
    rnn = model.network.get_submodule("rnn")
    assert isinstance(rnn, nn.RNN)
    tokens = VOCABULARY.encode(TEXT)
    embedded = model.network.get_submodule("embedding")(torch.tensor(tokens))
    hidden = rnn(embedded[None, :6])[0][0, -1]
    found = states._parts(recurrent.read(model, tuple(tokens), 1), 6, 4)[0]
    wanted = [
        (rnn.weight_ih_l0[4] @ embedded[6] + rnn.bias_ih_l0[4]).item(),
        (rnn.weight_hh_l0[4] @ hidden + rnn.bias_hh_l0[4]).item(),
    ]
    assert [found.input.total, found.hidden.total] == pytest.approx(wanted, abs=1e-5)
    weights = sorted((rnn.weight_hh_l0[4] * hidden).abs().tolist(), reverse=True)
    assert [abs(t.weight * t.number) for t in found.hidden.terms] == pytest.approx(weights, abs=1e-5)


@pytest.mark.parametrize("name", ["three", "loop", "concat"])
def test_a_network_that_is_written_out_gets_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = TextModel(name, 7, network(name), VOCABULARY, 3)
    monkeypatch.setattr(recurrent, "text_model", lambda source: model)
    for request in (states.states, states.cell):
        with pytest.raises(BadInput, match="no cell to look into"):
            request("x", TEXT)


def test_bad_texts_get_a_sentence_and_what_there_is_not_is_the_nearest(asked: TextModel) -> None:
    with pytest.raises(BadInput, match="no text"):
        states.states("x", "")
    with pytest.raises(BadInput, match="too many"):
        states.cell("x", "a" * 401)
    layers = len(recurrent.cells(asked.network))
    assert states.states("x", "☃", 99).layer == layers
    work = states.cell("x", TEXT, -4, 999, -5)
    assert (work.layer, work.unit, work.character) == (1, HIDDEN - 1, 0)


def test_of_many_units_the_first_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    model = TextModel("gru", 7, network("gru"), VOCABULARY, 0)
    monkeypatch.setattr(recurrent, "text_model", lambda source: model)
    whole = states.states("x", TEXT)
    monkeypatch.setattr(states, "MOST", 4 * len(TEXT) * 5)
    some = states.states("x", TEXT)
    assert (some.told, some.units) == (5, HIDDEN)
    assert sorted(some.order) == list(range(5))
    assert some.views["update"].means == whole.views["update"].means
    assert some.views["update"].at(4, 9) == whole.views["update"].at(4, 9)


@pytest.mark.parametrize(("kind", "made"), [("rnn", CharStatefulRnn), ("gru", CharGru), ("lstm", CharLstm)])
def test_a_fresh_network_is_the_same_every_time(kind: str, made: type[nn.Module]) -> None:
    torch.manual_seed(1)
    found = states.states(f"fresh-{kind}", "the cat")
    recurrent._fresh.cache_clear()
    torch.manual_seed(2)
    again = states.states(f"fresh-{kind}", "the cat")
    assert found == again
    assert (found.kind, found.step, found.units) == (kind, 0, recurrent.HIDDEN)
    assert isinstance(recurrent._fresh(f"fresh-{kind}").network, made)


def test_they_go_through_the_lab_s_pipe() -> None:
    for request, kind in ((states.states, Layer), (states.cell, Work)):
        found = request("pydocs", "the cat ☃")
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), kind) == found
        assert (found.kind, found.units, found.unknown) == ("lstm", 224, "☃")
