"""Recurrent layers that read a text, one character after the other, whatever network they are part of."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.text_model import TextModel, text_model
from fastai_tui.engine.models.cells import BY_HAND, GruCell, LstmCell, RnnCell, unrolled
from fastai_tui.engine.models.char_state import CharGru, CharLstm, CharStatefulRnn
from fastai_tui.engine.recurrence import VIEWS

Cell: TypeAlias = RnnCell | GruCell | LstmCell
LONGEST = 400  # characters of a text
FRESH: dict[str, Callable[[int, int], nn.Module]] = {
    "fresh-rnn": CharStatefulRnn,
    "fresh-gru": CharGru,
    "fresh-lstm": partial(CharLstm, layers=1, dropout=0.0),
}
HIDDEN = 128  # units of a network that is not trained, as in the preset `quick`
KINDS: dict[type[nn.Module], str] = {RnnCell: "rnn", GruCell: "gru", LstmCell: "lstm"}


class Reading(NamedTuple):
    """What a layer did with a text: `inputs` (characters, inputs) went in; `before` and `cells_before` (characters,
    units) are the hidden states, and an LSTM's cell states, that each character began with; `views` those of
    `engine.recurrence`, each (characters, units)."""

    cell: Cell
    inputs: Tensor
    before: Tensor
    cells_before: Tensor
    views: dict[str, Tensor]


def asked(source: str, text: str) -> tuple[TextModel, tuple[int, ...]]:
    """The network that `source` names, and the text as numbers. `source` is a run, an embedded model, or `fresh-rnn`,
    `fresh-gru`, `fresh-lstm`: a network that has not been trained.

    Raises `BadInput` for an empty text or one that is too long, and what `text_model` raises.
    """
    model = _fresh(source) if source in FRESH else text_model(source)
    tokens = tuple(model.vocabulary.encode(text))
    if not tokens:
        raise BadInput("There is no text to read: type some characters.")
    if len(tokens) > LONGEST:
        raise BadInput(f"{len(tokens):,} characters are too many to look at one by one; {LONGEST} are the most.")
    return model, tokens


@lru_cache(maxsize=3)
def _fresh(source: str) -> TextModel:
    """A network as it is before its training, with the vocabulary of the embedded text."""
    vocabulary = text_model("pydocs").vocabulary
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(42)
        network = FRESH[source](len(vocabulary), HIDDEN)
    return TextModel(source, 0, network.eval(), vocabulary, 0)


@lru_cache(maxsize=2)
def cells(network: nn.Module) -> tuple[Cell, ...]:
    """The recurrent layers of a network that is trained no more as cells by hand, the first layer's first. Raises
    `BadInput` if it has none."""
    by_hand, layers = getattr(network, "cell", None), getattr(network, "rnn", None)
    if isinstance(by_hand, (RnnCell, GruCell, LstmCell)):
        return (by_hand,)
    if type(layers) in BY_HAND and isinstance(layers, nn.RNNBase):
        return tuple(unrolled(layers, number) for number in range(layers.num_layers))
    raise BadInput(
        "This network's loop is written out, so that there is no cell to look into: take a run whose model is rnn, "
        "seq, stateful, cell, gru or lstm."
    )


def begins(model: TextModel, length: int) -> list[int]:
    """The characters before which the state is empty: the first, and each window's first where none is carried."""
    return list(range(0, length, model.window or length))


@lru_cache(maxsize=4)
@torch.no_grad()
def read(model: TextModel, tokens: tuple[int, ...], layer: int) -> Reading:
    """Have a network's layer, from 1, read a text, character by character."""
    kept, starts = cells(model.network), set(begins(model, len(tokens)))
    embedding = model.network.get_submodule("embedding")
    inputs: Tensor = embedding(torch.tensor(tokens, device=next(embedding.parameters()).device))
    for each in kept[: layer - 1]:
        inputs = _read(each, inputs, starts).views["state"]
    return _read(kept[layer - 1], inputs, starts)


def _read(cell: Cell, inputs: Tensor, starts: set[int]) -> Reading:
    empty = inputs.new_zeros(1, cell.from_hidden.in_features)
    h = c = empty
    before, cells_before, made = [], [], []
    for t, x in enumerate(inputs.split(1)):
        if t in starts:
            h = c = empty
        before.append(h)
        cells_before.append(c)
        h, c, views = _one(cell, x, h, c)
        made.append(views)
    views = {name: torch.cat([one[name] for one in made]) for name in VIEWS[KINDS[type(cell)]]}
    return Reading(cell, inputs, torch.cat(before), torch.cat(cells_before), views)


def _one(cell: Cell, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """One character: the state and the cell state after it, and all views."""
    if isinstance(cell, LstmCell):
        gates = cell.gates(x, (h, c))._asdict()
        h, c = cell(x, (h, c))
        return h, c, {"state": h, "cell": c, **gates}
    gates = cell.gates(x, h)._asdict() if isinstance(cell, GruCell) else {}
    h = cell(x, h)
    return h, c, {"state": h, **gates}
