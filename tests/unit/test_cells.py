"""The cells by hand against torch's own, and the networks built of them against those built of torch's layers."""

import random

import pytest
import torch
from torch import Tensor, nn

from fastai_tui.engine.models import char_lm, char_state
from fastai_tui.engine.models.cells import Cell, GruCell, LstmCell, RnnCell, unrolled

pytestmark = pytest.mark.usefixtures("one_thread")

PAIRS = [(RnnCell, nn.RNNCell), (GruCell, nn.GRUCell), (LstmCell, nn.LSTMCell)]
SHAPES = [(random.Random(i).randint(1, 9), random.Random(i + 500).randint(1, 70), random.Random(i + 900).randint(1, 70))
          for i in range(100)]  # fmt: skip


def given(cell: nn.Module, theirs: nn.Module) -> None:
    """Give a cell by hand the weights of torch's."""
    names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
    for mine, name in zip(cell.parameters(), names, strict=True):
        mine.data.copy_(theirs.get_parameter(name).data)


def run(cell: nn.Module, x: Tensor, state: tuple[Tensor, ...], weights: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Both outputs (or one) after two steps, and the gradients of a weighted sum of them with respect to everything."""
    leaves = [x.clone().requires_grad_(), *(part.clone().requires_grad_() for part in state)]
    seen: Tensor | tuple[Tensor, ...] = tuple(leaves[1:]) if len(state) > 1 else leaves[1]
    for _ in range(2):
        seen = cell(leaves[0], seen)
    outputs = list(seen) if isinstance(seen, tuple) else [seen]
    names = ("from_input.weight", "from_input.bias", "from_hidden.weight", "from_hidden.bias")
    if not isinstance(cell, Cell):
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
    loss = sum((output * weights).sum() for output in outputs)
    return outputs, list(torch.autograd.grad(loss, [*leaves, *map(cell.get_parameter, names)]))


@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
@pytest.mark.parametrize(("dtype", "forward", "backward"), [(torch.float64, 1e-10, 1e-10), (torch.float32, 1e-6, 1e-5)])
def test_a_hundred_random_shapes(
    ours: type[nn.Module], torchs: type[nn.Module], dtype: torch.dtype, forward: float, backward: float
) -> None:
    """Forward in absolute terms; gradients, in float32, in terms of the largest one."""
    for number, (batch, inputs, hidden) in enumerate(SHAPES):
        torch.manual_seed(number)
        mine, theirs = ours(inputs, hidden).to(dtype), torchs(inputs, hidden).to(dtype)
        given(mine, theirs)
        x, weights = torch.randn(batch, inputs, dtype=dtype), torch.randn(batch, hidden, dtype=dtype)
        state = tuple(torch.randn(batch, hidden, dtype=dtype) for _ in range(2 if torchs is nn.LSTMCell else 1))
        outputs, gradients = run(mine, x, state, weights)
        expected, expected_gradients = run(theirs, x, state, weights)
        for output, wanted in zip(outputs, expected, strict=True):
            assert (output - wanted).abs().max() <= forward, (number, batch, inputs, hidden)
        largest = max(float(g.abs().max()) for g in expected_gradients)
        bound = backward * (largest if dtype == torch.float32 else 1)
        for gradient, wanted in zip(gradients, expected_gradients, strict=True):
            assert (gradient - wanted).abs().max() <= bound, (number, batch, inputs, hidden)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_trained_layer_is_unrolled_with_its_own_weights(kind: type[nn.RNNBase]) -> None:
    torch.manual_seed(1)
    layers = kind(5, 7, 2, batch_first=True).double()  # type: ignore[call-arg]
    x = torch.randn(3, 11, 5).double()
    wanted, _ = layers(x)
    for number in range(2):
        cell, found = unrolled(layers, number), []
        zero = torch.zeros(3, 7).double()
        state: object = (zero, zero) if kind is nn.LSTM else zero
        for t in range(11):
            state = cell(x[:, t], state)
            found.append(state[0] if isinstance(state, tuple) else state)
        x = torch.stack(found, 1)  # type: ignore[arg-type]
    torch.testing.assert_close(x, wanted, atol=1e-12, rtol=0)


def test_gates_are_shares_and_do_what_they_are_called() -> None:
    torch.manual_seed(2)
    gru, x, h = GruCell(4, 6), torch.randn(2, 4), torch.randn(2, 6)
    with torch.no_grad():
        gru.from_input.bias[6:12] = 100.0  # the update gate wide open to the old state
    assert torch.equal(gru(x, h), h)
    assert gru.gates(x, h).update.min() == 1
    lstm, c = LstmCell(4, 6), torch.randn(2, 6)
    with torch.no_grad():
        lstm.from_input.bias[:6], lstm.from_input.bias[6:12] = -200.0, 200.0  # nothing is added, nothing forgotten
    assert torch.equal(lstm(x, (h, c))[1], c)


def test_three_characters_written_out_are_a_loop_of_three() -> None:
    torch.manual_seed(3)
    three, loop = char_lm.CharThree(20, 16), char_lm.CharLoop(20, 16)
    loop.load_state_dict(three.state_dict())
    xb = torch.randint(20, (5, 3))
    assert torch.equal(three(xb), loop(xb))


def test_the_loop_gives_what_torchs_rnn_gives_with_the_same_weights() -> None:
    torch.manual_seed(4)
    loop, rnn, concat = (
        network(20, 16).double() for network in (char_lm.CharLoop, char_lm.CharRnn, char_lm.CharLoopConcat)
    )
    given_by = {
        "weight_ih_l0": loop.from_input.weight,
        "bias_ih_l0": loop.from_input.bias,
        "weight_hh_l0": loop.from_hidden.weight,
        "bias_hh_l0": loop.from_hidden.bias,
    }
    rnn.rnn.load_state_dict(given_by)
    concat.from_both.weight.data = torch.cat([loop.from_input.weight, loop.from_hidden.weight], 1).detach()
    concat.from_both.bias.data = (loop.from_input.bias + loop.from_hidden.bias).detach()
    for other in (rnn, concat):
        other.embedding.load_state_dict(loop.embedding.state_dict())
        other.to_output.load_state_dict(loop.to_output.state_dict())
    xb = torch.randint(20, (5, 8))
    for other in (rnn, concat):
        torch.testing.assert_close(other(xb), loop(xb), atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("by_torch", "by_hand"),
    [
        (char_state.CharStatefulRnn, char_state.CharCellRnn),
        (char_state.CharGru, char_state.CharGruByHand),
        (char_state.CharLstm, char_state.CharLstmByHand),
    ],
)
def test_a_network_with_its_cell_by_hand_says_the_same_over_several_batches(
    by_torch: type[nn.Module], by_hand: type[nn.Module]
) -> None:
    torch.manual_seed(5)
    theirs, mine = by_torch(20, 16, layers=1, dropout=0.0).double(), by_hand(20, 16).double()
    mine.embedding.load_state_dict(theirs.embedding.state_dict())  # type: ignore[operator, union-attr]
    mine.to_output.load_state_dict(theirs.to_output.state_dict())  # type: ignore[operator, union-attr]
    mine.cell.load_state_dict(unrolled(theirs.rnn).state_dict())  # type: ignore[operator, union-attr, arg-type]
    for length in (4, 1, 9):
        xb = torch.randint(20, (3, length))
        torch.testing.assert_close(mine(xb), theirs(xb), atol=1e-12, rtol=0)
