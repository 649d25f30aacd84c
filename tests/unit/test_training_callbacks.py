"""Gradient clipping and early stopping, each against what it says by hand."""

import pytest
import torch
from torch.nn import functional as F

from fastai_tui.engine.callback import Callback
from fastai_tui.engine.early_stop import EarlyStop
from tests.unit.networks import data, learner, network


class Norms(Callback):
    """Every batch's gradient norm, as the optimiser gets it."""

    order = 100

    def __init__(self) -> None:
        self.norms: list[float] = []

    def before_step(self) -> None:
        found = [p.grad.double().square().sum() for p in self.learn.model.parameters() if p.grad is not None]
        self.norms.append(float(torch.stack(found).sum().sqrt()))


def test_clipping_bounds_the_norm_and_leaves_shorter_gradients() -> None:
    free, clipped = Norms(), Norms()
    for clip, norms in ((0.0, free), (1.1, clipped)):
        learn = learner(clip=clip, schedule="flat", lr=0.0)  # nothing moves: the gradients are the same
        learn.callbacks.append(norms)
        learn.fit(2)
    assert min(free.norms) < 1.1 < max(free.norms)
    assert clipped.norms == pytest.approx([min(norm, 1.1) for norm in free.norms], rel=1e-4)


@pytest.mark.parametrize("freeze", [0, 1])
def test_a_clipped_batch_is_a_plain_loop_s(freeze: int) -> None:
    learn = learner(groups=True, opt="sgd", schedule="flat", lr=0.5, wd=0.0, clip=0.1, freeze=freeze)
    model = network().train()
    learn.data.train.items = 10  # type: ignore[misc]
    learn.fit(1)
    opt = torch.optim.SGD(model[1:].parameters() if freeze else model.parameters(), lr=0.5, momentum=0.9)
    sets = data()
    sets.train.items = 10  # type: ignore[misc]
    for xb, yb in sets.train.batches(0):
        F.cross_entropy(model(xb), yb).backward()
        if freeze:
            model[0].zero_grad()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        opt.step()
        opt.zero_grad()
    for p, q in zip(learn.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def losses(learn: object, values: list[float]) -> None:
    """Let validation give these losses."""
    told = iter(values)
    learn.validate = lambda loader: (next(told), {})  # type: ignore[attr-defined]


def test_training_stops_after_so_many_epochs_without_a_better_loss() -> None:
    learn = learner(patience=2)
    losses(learn, [0.9, 0.5, 0.6, 0.4, 0.4, 0.7, 0.1])
    learn.fit(7)
    assert (learn.epoch, learn.step, learn.batch) == (6, 30, 0)
    stopper = learn.callbacks[0]
    assert isinstance(stopper, EarlyStop)
    assert stopper.sentence == (
        "It ended early, after epoch 6 of 7: for 2 epochs the validation loss has not been below epoch 4's, 0.4 "
        "(patience=2)."
    )


@pytest.mark.parametrize(("patience", "epochs"), [(0, 5), (1, 2), (3, 4), (4, 5), (5, 5)])
def test_patience_counts_epochs(patience: int, epochs: int) -> None:
    learn = learner(patience=patience)
    losses(learn, [0.5, 0.6, 0.7, 0.8, float("nan")])
    learn.fit(5)
    assert learn.epoch == epochs


def test_a_stopper_goes_on_counting_after_a_resume() -> None:
    one, other = learner(patience=2), learner(patience=2)
    losses(one, [0.5, 0.6])
    one.fit(2)
    other.callbacks[0].restore(one.callbacks[0].state())
    other.epoch, other.step = one.epoch, one.step
    losses(other, [0.7, 0.4])
    other.fit(10)
    assert other.epoch == 3
    third = learner(patience=2)  # and one that was killed after its last checkpoint, before it could leave
    third.callbacks[0].restore(other.callbacks[0].state())
    third.epoch, third.step = 3, 15
    third.fit(10)
    assert (third.epoch, third.step) == (3, 15)
