"""Losses and metrics against counting by hand."""

import math

import pytest
import torch

from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.metrics import accuracy, binary_cross_entropy, cross_entropy


def test_the_largest_of_several_logits_is_the_answer() -> None:
    preds = torch.tensor([[0.1, 2.0, 0.3], [5.0, 1.0, 1.0], [-3.0, -2.0, -1.0], [0.0, 1.0, 2.0]])
    assert accuracy(preds, torch.tensor([1, 0, 2, 0])).item() == 0.75


@pytest.mark.parametrize("shape", [(4, 1), (4,)])
def test_a_single_logit_says_class_1_above_zero(shape: tuple[int, ...]) -> None:
    preds = torch.tensor([3.0, -2.0, 0.5, -0.5]).view(shape)
    assert accuracy(preds, torch.tensor([1, 0, 0, 0])).item() == 0.75
    assert accuracy(preds, torch.tensor([0, 1, 1, 1])).item() == 0.25


def test_losses_are_minus_the_mean_log_likelihood() -> None:
    preds, targets = torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 1])
    wanted = -(math.log(math.exp(2) / (math.exp(2) + math.exp(1))) + math.log(math.exp(3) / (1 + math.exp(3)))) / 2
    assert cross_entropy(preds, targets).item() == pytest.approx(wanted)
    single = torch.tensor([[-1.0], [3.0]])  # the same evidence as one number: the second logit less the first
    assert binary_cross_entropy(single, targets).item() == pytest.approx(wanted)


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 1), (2,)])
def test_a_grid_of_numbers_is_no_class(shape: tuple[int, ...]) -> None:
    with pytest.raises(RunFailed) as told:
        cross_entropy(torch.zeros(shape), torch.zeros(2, dtype=torch.long))
    assert "not a class" in str(told.value)
