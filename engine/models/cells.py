"""Recurrent cells by hand: what `nn.RNN`, `nn.GRU` and `nn.LSTM` do at every character, written out.

A cell takes the input (batch, inputs) and the state of the character before, and gives the new state. Weights have the
shape that torch gives them, so that a cell can take a trained layer's: `unrolled`. The equations are those of torch's
documentation of `RNNCell`, `GRUCell` and `LSTMCell`.
"""

from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

State: TypeAlias = Tensor | tuple[Tensor, Tensor]  # the hidden state, and for an LSTM the cell state beside it


class Cell(nn.Module):
    """Two linear maps, of the input and of the hidden state, onto `gates` times the hidden state's size."""

    def __init__(self, inputs: int, hidden: int, gates: int) -> None:
        super().__init__()
        self.from_input = nn.Linear(inputs, gates * hidden)
        self.from_hidden = nn.Linear(hidden, gates * hidden)
        for weights in self.parameters():  # as torch's cells begin
            nn.init.uniform_(weights, -(hidden**-0.5), hidden**-0.5)


class RnnCell(Cell):
    """Input and state are mapped, added and bounded. The same matrix is applied again and again, so that without a
    bound the state would explode: hence tanh."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(inputs, hidden, gates=1)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """(batch, inputs), (batch, hidden) → (batch, hidden)."""
        return torch.tanh(self.from_input(x) + self.from_hidden(h))


class GruGates(NamedTuple):
    """What goes on in a GRU at one character, each (batch, hidden): the two gates, 0…1, and the candidate, −1…1."""

    reset: Tensor
    update: Tensor
    candidate: Tensor


class GruCell(Cell):
    """The reset gate says how much of the old state the new candidate is made with; the update gate mixes old state and
    candidate: at 1 nothing is forgotten, at 0 everything."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(inputs, hidden, gates=3)

    def gates(self, x: Tensor, h: Tensor) -> GruGates:
        """The gates and the candidate."""
        reset_x, update_x, new_x = self.from_input(x).chunk(3, 1)
        reset_h, update_h, new_h = self.from_hidden(h).chunk(3, 1)
        reset = torch.sigmoid(reset_x + reset_h)
        update = torch.sigmoid(update_x + update_h)
        return GruGates(reset, update, torch.tanh(new_x + reset * new_h))

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """(batch, inputs), (batch, hidden) → (batch, hidden)."""
        _, update, candidate = self.gates(x, h)
        return update * h + (1 - update) * candidate


class LstmGates(NamedTuple):
    """What goes on in an LSTM at one character, each (batch, hidden): three gates, 0…1, and the candidate, −1…1."""

    input: Tensor
    forget: Tensor
    candidate: Tensor
    output: Tensor


class LstmCell(Cell):
    """The cell state is what is remembered: the forget gate says what of it stays, the input gate what of the candidate
    is added. The output gate says how much of it is shown as the hidden state."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(inputs, hidden, gates=4)

    def gates(self, x: Tensor, state: tuple[Tensor, Tensor]) -> LstmGates:
        """The gates and the candidate."""
        i, f, g, o = (self.from_input(x) + self.from_hidden(state[0])).chunk(4, 1)
        return LstmGates(torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o))

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """(batch, inputs), two of (batch, hidden) → two of (batch, hidden): the hidden and the cell state."""
        gates = self.gates(x, state)
        cell = gates.forget * state[1] + gates.input * gates.candidate
        return gates.output * torch.tanh(cell), cell


BY_HAND: dict[type[nn.RNNBase], type[RnnCell | GruCell | LstmCell]] = {
    nn.RNN: RnnCell,
    nn.GRU: GruCell,
    nn.LSTM: LstmCell,
}


@torch.no_grad()
def unrolled(layers: nn.RNNBase, number: int = 0) -> RnnCell | GruCell | LstmCell:
    """The cell by hand that does what layer `number` of a recurrent network does, with a copy of its weights."""
    weights = [getattr(layers, f"{name}_l{number}") for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")]
    cell = BY_HAND[type(layers)](weights[0].shape[1], layers.hidden_size).to(weights[0])
    for mine, theirs in zip(cell.parameters(), weights, strict=True):
        mine.copy_(theirs)
    return cell
