"""Networks that read characters and say which comes next (chapter `char-lm`): those that begin anew with every window.

Each takes tokens (batch, length) and gives logits for the next token: (batch, vocabulary), or after every character
(batch · length, vocabulary). Those that carry their state on are in `char_state`.
"""

import torch
from torch import Tensor, nn

EMBEDDING = 42  # numbers for each character, as in the course


class CharThree(nn.Module):
    """Three characters, three layers, written out. An input enters at every layer, and one matrix leads from each layer
    to the next: an ordinary fully connected network. An empty first state makes all three steps alike."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.from_input = nn.Linear(emb, hidden)
        self.from_hidden = nn.Linear(hidden, hidden)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, 3) → (batch, vocabulary)."""
        first, second, third = (self.from_input(self.embedding(xb[:, t])) for t in range(3))
        h = torch.zeros_like(first)
        h = torch.tanh(first + self.from_hidden(h))
        h = torch.tanh(second + self.from_hidden(h))
        h = torch.tanh(third + self.from_hidden(h))
        return self.to_output(h)


class CharLoop(nn.Module):
    """The same as a loop, and so for any number of characters: a recurrent network."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.from_input = nn.Linear(emb, hidden)
        self.from_hidden = nn.Linear(hidden, hidden)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch, vocabulary)."""
        h = self.from_hidden.weight.new_zeros(len(xb), self.from_hidden.in_features)
        for characters in xb.T:
            h = torch.tanh(self.from_input(self.embedding(characters)) + self.from_hidden(h))
        return self.to_output(h)


class CharLoopConcat(nn.Module):
    """The same with input and state side by side instead of added: one matrix, which is the two beside each other."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.from_both = nn.Linear(emb + hidden, hidden)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch, vocabulary)."""
        h = self.from_both.weight.new_zeros(len(xb), self.from_both.out_features)
        for characters in xb.T:
            h = torch.tanh(self.from_both(torch.cat([self.embedding(characters), h], dim=1)))
        return self.to_output(h)


class CharRnn(nn.Module):
    """The same with the loop left to torch. It gives the state after every character; the last one is used."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = nn.RNN(emb, hidden, batch_first=True)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch, vocabulary)."""
        states, _ = self.rnn(self.embedding(xb))
        return self.to_output(states[:, -1])


class CharSeqRnn(nn.Module):
    """One answer after every character, so that windows need not overlap and nothing is computed twice. But the first
    characters of every window are guessed from next to nothing."""

    def __init__(self, vocabulary: int, hidden: int, emb: int = EMBEDDING) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = nn.RNN(emb, hidden, batch_first=True)
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, length) → (batch · length, vocabulary)."""
        states, _ = self.rnn(self.embedding(xb))
        return self.to_output(states).flatten(0, 1)


def begin_with_identity(model: nn.Module) -> None:
    """Let the `rnn` of a network at first hand its state on as it is: the identity as the matrix from state to state
    (Le, Jaitly and Hinton, arXiv 1504.00941)."""
    nn.init.eye_(model.get_parameter("rnn.weight_hh_l0"))
