"""Networks that read characters and carry what they have read from batch to batch (chapter `char-lm`).

Each takes tokens (batch, length), where row i goes on where row i of the batch before stopped, and gives logits after
every character: (batch · length, vocabulary).
"""

from typing import Self

import torch
from torch import Tensor, nn

from fastai_tui.engine.models.cells import GruCell, LstmCell, RnnCell, State
from fastai_tui.engine.models.char_lm import EMBEDDING


class Stateful(nn.Module):
    """Keeps the state in which a batch has left the network, for the next one to begin with.

    There are two: training's, `memory`, and one for everything else, which begins empty whenever the network is put
    into evaluation mode; so validating or writing in between leaves training's alone. Values are kept, but not how they
    came about (`cut`): otherwise a network would become as deep as the text is long. Without `carry` every batch begins
    with an empty state.
    """

    carry, cut = True, True
    memory: State | None = None
    other: State | None = None

    def reset_state(self) -> None:
        """Forget everything that has been read."""
        self.memory = self.other = None

    def recall(self, width: int) -> State | None:
        """The state to begin with; None, an empty one, where none was kept or its batch had another width."""
        kept = self.memory if self.training else self.other
        return kept if kept is not None and self.carry and _hidden(kept).shape[-2] == width else None

    def keep(self, state: State) -> None:
        """Keep the state for the next batch."""
        kept = detached(state) if self.cut else state
        if self.training:
            self.memory = kept
        else:
            self.other = kept

    def train(self, mode: bool = True) -> Self:
        """As every module; what is evaluated begins with an empty state."""
        self.other = None
        return super().train(mode)


class CharStatefulRnn(Stateful):
    """`nn.RNN`, which begins where the batch before has ended."""

    def __init__(
        self, vocabulary: int, hidden: int, emb: int = EMBEDDING, layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = nn.RNN(emb, hidden, layers, batch_first=True, dropout=dropout)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        states, h = self.rnn(self.embedding(xb), self.recall(len(xb)))
        self.keep(h)
        return self.to_output(states).flatten(0, 1)


class CharCellRnn(Stateful):
    """The same with the cell unrolled by hand."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.cell = RnnCell(emb, hidden)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        x, h, states = self.embedding(xb), self.recall(len(xb)), []
        if h is None:
            h = x.new_zeros(len(xb), self.to_output.in_features)
        for t in range(xb.shape[1]):
            h = self.cell(x[:, t], h)
            states.append(h)
        self.keep(h)
        return self.to_output(torch.stack(states, 1)).flatten(0, 1)


class CharGru(Stateful):
    """A GRU, whose gates learn what to keep and what to forget."""

    def __init__(
        self, vocabulary: int, hidden: int, emb: int = EMBEDDING, layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = nn.GRU(emb, hidden, layers, batch_first=True, dropout=dropout)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        states, h = self.rnn(self.embedding(xb), self.recall(len(xb)))
        self.keep(h)
        return self.to_output(states).flatten(0, 1)


class CharGruByHand(Stateful):
    """The same with the cell unrolled by hand."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.cell = GruCell(emb, hidden)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        x, h, states = self.embedding(xb), self.recall(len(xb)), []
        if h is None:
            h = x.new_zeros(len(xb), self.to_output.in_features)
        for t in range(xb.shape[1]):
            h = self.cell(x[:, t], h)
            states.append(h)
        self.keep(h)
        return self.to_output(torch.stack(states, 1)).flatten(0, 1)


class CharLstm(Stateful):
    """An LSTM, whose state is a pair: what is shown and what is remembered. Dropout lies between its layers; more units
    make up for it."""

    def __init__(
        self, vocabulary: int, hidden: int, emb: int = EMBEDDING, layers: int = 2, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = nn.LSTM(emb, hidden, layers, batch_first=True, dropout=dropout)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        states, pair = self.rnn(self.embedding(xb), self.recall(len(xb)))
        self.keep(pair)
        return self.to_output(states).flatten(0, 1)


class CharLstmByHand(Stateful):
    """One layer of the same, with the cell unrolled by hand."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.cell = LstmCell(emb, hidden)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        x, pair, states = self.embedding(xb), self.recall(len(xb)), []
        if pair is None:
            pair = (x.new_zeros(len(xb), self.to_output.in_features),) * 2
        for t in range(xb.shape[1]):
            pair = self.cell(x[:, t], pair)
            states.append(pair[0])
        self.keep(pair)
        return self.to_output(torch.stack(states, 1)).flatten(0, 1)


def detached(state: State) -> State:
    """The state's values, without how they came about."""
    return state.detach() if isinstance(state, Tensor) else (state[0].detach(), state[1].detach())


def _hidden(state: State) -> Tensor:
    return state if isinstance(state, Tensor) else state[0]
